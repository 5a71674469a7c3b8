//! Sweeps: the same run at many values of a setting.
//!
//! An address has one as `sweep=depth:2,4,8&sweep2=width:8,32&seeds=3&measure=accuracy`; for `measure`, see
//! [`measure`](crate::core::measure).

use crate::core::param::{Kind, Param, Values};
use crate::core::query::shorten;
use crate::core::schema::{Schema, SettingError};
use crate::core::suggest::no_such;
use std::fmt;
use thiserror::Error;

/// The maximum number of runs in a sweep.
pub const MAX_RUNS: usize = 200;

/// The reason a sweep is not started.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SweepError {
    /// There is no setting with this key; the text is the sentence about it.
    #[error("{0}")]
    Unknown(String),
    /// The setting is a list of integers.
    #[error("{label} is a list, which a sweep does not take; sweep over {count} or {largest}.")]
    IntList {
        /// The label of the setting.
        label: &'static str,
        /// The label of the setting with its length.
        count: &'static str,
        /// The label of the setting with its maximum.
        largest: &'static str,
    },
    /// The setting does not take a value literally; the text is its warning.
    #[error("The sweep was not started. {0}")]
    Value(String),
    /// A range is malformed.
    #[error("{0} is not a range: write from..to/count, followed by log for equal ratios.")]
    Range(String),
    /// There are no values.
    #[error("Give {label} some values, such as {example}.")]
    NoValues {
        /// The label of the setting.
        label: &'static str,
        /// Values that it takes.
        example: String,
    },
    /// There is no axis.
    #[error("Choose a setting to sweep over.")]
    NoAxis,
    /// Both axes are the setting with this label.
    #[error("Both axes are {0}; choose two settings.")]
    SameAxis(&'static str),
    /// There are more than [`MAX_RUNS`] runs.
    #[error("These are {0} runs, and at most {MAX_RUNS} are started at once. Take fewer values or seeds.")]
    TooMany(usize),
    /// A setting does not take a value.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// A setting and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The setting.
    pub param: &'static Param,
    /// Its values, written as in an address.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `depth:2,4,8`, `width:2..256/8` (eight values from 2 to 256) or `width:2..256/8log` (in equal
    /// ratios).
    ///
    /// # Errors
    ///
    /// Fails if there is no such setting, if the setting is a list, if it does not take one of the values, or
    /// if there are no values.
    pub fn read(params: &'static [Param], text: &str) -> Result<Self, SweepError> {
        let (key, values) = text.split_once(':').unwrap_or((text, ""));
        let param = params.iter().find(|param| param.key == key.trim());
        let param = param.ok_or_else(|| {
            let known: Vec<_> = params.iter().map(|param| param.key).collect();
            SweepError::Unknown(no_such("setting {} to sweep over", key.trim(), &known))
        })?;
        if let Kind::IntList(list) = param.kind {
            let label =
                |key: &str| params.iter().find(|param| param.key == key).map_or("", |param| param.label);
            return Err(SweepError::IntList {
                label: param.label,
                count: label(list.count_key),
                largest: label(list.largest_key),
            });
        }
        let mut read = Vec::new();
        for value in values.split([',', ' ']).map(str::trim).filter(|value| !value.is_empty()) {
            match range(param, value)? {
                Some(values) => read.extend(values),
                None => read.push(one(param, value)?),
            }
        }
        let mut seen = std::collections::HashSet::new();
        read.retain(|value| seen.insert(value.clone()));
        if read.is_empty() {
            return Err(SweepError::NoValues { label: param.label, example: example(param) });
        }
        Ok(Self { param, values: read })
    }

    /// Returns the x coordinate of a value on a chart: the value itself, or its position in the list if not
    /// all are numbers.
    pub fn x(&self, index: usize) -> f64 {
        let numbers: Option<Vec<f64>> = self.values.iter().map(|value| value.parse().ok()).collect();
        numbers.and_then(|numbers| numbers.get(index).copied()).unwrap_or(index as f64 + 1.0)
    }

    /// Returns true if all values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.values.iter().all(|value| value.parse::<f64>().is_ok())
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.param.key, self.values.join(","))
    }
}

