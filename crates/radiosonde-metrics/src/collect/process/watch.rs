//! From the operating system into the registry.

use crate::Registry;

/// Adds what the operating system says of this process: the `process_*` metrics of the catalogue.
///
/// They are read before each reading of the registry, from small files that the kernel makes up. What the kernel does not
/// say, and a limit that is not there, has no series; a limit that is lifted while the process runs reads `+Inf`, and one
/// that is set where there was none is not seen until it starts again. Processor time is that of the kernel's accounts, in
/// steps of 10 ms.
///
/// Call it once for a registry. It does nothing on systems other than Linux.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::{Registry, collect};
///
/// let registry = Registry::new();
/// collect::watch_process(&registry);
/// # #[cfg(target_os = "linux")]
/// assert!(registry.render().contains("# TYPE process_resident_memory_bytes gauge\n"));
/// ```
#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "nothing is known there")
)]
pub fn watch_process(registry: &Registry) {
    #[cfg(target_os = "linux")]
    {
        use super::reading::{FIELDS, Source};
        use crate::collect::collected::Collected;

        let source = Source::find();
        let collected = Collected::new(registry, &[], FIELDS, &source.read());
        registry.before_reading(move || collected.set(&source.read()));
    }
}
