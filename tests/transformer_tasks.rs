//! Section 6: next-token predictions, and repeated sequences.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train, values};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::Verdict;
use nn_lab::core::settings::{Settings, from_query};
use nn_lab::data::repeats::{N_TOKENS, Repeats, Sequences};
use nn_lab::data::text::{Corpus, read_plays};
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::transformer::next::probabilities;
use nn_lab::sections::transformer::{
    Config, Model, NextRequest, NextToken, PositionsChoice, Record, Request, TaskChoice, TextChoice,
    Transformer,
};

fn small() -> Config {
    Config { text: TextChoice::Shakespeare, sample_length: 8, ..crate::transformer::tiny() }
}

fn next(text: &str, off: &[(u32, u32)]) -> Request {
    Request::Next(NextRequest { text: text.to_owned(), off: off.to_vec() })
}

/// Runs the experiment with requests after the last step.
fn run(config: &Config, requests: &[Request]) -> Record {
    let encoded = |request| (u32::MAX, postcard::to_stdvec(request).expect("it can be encoded"));
    let mut out =
        Collector::<Transformer> { requests: requests.iter().map(encoded).collect(), ..Collector::default() };
    train::<Transformer>(config, &mut out).expect("it runs");
    out.record()
}

fn answer(config: &Config, request: Request) -> NextToken {
    let record = run(config, &[request]);
    record.run().next.as_deref().expect("an answer").clone()
}

#[test]
fn the_next_character_is_predicted_with_and_without_heads() {
    let config = small();
    let whole = answer(&config, next("ROMEO:", &[]));
    assert_eq!((whole.logits.len(), whole.maps.len(), whole.maps.n, whole.maps.step), (62, 4, 6, 40));
    assert_eq!(whole.logits, whole.whole);
    let sum: f64 = probabilities(&whole.logits, 1.0, 62).iter().sum();
    assert!((sum - 1.0).abs() < 1e-9);
    for head in 0..4 {
        let row = whole.maps.row(head, 5);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 0.05, "{row:?}");
    }
    let partial = answer(&config, next("ROMEO:", &[(0, 1), (1, 0)]));
    assert_ne!(partial.logits, partial.whole);
    let gap = |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0.0f32, |max, (a, b)| max.max((a - b).abs()));
    assert!(gap(&partial.whole, &whole.logits) < 1e-4, "the outlines are the whole model's");
    // Characters outside the vocabulary are skipped, and only the end of a long text is used.
    let longer = answer(&config, next("ü The quick brown fox jumps: ROMEO:é", &[]));
    assert_eq!(longer.chars.iter().collect::<String>(), "ox jumps: ROMEO:");
    let nothing = run(&config, &[next("é", &[])]);
    assert_eq!(nothing.run().next, None);
}

#[test]
fn requests_before_and_during_training_change_no_number() {
    let config = small();
    let ask = |step| (step, postcard::to_stdvec(&next("abc", &[])).expect("it can be encoded"));
    let mut out =
        Collector::<Transformer> { requests: vec![ask(0), ask(3), ask(30)], ..Collector::default() };
    train::<Transformer>(&config, &mut out).expect("it runs");
    let asked = out.record();
    let plain = run(&config, &[]);
    assert_eq!(asked.run().losses, plain.run().losses);
    assert_eq!(asked.run().validation, plain.run().validation);
    assert_eq!(asked.run().samples, plain.run().samples);
    assert!(asked.run().next.is_some());
}

#[test]
fn the_page_knows_the_number_of_tokens() {
    assert_eq!(nn_lab::sections::transformer::induction::N_TOKENS as usize, N_TOKENS);
}

fn repeats() -> Config {
    Config { task: TaskChoice::Repeat, ..small() }
}

