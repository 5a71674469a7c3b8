//! Run files round-trip, or are refused with a message.

use nn_lab::core::schema::Schema;
use nn_lab::core::settings::{Kind, Param, Settings, from_map};
use nn_lab::core::{Check, Verdict};
use nn_lab::protocol::{DeviceChoice, DeviceKind};
use nn_lab::run::Experiment;
use nn_lab::run::any::AnyExperiment;
use nn_lab::saved_runs::import::MAX_BYTES;
use nn_lab::saved_runs::{
    Change, DeviceUsed, History, ImportError, Outcome, RunRecord, SavedSeed, SavedSeries, Steps, Timestamp,
    format,
};
use nn_lab::sections::mlp::{Config, Mlp};
use nn_lab::sections::rnn::Rnn;
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::rc::Rc;

fn read<E: Experiment>(text: &str) -> Result<RunRecord, ImportError> {
    RunRecord::read(text, AnyExperiment::of::<E>())
}

pub(crate) fn stored<E: Experiment>(text: &str) -> (History, Vec<String>) {
    History::from_text(text, AnyExperiment::of::<E>())
}

pub(crate) fn example_record() -> RunRecord {
    let points = |from: f64| Rc::new(vec![(1.0, from), (2.0, from / 2.0), (3.0, f64::NAN)]);
    let series = |metric: &str, from| SavedSeries {
        metric: metric.to_owned(),
        title: metric.to_owned(),
        unit: "nats".to_owned(),
        thinned_from: None,
        points: points(from),
    };
    RunRecord {
        lab_version: "0.1.0".to_owned(),
        section: "mlp".to_owned(),
        config: Config::default().to_values(),
        changes: Vec::new(),
        device: DeviceUsed {
            asked: DeviceChoice::Auto,
            kind: DeviceKind::Cpu,
            name: "Flex".to_owned(),
            fallback: Some("There is no WebGPU here.".to_owned()),
        },
        begun: Timestamp(1_795_489_445_678),
        finished: Timestamp(1_795_489_450_000),
        outcome: Outcome::Stopped,
        steps: Steps { done: 3, planned: 1500 },
        series: vec![series("loss_linear", 0.5), series("loss_activated", 0.25)],
        seeds: Vec::new(),
        metrics: Default::default(),
        checks: vec![Check::new("One is one.", "1", Some(("1".to_owned(), true)))],
    }
}

#[test]
fn a_file_without_seeds_and_metrics_still_opens() {
    let old = example_record();
    let text = old.to_json();
    assert!(!text.contains("\"seeds\"") && !text.contains("\"metrics\""), "{text}");
    assert_eq!(as_written(read::<Mlp>(&text).expect("it opens")), as_written(old));
}

/// Generates any value that a setting accepts, in any form that the page may have.
fn any_value(param: &Param) -> BoxedStrategy<Value> {
    match param.kind {
        Kind::Int { min, max, .. } => (min..=max).prop_map(Value::from).boxed(),
        Kind::Float { min, max, .. } => (min..=max).prop_map(Value::from).boxed(),
        Kind::Choice(options) => {
            let slugs: Vec<_> = options.iter().map(|(slug, _)| *slug).collect();
            prop::sample::select(slugs).prop_map(Value::from).boxed()
        }
        Kind::List(options) => {
            let numbers: Vec<_> = options.iter().filter_map(|(slug, _)| param.read(slug).0).collect();
            prop::sample::select(numbers).boxed()
        }
        Kind::Text(_) => Just(Value::from("")).boxed(),
        Kind::Switch => any::<bool>().prop_map(Value::from).boxed(),
        Kind::IntList(sizes) => prop::collection::vec(sizes.min..=sizes.max, 0..=sizes.max_len as usize)
            .prop_map(Value::from)
            .boxed(),
    }
}

