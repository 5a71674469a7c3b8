//! The metrics of section 6.

use super::induction::drop_of;
use super::{Config, Record, TEMPERATURES, TaskChoice, TextInfo, param_count};
use crate::core::metric::Metric;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let run = record.run();
    let text = record.text.as_ref();
    let validation = run.validation.last_y();
    // The number of epochs: characters seen per length of the text.
    let epochs = |steps: f64| {
        let seen = steps * f64::from(config.batch_size) * f64::from(config.context);
        text.filter(|text| text.train > 0).map(|text| seen / f64::from(text.train))
    };
    let step = run.losses.last().map_or(0.0, |(step, _)| *step);
    let of = epochs(config.steps.into()).map_or(String::new(), |epochs| format!("of {epochs:.2}"));
    let count = text.map(|text| param_count(config, text.vocabulary.len() as u64).total() as f64);
    let scores = run.induction.last();
    let head = |best: Option<(usize, f32)>| best.map_or(String::new(), |(head, _)| head_words(config, head));
    let induction = scores.and_then(|s| s.best_induction());
    let copying = run.best_head();
    let previous = scores.map_or_else(|| previous_on_text(record), |s| s.best_previous());
    let drop = drop_of(&run.curves.second);
    let (shift, off) =
        record.positions.as_ref().map_or((0, None), |table| (table.rotation.0, Some(table.rotation.1)));
    vec![
        Metric::new("loss_train", "Training loss", run.losses.recent_mean(20))
            .unit("nats")
            .note("mean of 20 steps"),
        Metric::new("loss_val", "Validation loss", validation)
            .unit("nats")
            .note(text.map_or_else(|| "held out".to_owned(), |text| held_out(config, text))),
        Metric::new("bits_per_char", "Validation loss", validation.map(|loss| loss / std::f64::consts::LN_2))
            .unit("bits/char")
            .note("loss / ln 2"),
        Metric::new("loss_start", "Validation loss at step 0", run.validation.first().map(|point| point.1))
            .unit("nats")
            .note("before training"),
        Metric::new("baseline_uniform", "Uniform baseline", text.map(|text| text.uniform))
            .unit("nats")
            .note("ln V, closed form"),
        Metric::new("baseline_unigram", "Unigram baseline", text.map(|text| text.unigram))
            .unit("nats")
            .note(baseline_note(config)),
        Metric::new("baseline_bigram", "Bigram baseline", text.map(|text| text.bigram))
            .unit("nats")
            .note(baseline_note(config)),
        Metric::new("loss_last", "Loss on the last character", run.last_character.last_y())
            .unit("nats")
            .note("of each window, without the mask"),
        Metric::new("loss_first", "First block", scores.map(|s| s.first.into()))
            .unit("nats")
            .note("validation loss, new tokens"),
        Metric::new("baseline_first", "Minimum for the first block", text.and_then(|text| text.first_block))
            .unit("nats")
            .note("used tokens excluded, closed form"),
        Metric::new("loss_second", "Repeats", scores.map(|s| s.second.into()))
            .unit("nats")
            .note("validation loss, repeated tokens"),
        Metric::new("induction_score", "Highest prefix-matching score", induction.map(|best| best.1.into()))
            .note(head(induction)),
        Metric::new("copying_score", "Copying score of that head", copying.map(|head| head.copying))
            .note("a random head: about 0.5"),
        Metric::new("previous_score", "Highest previous-token score", previous.map(|best| best.1.into()))
            .note(head(previous)),
        Metric::new("drop_step", "Loss halved at step", drop.map(|(step, _)| step)).count().note(
            drop.map_or_else(|| "repeats".to_owned(), |(_, took)| format!("{took} steps from 90% to 50%")),
        ),
        Metric::new("loss_cold", "Loss at temperature 0.5", at_temperature(&run.temperatures, 0.5))
            .unit("nats")
            .note("a part of the validation data"),
        Metric::new("loss_hot", "Loss at temperature 2", at_temperature(&run.temperatures, 2.0))
            .unit("nats")
            .note("a part of the validation data"),
        Metric::new("best_temperature", "Lowest loss at temperature", best_temperature(&run.temperatures))
            .digits(2)
            .note("of 0.5, 0.7, 1, 1.4, 2"),
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

/// Returns the number of predictions that the validation loss is the mean of, in words.
fn held_out(config: &Config, text: &TextInfo) -> String {
    let (thousands, rest) = (text.predicted / 1000, text.predicted % 1000);
    let number = if thousands > 0 { format!("{thousands},{rest:03}") } else { rest.to_string() };
    match config.task {
        TaskChoice::Text => format!("{number} held-out characters"),
        TaskChoice::Repeat => format!("{number} held-out tokens"),
    }
}

fn baseline_note(config: &Config) -> &'static str {
    match config.task {
        TaskChoice::Text => "on the same characters",
        TaskChoice::Repeat => "closed form",
    }
}

/// Returns the head that attends most to the previous character, on the window of a text, and its mean weight there.
pub(super) fn previous_on_text(record: &Record) -> Option<(usize, f32)> {
    let stats = &record.run().snapshots.last()?.stats;
    let previous = stats.iter().map(|stats| stats.previous).enumerate();
    previous.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Returns the name of a head, such as "layer 2, head 1", from its index among the heads of all layers.
pub(super) fn head_words(config: &Config, head: usize) -> String {
    let heads = (config.heads as usize).max(1);
    format!("layer {}, head {}", head / heads + 1, head % heads + 1)
}

/// Returns the validation loss at one of the temperatures.
pub(super) fn at_temperature(losses: &[f32], temperature: f32) -> Option<f64> {
    let at = TEMPERATURES.iter().position(|&t| t == temperature)?;
    losses.get(at).map(|&loss| loss.into())
}

/// Returns the temperature of the lowest validation loss.
pub(super) fn best_temperature(losses: &[f32]) -> Option<f64> {
    let best = TEMPERATURES.iter().zip(losses).min_by(|a, b| a.1.total_cmp(b.1))?;
    // Rounded to its decimal digits: 0.7 as a 32-bit number is not 0.7.
    Some((f64::from(*best.0) * 100.0).round() / 100.0)
}
