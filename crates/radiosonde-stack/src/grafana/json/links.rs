//! Where clicks lead: to boards, traces and log lines.
//!
//! Explore takes what it shows from its address, as JSON. In it stand variables, which Grafana fills in before it follows
//! the link; so only what is around them is escaped.

use std::fmt::Write as _;

use super::fields::DataLink;
use crate::grafana::TraceStore;
use crate::grafana::panel::Link;

/// Makes the link, for series whose label `route` is spelled like this.
pub(super) fn data_link(link: Link, route: &str, store: TraceStore) -> DataLink {
    let (title, url) = match link {
        Link::Service => (
            "Board of this service",
            format!(
                "{}?{TIME}&var-job=${{__data.fields.Service}}",
                path("service")
            ),
        ),
        Link::TracesOfRoute => ("Traces of this route", traces(store, Some(route), false)),
        Link::FailedTracesOfRoute => (
            "Failed traces of this route",
            traces(store, Some(route), true),
        ),
        Link::ErrorLogs => (
            "Log lines about errors",
            logs(r#" | detected_level="error""#),
        ),
    };
    DataLink {
        target_blank: false,
        title,
        url,
    }
}

/// The address of the traces of the chosen services.
pub(super) fn all_traces(store: TraceStore) -> String {
    traces(store, None, false)
}

/// The address of the log lines of the chosen services.
pub(super) fn all_logs() -> String {
    logs("")
}

/// The path of the dashboard of this name.
pub(crate) fn path(name: &str) -> String {
    format!("/d/{}", uid(name))
}

/// The identifier of the dashboard of this name.
pub(super) fn uid(name: &str) -> String {
    format!("radiosonde-{name}")
}

/// The address of traces of the chosen services: of the route in a label, if one is given, and only of those that failed.
fn traces(store: TraceStore, route: Option<&str>, failed: bool) -> String {
    let route = route.map(|label| format!("${{__field.labels.{label}}}"));
    let members = match store {
        TraceStore::Tempo => {
            let route = route.map(|route| format!(r#"span.http.route = "{route}""#));
            let failed = failed.then(|| "status = error".to_owned());
            let conditions = [Some(SERVICE_SPANS.to_owned()), route, failed];
            let conditions: Vec<_> = conditions.into_iter().flatten().collect();
            let query = format!("{{{}}}", conditions.join(" && "));
            format!(r#""queryType":"traceql","query":{}"#, json(&query))
        }
        TraceStore::Jaeger => {
            let route = route.map(|route| format!(r#"http.route="{route}""#));
            let failed = failed.then(|| "error=true".to_owned());
            let tags: Vec<_> = [route, failed].into_iter().flatten().collect();
            format!(
                r#""queryType":"search","service":"${{job}}","tags":{}"#,
                json(&tags.join(" "))
            )
        }
    };
    explore(TRACES, &members)
}

fn logs(pipeline: &str) -> String {
    let query = format!(r#"{{service_name=~"${{job:pipe}}"}}{pipeline}"#);
    explore(LOGS, &format!(r#""expr":{}"#, json(&query)))
}

/// The address of Explore with one query, whose members are given.
fn explore(source: &str, members: &str) -> String {
    let panes = format!(
        r#"{{"a":{{"datasource":"{source}","queries":[{{"refId":"A",{members}}}],"range":{{"from":"${{__from}}","to":"${{__to}}"}}}}}}"#
    );
    format!("/explore?schemaVersion=1&panes={}", escaped(&panes))
}

/// A string of JSON, with its quotes.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Escapes what is no variable for a query of a URL.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        percent_encode(before, &mut out);
        let (variable, after) = from.split_once('}').unwrap_or((from, ""));
        out.extend(["${", variable, "}"]);
        rest = after;
    }
    percent_encode(rest, &mut out);
    out
}

fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// The variables that hold the data sources.
const TRACES: &str = "${traces}";
const LOGS: &str = "${logs}";

/// The spans in which the chosen services answer requests.
const SERVICE_SPANS: &str = r#"resource.service.name =~ "${job:pipe}" && kind = server"#;

/// The time of the board, as a link takes it along.
const TIME: &str = "${__url_time_range}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stay_and_all_else_is_escaped() {
        assert_eq!(
            escaped(r#"{"a":"${job:pipe}"}"#),
            "%7B%22a%22%3A%22${job:pipe}%22%7D"
        );
    }

    #[test]
    fn the_traces_of_a_route_are_those_of_its_label() {
        for (store, failed) in [
            (TraceStore::Tempo, "status%20%3D%20error"),
            (TraceStore::Jaeger, "error%3Dtrue"),
        ] {
            let url = data_link(Link::FailedTracesOfRoute, "http_route", store).url;
            assert!(url.contains("${__field.labels.http_route}"), "{url}");
            assert!(url.contains(failed), "{url}");
        }
    }
}
