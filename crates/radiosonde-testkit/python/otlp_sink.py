"""Receives OTLP over HTTP and shows what it got as JSON.

`POST /v1/traces` takes an `ExportTraceServiceRequest` in protobuf, plain or gzipped, `POST /v1/metrics` an
`ExportMetricsServiceRequest`, `POST /v1/logs` an `ExportLogsServiceRequest`, and all are decoded with the messages of the
package `opentelemetry-proto`. `GET /spans` answers with every span received so far, oldest first, `GET /points` with every
point of a metric, and `GET /records` with every log record. The address goes to standard output, because the port is
whichever one was free.
"""

import gzip
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

RECEIVED = {"/spans": [], "/points": [], "/records": []}
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path not in RECEIVED:
            return self.answer(404, "text/plain", b"the pages here are /spans, /points and /records\n")
        with LOCK:
            body = json.dumps(RECEIVED[self.path]).encode()
        self.answer(200, "application/json", body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path not in SIGNALS:
            return self.answer(404, "text/plain", b"signals go to /v1/traces, /v1/metrics and /v1/logs\n")
        if self.headers.get("content-type") != "application/x-protobuf":
            return self.answer(415, "text/plain", b"give application/x-protobuf\n")
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        request, response, page, items = SIGNALS[self.path]
        try:
            message = request.FromString(body)
        except DecodeError as error:
            return self.answer(400, "text/plain", f"{error}\n".encode())
        with LOCK:
            RECEIVED[page].extend(items(message))
        self.answer(200, "application/x-protobuf", response().SerializeToString())

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


def records(request):
    for resource_logs in request.resource_logs:
        resource = attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield {
                    "scope": scope_logs.scope.name,
                    "severity": record.severity_number,
                    "severity_text": record.severity_text,
                    "body": any_value(record.body),
                    "trace_id": record.trace_id.hex(),
                    "span_id": record.span_id.hex(),
                    "time": record.time_unix_nano,
                    "attributes": attributes(record.attributes),
                    "resource": resource,
                }


def points(request):
    for resource_metrics in request.resource_metrics:
        resource = attributes(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                kind = metric.WhichOneof("data")
                data = getattr(metric, kind)
                for point in data.data_points:
                    yield {
                        "name": metric.name,
                        "unit": metric.unit,
                        "description": metric.description,
                        "kind": kind,
                        "monotonic": getattr(data, "is_monotonic", False),
                        "temporality": temporality(data),
                        "attributes": attributes(point.attributes),
                        "started": point.start_time_unix_nano,
                        "time": point.time_unix_nano,
                        "value": value(kind, point),
                        "exemplars": [exemplar(found) for found in getattr(point, "exemplars", [])],
                        "resource": resource,
                    }


def temporality(data):
    if not hasattr(data, "aggregation_temporality"):
        return ""
    return enum_name(AggregationTemporality, data.aggregation_temporality, "AGGREGATION_TEMPORALITY_")


def value(kind, point):
    if kind in ("sum", "gauge"):
        number = getattr(point, point.WhichOneof("value"))
        # JSON has no word for it; protobuf's own JSON spells it so.
        return number if math.isfinite(number) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(number, "NaN")
    histogram = {"count": point.count, "sum": point.sum}
    if kind == "histogram":
        histogram["bounds"] = list(point.explicit_bounds)
        histogram["buckets"] = list(point.bucket_counts)
    else:
        histogram["scale"] = point.scale
        histogram["zeros"] = point.zero_count
        histogram["offset"] = point.positive.offset
        histogram["buckets"] = list(point.positive.bucket_counts)
    return histogram


def exemplar(found):
    return {
        "trace_id": found.trace_id.hex(),
        "span_id": found.span_id.hex(),
        "value": getattr(found, found.WhichOneof("value")),
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


SIGNALS = {
    "/v1/traces": (ExportTraceServiceRequest, ExportTraceServiceResponse, "/spans", spans),
    "/v1/logs": (ExportLogsServiceRequest, ExportLogsServiceResponse, "/records", records),
    "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse, "/points", points),
}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
