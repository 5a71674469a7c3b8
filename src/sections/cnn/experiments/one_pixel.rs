//! The experiment on pooling and shifts.

use crate::core::guided::{Answer, GuidedExperiment, Prediction, percent};
use crate::sections::cnn::{CONV, Config, Planes, Record, Windows, shift_changes};

pub(super) const ONE_PIXEL: GuidedExperiment<Config, Record> = GuidedExperiment {
    slug: "one-pixel",
    chapter: "pooling",
    figures: &["pooling-windows", "pooling-shifts"],
    question: "All maps of the first block shift by one pixel. Which output changes least, relative to its norm?",
    values: &[],
    trains: false,
    prediction: Prediction::Choice(&[
        "The maps, without pooling",
        "2 × 2 max pooling",
        "2 × 2 average pooling",
    ]),
    answer: one_pixel,
    reason: "A window’s average changes only by the column that enters and the one that leaves, and these often resemble each other. A maximum can jump as soon as a larger value enters. Without pooling every edge is in another place.",
    source: ("Zhang 2019, section 3", "https://arxiv.org/abs/1904.11486"),
};

fn one_pixel(config: &Config, record: &Record) -> Option<Answer> {
    let view = record.untrained[CONV].as_ref()?;
    let maps = view.blocks.first()?;
    let values: Vec<f32> = maps.activations().flatten().collect();
    let side = maps.side as usize;
    let planes = Planes { channels: values.len() / (side * side).max(1), side, values };
    let windows = Windows { size: config.pool_size as usize, stride: config.pool_stride as usize };
    let (own, [max, average, _]) = shift_changes(&planes, windows, 1);
    let changes = [own?, max?, average?];
    let smallest = changes.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1))?.0;
    let [own, max, average] = changes;
    let name = ["The maps themselves", "Max pooling", "Average pooling"].get(smallest)?;
    let words = format!(
        "{name}: the maps change by {}, max pooling by {} and average pooling by {}. None of them is invariant to a shift of one pixel.",
        percent(own),
        percent(max),
        percent(average)
    );
    let numbers = [("change_maps", own), ("change_max", max), ("change_average", average)];
    Some(Answer::new(words, smallest, numbers))
}
