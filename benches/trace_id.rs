//! The id of a trace, as a label of prometheus-client's exemplars.

use std::fmt::Write as _;

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

#[derive(Debug, Clone, Copy)]
pub(crate) struct TraceId(pub(crate) [u8; 16]);

impl EncodeLabelValue for TraceId {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        write!(encoder, "{:032x}", u128::from_be_bytes(self.0))
    }
}
