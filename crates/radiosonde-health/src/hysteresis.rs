//! When a run of results changes what we think of a dependency.
//!
//! One lost packet is no outage, and one answer is no recovery: a *verdict* turns only after several results against it
//! in a row. Any result in its favour starts the count again, so that failures spread over days never add up.

/// What the results so far say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is no result yet.
    Unknown,
    Passing,
    Failing,
}

/// The verdict, and how many results in a row speak against it.
///
/// The first result decides at once, whichever it is: a success shows that the dependency works, and after a failure
/// nothing has ever shown that it does.
#[derive(Debug, Clone)]
pub(crate) struct Hysteresis {
    failure_threshold: u32,
    success_threshold: u32,
    verdict: Verdict,
    against: u32,
}

impl Hysteresis {
    pub(crate) fn new(failure_threshold: u32, success_threshold: u32) -> Self {
        Self {
            failure_threshold,
            success_threshold,
            verdict: Verdict::Unknown,
            against: 0,
        }
    }

    /// Takes the next result and returns the new verdict, if it is another.
    pub(crate) fn record(&mut self, passed: bool) -> Option<Verdict> {
        let (result, threshold) = if passed {
            (Verdict::Passing, self.success_threshold)
        } else {
            (Verdict::Failing, self.failure_threshold)
        };
        if result == self.verdict {
            self.against = 0;
            return None;
        }
        self.against += 1;
        if self.verdict != Verdict::Unknown && self.against < threshold {
            return None;
        }
        self.verdict = result;
        self.against = 0;
        Some(result)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Tells whether the dependency passes and its last result says so too.
    pub(crate) fn is_settled(&self) -> bool {
        self.verdict == Verdict::Passing && self.against == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, read backwards: the verdict is what the latest run of results said that was long enough to
    /// decide; before there is one, it is what the first result said.
    fn model(results: &[bool], failures: u32, successes: u32) -> Verdict {
        let decided = (1..=results.len()).rev().find_map(|end| {
            let last = results[end - 1];
            let needed = if last { successes } else { failures } as usize;
            let run = results[..end]
                .iter()
                .rev()
                .take_while(|result| **result == last);
            (run.count() >= needed).then_some(last)
        });
        match decided.or(results.first().copied()) {
            None => Verdict::Unknown,
            Some(true) => Verdict::Passing,
            Some(false) => Verdict::Failing,
        }
    }

    proptest! {
        #[test]
        fn the_verdict_equals_its_definition_after_every_result(
            results in prop::collection::vec(any::<bool>(), 0..200),
            failures in 1u32..6,
            successes in 1u32..6,
        ) {
            let mut hysteresis = Hysteresis::new(failures, successes);
            for (n, passed) in results.iter().enumerate() {
                let before = hysteresis.verdict();
                let turned = hysteresis.record(*passed);
                let expected = model(&results[..=n], failures, successes);
                prop_assert_eq!(hysteresis.verdict(), expected);
                prop_assert_eq!(turned, (before != expected).then_some(expected));
                prop_assert_eq!(hysteresis.is_settled(), *passed && expected == Verdict::Passing);
            }
        }
    }

    /// The same definition, read forwards and by other means: the last results as bits, the latest lowest.
    struct Reference {
        history: u64,
        length: u32,
        passing: bool,
        failures: u32,
        successes: u32,
    }

    impl Reference {
        fn record(&mut self, passed: bool) -> Verdict {
            self.history = self.history << 1 | u64::from(passed);
            self.length += 1;
            let last = |n: u32| self.history & ((1 << n) - 1);
            let all_passed = |n: u32| self.length >= n && last(n) == (1 << n) - 1;
            let all_failed = |n: u32| self.length >= n && last(n) == 0;
            if self.length == 1 || all_passed(self.successes) || all_failed(self.failures) {
                self.passing = passed;
            }
            if self.passing {
                Verdict::Passing
            } else {
                Verdict::Failing
            }
        }
    }

    /// `RADIOSONDE_TEST_FULL_SIZE=1` makes each as long as the promise has it, 10 000 results, which takes minutes.
    #[test]
    fn a_hundred_thousand_random_sequences_never_leave_the_reference() {
        let length = radiosonde_testkit::size(100, 10_000);
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..100_000 {
            let (failures, successes) = (random.u32(1..6), random.u32(1..6));
            // Long runs of either result, and every mixture between.
            let share = random.u8(..);
            let mut hysteresis = Hysteresis::new(failures, successes);
            let mut reference = Reference {
                history: 0,
                length: 0,
                passing: false,
                failures,
                successes,
            };
            for step in 0..length {
                let passed = random.u8(..) >= share;
                hysteresis.record(passed);
                let expected = reference.record(passed);
                assert_eq!(
                    hysteresis.verdict(),
                    expected,
                    "{failures}, {successes}, {step}"
                );
            }
        }
    }

    #[test]
    fn the_first_result_decides() {
        assert_eq!(Hysteresis::new(3, 2).record(true), Some(Verdict::Passing));
        assert_eq!(Hysteresis::new(3, 2).record(false), Some(Verdict::Failing));
    }

    #[test]
    fn failures_that_a_success_divides_do_not_add_up() {
        let mut hysteresis = Hysteresis::new(3, 2);
        for passed in [true, false, false, true, false, false, true] {
            hysteresis.record(passed);
        }
        assert_eq!(hysteresis.verdict(), Verdict::Passing);
    }
}
