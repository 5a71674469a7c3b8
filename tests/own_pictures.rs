//! Sections 2 and 3 with the user's own pictures, which are drawn here: noise, or light and dark.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, claim_about};
use burn::tensor::Device;
use chacha20::ChaCha12Rng;
use nn_lab::core::Verdict;
use nn_lab::core::data_set::{Content, DataId};
use nn_lab::core::metric::Metric;
use nn_lab::data::own::DataFile;
use nn_lab::run::set_up::set_up;
use nn_lab::run::{Experiment, Probe, Train};
use nn_lab::sections::cnn::{self, Cnn, Compare, net_params};
use nn_lab::sections::resnet::{self, ResNet, params_formula};
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A data set of the user: its name in settings, and its file.
#[derive(Clone)]
struct Own {
    data: String,
    files: BTreeMap<String, Rc<[u8]>>,
}

impl Own {
    /// Returns pictures with these numbers of pictures per class. `pixel` returns a pixel for a class.
    fn new(channels: u32, side: u32, counts: &[u32], pixel: impl Fn(u8, &mut ChaCha12Rng) -> u8) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(u64::from(counts.iter().sum::<u32>()));
        let labels: Vec<u8> = (0u8..).zip(counts).flat_map(|(class, n)| vec![class; *n as usize]).collect();
        let size = (channels * side * side) as usize;
        let pixels: Vec<u8> =
            labels.iter().flat_map(|&class| vec![class; size]).map(|class| pixel(class, &mut rng)).collect();
        let classes = (1..=counts.len()).map(|class| format!("<b>kind {class}</b>")).collect();
        let structure = Content::Pictures { channels, side, classes, n_test: None };
        let content = [labels, pixels].concat();
        let count = counts.iter().sum();
        let file =
            DataFile::new("Test", "drawn here", structure, count, content, Vec::new()).expect("a shape");
        let id: DataId = file.card.id.parse().expect("a name");
        Self { data: id.to_string(), files: BTreeMap::from([(id.path(), file.to_bytes().into())]) }
    }

    /// Returns pictures whose classes are all the same noise.
    fn noise(channels: u32, side: u32, counts: &[u32]) -> Self {
        Self::new(channels, side, counts, |_, rng| rng.random())
    }

    /// Returns pictures that are the lighter, the higher their class.
    fn shades(counts: &[u32]) -> Self {
        let step = 200 / counts.len().max(1) as u32;
        Self::new(3, 32, counts, move |class, rng| (u32::from(class) * step + rng.random_range(0..50)) as u8)
    }

    fn collector<E: Experiment>(&self) -> Collector<E> {
        Collector { user_files: self.files.clone(), ..Collector::default() }
    }

    #[track_caller]
    fn probe<E: Probe>(&self, config: &E::Config) -> E::Record {
        let (record, result) = self.collector::<E>().probe(config);
        assert_eq!(result, Ok(()));
        record
    }

    /// Returns the record of the probe and of the run after it.
    #[track_caller]
    fn run<E: Probe + Train>(&self, config: &E::Config) -> E::Record {
        let mut out = self.collector::<E>();
        block_on(E::probe(config.clone(), &Device::flex(), &mut out)).expect("the probe succeeds");
        let (record, result) = out.run(config);
        assert_eq!(result, Ok(()));
        record
    }

    fn cnn(&self) -> cnn::Config {
        cnn::Config {
            dataset: cnn::Dataset::Own,
            data: self.data.clone(),
            n_test: 20,
            ..cnn::Config::default()
        }
    }

    fn resnet(&self) -> resnet::Config {
        resnet::Config {
            dataset: resnet::Dataset::Own,
            data: self.data.clone(),
            depth: 8,
            batch_norm: true,
            n_seeds: 1,
            steps: 60,
            ..resnet::Config::default()
        }
    }
}

fn number(metrics: &[Metric], name: &str) -> f64 {
    let found = metrics.iter().find(|metric| metric.name == name).expect("the metric");
    found.value.unwrap_or_else(|| panic!("{name} is not measured"))
}

