//! Section 2: closed forms compared with real convolutions, and short runs of the experiment on the CPU.
#![cfg(feature = "compute")]

use crate::collector::{Collector, probe, real_cifar10, values};
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::settings::{from_query, to_query};
use nn_lab::core::{LabError, Verdict};
use nn_lab::models::cnn::{Cnn as Net, ConvBlock, DepthwiseSeparable, Geometry, conv2d, multiply_adds};
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::run::Experiment;
use nn_lab::run::arm::StepBatch;
use nn_lab::run::timing::StepTimes;
use nn_lab::sections::cnn::{
    CONV, Cnn, Config, ConvShape, Cost, Dataset, Frame, KNOWN_SHAPES, N_CHOICES, N_LAYERS, N_MAPS, Record,
    SEPARABLE, Score, block_formula, net_params, output_size, separable_savings, taps,
};
use proptest::prelude::*;

/// Returns settings for a few steps of tiny networks.
fn small() -> Config {
    Config { n_train: 60, n_test: 30, batch_size: 20, width: 2, epochs: 2, ..Config::default() }
}

fn run(config: &Config) -> Record {
    let (record, result) = Collector::<Cnn>::default().run(config);
    assert_eq!(result, Ok(()));
    record
}

fn cifar() -> Option<Collector<Cnn>> {
    Some(Collector { user_files: real_cifar10()?, ..Collector::default() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_output_size_formula_matches_real_convolutions(
        size in 1u32..=32, kernel in 1u32..=11, stride in 1u32..=8, padding in 0u32..=8, dilation in 1u32..=6,
    ) {
        let shape = ConvShape { size, kernel, stride, padding, dilation };
        // Counts the kernel positions on the padded input one by one.
        let last = dilation * (kernel - 1);
        let stops = (0..size + 2 * padding).step_by(stride as usize).filter(|at| at + last < size + 2 * padding).count();
        match output_size(shape) {
            None => prop_assert_eq!(stops, 0),
            Some(out) => {
                prop_assert_eq!(out as usize, stops);
                let geometry = Geometry {
                    kernel: kernel as usize, stride: stride as usize, padding: padding as usize, dilation: dilation as usize,
                };
                let device = Device::flex();
                let conv = conv2d([2, 3], geometry, 1, 1.0, &mut WeightRng::new(1), &device);
                let y = conv.forward(Tensor::zeros([1, 2, size as usize, size as usize], &device));
                prop_assert_eq!(y.dims(), [1, 3, stops, stops]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// An input row changes exactly the output rows that read it.
    #[test]
    fn an_output_row_reads_the_input_rows_that_the_page_lists(
        size in 1u32..=12, kernel in 1u32..=5, stride in 1u32..=4, padding in 0u32..=4, dilation in 1u32..=4,
    ) {
        let shape = ConvShape { size, kernel, stride, padding, dilation };
        let out = output_size(shape).unwrap_or(0);
        let geometry = Geometry {
            kernel: kernel as usize, stride: stride as usize, padding: padding as usize, dilation: dilation as usize,
        };
        let (device, n) = (Device::flex(), size as usize);
        let mut conv = conv2d([1, 1], geometry, 1, 1.0, &mut WeightRng::new(1), &device);
        conv.weight = conv.weight.map(|weight| weight.ones_like());
        conv.bias = None;
        for input in (1..=n).filter(|_| out > 0) {
            let pixels: Vec<f32> = (0..n * n).map(|i| if i / n + 1 == input { 1.0 } else { 0.0 }).collect();
            let x = Tensor::from_data(TensorData::new(pixels, [1, 1, n, n]), &device);
            let sums = values(conv.forward(x).sum_dim(3));
            for (output, sum) in (1..=out).zip(sums) {
                let reads = taps(shape, output).any(|tap| tap == input as i64);
                prop_assert_eq!(sum > 0.0, reads, "output row {} and input row {}", output, input);
            }
        }
    }

    #[test]
    fn an_odd_kernel_with_half_padding_gives_a_size_that_does_not_depend_on_it(
        size in 1u32..=64, half in 0u32..=5, stride in 1u32..=8,
    ) {
        let shape = ConvShape { size, kernel: 2 * half + 1, stride, padding: half, dilation: 1 };
        prop_assert_eq!(output_size(shape), Some(size.div_ceil(stride)));
    }

    #[test]
    fn savings_stay_below_the_number_of_outputs_and_of_weights_per_kernel(
        c_in in 1u32..64, c_out in 1u32..512, block_kernel in 1u32..=11,
    ) {
        let counts = block_formula(&Config { c_in, c_out, block_kernel, ..Config::default() });
        let limit = f64::from(c_out.min(block_kernel * block_kernel));
        for ratio in [counts.params_ratio(), counts.multiply_adds_ratio()] {
            prop_assert!(ratio < limit, "{} of {}", ratio, limit);
        }
    }

    /// All kernels of a separable convolution that read one input channel are multiples of one kernel.
    #[test]
    fn a_separable_convolution_is_a_standard_one_with_fewer_kernels(c_in in 1usize..6, c_out in 1usize..6, seed in 0u64..100) {
        let device = Device::flex();
        let rng = &mut WeightRng::new(seed);
        let DepthwiseSeparable { mut depthwise, mut pointwise } = DepthwiseSeparable::new([c_in, c_out], 3, rng, &device);
        (depthwise.bias, pointwise.bias) = (None, None);
        let x = rng.normal::<4>([1, c_in, 6, 6], 1.0, &device).val();
        let mut standard = conv2d([c_in, c_out], Geometry::same(3), 1, 1.0, rng, &device);
        standard.bias = None;
        // [1, c_in, 3, 3] times [c_out, c_in, 1, 1]
        let kernels = depthwise.weight.val().swap_dims(0, 1) * pointwise.weight.val();
        standard.weight = standard.weight.map(|_| kernels.clone());
        let difference = standard.forward(x.clone()) - pointwise.forward(depthwise.forward(x));
        prop_assert!(values(difference).iter().all(|value| value.abs() < 1e-4));
    }
}

#[test]
fn the_separable_network_has_nine_convolutions_instead_of_five() {
    let convolutions = |separable| {
        let net = Net::new(1, 8, 10, separable, &mut WeightRng::new(1), &Device::flex());
        net.blocks.iter().map(|block| block.convolutions().len()).sum::<usize>()
    };
    assert_eq!([false, true].map(convolutions), [5, 9]);
    let macs = |width| {
        let record = probe::<Cnn>(Config { width, n_train: 20, n_test: 20, ..Config::default() });
        record.nets.expect("counted").map(|cost| cost.multiply_adds as f64)
    };
    let ([conv, separable], [wide, _]) = (macs(8), macs(24));
    assert!((conv / separable - 5.0).abs() < 0.1, "about five times fewer: {conv} and {separable}");
    assert!((8.5..9.0).contains(&(wide / conv)), "almost nine times as many: {wide} and {conv}");
}

/// Returns the verdicts of the checks of speed and accuracy for a record with these measurements.
fn trained_verdicts([conv_ms, separable_ms]: [f32; 2], accuracies: [f32; 2]) -> [Verdict; 2] {
    let mut record = Record {
        nets: Some([500, 100].map(|multiply_adds| Cost { params: 1, multiply_adds })),
        ..Record::default()
    };
    for (arm, (ms, accuracy)) in [conv_ms, separable_ms].into_iter().zip(accuracies).enumerate() {
        let mut times = StepTimes::default();
        times.push(ms);
        let steps = StepBatch { first_step: 1, losses: vec![1.0], times };
        Cnn::apply_frame(&mut record, arm, Frame::Train { steps, steps_per_epoch: 1 });
        let score = Score { accuracy, ..Score::default() }.into();
        Cnn::apply_frame(&mut record, arm, Frame::Score { epoch: 1, score });
    }
    let checks = Cnn::checks(&Config::default(), &record);
    [6, 7].map(|index| checks[index].verdict)
}

#[test]
fn the_checks_of_speed_and_accuracy_fail_if_their_claims_are_wrong() {
    use Verdict::{Fails, Holds};
    // A fifth of the multiply-accumulates: twice as fast is less than the savings, 4.5 times as fast is not.
    assert_eq!(trained_verdicts([10.0, 5.0], [0.85, 0.84]), [Holds, Holds]);
    assert_eq!(trained_verdicts([10.0, 12.0], [0.85, 0.90]), [Holds, Holds]);
    assert_eq!(trained_verdicts([9.0, 2.0], [0.85, 0.79]), [Fails, Fails]);
    assert_eq!(trained_verdicts([9.0, 2.0], [0.3, 0.3]), [Fails, Fails], "neither learns");
}

#[test]
fn figures_are_named_after_their_networks() {
    let titles: Vec<&str> =
        Cnn::CHAPTERS.iter().flat_map(|chapter| chapter.figures).map(|(_, title)| *title).collect();
    for arm in Cnn::ARMS {
        let of_arm = titles.iter().filter(|title| title.ends_with(arm.net)).count();
        assert_eq!(of_arm, 3, "{}: {titles:?}", arm.net);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn formulas_match_the_parameter_counts_of_the_blocks(c_in in 1u32..40, c_out in 1u32..40, block_kernel in 1u32..=11) {
        let config = Config { c_in, c_out, block_kernel, ..Config::default() };
        let formula = block_formula(&config);
        let (device, rng) = (Device::flex(), &mut WeightRng::new(1));
        let channels = [c_in as usize, c_out as usize];
        let kernel = block_kernel as usize;
        let conv = ConvBlock::new(channels, Geometry::same(kernel), rng, &device);
        let separable = DepthwiseSeparable::new(channels, kernel, rng, &device);
        prop_assert_eq!(formula.conv.params, count_params(&conv) as u64);
        prop_assert_eq!(formula.separable.params, count_params(&separable) as u64);
        let x = Tensor::zeros([1, channels[0], 8, 8], &device);
        let y = conv.conv.forward(x.clone());
        prop_assert_eq!(formula.conv.multiply_adds, multiply_adds(&conv.conv, &y));
        let h = separable.depthwise.forward(x);
        let y = separable.pointwise.forward(h.clone());
        let sum = multiply_adds(&separable.depthwise, &h) + multiply_adds(&separable.pointwise, &y);
        prop_assert_eq!(formula.separable.multiply_adds, sum);
        let share = separable_savings(c_out.into(), block_kernel.into());
        prop_assert!((formula.multiply_adds_ratio() - share).abs() < 1e-9 * share);
        prop_assert!(share < f64::from(block_kernel * block_kernel), "K² is never reached");
    }

    #[test]
    fn the_formula_matches_the_parameter_counts_of_the_networks(c_in in 1u64..4, width in 1u64..12, n_classes in 2u64..12, separable: bool) {
        let net = Net::new(
            c_in as usize, width as usize, n_classes as usize, separable, &mut WeightRng::new(1), &Device::flex(),
        );
        prop_assert_eq!(net_params(c_in, width, n_classes, separable), count_params(&net) as u64);
    }

    #[test]
    fn any_address_results_in_a_config(pairs in prop::collection::vec(("size|kernel|width|dataset|crop|image|[a-z_]{1,9}", ".*"), 0..6)) {
        let (config, _) = from_query(&Config::default(), &pairs.into_iter().collect());
        prop_assert!((1..=32).contains(&config.size) && (1..=12).contains(&config.image));
        let (again, warnings) = from_query(&Config::default(), &to_query(&config));
        prop_assert_eq!(warnings, Vec::<String>::new());
        prop_assert_eq!(again, config);
    }
}

#[test]
fn known_counts_and_sizes_are_reproduced() {
    let formula = block_formula(&Config::default());
    assert_eq!((formula.conv.params, formula.separable.params), (73_856, 8_960));
    assert_eq!(format!("{:.2}", formula.params_ratio()), "8.24");
    // floor((7 + 2 - 2 - 1) / 2) + 1, and two sizes from papers.
    let sizes: Vec<_> = KNOWN_SHAPES.iter().map(|(_, shape)| output_size(*shape)).collect();
    assert_eq!(sizes, [28, 32, 32, 16, 3, 55, 112, 32].map(Some));
    assert_eq!(output_size(Config::default().shape()), Some(4));
}

#[test]
fn the_probe_agrees_with_the_formulas() {
    let config = Config { n_train: 100, ..Config::default() };
    let record = probe::<Cnn>(config.clone());
    assert_eq!((record.measured, record.known.len()), (Some(Some(4)), KNOWN_SHAPES.len()));
    assert_eq!(record.blocks, Some(block_formula(&config)));
    let [conv, separable] = record.nets.expect("counted");
    assert!(conv.multiply_adds > 4 * separable.multiply_adds, "{conv:?} {separable:?}");
    let samples = record.samples.as_deref().expect("images");
    assert_eq!((samples.train.labels.len(), samples.train.pixels.len()), (30, 30 * 1024));
    assert_eq!((samples.n_train, samples.n_test, samples.augmented.labels.len()), (100, 1000, 0));
    let verdicts: Vec<_> = Cnn::checks(&config, &record).iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts[..6], [Verdict::Holds; 6]);
    assert_eq!(verdicts[6..], [Verdict::Open, Verdict::Open, Verdict::Holds]);
    let moved = probe::<Cnn>(Config { crop: true, flip: true, ..config });
    let samples = moved.samples.as_deref().expect("images");
    assert_eq!(samples.augmented.pixels.len(), samples.train.pixels.len());
    assert_ne!(samples.augmented.pixels, samples.train.pixels);
}

#[test]
fn an_impossible_convolution_is_not_an_error() {
    let config = Config { size: 4, kernel: 7, padding: 1, n_train: 50, ..Config::default() };
    let record = probe::<Cnn>(config.clone());
    assert_eq!(record.measured, Some(None));
    assert_eq!(Cnn::checks(&config, &record)[0].verdict, Verdict::Holds);
}

#[test]
fn a_run_sends_everything_that_the_page_shows() {
    let record = run(&small());
    assert_eq!((record.step(), record.steps_per_epoch(), record.epoch()), (6, 3, 2));
    for net in [&record.arms[CONV], &record.arms[SEPARABLE]] {
        assert_eq!((net.losses.len(), net.accuracies.len()), (6, 3));
        assert_eq!(net.confusion.iter().sum::<u32>(), 30);
        let right: u32 = (0..10).map(|class| net.confusion[class * 11]).sum();
        assert_eq!(net.accuracies.last_y(), Some(f64::from(right as f32 / 30.0)));
        assert_eq!(net.misclassified.answers.len(), net.misclassified.pictures.labels.len());
        assert_eq!(
            net.misclassified.answers.len(),
            (30 - right as usize).min(nn_lab::sections::cnn::N_MISCLASSIFIED)
        );
        assert!(
            net.misclassified
                .answers
                .iter()
                .zip(&net.misclassified.pictures.labels)
                .all(|((answer, _), label)| answer != label)
        );
    }
    for image in 1..=N_CHOICES as u32 {
        for arm in &record.arms {
            let net = arm.maps.at(image).expect("looked at");
            let channels = [2, 4, 8, 16, 16];
            assert_eq!(net.step, 6);
            assert_eq!(net.filters.len(), 2 * 9);
            assert!((net.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            let shapes: Vec<_> =
                net.blocks.iter().map(|maps| (maps.channels, maps.side, maps.sums.len())).collect();
            let expected = [32, 16, 8, 4, 2].iter().zip(channels).map(|(&side, channels)| {
                (channels, side, N_MAPS.min(channels as usize) * (side * side) as usize)
            });
            assert_eq!(shapes, expected.collect::<Vec<_>>());
        }
    }
}

/// The products on the page add up to the network's own values, at every position of every feature map.
#[test]
fn products_add_up_to_the_feature_maps() {
    let trained = run(&Config { width: 3, ..small() });
    let untrained = probe::<Cnn>(Config { image: 2, ..small() });
    for (record, image, step) in [(&trained, 1, 6), (&untrained, 2, 0)] {
        for arm in [CONV, SEPARABLE] {
            let look = record.inspection(arm, image).expect("looked at");
            assert_eq!((look.step, look.layers.len()), (step, N_LAYERS));
            for (index, layer) in look.layers.iter().enumerate() {
                assert_eq!(layer.is_separable(), arm == SEPARABLE && index > 0);
                let maps = &look.blocks[index];
                let plane = (layer.side * layer.side) as usize;
                assert_eq!((layer.kernel(), layer.side), (3, maps.side));
                for (at, network) in maps.sums.iter().enumerate() {
                    let sum = layer.sum(at / plane, at % plane);
                    assert!(sum.agrees(*network), "{arm} {index} {at}: {sum:?}, {network}");
                    assert!(!sum.agrees(network + 1e-3 * network.abs().max(1.0)), "anything would agree");
                }
                let depthwise = layer.depthwise.as_ref().map_or(&[][..], |(_, maps)| maps);
                for (at, network) in depthwise.iter().enumerate() {
                    let sum = layer.depthwise_sum(at / plane, at % plane);
                    assert!(sum.agrees(*network), "{arm} {index} {at}: {sum:?}, {network}");
                }
                // In the corner, five of nine taps are outside and read 0.
                let corner = &layer.channel_sums(0, 0)[0];
                let outside: Vec<_> = corner.taps.iter().filter(|tap| tap.is_padding).collect();
                assert!(outside.len() == 5 && outside.iter().all(|tap| tap.value == 0.0), "{corner:?}");
            }
        }
    }
}

#[test]
fn steps_of_both_networks_are_timed_separately() {
    let out = Collector::<Cnn> { frame_every: 1, ..Collector::default() };
    let record = out.run(&Config { width: 8, ..small() }).0;
    let (conv, separable) = (
        record.arms[CONV].ms_per_step().expect("timed"),
        record.arms[SEPARABLE].ms_per_step().expect("timed"),
    );
    assert!(conv > 0.05 && separable > 0.05, "{conv} {separable}");
}

#[test]
fn runs_are_reproducible_at_any_frame_rate() {
    let losses = |every: u32, config: &Config| {
        let out = Collector::<Cnn> { frame_every: every, ..Collector::default() };
        let record = out.run(config).0;
        (
            record.arms[CONV].losses.clone(),
            record.arms[SEPARABLE].losses.clone(),
            record.arms[CONV].accuracies.clone(),
            record.arms[SEPARABLE].confusion.clone(),
        )
    };
    let moving = Config { crop: true, flip: true, ..small() };
    assert_eq!(losses(1, &moving), losses(7, &moving));
    assert_ne!(losses(1, &small()), losses(1, &moving));
    assert_ne!(losses(1, &small()), losses(1, &Config { seed: 2, ..small() }));
}

#[test]
fn a_run_stops_immediately_and_applies_changes() {
    let out = Collector::<Cnn> { stop_at: Some(2), ..Collector::default() };
    assert_eq!(out.run(&small()).0.step(), 2);
    let still = Config { learning_rate: 1e-5, image: 3, ..small() };
    let out = Collector::<Cnn> { updates: vec![(2, still)], ..Collector::default() };
    let (changed, unchanged) =
        (out.run(&small()).0.arms[CONV].losses.clone(), run(&small()).arms[CONV].losses.clone());
    assert_eq!(changed[..2], unchanged[..2]);
    assert_ne!(changed[4], unchanged[4]);
}

#[test]
fn an_excessive_learning_rate_ends_with_a_message_or_at_chance_level() {
    let (record, result) =
        Collector::<Cnn>::default().run(&Config { learning_rate: 1.0, epochs: 30, ..small() });
    match result {
        Err(LabError::Diverged { hint, .. }) => assert!(hint.contains("smaller learning rate")),
        other => assert!(record.arms[CONV].losses.recent_mean(5) > Some(1.0), "{other:?}"),
    }
}

#[test]
fn without_its_files_cifar10_is_unavailable_and_the_message_names_them() {
    let config = Config { dataset: Dataset::Cifar10, ..small() };
    let (record, result) = Collector::<Cnn>::default().probe(&config);
    assert!(!record.cifar10);
    assert_eq!(record.blocks, Some(block_formula(&config)), "all else is shown");
    let Err(LabError::NoData(words)) = result else { panic!("{result:?}") };
    assert!(words.contains(".bin") && words.contains(".tar.gz"), "{words}");
    // Synthetic records: a training file without a test file is not enough.
    let records: std::rc::Rc<[u8]> =
        (0..40).flat_map(|i| [vec![i % 10], vec![i * 6; 3072]].concat()).collect();
    let with = |names: &[&str]| Collector::<Cnn> {
        user_files: names.iter().map(|name| (format!("user/cifar10/{name}"), records.clone())).collect(),
        ..Collector::default()
    };
    let (record, result) = with(&["data_batch_1.bin"]).probe(&config);
    assert!(!record.cifar10);
    assert!(matches!(result, Err(LabError::NoData(words)) if words.contains("test_batch.bin")));
    let both = ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"];
    let (record, result) = with(&both).probe(&config);
    assert_eq!((record.cifar10, result), (true, Ok(())));
    let samples = record.samples.expect("images");
    assert_eq!((samples.n_train, samples.n_test, samples.train.channels), (60, 30, 3));
    assert_eq!(with(&both).run(&config).1, Ok(()));
}

#[test]
fn an_epoch_of_fashion_mnist_is_well_above_chance() {
    let config = Config { n_train: 1000, n_test: 300, epochs: 2, ..Config::default() };
    let record = run(&config);
    let (conv, separable) =
        (record.arms[CONV].accuracies.last_y(), record.arms[SEPARABLE].accuracies.last_y());
    println!("after two epochs of 1,000 images: {conv:?} and {separable:?}");
    assert!(conv > Some(0.55) && separable > Some(0.45), "{conv:?} {separable:?}");
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn training_on_the_original_cifar10_is_above_chance() {
    let Some(out) = cifar() else { return };
    let config =
        Config { dataset: Dataset::Cifar10, n_train: 1500, n_test: 300, epochs: 3, ..Config::default() };
    let (record, result) = out.run(&config);
    assert_eq!(result, Ok(()));
    let (conv, separable) =
        (record.arms[CONV].accuracies.last_y(), record.arms[SEPARABLE].accuracies.last_y());
    println!("after three epochs of 1,500 photographs: {conv:?} and {separable:?}");
    // Chance accuracy on 300 images is 10%, with a standard deviation of 1.7%.
    assert!(conv > Some(0.2) && separable > Some(0.18), "{conv:?} {separable:?}");
}

/// Takes minutes: `cargo test --features cpu --test native all_of_fashion -- --ignored --nocapture`.
#[test]
#[ignore = "minutes; ./lab test full runs it"]
fn all_of_fashion_mnist_reaches_85_percent() {
    let config = Config { n_train: 10_000, n_test: 2000, epochs: 10, ..Config::default() };
    let began = std::time::Instant::now();
    let record = run(&config);
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{seconds:.0} s; convolutional {:?}; separable {:?}",
        &*record.arms[CONV].accuracies.clone(),
        &*record.arms[SEPARABLE].accuracies
    );
    println!(
        "{:?} and {:?} ms a step",
        record.arms[CONV].ms_per_step(),
        record.arms[SEPARABLE].ms_per_step()
    );
    assert!(record.arms[CONV].accuracies.last_y() > Some(0.85));
    assert!(record.arms[SEPARABLE].accuracies.last_y() > Some(0.8));
    if let Some(out) = cifar() {
        let config = Config {
            dataset: Dataset::Cifar10,
            n_train: 3000,
            n_test: 500,
            epochs: 15,
            flip: true,
            ..config
        };
        let began = std::time::Instant::now();
        let record = out.run(&config).0;
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "CIFAR-10: {seconds:.0} s; {:?}; {:?}",
            &*record.arms[CONV].accuracies.clone(),
            &*record.arms[SEPARABLE].accuracies
        );
        assert!(record.arms[CONV].accuracies.last_y() > Some(0.35));
    }
}
