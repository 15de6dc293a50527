# Written by `radiosonde stack`; a change here is overwritten.
# Catalogue of quickstart: 94144981fd927e09

# Who is told of which alert: `sh alertmanager/test-routes.sh`. It needs amtool.
set -eu
cd "$(dirname "$0")"

told() {
    receivers=$1
    shift
    amtool config routes test --config.file=alertmanager.yml --verify.receivers="$receivers" "$@" > /dev/null 2>&1 || {
        echo "not told to $receivers: $*" >&2
        exit 1
    }
}

told inbox alertname=Watchdog
told oncall severity=critical category=authentication service=quickstart team=examples
told oncall severity=critical category=availability service=quickstart team=examples
told oncall severity=critical category=certificates service=quickstart team=examples
told oncall severity=critical category=errors service=quickstart team=examples
told oncall severity=critical category=grpc service=quickstart team=examples
told oncall severity=critical category=health service=quickstart team=examples
told oncall severity=critical category=jobs service=quickstart team=examples
told oncall severity=critical category=latency service=quickstart team=examples
told oncall severity=critical category=objectives service=quickstart team=examples
told oncall severity=critical category=pools service=quickstart team=examples
told oncall severity=critical category=resources service=quickstart team=examples
told oncall severity=critical category=stack team=examples
told inbox severity=info category=caches service=quickstart team=examples
told inbox severity=info category=grpc service=quickstart team=examples
told inbox severity=info category=load service=quickstart team=examples
told inbox severity=info category=telemetry service=quickstart team=examples
told inbox severity=warning category=authentication service=quickstart team=examples
told inbox severity=warning category=availability service=quickstart team=examples
told inbox severity=warning category=certificates service=quickstart team=examples
told inbox severity=warning category=dependencies service=quickstart team=examples
told inbox severity=warning category=errors service=quickstart team=examples
told inbox severity=warning category=grpc service=quickstart team=examples
told inbox severity=warning category=health service=quickstart team=examples
told inbox severity=warning category=jobs service=quickstart team=examples
told inbox severity=warning category=latency service=quickstart team=examples
told inbox severity=warning category=load service=quickstart team=examples
told inbox severity=warning category=messages service=quickstart team=examples
told inbox severity=warning category=objectives service=quickstart team=examples
told inbox severity=warning category=pools service=quickstart team=examples
told inbox severity=warning category=queues service=quickstart team=examples
told inbox severity=warning category=resources service=quickstart team=examples
told inbox severity=warning category=stack team=examples
told inbox severity=warning category=telemetry service=quickstart team=examples
