//! Stories: what happens to a few series, so that an alert stays silent, fires and clears.

use std::time::Duration;

/// Three stretches of time: calm, bad, calm again. At the end of each it is asked whether the alert fires.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    /// How many minutes each stretch takes.
    pub(crate) minutes: [u32; 3],
    /// How often rules are evaluated.
    pub(crate) step_minutes: u32,
    /// Whether it fires at the end of each stretch.
    pub(crate) fires: [bool; 3],
    pub(crate) inputs: Vec<Input>,
    /// What else may happen, by what it is called.
    others: Vec<(&'static str, Story)>,
}

impl Story {
    /// Tells of these series: half an hour calm, three quarters bad, an hour calm again.
    pub(crate) fn of(inputs: impl IntoIterator<Item = Input>) -> Self {
        Self {
            minutes: [30, 45, 60],
            step_minutes: 1,
            fires: [false, true, false],
            inputs: inputs.into_iter().collect(),
            others: Vec::new(),
        }
    }

    /// Adds another story of the same alert.
    pub(crate) fn and(mut self, name: &'static str, other: Self) -> Self {
        self.others.push((name, other));
        self
    }

    /// Adds the story of a process that is new and does not know of the time which this one is about; not when it is longer ago
    /// than is looked back for.
    pub(crate) fn and_forgotten(self, series: impl Into<String>) -> Self {
        const REMEMBERED: u32 = 7 * 24 * 60;
        let [_, bad, _] = self.minutes;
        if bad >= REMEMBERED {
            return self;
        }
        let restarted = Self::of([Input::forgotten_time(series)]);
        let restarted = restarted.lasting(self.minutes, self.step_minutes);
        self.and("restarted meanwhile", restarted)
    }

    /// Adds the stories of a counter that is born above 0: in a service that was there before, which is an event, and in one that
    /// nobody has asked before, which is none.
    pub(crate) fn and_born(self, series: &str) -> Self {
        let up = r#"up{instance="a"}"#;
        let born = |up| {
            let story = Self::of([Input::appears(series), up]);
            // It is an event of a few minutes, and as long as the alert holds.
            story.lasting([30, 1, 60], 1)
        };
        self.and("born above 0", born(Input::is(up, 1.0, 1.0)))
            .and("new to Prometheus", born(Input::appears(up)).silent())
    }

    /// Says that the alert never fires.
    pub(crate) fn silent(mut self) -> Self {
        self.fires = [false; 3];
        self
    }

    /// Returns the stories that it consists of, each by its name; the first has none.
    pub(crate) fn each(mut self) -> impl Iterator<Item = (Option<&'static str>, Self)> {
        let others = std::mem::take(&mut self.others).into_iter();
        let others = others.map(|(name, other)| (Some(name), other));
        [(None, self)].into_iter().chain(others)
    }

    /// Sets how long each stretch takes, and how often rules are evaluated meanwhile.
    pub(crate) fn lasting(mut self, minutes: [u32; 3], step_minutes: u32) -> Self {
        self.minutes = minutes.map(|length| length.next_multiple_of(step_minutes));
        self.step_minutes = step_minutes;
        self
    }

    /// Tells of a week as usual, an hour at another rate, and an hour as usual.
    pub(crate) fn weekly(self) -> Self {
        const WEEK: u32 = 7 * 24 * 60;
        self.lasting([WEEK + 60, 60, 60], 15)
    }

    /// Tells of a day as usual, an hour at another rate, and an hour as usual.
    pub(crate) fn daily(self) -> Self {
        const DAY: u32 = 24 * 60;
        self.lasting([DAY + 60, 60, 60], 5)
    }

    /// Lets the bad stretch take longer by what was set as the time for which the alert holds.
    pub(crate) fn held(mut self, hold: Option<Duration>) -> Self {
        let minutes = hold.map_or(0, |hold| hold.as_secs().div_ceil(60));
        let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
        self.minutes[1] += minutes.next_multiple_of(self.step_minutes);
        let others = self.others.into_iter();
        self.others = others
            .map(|(name, other)| (name, other.held(hold)))
            .collect();
        self
    }

    /// Says that the alert fires all the time.
    pub(crate) fn always(mut self) -> Self {
        self.fires = [true; 3];
        self
    }

    /// Returns the minutes at which it is asked: in the last step of each stretch.
    pub(crate) fn ends(&self) -> [u32; 3] {
        let [calm, bad, after] = self.minutes;
        [calm, calm + bad, calm + bad + after].map(|end| end - self.step_minutes)
    }
}