/// The labels of noise cannot be predicted, but they can be learned by heart.
#[test]
fn noise_is_learned_by_heart_and_nothing_carries_over() {
    let own = Own::noise(3, 32, &[40, 40]);
    let mut held_out = Vec::new();
    for seed in [1, 2, 3] {
        let config = cnn::Config { seed, width: 8, epochs: 25, ..own.cnn() };
        let record = own.run::<Cnn>(&config);
        let metrics = Cnn::metrics(&config, &record);
        for arm in ["conv", "separable"] {
            held_out.push(number(&metrics, &format!("accuracy_{arm}")));
        }
        assert_eq!(number(&metrics, "train_accuracy_conv"), 1.0, "seed {seed}");
        assert!(number(&metrics, "train_accuracy_separable") >= 0.9, "seed {seed}");
    }
    let config = resnet::Config { steps: 120, ..own.resnet() };
    let record = own.run::<ResNet>(&config);
    let metrics = ResNet::metrics(&config, &record);
    for arm in ["plain", "residual"] {
        held_out.push(number(&metrics, &format!("accuracy_{arm}")));
        assert!(number(&metrics, &format!("train_accuracy_{arm}")) >= 0.9, "{arm}");
    }
    println!("accuracies on held-out noise: {held_out:?}");
    // Eight times 16 pictures: a standard deviation of at most 0.5 / sqrt(16 * 4) = 6% (the networks of a run share theirs).
    let mean = held_out.iter().sum::<f64>() / held_out.len() as f64;
    assert!((mean - 0.5).abs() < 0.2, "{held_out:?}");
}

#[test]
fn sixteen_pictures_are_fewer_than_a_batch_and_are_learned() {
    let own = Own::noise(3, 32, &[8, 8]);
    let config = cnn::Config { epochs: 40, batch_size: 256, n_train: 50_000, n_test: 10_000, ..own.cnn() };
    let record = own.run::<Cnn>(&config);
    let samples = record.samples.as_deref().expect("pictures");
    assert_eq!((samples.n_train + samples.n_test, samples.train.channels), (16, 3));
    assert_eq!(samples.info.counts.iter().map(|[train, test]| train + test).collect::<Vec<_>>(), [8, 8]);
    assert_eq!(samples.info.class_names, ["<b>kind 1</b>", "<b>kind 2</b>"]);
    assert_eq!(record.steps_per_epoch(), 1, "a batch has all of them");
    let n_test = samples.n_test;
    for arm in [cnn::CONV, cnn::SEPARABLE] {
        let net = &record.arms[arm];
        assert_eq!((net.confusion.len(), net.confusion.iter().sum::<u32>()), (4, n_test));
        assert_eq!(net.train_accuracies.len(), net.accuracies.len());
        let answers = record.first_answers(arm);
        assert!(answers.len() == n_test as usize && answers.iter().all(Option::is_some), "{answers:?}");
        // The answers that the page shows are those that were counted.
        let right = answers
            .iter()
            .flatten()
            .zip(&samples.test.labels)
            .filter(|((answer, _), label)| answer == *label);
        assert_eq!(net.accuracies.last_y(), Some(f64::from(right.count() as f32 / n_test as f32)));
    }
    assert_eq!(number(&Cnn::metrics(&config, &record), "train_accuracy_conv"), 1.0);
}

#[test]
fn before_training_the_answers_are_those_of_the_untrained_networks() {
    let own = Own::shades(&[12, 12, 12]);
    let (config, deep) = (own.cnn(), own.resnet());
    let record = own.probe::<Cnn>(&config);
    let deep = own.probe::<ResNet>(&deep);
    for arm in [0, 1] {
        let score = record.untrained_scores[arm].as_deref().expect("a score");
        let answers = record.first_answers(arm);
        let labels = &record.samples.as_deref().expect("pictures").test.labels;
        let right =
            answers.iter().flatten().zip(labels).filter(|((answer, _), label)| answer == *label).count();
        assert_eq!(score.accuracy, right as f32 / labels.len() as f32);
        let samples = deep.samples.as_deref().expect("pictures");
        assert_eq!(deep.held_out_answers(arm).iter().flatten().count(), samples.held_out.labels.len());
        assert_eq!(samples.per_class.labels, [0, 1, 2]);
        assert_eq!(deep.answers(arm).map(|answers| answers.len()), Some(9));
    }
    let built_in =
        Own::shades(&[8, 8]).probe::<Cnn>(&cnn::Config { n_train: 40, n_test: 20, ..Default::default() });
    assert_eq!(built_in.first_answers(0).iter().flatten().count(), cnn::N_CHOICES);
    assert_eq!(built_in.class_names(&cnn::Config::default())[9], "Boot");
}

