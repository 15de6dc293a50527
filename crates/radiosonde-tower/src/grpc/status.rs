//! The status of a call.

use http::{HeaderMap, StatusCode};

/// How a gRPC call ended, as the caller is told: one of the seventeen codes.
///
/// It comes in the trailers of a response, or in its head where there is no message. A response without one has the code
/// that the [gRPC documentation](https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html) gives its HTTP
/// status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrpcStatus(u8);

impl GrpcStatus {
    /// The call succeeded.
    pub const OK: Self = Self(0);
    /// The caller left, or cancelled the call.
    pub const CANCELLED: Self = Self(1);
    /// Nobody knows what went wrong.
    pub const UNKNOWN: Self = Self(2);
    /// There is no such method.
    pub const UNIMPLEMENTED: Self = Self(12);
    /// The service is broken.
    pub const INTERNAL: Self = Self(13);
    /// The service cannot be reached, or is overloaded.
    pub const UNAVAILABLE: Self = Self(14);

    const PERMISSION_DENIED: Self = Self(7);
    const UNAUTHENTICATED: Self = Self(16);

    /// Returns the number of the code, from 0 to 16.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }

    /// Returns the name of the code, such as `DEADLINE_EXCEEDED`: the value of the label `rpc_status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    /// Tells whether the code is an error of the server rather than of who calls it, as the semantic conventions of
    /// OpenTelemetry have it: `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS`.
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        matches!(self.0, 2 | 4 | 12 | 13 | 14 | 15)
    }

    /// Tells whether it may have been said before anybody looked whether there is such a method.
    pub(crate) fn is_of_the_gate(self) -> bool {
        [
            Self::UNIMPLEMENTED,
            Self::UNAUTHENTICATED,
            Self::PERMISSION_DENIED,
        ]
        .contains(&self)
    }

    /// Reads the status from a head or from trailers. One that is no code reads `UNKNOWN`.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get("grpc-status")?.to_str().unwrap_or_default();
        let code = value.parse().ok();
        let code = code.filter(|code| usize::from(*code) < NAMES.len());
        Some(code.map_or(Self::UNKNOWN, Self))
    }

    /// The code of a response that has none of its own.
    pub(crate) fn from_http(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::INTERNAL,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 => Self::UNIMPLEMENTED,
            429 | 502..=504 => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        }
    }
}

const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &'static str) -> Option<&'static str> {
        let value = http::HeaderValue::from_static(value);
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), value)]);
        GrpcStatus::from_headers(&headers).map(GrpcStatus::as_str)
    }

    #[test]
    fn a_code_has_its_name_and_what_is_no_code_is_unknown() {
        assert_eq!(GrpcStatus::from_headers(&HeaderMap::new()), None);
        assert_eq!(read("0"), Some("OK"));
        assert_eq!(read("4"), Some("DEADLINE_EXCEEDED"));
        assert_eq!(read("16"), Some("UNAUTHENTICATED"));
        for odd in ["17", "256", "-1", "", "OK", "1.5"] {
            assert_eq!(read(odd), Some("UNKNOWN"), "{odd}");
        }
    }

    #[test]
    fn six_codes_are_errors_of_the_server() {
        let errors: Vec<_> = (0..17)
            .map(GrpcStatus)
            .filter(|status| status.is_server_error())
            .collect();
        let names: Vec<_> = errors.into_iter().map(GrpcStatus::as_str).collect();
        let expected = [
            "UNKNOWN",
            "DEADLINE_EXCEEDED",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
        ];
        assert_eq!(names, expected);
    }
}