/// One series of a story.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// The series in the default spelling, without `job`.
    pub(crate) series: String,
    kind: Kind,
    /// By how much it grows each minute afterwards, when not as before.
    after: Option<f64>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Grows by so much each minute.
    Grows { calm: f64, bad: f64 },
    /// Has this value.
    Is { calm: f64, bad: f64 },
    /// Is 1, and absent while it is bad.
    Vanishes,
    /// Grows by so much each minute, is absent while it is bad, and starts over.
    Stops(f64),
    /// Is 1 while it is bad, and absent otherwise.
    Appears,
    /// Is the time, and stands still while it is bad.
    Clock,
    /// Is the time, and 0 while it is bad.
    Forgets,
    /// Is a native histogram whose buckets, from this power of two on, grow by so much each minute.
    Native { first: i32, rates: [Vec<f64>; 2] },
}

impl Input {
    /// A counter that grows by so much per second.
    pub(crate) fn per_second(series: impl Into<String>, calm: f64, bad: f64) -> Self {
        let (calm, bad) = (calm * 60.0, bad * 60.0);
        Self::new(series, Kind::Grows { calm, bad })
    }

    /// A gauge of these values.
    pub(crate) fn is(series: impl Into<String>, calm: f64, bad: f64) -> Self {
        Self::new(series, Kind::Is { calm, bad })
    }

    /// A gauge that is 1, and absent while it is bad.
    pub(crate) fn vanishes(series: impl Into<String>) -> Self {
        Self::new(series, Kind::Vanishes)
    }

    /// A counter that grows by so much per second, and is absent while it is bad: the process is new, and has not counted yet.
    pub(crate) fn stops(series: impl Into<String>, per_second: f64) -> Self {
        Self::new(series, Kind::Stops(per_second * 60.0))
    }

    /// A gauge that is 1 while it is bad, and absent otherwise.
    pub(crate) fn appears(series: impl Into<String>) -> Self {
        Self::new(series, Kind::Appears)
    }

    /// A gauge that is the time of something that happens all the time, save while it is bad.
    pub(crate) fn last_time(series: impl Into<String>) -> Self {
        Self::new(series, Kind::Clock)
    }

    /// The same, where the process is new while it is bad, and has not seen it happen.
    pub(crate) fn forgotten_time(series: impl Into<String>) -> Self {
        Self::new(series, Kind::Forgets)
    }

    /// A histogram of which so many values per second fall into each bucket, in the order of its bounds, `+Inf` last.
    pub(crate) fn buckets(
        series: &str,
        labels: &str,
        bounds: &[(&str, f64, f64)],
    ) -> impl Iterator<Item = Self> {
        let sums = bounds.iter().scan((0.0, 0.0), |sums, (bound, calm, bad)| {
            *sums = (sums.0 + calm, sums.1 + bad);
            Some((*bound, sums.0, sums.1))
        });
        sums.map(|(bound, calm, bad)| {
            let series = format!("{series}_bucket{{{labels}le=\"{bound}\"}}");
            Self::per_second(series, calm, bad)
        })
        .collect::<Vec<_>>()
        .into_iter()
    }

    /// A native histogram of which so many values per second fall into each bucket, while it is calm and while it is bad; the
    /// first bucket ends at two to the power of `first`, each other one at twice the end of the one before.
    pub(crate) fn native(series: &str, labels: &str, first: i32, rates: [Vec<f64>; 2]) -> Self {
        let series = format!("{series}{{{}}}", labels.trim_end_matches(','));
        let a_minute = |rates: Vec<f64>| rates.iter().map(|rate| rate * 60.0).collect();
        let rates = rates.map(a_minute);
        Self::new(series, Kind::Native { first, rates })
    }

    /// Returns by how much a counter grows per second, while it is calm and while it is bad.
    #[cfg(test)]
    pub(crate) fn rates(&self) -> Option<(f64, f64)> {
        match self.kind {
            Kind::Grows { calm, bad } => Some((calm / 60.0, bad / 60.0)),
            _ => None,
        }
    }

    fn new(series: impl Into<String>, kind: Kind) -> Self {
        Self {
            series: series.into(),
            kind,
            after: None,
        }
    }

    /// Lets a counter grow by so much per second after the bad stretch, instead of as before it.
    pub(crate) fn then(mut self, per_second: f64) -> Self {
        self.after = Some(per_second * 60.0);
        self
    }