#[test]
fn parameters_follow_from_the_shape_in_the_name() {
    for (channels, side, counts) in
        [(3, 32, vec![4, 4]), (1, 28, vec![5, 4, 3]), (1, 32, vec![3; 10]), (3, 28, vec![2; 7])]
    {
        let own = Own::noise(channels, side, &counts);
        for compare in [Compare::Size, Compare::Budget] {
            let config = cnn::Config { width: 4, compare, ..own.cnn() };
            let record = own.probe::<Cnn>(&config);
            let counted = record.nets.expect("counted").map(|cost| cost.params);
            let formula = [false, true].map(|separable| {
                net_params(channels.into(), config.width_of(separable).into(), counts.len() as u64, separable)
            });
            assert_eq!(counted, formula, "{}", own.data);
            let checks = Cnn::checks(&config, &record);
            assert!(checks.iter().all(|check| check.verdict != Verdict::Fails), "{checks:#?}");
            assert_eq!(claim_about("five-block networks", &checks).verdict, Verdict::Holds);
            let samples = record.samples.as_deref().expect("pictures");
            assert_eq!((samples.test.side, samples.test.channels), (32, channels), "28 pixels are padded");
        }
        // The claims about gradients are about networks of 20 layers.
        let config = resnet::Config { depth: 20, n_seeds: 3, batch_norm: false, ..own.resnet() };
        let record = own.probe::<ResNet>(&config);
        let structure = record.structure.as_deref().expect("a structure");
        assert_eq!(structure.n_classes as usize, counts.len());
        assert_eq!(
            [structure.params_plain, structure.params_residual].map(u64::from),
            [false, true].map(|shortcuts| params_formula(&config, shortcuts))
        );
        let checks = ResNet::checks(&config, &record);
        assert!(checks.iter().all(|check| check.verdict != Verdict::Fails), "{checks:#?}");
        // The count of the paper is about its data set.
        let a = resnet::ShortcutChoice::A;
        let paper = resnet::Config { width: 1.0, batch_norm: true, shortcut: a, ..config };
        assert!(ResNet::checks(&paper, &record).iter().all(|check| !check.claim.contains("269,722")));
    }
}

#[track_caller]
fn refused<E: Probe + Train>(own: &Own, config: &E::Config) -> String {
    let (_, probed) = own.collector::<E>().probe(config);
    let (_, trained) = own.collector::<E>().run(config);
    let (Err(probed), Err(trained)) = (probed, trained) else { panic!("both should fail") };
    assert_eq!(probed, trained);
    probed.to_string()
}

#[test]
fn missing_pictures_are_an_error_with_advice() {
    let own = Own::noise(3, 32, &[4, 4]);
    let other = "c3s32k2-0123456789abcdef";
    for (data, words) in [("", "There is no picture data set yet"), (other, "which is not in this browser")] {
        let cnn = cnn::Config { data: data.to_owned(), ..own.cnn() };
        let deep = resnet::Config { data: data.to_owned(), ..own.resnet() };
        for error in [refused::<Cnn>(&own, &cnn), refused::<ResNet>(&own, &deep)] {
            assert!(error.contains(words) && error.contains(data), "{error}");
        }
        // All else is measured, with the shape in the name or an assumed one.
        let (record, _) = own.collector::<Cnn>().probe(&cnn);
        assert!(record.nets.is_some() && record.samples.is_none());
        let (record, _) = own.collector::<ResNet>().probe(&deep);
        assert!(record.structure.is_some() && record.other_flow.is_some() && record.depths.is_some());
        assert!(record.samples.is_none());
        assert_eq!(cnn::Record::default().class_names(&cnn), ["class 1", "class 2"]);
    }
    // A file under the name of another one.
    let (path, bytes) = Own::noise(1, 32, &[4, 4, 4]).files.pop_first().expect("a file");
    assert!(!own.files.contains_key(&path));
    let files = own.files.keys().map(|path| (path.clone(), bytes.clone())).collect();
    let wrong = Own { files, ..own.clone() };
    assert!(refused::<Cnn>(&wrong, &wrong.cnn()).contains("their name"));
    assert!(refused::<ResNet>(&wrong, &wrong.resnet()).contains("their name"));
}

#[test]
fn the_smallest_sets_train() {
    for own in [
        Own::noise(3, 32, &[2, 2]),
        Own::noise(1, 28, &[2, 3, 9]),
        Own::noise(3, 28, &[2; 10]),
        Own::noise(1, 32, &[40, 2]),
    ] {
        for batch_size in [1, 3, 256] {
            let config = cnn::Config { batch_size, width: 2, epochs: 2, crop: true, flip: true, ..own.cnn() };
            let record = own.run::<Cnn>(&config);
            let n_classes = config.picture_shape().n_classes as usize;
            assert!(record.arms.iter().all(|net| net.confusion.len() == n_classes * n_classes));
            let chance = record.chance(&config);
            assert!((1.0 / n_classes as f64..=1.0).contains(&chance), "{chance}");
            let check = Cnn::checks(&config, &record);
            assert_ne!(claim_about("held-out pictures of yours", &check).verdict, Verdict::Open);
        }
        for (batch_size, batch_norm) in [(2, true), (128, true), (128, false)] {
            let config = resnet::Config { batch_size, batch_norm, steps: 6, augment: true, ..own.resnet() };
            let record = own.run::<ResNet>(&config);
            let n_classes = config.picture_shape().n_classes as usize;
            let samples = record.samples.as_deref().expect("pictures");
            for arm in [resnet::PLAIN, resnet::RESIDUAL] {
                let answers = record.answers(arm).expect("answers");
                assert_eq!(answers.len(), n_classes * samples.per_class.labels.len());
                assert_eq!(
                    record.held_out_answers(arm).iter().flatten().count(),
                    samples.held_out.labels.len()
                );
                assert_eq!(record.arms[arm].train_accuracy.len(), record.arms[arm].accuracy.len());
            }
        }
    }
}

