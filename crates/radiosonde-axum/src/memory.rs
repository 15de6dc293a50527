//! What the process occupies.

use serde::Serialize;

/// Memory of the process, in bytes.
#[derive(Debug, Serialize)]
pub(crate) struct Memory {
    rss: u64,
}

/// Returns what Linux says in `/proc/self/status`; none elsewhere, and if it says nothing.
///
/// The file is made of counters when it is read, so reading it waits for no disk.
pub(crate) fn memory() -> Option<Memory> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let rss = resident_bytes(&status)?;
    Some(Memory { rss })
}

/// Finds the resident set size, given as `VmRSS:     1234 kB`, where `kB` means 1024 bytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_size_is_read_in_bytes() {
        let status = "Name:\tcheckout\nVmHWM:\t    9999 kB\nVmRSS:\t    1234 kB\nThreads:\t3\n";
        assert_eq!(resident_bytes(status), Some(1_263_616));
    }

    #[test]
    fn a_status_without_a_readable_size_has_none() {
        for status in [
            "",
            "VmRSS:",
            "VmRSS:\tmany kB\n",
            "VmRSS:\t1234 MB\n",
            "VmRSS:\t18446744073709551615 kB",
        ] {
            assert_eq!(resident_bytes(status), None, "{status}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_occupies_something() {
        assert!(memory().is_some_and(|memory| memory.rss > 100_000));
    }
}
