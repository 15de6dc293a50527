"""Runs kent on a free port and says which.

Kent's own command prints no address when it chooses the port itself, and keeps only the last 100 items, which is fewer
than a test of many failures sends.
"""

from kent.app import EventManager, create_app
from werkzeug.serving import make_server

EventManager.MAX_EVENTS = 100_000

server = make_server("127.0.0.1", 0, create_app(), threaded=True)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