#[test]
fn what_can_be_learned_is_above_the_largest_class() {
    let own = Own::shades(&[20, 12, 12]);
    let config = cnn::Config { epochs: 40, batch_size: 8, ..own.cnn() };
    let record = own.run::<Cnn>(&config);
    // Four of eight held-out pictures are of the first class.
    assert_eq!(record.chance(&config), 0.5);
    let check = claim_about("held-out pictures of yours", &Cnn::checks(&config, &record));
    assert_eq!(check.verdict, Verdict::Holds, "{check:?}");
    let config = resnet::Config { steps: 100, batch_size: 8, ..own.resnet() };
    let record = own.run::<ResNet>(&config);
    assert_eq!(record.chance(&config), 0.5);
    let check = claim_about("held-out pictures of yours", &ResNet::checks(&config, &record));
    assert_eq!(check.verdict, Verdict::Holds, "{check:?}");
    // A network that has learned nothing refutes it.
    let still = resnet::Config { learning_rate: 1e-5, steps: 2, batch_norm: false, ..config };
    let check =
        claim_about("held-out pictures of yours", &ResNet::checks(&still, &own.run::<ResNet>(&still)));
    assert_eq!(check.verdict, Verdict::Fails, "{check:?}");
}

#[test]
fn the_seed_splits_the_pictures() {
    let own = Own::noise(1, 28, &[10, 10]);
    let held_out = |seed: u32| {
        let record = own.probe::<Cnn>(&cnn::Config { seed, width: 1, ..own.cnn() });
        record.samples.as_deref().expect("pictures").test.pixels.clone()
    };
    assert_eq!(held_out(1), held_out(1));
    assert_ne!(held_out(1), held_out(2));
    let deep = own.probe::<ResNet>(&resnet::Config { seed: 2, ..own.resnet() });
    assert_eq!(
        deep.samples.as_deref().expect("pictures").held_out.pixels,
        held_out(2),
        "both sections agree"
    );
}

/// The page shows no pictures of a data set that is not the one of the settings.
#[test]
fn other_pictures_do_not_stay_on_the_page() {
    let own = Own::noise(3, 32, &[4, 4]);
    let record = own.probe::<Cnn>(&own.cnn());
    let built_in = cnn::Config::default();
    assert!(record.samples_of(&own.cnn()).is_some() && record.samples_of(&built_in).is_none());
    let other = cnn::Config { data: "c3s32k2-0123456789abcdef".to_owned(), ..own.cnn() };
    assert!(record.samples_of(&other).is_none());
    assert_eq!(record.class_names(&other), ["class 1", "class 2"], "not the names of other pictures");
}

#[test]
fn recorded_batches_have_the_shape_of_the_pictures() {
    let own = Own::noise(3, 28, &[6, 6, 6]);
    let config = cnn::Config { width: 2, ..own.cnn() };
    let file =
        block_on(set_up::<Cnn>(&config, &Device::flex(), &mut own.collector())).expect("it is recorded");
    let shape = |name: &str| file.tensors.iter().find(|tensor| tensor.name == name).map(|t| t.shape.clone());
    let n_train = shape("batch1.x").expect("a batch")[0];
    assert_eq!(shape("batch1.x"), Some(vec![n_train, 3, 32, 32]));
    assert_eq!(shape("batch1.y"), Some(vec![n_train, 3]));
    let values = |values: Vec<(&str, serde_json::Value)>, name: &str| {
        values.into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.as_u64())
    };
    assert_eq!(values(Cnn::code_values(&config), "n_classes"), Some(3));
    assert_eq!(values(Cnn::code_values(&config), "image_channels"), Some(3));
    assert_eq!(values(ResNet::code_values(&own.resnet()), "n_classes"), Some(3));
}
