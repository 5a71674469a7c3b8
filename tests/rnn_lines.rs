//! Section 4 on lines of the user.

use crate::collector::{Collector, block_on, probe, train};
use burn::tensor::Device;
use nn_lab::core::data_set::request::LineOptions;
use nn_lab::core::{LabError, Verdict};
use nn_lab::data::own::lines::{Lines, read};
use nn_lab::run::set_up::set_up;
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::rnn::{
    Config, LSTM, RNN, Record, Rnn, TaskChoice, chance_level, params_lstm, params_rnn,
};

/// Returns `n` lines as a file. The words "good" and "bad" decide the class.
fn lines(n: usize) -> String {
    let endings = ["film", "meal at the station", "day", "book, really", "idea we had"];
    let line = |at: usize| {
        let (word, label) = [("good", "positive"), ("bad", "negative")][at % 2];
        format!("{} {word} {}, {label}\n", ["a", "what a", "one more"][at % 3], endings[at % 5])
    };
    (0..n).map(line).collect()
}

/// Returns the settings for lines, and a context in which they are stored.
fn with_lines(text: &str, config: Config) -> (Config, Collector<Rnn>) {
    let file = read("lines.csv", text.as_bytes(), &LineOptions::default()).1.expect("lines");
    let path = format!("user/lines/{}", file.card.id);
    let out = Collector { user_files: [(path, file.to_bytes().into())].into(), ..Collector::default() };
    (Config { task: TaskChoice::Lines, data: file.card.id, ..config }, out)
}

fn small() -> Config {
    Config { d_hidden: 16, batch_size: 16, learning_rate: 0.01, ..Config::default() }
}

#[test]
fn the_probe_describes_lines_and_measures_both_networks() {
    let (config, mut out) = with_lines(&lines(40), small());
    block_on(Rnn::probe(config.clone(), &Device::flex(), &mut out)).expect("it is probed");
    let record = out.record();
    assert_eq!(record.params, [params_rnn(&config), params_lstm(&config)].map(|n| Some(n as u32)));
    let set = record.lines.clone().expect("a description");
    assert_eq!(
        (set.classes.as_slice(), set.title.as_str()),
        (&["negative".to_owned(), "positive".to_owned()][..], "lines")
    );
    assert_eq!((set.train.as_slice(), set.test.as_slice(), set.shown.len()), (&[16, 16][..], &[4, 4][..], 8));
    let text: String =
        set.shown[0].0.iter().filter(|token| **token > 0).map(|token| set.name(*token)).collect();
    assert!(text.contains(["bad", "good"][usize::from(set.shown[0].1)]), "{text}");
    assert_eq!(chance_level(&config, &record), 0.5);
    for arm in [RNN, LSTM] {
        let (answers, trace) = (record.answers(arm).expect("answers"), record.trace(arm).expect("a trace"));
        assert_eq!((answers.n_lines, answers.n_classes, trace.seq_len() as u32), (8, 2, config.length()));
        assert_eq!(trace.tokens, set.shown[0].0);
        // The first line's answers are computed twice, once in a batch.
        let gap = answers.line(0).iter().zip(&trace.answers).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(answers.line(0).len() == trace.answers.len() && gap < 1e-5, "{gap}");
        let off = record.agreement[arm].expect("compared");
        assert!(off.values < 1e-5 && off.gradients < 1e-5, "{off:?}");
    }
    // The first training step measures the gradients of the untrained networks again.
    assert_eq!(
        record.untrained_gradients[RNN].as_ref().map(|row| row.hidden.len()),
        Some(config.length() as usize)
    );
}

