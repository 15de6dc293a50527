# Written by `radiosonde stack`; a change here is overwritten.
# Catalogue of quickstart: 94144981fd927e09

# Lets the real programs judge this tree: `sh check.sh`. It needs promtool and amtool.
set -eu
cd "$(dirname "$0")"

rules=$(find prometheus/rules prometheus/packs -name '*.yml' -not -path '*/tests/*')
tests=$(find prometheus/tests prometheus/packs/tests -name '*.yml')

# No path has a blank in it.
promtool check rules --lint=all --lint-fatal $rules
# Each has its own stories to tell.
printf '%s\n' $tests | xargs -n 1 -P 4 promtool test rules
# The rules have been judged, and the files of tokens are where Prometheus runs.
promtool check config --syntax-only prometheus/prometheus.yml
amtool check-config alertmanager/alertmanager.yml
sh alertmanager/test-routes.sh
