//! A share of traces, chosen by their ids.

use opentelemetry::trace::TraceId;

/// Has a share of all traces: the same ones in every service that has the same share, and among those of a larger one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// Ids below this are in it.
    below: u64,
}

impl Share {
    /// Makes a share from 0 to 1; what is beyond is cut off.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a float that is beyond the range is cut off, and 2^-53 of all traces is none"
    )]
    pub(super) fn new(ratio: f64) -> Self {
        let below = ratio.clamp(0.0, 1.0) * (ALL as f64);
        Self {
            below: below as u64,
        }
    }

    /// Tells whether a trace is in it, by the half of its id that is random in every format.
    pub(super) fn has(self, trace_id: TraceId) -> bool {
        let [.., low] = *trace_id.to_bytes().as_chunks::<8>().0 else {
            return false;
        };
        u64::from_be_bytes(low) >> 1 < self.below
    }
}

/// How many ids there are: of the lower half of one, the highest bit is left out.
const ALL: u64 = 1 << 63;
