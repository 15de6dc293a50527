//! From the operating system into the registry.

use crate::Registry;
use crate::collect::collected::{Collected, Field};

/// Adds what the operating system says of this process: the `process_*` metrics of the catalogue.
///
/// They are read before each reading of the registry, on Linux from small files that the kernel makes up. What the system
/// does not say, and a limit that is not there, has no series; a limit that is lifted while the process runs reads `+Inf`,
/// and one that is set where there was none is not seen until it starts again. On Linux, processor time is that of the
/// kernel's accounts, in steps of 10 ms.
///
/// On macOS, Windows, FreeBSD and OpenBSD, what the crate `metrics-process` finds out takes the place of these files: the
/// same metrics under the same names, without those of the cgroup, and the start in whole seconds. That crate does not
/// know the threads on Windows, nor threads, address space and open files on OpenBSD; on Windows it counts handles as
/// files. The hand-over is tested on Linux only, the code behind it by its own authors. On systems that it does not know
/// there are no series.
///
/// Call it once for a registry.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::{Registry, collect};
///
/// let registry = Registry::new();
/// collect::watch_process(&registry);
/// # #[cfg(any(target_os = "linux", target_os = "macos"))]
/// assert!(registry.render().contains("# TYPE process_resident_memory_bytes gauge\n"));
/// ```
pub fn watch_process(registry: &Registry) {
    #[cfg(target_os = "linux")]
    {
        let source = super::reading::Source::find();
        watch(registry, super::reading::FIELDS, move || source.read());
    }
    #[cfg(not(target_os = "linux"))]
    watch(registry, super::elsewhere::FIELDS, super::elsewhere::read);
}

/// Adds the series of these fields, and reads them before each reading of the registry.
pub(super) fn watch<R: 'static>(
    registry: &Registry,
    fields: &[Field<R>],
    read: impl Fn() -> R + Send + Sync + 'static,
) {
    let collected = Collected::new(registry, &[], fields, &read());
    registry.before_reading(move || collected.set(&read()));
}