fn any_config() -> impl Strategy<Value = Map<String, Value>> {
    let fields: Vec<_> = Config::PARAMS
        .iter()
        .map(|param| any_value(param).prop_map(|value| (param.key.to_owned(), value)))
        .collect();
    // Converted through the settings, which keep lists and their linked settings consistent.
    fields.prop_map(|fields| from_map::<Config>(&fields.into_iter().collect()).to_values())
}

fn any_series() -> impl Strategy<Value = SavedSeries> {
    let points = prop::collection::btree_map(0u32..20_000, any::<f32>(), 0..50);
    ("[a-z_0-9]{1,20}", ".{0,40}", ".{0,8}", prop::option::of(any::<u32>()), points).prop_map(
        |(metric, title, unit, thinned_from, points)| {
            let points = points.into_iter().map(|(step, y)| (f64::from(step), f64::from(y))).collect();
            SavedSeries { metric, title, unit, thinned_from, points: Rc::new(points) }
        },
    )
}

fn any_check() -> impl Strategy<Value = Check> {
    let verdict = prop::sample::select(vec![Verdict::Holds, Verdict::Fails, Verdict::Mixed, Verdict::Open]);
    (".{0,40}", ".{0,40}", ".{0,40}", verdict).prop_map(|(claim, expected, measured, verdict)| Check {
        claim,
        expected,
        measured,
        verdict,
        of_training: false,
    })
}

fn any_record() -> impl Strategy<Value = RunRecord> {
    let device = (
        prop::sample::select(vec![DeviceChoice::Auto, DeviceChoice::Webgpu, DeviceChoice::Cpu]),
        prop::sample::select(vec![DeviceKind::Webgpu, DeviceKind::Cpu]),
        ".{0,40}",
        prop::option::of(".{0,40}"),
    );
    let outcome =
        prop_oneof![Just(Outcome::Done), Just(Outcome::Stopped), ".{0,40}".prop_map(Outcome::Failed)];
    let change = (any::<u32>(), 1e-5..10.0).prop_map(|(step, rate)| Change {
        step,
        key: "learning_rate".to_owned(),
        value: Value::from(rate),
    });
    let seed = (0u64..1_000_000, prop::collection::vec(any_series(), 0..3));
    let seeds = prop::collection::vec(seed.prop_map(|(seed, series)| SavedSeed { seed, series }), 0..3);
    let metrics = prop::collection::btree_map("[a-z_]{1,20}", -1e6..1e6f32, 0..4);
    (
        (any_config(), prop::collection::vec(change, 0..3), device),
        (0i64..4_000_000_000_000, 0i64..1_000_000, outcome, any::<u32>(), any::<u32>()),
        (prop::collection::vec(any_series(), 0..5), prop::collection::vec(any_check(), 0..5), seeds, metrics),
    )
        .prop_map(
            |(
                (config, changes, device),
                (begun, took, outcome, done, planned),
                (series, checks, seeds, metrics),
            )| {
                let (asked, kind, name, fallback) = device;
                RunRecord {
                    config,
                    changes,
                    device: DeviceUsed { asked, kind, name, fallback },
                    begun: Timestamp(begun),
                    finished: Timestamp(begun + took),
                    outcome,
                    steps: Steps { done, planned },
                    series,
                    seeds,
                    metrics: metrics.into_iter().collect(),
                    checks,
                    ..example_record()
                }
            },
        )
}

/// Returns the record as a file represents it: all values that are not finite become NaN.
fn as_written(mut record: RunRecord) -> RunRecord {
    let others = record.seeds.iter_mut().flat_map(|of| &mut of.series);
    for series in record.series.iter_mut().chain(others) {
        let y = |y: f64| if (y as f32).is_finite() { y } else { f64::MAX };
        series.points = Rc::new(series.points.iter().map(|point| (point.0, y(point.1))).collect());
    }
    record
}

