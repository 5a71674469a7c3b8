//! Sweeps: the same run at many values of a setting, and what is read off each run.
//!
//! An address holds one as `sweep=depth:2,4,8&sweep2=width:8,32&seeds=3&measure=accuracy`.

use crate::core::schema::{Schema, Values};
use crate::core::settings::{Kind, Param};
use std::fmt;

/// More runs than these are not started.
pub const MAX_RUNS: usize = 200;

/// A setting and its values, written as in an address.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub param: &'static Param,
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `depth:2,4,8`, `width:2..256/8` (so many values from end to end) or `width:2..256/8log` (in equal ratios). A
    /// sentence where there is no such setting, or it does not take a value.
    pub fn read(params: &'static [Param], text: &str) -> Result<Self, String> {
        let (key, values) = text.split_once(':').unwrap_or((text, ""));
        let param = params.iter().find(|param| param.key == key.trim());
        let param = param.ok_or_else(|| {
            let known: Vec<_> = params.iter().map(|param| param.key).collect();
            format!("There is no setting {} to sweep over; known: {}.", cut(key), known.join(", "))
        })?;
        if let Kind::IntList(sizes) = param.kind {
            let label =
                |key: &str| params.iter().find(|param| param.key == key).map_or("", |param| param.label);
            return Err(format!(
                "{} is a list, which a sweep does not take; sweep over {} or {}.",
                param.label,
                label(sizes.count),
                label(sizes.largest)
            ));
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
            return Err(format!("Give {} some values, such as {}.", param.label, example(param)));
        }
        Ok(Self { param, values: read })
    }

    /// Where a value lies on a chart's axis: itself, or its place in the list where it is no number.
    pub fn x(&self, index: usize) -> f64 {
        let numbers: Option<Vec<f64>> = self.values.iter().map(|value| value.parse().ok()).collect();
        numbers.and_then(|numbers| numbers.get(index).copied()).unwrap_or(index as f64 + 1.0)
    }

    /// Whether its values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.values.iter().all(|value| value.parse::<f64>().is_ok())
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.param.key, self.values.join(","))
    }
}

/// Values that a reader may start from.
pub fn example(param: &Param) -> String {
    match param.kind {
        Kind::Int { min, max, .. } => format!("{min},{}", (min + 1).min(max)),
        Kind::Float { min, max, .. } => format!("{min},{max}"),
        Kind::Choice(options) | Kind::List(options) => {
            options.iter().map(|(slug, _)| *slug).collect::<Vec<_>>().join(",")
        }
        Kind::Switch => "false,true".to_owned(),
        // Not offered.
        Kind::IntList(_) => String::new(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

fn one(param: &Param, text: &str) -> Result<String, String> {
    match param.read(text) {
        (Some(value), None) => Ok(param.text(&value)),
        (_, Some(why)) => Err(format!("The sweep was not begun. {why}")),
        (None, None) => Err(format!("{} does not take {}.", param.label, cut(text))),
    }
}

/// The values of `from..to/count`, with `log` behind it in equal ratios; nothing if it is not written so.
fn range(param: &Param, text: &str) -> Result<Option<Vec<String>>, String> {
    let Some((from, rest)) = text.split_once("..") else { return Ok(None) };
    let wrong =
        || format!("{} is no range: write from..to/count, and log behind it for equal ratios.", cut(text));
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
        // Four digits tell neighbours apart and keep an address short.
        let digits = 10f64.powf(3.0 - value.abs().max(1e-300).log10().floor());
        if whole { value.round() } else { (value * digits).round() / digits }
    };
    (0..count).map(|index| one(param, &value(index).to_string())).collect::<Result<_, _>>().map(Some)
}

/// What is read off a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// A kind of curve, or a number, without the net at its end.
    pub name: String,
    pub reduce: Reduce,
}

/// What is taken of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduce {
    /// Its last value.
    Last,
    Lowest,
    Highest,
    /// The steps until it is below a value.
    Below(f64),
    /// The steps until it is above one.
    Above(f64),
}

impl Measure {
    /// Reads `accuracy`, `accuracy:highest`, `loss:lowest` or `loss:below:0.5`.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default().trim();
        let wrong = || {
            format!(
                "measure={} is not understood: write a curve's name, and last, lowest, highest, below:VALUE or above:VALUE behind it.",
                cut(text)
            )
        };
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
        if name.is_empty() { Err(wrong()) } else { Ok(Self { name: cut(name), reduce }) }
    }

    /// What it comes to on a curve; nothing where the curve has no points or never passes the value.
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

    /// What it is called, for the title of a curve or number.
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

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The number of its value on each axis.
    pub at: Vec<usize>,
    /// The number of its seed; 0 is that of the settings.
    pub seed: usize,
    pub config: Values,
}

