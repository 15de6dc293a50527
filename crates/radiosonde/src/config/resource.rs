//! What is known of where the service runs, without asking anybody: from the environment and `/proc`.

use opentelemetry::KeyValue;

/// Reads what is known of the process, the host, the container and the pod, by the semantic conventions.
///
/// `var` reads a variable and `file` a file; neither blocks on anything but the kernel. What is not known is left out.
pub(super) fn detect(
    var: &dyn Fn(&str) -> Option<String>,
    file: &dyn Fn(&str) -> Option<String>,
) -> Vec<KeyValue> {
    let set = |name: &str| var(name).map(|text| text.trim().to_owned());
    let set = |name: &str| set(name).filter(|text| !text.is_empty());
    let line = |path: &str| file(path).map(|text| text.trim().to_owned());
    let host = line("/proc/sys/kernel/hostname").filter(|name| !name.is_empty());
    let in_pod = set("KUBERNETES_SERVICE_HOST").is_some();
    let mut found = vec![
        ("host.name", host.clone().or_else(|| set("HOSTNAME"))),
        ("host.arch", Some(arch().to_owned())),
        ("os.type", Some(os().to_owned())),
        ("process.executable.name", executable()),
        ("container.id", container_id(file, in_pod)),
    ];
    if in_pod {
        let first = |names: &[&str]| names.iter().find_map(|name| set(name));
        found.extend([
            // The pod is the host of its containers, unless it shares that of its node.
            (
                "k8s.pod.name",
                first(&["K8S_POD_NAME", "POD_NAME", "HOSTNAME"]).or(host),
            ),
            (
                "k8s.namespace.name",
                first(&["K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE"])
                    .or_else(|| line(NAMESPACE)),
            ),
            ("k8s.node.name", first(&["K8S_NODE_NAME", "NODE_NAME"])),
            (
                "k8s.pod.uid",
                first(&["K8S_POD_UID", "POD_UID"]).or_else(|| pod_uid(file)),
            ),
            (
                "k8s.container.name",
                first(&["K8S_CONTAINER_NAME", "CONTAINER_NAME"]),
            ),
        ]);
    }
    let found = found.into_iter();
    let texts = found.filter_map(|(key, value)| Some(KeyValue::new(key, value?)));
    let pid = KeyValue::new("process.pid", i64::from(std::process::id()));
    texts.chain([pid]).collect()
}

fn executable() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// Finds the id that the container runtime gave: 64 digits in the path of the cgroup, or in that of what is mounted over
/// `/etc/hostname`, where the cgroup is the root of its own namespace. In a pod that file is the same for all containers, and so is the
/// id in its path: that of the sandbox.
fn container_id(file: &dyn Fn(&str) -> Option<String>, in_pod: bool) -> Option<String> {
    let cgroup = file("/proc/self/cgroup").unwrap_or_default();
    let mounts = file("/proc/self/mountinfo").unwrap_or_default();
    let is_own = |line: &&str| line.contains("/etc/hostname") && !line.contains("/sandboxes/");
    let hostname = mounts.lines().filter(|line| !in_pod && is_own(line));
    let mut lines = cgroup.lines().chain(hostname);
    lines.find_map(|line| {
        let mut parts = line.split(|c: char| !c.is_ascii_alphanumeric());
        let is_id = |part: &&str| part.len() == 64 && part.bytes().all(|c| c.is_ascii_hexdigit());
        parts.find(is_id).map(ToOwned::to_owned)
    })
}

/// Finds the id of the pod in the path of the cgroup, or of what the kubelet mounts: a UUID after `pod` or in a directory called
/// `pods`. Systemd has its dashes as underscores.
fn pod_uid(file: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let cgroup = file("/proc/self/cgroup").unwrap_or_default();
    let mounts = file("/proc/self/mountinfo").unwrap_or_default();
    let mut parts = cgroup
        .split(['/', '\n'])
        .chain(mounts.split(['/', ' ', '\n']));
    let mut directory = "";
    parts.find_map(|part| {
        let directory = std::mem::replace(&mut directory, part);
        let part = part.strip_suffix(".slice").unwrap_or(part);
        let uid = match part.rsplit_once("pod") {
            Some((_, uid)) => uid,
            None if directory == "pods" => part,
            None => return None,
        };
        let uid = uid.replace('_', "-");
        let lengths: Vec<_> = uid.split('-').map(str::len).collect();
        let is_hex = uid.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit());
        (is_hex && lengths == [8, 4, 4, 4, 12]).then_some(uid)
    })
}

