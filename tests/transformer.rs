//! Section 6: the text, and short runs of the experiment on the CPU.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train, values};
use crate::transformer_model::{SIZES, largest_gap, model, one_hot};
use burn::tensor::Device;
use nn_lab::core::{LabError, Verdict};
use nn_lab::data::own::texts;
use nn_lab::data::safetensors;
use nn_lab::data::text::{self, Corpus, FOLDED, MAX_CHARS, Vocabulary, Windows, fixed_windows};
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::transformer::writing::{Writer, draw};
use nn_lab::sections::transformer::{Config, Frame, Record, Request, TextChoice, Transformer, WriteRequest};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn texts_round_trip_through_token_ids(words in "[a-zA-Zäöüß€ \n]{0,400}") {
        let vocabulary = Vocabulary::of(&words);
        let back = vocabulary.decode(&vocabulary.encode(&words));
        prop_assert_eq!(back, words);
    }

    #[test]
    fn any_bytes_result_in_a_file_or_a_message(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = safetensors::read(&bytes);
        let _ = text::read_own(&bytes);
        let _ = text::read_plays(&bytes);
    }
}

#[test]
fn the_plays_are_complete() {
    let bytes = std::fs::read("static/data/shakespeare.bin").expect("the file");
    let plays = text::read_plays(&bytes).expect("the plays");
    assert_eq!(plays.len(), 1_102_704);
    assert!(plays.starts_with("Prologue:\nTwo households") && plays.contains("To be, or not to be"));
    let corpus = Corpus::new(&plays);
    assert_eq!((corpus.vocabulary.len(), corpus.folded), (62, (0, 0)));
    assert_eq!(corpus.validation.len(), 110_271);
    let baselines = corpus.baselines(256);
    assert!(baselines.uniform > baselines.unigram && baselines.unigram > baselines.bigram);
    assert!((2.3..2.6).contains(&baselines.bigram), "{baselines:?}");
    // 31 windows of 257 characters fit into 8,192.
    assert_eq!(baselines.predicted, 31 * 256);
    for (name, damaged) in [
        ("cut", bytes[..bytes.len() - 9].to_vec()),
        ("empty", Vec::new()),
        ("another file", b"NNLABIMG and more than enough bytes".to_vec()),
        (
            "a flipped bit",
            bytes.iter().enumerate().map(|(i, b)| if i == 20_000 { b ^ 4 } else { *b }).collect(),
        ),
    ] {
        assert!(matches!(text::read_plays(&damaged), Err(LabError::Data(_))), "{name}");
    }
}

#[test]
fn own_texts_are_accepted_or_refused_with_a_reason() {
    let refused = |bytes: &[u8], words: &str| match text::read_own(bytes) {
        Err(LabError::Data(why)) => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    };
    refused(b"too short", "9 bytes");
    refused(&vec![b'a'; 20_000_001], "20 MB");
    refused(&vec![0xff; 3000], "is not text in UTF-8");
    let read = text::read_own(&b"ab\r\n".repeat(1000)).expect("a text");
    assert_eq!((read.text, read.remark), ("ab\n".repeat(1000), None));
    // More different characters than the vocabulary may have.
    let many: String = (0..400u32).flat_map(|i| char::from_u32(0x4e00 + i)).collect::<String>().repeat(3)
        + &"ab ".repeat(500);
    let corpus = Corpus::new(&many);
    assert_eq!(corpus.vocabulary.len(), MAX_CHARS);
    assert!(corpus.folded.0 > 0 && corpus.folded.1 > 200);
    assert_eq!(corpus.vocabulary.char(corpus.vocabulary.id('\u{5555}').expect("folded")), FOLDED);
    assert!(corpus.baselines(64).bigram.is_finite());
}

#[test]
fn windows_depend_only_on_the_seed() {
    let text: Vec<u8> = (0..200).collect();
    let mut windows = Windows::new(1);
    let first = windows.next(&text, 3, 8);
    assert_eq!(first.len(), 27);
    assert!(first.chunks(9).all(|window| window.windows(2).all(|pair| pair[1] == pair[0] + 1)));
    let second = windows.next(&text, 3, 8);
    assert_ne!(first, second);
    let mut same = Windows::new(1);
    assert_eq!([same.next(&text, 3, 8), same.next(&text, 3, 8)], [first, second]);
    assert_eq!(fixed_windows(&text, 4, 8).len(), 36);
    assert_eq!(fixed_windows(&text[..5], 4, 8), text[..5], "a short text gives a shorter window");
}

