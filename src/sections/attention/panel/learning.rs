//! The figures of the training run: loss, accuracy, entropy, and the heads' maps as they change.

use super::super::{Config, NetRecord, Record, SCALED, Sequence, UNSCALED, loss_of_a_guess};
use super::figures::{HeadMaps, heads_table};
use super::text;
use crate::charts::{LineChart, Reference, Series};
use crate::panel::{PtrEq, series_table};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct LearningProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
    pub(super) provenance: AttrValue,
}

/// More maps than these would make the page long; the table has them all.
const MOST_MAPS: usize = 4;

/// What happens while both nets learn.
#[component]
pub(super) fn LearningFigures(props: &LearningProps) -> Html {
    let LearningProps { config, record, provenance } = props;
    let record = &record.0;
    html! {
        <>
            <div class="figure-row">
                { loss_figure(config, record, provenance) }
                { entropy_figure(config, record, provenance) }
            </div>
            <div class="figure-row">
                { maps_figure("scaled", "Scaled: where each token looks", config, &record.arms[SCALED], record.arms[SCALED].sequence.as_deref(), provenance) }
                { maps_figure("unscaled", "Unscaled: where each token looks", config, &record.arms[UNSCALED], record.arms[SCALED].sequence.as_deref(), provenance) }
            </div>
            { right_figure(config, record, provenance) }
        </>
    }
}

const EMPTY: &str = "Press Train: the curves are measured while the nets learn.";

fn loss_figure(config: &Config, record: &Record, provenance: &AttrValue) -> Html {
    let series = vec![
        Series::new("scaled", record.arms[SCALED].losses.points(), SCALED),
        Series::new("unscaled", record.arms[UNSCALED].losses.points(), UNSCALED),
    ];
    let references = vec![Reference { label: "a guess".into(), y: loss_of_a_guess() }];
    let look_for = html! { <>{ "Loss of each step's batch. Both nets start from the same matrices and see the same sequences; only the factor before the softmax differs." }</> };
    html! {
        <Figure name="loss" title="Training loss" {look_for} formula={text::loss_formula()} provenance={provenance.clone()} table={series_table("step", &series)}>
            <LineChart name="loss" x_label="step" y_label="cross-entropy (nats)" {series} {references}
                x_max={Some(f64::from(config.steps))} integer_x={true} empty={EMPTY} />
        </Figure>
    }
}

fn entropy_figure(config: &Config, record: &Record, provenance: &AttrValue) -> Html {
    let series = vec![
        Series::new("scaled", record.arms[SCALED].entropy.points(), SCALED),
        Series::new("unscaled", record.arms[UNSCALED].entropy.points(), UNSCALED),
    ];
    let uniform = f64::from(config.n_tokens).ln();
    let references = vec![Reference { label: "ln n: equal weights".into(), y: uniform }];
    let look_for = html! { <>{ "The scaled net starts with soft weights and sharpens them as it learns. At a large " }<em>{ "d" }<sub>{ "k" }</sub></em>{ " the unscaled one is sharp from the start, on the wrong tokens." }</> };
    html! {
        <Figure name="training-entropy" title="Entropy of the weights, in training" {look_for} provenance={provenance.clone()} table={series_table("step", &series)}>
            <LineChart name="training-entropy" x_label="step" y_label="entropy (nats)" {series} {references}
                x_max={Some(f64::from(config.steps))} y_range={Some((0.0, uniform * 1.1))} integer_x={true} empty={EMPTY} />
        </Figure>
    }
}

