//! The code that the page writes for a section: its templates, and the files that go with it. `./lab test code` runs what
//! [`writes_the_folders`] writes.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train};
use burn::tensor::Device;
use nn_lab::core::notebook::notebook;
use nn_lab::core::query::Query;
use nn_lab::core::schema::{Schema, Values};
use nn_lab::core::settings::{Kind, Settings};
use nn_lab::core::template::{Language, join, specialize};
use nn_lab::data::safetensors::{self, File};
use nn_lab::for_each_section;
use nn_lab::run::any::AnyExperiment;
use nn_lab::run::set_up::{compare, set_up};
use nn_lab::run::weights::{open, weights};
use nn_lab::run::{Experiment, Train};
use nn_lab::saved_runs::RunRecord;
use nn_lab::sections::attention::Attention;
use nn_lab::sections::rnn::Rnn;
use std::fs;
use std::path::Path;

/// Set-ups by section: the defaults, two presets, and others with few parameters.
const SET_UPS: &[(&str, &str)] = &[
    ("mlp", ""),
    ("mlp", "dataset=circles&optimizer=sgd&activation=tanh&depth=2"),
    ("mlp", "dataset=fashion-mnist&optimizer=momentum&width=8&depth=1"),
    ("mlp", "preset=curve&weight_decay=0.01"),
    ("mlp", "preset=overfit&weight_decay=0.01&optimizer=momentum&bias=0"),
    ("cnn", ""),
    ("cnn", "preset=quick"),
    ("cnn", "preset=augmented&width=4&batch_size=8"),
    ("resnet", "depth=8&batch_size=8"),
    ("resnet", "preset=batch-norm&depth=8&batch_size=8"),
    ("resnet", "preset=paper&width=0.25&depth=8&side=16&batch_size=8"),
    ("resnet", "depth=8&batch_size=8&batch_norm=1&init=he&block=bottleneck&order=pre"),
    ("cnn", "compare=budget&width=4&batch_size=8&n_train=100"),
    ("rnn", ""),
    ("rnn", "preset=rnn-learns-too&seq_len=40"),
    ("rnn", "preset=shared-alphabet&seq_len=20&forget_bias=one"),
    ("attention", ""),
    ("attention", "preset=two-look-ups"),
    ("attention", "preset=plain-descent"),
    ("transformer", "preset=first-look"),
    ("transformer", "preset=induction"),
    ("transformer", "d_model=16&layers=1&heads=2&batch_size=4&context=32&positions=learned&tied=0"),
];

/// Writes a folder with everything that the page offers for a set-up.
fn write_folder<E: Train>(folder: &Path, query: &str) {
    let config = config_of::<E>(query);
    let mut ctx = Collector::<E>::default();
    let file = block_on(set_up::<E>(&config, &Device::flex(), &mut ctx)).expect("the steps are done");
    fs::create_dir_all(folder).expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).expect("it can be written");
    write("setup.safetensors", &safetensors::write(&file).expect("it can be written"));
    let experiment = AnyExperiment::of::<E>();
    let values = experiment.code_values(&experiment.config(config.to_values()));
    write("settings.json", serde_json::to_string_pretty(&values).expect("JSON").as_bytes());
    let code = |ending, language| specialized(&template_path(E::SLUG, ending), &values, language);
    let script = code(".py", Language::Python);
    write("train.py", script.as_bytes());
    write("train.ipynb", notebook(&script).as_bytes());
    write("main.rs", code(".rs", Language::Rust).as_bytes());
    let engine = specialized("static/code/check.py", &values, Language::Python);
    write("check.py", (engine + &code("_check.py", Language::Python)).as_bytes());
}

/// Returns the settings of an address, which may name a preset.
#[track_caller]
fn config_of<E: Experiment>(query: &str) -> E::Config {
    let (query, schema) = (Query::parse(query), Schema::of::<E::Config>());
    let (_, base, _) = schema.base(&query);
    let (values, warnings) = schema.read(&base, &query);
    assert!(warnings.is_empty(), "{}: {warnings:?}", E::SLUG);
    E::Config::from_values(&values).expect("settings")
}

fn template_path(slug: &str, ending: &str) -> String {
    format!("static/code/{slug}{ending}")
}

