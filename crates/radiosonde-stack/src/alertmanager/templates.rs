//! The texts of notifications.

/// The file of templates: a title, a text, a colour and a severity, which every channel uses.
pub(super) const TEMPLATES: &str = r#"{{ define "radiosonde.title" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}]
{{- with .CommonLabels.alertname }} {{ . }}{{ end }}
{{- with .CommonLabels.service }} of {{ . }}{{ end }}
{{- with .CommonLabels.slo }} ({{ . }}){{ end }}
{{- end }}

{{ define "radiosonde.text" -}}
{{ range .Alerts }}
{{ if eq .Status "resolved" }}Over: {{ end }}{{ .Annotations.summary }}
{{ with .Annotations.description }}{{ . }}
{{ end }}
{{- with .Annotations.runbook_url }}What to do: {{ . }}
{{ end }}
{{- with .Annotations.dashboard_url }}Board: {{ . }}
{{ end }}
{{- end }}
{{- end }}

{{ define "radiosonde.color" -}}
{{ if eq .Status "resolved" }}good{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}warning{{ end }}
{{- end }}

{{ define "radiosonde.severity" -}}
{{ if .CommonLabels.severity }}{{ .CommonLabels.severity }}{{ else }}error{{ end }}
{{- end }}
"#;
