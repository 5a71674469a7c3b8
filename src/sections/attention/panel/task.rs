//! What the chapters share that show a run: each belongs to one task, and the run may be set up for the other.

use crate::charts::{LineChart, Reference, Series, Table};
use crate::panel::{CurveFigure, CurveSpec};
use crate::run::Experiment;
use crate::sections::attention::{Attention, Config, Task};
use crate::ui::figure::Figure;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

/// Returns a button that sets the run up for a task, if it is set up for the other one.
pub(super) fn set_up(config: &Config, task: Task, set: &Callback<(&'static str, Value)>) -> Html {
    if config.task == task {
        return Html::default();
    }
    let (slug, now, words) = match task {
        Task::LookUp => ("look-up", "two look-ups", "Set up one look-up"),
        Task::TwoLookUps => ("two-look-ups", "one look-up", "Set up two look-ups"),
    };
    let onclick = set.reform(move |_: MouseEvent| ("task", Value::from(slug)));
    html! {
        <div class="set-up" data-set-up={slug}>
            <p>{ format!("The run is set up for {now}.") }</p>
            <button type="button" data-action="set-up-task" {onclick}>{ words }</button>
        </div>
    }
}

/// Curves of the run of a task.
pub(super) struct TaskCurves {
    pub(super) task: Task,
    pub(super) name: &'static str,
    pub(super) lines: &'static [CurveSpec],
    /// Curves that only the table shows.
    pub(super) table_lines: &'static [CurveSpec],
    pub(super) y_label: &'static str,
    /// Both ends of the y axis, if they do not follow the data.
    pub(super) y_range: Option<(f64, f64)>,
    pub(super) references: Vec<Reference>,
    pub(super) look_for: Html,
    pub(super) formula: Html,
}

const EMPTY: &str = "Curves appear here while the networks train.";

/// Returns the text of an empty chart while the run is set up for the other task.
fn set_up_first(task: Task) -> &'static str {
    match task {
        Task::LookUp => "Set up one look-up, then train.",
        Task::TwoLookUps => "Set up two look-ups, then train.",
    }
}

impl TaskCurves {
    /// Draws the figure. While the run is set up for the other task, it has axes and references only.
    pub(super) fn draw(self, config: &Config) -> Html {
        let Self { task, name, lines, table_lines, y_label, y_range, references, look_for, formula } = self;
        let x_max = Some(f64::from(config.steps));
        if config.task == task {
            return html! {
                <CurveFigure {name} {lines} {table_lines} {y_label} {y_range} {references} {x_max} {look_for} {formula}
                    empty={EMPTY} />
            };
        }
        let of_task = Config { task, ..config.clone() };
        let lines = Attention::arms(&of_task).iter().enumerate();
        let series: Vec<Series> =
            lines.map(|(color, arm)| Series::new(arm.title, Rc::default(), color)).collect();
        let table = {
            let series = series.clone();
            Callback::from(move |()| Table::from_series("step", &series))
        };
        html! {
            <Figure {name} {look_for} {formula} {table}>
                <LineChart {name} x_label="step" {y_label} {series} {references} {x_max} {y_range} integer_x={true} empty={set_up_first(task)} />
            </Figure>
        }
    }
}
