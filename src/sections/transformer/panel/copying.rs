//! The attention of a head on one repeating sequence, at any snapshot.

use super::chars::labels;
use super::heads::{Thumbnails, grids, head_name, shading};
use super::live::Live;
use super::snapshots::timeline;
use crate::charts::{ColorMap, Grid, Heatmap, Table};
use crate::core::curve::Curve;
use crate::core::metric::Metric;
use crate::panel::PtrEq;
use crate::sections::transformer::heads::Snapshot;
use crate::sections::transformer::induction::{Induction, is_answer};
use crate::sections::transformer::{Config, Record};
use crate::ui::figure::Figure;
use crate::ui::readout::{Readout, format_number};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct CopyingProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
    pub(super) live: Live,
    /// The period of the window, or 0 if it does not repeat.
    pub(super) period: u32,
}

#[component]
pub(super) fn Copying(props: &CopyingProps) -> Html {
    let run = props.record.0.run();
    // `None` is the latest snapshot, or the head with the highest score.
    let chosen = use_state_eq(|| None::<usize>);
    let head = use_state_eq(|| None::<usize>);
    let query = use_state_eq(|| None::<usize>);
    let untrained: Vec<Rc<Snapshot>> = props.live.heads.iter().map(|heads| heads.0.clone()).collect();
    let snapshots: &[Rc<Snapshot>] = match (props.period, run.snapshots.is_empty()) {
        (0, _) => &[],
        (_, true) => &untrained,
        (_, false) => &run.snapshots,
    };
    let last = snapshots.len().saturating_sub(1);
    let at = chosen.unwrap_or(last).min(last);
    let snapshot = snapshots.get(at).cloned();
    let best = run.induction.last().and_then(|scores| scores.best_induction()).map_or(0, |best| best.0);
    let shown_head = head.unwrap_or(best).min(snapshot.as_ref().map_or(0, |s| s.len().saturating_sub(1)));
    let on_head = use_callback((), {
        let head = head.setter();
        move |to: usize, ()| head.set(Some(to))
    });
    let on_cursor = use_callback((), {
        let query = query.setter();
        move |at: Option<(usize, usize)>, ()| {
            if let Some((row, _)) = at {
                query.set(Some(row));
            }
        }
    });
    let grids = use_memo((snapshot.clone().map(PtrEq), shown_head), |(snapshot, head)| {
        snapshot
            .as_ref()
            .map_or_else(|| (Grid::default(), Grid::default()), |snapshot| grids(snapshot, *head))
    });
    let names = use_memo(props.live.window.clone(), |window| Rc::new(labels(&window.0)));
    let table = {
        let (scores, copying) = (run.induction.clone(), run.copying.clone());
        let heads = props.config.heads;
        Callback::from(move |()| score_table(&scores, &copying, heads))
    };
    let look_for = html! { <>{ "Rows are queries and columns are keys, both in the order of the sequence. Look for two lines. One is next to the diagonal: the token before. The other is one period minus one to the left of it: the token after the earlier occurrence. Move over a row, or use the arrow keys." }</> };
    let (roots, weights) = &*grids;
    let n = snapshot.as_ref().map_or(0, |snapshot| snapshot.n as usize);
    let row = query.unwrap_or((props.period as usize + 3).min(n.saturating_sub(1))).min(n.saturating_sub(1));
    let body = match &snapshot {
        None => html! { <p class="muted">{ "Nothing has been measured on a sequence that repeats." }</p> },
        Some(snapshot) => {
            let step = snapshot.step;
            let scores = run.induction.iter().rfind(|scores| scores.step <= step);
            let score = |of: fn(&Induction) -> &Vec<f32>| {
                scores.and_then(|scores| of(scores).get(shown_head).copied()).map(f64::from)
            };
            let copying = run.copying.get(shown_head).and_then(|curve| {
                curve.iter().rfind(|(at, _)| *at <= f64::from(step)).map(|(_, score)| *score)
            });
            html! {
                <>
                    { timeline(&chosen, (at, last), step, "induction", "induction_step") }
                    <div class="head-large">
                        <Heatmap name={format!("Attention of {}", head_name(snapshot, shown_head))} grid={roots.clone()} map={ColorMap::Sequential} range={Some((0.0, 1.0))} max_height={360.0}
                            x_label="key" y_label="query" row_names={(*names).clone()} col_names={(*names).clone()} value_label="√weight"
                            also={vec![("weight".into(), weights.clone())]} {on_cursor} empty="no sequence" />
                        <div class="linked">
                            <Thumbnails snapshot={PtrEq(snapshot.clone())} head={shown_head} {on_head} />
                            <div class="readouts">
                                <Readout metric={Metric::new("shown_induction", "Prefix-matching score", score(|s| &s.induction)).note(format!("{}, step {step}", head_name(snapshot, shown_head)))} />
                                <Readout metric={Metric::new("shown_copying", "Copying score", copying).note("a random head: about 0.5")} />
                                <Readout metric={Metric::new("shown_previous", "Previous-token score", score(|s| &s.previous)).note("mean over held-out sequences")} />
                            </div>
                            { from_query(snapshot, &props.live.window, props.period as usize, shown_head, row) }
                        </div>
                    </div>
                </>
            }
        }
    };
    html! {
        <Figure name="copying" picture={false} {look_for} {table}>{ body }</Figure>
    }
}

