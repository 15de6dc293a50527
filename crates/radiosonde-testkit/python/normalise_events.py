"""Normalises the events on standard input, a JSON list, as Sentry's Relay does, and prints them with its remarks."""

import json
import sys

from sentry_relay.processing import StoreNormalizer

normalizer = StoreNormalizer(
    project_id=1, max_secs_in_past=3600, max_secs_in_future=60, normalize_user_agent=True
)
json.dump([normalizer.normalize_event(event=event) for event in json.load(sys.stdin)], sys.stdout)
