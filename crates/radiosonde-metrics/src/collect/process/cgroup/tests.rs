use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Version 2, in a container with a namespace of its own.
const MOUNTS_V2: &str = "\
721 608 0:56 / / rw,relatime master:249 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/ONQ,xino=off
722 721 0:59 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
725 724 0:28 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot
";

/// Version 1, in a container that sees the paths of the host.
const MOUNTS_V1: &str = "\
1247 1246 0:104 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755
1249 1247 0:29 /docker/6f2c /sys/fs/cgroup/systemd ro,nosuid master:11 - cgroup cgroup rw,xattr,name=systemd
1252 1247 0:33 /docker/6f2c /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev master:15 - cgroup cgroup rw,cpu,cpuacct
1256 1247 0:37 /docker/6f2c /sys/fs/cgroup/memory ro,nosuid,nodev,noexec master:19 - cgroup cgroup rw,memory
";

const CGROUPS_V1: &str = "\
11:memory:/docker/6f2c
8:cpuset:/docker/6f2c
4:cpu,cpuacct:/docker/6f2c
1:name=systemd:/docker/6f2c
0::/system.slice/containerd.service
";

const STAT_V2: &str = "usage_usec 8152604\nuser_usec 5230447\nsystem_usec 2922157\nnr_periods 412\nnr_throttled 37\n\
    throttled_usec 2250000\nnr_bursts 0\nburst_usec 0\n";

const STAT_V1: &str = "nr_periods 412\nnr_throttled 37\nthrottled_time 2250000000\n";

fn files<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> impl Fn(PathBuf) -> Option<String> {
    let files: BTreeMap<PathBuf, String> = files
        .into_iter()
        .map(|(path, text)| (path.into(), text.into()))
        .collect();
    move |path| files.get(&path).cloned()
}

fn in_container_v2(controller: &str) -> Cgroup {
    Cgroup::find(controller, "0::/\n", MOUNTS_V2).unwrap()
}

/// A unit of systemd, on a host with version 2.
fn on_host_v2(controller: &str) -> Cgroup {
    let mounts = "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    Cgroup::find(controller, "0::/app.slice/checkout.service\n", mounts).unwrap()
}

#[test]
fn a_container_with_version_2_is_the_root_that_it_sees() {
    let cgroup = in_container_v2("memory");
    assert_eq!(cgroup.version, Version::V2);
    assert_eq!(cgroup.levels, [Path::new("/sys/fs/cgroup")]);
}

#[test]
fn a_container_with_version_1_has_a_folder_for_each_controller() {
    let levels = |controller| {
        let cgroup = Cgroup::find(controller, CGROUPS_V1, MOUNTS_V1).unwrap();
        assert_eq!(cgroup.version, Version::V1);
        cgroup.levels
    };
    assert_eq!(levels("memory"), [Path::new("/sys/fs/cgroup/memory")]);
    assert_eq!(levels("cpu"), [Path::new("/sys/fs/cgroup/cpu,cpuacct")]);
}

#[test]
fn levels_above_are_seen_as_far_as_they_are_mounted() {
    let expected = [
        "/sys/fs/cgroup/app.slice/checkout.service",
        "/sys/fs/cgroup/app.slice",
        "/sys/fs/cgroup",
    ];
    assert_eq!(on_host_v2("memory").levels, expected.map(PathBuf::from));
}

#[test]
fn without_a_cgroup_that_can_be_seen_there_is_none() {
    let outside = "0::/../checkout.service\n";
    for (cgroups, mounts) in [
        ("", ""),
        ("0::/\n", ""),
        ("", MOUNTS_V2),
        ("0::/\n", MOUNTS_V1),
        ("1:name=systemd:/\n", MOUNTS_V1),
        ("nonsense\n:\n::\n", MOUNTS_V1),
        (outside, MOUNTS_V2),
    ] {
        assert_eq!(Cgroup::find("memory", cgroups, mounts), None, "{cgroups}");
    }
}

#[test]
fn version_2_says_limits_and_use() {
    let read = files([
        ("/sys/fs/cgroup/memory.max", "268435456\n"),
        ("/sys/fs/cgroup/memory.current", "73400320\n"),
        ("/sys/fs/cgroup/cpu.max", "150000 100000\n"),
        ("/sys/fs/cgroup/cpu.stat", STAT_V2),
    ]);
    let memory = Memory {
        limit: Some(268_435_456.0),
        usage: Some(73_400_320),
    };
    assert_eq!(in_container_v2("memory").memory(&read), memory);
    let cpu = Cpu {
        limit: Some(1.5),
        throttling: Some(Throttling {
            periods: 412,
            throttled_periods: 37,
            throttled: Duration::from_millis(2_250),
        }),
    };
    assert_eq!(in_container_v2("cpu").cpu(&read), cpu);
}