#[test]
fn an_lstm_learns_forty_lines_by_heart() {
    let config = Config { steps: 300, ..small() };
    let (config, mut out) = with_lines(&lines(40), config);
    block_on(Rnn::probe(config.clone(), &Device::flex(), &mut out)).expect("it is probed");
    train::<Rnn>(&config, &mut out).expect("it runs");
    let record = out.record();
    let [train, test] =
        [&record.arms[LSTM].train_accuracy, &record.arms[LSTM].accuracy].map(|curve| curve.last_y());
    println!("training {train:?}, held out {test:?}");
    assert_eq!(train, Some(1.0));
    let answers = record.arms[LSTM].answers.as_ref().expect("answers");
    assert_eq!(answers.step, 300);
    // The answers of the figure agree with the measured accuracy, which is of the same lines.
    let set = record.lines.clone().expect("lines");
    let right = set.shown.iter().enumerate().filter(|(at, (_, label))| {
        let line = answers.line(*at);
        let last = &line[line.len() - 2..];
        usize::from(last[1] > last[0]) == usize::from(*label)
    });
    assert_eq!(Some(right.count() as f64 / set.shown.len() as f64), test);
    let names: Vec<String> = Rnn::series(&record).iter().map(|series| series.metric.to_string()).collect();
    assert!(names.contains(&"accuracy_train_lstm".to_owned()), "{names:?}");
    for check in Rnn::checks(&config, &record) {
        assert!(!check.claim.contains("first token"), "{}", check.claim);
        assert_ne!(check.verdict, Verdict::Open, "{}", check.claim);
        if !check.claim.starts_with("No network does better") {
            assert_eq!(check.verdict, Verdict::Holds, "{}: {}", check.claim, check.measured);
        }
    }
    let saved = postcard::to_stdvec(&record.arms[LSTM]).expect("it can be encoded");
    assert_eq!(postcard::from_bytes(&saved), Ok(record.arms[LSTM].clone()));
}

#[test]
fn recall_has_no_lines() {
    let config = Config { seq_len: 12, d_hidden: 8, batch_size: 8, steps: 5, ..Config::default() };
    let record: Record = probe::<Rnn>(config.clone());
    assert!(record.lines.is_none() && record.answers(LSTM).is_none());
    let (record, result) = crate::collector::run::<Rnn>(config);
    assert_eq!(result, Ok(()));
    assert!(record.arms.iter().all(|net| net.train_accuracy.is_empty() && net.answers.is_none()));
    assert!(Rnn::series(&record).iter().all(|series| series.base != "accuracy_train"));
}

#[test]
fn missing_and_tiny_sets_of_lines_have_their_sentence() {
    let missing = Config { task: TaskChoice::Lines, ..small() };
    let (record, result) = Collector::<Rnn>::default().probe(&missing);
    assert!(matches!(result, Err(LabError::NoData(why)) if why.contains("no set of lines")));
    // Closed forms have a default shape.
    assert!(params_rnn(&missing) > 0 && record.lines.is_none());
    let (config, _) = with_lines(&lines(40), small());
    let result = train::<Rnn>(&config, &mut Collector::default());
    assert!(matches!(result, Err(LabError::Data(why)) if why.contains(&config.data)));
    // Fewer lines than a batch, and three classes, one of them with a single line.
    let (config, mut out) = with_lines("ab, x\ncd, y\nae, x\ncf, y\ng, z\n", Config { steps: 3, ..small() });
    train::<Rnn>(&config, &mut out).expect("it runs");
    assert_eq!(out.record().arms[RNN].losses.len(), 3);
}

#[test]
fn the_set_up_of_lines_has_their_batches() {
    let (config, mut out) = with_lines(&lines(40), Config { steps: 5, ..small() });
    let file = block_on(set_up::<Rnn>(&config, &Device::flex(), &mut out)).expect("the steps are done");
    let x = file.tensors.iter().find(|tensor| tensor.name == "batch1.x").expect("a batch");
    assert_eq!(x.shape, [config.length() as usize, 16, config.d_in() as usize]);
    let file = read("a.csv", lines(40).as_bytes(), &LineOptions::default()).1.expect("lines");
    let (_, read) = Lines::open(&file.to_bytes()).expect("lines");
    assert_eq!((read.seq_len as u32, read.n_characters as u32), (config.length(), config.d_in()));
}