/// All runs of a sweep, seed by seed, so that a first answer is there early; a sentence if there are too many.
pub fn points(schema: &Schema, base: &Values, axes: &[Axis], seeds: u32) -> Result<Vec<Point>, String> {
    let per_seed: usize = axes.iter().map(|axis| axis.values.len()).product();
    let count = per_seed * seeds.max(1) as usize;
    if axes.is_empty() {
        return Err("Choose a setting to sweep over.".to_owned());
    }
    if let [a, b] = axes
        && a.param.key == b.param.key
    {
        return Err(format!("Both axes are {}; choose two settings.", a.param.label));
    }
    if count > MAX_RUNS {
        return Err(format!(
            "These are {count} runs, and at most {MAX_RUNS} are started at once. Take fewer values or seeds."
        ));
    }
    let mut points = Vec::with_capacity(count);
    for seed in 0..seeds.max(1) {
        for number in 0..per_seed {
            let mut rest = number;
            let mut config = base.clone();
            let mut at = vec![0; axes.len()];
            for (index, axis) in axes.iter().enumerate().rev() {
                let place = rest % axis.values.len();
                rest /= axis.values.len();
                let value = axis.values.get(place).cloned().unwrap_or_default();
                config = schema.with(&config, axis.param.key, &value.into())?;
                if let Some(at) = at.get_mut(index) {
                    *at = place;
                }
            }
            points.push(Point { at, seed: seed as usize, config: with_seed(&config, seed) });
        }
    }
    Ok(points)
}

/// The settings with a later seed: the `further`th after theirs, and after the greatest the least.
pub fn with_seed(values: &Values, further: u32) -> Values {
    const SEEDS: u64 = 1_000_000;
    let mut values = values.clone();
    let later = (seed(&values) + u64::from(further)) % SEEDS;
    if let Some(seed) = values.get_mut("seed") {
        *seed = later.into();
    }
    values
}

/// The seed of these settings.
pub fn seed(values: &Values) -> u64 {
    values.get("seed").and_then(serde_json::Value::as_u64).unwrap_or(0)
}

/// A sweep that is worth a lecture, as an address has it.
#[derive(Debug, PartialEq)]
pub struct SweepPreset {
    pub title: &'static str,
    /// One sentence: what will be seen.
    pub help: &'static str,
    /// The sweep's keys in the address: `sweep`, `sweep2`, `seeds`, `measure`.
    pub sweep: &'static [(&'static str, &'static str)],
    /// The settings that it begins with, where they are not the defaults.
    pub values: &'static [(&'static str, &'static str)],
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

    fn axis(text: &str) -> Result<Vec<String>, String> {
        Axis::read(Config::PARAMS, text).map(|axis| axis.values)
    }

    #[test]
    fn values_are_a_list_or_a_range() {
        assert_eq!(axis("depth:2,4, 8").unwrap(), ["2", "4", "8"]);
        assert_eq!(axis("depth:2..8/4").unwrap(), ["2", "4", "6", "8"]);
        assert_eq!(axis("rate:0.001..1/4log").unwrap(), ["0.001", "0.01", "0.1", "1.0"]);
        assert_eq!(axis("bias:false,true,1").unwrap(), ["false", "true"]);
        for (wrong, words) in [
            ("width:2", "no setting width"),
            ("depth:", "some values"),
            ("depth:40", "from 1 to 12"),
            ("depth:2..8", "no range"),
            ("depth:2..8/0", "no range"),
            ("rate:-1..1/3log", "no range"),
            ("depth:two", "not a number"),
        ] {
            let said = axis(wrong).unwrap_err();
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
        assert!(said.contains("450 runs"), "{said}");
        assert!(points(&SCHEMA, &Config::default().to_values(), &[], 1).is_err());
        let twice = [axes[0].clone(), axes[0].clone()];
        assert!(
            points(&SCHEMA, &Config::default().to_values(), &twice, 1).unwrap_err().contains("two settings")
        );
    }

    #[test]
    fn measures_of_a_known_curve() {
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
        fn what_is_read_is_written_as_it_was(values in prop::collection::btree_set(1..=12u32, 1..8)) {
            let text = format!("depth:{}", values.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
            prop_assert_eq!(Axis::read(Config::PARAMS, &text).unwrap().to_string(), text);
        }

        #[test]
        fn nothing_that_is_typed_panics(text in ".{0,60}") {
            let _ = (Axis::read(Config::PARAMS, &text), Measure::read(&text));
            let _ = Axis::read(Config::PARAMS, &format!("depth:{text}"));
        }
    }
}
