//! The numbers of section 2.

use super::{BLOCK_SIDE, Config, NetRecord, Record, output_size};
use crate::core::metric::Metric;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let [conv, separable] = &record.arms;
    let loss = |net: &NetRecord| net.losses.recent_mean(20);
    let steps = Some(f64::from(record.steps_per_epoch())).filter(|steps| *steps > 0.0);
    // What an epoch's steps take; the test after it comes on top.
    let epoch_time = |net: &NetRecord| match net.ms_per_step().zip(steps) {
        Some((ms, steps)) => format!("{:.1} s per epoch", ms * steps / 1000.0),
        None => "median of timed steps".to_owned(),
    };
    let epoch_words = match record.epochs_done() {
        Some(done) => format!("now {done:.1} of {}", config.epochs),
        None => format!("of {}", config.epochs),
    };
    let tested = !conv.accuracies.is_empty();
    let shape = config.shape();
    let blocks = record.blocks.as_ref();
    let on = format!("for maps of {BLOCK_SIDE} × {BLOCK_SIDE}");
    vec![
        Metric::new("loss_conv", "Loss, convolutional", loss(conv)).unit("nats").note("mean of 20 steps"),
        Metric::new("loss_separable", "Loss, separable", loss(separable))
            .unit("nats")
            .note("mean of 20 steps"),
        Metric::new("accuracy_conv", "Test accuracy, convolutional", conv.accuracies.last_y())
            .note("chance level: 0.1"),
        Metric::new("accuracy_separable", "Test accuracy, separable", separable.accuracies.last_y())
            .note("chance level: 0.1"),
        Metric::new("ms_per_step_conv", "Time per step, standard", conv.ms_per_step())
            .unit("ms")
            .note(epoch_time(conv)),
        Metric::new("ms_per_step_separable", "Time per step, separable", separable.ms_per_step())
            .unit("ms")
            .note(epoch_time(separable)),
        Metric::new("speedup", "Speedup of the separable network", record.speedup())
            .unit("×")
            .note("time per step, standard / separable"),
        Metric::new("net_macs_ratio", "Savings in MACs, whole network", record.macs_ratio())
            .unit("×")
            .note("counted along a forward pass"),
        Metric::new("epoch", "Epochs done", tested.then(|| f64::from(record.epoch())))
            .digits(1)
            .note(epoch_words),
        Metric::new("steps_per_epoch", "Steps per epoch", steps)
            .digits(1)
            .note("both networks, same batches"),
        Metric::new("out_formula", "Formula", output_size(shape).map(f64::from)).count().note("closed form"),
        Metric::new(
            "out_measured",
            "Measured by a real convolution",
            record.measured.flatten().map(f64::from),
        )
        .count()
        .note("height and width"),
        Metric::new("params_conv", "Parameters, standard", blocks.map(|b| b.conv.params as f64))
            .count()
            .note("counted in the module"),
        Metric::new("params_separable", "Parameters, separable", blocks.map(|b| b.separable.params as f64))
            .count()
            .note("counted in the module"),
        Metric::new("params_ratio", "Savings", blocks.map(|blocks| blocks.params_ratio())).unit("×"),
        Metric::new("macs_conv", "MACs, standard", blocks.map(|b| b.conv.multiply_adds as f64))
            .count()
            .note(on.clone()),
        Metric::new("macs_separable", "MACs, separable", blocks.map(|b| b.separable.multiply_adds as f64))
            .count()
            .note(on),
        Metric::new("macs_ratio", "Savings", blocks.map(|blocks| blocks.multiply_adds_ratio())).unit("×"),
    ]
}