/// Returns two kilobytes of an invented language that is easy to learn.
fn own_text() -> Vec<u8> {
    "abc abd\nabc abe\n".repeat(150).into_bytes()
}

/// Returns settings that train on [`own_text`] in well under a second.
pub(crate) fn tiny() -> Config {
    Config {
        layers: 2,
        heads: 2,
        d_model: 16,
        context: 16,
        batch_size: 4,
        steps: 40,
        warmup: 5,
        learning_rate: 0.01,
        sample_length: 12,
        text: TextChoice::Own,
        ..Config::default()
    }
}

fn collector() -> Collector<Transformer> {
    Collector {
        user_files: [("user/text/own.txt".to_owned(), own_text().into())].into(),
        ..Collector::default()
    }
}

fn run_with(config: &Config, mut out: Collector<Transformer>) -> (Record, Vec<(usize, Frame)>) {
    train::<Transformer>(config, &mut out).expect("it runs");
    (out.record(), out.frames)
}

fn run(config: &Config) -> Record {
    run_with(config, collector()).0
}

#[test]
fn a_model_beats_the_bigram_baseline_on_a_small_language() {
    let config = Config { steps: 150, ..tiny() };
    let mut out = collector();
    block_on(Transformer::probe(config.clone(), &Device::flex(), &mut out)).expect("it probes");
    train::<Transformer>(&config, &mut out).expect("it runs");
    let record = out.record();
    let bigram = record.text.as_ref().expect("a text").bigram;
    let loss = record.run().validation.last_y().expect("validated");
    assert!(loss < bigram, "{loss} against {bigram}");
    // All checks except those of the other task.
    let checks = Transformer::checks(&config, &record);
    let (holds, open): (Vec<_>, Vec<_>) = checks.iter().partition(|check| check.verdict == Verdict::Holds);
    assert!(holds.len() == 5 && open.iter().all(|check| check.verdict == Verdict::Open), "{checks:?}");
    assert_eq!(record.run().losses.len(), 150);
    let steps: Vec<u32> = record.run().snapshots.iter().map(|snapshot| snapshot.step).collect();
    assert_eq!(steps, [0, 10, 30, 100, 150]);
    assert_eq!(record.run().samples.len(), 5);
    assert!(record.run().samples.iter().all(|sample| sample.text.chars().count() == 12));
    let last = record.run().snapshots.last().expect("a snapshot");
    assert_eq!((last.len(), last.n, record.run().window.len()), (4, 16, 16));
}

#[test]
fn runs_are_reproducible_at_any_frame_rate() {
    let config = Config { dropout: 0.1, ..tiny() };
    let once = run(&config);
    let again = run_with(&config, Collector { frame_every: 1, ..collector() }).0;
    assert_eq!(once, again);
    assert_ne!(once.run().losses, run(&Config { seed: 2, ..config }).run().losses);
}

fn ask(request: &Request) -> Vec<u8> {
    postcard::to_stdvec(request).expect("it can be encoded")
}

#[test]
fn a_saved_model_is_unchanged_after_loading() {
    let config = tiny();
    let mut out = collector();
    out.requests = vec![(u32::MAX, ask(&Request::Save)), (u32::MAX, ask(&Request::Ablate(vec![(0, 1)])))];
    let first = run_with(&config, out).0;
    let file = first.run().saved.clone().expect("a file");
    assert_eq!(first.run().ablations.len(), 1);
    let mut out = collector();
    out.requests =
        vec![(0, ask(&Request::Load(file.to_vec()))), (u32::MAX, ask(&Request::Ablate(vec![(0, 1)])))];
    let second = run_with(&config, out).0;
    assert_eq!(second.run().loaded, Some(40));
    assert!(second.run().losses.is_empty(), "loaded weights are not trained on unasked");
    assert_eq!(second.run().validation.last_y(), first.run().validation.last_y(), "same weights, same loss");
    assert_eq!(second.run().ablations, first.run().ablations);

    // Files that do not match are refused, and the run continues unchanged.
    let other = Config { layers: 1, ..tiny() };
    for (config, bytes) in [
        (&config, file[..file.len() / 2].to_vec()),
        (&other, file.to_vec()),
        (&config, b"no such thing at all".to_vec()),
    ] {
        let mut out = collector();
        out.requests = vec![(u32::MAX, ask(&Request::Load(bytes)))];
        let record = run_with(config, out).0;
        assert!(record.run().refused.is_some() && record.run().loaded.is_none());
    }
}

