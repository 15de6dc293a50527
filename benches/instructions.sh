#!/bin/sh
# Prints how many instructions a turn of some cases takes, as a table. Needs valgrind.
#
# Only the turns count: neither the start nor what is made once.
set -eu
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${host}_RUNNER=valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=*turns_counted_from_outside*"

# One request in a hundred is traced; without these the program would start itself again, out of sight.
export OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.01

# row BENCH CASE [OPTION OF CARGO]
row() {
    turns=2000
    total=$(cargo bench --quiet --package radiosonde-benches --bench "$1" ${3-} -- --only "$2" --times $turns 2>&1 |
        sed -n 's/.*Collected *: *//p')
    echo "| $2${3+, $3} | $((total / turns)) |"
}

echo '| case | instructions |'
echo '|---|---:|'
for group in 'Counter, handle held' 'Gauge set, handle held' 'Histogram, handle held'; do
    for case in ours 'ours, typed instrument' 'stock exporter' prometheus-client; do
        row record "$group / $case"
    done
done
for case in ours prometheus-client; do
    row record "Exponential histogram, handle held / $case"
done
for case in 'ours, exemplars off' 'ours, no span' 'ours, sampled span' 'prometheus-client, no exemplar' \
    'prometheus-client, exemplar'; do
    row record "Histogram with exemplars, handle held / $case"
done
for group in 'Counter, looked up' 'Gauge set, looked up' 'Histogram, looked up'; do
    for case in ours 'stock exporter'; do
        row record "$group / $case, two literal labels"
        row record "$group / $case, two owned labels"
    done
done
for case in bare 'layer that does nothing' 'layer that carries what ours does to the end' \
    'the least that counts and times' 'ours, metrics' 'ours, metrics and ten objectives' \
    'ours, everything on, nothing exported' 'ours, everything on, failures reported' \
    'ours, everything on and exported, 1 % traced' axum-prometheus 'macros by hand' \
    'opentelemetry-instrumentation-tower, metrics' 'tower-http trace, nobody listens' \
    'tower-http trace, written nowhere' 'axum-tracing-opentelemetry, 0 % traced' \
    'axum-tracing-opentelemetry, 1 % traced' sentry-tower \
    'axum-prometheus, axum-tracing-opentelemetry 1 %, sentry-tower'; do
    row request "Request, 20 routes in turn / $case"
done
for case in 'layer that does nothing' 'layer that carries what ours does to the end' 'the least that counts and times' \
    'ours, metrics' 'ours, everything on, nothing exported'; do
    row request "Request, answered without a body / $case"
done
for path in /nothing /live /ready '/ready?verbose' /health/check7 /health; do
    row probe "Probe, ten checks / $path"
done
for case in 'ours, not sampled' 'ours, sampled' 'axum-tracing-opentelemetry, not sampled' \
    'axum-tracing-opentelemetry, sampled' 'opentelemetry-instrumentation-tower, not sampled' \
    'opentelemetry-instrumentation-tower, sampled'; do
    row request "Request, traced or not / $case"
done
for case in 'layer that does nothing' 'ours, everything on, nothing exported' 'ours, everything on, failures reported' \
    'sentry-tower and sentry-tracing'; do
    row request "Request, with a line of log / $case"
done
for case in none traceparent 'traceparent and a full tracestate' 'traceparent, sampled' \
    'traceparent, sampled, and a full tracestate' 'baggage, 64 members in 6 KB, escaped' \
    'baggage, one member of 8 KB' 'baggage, one member of 8 KB, escaped' 'baggage, 64 KB of commas' 'traceparent, 64 KB of dashes'; do
    row request "Headers of a trace / $case"
done
# What a service pays for error reports that has no DSN: here they are not even built in.
for case in bare 'layer that does nothing' 'ours, metrics' 'ours, everything on, nothing exported'; do
    row request "Request, 20 routes in turn / $case" --no-default-features
done
row request 'Request, with a line of log / ours, everything on, nothing exported' --no-default-features