#[test]
fn version_1_says_the_same() {
    let read = files([
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
        ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "73400320\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/cpu.stat", STAT_V1),
    ]);
    let find = |controller| Cgroup::find(controller, CGROUPS_V1, MOUNTS_V1).unwrap();
    let memory = find("memory").memory(&read);
    assert_eq!(
        (memory.limit, memory.usage),
        (Some(268_435_456.0), Some(73_400_320))
    );
    let cpu = find("cpu").cpu(&read);
    assert_eq!(cpu.limit, Some(1.5));
    assert_eq!(cpu.throttling, throttling(STAT_V2));
}

#[test]
fn no_limit_is_infinite_and_says_nothing_of_throttling() {
    let read = files([
        ("/sys/fs/cgroup/memory.max", "max\n"),
        ("/sys/fs/cgroup/memory.current", "73400320\n"),
        ("/sys/fs/cgroup/cpu.max", "max 100000\n"),
        ("/sys/fs/cgroup/cpu.stat", STAT_V2),
    ]);
    let memory = in_container_v2("memory").memory(&read);
    assert_eq!(
        (memory.limit, memory.usage),
        (Some(f64::INFINITY), Some(73_400_320))
    );
    let cpu = in_container_v2("cpu").cpu(&read);
    assert_eq!((cpu.limit, cpu.throttling), (Some(f64::INFINITY), None));

    assert_eq!(bytes("9223372036854771712\n"), Some(f64::INFINITY));
    assert_eq!(bytes("9223372036854710272\n"), Some(f64::INFINITY));
    assert_eq!(cores("-1", "100000"), Some(f64::INFINITY));
}

#[test]
fn the_lowest_limit_counts_and_its_use_with_it() {
    let read = files([
        (
            "/sys/fs/cgroup/app.slice/checkout.service/memory.max",
            "max\n",
        ),
        (
            "/sys/fs/cgroup/app.slice/checkout.service/memory.current",
            "10\n",
        ),
        ("/sys/fs/cgroup/app.slice/memory.max", "100\n"),
        ("/sys/fs/cgroup/app.slice/memory.current", "70\n"),
        (
            "/sys/fs/cgroup/app.slice/checkout.service/cpu.max",
            "50000 100000\n",
        ),
        ("/sys/fs/cgroup/app.slice/cpu.max", "200000 100000\n"),
    ]);
    let memory = on_host_v2("memory").memory(&read);
    assert_eq!((memory.limit, memory.usage), (Some(100.0), Some(70)));
    assert_eq!(on_host_v2("cpu").cpu(&read).limit, Some(0.5));
}

#[test]
fn what_cannot_be_read_is_unknown_and_not_unlimited() {
    assert_eq!(on_host_v2("memory").memory(files([])), Memory::default());
    assert_eq!(on_host_v2("cpu").cpu(files([])), Cpu::default());
    for text in ["", "\n", "-1", "1e3", "maximal", "99999999999999999999999"] {
        assert_eq!(bytes(text), None, "{text}");
    }
    for (quota, period) in [
        ("", ""),
        ("x", "100000"),
        ("1", "0"),
        ("1", "x"),
        ("max", ""),
    ] {
        assert_eq!(cores(quota, period), None, "{quota} {period}");
    }
    for text in ["", "nr_periods 1\nnr_throttled 1\n", "nr_periods"] {
        assert_eq!(throttling(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes: Vec<u8>, lines in "([0-9:/. \\-,]|cgroup2?|memory|cpu|\n){0,60}") {
        for text in [String::from_utf8_lossy(&bytes).as_ref(), &lines] {
            for (cgroups, mounts) in [(text, MOUNTS_V1), (CGROUPS_V1, text), (text, MOUNTS_V2), (text, text)] {
                if let Some(cgroup) = Cgroup::find("memory", cgroups, mounts) {
                    let read = |_| Some(text.to_owned());
                    let _ = (cgroup.memory(read), cgroup.cpu(read));
                }
            }
            let _ = (super::bytes(text), cores(text, text), throttling(text));
        }
    }
}
