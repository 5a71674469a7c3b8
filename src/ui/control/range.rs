//! The arithmetic of a slider: positions, values and steps. Pure.

use crate::charts::scale::format_exact;
use crate::core::number::Bounds;
use crate::core::settings::Kind;
use serde_json::Value;

/// The range of a slider's values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Range {
    pub(super) min: f64,
    pub(super) max: f64,
    log: bool,
    pub(super) integer: bool,
}

/// A slider's positions run from 0 to this.
pub(super) const POSITIONS: f64 = 1000.0;

impl Range {
    /// Returns the range of a number's kind.
    pub(super) fn of(kind: &Kind) -> Self {
        match *kind {
            Kind::Int { min, max, log } => Self { min: min.into(), max: max.into(), log, integer: true },
            Kind::Float { min, max, log } => Self { min, max, log, integer: false },
            Kind::Choice(_) | Kind::List(_) | Kind::Switch | Kind::IntList(_) | Kind::Text(_) => {
                Self { min: 0.0, max: 1.0, log: false, integer: true }
            }
        }
    }

    /// Returns the value at a position, rounded to the digits that a hand can aim at.
    pub(super) fn value_at(&self, position: f64) -> f64 {
        let share = (position / POSITIONS).clamp(0.0, 1.0);
        if share <= 0.0 {
            return self.min;
        }
        if share >= 1.0 {
            return self.max;
        }
        let (low, high) = (self.warp(self.min), self.warp(self.max));
        self.round(self.unwarp(low + share * (high - low)))
    }

    /// Returns the position of the thumb for a value.
    pub(super) fn position_of(&self, value: f64) -> f64 {
        let (low, high) = (self.warp(self.min), self.warp(self.max));
        let share = (self.warp(value.clamp(self.min, self.max)) - low) / (high - low);
        if share.is_finite() { (share * POSITIONS).round() } else { 0.0 }
    }

    /// Returns the next value up or down, for arrow keys. It differs from `value` unless `value` is at the
    /// end.
    pub(super) fn stepped(&self, value: f64, up: bool) -> f64 {
        let sign = if up { 1.0 } else { -1.0 };
        let step = if self.log { (value + self.offset()).abs() * 0.12 } else { self.quantum() };
        // Rounding may undo the step, and may step back from an end that is not round.
        let min_step = if self.integer { 1.0 } else { self.digit(value) };
        let end = if up { self.max } else { self.min };
        let moves = |next: &f64| (next - value) * sign > 0.0;
        let tries = [step, min_step].map(|step| self.round(value + sign * step));
        if (value + sign * step - end) * sign >= 0.0 {
            return end;
        }
        tries.into_iter().find(moves).unwrap_or(end)
    }

    /// Returns the numbers that the field for exact values takes.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { min: self.min, max: self.max, whole: self.integer }
    }

    /// Returns the value as the settings store it.
    pub(super) fn json(&self, value: f64) -> Value {
        if self.integer { Value::from(value.round().max(0.0) as u64) } else { Value::from(value) }
    }

    /// Returns the value as text.
    pub(super) fn write(&self, value: f64) -> String {
        format_exact(value)
    }

    fn round(&self, value: f64) -> f64 {
        let rounded = match (self.integer, self.log) {
            (true, true) if value.abs() >= 100.0 => two_digits(value),
            (true, _) => value.round(),
            (false, true) => two_digits(value),
            (false, false) => {
                // Rounding through text makes 0.1 + 0.2 equal 0.3.
                let places = (-self.quantum().log10().round()).clamp(0.0, 15.0) as usize;
                let stepped = (value / self.quantum()).round() * self.quantum();
                format!("{stepped:.places$}").parse().unwrap_or(value)
            }
        };
        rounded.clamp(self.min, self.max.max(self.min))
    }

    /// Returns the distance between neighbors on a linear slider: about a hundredth of the range, a power of
    /// ten.
    fn quantum(&self) -> f64 {
        let quantum = 10f64.powf(((self.max - self.min) / 50.0).log10().floor());
        let quantum = if quantum.is_finite() && quantum > 0.0 { quantum } else { 1.0 };
        if self.integer { quantum.max(1.0) } else { quantum }
    }

    /// Returns the place value of the second significant digit.
    fn digit(&self, value: f64) -> f64 {
        let digit = 10f64.powf(value.abs().log10().floor() - 1.0);
        if digit.is_finite() && digit > 0.0 { digit } else { self.quantum() }
    }

    /// Returns the number added before taking logarithms, which a range that reaches zero needs.
    fn offset(&self) -> f64 {
        if self.min > 0.0 {
            0.0
        } else if self.integer {
            1.0 - self.min
        } else {
            (self.max - self.min) * 1e-3 - self.min
        }
    }

    fn warp(&self, value: f64) -> f64 {
        if self.log { (value + self.offset()).ln() } else { value }
    }

    fn unwarp(&self, value: f64) -> f64 {
        if self.log { value.exp() - self.offset() } else { value }
    }
}

fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use crate::ui::control::range::*;

    const DEPTH: Range = Range { min: 1.0, max: 12.0, log: false, integer: true };
    const WIDTH: Range = Range { min: 4.0, max: 512.0, log: true, integer: true };
    const RATE: Range = Range { min: 1e-5, max: 1.0, log: true, integer: false };
    const MOMENTUM: Range = Range { min: 0.0, max: 0.99, log: false, integer: false };
    const NOISE: Range = Range { min: 0.0, max: 10.0, log: true, integer: false };
    const COUNT: Range = Range { min: 0.0, max: 1000.0, log: true, integer: true };
    const ALL: [Range; 6] = [DEPTH, WIDTH, RATE, MOMENTUM, NOISE, COUNT];

    #[test]
    fn ends_are_exact_and_positions_grow() {
        for range in ALL {
            assert_eq!(range.value_at(0.0), range.min);
            assert_eq!(range.value_at(POSITIONS), range.max);
            assert_eq!(range.position_of(range.min), 0.0);
            assert_eq!(range.position_of(range.max), POSITIONS);
            let values: Vec<f64> = (0..=1000).map(|position| range.value_at(f64::from(position))).collect();
            assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "{range:?}");
            assert!(!range.integer || values.iter().all(|value| value.fract() == 0.0));
        }
    }

    #[test]
    fn values_are_short() {
        for range in ALL {
            for position in 0..=1000 {
                let text = range.write(range.value_at(f64::from(position)));
                assert!(text.len() <= 7, "{range:?} {text}");
            }
        }
        assert_eq!(RATE.value_at(600.0), 0.01);
        assert_eq!(DEPTH.value_at(500.0), 7.0);
    }

    #[test]
    fn arrow_keys_reach_both_ends_and_never_stick() {
        for range in ALL {
            let (mut value, mut steps) = (range.min, 0);
            while value < range.max {
                let next = range.stepped(value, true);
                assert!(next > value && steps < 1000, "{range:?} {value} {next}");
                (value, steps) = (next, steps + 1);
            }
            while value > range.min {
                let next = range.stepped(value, false);
                assert!(next < value && steps < 2000, "{range:?} {value} {next}");
                (value, steps) = (next, steps + 1);
            }
            assert_eq!(range.stepped(range.max, true), range.max);
        }
        assert_eq!(MOMENTUM.stepped(0.1, true), 0.11);
        assert_eq!(DEPTH.stepped(3.0, false), 2.0);
    }

    #[test]
    fn the_field_takes_every_value_of_the_slider() {
        for range in ALL {
            for position in 0..=1000 {
                let value = range.value_at(f64::from(position));
                assert_eq!(range.bounds().read(&range.write(value)), Ok(value), "{range:?}");
            }
        }
    }

    #[test]
    fn whole_numbers_stay_whole() {
        assert_eq!(DEPTH.json(3.0).to_string(), "3");
        assert_eq!(RATE.json(0.5).to_string(), "0.5");
    }

    #[test]
    fn a_range_of_one_value_is_harmless() {
        let range = Range { min: 2.0, max: 2.0, log: true, integer: false };
        assert_eq!(range.value_at(500.0), 2.0);
        assert_eq!(range.position_of(2.0), 0.0);
        assert_eq!(range.stepped(2.0, true), 2.0);
    }
}
