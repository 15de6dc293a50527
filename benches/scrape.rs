//! What does a scrape cost, and what do the series hold?

mod clients;
mod memory;
mod series;
mod trace_id;

use std::hint::black_box;

use radiosonde_benches::{Case, Group, Mode};
use radiosonde_metrics::{Bounds, Exposition, Registry, RegistryOptions, SampledSpan};

use crate::series::{VALUES, ours, stock};

fn main() {
    let mode = Mode::from_args();
    let quick = mode == Mode::Quick;
    let sizes: &[usize] = if quick { &[59] } else { &[59, 588, 5_882] };
    for histograms in sizes {
        text(&mode, *histograms);
        open_metrics(&mode, *histograms);
        protobuf(&mode, *histograms);
        exponential_in_protobuf(&mode, *histograms);
    }
    if cfg!(feature = "allocations") {
        memory::held(&mode, if quick { 59 } else { 5_882 });
        memory::growth(&mode, if quick { 10_000 } else { 100_000_000 });
    }
}

fn text(mode: &Mode, histograms: usize) {
    let registry = ours(histograms, RegistryOptions::new(), &VALUES);
    let handle = stock(histograms).1;
    let client = clients::histograms(histograms);
    let text = registry.render();
    assert_as_long(&text, &handle.render());
    assert_as_long(&text, &clients::text(&client));
    let cases = [
        Case::new("stock exporter", repeat(move || handle.render())),
        Case::new("prometheus-client", repeat(move || clients::text(&client))),
    ];
    let title = format!("Text of {}", described(&text, histograms));
    let render = repeat(move || registry.render());
    compared(title, text.into_bytes(), render, cases).run(mode);
}

/// The stock exporter has no exemplars.
fn open_metrics(mode: &Mode, histograms: usize) {
    let registry = ours(histograms, traced(), &VALUES);
    let client = clients::with_exemplars(histograms);
    let bytes = registry.render_as(Exposition::OpenMetrics);
    let text = String::from_utf8_lossy(&bytes);
    let of_client = clients::text(&client);
    // Ours also tells when each series began.
    assert_as_long(&text, &format!("{of_client}{}", "\n".repeat(histograms)));
    assert_eq!(exemplars_in(&text), exemplars_in(&of_client));
    let title = format!(
        "OpenMetrics of {}, {} exemplars",
        described(&text, histograms),
        exemplars_in(&text)
    );
    let cases = [Case::new(
        "prometheus-client",
        repeat(move || clients::text(&client)),
    )];
    let render = repeat(move || registry.render_as(Exposition::OpenMetrics));
    compared(title, bytes, render, cases).run(mode);
}

/// The stock exporter has none without the tool `protoc` to build it.
fn protobuf(mode: &Mode, histograms: usize) {
    let registry = ours(histograms, RegistryOptions::new(), &VALUES);
    let client = clients::histograms(histograms);
    in_protobuf(mode, "histograms", histograms, registry, client);
}

fn exponential_in_protobuf(mode: &Mode, histograms: usize) {
    let registry = ours(histograms, exponential(), &spread());
    let client = clients::exponential(histograms, &spread());
    in_protobuf(mode, "exponential histograms", histograms, registry, client);
}

fn in_protobuf(
    mode: &Mode,
    what: &str,
    histograms: usize,
    registry: Registry,
    client: prometheus_client::registry::Registry,
) {
    let bytes = registry.render_as(Exposition::Protobuf);
    let title = format!(
        "Protobuf of {histograms} {what}, {} KiB, {} of prometheus-client",
        bytes.len() / 1024,
        clients::protobuf(&client).len() / 1024
    );
    let cases = [Case::new(
        "prometheus-client",
        repeat(move || clients::protobuf(&client)),
    )];
    let render = repeat(move || registry.render_as(Exposition::Protobuf));
    compared(title, bytes, render, cases).run(mode);
}

/// Puts a copy of the bytes that we render beside that and what others do.
fn compared<'a>(
    title: String,
    bytes: Vec<u8>,
    ours: impl Fn(u64) + Sync + 'a,
    others: impl IntoIterator<Item = Case<'a>>,
) -> Group<'a> {
    let length = bytes.len();
    let first = [
        Case::new("copy of the bytes", repeat(move || bytes.clone())),
        Case::new("ours", ours),
    ];
    Group::new(title, first.into_iter().chain(others)).text_bytes(length)
}

/// Histograms keep exemplars, and all that is recorded has a span.
fn traced() -> RegistryOptions {
    RegistryOptions::new().exemplars(|| Some(SampledSpan::new([0xab; 16], [0xcd; 8])))
}

fn exponential() -> RegistryOptions {
    RegistryOptions::new().bounds_by_prefix("", Bounds::exponential())
}

/// Makes values from 1 ms to 12 s, each magnitude as often as the others.
fn spread() -> Vec<f64> {
    let values = (0..256).map(|step| 10_f64.powf(f64::from(step) / 256.0 * 4.1 - 3.0));
    values.collect()
}

fn described(text: &str, histograms: usize) -> String {
    let (lines, length) = (text.lines().count(), text.len() / 1024);
    format!("{lines} lines ({histograms} histograms, {length} KiB)")
}

fn assert_as_long(text: &str, other: &str) {
    assert!(text.lines().count().abs_diff(other.lines().count()) < 40);
}

fn exemplars_in(text: &str) -> usize {
    text.matches("trace_id").count()
}

fn repeat<'a, T>(render: impl Fn() -> T + Sync + 'a) -> impl Fn(u64) + Sync + 'a {
    move |turns| {
        for _ in 0..turns {
            black_box(render());
        }
    }
}
