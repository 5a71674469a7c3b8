//! Numbers that a visitor types, as they are written around the world. Every number field reads its text here.
//!
//! | Text | Read as |
//! |---|---|
//! | `0.05`, `0,05`, `.05`, `5e-2`, `5E−2` | 0.05: a comma is a decimal point, and the exponent may have any sign |
//! | ` +5 `, `−5` | spaces around it do not matter; a minus sign may be the typographic one, as the page writes it |
//! | `50 000`, `1,234,567`, `1,234.5` | spaces or several commas, or a comma before a point, separate thousands |
//! | `1,234` for a whole number | 1234, because 1.234 is not a whole number |
//! | `1,234` for any other number | 1.234, if 1234 is out of range; otherwise an error, because it could be either |
//! | `1.000` for a whole number | 1, if 1000 is out of range; otherwise an error, because it could be either |
//! | `1.234,5`, `NaN`, `inf`, `1e999`, `5 %`, nothing | an error |

use thiserror::Error;

/// The reason a text is not accepted as a number, as a sentence for the visitor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// The text is empty.
    #[error("A number is missing here; enter {0}.")]
    Missing(Bounds),
    /// The text is not a number.
    #[error("“{0}” is not a number; enter {1}.")]
    NotANumber(String, Bounds),
    /// The text could mean two numbers.
    #[error("“{text}” could be {thousands} or {decimal}; write one of these.")]
    Ambiguous {
        /// The text.
        text: String,
        /// The number, if the separator is for thousands.
        thousands: String,
        /// The number, if the separator is a decimal point.
        decimal: String,
    },
    /// A comma in a list could be part of a number.
    #[error("In “{0}”, the comma could be part of a number; put spaces or semicolons between values.")]
    CommaInList(String),
    /// A whole number is needed.
    #[error("“{0}” is not a whole number; enter {1}.")]
    NotWhole(String, Bounds),
    /// The number is not between the bounds.
    #[error("“{0}” is out of range; enter {1}.")]
    OutOfRange(String, Bounds),
}

/// The numbers that a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The minimum.
    pub min: f64,
    /// The maximum.
    pub max: f64,
    /// True for whole numbers only.
    pub whole: bool,
}

// A bound is never NaN.
impl Eq for Bounds {}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.whole { "a whole number" } else { "a number" };
        if *self == (Self { whole: self.whole, ..Self::ANY }) {
            return f.write_str(kind);
        }
        write!(f, "{kind} from {} to {}", write(self.min), write(self.max))
    }
}

impl Bounds {
    /// Every finite number.
    pub const ANY: Self = Self { min: f64::MIN, max: f64::MAX, whole: false };

    /// Returns whole numbers between two bounds.
    pub fn whole(min: u32, max: u32) -> Self {
        Self { min: min.into(), max: max.into(), whole: true }
    }

    /// Parses a number that a visitor typed. The table above has the rules.
    ///
    /// # Errors
    ///
    /// Fails if the text is empty, is not a number or could be two numbers, or if the number is out of bounds.
    pub fn read(&self, text: &str) -> Result<f64, NumberError> {
        let text = text.trim_matches(is_space);
        if text.is_empty() {
            return Err(NumberError::Missing(*self));
        }
        let shown = || crate::core::query::shorten(text);
        let not_a_number = || NumberError::NotANumber(shown(), *self);
        let parts = Parts::of(text).ok_or_else(not_a_number)?;
        let decimal = parts.decimal();
        let number = match (decimal, parts.thousands()) {
            (None, None) => return Err(not_a_number()),
            (Some(number), None) | (None, Some(number)) => number,
            (Some(decimal), Some(thousands)) => match (parts.separator, self.whole) {
                (Some(','), true) => thousands,
                (Some('.'), false) => decimal,
                (Some('.'), true) if decimal.fract() != 0.0 => decimal,
                _ if !self.contains(thousands) => decimal,
                _ => {
                    return Err(NumberError::Ambiguous {
                        text: shown(),
                        thousands: write(thousands),
                        decimal: write(decimal),
                    });
                }
            },
        };
        if self.whole && number.is_finite() && number.fract() != 0.0 {
            return Err(NumberError::NotWhole(shown(), *self));
        }
        if self.contains(number) { Ok(number) } else { Err(NumberError::OutOfRange(shown(), *self)) }
    }

    fn contains(&self, number: f64) -> bool {
        (self.min..=self.max).contains(&number)
    }
}