#[test]
fn the_model_writes_the_requested_text() {
    let request = WriteRequest { prompt: "ab".to_owned(), temperature: 0.7, top_k: 5, seed: 3, count: 60 };
    let mut out = collector();
    // The text is longer than the context, so the cache is rebuilt. Requested once during training and once afterward.
    out.requests =
        vec![(7, ask(&Request::Write(request.clone()))), (u32::MAX, ask(&Request::Write(request)))];
    let (record, frames) = run_with(&tiny(), out);
    let writing = &record.run().written;
    assert_eq!((writing.chars.len(), writing.prompt.as_str(), writing.busy), (60, "ab", false));
    for written in writing.chars.iter() {
        let sum: f32 = written.likeliest.iter().map(|(_, p)| p).sum();
        assert!(written.likeliest.len() <= 10 && sum <= 1.0 + 1e-5);
        assert!(written.likeliest.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        assert!(written.likeliest.iter().take(5).any(|(c, _)| *c == written.char), "top-k was not kept to");
    }
    assert_eq!(
        frames.iter().filter(|(_, frame)| matches!(frame, Frame::Written(part) if part.done)).count(),
        2
    );
}

#[test]
fn cached_generation_matches_the_uncached_model() {
    let net = model(SIZES);
    let vocabulary = Vocabulary::from_chars("\nabcdefghi".chars().chain(['j']).collect()).expect("in order");
    let mut writer_text = vocabulary.encode("abc");
    let device = Device::flex();
    let mut writer = Writer::new(&net, &vocabulary, "abc", &device);
    let mut rng = <chacha20::ChaCha12Rng as rand::SeedableRng>::seed_from_u64(1);
    while writer_text.len() < 24 {
        let ours = block_on(writer.next_logits()).expect("logits");
        let ids: Vec<usize> = writer_text.iter().map(|&id| id.into()).collect();
        let whole = values(net.forward(one_hot(&ids), 0.0));
        assert!(largest_gap(&ours, &whole[whole.len() - 11..]) < 1e-5);
        let id = draw(&ours, 1.0, 11, &mut rng);
        writer.push(id);
        writer_text.push(id);
    }
}

#[test]
fn draws_follow_temperature_and_top_k() {
    let mut rng = <chacha20::ChaCha12Rng as rand::SeedableRng>::seed_from_u64(1);
    let logits = [0.0, 2.0, 1.0, -3.0];
    assert!((0..50).all(|_| draw(&logits, 1.0, 1, &mut rng) == 1));
    assert!((0..50).all(|_| draw(&logits, 0.0, 4, &mut rng) == 1));
    let drawn: Vec<u8> = (0..4000).map(|_| draw(&logits, 1.0, 2, &mut rng)).collect();
    assert!(drawn.iter().all(|&id| id == 1 || id == 2));
    let share = drawn.iter().filter(|&&id| id == 1).count() as f64 / 4000.0;
    assert!((share - 1.0 / (1.0 + (-1.0f64).exp())).abs() < 0.03, "{share}");
    assert_eq!(draw(&[], 1.0, 3, &mut rng), 0);
}

#[test]
fn a_named_text_is_loaded_from_its_data_file() {
    let files = [("b.txt".to_owned(), own_text()), ("a.txt".to_owned(), own_text())];
    let (preview, file) = texts::read(&files).expect("texts");
    let config = Config { data: file.card.id.clone(), ..tiny() };
    let collector = |path: String| Collector::<Transformer> {
        user_files: [(path, file.to_bytes().into())].into(),
        ..Collector::default()
    };
    let mut out = collector(format!("user/texts/{}", config.data));
    train::<Transformer>(&config, &mut out).expect("it runs");
    let mut out = collector(format!("user/texts/{}", config.data));
    block_on(Transformer::probe(config.clone(), &Device::flex(), &mut out)).expect("it is probed");
    let info = out.record().text.expect("a description");
    assert_eq!((info.train, info.validation), preview.split);
    let mut counted: Vec<(char, u32)> =
        info.vocabulary.iter().copied().zip(info.counts.iter().copied()).collect();
    counted.sort_by_key(|(c, n)| (std::cmp::Reverse(*n), *c));
    assert_eq!(counted, preview.characters);
    // Another text in the browser is not used instead.
    let mut out = collector("user/text/own.txt".to_owned());
    let result = train::<Transformer>(&config, &mut out);
    assert!(matches!(result, Err(LabError::Data(why)) if why.contains(&config.data)));
}

#[test]
fn a_missing_own_text_is_requested() {
    let mut out = Collector::<Transformer>::default();
    let result = train::<Transformer>(&tiny(), &mut out);
    assert!(matches!(result, Err(LabError::NoData(why)) if why.contains("Add a text first")));
}