/// The sequence, each token shaded by the query's weight on it; the tokens that an induction head attends to are framed.
fn from_query(snapshot: &Snapshot, window: &[char], period: usize, head: usize, query: usize) -> Html {
    let row = snapshot.row(head, query);
    let shading = shading(&row);
    let token = |(i, &c): (usize, &char)| {
        let class = classes!(
            (i == query).then_some("query"),
            is_answer(query, i, period).then_some("answer"),
            (i > query).then_some("unseen")
        );
        html! { <span {class} ~style={shading(i)}>{ c }</span> }
    };
    let on_answer: f32 =
        row.iter().enumerate().filter(|(i, _)| is_answer(query, *i, period)).map(|(_, w)| w).sum();
    let asked = window.get(query).copied().unwrap_or_default();
    let next = window.get((query + 1).saturating_sub(period)).copied().unwrap_or_default();
    let words = if query >= period {
        format!(
            "{asked} at position {query} has occurred before, and {next} followed: {} of its attention is there (framed).",
            format_number(f64::from(on_answer), 2)
        )
    } else {
        format!("{asked} at position {query} has not occurred before; the block has {period} tokens.")
    };
    html! {
        <>
            <pre class="linked-text sequence" tabindex="0" role="region" aria-label="The sequence, shaded by attention">{ for window.iter().enumerate().map(token) }</pre>
            <p class="muted">{ words }</p>
        </>
    }
}

/// Returns the losses and the scores of all heads at each step.
fn score_table(scores: &[Rc<Induction>], copying: &[Curve], heads: u32) -> Table {
    let heads = (heads as usize).max(1);
    let count = scores.first().map_or(0, |first| first.induction.len());
    let name =
        |kind: &str, head: usize| format!("{kind}, layer {} head {}", head / heads + 1, head % heads + 1);
    let columns = ["step", "loss, first block", "loss, repeats"].map(str::to_owned).into_iter();
    let row = |at: &Rc<Induction>| {
        let numbers =
            [at.first, at.second].into_iter().chain(at.induction.iter().chain(&at.previous).copied());
        let copied = |curve: &Curve| {
            let point = curve.iter().find(|(step, _)| *step == f64::from(at.step));
            point.map_or_else(String::new, |(_, score)| format!("{score:.4}"))
        };
        std::iter::once(at.step.to_string())
            .chain(numbers.map(|number| format!("{number:.4}")))
            .chain(copying.iter().map(copied))
            .collect()
    };
    Table {
        columns: columns
            .chain((0..count).map(|head| name("prefix matching", head)))
            .chain((0..count).map(|head| name("previous token", head)))
            .chain((0..copying.len()).map(|head| name("copying", head)))
            .collect(),
        rows: scores.iter().map(row).collect(),
    }
}
