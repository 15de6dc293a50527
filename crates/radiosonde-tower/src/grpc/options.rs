//! What a layer may be told of calls.

/// Marks a layer as one of a gRPC service, or client, and says which methods have a name.
///
/// A method is named `package.Service/Method`. One that is listed in [`methods`](Self::methods) has a name. Without a list
/// a method gets its name when it is first answered, and with a status other than `UNIMPLEMENTED`, `UNAUTHENTICATED` and
/// `PERMISSION_DENIED`, because those are also the answer to methods that do not exist; before, and past
/// [`max_methods`](Self::max_methods), it reads `_OTHER`. So whoever calls what there is not makes no series.
///
/// # Examples
///
/// ```
/// use radiosonde_tower::ObserveOptions;
/// use radiosonde_tower::grpc::GrpcOptions;
///
/// let learned = ObserveOptions::new().grpc(GrpcOptions::new());
///
/// let listed = GrpcOptions::new()
///     .methods(["shop.Orders/Get", "shop.Orders/Watch"])
///     .streams(["shop.Orders/Watch"]);
/// let listed = ObserveOptions::new().grpc(listed);
/// ```
#[derive(Debug, Clone)]
pub struct GrpcOptions {
    pub(super) methods: Option<Vec<String>>,
    pub(super) streams: Vec<String>,
    pub(super) max_methods: usize,
}

impl GrpcOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            methods: None,
            streams: Vec::new(),
            max_methods: 300,
        }
    }

    /// Sets the methods that have a name, such as `shop.Orders/Get`; all others read `_OTHER`.
    ///
    /// Defaults to those that are answered, up to [`max_methods`](Self::max_methods).
    #[must_use]
    pub fn methods<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Adds methods whose responses are streams; they have a name.
    ///
    /// Name those that may send a single message and then wait: of all others it is seen in their first response of
    /// several messages.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn streams<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.streams.extend(methods.into_iter().map(Into::into));
        self
    }

    /// Sets how many methods have a name, where [`methods`](Self::methods) does not list them.
    ///
    /// Defaults to 300.
    #[must_use]
    pub fn max_methods(mut self, max_methods: usize) -> Self {
        self.max_methods = max_methods;
        self
    }
}

impl Default for GrpcOptions {
    fn default() -> Self {
        Self::new()
    }
}
