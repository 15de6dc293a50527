//! The series of one instrument, in an array.

use std::marker::PhantomData;
use std::sync::Arc;

use radiosonde_catalog::{Kind, Metric};

use super::Labels;
use super::label::{number_of_series, values_at};
use crate::Registry;
use crate::canonical::Refusal;

/// A handle for each combination of the labels' values. Clones share them.
#[derive(Debug)]
pub(super) struct Series<T, L> {
    handles: Arc<[T]>,
    labels: PhantomData<fn(L)>,
}

impl<T: Clone, L: Labels> Series<T, L> {
    /// Makes every series of a metric, or handles that record nothing when it is of another kind or has other labels.
    pub(super) fn new(
        registry: &Registry,
        metric: &Metric,
        kind: Kind,
        make: impl Fn(&[&str]) -> T,
        nothing: impl Fn() -> T,
    ) -> Self {
        const {
            assert!(
                number_of_series::<L>() > 0,
                "a label without values leaves a metric without series: give it a value"
            );
        };
        let all = 0..number_of_series::<L>();
        let refusal = if metric.kind() != kind {
            Some(Refusal::NameTaken)
        } else if metric.labels() != L::KEYS {
            Some(Refusal::WrongLabels)
        } else {
            None
        };
        let handles: Arc<[T]> = if let Some(refusal) = refusal {
            registry.refuse(refusal, metric.name());
            let nothing = nothing();
            all.map(|_| nothing.clone()).collect()
        } else {
            all.map(|index| make(&values_at::<L>(index))).collect()
        };
        Self {
            handles,
            labels: PhantomData,
        }
    }

    /// Returns the handle of these values.
    pub(super) fn of(&self, labels: L) -> &T {
        // Never past the end, whatever a label that was written by hand says.
        let last = self.handles.len() - 1;
        &self.handles[labels.place().min(last)]
    }
}

impl<T, L> Clone for Series<T, L> {
    fn clone(&self) -> Self {
        Self {
            handles: self.handles.clone(),
            labels: PhantomData,
        }
    }
}