/// Returns the message with which a file is refused.
#[track_caller]
fn refused(text: &str) -> String {
    match read::<Mlp>(text) {
        Err(error) if !matches!(error, ImportError::OtherSection { .. }) => {
            let words = error.to_string();
            assert!(words.len() > 20 && words.len() < 600 && words.ends_with('.'), "{words}");
            words
        }
        other => panic!("it was not refused: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn runs_round_trip_through_files(record in any_record()) {
        let text = record.to_json();
        let read = read::<Mlp>(&text).expect("it is read");
        // Settings have to be exact to the last digit, because a run is repeated from them.
        let schema = Schema::of::<Config>();
        prop_assert_eq!(read.settings(&schema), Ok(record.config.clone()));
        prop_assert_eq!(read.to_json(), text);
        let (mut read, mut record) = (as_written(read), as_written(record));
        // Compared above by value; a file may store a number as a string.
        (read.config, record.config) = (Map::new(), Map::new());
        let values = |record: &mut RunRecord| -> Vec<(u32, String)> {
            let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
            std::mem::take(&mut record.changes).into_iter().map(|c| (c.step, text(c.value))).collect()
        };
        prop_assert_eq!(values(&mut read), values(&mut record));
        prop_assert_eq!(read, record);
    }

    #[test]
    fn lists_of_runs_round_trip_through_storage(
        runs in prop::collection::vec((any_record(), any::<u64>(), any::<bool>(), ".{0,70}", any::<bool>()), 0..6)
    ) {
        let mut history = History::default();
        for (record, id, file, name, pinned) in runs {
            if file {
                history.open(id, vec![(name, record)]);
            } else {
                let id = history.add(id, record);
                history.rename(id, &name);
                history.pin(id, pinned);
            }
        }
        let text = history.to_text();
        let (read, warnings) = stored::<Mlp>(&text);
        prop_assert_eq!(warnings, Vec::<String>::new());
        prop_assert_eq!(read.to_text(), text);
        let names = |history: &History| history.runs.iter().map(|r| (r.id, r.name.clone(), r.pinned)).collect::<Vec<_>>();
        prop_assert_eq!(names(&read), names(&history));
    }

    #[test]
    fn reading_never_panics(text in ".{0,200}", cut in 0usize..1200, letter in any::<char>()) {
        refused(&text);
        let whole = example_record().to_json();
        let cut = (0..=cut.min(whole.len() - 3)).rfind(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        refused(&whole[..cut]);
        // With one letter changed, the file may still be valid; reading it must not panic.
        let mut damaged: Vec<char> = whole.chars().collect();
        damaged[cut] = letter;
        let _ = read::<Mlp>(&damaged.into_iter().collect::<String>());
    }
}

#[test]
fn messages_say_what_was_expected_and_what_was_found() {
    let good = example_record().to_json();
    assert!(read::<Mlp>(&good).is_ok());
    assert!(read::<Mlp>(&format!("\u{feff}{good}")).is_ok(), "some editors put a mark at the front");
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} is not in {good}");
        refused(&good.replacen(from, to, 1))
    };
    for (from, to, says) in [
        ("nn-lab/run", "other/thing", "found other/thing"),
        ("\"schema_version\": 1", "\"schema_version\": 2", "expected schema version 1, found 2"),
        ("\"schema_version\": 1", "\"schema_version\": \"1\"", "expected schema version 1"),
        ("\"section\": \"mlp\"", "\"section\": \"gan\"", "found gan"),
        ("\"depth\":3", "\"depth\":99", "depth=99"),
        ("\"depth\":3", "\"depht\":3", "depht"),
        ("\"dataset\":\"spirals\"", "\"dataset\":\"rings\"", "rings"),
        ("\"seed\": 1", "\"seed\": 2", "seed"),
        ("[2,0.25]", "[1,0.25]", "loss_linear are not in order"),
        ("[2,0.25]", "[2,\"x\"]", "damaged"),
        ("\"steps\": {\"done\":3", "\"steps\": {\"done\":-3", "damaged"),
        ("\"holds\"", "\"maybe\"", "maybe"),
        ("2026-11-24T03:04:05.678Z", "yesterday", "yesterday"),
        ("2026-11-24T03:04:10.000Z", "2025-11-24T03:04:10.000Z", "before it began"),
        ("\"checks\"", "\"cheques\"", "checks"),
    ] {
        let words = with(from, to);
        assert!(words.contains(says), "{from} -> {to}: {words}");
    }
    assert!(refused(&" ".repeat(MAX_BYTES + 1)).contains("at most 16 MB"));
    assert!(refused("").contains("nothing"));
    assert!(refused("[1, 2]").contains("none"));
    assert_eq!(read::<Rnn>(&good), Err(ImportError::OtherSection { slug: "mlp", title: "MLP" }));
    assert!(refused(&good.replacen("One is one.", &"1".repeat(3000), 1)).contains("2000 letters"));
}

