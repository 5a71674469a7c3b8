//! Random input for everything that reads external data: addresses, messages, files. The inputs are mutations
//! of valid data, because completely random data is refused at its first byte. Nothing panics, or takes a
//! second or 300 MB.
#![cfg(feature = "compute")]

use crate::run_record::example_record;
use nn_lab::app::route::Route;
use nn_lab::assignment::Assignment;
use nn_lab::core::files::FileKind;
use nn_lab::core::guess::Guessed;
use nn_lab::core::measure::Measure;
use nn_lab::core::query::Query;
use nn_lab::core::sweep::Axis;
use nn_lab::coursework::{AnswerSheet, Asked, Attempt, Lesson, WorkKind};
use nn_lab::data::images::Images;
use nn_lab::data::safetensors::{self, NamedTensor};
use nn_lab::data::{fashion_mnist, text, visitor_files};
use nn_lab::embedding::messages;
use nn_lab::protocol::{ArmEvent, ArmId, ArmStart, Command, Event, LabError, RunId, Task};
use nn_lab::run::any::AnyExperiment;
use nn_lab::saved_runs::{History, ImportError, RunRecord, Timestamp};
use nn_lab::sections::SECTIONS;
use nn_lab::sections::mlp::Mlp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, Instant};

// ---------- The cost of reading ----------

const MAX_BYTES: usize = 300_000_000;
const MAX_TIME: Duration = Duration::from_secs(1);

thread_local! {
    /// Bytes that this thread has allocated minus those that it has freed.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// The maximum of `HELD` since the last reset.
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator with a count of bytes per thread.
struct Counting;

fn count(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

#[allow(
    unsafe_code,
    reason = "`GlobalAlloc` is an unsafe trait; every call is forwarded to the system's allocator"
)]
// SAFETY: Every call is forwarded unchanged to `System`, and counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: The system allocator gets the arguments unchanged, so its contract is met if this one is.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: The system allocator gets the arguments unchanged, so its contract is met if this one is.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // If the block moves, both copies exist for a moment.
        count(size as isize);
        count(-(layout.size() as isize));
        // SAFETY: The system allocator gets the arguments unchanged, so its contract is met if this one is.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: The system allocator gets the arguments unchanged, so its contract is met if this one is.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the result of `read`, after checking its time and its memory.
#[track_caller]
fn checked<T>(what: &str, read: impl Fn() -> T) -> T {
    checked_within(MAX_TIME, what, read)
}

#[track_caller]
fn checked_within<T>(limit: Duration, what: &str, read: impl Fn() -> T) -> T {
    PEAK.set(HELD.get());
    let (before, started) = (HELD.get(), Instant::now());
    let mut out = read();
    let (mut took, bytes) = (started.elapsed(), (PEAK.get() - before) as usize);
    if took > limit {
        // The machine may have been busy, so the second attempt measures CPU time.
        let (started, cpu_time) = (Instant::now(), cpu_time());
        out = read();
        took = self::cpu_time().zip(cpu_time).map_or(started.elapsed(), |(now, before)| now - before);
    }
    assert!(took <= limit, "{what}: it took {took:?}");
    assert!(bytes <= MAX_BYTES, "{what}: it took {} MB of memory", bytes / 1_000_000);
    out
}

/// Returns the CPU time of this thread, if the system reports it.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Checks that a message is one sentence of reasonable length.
#[track_caller]
fn assert_sentence(words: &str) {
    assert!(words.len() > 10 && words.len() < 1000 && words.ends_with(['.', '?']), "not a sentence: {words}");
}

#[track_caller]
fn assert_refusal<T>(outcome: Result<T, LabError>) {
    if let Err(error) = outcome {
        assert_sentence(&error.to_string());
    }
}