#[test]
fn losses_on_repeated_sequences_are_measured() {
    let config = repeats();
    let mut out = Collector::<Transformer>::default();
    block_on(Transformer::probe(config.clone(), &Device::flex(), &mut out)).expect("it probes");
    train::<Transformer>(&config, &mut out).expect("it runs");
    let record = out.record();
    let text = record.text.as_ref().expect("what is learned");
    assert_eq!((text.vocabulary.len(), text.train), (24, 0));
    assert!((text.uniform - 24f64.ln()).abs() < 1e-12);
    let run = record.run();
    assert!(run.window.len() == 16 && (4..=14).contains(&run.period));
    assert!((run.period as usize..16).all(|t| run.window[t] == run.window[t - run.period as usize]));
    let scores = run.induction.last().expect("measured");
    assert_eq!((scores.step, scores.induction.len(), scores.previous.len()), (40, 4, 4));
    assert!(scores.induction.iter().chain(&scores.previous).all(|score| (0.0..=1.0).contains(score)));
    assert_eq!(run.copying.len(), 4);
    assert!(run.copying.iter().all(|curve| curve.len() == run.induction.len()));
    assert!(run.copying.iter().flat_map(|curve| curve.iter()).all(|(_, score)| (0.0..=1.0).contains(score)));
    assert!(run.induction.len() >= 4 && run.snapshots.len() >= 4);
    let names: Vec<String> =
        Transformer::series(&record).iter().map(|series| series.metric.to_string()).collect();
    for name in ["loss_first", "loss_second", "induction_4", "previous_1", "copying_4"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    let sample = run.samples.last().expect("a sample");
    assert_eq!((sample.prompt.len(), sample.text.len()), (run.period as usize + 1, 8));
    // The same seed results in the same run.
    assert_eq!(run.losses, self::run(&config, &[]).run().losses);
}

#[test]
fn models_without_positions_and_without_mlp_learn() {
    for (positions, mlp) in [(PositionsChoice::None, true), (PositionsChoice::Sinusoidal, false)] {
        let config = Config { positions, mlp, ..small() };
        let record = run(&config, &[next("To be", &[])]);
        let losses = &record.run().validation;
        let (first, last) = (losses[0].1, losses.last_y().expect("validated"));
        assert!(last < first, "{first} {last}");
        assert_eq!(record.run().next.as_ref().expect("an answer").logits.len(), 62);
    }
}

/// Returns a model of one attention layer with one head, without positions, whose weights are set by hand. Token i is the
/// unit vector i, and the head attends evenly. It adds `sign` times the tokens that it attends to.
fn hand_made(sign: f32) -> (Config, Model) {
    let d = 32;
    let config = Config {
        task: TaskChoice::Repeat,
        layers: 1,
        heads: 1,
        d_model: d as u32,
        context: 24,
        mlp: false,
        positions: PositionsChoice::None,
        ..Config::default()
    };
    let diagonal = |rows: usize, value: f32| {
        let values = (0..rows * d).map(|i| if i / d == i % d { value } else { 0.0 }).collect::<Vec<f32>>();
        Tensor::<2>::from_data(TensorData::new(values, [rows, d]), &Device::flex())
    };
    let mut model = Model::new(&config, N_TOKENS, &Device::flex());
    let set =
        |param: Param<Tensor<2>>, value: Tensor<2>| param.map(|_| Tensor::from_inner(value).require_grad());
    let net = model.net_mut();
    net.embedding = set(net.embedding.clone(), diagonal(N_TOKENS, 1.0));
    let attention = &mut net.blocks[0].attention;
    for (layer, value) in [
        (&mut attention.query, 0.0),
        (&mut attention.key, 0.0),
        (&mut attention.value, 1.0),
        (&mut attention.output, sign),
    ] {
        layer.weight = set(layer.weight.clone(), diagonal(d, value));
    }
    (config, model)
}

/// Returns the copying scores of a model's heads on repeating sequences.
fn copying(model: &Model, context: usize) -> Vec<f32> {
    let Sequences { ids, periods } = Repeats::new(5).next(40, context);
    block_on(model.validate_repeats(&ids, &periods, context)).expect("it is measured").2
}

#[test]
fn copying_scores_tell_copying_from_suppression_and_chance() {
    for (sign, expected) in [(1.0, 1.0), (-1.0, 0.0)] {
        let (config, model) = hand_made(sign);
        let scores = copying(&model, config.context as usize);
        assert!(scores.len() == 1 && (scores[0] - expected).abs() < 1e-4, "sign {sign}: {scores:?}");
    }
    // Untrained heads, with a tied head and with one of its own.
    let mut scores = Vec::new();
    for (seed, tied) in (1..=10).flat_map(|seed| [(seed, true), (seed, false)]) {
        let config = Config { seed, tied, mlp: false, context: 24, d_model: 32, ..repeats() };
        scores.extend(copying(&Model::new(&config, N_TOKENS, &Device::flex()), 24));
    }
    let mean = scores.iter().sum::<f32>() / scores.len() as f32;
    assert!(scores.len() == 80 && (mean - 0.5).abs() < 0.1, "{mean} {scores:?}");
}

/// The untrained loss is above `ln V` because the logits differ: with a tied head their standard deviation is about 1, and the
/// current character's is higher.
#[test]
fn untrained_losses_follow_from_the_initial_logits() {
    let bytes = std::fs::read("static/data/shakespeare.bin").expect("the file");
    let corpus = Corpus::new(&read_plays(&bytes).expect("the plays"));
    let (v, context) = (corpus.vocabulary.len(), 32);
    let (windows, len) = corpus.validation_windows(context);
    let windows = &windows[..60 * len];
    let uniform = (v as f64).ln();
    // Per model: the loss minus ln V, the mean logit of the current character, and the standard deviation of the others.
    let measure = |tied: bool, length: f32, seed: u32| {
        let config = Config { layers: 1, d_model: 32, context: 32, tied, seed, ..Config::default() };
        let mut model = Model::new(&config, v, &Device::flex());
        let net = model.net_mut();
        let scaled = |w: Tensor<2>| Tensor::from_inner(w.inner().mul_scalar(length)).require_grad();
        net.embedding = net.embedding.clone().map(scaled);
        let mut out = Collector::<Transformer>::default();
        let loss = block_on(model.validate(windows, len, None, &mut out)).expect("it is measured");
        let inputs: Vec<u8> = windows.chunks(len).flat_map(|window| &window[..context]).copied().collect();
        let rows = inputs.iter().flat_map(|&id| (0..v).map(move |c| f32::from(c == usize::from(id))));
        let one_hot = TensorData::new(rows.collect::<Vec<f32>>(), [60, context, v]);
        let logits = values(model.net().valid().forward(Tensor::from_data(one_hot, &Device::flex()), 0.0));
        let (mut own, mut squares) = (0.0, 0.0);
        for (&id, logits) in inputs.iter().zip(logits.chunks(v)) {
            let others = logits.iter().enumerate().filter(|(c, _)| *c != usize::from(id));
            let others: Vec<f64> = others.map(|(_, &logit)| f64::from(logit)).collect();
            let mean = others.iter().sum::<f64>() / others.len() as f64;
            own += f64::from(logits[usize::from(id)]);
            squares += others.iter().map(|logit| (logit - mean).powi(2)).sum::<f64>() / others.len() as f64;
        }
        let n = inputs.len() as f64;
        [f64::from(loss) - uniform, own / n, (squares / n).sqrt()]
    };
    let mean_of = |tied: bool, length: f32| {
        let seeds = [1, 2, 3, 4, 5].map(|seed| measure(tied, length, seed));
        [0, 1, 2].map(|i| seeds.iter().map(|measured| measured[i]).sum::<f64>() / seeds.len() as f64)
    };
    let (tied, own_head, short) = (mean_of(true, 1.0), mean_of(false, 1.0), mean_of(true, 0.1));
    println!(
        "loss - ln V, own logit, deviation: tied {tied:.3?}, own head {own_head:.3?}, short {short:.3?}"
    );
    assert!((0.45..0.75).contains(&tied[0]) && (2.0..3.2).contains(&tied[1]), "{tied:?}");
    assert!((tied[2] - 1.0).abs() < 0.1, "{tied:?}");
    // Half the variance of the logits, 0.02² · 768.
    assert!((0.1..0.22).contains(&own_head[0]) && own_head[1].abs() < 0.3, "{own_head:?}");
    assert!((own_head[2].powi(2) - 0.307).abs() < 0.05, "{own_head:?}");
    // With short embeddings the start is at ln V, although the head is tied.
    assert!(short[0].abs() < 0.03, "{short:?}");
}

#[test]
fn optimizer_settings_change_training_and_zero_turns_them_off() {
    let losses = |config: Config| run(&config, &[]).run().losses.clone();
    let defaults = losses(repeats());
    let explicit = Config { weight_decay: 0.1, clip: 1.0, beta1: 0.9, beta2: 0.99, ..repeats() };
    assert_eq!(defaults, losses(explicit));
    for changed in [
        Config { weight_decay: 0.0, ..repeats() },
        Config { clip: 0.01, ..repeats() },
        Config { beta1: 0.5, ..repeats() },
        Config { beta2: 0.9, ..repeats() },
    ] {
        assert_ne!(defaults, losses(changed.clone()), "{changed:?}");
    }
    // No gradient of this run is longer than 10.
    let off = losses(Config { clip: 0.0, ..repeats() });
    assert_eq!(off, losses(Config { clip: 10.0, ..repeats() }));
    assert_ne!(off, losses(Config { clip: 0.01, ..repeats() }));
}

/// Returns the seeds of long tests: those in `NN_LAB_SEEDS`, or seed 1.
fn seeds() -> Vec<u32> {
    let seeds = std::env::var("NN_LAB_SEEDS").unwrap_or_else(|_| "1".to_owned());
    seeds.split(',').filter_map(|seed| seed.trim().parse().ok()).collect()
}

/// Returns the page's record after a probe and a run.
fn probed_and_trained(config: &Config) -> Record {
    let mut out = Collector::<Transformer>::default();
    block_on(Transformer::probe(config.clone(), &Device::flex(), &mut out)).expect("it probes");
    train::<Transformer>(config, &mut out).expect("it runs");
    out.record()
}

/// With every seed, each guided experiment's answer contains its numbers, and the result is the one that it
/// explains.
#[test]
fn answers_of_experiments_follow_from_their_numbers() {
    for guided in Transformer::EXPERIMENTS {
        for seed in seeds() {
            let values = guided.values.iter().copied().collect();
            let config = Config { seed, ..from_query(&Config::default(), &values).0 };
            let began = std::time::Instant::now();
            let record = probed_and_trained(&config);
            let answer = (guided.answer)(&config, &record).expect("it is answered");
            let name = format!("{}, seed {seed}", guided.slug);
            println!("{name}, {:.1} s: {}", began.elapsed().as_secs_f64(), answer.words);
            let number =
                |wanted: &str| answer.numbers.iter().find(|(name, _)| *name == wanted).expect("a number").1;
            let told = |value: f64| answer.words.contains(&format!("{value:.2}"));
            let holds = match guided.slug {
                "untrained-loss" => told(number("loss_start")) && number("loss_start") > 4.2,
                "beat-bigram" | "no-positions" => {
                    let below = number("loss_val") < number("baseline_bigram");
                    below && answer.choice == Some(1) && answer.words.starts_with("Yes")
                }
                "temperature" => {
                    (0.7..=1.4).contains(&number("best_temperature"))
                        && number("loss_cold") > record.run().temperatures[2].into()
                        && number("loss_hot") > record.run().temperatures[2].into()
                }
                "no-mask" => {
                    let bigram = record.text.as_ref().expect("a text").bigram;
                    number("loss_train") < 0.5
                        && number("loss_last") > bigram + 0.3
                        && answer.choice != Some(0)
                }
                "one-layer-copy" => {
                    told(number("loss_second")) && number("induction_score") < 0.4 && answer.choice == Some(0)
                }
                "two-layer-copy" => {
                    told(number("loss_second"))
                        && number("induction_score") > 0.4
                        && number("copying_score") > 0.75
                        && answer.words.starts_with("A plateau")
                }
                "tied-copy" => told(number("loss_second")) && answer.choice != Some(2),
                other => panic!("{other} is not judged"),
            };
            assert!(holds, "{name}: {} {:?}", answer.words, answer.choice);
        }
    }
}

/// Two layers learn to copy, one does not.
#[test]
fn two_layers_form_an_induction_head_and_one_does_not() {
    for seed in seeds() {
        for slug in ["induction", "induction-one-layer"] {
            let preset = Config::PRESETS.iter().find(|preset| preset.slug == slug).expect("a preset");
            let config = Config { seed, ..preset.config::<Config>() };
            let record = probed_and_trained(&config);
            let check = Transformer::checks(&config, &record).pop().expect("a check");
            println!("{slug}, seed {seed}: {}", check.measured);
            assert_eq!(check.verdict, Verdict::Holds, "{slug}, seed {seed}: {}", check.measured);
            let text = record.text.as_ref().expect("what is learned");
            let minimum = text.first_block.expect("a closed form");
            let first = &record.run().curves.first;
            println!("first block: minimum {minimum:.3}, measured {:.3?}", first.points());
            // The loss of a finite sample may be a little lower than its mean.
            assert!(first.iter().all(|(_, loss)| *loss > minimum - 0.03), "{slug}, seed {seed}");
        }
    }
}