/// Returns the code of a template for these settings.
#[track_caller]
fn specialized(path: &str, values: &Values, language: Language) -> String {
    let template = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    match specialize(&template, values, language) {
        Ok(lines) => join(&lines),
        Err(error) => panic!("{path}, {error}"),
    }
}

/// Returns settings in which every choice and every switch of a section occurs: each differs from the defaults or a preset in
/// one setting.
fn queries<E: Experiment>() -> Vec<String> {
    let mut queries = vec![String::new()];
    queries.extend(E::Config::PRESETS.iter().map(|preset| format!("preset={}", preset.slug)));
    for param in E::Config::PARAMS {
        match param.kind {
            Kind::Choice(options) => {
                queries.extend(options.iter().map(|(slug, _)| format!("{}={slug}", param.key)));
            }
            Kind::Switch => queries.extend(["0", "1"].map(|on| format!("{}={on}", param.key))),
            Kind::Int { .. } | Kind::Float { .. } | Kind::List(_) | Kind::IntList(_) | Kind::Text(_) => {}
        }
    }
    queries
}

fn check_templates<E: Experiment>() {
    let experiment = AnyExperiment::of::<E>();
    for query in queries::<E>() {
        let config = config_of::<E>(&query);
        let values = experiment.code_values(&experiment.config(config.to_values()));
        for (ending, language, markers) in [
            (".py", Language::Python, ["#=", "#?", "#@", "#{", "#}"]),
            ("_check.py", Language::Python, ["#=", "#?", "#@", "#{", "#}"]),
            (".rs", Language::Rust, ["//=", "//?", "//@", "//{", "//}"]),
        ] {
            let code = specialized(&template_path(E::SLUG, ending), &values, language);
            assert!(
                code.lines().count() > 50,
                "{} with {query}: nearly nothing of {ending} is left",
                E::SLUG
            );
            for line in code.lines() {
                let left = markers
                    .iter()
                    .any(|marker| line.contains(&format!("{marker} ")) || line.trim() == *marker);
                assert!(!left, "{} with {query}: a marker is left in {ending}: {line}", E::SLUG);
                assert!(line.chars().count() <= 160, "{} {ending}: a long line: {line}", E::SLUG);
            }
        }
    }
    for source in E::CODE.sources {
        assert!(Path::new("src/models").join(source).is_file(), "{}: there is no {source}", E::SLUG);
    }
}

/// A template that names an unknown setting, or whose blocks are not closed, would be an error on the page.
#[test]
fn every_template_fits_every_choice() {
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(check_templates::<nn_lab::sections::$module::$experiment>();)*
        };
    }
    for_each_section!(each);
}

fn small_rnn() -> nn_lab::sections::rnn::Config {
    config_of::<Rnn>("seq_len=12&batch_size=8&steps=10&d_hidden=8")
}

fn recorded() -> File {
    let mut ctx = Collector::<Rnn>::default();
    block_on(set_up::<Rnn>(&small_rnn(), &Device::flex(), &mut ctx)).expect("the steps are done")
}

fn tensor<'a>(file: &'a File, name: &str) -> &'a safetensors::NamedTensor {
    let found = file.tensors.iter().find(|tensor| tensor.name == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}

#[test]
fn recorded_steps_are_those_of_a_run() {
    let file = recorded();
    let mut out = Collector::<Rnn>::default();
    train::<Rnn>(&small_rnn(), &mut out).expect("it runs");
    let series = Rnn::series(&out.record());
    for net in ["rnn", "lstm"] {
        let name = format!("loss_{net}");
        let losses = series.iter().find(|series| series.metric == name.as_str()).expect("the curve");
        let losses: Vec<f32> = losses.points.iter().map(|(_, loss)| *loss as f32).collect();
        assert_eq!(tensor(&file, &format!("{net}.loss")).values, losses, "every step of a short run");
    }
    // Gates are rows outside the lab: [4 d_h, d_in].
    assert_eq!(tensor(&file, "lstm.0.input.weight").shape, [32, 10]);
    assert_eq!(tensor(&file, "lstm.grad.recurrent.weight").shape, [32, 8]);
    assert_eq!(tensor(&file, "batch1.x").shape, [12, 8, 10]);
    assert_ne!(tensor(&file, "rnn.0.output.bias").values, tensor(&file, "rnn.1.output.bias").values);
    let all = compare(&file.tensors, &recorded().tensors);
    assert!(all.iter().all(|row| row.difference == Ok(0.0)), "the same file again");
}

