//! The figures of the training run: loss, accuracy, entropy, and the heads' maps as they change.

use super::figures::{HeadMaps, heads_table};
use super::task::TaskCurves;
use super::text;
use crate::charts::Reference;
use crate::panel::{CurveSpec, LOSS, PtrEq};
use crate::sections::attention::{
    Config, NetRecord, Record, SCALED, Sequence, Task, UNSCALED, UntrainedNet, chance_loss,
};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct LearningProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// The maximum number of maps that are drawn; the table has all of them.
const MAX_MAPS: usize = 4;

const ENTROPY: &[CurveSpec] = &[CurveSpec::new("training_entropy", "")];
const ACCURACY: CurveSpec = CurveSpec::new("accuracy", "accuracy");
const RIGHT: CurveSpec = CurveSpec { dashed: true, ..CurveSpec::new("right", "") };
const WITH_HEADS: &[CurveSpec] = &[ACCURACY, RIGHT];
const WITHOUT_HEADS: &[CurveSpec] = &[ACCURACY];
const HEADS: &[CurveSpec] = &[RIGHT];

fn reference(label: &'static str, y: f64) -> Vec<Reference> {
    vec![Reference { label: label.into(), y }]
}

/// The loss and the accuracy of both networks.
#[component]
pub(super) fn LearningStage(props: &LearningProps) -> Html {
    let config = &props.config;
    // Many heads would be too many lines; the table has all of them.
    let few = config.n_heads <= 2;
    let right_words = if few {
        "Accuracy on held-out sequences and, dashed, the mean attention weight of each head on the correct token."
    } else {
        "Accuracy on held-out sequences. The table also has the attention weight of each head on the correct token."
    };
    let loss = TaskCurves {
        task: Task::LookUp,
        name: "loss",
        lines: LOSS,
        table_lines: &[],
        y_label: "cross-entropy (nats)",
        y_range: None,
        references: reference("chance", chance_loss()),
        look_for: html! { "Training loss per mini-batch. Both networks start from the same weights and see the same sequences; only the scale differs." },
        formula: text::loss_formula(),
    };
    let accuracy = TaskCurves {
        task: Task::LookUp,
        name: "accuracy",
        lines: if few { WITH_HEADS } else { WITHOUT_HEADS },
        table_lines: if few { &[] } else { HEADS },
        y_label: "share",
        y_range: Some((0.0, 1.0)),
        references: reference("chance", (-chance_loss()).exp()),
        look_for: html! { right_words },
        formula: Html::default(),
    };
    html! { <div class="figure-row">{ loss.draw(config) }{ accuracy.draw(config) }</div> }
}

/// The entropy and the maps of both networks.
#[component]
pub(super) fn LearningFigures(props: &LearningProps) -> Html {
    let LearningProps { config, record } = props;
    let record = &record.0;
    let uniform = f64::from(config.n_tokens).ln();
    let entropy = TaskCurves {
        task: Task::LookUp,
        name: "training-entropy",
        lines: ENTROPY,
        table_lines: &[],
        y_label: "entropy (nats)",
        y_range: Some((0.0, uniform * 1.1)),
        references: reference("ln n: equal weights", uniform),
        look_for: html! { <>{ "The scaled network starts with soft weights and sharpens them as it learns. At a large " }{ crate::ui::math::math(crate::ui::math::tex!(r"\set{d_k}{d_k}")) }{ " the unscaled one is sharp from the start, on the wrong tokens." }</> },
        formula: Html::default(),
    };
    html! {
        <>
            <div class="figure-row">
                { maps_figure("scaled", "Scaled: where each token looks", config, record, SCALED) }
                { maps_figure("unscaled", "Unscaled: where each token looks", config, record, UNSCALED) }
            </div>
            { text::task() }
            <div class="figure-row">
                { entropy.draw(config) }
                { text::what_the_scale_changes(config, record) }
            </div>
        </>
    }
}

/// Returns the letter of a name, A to X.
pub(super) fn letter(name: u8) -> char {
    char::from(b'A'.saturating_add(name.min(25)))
}

fn maps_figure(slug: &str, title: &'static str, config: &Config, record: &Record, arm: usize) -> Html {
    let untrained = record.untrained.get(Task::LookUp as usize).and_then(Option::as_deref);
    let (none, no_net) = (Sequence::default(), UntrainedNet::default());
    let sequence = untrained.map_or(&none, |of| &*of.sequence);
    let before = untrained.and_then(|of| of.nets.get(arm)).unwrap_or(&no_net);
    let other = NetRecord::default();
    let net = if config.task == Task::LookUp { &record.arms[arm] } else { &other };
    let maps = if net.maps.is_empty() { &before.maps } else { &net.maps };
    let asks = sequence.asks.iter().map(|&ask| AttrValue::from(format!("asks {}", letter(ask))));
    let row_names: Rc<Vec<AttrValue>> = Rc::new(asks.collect());
    let tokens = sequence.names.iter().zip(&sequence.values);
    let col_names: Rc<Vec<AttrValue>> =
        Rc::new(tokens.map(|(&name, value)| AttrValue::from(format!("{}={value}", letter(name)))).collect());
    let points = sequence.positions.iter().enumerate();
    let points =
        Rc::new(points.map(|(row, &col)| (f64::from(col) + 0.5, row as f64 + 0.5, 0)).collect::<Vec<_>>());
    let titles = (0..maps.len()).map(|head| {
        let right = net.right.get(head).and_then(|curve| curve.last_y());
        let right = right.map_or_else(String::new, |right| {
            format!(": {:.0}% of its weight is on the correct tokens", 100.0 * right)
        });
        AttrValue::from(format!("Head {}{right}", head + 1))
    });
    let titles: Vec<AttrValue> = titles.collect();
    let shown: Vec<_> = maps.iter().take(MAX_MAPS).cloned().collect();
    let hidden = maps.len().saturating_sub(MAX_MAPS);
    let more = if hidden > 0 {
        format!(" The first {MAX_MAPS} heads are shown; the table has all.")
    } else {
        String::new()
    };
    let look_for = html! { <>{ format!("One held-out sequence, from the untrained network on. Dots mark the correct tokens: as the network learns, bright cells move under them.{more}") }</> };
    html! {
        <Figure name={format!("maps-{slug}")} {title} {look_for} table={heads_table(maps, &row_names, &col_names)}>
            <HeadMaps name={format!("maps-{slug}")} maps={shown} n={config.n_tokens as usize} {titles} {row_names} {col_names}
                x_label="key: name = value" y_label="query" points={Some(points)} bar={false} max_height={170.0} empty="The maps appear when the compute engine is loaded." />
        </Figure>
    }
}
