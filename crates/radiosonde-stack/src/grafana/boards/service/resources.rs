//! What the service runs on: processors, memory, files, and the runtime that shares them out.

use radiosonde_catalog::{
    HTTP_ACTIVE_CONNECTIONS, PROCESS_CGROUP_CPU_LIMIT, PROCESS_CGROUP_CPU_PERIODS,
    PROCESS_CGROUP_CPU_THROTTLED_PERIODS, PROCESS_CGROUP_MEMORY_LIMIT, PROCESS_CPU_SECONDS,
    PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY, PROCESS_THREADS, TOKIO_ALIVE_TASKS,
    TOKIO_BUSY_RATIO, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY, TOKIO_WORKER_PARKS,
};

use crate::grafana::boards::parts::{heat_map, percentiles};
use crate::grafana::dashboard::Row;
use crate::grafana::panel::Panel;
use crate::grafana::query::{Query, max, rate, share, sum, total_rate};
use crate::grafana::unit::Unit;

pub(super) fn rows() -> [Row; 2] {
    [saturation(), runtime()]
}

fn saturation() -> Row {
    let by_instance = |expression: String| Query::new(expression, "{{instance}}");
    let throttled = share(
        &total_rate("instance", PROCESS_CGROUP_CPU_THROTTLED_PERIODS.name()),
        &total_rate("instance", PROCESS_CGROUP_CPU_PERIODS.name()),
    );
    let files = format!(
        "max by (instance) ({} / {})",
        PROCESS_OPEN_FDS.name(),
        PROCESS_MAX_FDS.name()
    );
    Row::new(
        "Saturation",
        [
            Panel::areas(
                "In flight by method",
                "Requests that arrived and have not ended.",
                Unit::Count,
            )
            .query(Query::new(sum("method", HTTP_ACTIVE_CONNECTIONS.name()), "{{method}}")),
            Panel::lines(
                "Processor",
                "Processors that each instance keeps busy, and how many it may.",
                Unit::Count,
            )
            .query(by_instance(sum("instance", &rate(PROCESS_CPU_SECONDS.name()))))
            .query(Query::new(format!("min({})", PROCESS_CGROUP_CPU_LIMIT.name()), "limit").limit()),
            Panel::lines(
                "Memory",
                "Memory of each instance that is in RAM, and how much its cgroup may use.",
                Unit::Bytes,
            )
            .query(by_instance(sum("instance", PROCESS_RESIDENT_MEMORY.name())))
            .query(Query::new(format!("min({})", PROCESS_CGROUP_MEMORY_LIMIT.name()), "limit").limit()),
            Panel::lines(
                "Throttling",
                "Share of the periods in which an instance used up its processor time and had to wait.",
                Unit::Ratio,
            )
            .query(by_instance(throttled)),
            Panel::lines(
                "File descriptors",
                "Share of the file descriptors that an instance may have open.",
                Unit::Ratio,
            )
            .query(by_instance(files)),
            Panel::lines("Threads", "Threads of each instance.", Unit::Count)
                .query(by_instance(sum("instance", PROCESS_THREADS.name()))),
        ],
    )
}

fn runtime() -> Row {
    let by_runtime = |expression: String| Query::new(expression, "{{instance}} {{runtime}}");
    let labels = "instance, runtime";
    Row::new(
        "Runtime",
        [
            Panel::lines(
                "Busy workers",
                "Share of their time that the workers of the runtime spend on tasks.",
                Unit::Ratio,
            )
            .query(by_runtime(max(labels, TOKIO_BUSY_RATIO.name()))),
            percentiles(
                "Scheduling delay",
                "How late a task that sleeps is woken: up to 2 ms is the timer, the rest is tasks that do not yield.",
                &TOKIO_SCHEDULING_DELAY,
            ),
            heat_map(
                "Distribution of delay",
                "How often a task was woken how late.",
                &TOKIO_SCHEDULING_DELAY,
            ),
            Panel::lines(
                "Tasks",
                "Tasks that were spawned and have not ended.",
                Unit::Count,
            )
            .query(by_runtime(sum(labels, TOKIO_ALIVE_TASKS.name()))),
            Panel::lines(
                "Waiting tasks",
                "Tasks that are ready to run, in the queue that all workers share.",
                Unit::Count,
            )
            .query(by_runtime(sum(labels, TOKIO_GLOBAL_QUEUE_DEPTH.name()))),
            Panel::lines(
                "Pauses",
                "How often workers ran out of tasks: none at all is a sign of overload.",
                Unit::PerSecond,
            )
            .query(by_runtime(total_rate(labels, TOKIO_WORKER_PARKS.name()))),
        ],
    )
}
