"""Reads the dashboard on standard input into the types of Grafana's foundation SDK, writes it out again, and prints as JSON
what did not come back: members that the SDK does not know, and values that it changed.
"""

import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from grafana_foundation_sdk.models import units


def differences(sent, returned, path=""):
    if isinstance(sent, dict) and isinstance(returned, dict):
        for key, value in sent.items():
            member = f"{path}.{key}"
            if key in returned:
                yield from differences(value, returned[key], member)
            else:
                yield f"{member} is unknown"
    elif isinstance(sent, list) and isinstance(returned, list) and len(sent) == len(returned):
        for index, (value, back) in enumerate(zip(sent, returned)):
            yield from differences(value, back, f"{path}[{index}]")
    elif sent != returned:
        yield f"{path} is {sent!r} and comes back as {returned!r}"


def unknown_units(value):
    if isinstance(value, dict):
        unit = value.get("unit")
        if isinstance(unit, str) and unit not in UNITS:
            yield f"{unit} is no unit"
        for member in value.values():
            yield from unknown_units(member)
    elif isinstance(value, list):
        for item in value:
            yield from unknown_units(item)


UNITS = {value for value in vars(units).values() if isinstance(value, str)}

register_default_plugins()
dashboard = json.load(sys.stdin)
returned = json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))
json.dump([*differences(dashboard, returned), *unknown_units(dashboard)], sys.stdout)
