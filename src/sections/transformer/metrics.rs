//! The numbers of section 6.

use super::{Config, Record, param_count};
use crate::core::metric::Metric;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let run = record.run();
    let text = record.text.as_ref();
    let validation = run.validation.last_y();
    // Characters seen, in lengths of the text.
    let epochs = |steps: f64| {
        let seen = steps * f64::from(config.batch_size) * f64::from(config.context);
        text.map(|text| seen / f64::from(text.train.max(1)))
    };
    let step = run.losses.last().map_or(0.0, |(step, _)| *step);
    let of = epochs(config.steps.into()).map_or(String::new(), |epochs| format!("of {epochs:.2}"));
    let count = text.map(|text| param_count(config, text.vocabulary.len() as u64).total() as f64);
    let (shift, off) =
        record.positions.as_ref().map_or((0, None), |table| (table.rotation.0, Some(table.rotation.1)));
    vec![
        Metric::new("loss_train", "Training loss", run.losses.recent_mean(20))
            .unit("nats")
            .note("mean of 20 steps"),
        Metric::new("loss_val", "Validation loss", validation).unit("nats").note("8,192 held-out characters"),
        Metric::new("bits_per_char", "Validation loss", validation.map(|loss| loss / std::f64::consts::LN_2))
            .unit("bits/char")
            .note("loss / ln 2"),
        Metric::new("baseline_unigram", "Unigram baseline", text.map(|text| text.unigram))
            .unit("nats")
            .note("unigram, validation part"),
        Metric::new("baseline_bigram", "Bigram baseline", text.map(|text| text.bigram))
            .unit("nats")
            .note("bigram, validation part"),
        Metric::new("epoch", "Epoch", epochs(step)).digits(2).note(of),
        Metric::new("params_formula", "Formula", count).count().note("closed form"),
        Metric::new("params_counted", "Counted in the model", record.params_counted.map(|n| n as f64))
            .count(),
        Metric::new(
            "pe_shift_max_dev",
            "Products off their mean over p",
            record.positions.as_ref().map(|table| table.shift_max_dev),
        )
        .digits(2)
        .note("largest, over all p and k"),
        Metric::new("pe_rotation_max_dev", format!("Rotated by k = {shift}, off PE(p + k)"), off)
            .digits(2)
            .note("largest, over all p"),
    ]
}