fn right_figure(config: &Config, record: &Record, provenance: &AttrValue) -> Html {
    let accuracy = |name, net: &NetRecord, color| Series::new(name, net.accuracy.points(), color);
    let right = |name: &'static str, net: &NetRecord, color: usize| {
        let heads: Vec<_> = net
            .right
            .iter()
            .enumerate()
            .map(|(head, curve)| {
                let name = format!("{name}, head {}", head + 1);
                Series { dashed: true, ..Series::new(name, curve.points(), color) }
            })
            .collect();
        heads
    };
    let mut series = vec![
        accuracy("scaled, accuracy", &record.arms[SCALED], SCALED),
        accuracy("unscaled, accuracy", &record.arms[UNSCALED], UNSCALED),
    ];
    let mut all = series.clone();
    all.extend(right("scaled", &record.arms[SCALED], SCALED));
    all.extend(right("unscaled", &record.arms[UNSCALED], UNSCALED));
    // Many heads would be a thicket of lines; the table has them all.
    if config.n_heads <= 2 {
        series = all.clone();
    }
    let references = vec![Reference { label: "a guess".into(), y: (-loss_of_a_guess()).exp() }];
    let look_for = if config.n_heads <= 2 {
        "Share of right answers on sequences never trained on, and, dashed, the mean weight that each head puts on the token that is asked about."
    } else {
        "Share of right answers on sequences never trained on. The table also has the weight that each head puts on the token that is asked about."
    };
    html! {
        <Figure name="accuracy" title="Right answers, and weight on the right token" look_for={html! { <>{ look_for }</> }}
            provenance={provenance.clone()} table={series_table("step", &all)}>
            <LineChart name="accuracy" x_label="step" y_label="share" {series} {references} x_max={Some(f64::from(config.steps))}
                y_range={Some((0.0, 1.0))} integer_x={true} empty={EMPTY} />
        </Figure>
    }
}

/// A name: A to X.
fn letter(name: u8) -> char {
    char::from(b'A'.saturating_add(name.min(25)))
}

fn maps_figure(
    slug: &str,
    title: &'static str,
    config: &Config,
    net: &NetRecord,
    sequence: Option<&Sequence>,
    provenance: &AttrValue,
) -> Html {
    let none = Sequence::default();
    let sequence = sequence.unwrap_or(&none);
    let asks = sequence.asks.iter().map(|&ask| AttrValue::from(format!("asks {}", letter(ask))));
    let row_names: Rc<Vec<AttrValue>> = Rc::new(asks.collect());
    let tokens = sequence.names.iter().zip(&sequence.values);
    let col_names: Rc<Vec<AttrValue>> =
        Rc::new(tokens.map(|(&name, value)| AttrValue::from(format!("{}={value}", letter(name)))).collect());
    let points = sequence.positions.iter().enumerate();
    let points =
        Rc::new(points.map(|(row, &col)| (f64::from(col) + 0.5, row as f64 + 0.5, 0)).collect::<Vec<_>>());
    let titles = (0..net.maps.len()).map(|head| {
        let right = net.right.get(head).and_then(|curve| curve.last_y());
        let right = right
            .map_or_else(String::new, |right| format!(": {:.0} % of its weight is right", 100.0 * right));
        AttrValue::from(format!("Head {}{right}", head + 1))
    });
    let titles: Vec<AttrValue> = titles.collect();
    let shown: Vec<_> = net.maps.iter().take(MOST_MAPS).cloned().collect();
    let hidden = net.maps.len().saturating_sub(MOST_MAPS);
    let more = if hidden > 0 {
        format!(" The first {MOST_MAPS} heads are drawn; the table has all.")
    } else {
        String::new()
    };
    let look_for = html! { <>{ format!("One sequence that is never trained on. A dot marks the token that each row asks about: bright cells should come to lie under the dots.{more}") }</> };
    html! {
        <Figure name={format!("maps-{slug}")} {title} {look_for} provenance={provenance.clone()} table={heads_table(&net.maps, &row_names, &col_names)}>
            <HeadMaps name={format!("maps-{slug}")} maps={shown} n={config.n_tokens as usize} {titles} {row_names} {col_names}
                x_label="key: name = value" y_label="query" points={Some(points)} empty="Press Train to see the heads." />
        </Figure>
    }
}
