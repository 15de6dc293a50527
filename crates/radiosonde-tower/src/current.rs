//! The request that a thread works for.
//!
//! What follows requests keeps what it knows of one here, so that a log line, a report or a call to another service finds it while
//! the request's code runs. It goes with the request from thread to thread: a thread that polls it takes it over, and gives
//! it back afterwards. What was kept for a request that has ended is used again for the next one.

use std::cell::{Cell, RefCell};
use std::fmt;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri};
use radiosonde_metrics::SampledSpan;

use crate::observer::{Entered, Scope};
use crate::quiet::quietly;

/// A request in flight, as those who follow it know it.
///
/// There is one for each request that an [`Observer`](crate::Observer) follows. [`with_current_request`] finds that of the
/// thread.
pub struct CurrentRequest {
    method: &'static str,
    route: &'static str,
    target: String,
    span: Option<SpanIds>,
    extensions: Extensions,
    response_headers: Vec<(HeaderName, HeaderValue)>,
    /// The scopes of those observers that have one, by the place of the observer.
    scopes: Vec<(usize, Box<dyn Scope>)>,
}

/// The ids of a request's span, or of the one that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanIds {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    sampled: bool,
}

/// Runs `look` with the request that this thread works for, if it works for one that is followed.
///
/// Returns `None` as well where it is being looked at further up the stack, and on a thread that is ending.
///
/// # Examples
///
/// ```
/// use radiosonde_tower::with_current_request;
///
/// let route = with_current_request(|request| request.route());
/// assert_eq!(route, None);
/// ```
#[inline]
pub fn with_current_request<T>(look: impl FnOnce(&mut CurrentRequest) -> T) -> Option<T> {
    let look = |current: &Cell<Followed>| {
        let mut looked_at = LookedAt {
            request: current.take(),
            current,
        };
        looked_at.request.as_deref_mut().map(look)
    };
    CURRENT.try_with(look).ok().flatten()
}

/// The request of this thread while somebody looks at it: nobody else has it meanwhile, and a panic gives it back.
struct LookedAt<'a> {
    request: Followed,
    current: &'a Cell<Followed>,
}

impl Drop for LookedAt<'_> {
    #[inline]
    fn drop(&mut self) {
        self.current.swap(Cell::from_mut(&mut self.request));
    }
}

impl CurrentRequest {
    /// Takes one that is free, or makes one.
    pub(crate) fn of(method: &'static str, route: &'static str) -> Box<Self> {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
        let mut current = spare.ok().flatten().unwrap_or_else(Self::empty);
        (current.method, current.route) = (method, route);
        current
    }

    // Nobody else makes one: it could be exchanged for the one that is lent to them, with what is to be closed in it.
    fn empty() -> Box<Self> {
        Box::new(Self {
            method: "",
            route: "",
            target: String::new(),
            span: None,
            extensions: Extensions::new(),
            response_headers: Vec::new(),
            scopes: Vec::new(),
        })
    }

    /// Forgets the request, and keeps what it took for another.
    pub(crate) fn release(mut self: Box<Self>) {
        // Outside of what keeps the spare ones: what is dropped here is not ours.
        self.scopes.clear();
        self.response_headers.clear();
        self.extensions.clear();
        self.span = None;
        self.target.clear();
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < MOST_SPARE {
                spare.push(self);
            }
        });
    }

    /// Returns the method as labels have it: `_OTHER` when it is not a known one.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Returns the template that matched, empty when none did.
    #[must_use]
    pub fn route(&self) -> &'static str {
        self.route
    }

    /// Returns path and query, if someone [kept](Self::keep_target) them: the first 1 024 bytes. The query may hold secrets.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Keeps path and query of the request for those who ask later, when it is with the handler.
    pub fn keep_target(&mut self, uri: &Uri) {
        let target = uri.path_and_query().map_or("", |target| target.as_str());
        let end = target.floor_char_boundary(MAX_TARGET);
        self.target.clear();
        self.target.push_str(&target[..end]);
    }

    /// Returns the ids of its span, if it was given some.
    #[must_use]
    pub fn span(&self) -> Option<SpanIds> {
        self.span
    }

    /// Gives it the ids of its span. A sampled one becomes the exemplar of its duration.
    pub fn set_span(&mut self, span: SpanIds) {
        self.span = Some(span);
    }

    /// Adds a header to the response, if there will be one; it replaces one of the same name.
    ///
    /// To be called before the head of the response is there. Later it does nothing.
    pub fn add_response_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.response_headers.push((name, value));
    }

    /// Returns what was left with it. Takes room only when something is.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Returns what was left with it, to leave something more.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// Tells whether something was left with it.
    #[inline]
    pub(crate) fn has_extensions(&self) -> bool {
        !self.extensions.is_empty()
    }

    /// Tells whether something is to be added to the head of the response.
    #[inline]
    pub(crate) fn marks_response(&self) -> bool {
        !self.response_headers.is_empty()
    }

    /// Adds to the head of the response what is to be there.
    pub(crate) fn mark(&mut self, headers: &mut HeaderMap) {
        for (name, value) in self.response_headers.drain(..) {
            // A map that can hold no more keeps what it has.
            let _ = headers.try_insert(name, value);
        }
    }

    pub(crate) fn add_scope(&mut self, place: usize, scope: Box<dyn Scope>) {
        self.scopes.push((place, scope));
    }

    /// Shows the headers of the response to all scopes.
    pub(crate) fn show_head(&self, headers: &HeaderMap) {
        for (_, scope) in &self.scopes {
            quietly(|| scope.head(headers));
        }
    }

    pub(crate) fn has_scopes(&self) -> bool {
        !self.scopes.is_empty()
    }

    /// Takes the scope of the observer in this place, if it has one and those after it have none any more.
    pub(crate) fn take_scope(&mut self, place: usize) -> Option<Box<dyn Scope>> {
        let last = self.scopes.pop_if(|(of, _)| *of == place);
        last.map(|(_, scope)| scope)
    }

    pub(crate) fn sampled_span(&self) -> Option<SampledSpan> {
        let span = self.span.filter(|span| span.sampled)?;
        Some(SampledSpan::new(span.trace_id, span.span_id))
    }
}

