"""Receives OTLP over HTTP and shows what it got as JSON.

`POST /v1/traces` takes an `ExportTraceServiceRequest` in protobuf, plain or gzipped, and decodes it with the messages of
the package `opentelemetry-proto`. `GET /spans` answers with every span received so far, oldest first. The address goes
to standard output, because the port is whichever one was free.
"""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

SPANS = []
SPANS_LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path != "/spans":
            return self.answer(404, "text/plain", b"the one page here is /spans\n")
        with SPANS_LOCK:
            body = json.dumps(SPANS).encode()
        self.answer(200, "application/json", body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != "/v1/traces":
            return self.answer(404, "text/plain", b"traces go to /v1/traces\n")
        if self.headers.get("content-type") != "application/x-protobuf":
            return self.answer(415, "text/plain", b"give application/x-protobuf\n")
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            request = ExportTraceServiceRequest.FromString(body)
        except DecodeError as error:
            return self.answer(400, "text/plain", f"{error}\n".encode())
        with SPANS_LOCK:
            SPANS.extend(spans(request))
        self.answer(200, "application/x-protobuf", ExportTraceServiceResponse().SerializeToString())

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def spans(request):
    for resource_spans in request.resource_spans:
        resource = attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield {
                    "name": span.name,
                    "kind": enum_name(Span.SpanKind, span.kind, "SPAN_KIND_"),
                    "trace_id": span.trace_id.hex(),
                    "span_id": span.span_id.hex(),
                    "parent_span_id": span.parent_span_id.hex(),
                    "attributes": attributes(span.attributes),
                    "status": enum_name(Status.StatusCode, span.status.code, "STATUS_CODE_"),
                    "status_message": span.status.message,
                    "resource": resource,
                }


def attributes(key_values):
    return {pair.key: any_value(pair.value) for pair in key_values}


def any_value(value):
    which = value.WhichOneof("value")
    if which is None:
        return None
    if which == "array_value":
        return [any_value(item) for item in value.array_value.values]
    if which == "kvlist_value":
        return attributes(value.kvlist_value.values)
    if which == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, which)


def enum_name(enum, number, prefix):
    """The name as the specification's text writes it: `server`, not `SPAN_KIND_SERVER`."""
    return enum.Name(number).removeprefix(prefix).lower()


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