/// Returns values that the setting takes, as an example.
pub fn example(param: &Param) -> String {
    match param.kind {
        Kind::Int { min, max, .. } => format!("{min},{}", (min + 1).min(max)),
        Kind::Float { min, max, .. } => format!("{min},{max}"),
        Kind::Choice(options) | Kind::List(options) => {
            options.iter().map(|(slug, _)| *slug).collect::<Vec<_>>().join(",")
        }
        Kind::Switch => "false,true".to_owned(),
        // A sweep takes neither lists nor texts.
        Kind::IntList(_) | Kind::Text(_) => String::new(),
    }
}

/// Reads one value.
fn one(param: &Param, text: &str) -> Result<String, SweepError> {
    match param.read(text) {
        (Some(value), None) => Ok(param.text(&value)),
        (_, warning) => Err(SweepError::Value(warning.unwrap_or_default())),
    }
}

/// Reads the values of `from..to/count`, in equal ratios if `log` follows. Returns `None` if the text is not
/// a range.
fn range(param: &Param, text: &str) -> Result<Option<Vec<String>>, SweepError> {
    let Some((from, rest)) = text.split_once("..") else { return Ok(None) };
    let wrong = || SweepError::Range(shorten(text));
    let (to, count) = rest.split_once('/').ok_or_else(wrong)?;
    let (count, log) = count.strip_suffix("log").map_or((count, false), |count| (count, true));
    let (from, to): (f64, f64) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    let count: usize = count.trim().parse().map_err(|_| wrong())?;
    let bad = !(1..=MAX_RUNS).contains(&count) || !from.is_finite() || !to.is_finite();
    if bad || (log && (from <= 0.0 || to <= 0.0)) {
        return Err(wrong());
    }
    let whole = matches!(param.kind, Kind::Int { .. });
    let value = |index: usize| {
        let share = if count > 1 { index as f64 / (count - 1) as f64 } else { 0.0 };
        let value = if log { from * (to / from).powf(share) } else { from + (to - from) * share };
        // Four digits distinguish adjacent values and keep the address short.
        let digits = 10f64.powf(3.0 - value.abs().max(1e-300).log10().floor());
        if whole { value.round() } else { (value * digits).round() / digits }
    };
    (0..count).map(|index| one(param, &value(index).to_string())).collect::<Result<_, _>>().map(Some)
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The index of the run's value on each axis.
    pub at: Vec<usize>,
    /// The index of the run's seed; 0 is the seed of the settings.
    pub seed: usize,
    /// The settings of the run.
    pub config: Values,
}

/// Returns all runs of a sweep. All runs of the first seed come first, so that a first result is there early.
///
/// # Errors
///
/// Fails if there is no axis, if both axes are the same setting, or if there are more than [`MAX_RUNS`] runs.
pub fn points(schema: &Schema, base: &Values, axes: &[Axis], seeds: u32) -> Result<Vec<Point>, SweepError> {
    let per_seed: usize = axes.iter().map(|axis| axis.values.len()).product();
    let count = per_seed * seeds.max(1) as usize;
    if axes.is_empty() {
        return Err(SweepError::NoAxis);
    }
    if let [a, b] = axes
        && a.param.key == b.param.key
    {
        return Err(SweepError::SameAxis(a.param.label));
    }
    if count > MAX_RUNS {
        return Err(SweepError::TooMany(count));
    }
    let mut points = Vec::with_capacity(count);
    for seed in 0..seeds.max(1) {
        for number in 0..per_seed {
            let mut rest = number;
            let mut config = base.clone();
            let mut at = vec![0; axes.len()];
            for (index, axis) in axes.iter().enumerate().rev() {
                let position = rest % axis.values.len();
                rest /= axis.values.len();
                let value = axis.values.get(position).cloned().unwrap_or_default();
                config = schema.with(&config, axis.param.key, &value.into())?;
                if let Some(at) = at.get_mut(index) {
                    *at = position;
                }
            }
            points.push(Point { at, seed: seed as usize, config: with_seed(&config, seed) });
        }
    }
    Ok(points)
}

