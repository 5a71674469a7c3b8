//! The metrics of section 2.

use super::{
    BLOCK_SIDE, Cnn, Config, Dataset, NetRecord, Planes, REACH_SIDE, Record, dense_layer, output_size,
    reaches,
};
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::per_arm;

/// Returns the size of the receptive field by the formula.
fn stack_size(config: &Config) -> Option<f64> {
    reaches(&config.stack(REACH_SIDE)).last().map(|reach| reach.size.into())
}

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let nets = &record.arms;
    let steps = Some(f64::from(record.steps_per_epoch())).filter(|steps| *steps > 0.0);
    // The duration of the steps of an epoch; the test after it is not included.
    let epoch_time = |net: &NetRecord| match net.ms_per_step().zip(steps) {
        Some((ms, steps)) => format!("{:.1} s per epoch", ms * steps / 1000.0),
        None => "median of timed steps".to_owned(),
    };
    let epochs = match record.epochs_done() {
        Some(done) => format!("now {done:.1} of {}", config.epochs),
        None => format!("of {}", config.epochs),
    };
    let tested = !nets[0].accuracies.is_empty();
    let epoch = tested.then(|| f64::from(record.epoch()));
    let formula = output_size(config.shape()).map(f64::from);
    let measured = record.measured.flatten().map(f64::from);
    let blocks = record.blocks.as_ref();
    let costs = match blocks {
        Some(blocks) => [Some(blocks.conv), Some(blocks.separable)],
        None => [None, None],
    };

    let dense = record.samples.as_ref().map(|samples| {
        let input = Planes::from_bytes(samples.test.channels as usize, samples.test.side as usize, &[]);
        dense_layer(&input, config.seed.into()).n_params() as f64
    });

    let chance = match config.dataset {
        Dataset::Own => format!("largest class: {:.2}", record.chance(config)),
        Dataset::FashionMnist | Dataset::Cifar10 => "chance level: 0.1".to_owned(),
    };
    let mut metrics = per_arm(Cnn::ARMS, nets, |arm, net| {
        let accuracy = arm.metric("accuracy", "Test accuracy", net.accuracies.last_y());
        let train = arm.metric("train_accuracy", "Training accuracy", net.train_accuracies.last_y());
        [
            arm.loss(&net.losses, 20),
            accuracy.note(chance.clone()),
            train.note("the first training images, without augmentation"),
        ]
    });
    metrics.extend(per_arm(Cnn::ARMS, nets, |arm, net| {
        [arm.ms_per_step(net.ms_per_step()).note(epoch_time(net))]
    }));
    metrics.extend([
        Metric::new("speedup", "Speedup of the separable CNN", record.speedup())
            .unit("×")
            .note("time per step, standard / separable"),
        Metric::new("net_macs_ratio", "Savings in MACs, whole network", record.macs_ratio())
            .unit("×")
            .note("counted along a forward pass"),
        Metric::new("epoch", "Epochs done", epoch).digits(1).note(epochs),
        Metric::new("steps_per_epoch", "Steps per epoch", steps)
            .digits(1)
            .note("both networks, same batches"),
        Metric::new("out_formula", "Formula", formula).count().note("closed form"),
        Metric::new("out_measured", "Measured by a real convolution", measured)
            .count()
            .note("height and width"),
        Metric::new("rf_formula", "Receptive field, formula", stack_size(config))
            .unit("px")
            .count()
            .note("closed form, for one side"),
        Metric::new("rf_measured", "Receptive field, measured", record.reach.flatten().map(f64::from))
            .unit("px")
            .count()
            .note(format!("gradient of one unit on {REACH_SIDE} × {REACH_SIDE} pixels")),
        Metric::new("dense_params", "Parameters of the dense layer", dense)
            .count()
            .note("as many outputs as the maps"),
        Metric::new("width_separable", "Width of the separable CNN", Some(config.width_of(true).into()))
            .count()
            .note(format!("the standard CNN has {}", config.width)),
    ]);
    let costs_of_nets = record.nets.map_or([None; 2], |nets| nets.map(Some));
    metrics.extend(per_arm(Cnn::ARMS, &costs_of_nets, |arm, cost| {
        let params =
            arm.metric("net_params", "Parameters, whole network", cost.map(|cost| cost.params as f64));
        let macs = arm.metric("net_macs", "MACs, whole network", cost.map(|cost| cost.multiply_adds as f64));
        [params.count().note("counted in the module"), macs.count().note("for one image")]
    }));
    metrics.extend(per_arm(Cnn::ARMS, &costs, |arm, cost| {
        let params = arm.metric("params", "Parameters", cost.map(|cost| cost.params as f64));
        [params.count().note("counted in the module")]
    }));
    metrics.push(Metric::new("params_ratio", "Savings", blocks.map(|b| b.params_ratio())).unit("×"));
    metrics.extend(per_arm(Cnn::ARMS, &costs, |arm, cost| {
        let macs = arm.metric("macs", "MACs", cost.map(|cost| cost.multiply_adds as f64));
        [macs.count().note(format!("for maps of {BLOCK_SIDE} × {BLOCK_SIDE}"))]
    }));
    metrics.push(Metric::new("macs_ratio", "Savings", blocks.map(|b| b.multiply_adds_ratio())).unit("×"));
    metrics
}