impl fmt::Debug for CurrentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the target: its query may hold secrets.
        f.debug_struct("CurrentRequest")
            .field("method", &self.method)
            .field("route", &self.route)
            .field("span", &self.span)
            .finish_non_exhaustive()
    }
}

impl SpanIds {
    /// Takes the ids as W3C Trace Context has them, in network order, and whether the span is sampled.
    #[must_use]
    pub const fn new(trace_id: [u8; 16], span_id: [u8; 8], sampled: bool) -> Self {
        Self {
            trace_id,
            span_id,
            sampled,
        }
    }

    /// Returns the id of the trace.
    #[must_use]
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// Returns the id of the span.
    #[must_use]
    pub const fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// Tells whether the span is sampled: recorded here or further up the trace.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// What is known of a request, where anybody follows it.
pub(crate) type Followed = Option<Box<CurrentRequest>>;

/// Runs `code` with a request as the current one of this thread, where anybody follows it.
#[inline]
pub(crate) fn within<T>(place: &mut Followed, code: impl FnOnce() -> T) -> T {
    // A request that nobody follows passes by in one comparison, and carries nothing of what is to be undone.
    if place.is_none() {
        return code();
    }
    within_followed(place, code)
}

#[inline(never)]
fn within_followed<T>(place: &mut Followed, code: impl FnOnce() -> T) -> T {
    if place.as_ref().is_some_and(|current| current.has_scopes()) {
        return within_scopes(place, code);
    }
    let _within = Within::change_places(place);
    code()
}

#[inline(never)]
fn within_scopes<T>(place: &mut Followed, code: impl FnOnce() -> T) -> T {
    let scopes = place.as_ref().map_or(&[][..], |current| &current.scopes);
    // Left after the thread has given the request back.
    let _scopes = Guards::enter(scopes);
    let _within = Within::change_places(place);
    code()
}

/// Makes a request the current one of this thread until it is dropped. Meanwhile its own place keeps the one that the
/// thread worked for before.
struct Within<'a> {
    place: &'a mut Followed,
    /// Whether they changed places. If not, its code runs outside of it.
    exchanged: bool,
}

impl<'a> Within<'a> {
    #[inline]
    fn change_places(place: &'a mut Followed) -> Self {
        Self {
            exchanged: exchange(place),
            place,
        }
    }
}

impl Drop for Within<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.exchanged {
            exchange(self.place);
        }
    }
}

/// Exchanges a request with the one that this thread works for. Returns whether it did: not on a thread that is ending.
#[inline]
fn exchange(request: &mut Followed) -> bool {
    let request = Cell::from_mut(request);
    CURRENT.try_with(|current| current.swap(request)).is_ok()
}

/// The scopes that are entered. Hardly any request has two, and one takes no room of its own.
struct Guards {
    // Left last.
    _first: Entered,
    others: Vec<Entered>,
}

impl Guards {
    fn enter(scopes: &[(usize, Box<dyn Scope>)]) -> Option<Self> {
        let ((_, first), rest) = scopes.split_first()?;
        let first = first.enter();
        let mut others = Vec::new();
        for (_, scope) in rest {
            others.push(scope.enter());
        }
        Some(Self {
            _first: first,
            others,
        })
    }
}

impl Drop for Guards {
    fn drop(&mut self) {
        while self.others.pop().is_some() {}
    }
}

thread_local! {
    static CURRENT: Cell<Followed> = const { Cell::new(None) };
    /// Those of requests that have ended.
    #[expect(clippy::vec_box, reason = "the boxes are what is used again")]
    static SPARE: RefCell<Vec<Box<CurrentRequest>>> = const { RefCell::new(Vec::new()) };
}

/// How many a thread keeps for requests to come.
const MOST_SPARE: usize = 64;

const MAX_TARGET: usize = 1_024;
