//! Colours, and the values from which they warn.

/// A colour of Grafana's palette, which themes adapt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    Green,
    Blue,
    Yellow,
    Orange,
    Red,
    Purple,
}

impl Color {
    /// Returns what Grafana calls it.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Purple => "purple",
        }
    }
}

/// How good a value is: from each limit upwards, up to the next, it has a colour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thresholds {
    /// The colour below every limit.
    pub(crate) base: Color,
    pub(crate) limits: Vec<(f64, Color)>,
}

impl Thresholds {
    /// Says nothing about values.
    pub(crate) fn none() -> Self {
        Self {
            base: Color::Blue,
            limits: Vec::new(),
        }
    }

    /// Warns of large values.
    pub(crate) fn high(orange: f64, red: f64) -> Self {
        Self {
            base: Color::Green,
            limits: vec![(orange, Color::Orange), (red, Color::Red)],
        }
    }

    /// Warns of small values: of those below `orange`, and more so of those below `red`.
    pub(crate) fn low(red: f64, orange: f64) -> Self {
        Self {
            base: Color::Red,
            limits: vec![(red, Color::Orange), (orange, Color::Green)],
        }
    }
}