/// Returns the architecture as the conventions call it.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// Returns the operating system as the conventions call it.
fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// Where Kubernetes says which namespace a pod is in.
const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(vars: &[(&str, &str)], files: &[(&str, &str)], key: &str) -> Option<String> {
        let of = |pairs: &[(&str, &str)], name: &str| {
            let mut pairs = pairs.iter();
            pairs
                .find(|(found, _)| *found == name)
                .map(|(_, text)| (*text).to_owned())
        };
        let found = detect(&|name| of(vars, name), &|path| of(files, path));
        let mut found = found.into_iter().filter(|pair| pair.key.as_str() == key);
        found.next().map(|pair| pair.value.to_string())
    }

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "6f1b7a10-93a4-4b0e-8f0a-2f0d5f3f8a11";

    #[test]
    fn where_nothing_is_known_the_process_is() {
        assert!(detected(&[], &[], "process.pid").is_some());
        assert!(detected(&[], &[], "process.executable.name").is_some());
        assert!(detected(&[], &[], "host.arch").is_some());
        for unknown in ["host.name", "container.id", "k8s.pod.name"] {
            assert_eq!(detected(&[], &[], unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_container_is_known_by_its_cgroup_or_its_mounts() {
        let first = format!("12:memory:/docker/{ID}\n");
        let scope = format!("0::/system.slice/docker-{ID}.scope\n");
        for cgroup in [&first, &scope] {
            let files = [("/proc/self/cgroup", cgroup.as_str())];
            assert_eq!(detected(&[], &files, "container.id").as_deref(), Some(ID));
        }
        let mounts = format!(
            "1 2 0:1 / / rw - overlay overlay rw\n3 1 8:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
        );
        let files = [
            ("/proc/self/cgroup", "0::/\n"),
            ("/proc/self/mountinfo", &mounts),
        ];
        assert_eq!(detected(&[], &files, "container.id").as_deref(), Some(ID));
    }

    /// What a container sees of its mounts, with the root of its own namespace of cgroups.
    fn mounted(source: &str, target: &str) -> String {
        format!(
            "1 2 0:1 / / rw - overlay overlay rw\n3 1 8:1 {source} {target} rw - ext4 /dev/sda1 rw\n"
        )
    }

    #[test]
    fn the_sandbox_of_a_pod_is_no_container() {
        let containerd =
            format!("/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{ID}/hostname");
        let crio = format!("/containers/storage/overlay-containers/{ID}/userdata/hostname");
        let inside = [("KUBERNETES_SERVICE_HOST", "10.0.0.1")];
        for (source, vars, expected) in [
            (&containerd, &inside[..], None),
            // A pod may be told nothing of the services beside it.
            (&containerd, &[], None),
            (&crio, &inside, None),
            // Podman, which has the same storage.
            (&crio, &[], Some(ID)),
        ] {
            let mounts = mounted(source, "/etc/hostname");
            let files = [("/proc/self/mountinfo", mounts.as_str())];
            let found = detected(vars, &files, "container.id");
            assert_eq!(found.as_deref(), expected, "{source} with {vars:?}");
        }
        let cgroup = format!("0::/kubepods/burstable/pod{UID}/{ID}\n");
        let files = [("/proc/self/cgroup", cgroup.as_str())];
        let found = detected(&inside, &files, "container.id");
        assert_eq!(found.as_deref(), Some(ID));
    }

    #[test]
    fn only_a_uuid_that_is_said_to_be_of_a_pod_is_that_of_one() {
        let inside = [("KUBERNETES_SERVICE_HOST", "10.0.0.1")];
        for (source, expected) in [
            (format!("/var/lib/kubelet/pods/{UID}/etc-hosts"), Some(UID)),
            (format!("/var/lib/volumes/{UID}/data"), None),
            (format!("/dev/disk/by-uuid/{UID}"), None),
        ] {
            let mounts = mounted(&source, "/etc/hosts");
            let files = [("/proc/self/mountinfo", mounts.as_str())];
            let found = detected(&inside, &files, "k8s.pod.uid");
            assert_eq!(found.as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn a_pod_is_known_by_what_kubernetes_gives_it() {
        let systemd = format!(
            "0::/kubepods.slice/kubepods-burstable-pod{}.slice/cri-{ID}.scope\n",
            UID.replace('-', "_")
        );
        let files = [
            ("/proc/self/cgroup", systemd.as_str()),
            (NAMESPACE, "shop\n"),
            ("/proc/sys/kernel/hostname", "checkout-7d9f\n"),
        ];
        let inside = [
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            ("NODE_NAME", "node-3"),
        ];
        for (key, value) in [
            ("k8s.pod.name", "checkout-7d9f"),
            ("k8s.namespace.name", "shop"),
            ("k8s.node.name", "node-3"),
            ("k8s.pod.uid", UID),
            ("container.id", ID),
            ("host.name", "checkout-7d9f"),
        ] {
            assert_eq!(
                detected(&inside, &files, key).as_deref(),
                Some(value),
                "{key}"
            );
        }
        assert_eq!(detected(&[], &files, "k8s.pod.name"), None, "it is no pod");
        let cgroupfs = format!("0::/kubepods/burstable/pod{UID}/{ID}\n");
        let files = [("/proc/self/cgroup", cgroupfs.as_str())];
        assert_eq!(
            detected(&inside, &files, "k8s.pod.uid").as_deref(),
            Some(UID)
        );
    }
}