/// Spaces that a keyboard or the page puts between groups of digits.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Returns a bound as text.
fn write(number: f64) -> String {
    let size = number.abs();
    let text =
        if size != 0.0 && !(1e-4..1e15).contains(&size) { format!("{number:e}") } else { number.to_string() };
    text.replace('-', "−")
}

/// The parts of a number's text.
struct Parts {
    /// The sign and the digits before the separator, with groups of thousands joined.
    whole: String,
    /// The only separator that may be a decimal point.
    separator: Option<char>,
    /// The digits after the separator.
    fraction: String,
    /// The exponent with its `e`, or nothing.
    exponent: String,
}

impl Parts {
    /// Returns the parts of a text, or `None` if it is not a number.
    fn of(text: &str) -> Option<Self> {
        let text = text.replace('−', "-");
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
                (mantissa, is_digits(digits).then(|| format!("e{exponent}"))?)
            }
            None => (text.as_str(), String::new()),
        };
        let (sign, digits) = match mantissa.strip_prefix(['-', '+']) {
            Some(digits) => (if mantissa.starts_with('-') { "-" } else { "" }, digits),
            None => ("", mantissa),
        };
        // The last point or single comma may be the decimal point. Everything else separates thousands.
        let at = match (digits.matches('.').count(), digits.matches(',').count()) {
            (1, _) => digits.find('.'),
            (0, 1) => digits.find(','),
            (0, _) => None,
            _ => return None,
        };
        let (before, separator, fraction) = match at {
            Some(at) => {
                let (before, rest) = digits.split_at_checked(at)?;
                let mut rest = rest.chars();
                (before, rest.next(), rest.as_str())
            }
            None => (digits, None, ""),
        };
        let whole = join_groups(before)?;
        let is_number = match (whole.is_empty(), fraction.is_empty()) {
            (true, true) => false,
            (_, true) => true,
            (_, false) => is_digits(fraction),
        };
        is_number.then(|| Self {
            whole: format!("{sign}{whole}"),
            separator,
            fraction: fraction.to_owned(),
            exponent,
        })
    }

    /// Returns the number, if the separator is a decimal point.
    fn decimal(&self) -> Option<f64> {
        format!("{}.{}{}", self.whole, self.fraction, self.exponent).parse().ok()
    }

    /// Returns the number, if the separator could also be for thousands: after one to three digits of which the
    /// first is not 0, and before exactly three.
    fn thousands(&self) -> Option<f64> {
        let lead = self.whole.trim_start_matches('-');
        let could_be = self.separator.is_some()
            && self.exponent.is_empty()
            && (1..=3).contains(&lead.len())
            && !lead.starts_with('0')
            && self.fraction.len() == 3;
        if could_be { format!("{}{}", self.whole, self.fraction).parse().ok() } else { None }
    }
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Joins groups of thousands, which one kind of separator separates: one to three digits, and then three each.
/// Returns `None` if the text is anything else. A text without separators may have any number of digits, also none.
fn join_groups(text: &str) -> Option<String> {
    let Some(separator) = text.chars().find(|c| !c.is_ascii_digit()) else { return Some(text.to_owned()) };
    let is_one_kind = text.chars().all(|c| c.is_ascii_digit() || c == separator);
    let mut groups = text.split(separator);
    let first = groups.next()?;
    let is_grouped =
        is_digits(first) && first.len() <= 3 && groups.all(|group| is_digits(group) && group.len() == 3);
    let is_separator = separator == ',' || is_space(separator);
    (is_one_kind && is_grouped && is_separator).then(|| text.replace(separator, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEPTH: Bounds = Bounds { min: 1.0, max: 12.0, whole: true };
    const STEPS: Bounds = Bounds { min: 0.0, max: 1e6, whole: true };
    const RATE: Bounds = Bounds { min: 1e-5, max: 1.0, whole: false };

    #[test]
    fn a_comma_is_a_decimal_point() {
        for text in ["0,05", "0.05", ".05", ",05", "5e-2", "5e−2", "5E-2", "0,5e-1", " 0,05\u{a0}", "+0,05"]
        {
            assert_eq!(Bounds::ANY.read(text), Ok(0.05), "{text}");
            assert_eq!(RATE.read(text), Ok(0.05), "{text}");
        }
        assert_eq!(Bounds::ANY.read("−1,5"), Ok(-1.5));
        assert_eq!(Bounds::ANY.read("-1.5"), Ok(-1.5));
        assert_eq!(Bounds::ANY.read("0,850"), Ok(0.85));
        assert_eq!(Bounds::ANY.read("5,"), Ok(5.0));
    }

    #[test]
    fn thousands_may_be_separated() {
        for text in [
            "50 000",
            "50\u{a0}000",
            "50\u{202f}000",
            "50\u{2009}000",
            "50,000",
            "50000",
            "5e4",
            "50 000.0",
            "50,000.0",
        ] {
            assert_eq!(STEPS.read(text), Ok(50_000.0), "{text}");
        }
        assert_eq!(Bounds::ANY.read("1,234,567"), Ok(1_234_567.0));
        assert_eq!(Bounds::ANY.read("1,234.5"), Ok(1234.5));
        assert_eq!(Bounds::ANY.read("1 234,5"), Ok(1234.5));
        assert_eq!(Bounds::ANY.read("−12 345"), Ok(-12_345.0));
    }

    #[test]
    fn a_comma_before_three_digits_depends_on_the_field() {
        assert_eq!(STEPS.read("1,234"), Ok(1234.0));
        // 1234 is not a learning rate, so only one meaning is left.
        assert_eq!(Bounds { max: 2.0, ..RATE }.read("1,234"), Ok(1.234));
        for (bounds, text) in [(Bounds::ANY, "1,234"), (STEPS, "1.000"), (Bounds::ANY, "−4,224")] {
            let words = bounds.read(text).expect_err(text).to_string();
            assert!(words.contains("could be"), "{text}: {words}");
        }
        assert_eq!(
            Bounds::ANY.read("1,234").expect_err("two").to_string(),
            "“1,234” could be 1234 or 1.234; write one of these."
        );
        // With a point it is a plain decimal number.
        assert_eq!(Bounds::ANY.read("1.234"), Ok(1.234));
        assert_eq!(STEPS.read("1.234"), Err(NumberError::NotWhole("1.234".to_owned(), STEPS)));
        assert_eq!(DEPTH.read("1.000"), Ok(1.0));
        assert!(DEPTH.read("1,000").is_err(), "1000 layers");
    }

    #[test]
    fn everything_else_is_refused_with_the_range() {
        for text in [
            "abc",
            "NaN",
            "inf",
            "-inf",
            "1.234,5",
            "1,2,3",
            "1.2.3",
            "1 2",
            "12 34",
            "1,23,456",
            "--1",
            "- 1",
            "e5",
            "1e",
            "1e+",
            "1e1.5",
            "5 %",
            "0x10",
            ".",
            ",",
            "-",
            "1_000",
            "٣",
            "1 234,567 890",
            "½",
        ] {
            assert_eq!(RATE.read(text), Err(NumberError::NotANumber(text.to_owned(), RATE)), "{text}");
        }
        assert_eq!(
            DEPTH.read(" ").expect_err("empty").to_string(),
            "A number is missing here; enter a whole number from 1 to 12."
        );
        assert_eq!(
            DEPTH.read("99").expect_err("large").to_string(),
            "“99” is out of range; enter a whole number from 1 to 12."
        );
        assert_eq!(
            RATE.read("1e-6").expect_err("small").to_string(),
            "“1e-6” is out of range; enter a number from 1e−5 to 1."
        );
        assert_eq!(
            DEPTH.read("2,6").expect_err("no").to_string(),
            "“2,6” is not a whole number; enter a whole number from 1 to 12."
        );
        for text in ["1e999", "-1e999", "1e400"] {
            assert_eq!(
                Bounds::ANY.read(text).expect_err(text).to_string(),
                format!("“{text}” is out of range; enter a number.")
            );
        }
        assert!(DEPTH.read("1e999").is_err());
    }

    proptest! {
        /// Any text is read or refused.
        #[test]
        fn nothing_panics(text in "[-+−0-9.,eE \u{a0}\u{202f}a-z]{0,12}|.{0,12}") {
            for bounds in [Bounds::ANY, STEPS, RATE] {
                if let Ok(number) = bounds.read(&text) {
                    prop_assert!(number.is_finite() && number >= bounds.min && number <= bounds.max);
                    prop_assert!(!bounds.whole || number.fract() == 0.0);
                }
            }
        }

        /// A decimal comma gives the number of a decimal point, or an error that names both meanings.
        #[test]
        fn commas_and_points_agree(number in -1e6..1e6f64, places in 0usize..8) {
            let text = format!("{number:.places$}");
            let with_comma = Bounds::ANY.read(&text.replace('.', ","));
            if !matches!(with_comma, Err(NumberError::Ambiguous { .. })) {
                prop_assert_eq!(with_comma, Bounds::ANY.read(&text));
            } else {
                prop_assert_eq!(places, 3);
            }
        }
    }
}
