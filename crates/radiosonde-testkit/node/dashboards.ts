// The types of Grafana's own schema, for dashboards that are written as literals below this text.
//
// Values of its enumerations are words in a dashboard, so that each type is taken with its words in their place. A row
// of a heat map or a table has types of its own, which the schema of a dashboard leaves open.

import type { Dashboard as AnyDashboard } from "@grafana/schema";
import type * as barGauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as heatMap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as stateTimeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as timeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Words<T> = T extends string
  ? `${T}`
  : T extends (infer Item)[]
    ? Words<Item>[]
    : T extends object
      ? { [Key in keyof T]: Words<T[Key]> }
      : T;

type Annotations = NonNullable<Words<AnyDashboard>["annotations"]>;
type Annotation = NonNullable<Annotations["list"]>[number];

// What the plugin for Prometheus reads of an annotation, beyond what all have.
type PrometheusAnnotation = Omit<Annotation, "target"> & {
  tagKeys: string;
  target: { expr: string; refId: string };
  titleFormat: string;
  useValueForTime: boolean;
};

type Dashboard = Omit<Words<AnyDashboard>, "annotations"> & {
  annotations: { list: PrometheusAnnotation[] };
};

type Panel<Options, Custom> = { options: Words<Options>; custom: Words<Custom> };
type Empty = Record<string, never>;

interface Panels {
  bargauge: Panel<barGauge.Options, Empty>;
  heatmap: Panel<heatMap.Options, heatMap.FieldConfig>;
  stat: Panel<stat.Options, Empty>;
  "state-timeline": Panel<stateTimeline.Options, stateTimeline.FieldConfig>;
  table: Panel<table.Options, table.FieldConfig>;
  timeseries: Panel<timeSeries.Options, timeSeries.FieldConfig>;
}
