//! The number that a sweep reads from each run: the last, lowest or highest value of a curve, or the step at
//! which the curve crosses a value.

use crate::core::query::shorten;
use std::fmt;
use thiserror::Error;

/// The error for a measure that cannot be read; it has the text, shortened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "measure={0} is not understood: write a curve's name, followed by last, lowest, highest, below:VALUE or above:VALUE."
)]
pub struct MeasureError(String);

/// A number taken from a run: a curve reduced to one value, or a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The name of a curve or a metric, without the network's suffix.
    pub name: String,
    /// The reduction of the curve to a number.
    pub reduce: Reduce,
}

/// A reduction of a curve to a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduce {
    /// The last value.
    Last,
    /// The minimum.
    Lowest,
    /// The maximum.
    Highest,
    /// The first step at which the curve is below a value.
    Below(f64),
    /// The first step at which the curve is above a value.
    Above(f64),
}

impl Measure {
    /// Reads `accuracy`, `accuracy:highest`, `loss:lowest` or `loss:below:0.5`.
    ///
    /// # Errors
    ///
    /// Fails if the text has another form.
    pub fn read(text: &str) -> Result<Self, MeasureError> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default().trim();
        let wrong = || MeasureError(shorten(text));
        let number =
            |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok()).filter(|y| y.is_finite());
        let reduce = match (parts.next(), parts.next()) {
            (None | Some("last"), None) => Reduce::Last,
            (Some("lowest"), None) => Reduce::Lowest,
            (Some("highest"), None) => Reduce::Highest,
            (Some("below"), value) => Reduce::Below(number(value).ok_or_else(wrong)?),
            (Some("above"), value) => Reduce::Above(number(value).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        };
        if name.is_empty() { Err(wrong()) } else { Ok(Self { name: shorten(name), reduce }) }
    }

    /// Returns the measure of a curve, or `None` if the curve has no points or never crosses the value.
    pub fn of(&self, points: &[(f64, f64)]) -> Option<f64> {
        let finite = || points.iter().filter(|point| point.1.is_finite());
        match self.reduce {
            Reduce::Last => finite().next_back().map(|point| point.1),
            Reduce::Lowest => finite().map(|point| point.1).reduce(f64::min),
            Reduce::Highest => finite().map(|point| point.1).reduce(f64::max),
            Reduce::Below(y) => finite().find(|point| point.1 < y).map(|point| point.0),
            Reduce::Above(y) => finite().find(|point| point.1 > y).map(|point| point.0),
        }
    }

    /// Returns the title of the measure, from the title of its curve or metric.
    pub fn words(&self, title: &str) -> String {
        match self.reduce {
            Reduce::Last => title.to_owned(),
            Reduce::Lowest => format!("{title}, lowest"),
            Reduce::Highest => format!("{title}, highest"),
            Reduce::Below(y) => format!("steps until {title} is below {y}"),
            Reduce::Above(y) => format!("steps until {title} is above {y}"),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reduce {
            Reduce::Last => write!(f, "{}", self.name),
            Reduce::Lowest => write!(f, "{}:lowest", self.name),
            Reduce::Highest => write!(f, "{}:highest", self.name),
            Reduce::Below(y) => write!(f, "{}:below:{y}", self.name),
            Reduce::Above(y) => write!(f, "{}:above:{y}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::core::measure::*;
    use proptest::prelude::*;

    #[test]
    fn each_measure_reduces_a_known_curve() {
        let points = [(1.0, 2.0), (2.0, 0.4), (3.0, 0.9), (4.0, f64::NAN)];
        let of = |text: &str| Measure::read(text).unwrap().of(&points);
        assert_eq!(of("loss"), Some(0.9));
        assert_eq!((of("loss:lowest"), of("loss:highest")), (Some(0.4), Some(2.0)));
        assert_eq!(
            (of("loss:below:0.5"), of("loss:below:0.1"), of("loss:above:0.5")),
            (Some(2.0), None, Some(1.0))
        );
        for wrong in ["", "loss:middle", "loss:below", "loss:below:x", "loss:last:2"] {
            assert!(Measure::read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Measure::read("loss:below:0.5").unwrap().to_string(), "loss:below:0.5");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = Measure::read(&text);
        }
    }
}
