"""Parses the exposition on standard input with the reference parser, and prints its samples as JSON.

The one argument is the format: `text` or `open_metrics`.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text

parse = {"text": text, "open_metrics": open_metrics}[sys.argv[1]]
exposition = sys.stdin.buffer.read().decode("utf-8")
samples = [
    {
        "name": sample.name,
        "labels": sample.labels,
        "value": str(sample.value),
        "exemplar": sample.exemplar and sample.exemplar.labels,
    }
    for family in parse(exposition)
    for sample in family.samples
]
json.dump(samples, sys.stdout)