#[test]
fn a_setting_that_is_missing_in_an_older_file_has_its_default() {
    let good = example_record().to_json();
    let older = good.replacen("\"noise\":0.03,", "", 1);
    assert_ne!(older, good);
    let schema = Schema::of::<Config>();
    assert_eq!(read::<Mlp>(&older).expect("read").settings(&schema), Ok(schema.defaults()));
}

#[test]
fn the_file_is_easy_to_read_in_other_programs() {
    let text = example_record().to_json();
    for part in [
        "\"schema\": \"nn-lab/run\"",
        "\"seed\": 1",
        "\"begun\": \"2026-11-24T03:04:05.678Z\"",
        "\"device\": {\"asked\":\"auto\",\"kind\":\"cpu\",\"name\":\"Flex\",\"fallback\":\"There is no WebGPU here.\"}",
        "\"outcome\": \"stopped\"",
        "\"points\":[[1,0.5],[2,0.25],[3,null]]",
        "\"verdict\":\"holds\"",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(example_record().file_name("json"), "nn-lab-mlp-2026-11-24-030410.json");
}

#[test]
fn runs_are_described_in_words() {
    let from = Config::default().to_values();
    let mut to = from.clone();
    assert!(format::differences(Config::PARAMS, &from, &to).is_empty());
    for (key, value) in [
        ("depth", Value::from(5)),
        ("bias", Value::from(false)),
        ("dataset", "moons".into()),
        // The same values in other forms.
        ("width", "32".into()),
        ("noise", "0.03".into()),
    ] {
        to.insert(key.to_owned(), value);
    }
    assert_eq!(
        format::differences(Config::PARAMS, &from, &to),
        ["Data set Spirals → Moons", "Hidden layers 3 → 5", "Biases on → off"]
    );
    let check = |verdict| Check { verdict, ..example_record().checks[0].clone() };
    let all = [Verdict::Holds, Verdict::Fails, Verdict::Open, Verdict::Holds].map(check);
    assert_eq!(format::verdicts(&all), "2 confirmed, 1 not confirmed, 1 not run");
    assert_eq!(format::verdicts(&[]), "none");
    assert_eq!(format::outcome(&example_record()), "stopped after 3 of 1500 steps");
    assert_eq!(format::duration(&example_record()), "4.3 s");
    assert_eq!(Mlp::SLUG, "mlp");
}

/// Settings that are chosen from a list of numbers were strings in older files of runs and of weights.
#[test]
fn settings_of_older_files_are_read() {
    fn of_text<C: Settings>(text: &str) -> C {
        from_map(&serde_json::from_str(text).expect("JSON"))
    }
    use nn_lab::sections::{resnet, transformer};
    let older: transformer::Config = of_text(r#"{"heads":"2","d_model":"384","layers":6,"tied":false}"#);
    assert_eq!((older.heads, older.d_model, older.layers, older.tied), (2, 384, 6, false));
    let older: resnet::Config = of_text(r#"{"depth":"56","width":"1","side":"32","learning_rate":0.05}"#);
    assert_eq!((older.depth, older.width, older.side, older.learning_rate), (56, 1.0, 32, 0.05));
    let newer: resnet::Config = of_text(r#"{"depth":8,"width":1.0,"side":16}"#);
    assert_eq!((newer.depth, newer.width, newer.side), (8, 1.0, 16));
}