    /// Returns the values, one a minute, as promtool reads them.
    pub(crate) fn values(&self, minutes: [u32; 3]) -> String {
        let [calm, bad, after] = minutes;
        match &self.kind {
            &Kind::Grows {
                calm: slow,
                bad: fast,
            } => {
                let first = f64::from(calm) * slow;
                let second = first + f64::from(bad) * fast;
                [
                    line(0.0, slow, calm),
                    line(first, fast, bad),
                    line(second, self.after.unwrap_or(slow), after),
                ]
                .join(" ")
            }
            &Kind::Is {
                calm: low,
                bad: high,
            } => [
                line(low, 0.0, calm),
                line(high, 0.0, bad),
                line(low, 0.0, after),
            ]
            .join(" "),
            Kind::Vanishes => {
                format!("{} _x{bad} {}", line(1.0, 0.0, calm), line(1.0, 0.0, after))
            }
            &Kind::Stops(slope) => {
                let [before, after] = [calm, after].map(|length| line(0.0, slope, length));
                format!("{before} _x{bad} {after}")
            }
            Kind::Appears => format!("_x{calm} {} _x{after}", line(1.0, 0.0, bad)),
            Kind::Clock => {
                let (first, second) = (60 * calm, 60 * (calm + bad));
                [
                    // Time 0 would mean that it never happened.
                    line(1.0, 60.0, calm),
                    line(f64::from(first), 0.0, bad),
                    line(f64::from(second), 60.0, after),
                ]
                .join(" ")
            }
            Kind::Forgets => {
                let end = f64::from(60 * (calm + bad));
                let [before, bad] = [line(1.0, 60.0, calm), line(0.0, 0.0, bad)];
                format!("{before} {bad} {}", line(end, 60.0, after))
            }
            Kind::Native {
                first,
                rates: [slow, fast],
            } => {
                // Each by itself: promtool 2.53 reads nothing behind a histogram that is repeated.
                let stretches = [(slow, calm), (fast, bad), (slow, after)];
                let steps = stretches
                    .into_iter()
                    .flat_map(|(rates, length)| (0..length).map(move |_| rates));
                let mut counts = vec![0.0; slow.len()];
                let values = steps.map(|rates| {
                    let value = native(*first, &counts);
                    for (count, rate) in counts.iter_mut().zip(rates) {
                        *count += rate;
                    }
                    value
                });
                values.collect::<Vec<_>>().join(" ")
            }
        }
    }
}

/// Writes a native histogram as promtool reads it. What its values add up to is not asked.
fn native(first: i32, counts: &[f64]) -> String {
    let counts = counts.iter().map(|count| rounded(*count));
    let count = rounded({ counts.clone() }.sum());
    let counts: Vec<_> = counts.map(|count| count.to_string()).collect();
    let buckets = counts.join(" ");
    format!("{{{{schema:0 sum:{count} count:{count} buckets:[{buckets}] offset:{first}}}}}")
}

/// Returns `length` values on a line that starts at `start`. Running totals are written out, because each stretch starts
/// over.
fn line(start: f64, slope: f64, length: u32) -> String {
    let times = length.saturating_sub(1);
    format!("{}+{}x{times}", rounded(start), rounded(slope))
}

/// Rounds away what binary fractions add, so that the text is as short as the number.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_goes_on_from_where_it_was() {
        let input = Input::per_second("x_total", 1.0, 0.1);
        assert_eq!(input.values([3, 2, 2]), "0+60x2 180+6x1 192+60x1");
    }

    #[test]
    fn a_gauge_returns_to_what_it_was() {
        assert_eq!(
            Input::is("x", 1.0, 0.0).values([2, 3, 1]),
            "1+0x1 0+0x2 1+0x0"
        );
        assert_eq!(Input::vanishes("x").values([2, 3, 1]), "1+0x1 _x3 1+0x0");
        assert_eq!(Input::stops("x", 0.1).values([2, 3, 1]), "0+6x1 _x3 0+6x0");
    }

    #[test]
    fn a_clock_stands_still() {
        assert_eq!(
            Input::last_time("x").values([2, 2, 2]),
            "1+60x1 120+0x1 240+60x1"
        );
        assert_eq!(
            Input::forgotten_time("x").values([2, 2, 2]),
            "1+60x1 0+0x1 240+60x1"
        );
    }

    #[test]
    fn buckets_hold_what_lies_below_them() {
        let buckets = Input::buckets("x", "a=\"b\",", &[("1", 1.0, 0.0), ("+Inf", 0.0, 2.0)]);
        let series: Vec<_> = buckets
            .map(|input| (input.series.clone(), input.values([2, 2, 2])))
            .collect();
        assert_eq!(series[0].0, "x_bucket{a=\"b\",le=\"1\"}");
        assert_eq!(series[1].1, "0+60x1 120+120x1 360+60x1");
    }

    #[test]
    fn a_native_histogram_goes_on_from_where_it_was() {
        let input = Input::native("x", "a=\"b\",", -1, [vec![1.0, 0.0], vec![0.5, 0.5]]);
        assert_eq!(input.series, "x{a=\"b\"}");
        let histogram = |(count, buckets)| {
            format!("{{{{schema:0 sum:{count} count:{count} buckets:[{buckets}] offset:-1}}}}")
        };
        let values = [(0, "0 0"), (60, "60 0"), (120, "90 30"), (180, "120 60")];
        assert_eq!(input.values([1, 2, 1]), values.map(histogram).join(" "));
    }

    #[test]
    fn it_is_asked_in_the_last_step_of_each_stretch() {
        assert_eq!(Story::of([]).ends(), [29, 74, 134]);
        assert_eq!(Story::of([]).lasting([10, 20, 31], 15).ends(), [0, 30, 75]);
    }
}