/// Returns the settings with their seed increased by `offset`, modulo the number of seeds.
pub fn with_seed(values: &Values, offset: u32) -> Values {
    const SEEDS: u64 = 1_000_000;
    let mut values = values.clone();
    let later = (seed(&values) + u64::from(offset)) % SEEDS;
    if let Some(seed) = values.get_mut("seed") {
        *seed = later.into();
    }
    values
}

/// Returns the seed of these settings.
pub fn seed(values: &Values) -> u64 {
    values.get("seed").and_then(serde_json::Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro's settings are a section's own")]
mod tests {
    use crate::core::settings::Settings;
    use crate::core::sweep::*;
    use proptest::prelude::*;

    crate::settings! {
        /// Settings for these tests.
        pub struct Config {
            depth: u32 = 3, int(1, 12), "Depth", "", "Layers.";
            rate: f64 = 0.1, float(1e-5, 10.0, log), "Rate", "", "Step size.";
            bias: bool = true, switch, "Bias", "", "Whether there is one.";
            seed: u32 = 1, int(0, 999_999), "Seed", "", "Draws.";
        }
        presets {
        }
    }

    const SCHEMA: Schema = Schema::of::<Config>();

    fn axis(text: &str) -> Result<Vec<String>, SweepError> {
        Axis::read(Config::PARAMS, text).map(|axis| axis.values)
    }

    #[test]
    fn values_are_a_list_or_a_range() {
        assert_eq!(axis("depth:2,4, 8").unwrap(), ["2", "4", "8"]);
        assert_eq!(axis("depth:2..8/4").unwrap(), ["2", "4", "6", "8"]);
        assert_eq!(axis("rate:0.001..1/4log").unwrap(), ["0.001", "0.01", "0.1", "1.0"]);
        assert_eq!(axis("bias:false,true,1").unwrap(), ["false", "true"]);
        for (wrong, words) in [
            ("width:2", "no setting “width”"),
            ("Depht:2", "Did you mean “depth”?"),
            ("depth:", "some values"),
            ("depth:40", "from 1 to 12"),
            ("depth:2..8", "not a range"),
            ("depth:2..8/0", "not a range"),
            ("rate:-1..1/3log", "not a range"),
            ("depth:two", "not a number"),
        ] {
            let said = axis(wrong).unwrap_err().to_string();
            assert!(said.contains(words), "{wrong}: {said}");
        }
    }

    #[test]
    fn every_pair_of_values_is_a_run_with_every_seed() {
        let axes = [
            Axis::read(Config::PARAMS, "depth:2,4").unwrap(),
            Axis::read(Config::PARAMS, "rate:0.1,1,10").unwrap(),
        ];
        let all =
            points(&SCHEMA, &(Config { seed: 999_999, ..Config::default() }).to_values(), &axes, 3).unwrap();
        assert_eq!(all.len(), 18);
        assert_eq!(
            (all[4].at.clone(), all[4].seed, &all[4].config["depth"], &all[4].config["rate"]),
            (vec![1, 1], 0, &4.into(), &1.0.into())
        );
        assert_eq!([0, 6, 12].map(|run: usize| seed(&all[run].config)), [999_999, 0, 1]);
        let said = points(
            &SCHEMA,
            &Config::default().to_values(),
            &[Axis::read(Config::PARAMS, "seed:1..150/150").unwrap()],
            3,
        )
        .unwrap_err();
        assert_eq!(said, SweepError::TooMany(450));
        assert!(points(&SCHEMA, &Config::default().to_values(), &[], 1).is_err());
        let twice = [axes[0].clone(), axes[0].clone()];
        let said = points(&SCHEMA, &Config::default().to_values(), &twice, 1);
        assert_eq!(said, Err(SweepError::SameAxis("Depth")));
    }

    proptest! {
        #[test]
        fn an_axis_is_written_as_it_was_read(values in prop::collection::btree_set(1..=12u32, 1..8)) {
            let text = format!("depth:{}", values.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
            prop_assert_eq!(Axis::read(Config::PARAMS, &text).unwrap().to_string(), text);
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = Axis::read(Config::PARAMS, &text);
            let _ = Axis::read(Config::PARAMS, &format!("depth:{text}"));
        }
    }
}
