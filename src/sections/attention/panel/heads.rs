//! One head against several on two look-ups at once: the loss with its closed-form level, and where each head looks.

use super::figures::{HeadMaps, heads_table};
use super::learning::letter;
use super::task::TaskCurves;
use super::text;
use crate::charts::Reference;
use crate::panel::{ACCURACY, LOSS, PtrEq};
use crate::run::Experiment;
use crate::sections::attention::{
    Attention, Config, Record, SCALED, Task, UNSCALED, chance_loss, one_head_accuracy, one_head_loss,
};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

/// The maximum number of heads of the first network that are drawn; the table has all of them.
const MAX_MAPS: usize = 3;

#[derive(PartialEq, Properties)]
pub(super) struct HeadsProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// The loss, and the maps of both networks.
#[component]
pub(super) fn HeadsStage(props: &HeadsProps) -> Html {
    let HeadsProps { config, record } = props;
    let line = |label: &'static str, y: f64| Reference { label: label.into(), y };
    let loss = TaskCurves {
        task: Task::TwoLookUps,
        name: "heads-loss",
        lines: LOSS,
        table_lines: &[],
        y_label: "cross-entropy (nats)",
        y_range: None,
        references: vec![line("chance", chance_loss()), line("one head at best", one_head_loss())],
        look_for: text::heads_loss_caption(),
        formula: text::one_head_formula(),
    };
    html! {
        <div class="figure-row heads-stage">
            { loss.draw(config) }
            { maps(config, &record.0) }
        </div>
    }
}

/// The accuracy of both networks.
#[component]
pub(super) fn HeadsAccuracy(props: &HeadsProps) -> Html {
    let line = |label: &'static str, y: f64| Reference { label: label.into(), y };
    let accuracy = TaskCurves {
        task: Task::TwoLookUps,
        name: "heads-accuracy",
        lines: ACCURACY,
        table_lines: &[],
        y_label: "accuracy",
        y_range: Some((0.0, 1.0)),
        references: vec![line("chance", (-chance_loss()).exp()), line("order unknown", one_head_accuracy())],
        look_for: html! { "Fraction of correct answers on held-out sequences. A head that mixes both values evenly knows them, but not which is which." },
        formula: Html::default(),
    };
    accuracy.draw(&props.config)
}

/// The weights of every head for one sequence, of the run or of the untrained networks.
fn maps(config: &Config, record: &Record) -> Html {
    let untrained = record.untrained.get(Task::TwoLookUps as usize).and_then(Option::as_deref);
    let of_arm = |arm: usize| {
        let run = &record.arms[arm].maps;
        if config.task == Task::TwoLookUps && !run.is_empty() {
            return run.clone();
        }
        untrained.and_then(|of| of.nets.get(arm)).map(|net| net.maps.clone()).unwrap_or_default()
    };
    let (several, one) = (of_arm(SCALED), of_arm(UNSCALED));
    let sequence = untrained.map(|of| of.sequence.clone()).unwrap_or_default();
    let second = untrained.and_then(|of| of.second.clone()).unwrap_or_default();
    let n = sequence.names.len();
    let asks = sequence.asks.iter().zip(&second.asks);
    let row_names: Rc<Vec<AttrValue>> =
        Rc::new(asks.map(|(&a, &b)| AttrValue::from(format!("{}, {}", letter(a), letter(b)))).collect());
    let tokens = sequence.names.iter().zip(&sequence.values);
    let col_names: Rc<Vec<AttrValue>> =
        Rc::new(tokens.map(|(&name, value)| AttrValue::from(format!("{}={value}", letter(name)))).collect());
    let marks = [&sequence.positions, &second.positions];
    let points = marks.iter().enumerate().flat_map(|(class, positions)| {
        positions.iter().enumerate().map(move |(row, &col)| (f64::from(col) + 0.5, row as f64 + 0.5, class))
    });
    let points = Rc::new(points.collect::<Vec<_>>());
    let share = |map: &[f32], positions: &[u32]| {
        let weight =
            |(row, &col): (usize, &u32)| map.get(row * n + col as usize).copied().unwrap_or_default();
        100.0 * positions.iter().enumerate().map(weight).sum::<f32>() / positions.len().max(1) as f32
    };
    let shown: Vec<_> = several.iter().take(MAX_MAPS).chain(&one).cloned().collect();
    let several_shown = several.len().min(MAX_MAPS);
    let [first, second_net] = Attention::arms(&Config { task: Task::TwoLookUps, ..config.clone() }) else {
        return Html::default();
    };
    let title = |at: usize| match at < several_shown {
        true => format!("{}: head {}", capitalized(first.title), at + 1),
        false => capitalized(second_net.title),
    };
    let titles = (0..shown.len()).map(|at| AttrValue::from(title(at))).collect::<Vec<_>>();
    let note = |map: &Rc<Vec<f32>>| {
        let [a, b] = marks.map(|positions| share(map, positions));
        AttrValue::from(format!("first {a:.0}%, second {b:.0}%"))
    };
    let notes = shown.iter().map(note).collect::<Vec<_>>();
    let all: Vec<_> = several.iter().chain(&one).cloned().collect();
    let params = untrained.map(|of| of.nets.each_ref().map(|net| net.params));
    html! {
        <Figure name="task-maps" look_for={text::task_maps_caption(params, several.len() > MAX_MAPS)} table={heads_table(&all, &row_names, &col_names)}>
            <HeadMaps name="task-maps" maps={shown} {n} {titles} {notes} row_names={row_names.clone()} {col_names} x_label="key: name = value" y_label="asks"
                points={Some(points)} bar={false} max_height={150.0} empty="The maps appear when the compute engine is loaded." />
        </Figure>
    }
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
