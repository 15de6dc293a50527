//! Which parts of an event are scrubbed.

use serde_json::Value;

use super::event::{Event, Request};
use super::scrub::{self, FILTERED};

/// Replaces what may be a secret wherever somebody else wrote it: in messages, in the fields of logged events, in what is told
/// of the request. What the service itself has set, tags among it, is left as it is.
///
/// Unless `personal` data is told, a header that names a person or an address is replaced as well.
pub(super) fn scrub(event: &mut Event, personal: bool) {
    event.message.iter_mut().for_each(text);
    for exception in &mut event.exception.0 {
        text(&mut exception.value);
    }
    for (name, value) in event.extra.iter_mut() {
        field(name, value);
    }
    for breadcrumb in &mut event.breadcrumbs.0 {
        breadcrumb.message.iter_mut().for_each(text);
        for (name, value) in breadcrumb.data.iter_mut() {
            field(name, value);
        }
    }
    if let Some(told) = &mut event.request {
        request(told, personal);
    }
}

/// Scrubs a field by its name, else by what it holds.
fn field(name: &str, value: &mut Value) {
    if scrub::is_secret(name) {
        *value = FILTERED.into();
    } else if let Value::String(value) = value {
        text(value);
    }
}

fn text(text: &mut String) {
    if let std::borrow::Cow::Owned(scrubbed) = scrub::text(text) {
        *text = scrubbed;
    }
}

fn request(request: &mut Request, personal: bool) {
    request.url.iter_mut().for_each(text);
    if let Some(query) = &mut request.query_string {
        *query = scrub::query(query).into_owned();
    }
    for (name, value) in &mut request.headers {
        *value = if scrub::is_personal(name) && !personal {
            FILTERED.into()
        } else {
            scrub::header(name, value).into_owned()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Level;
    use crate::errors::breadcrumbs::Breadcrumb;
    use crate::errors::event::Exception;
    use crate::errors::fields::Fields;

    #[test]
    fn every_part_that_others_wrote_is_scrubbed() {
        let mut event = Event::new(Level::Error);
        event.message = Some("password=s3cret".into());
        event.exception.0.push(Exception {
            kind: "panic".into(),
            value: "postgres://app:s3cret@db".into(),
            mechanism: None,
            stacktrace: None,
        });
        event.extra.insert("token", 53_737);
        event.extra.insert("url", "http://host?key=s3cret");
        event.request = Some(Request {
            method: "GET".into(),
            url: Some("/reset/token/s3cret".into()),
            query_string: Some("sid=s3cret&page=2".into()),
            headers: [
                ("x-api-key".into(), "s3cret".into()),
                ("x-forwarded-for".into(), "s3cret".into()),
            ]
            .into(),
        });
        let mut data = Fields::default();
        data.insert("pwd", "s3cret");
        event.breadcrumbs.0.push(Breadcrumb {
            timestamp: std::time::SystemTime::now(),
            level: Level::Info,
            category: "checkout".into(),
            message: Some("token=s3cret".into()),
            data,
        });
        scrub(&mut event, false);
        let text = serde_json::to_string(&event).unwrap();
        assert!(!text.contains("s3cret"), "{text}");
        assert_eq!(text.matches(FILTERED).count(), 10, "{text}");
        assert!(text.contains("page=2"), "{text}");
    }
}