#[test]
fn weights_survive_the_way_out_and_back() {
    let config = small_rnn();
    let ctx = || Collector::<Rnn>::default();
    let file = block_on(weights::<Rnn>(&config, 0, &Device::flex(), &mut ctx())).expect("a file");
    let bytes = safetensors::write(&file).expect("it can be written");
    let read = |bytes: &[u8]| block_on(open::<Rnn>(&config, 0, bytes, &Device::flex(), &mut ctx()));
    let opened = read(&bytes).expect("it can be read");
    assert_eq!(opened.remarks, Vec::<String>::new());
    let mut out = Collector::<Rnn> {
        checkpoint: Some(postcard::to_stdvec(&opened.checkpoint).expect("it can be encoded")),
        ..Collector::default()
    };
    train::<Rnn>(&config, &mut out).expect("it runs");
    let mut whole = Collector::<Rnn>::default();
    train::<Rnn>(&config, &mut whole).expect("it runs");
    assert_eq!(
        Rnn::series(&out.record()),
        Rnn::series(&whole.record()),
        "a run from the same weights is the same run"
    );

    let changed = |change: fn(&mut File)| {
        let mut file = safetensors::read(&bytes).expect("the file");
        change(&mut file);
        read(&safetensors::write(&file).expect("it can be written"))
    };
    let why = |change| changed(change).expect_err("it is refused").to_string();
    assert!(why(|file| drop(file.tensors.remove(0))).contains("has no tensor “input.bias”"));
    assert!(why(|file| file.tensors[1].values[0] = f32::NAN).contains("not finite"));
    assert!(why(|file| file.tensors[1].shape = vec![10, 8]).contains("should have the shape [8, 10]"));
    let more = changed(|file| {
        file.tensors.push(safetensors::NamedTensor {
            name: "other".to_owned(),
            shape: vec![1],
            values: vec![0.0],
        })
    });
    assert_eq!(
        more.expect("it is read").remarks,
        ["Tensors that this network does not have were left out: “other”."]
    );
    let wrapped =
        changed(|file| file.tensors.iter_mut().for_each(|tensor| tensor.name.insert_str(0, "module.")));
    assert_eq!(wrapped.expect("it is read").checkpoint, opened.checkpoint);
    let set_up = safetensors::write(&recorded()).expect("it can be written");
    assert_eq!(read(&set_up).expect("it is read").checkpoint.numbers, opened.checkpoint.numbers);
    assert!(read(b"PK\x03\x04").is_err());
}

/// Writes a folder for each set-up to the folder that the variable `NN_LAB_CODE` names.
#[test]
#[ignore = "run by ./lab test code"]
fn writes_the_folders() {
    let root = std::env::var("NN_LAB_CODE").unwrap_or_else(|_| "target/code".to_owned());
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $({
                type $experiment = nn_lab::sections::$module::$experiment;
                let own = SET_UPS.iter().filter(|(slug, _)| *slug == $experiment::SLUG);
                for (n, (slug, query)) in (1..).zip(own) {
                    write_folder::<$experiment>(&Path::new(&root).join(format!("{slug}-{n}")), query);
                }
            })*
        };
    }
    for_each_section!(each);
}

/// `tests/code/attention/checked.nnlab.json` was written by `check_attention.py` for `right.py`.
#[test]
fn the_file_of_a_check_is_a_saved_run() {
    let text = fs::read_to_string("tests/code/attention/checked.nnlab.json").expect("the file");
    let record = RunRecord::read(&text, AnyExperiment::of::<Attention>()).expect("a run");
    let names: Vec<&str> = record.series.iter().map(|series| series.metric.as_str()).collect();
    assert_eq!(names, ["loss_scaled", "loss_unscaled"]);
    assert!(record.series.iter().all(|series| series.points.len() >= 3));
    assert!(record.settings(&AnyExperiment::of::<Attention>().schema).is_ok());
}
