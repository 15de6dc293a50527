//! What the files below `/proc` say, as proc(5) describes them.

use std::time::Duration;

use crate::collect::collected::real;

/// What `/proc/self/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// Processor time in user space and in the kernel.
    pub(super) cpu: Duration,
    /// From the start of the system to that of the process.
    pub(super) started: Duration,
}

impl Stat {
    pub(super) fn parse(text: &str) -> Option<Self> {
        // The second field is the name of the program in parentheses. It may hold any character, these included.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        // Numbered as proc_pid_stat(5) does it; the first after the name is the third.
        let ticks = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu: since(ticks(14)?.saturating_add(ticks(15)?)),
            started: since(ticks(22)?),
        })
    }
}

/// What `/proc/self/status` says; memory in bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) resident: Option<u64>,
    pub(super) address_space: Option<u64>,
    pub(super) threads: Option<u64>,
}

impl Status {
    pub(super) fn parse(text: &str) -> Self {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            let mut words = line.split_ascii_whitespace();
            Some((words.next()?.parse::<u64>().ok()?, words.next()))
        };
        let bytes = |name| match field(name)? {
            (number, Some("kB")) => number.checked_mul(1024),
            _ => None,
        };
        Self {
            resident: bytes("VmRSS:"),
            address_space: bytes("VmSize:"),
            threads: field("Threads:").map(|(number, _)| number),
        }
    }
}

/// Returns the soft limit that `/proc/self/limits` has for open files; infinity when there is none.
pub(super) fn max_open_files(text: &str) -> Option<f64> {
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(f64::INFINITY),
        number => number.parse().ok().map(real),
    }
}

/// Returns when the system started, since 1970, as `/proc/stat` says it.
pub(super) fn booted(text: &str) -> Option<Duration> {
    let mut lines = text.lines();
    let seconds = lines.find_map(|line| line.strip_prefix("btime "))?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// The kernel counts in hundredths of a second towards programs, whatever it counts in itself, on every processor that
/// Rust has a Linux target for.
fn since(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(10))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT: &str = "2891 (radiosonde) S 1 2891 2891 0 -1 4194560 5210 0 12 0 1042 317 0 0 20 0 9 0 606011 \
        889421824 3140 18446744073709551615 94234495614976 94234495634857 140732597947072 0 0 0 0 4096 81920 0 0 0 17 1 \
        0 0 0 0 0 94234495650864 94234495652480 94235405479936 140732597955093 140732597955113 140732597955113 \
        140732597956587 0\n";

    const STATUS: &str = "Name:\tradiosonde\nUmask:\t0022\nState:\tS (sleeping)\nPid:\t2891\nVmPeak:\t  870004 kB\n\
        VmSize:\t  868576 kB\nVmLck:\t       0 kB\nVmHWM:\t   12844 kB\nVmRSS:\t   12560 kB\nRssAnon:\t    4220 kB\n\
        Threads:\t9\nSigQ:\t0/96365\n";

    const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max processes             96365                96365                processes 
Max open files            20000                524288               files     
Max locked memory         8388608              8388608              bytes     
";

    #[test]
    fn processor_time_and_start_are_in_hundredths_of_a_second() {
        let stat = Stat::parse(STAT).unwrap();
        assert_eq!(stat.cpu, Duration::from_millis(13_590));
        assert_eq!(stat.started, Duration::from_millis(6_060_110));
    }

    #[test]
    fn a_program_may_be_called_anything() {
        for name in ["a) S 1 2 (b", "", "))))", "\u{fffd} \n"] {
            let text = STAT.replace("radiosonde", name);
            assert_eq!(Stat::parse(&text), Stat::parse(STAT), "{name}");
        }
    }

    #[test]
    fn memory_is_in_bytes() {
        let expected = Status {
            resident: Some(12_560 * 1024),
            address_space: Some(868_576 * 1024),
            threads: Some(9),
        };
        assert_eq!(Status::parse(STATUS), expected);
    }

    #[test]
    fn the_limit_of_open_files_is_the_soft_one() {
        assert_eq!(max_open_files(LIMITS), Some(20_000.0));
        let unlimited = LIMITS.replace("20000 ", "unlimited ");
        assert_eq!(max_open_files(&unlimited), Some(f64::INFINITY));
    }

    #[test]
    fn the_start_of_the_system_is_one_line_of_many() {
        let text = "cpu  2255 34 2290 22625563 6290\nintr 114930548 113199788 3\nctxt 1990473\nbtime 1700524612\n\
            processes 2915\n";
        assert_eq!(booted(text), Some(Duration::from_secs(1_700_524_612)));
    }

    #[test]
    fn what_is_missing_or_malformed_is_unknown() {
        for text in ["", "\n", "1 (x", "1 (x) S 1", "Max open files", "btime x"] {
            assert_eq!(Stat::parse(text), None, "{text}");
            assert_eq!(Status::parse(text), Status::default(), "{text}");
            assert_eq!((max_open_files(text), booted(text)), (None, None), "{text}");
        }
        let text = "VmRSS:\t12 pages\nVmSize:\t18446744073709551615 kB\nThreads:\t-1\n";
        assert_eq!(Status::parse(text), Status::default());
        let text = STAT.replace("1042", "18446744073709551615");
        assert!(Stat::parse(&text).is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(
            bytes: Vec<u8>,
            text in prop::sample::select(vec![STAT, STATUS, LIMITS]),
            at: prop::sample::Index,
        ) {
            let mut mixed = text.as_bytes().to_vec();
            let at = at.index(mixed.len());
            mixed.splice(at..at, bytes);
            let mixed = String::from_utf8_lossy(&mixed);
            let _ = (Stat::parse(&mixed), Status::parse(&mixed), max_open_files(&mixed), booted(&mixed));
        }
    }
}