/// Runs `n` cases without recording failures in a file, because each failure should get its own test.
fn cases<S: Strategy>(n: u32, strategy: S, test: impl Fn(S::Value)) {
    let config = ProptestConfig { cases: n, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

// ---------- Mutated bytes ----------

/// A mutation of bytes. Positions are fractions of the length, so that they are valid for any length.
#[derive(Clone, Debug)]
enum Mutation {
    Set(f64, u8),
    /// Overwrites eight bytes with a number at the limits of an integer type, which may replace a length.
    Number(f64, u64),
    Cut(f64),
    CutFront(f64),
    Drop(f64, usize),
    Double(f64, usize),
    Insert(f64, Vec<u8>),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = || 0.0..1.0f64;
    // Headers are short but important, so early positions are more likely.
    let early = || prop_oneof![0.0..1.0f64, (0.0..1.0f64).prop_map(|at| at * at * at * at)];
    let numbers =
        [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX, 0x0100_0000_0000];
    prop::collection::vec(
        prop_oneof![
            4 => (early(), any::<u8>()).prop_map(|(at, value)| Mutation::Set(at, value)),
            3 => (early(), prop::sample::select(numbers.to_vec())).prop_map(|(at, value)| Mutation::Number(at, value)),
            1 => at().prop_map(Mutation::Cut),
            1 => at().prop_map(Mutation::CutFront),
            1 => (early(), 0usize..600).prop_map(|(at, n)| Mutation::Drop(at, n)),
            1 => (early(), 0usize..600).prop_map(|(at, n)| Mutation::Double(at, n)),
            1 => (early(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        ],
        0..6,
    )
}

fn mutated(valid: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for mutation in mutations {
        let place = |at: f64| (at * bytes.len() as f64) as usize;
        match mutation {
            Mutation::Set(at, value) => {
                let at = place(*at);
                bytes.get_mut(at..).and_then(<[u8]>::first_mut).into_iter().for_each(|byte| *byte = *value);
            }
            Mutation::Number(at, value) => {
                let at = place(*at);
                bytes[at..].iter_mut().zip(value.to_le_bytes()).for_each(|(byte, new)| *byte = new);
            }
            Mutation::Cut(at) => bytes.truncate(place(*at)),
            Mutation::CutFront(at) => drop(bytes.drain(..place(*at))),
            Mutation::Drop(at, n) => {
                let at = place(*at);
                let end = (at + n).min(bytes.len());
                bytes.drain(at..end);
            }
            Mutation::Double(at, n) => {
                let at = place(*at);
                let part = bytes[at..(at + n).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            Mutation::Insert(at, new) => {
                let at = place(*at);
                bytes.splice(at..at, new.iter().copied());
            }
        }
    }
    bytes
}

/// Returns mutated text, with invalid UTF-8 replaced.
fn mutated_text(valid: &str, mutations: &[Mutation]) -> String {
    String::from_utf8_lossy(&mutated(valid.as_bytes(), mutations)).into_owned()
}

// ---------- Addresses ----------

/// Generates addresses from valid and invalid parts of addresses.
fn addresses() -> impl Strategy<Value = String> {
    let mut words: Vec<String> = SECTIONS.iter().map(|section| section.slug.to_owned()).collect();
    for section in experiments() {
        words.extend(section.schema.params.iter().map(|param| param.key.to_owned()));
        words.extend(section.chapters.iter().map(|chapter| chapter.slug.to_owned()));
    }
    let keys = "preset seeds sweep sweep2 measure device theme embed experiment show share hide lock autoplay ask ask_guess ask_options ask_metric ask_range v";
    let values = "1 0 -1 3.5 NaN inf 1e400 -1e-400 18446744073709551616 99999999999999999999 true auto cpu all number curve choice accuracy loss:below:0.5 loss:lowest depth:2..256/8log depth:2,4,8 width:1e300..-1/999 seed:0..1/0 learning_rate:0..0/3log";
    words.extend(keys.split(' ').chain(values.split(' ')).map(str::to_owned));
    let word = prop_oneof![4 => prop::sample::select(words), 1 => ".{0,8}", 1 => "(%[0-9A-F]{0,2}){1,4}"];
    let separator = prop::sample::select(vec!["=", "&", "?", "/", "#", ",", ":", "..", "|", "+", "%"]);
    prop::collection::vec((word, separator), 0..24).prop_map(|parts| {
        parts.into_iter().fold("#/".to_owned(), |all, (word, separator)| all + &word + separator)
    })
}

/// Returns every section in its untyped form.
fn experiments() -> Vec<&'static AnyExperiment> {
    macro_rules! all {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            vec![$(AnyExperiment::of::<nn_lab::sections::$module::$experiment>()),*]
        };
    }
    nn_lab::for_each_section!(all)
}

#[test]
fn any_address_is_read() {
    cases(10_000, (addresses(), 0usize..100), |(hash, at)| {
        checked(&hash, || {
            let route = Route::from_hash(&hash);
            assert_eq!(Route::from_hash(&route.to_hash()).query, route.query);
            let (_, warnings) = Assignment::from_query(&route.query);
            warnings.iter().for_each(|warning| assert_sentence(warning));
            let all = experiments();
            let section =
                all.iter().find(|section| section.slug == route.slug).unwrap_or(&all[at % all.len()]);
            let (_, base, _) = section.schema.base(&route.query);
            let (values, _) = section.schema.read(&base, &route.query);
            assert!(
                section.encode(&section.config(values.clone())).is_some(),
                "what is read is a configuration"
            );
            let axes = ["sweep", "sweep2"]
                .map(|key| route.query.get(key).map(|text| Axis::read(section.schema.params, text)));
            let axes: Vec<Axis> = axes.into_iter().flatten().flatten().collect();
            if let Ok(points) = nn_lab::core::sweep::points(&section.schema, &values, &axes, 10) {
                assert!(points.len() <= 200, "{} runs", points.len());
            }
            let _ = Measure::read(route.query.get("measure").unwrap_or_default());
        });
    });
}

#[test]
fn long_queries_are_read() {
    let long = format!("depth={}&{}", "9".repeat(1_000_000), "a=1&".repeat(500_000));
    let query = checked("a long query", || Query::parse(&long));
    for section in experiments() {
        checked("its settings", || section.schema.read(&section.schema.defaults(), &query));
    }
}

// ---------- Messages ----------

#[test]
fn any_message_from_the_surrounding_page_is_read() {
    let valid = [
        json!({ "type": "set", "values": { "depth": 3, "learning_rate": 0.1, "activation": "relu", "x": null } }),
        json!({ "type": "train" }),
        json!({ "type": "theme", "theme": "dark" }),
        json!({ "type": "stand", "by": "a", "wants": true, "since": 1.5, "new": false }),
    ]
    .map(|body| messages::from_host(body).to_string());
    cases(10_000, (prop::sample::select(valid.to_vec()), mutations()), |(valid, mutations)| {
        let text = mutated_text(&valid, &mutations);
        if let Err(error) = checked(&text, || messages::read(&text)) {
            assert_sentence(&error.to_string());
        }
    });
    for deep in
        ["[", "{\"a\":", "{\"source\":\"nn-lab-host\",\"version\":1,\"type\":\"set\",\"values\":{\"a\":["]
    {
        assert!(!matches!(checked(deep, || messages::read(&deep.repeat(1500))), Ok(Some(_))));
    }
}

#[test]
fn any_message_of_a_worker_is_read() {
    let start = ArmStart { id: ArmId(3), arm: 1, config: vec![7; 40], from: None };
    let commands = [
        Command::Hello { base_url: "https://example.org/".into(), names: vec![("a".into(), "b".into())] },
        Command::Start {
            run: RunId(4),
            slug: "mlp".into(),
            task: Task::Train,
            arms: vec![start.clone(), start],
            paused: false,
            request: Some(vec![1, 2, 3]),
            team: None,
        },
        Command::UnpackFile { run: RunId(1), kind: FileKind::Cifar10, name: "a.bin".into() },
    ];
    let arm = |event| Event::Arm { run: RunId(2), arm: ArmId(0), event };
    let events = [
        Event::Died { reason: "no memory".into() },
        arm(ArmEvent::Frame(vec![9; 100])),
        arm(ArmEvent::Failed(LabError::Data("It is damaged.".into()))),
        arm(ArmEvent::Loading { what: "a file".into(), bytes: 3, total: Some(7) }),
    ];
    let bytes = commands.iter().map(postcard::to_stdvec).chain(events.iter().map(postcard::to_stdvec));
    let valid: Vec<Vec<u8>> = bytes.map(|bytes| bytes.expect("plain")).collect();
    cases(10_000, (prop::sample::select(valid), mutations()), |(valid, mutations)| {
        let bytes = mutated(&valid, &mutations);
        checked("a message of a worker", || {
            let (_, _) = (postcard::from_bytes::<Command>(&bytes), postcard::from_bytes::<Event>(&bytes));
        });
    });
}

/// Frames come from the lab's own worker, but page and worker may have different versions.
#[test]
fn any_frame_is_read() {
    for section in experiments() {
        cases(5000, (prop::collection::vec(any::<u8>(), 0..200), 0usize..40), |(frame, arm)| {
            checked(section.slug, || {
                let mut record = section.empty();
                if section.apply_frame(&mut record, arm, &frame).is_ok() {
                    let config = section.config(section.schema.defaults());
                    let (_, _) = (section.metrics(&config, &record), section.checks(&config, &record));
                    section.series(&config, &record);
                    for at in 0..section.guided_infos().len() {
                        section.answer(at, &config, &record);
                    }
                }
            });
        });
    }
}

// ---------- Run files ----------

fn read_run(text: &str) -> Result<RunRecord, ImportError> {
    checked("a file of a run", || RunRecord::read(text, AnyExperiment::of::<Mlp>()))
}

#[test]
fn any_run_file_is_read() {
    let valid = example_record().to_json();
    let mut history = History::default();
    history.add(1, example_record());
    history.open(2, vec![("file.json".to_owned(), example_record())]);
    let stored = history.to_text();
    cases(10_000, mutations(), |mutations| {
        if let Err(error) = read_run(&mutated_text(&valid, &mutations)) {
            assert_sentence(&error.to_string());
        }
        let text = mutated_text(&stored, &mutations);
        let (_, warnings) = checked("stored runs", || History::from_text(&text, AnyExperiment::of::<Mlp>()));
        warnings.iter().for_each(|warning| assert_sentence(warning));
    });
}

/// Each of these files has the maximum length, and would take many times that in memory if it were parsed.
#[test]
fn run_files_do_not_exhaust_memory() {
    for part in ["[0],", "{\"\":0},", "0,", "[", "{\"a\":", "[[],[]],", "\"a\",", "[0,0,0,0,0],"] {
        let text =
            format!("{{\"schema\":\"nn-lab/run\",\"series\":[{}", part.repeat(15_900_000 / part.len()));
        match read_run(&text) {
            Err(error) => assert_sentence(&error.to_string()),
            Ok(_) => panic!("{part} was taken"),
        }
    }
}

/// The file has nearly the maximum length. The page reads it several times faster than the tests, which are
/// barely optimized.
#[test]
fn a_long_run_file_is_read() {
    let mut record = example_record();
    let points = |from: u32| (from..from + 90_000).map(|step| (f64::from(step), 0.123_456)).collect();
    record.series.iter_mut().for_each(|series| series.points = std::rc::Rc::new(points(1)));
    let seeds = |seed| nn_lab::saved_runs::SavedSeed { seed, series: record.series.clone() };
    record.seeds = (2..5).map(seeds).collect();
    let text = record.to_json();
    assert!(text.len() > 10_000_000, "{}", text.len());
    let read = || RunRecord::read(&text, AnyExperiment::of::<Mlp>());
    let run = checked_within(4 * MAX_TIME, "a long file of a run", read);
    assert_eq!(run.map(|run| run.seeds.len()), Ok(3));
}

// ---------- Answer sheets and lessons ----------

fn example_sheet() -> AnswerSheet {
    let asked = |id: &str, kind| Asked {
        id: id.to_owned(),
        section: "mlp".to_owned(),
        kind,
        question: "How much?".to_owned(),
    };
    let attempt = |id: &str, guess| Attempt { id: id.to_owned(), time: Timestamp(7), guess, outcome: None };
    let mut sheet = AnswerSheet { student: Some("Ada".to_owned()), ..AnswerSheet::default() };
    let curve = Guessed::Curve(vec![(0.0, 2.0), (1.0, 0.5)]);
    sheet.add(&asked("mlp/q1", WorkKind::Question), attempt("a", Some(Guessed::Number(0.5))));
    sheet.add(&asked("mlp/q2", WorkKind::Experiment), attempt("b", Some(curve)));
    sheet.add(&asked("mlp/code", WorkKind::Code), attempt("c", None));
    sheet
}

#[test]
fn any_answer_sheet_and_lesson_is_read() {
    let sheet = example_sheet().to_json(Timestamp(9));
    assert_eq!(AnswerSheet::read(&sheet), Ok(example_sheet()));
    let query = Query::parse(
        "lesson=memory&lesson_title=Memory&item1=mlp%3Fask%3DWhy&item2=mlp%3Fexperiment%3Dmoons",
    );
    let lesson = Lesson::from_query(&query).expect("a lesson").to_json();
    cases(10_000, mutations(), |mutations| {
        let text = mutated_text(&sheet, &mutations);
        match checked("an answer sheet", || AnswerSheet::read(&text)) {
            // A sheet that was read is written as a file that can be read.
            Ok(read) => assert!(AnswerSheet::read(&read.to_json(Timestamp(9))).is_ok(), "{text}"),
            Err(error) => assert_sentence(&format!("The file was left out: {error}.")),
        }
        let text = mutated_text(&lesson, &mutations);
        if let Err(error) = checked("a lesson", || Lesson::read(&text)) {
            assert_sentence(&format!("The lesson was not opened: {error}."));
        }
    });
}

#[test]
fn answer_sheets_do_not_exhaust_memory() {
    for part in ["[0],", "{\"\":0},", "0,", "[", "{\"a\":", "\"a\","] {
        let text =
            format!("{{\"schema\":\"nn-lab/answers\",\"answers\":[{}", part.repeat(15_900_000 / part.len()));
        assert!(checked("an answer sheet", || AnswerSheet::read(&text)).is_err(), "{part} was taken");
    }
}

// ---------- Weights ----------

fn weights() -> Vec<u8> {
    let tensor = |name: &str, shape: Vec<usize>| NamedTensor {
        name: name.to_owned(),
        values: vec![0.5; shape.iter().product()],
        shape,
    };
    let tensors = vec![tensor("a.weight", vec![4, 3]), tensor("b", vec![5]), tensor("adam.m.0", vec![12])];
    let metadata =
        vec![("format".to_owned(), "nn-lab transformer 1".to_owned()), ("step".to_owned(), "7".to_owned())];
    safetensors::write(&safetensors::File { metadata, tensors, ..Default::default() })
        .expect("it can be written")
}

#[test]
fn any_weight_file_is_read() {
    let valid = [weights(), include_bytes!("e2e/fixtures/older-weights.safetensors").to_vec()];
    cases(10_000, (prop::sample::select(valid.to_vec()), mutations()), |(valid, mutations)| {
        let bytes = mutated(&valid, &mutations);
        if let Err(words) = checked("weights", || safetensors::read(&bytes)) {
            assert_sentence(&words.to_string());
        }
    });
}

#[test]
fn weight_files_do_not_exhaust_memory() {
    let file = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 64]].concat();
    let tensor = |i: usize| format!("\"{i}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}},");
    let many: String = (0..700_000).map(tensor).collect();
    let metadata: String = (0..2_000_000).map(|i| format!("\"{i}\":\"\",")).collect();
    for header in [
        format!("{{{}}}", many.trim_end_matches(',')),
        format!("{{\"__metadata__\":{{{}}}}}", metadata.trim_end_matches(',')),
        "[".repeat(20_000_000),
    ] {
        let bytes = file(&header);
        let words = checked("weights", || safetensors::read(&bytes)).expect_err("it is too long");
        assert_sentence(&words.to_string());
    }
}

// ---------- Checkpoints ----------

/// A run that starts from a mutated checkpoint trains, diverges, or refuses the checkpoint; it never panics.
#[test]
fn any_checkpoint_is_read() {
    use crate::collector::{Collector, block_on};
    use burn::tensor::Device;
    use nn_lab::run::{Experiment, driver};
    use nn_lab::sections::mlp::Config;

    let config = Config { width: 2, depth: 1, steps: 6, batch_size: 2, ..Config::default() };
    let train = |checkpoint: Option<Vec<u8>>| {
        let mut out = Collector::<Mlp> { arm: 1, frame_every: 2, checkpoint, ..Collector::default() };
        let result = block_on(driver::train::<Mlp>(config.clone(), 1, &Device::flex(), &mut out));
        (out, result)
    };
    let (whole, result) = train(None);
    result.expect("it trains");
    let valid = whole.checkpoints.first().expect("a checkpoint").1.clone();
    let saved = Mlp::save_arm(&whole.record(), 1);
    cases(300, mutations(), |mutations| {
        assert_refusal(train(Some(mutated(&valid, &mutations))).1);
    });
    cases(10_000, mutations(), |mutations| {
        checked("a saved arm", || Mlp::load_arm(&mut Default::default(), 1, &mutated(&saved, &mutations)));
    });
}

// ---------- Data sets and texts ----------

fn packed(magic: &[u8], words: &[u32], payload: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    let mut writer = flate2::write::ZlibEncoder::new(bytes, flate2::Compression::fast());
    writer.write_all(payload).expect("into memory");
    let mut bytes = writer.finish().expect("into memory");
    let mut crc = flate2::Crc::new();
    crc.update(payload);
    bytes.extend(crc.sum().to_le_bytes());
    bytes
}

fn image_file(n_train: u32, n_test: u32, payload: &[u8]) -> Vec<u8> {
    packed(b"NNLABIMG", &[1, n_train, n_test, 28, 28, 1, 10, 1, 2], payload)
}

#[test]
fn any_image_file_is_read() {
    let payload: Vec<u8> = (0..6 * 785).map(|i| if i < 6 { i as u8 } else { (i % 60) as u8 }).collect();
    let valid = image_file(4, 2, &payload);
    assert!(fashion_mnist::read(&valid).is_ok());
    cases(10_000, mutations(), |mutations| {
        let bytes = mutated(&valid, &mutations);
        assert_refusal(checked("images", || fashion_mnist::read(&bytes).map(drop)));
        assert_refusal(checked("images", || Images::fashion_mnist(&bytes, 3, 1).map(drop)));
    });
}

#[test]
fn image_files_do_not_unpack_beyond_the_limit() {
    let bomb = vec![0; 200_000_000];
    for n in [500_000, u32::MAX] {
        let bytes = image_file(n, n, &bomb);
        assert_refusal(checked("a bomb", || fashion_mnist::read(&bytes)));
        assert!(fashion_mnist::read(&bytes).is_err());
    }
    let bytes = packed(b"NNLABTXT", &[1, u32::MAX], &bomb);
    assert!(checked("a bomb", || text::read_plays(&bytes)).is_err());
}

#[test]
fn any_text_file_is_read() {
    let words: String = (0..3000).map(|i| ["the ", "cat ", "ſat\n", "☃ ", "\r\n"][i % 5]).collect();
    let plays = packed(b"NNLABTXT", &[1, words.len() as u32], words.as_bytes());
    assert!(text::read_plays(&plays).is_ok());
    cases(3000, mutations(), |mutations| {
        let bytes = mutated(&plays, &mutations);
        assert_refusal(checked("plays", || text::read_plays(&bytes).map(drop)));
        let bytes = mutated(words.as_bytes(), &mutations);
        assert_refusal(checked("a text", || {
            visitor_files::unpack(FileKind::Text, "<b>.txt", bytes.clone()).map(drop)
        }));
        if let Ok(own) = text::read_own(&bytes) {
            checked("a corpus", || {
                let corpus = text::Corpus::new(&own.text);
                let baselines = corpus.baselines(64);
                assert!(
                    [baselines.uniform, baselines.unigram, baselines.bigram]
                        .iter()
                        .all(|loss| loss.is_finite())
                );
                text::fixed_windows(&corpus.validation, 7, 128);
                text::Windows::new(1).next(&corpus.train, 3, 512);
                assert!(corpus.vocabulary.len() <= text::MAX_CHARS);
            });
        }
    });
}

#[test]
fn a_text_of_rare_characters_is_accepted() {
    let all: String = (0x4e00..0x4e00 + 3000).filter_map(char::from_u32).collect();
    let own = text::read_own(all.as_bytes()).expect("it is a text");
    let corpus = text::Corpus::new(&own.text);
    assert!(corpus.baselines(64).bigram.is_finite() && corpus.folded.0 > 2800);
}

// ---------- Archives ----------

fn header(name: &str, size: &str, kind: u8) -> [u8; 512] {
    let mut header = [0u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..124 + size.len()].copy_from_slice(size.as_bytes());
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar  \0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn gzip(parts: &[&[u8]], zeros: usize) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    parts.iter().for_each(|part| writer.write_all(part).expect("into memory"));
    for _ in 0..zeros / 1_000_000 {
        writer.write_all(&[0; 1_000_000]).expect("into memory");
    }
    writer.finish().expect("into memory")
}

fn archive(name: &str, bytes: Vec<u8>) -> Result<usize, LabError> {
    // An archive of the maximum length is unpacked completely, which the worker does several times faster
    // than the tests.
    checked_within(2 * MAX_TIME, "an archive", || {
        visitor_files::unpack(FileKind::Cifar10, name, bytes.clone()).map(|files| files.len())
    })
}

#[test]
fn any_archive_is_read() {
    let name = format!("{}/data_batch_1.bin", "folder".repeat(30));
    let mut long_name = name.into_bytes();
    long_name.resize(512, 0);
    let record = [vec![3u8; 1], vec![100; 3072], vec![0; 511]].concat();
    let plain = [
        &header("c/data_batch_1.bin", "00000006001", b'0')[..],
        &record,
        &header("c/test_batch.bin", "00000006001", b'0'),
        &record,
        &header("././@LongLink", "00000000311", b'L'),
        &long_name,
        &header("folder", "00000006001", b'0'),
        &record,
        &[0; 1024],
    ]
    .concat();
    assert_eq!(archive("a.tar.gz", gzip(&[&plain], 0)).ok(), Some(3));
    cases(3000, (mutations(), mutations(), any::<bool>(), any::<bool>()), |(inner, outer, gz, packed)| {
        let tar = mutated(&plain, &inner);
        let bytes = if packed { mutated(&gzip(&[&tar], 0), &outer) } else { tar };
        assert_refusal(archive(if gz { "<img src=x>.tar.gz" } else { "a.bin" }, bytes).map(drop));
    });
}

#[test]
fn archives_do_not_unpack_beyond_the_limit() {
    let max_len = 60_000 * 3073;
    let size = |n: usize| format!("{n:011o}");
    let zeros = |n: usize| vec![0u8; n];
    let file = |i: usize| header(&format!("data_batch_{i}.bin"), &size(max_len), b'0');
    let block = zeros(max_len.next_multiple_of(512));
    for (what, bytes) in [
        ("a name of 2 MB", gzip(&[&header("././@LongLink", &size(2_000_000), b'L')], 3_000_000)),
        ("a name of 400 MB", gzip(&[&header("././@LongLink", &size(400_000_000), b'L')], 400_000_000)),
        ("an extension of 400 MB", gzip(&[&header("x", &size(400_000_000), b'x')], 400_000_000)),
        ("a file that says that it is huge", gzip(&[&header("a.bin", "77777777777", b'0')], 1_000_000)),
        (
            "a file with a size beyond all numbers",
            gzip(&[&header("a.bin", "\u{7f}\u{7f}\u{7f}\u{7f}", b'0')], 1_000_000),
        ),
        ("two files that fit only one by one", gzip(&[&file(1), &block, &file(2), &block], 0)),
        ("zeros without end", gzip(&[&header("readme", &size(1), b'0')], 700_000_000)),
        ("a file that nobody wants", gzip(&[&header("readme", &size(690_000_000), b'0')], 700_000_000)),
    ] {
        let words = archive("a.tar.gz", bytes).expect_err(what).to_string();
        assert_sentence(&words);
    }
}
