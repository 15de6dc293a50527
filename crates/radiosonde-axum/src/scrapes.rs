//! The texts that scrapers read, rendered.
//!
//! Rendering happens on a thread that may block, once for all scrapers that wait for the same form at the same time.

use std::collections::HashMap;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, header};
use radiosonde_metrics::{Exposition, Registry};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::weight::{weight, weight_with};

/// How a scraper wants the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    exposition: Exposition,
    gzip: bool,
}

impl Form {
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let weight_of = |(exposition, parameters): (Exposition, &[_])| {
            let media_type = exposition.media_type();
            weight_with(headers, &header::ACCEPT, media_type, parameters)
        };
        // Of equals the last one: what people can read, and what everybody reads before that.
        let expositions = [
            (Exposition::Protobuf, PROTOBUF),
            (Exposition::OpenMetrics, &[]),
            (Exposition::Text, &[]),
        ];
        let best = expositions
            .into_iter()
            .max_by(|one, other| weight_of(*one).total_cmp(&weight_of(*other)));
        Self {
            exposition: best.map_or(Exposition::Text, |(exposition, _)| exposition),
            gzip: weight(headers, &header::ACCEPT_ENCODING, "gzip") > 0.0,
        }
    }

    fn render(self, registry: &Registry) -> Bytes {
        let text = registry.render_as(self.exposition);
        if !self.gzip {
            return text.into();
        }
        // Fast rather than small: label text repeats, and the wire is near.
        let mut gzip = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
        // Writing to a `Vec` cannot fail; if it did, the scraper would find the end missing.
        let _ = gzip.write_all(&text);
        gzip.finish().unwrap_or_default().into()
    }

    pub(crate) fn response(self, text: Bytes) -> Response {
        let mut response = text.into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.exposition.content_type()),
        );
        headers.insert(
            header::VARY,
            HeaderValue::from_static("accept, accept-encoding"),
        );
        if self.gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// The texts that are being rendered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scrapes(Arc<Mutex<HashMap<Form, Awaited>>>);

/// A text that will be there soon, or never, when its sender is gone.
type Awaited = watch::Receiver<Option<Bytes>>;

impl Scrapes {
    /// Renders the registry, or waits for somebody who does already. `None` when the host has no thread for it.
    pub(crate) async fn text(&self, form: Form, registry: &Registry) -> Option<Bytes> {
        let mut awaited = self.join_or_start(form, registry)?;
        let text = awaited.wait_for(Option::is_some).await.ok()?;
        text.clone()
    }

    fn join_or_start(&self, form: Form, registry: &Registry) -> Option<Awaited> {
        let mut rendering = self.rendering();
        if let Some(awaited) = rendering.get(&form) {
            return Some(awaited.clone());
        }
        let (send, awaited) = watch::channel(None);
        let done = Done {
            scrapes: self.clone(),
            form,
            awaited: awaited.clone(),
        };
        let registry = registry.clone();
        let work = move || {
            let text = form.render(&registry);
            // Before anybody has the text: who comes later may know of something that is not in it.
            drop(done);
            send.send_replace(Some(text));
        };
        rendering.insert(form, awaited.clone());
        // The work may be dropped at once, and takes itself off the list then.
        drop(rendering);
        let runtime = Handle::try_current().ok()?;
        // Tokio panics when the system gives it no thread and it has none. The hook may report it; the request survives.
        let spawned = catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(work)));
        if spawned.is_err() {
            // The work stays in tokio's queue and may never run: nobody else shall wait for it.
            self.forget(form, &awaited);
            return None;
        }
        Some(awaited)
    }

    /// Takes a text off the list, if it is still the one that is awaited in this form.
    fn forget(&self, form: Form, awaited: &Awaited) {
        let mut rendering = self.rendering();
        if rendering
            .get(&form)
            .is_some_and(|current| current.same_channel(awaited))
        {
            rendering.remove(&form);
        }
    }

    fn rendering(&self) -> MutexGuard<'_, HashMap<Form, Awaited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The messages of the protobuf format, and how they follow each other.
const PROTOBUF: &[(&str, &str)] = &[
    ("proto", "io.prometheus.client.MetricFamily"),
    ("encoding", "delimited"),
];

/// Takes a rendering off the list, when it has ended or will never begin.
struct Done {
    scrapes: Scrapes,
    form: Form,
    awaited: Awaited,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.scrapes.forget(self.form, &self.awaited);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::sync::mpsc;

    use super::*;

    fn wanted(accept: &'static str, encoding: &'static str) -> (Exposition, bool) {
        let headers = [
            (header::ACCEPT, accept),
            (header::ACCEPT_ENCODING, encoding),
        ];
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name, HeaderValue::from_static(value)));
        let form = Form::wanted(&headers.collect());
        (form.exposition, form.gzip)
    }

    #[test]
    fn prometheus_2_and_3_are_understood() {
        let second = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let third = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                     application/openmetrics-text;version=0.0.1;q=0.5,\
                     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for accept in [second, third] {
            assert_eq!(
                wanted(accept, "gzip"),
                (Exposition::OpenMetrics, true),
                "{accept}"
            );
        }
    }

    #[test]
    fn those_who_know_native_histograms_are_given_them() {
        let second = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.8,\
                      application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.2";
        assert_eq!(wanted(second, ""), (Exposition::Protobuf, false));
        for other in [
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
            "application/vnd.google.protobuf;proto=some.Other;encoding=delimited",
        ] {
            assert_eq!(wanted(other, ""), (Exposition::Text, false), "{other}");
        }
        let equal = "application/vnd.google.protobuf, application/openmetrics-text";
        assert_eq!(wanted(equal, ""), (Exposition::OpenMetrics, false));
    }

    #[test]
    fn text_is_for_everybody_else() {
        for accept in [
            "",
            "*/*",
            "text/html",
            "text/plain",
            "application/openmetrics-text;q=0",
            "nonsense;;q=,",
        ] {
            assert_eq!(wanted(accept, ""), (Exposition::Text, false), "{accept}");
        }
        assert_eq!(wanted("", "gzip;q=0, deflate"), (Exposition::Text, false));
    }

    #[tokio::test]
    async fn scrapers_that_come_while_one_is_rendered_share_it() {
        let registry = Registry::new();
        let (permit, permits) = mpsc::channel();
        let (permits, renderings) = (Mutex::new(permits), Arc::new(AtomicU32::new(0)));
        let rendered = renderings.clone();
        registry.before_reading(move || {
            permits.lock().unwrap().recv().unwrap();
            rendered.fetch_add(1, Relaxed);
        });
        let form = Form {
            exposition: Exposition::Text,
            gzip: false,
        };
        let scrapes = Scrapes::default();

        let join = || scrapes.join_or_start(form, &registry).unwrap();
        let waiting = [join(), join(), join()];
        permit.send(()).unwrap();
        for mut awaited in waiting {
            assert!(awaited.wait_for(Option::is_some).await.is_ok());
        }
        assert_eq!(renderings.load(Relaxed), 1);

        permit.send(()).unwrap();
        assert!(scrapes.text(form, &registry).await.is_some());
        assert_eq!(
            renderings.load(Relaxed),
            2,
            "a later scrape is rendered anew"
        );
    }
}
