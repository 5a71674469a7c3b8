//! Induction heads: the scores of the heads over the steps, and the loss on the first block and the repeats.

use super::copying::Copying;
use super::head_scores::HeadScores;
use super::live::Live;
use super::sequence::SequenceFigure;
use super::text;
use crate::charts::{ChartHeight, LineChart, Reference, Series, Table};
use crate::core::settings::{Preset, Settings};
use crate::panel::{CurveFigure, CurveSpec, PtrEq, Readouts};
use crate::sections::transformer::induction::{N_TOKENS, PREFIX_SCORE};
use crate::sections::transformer::{Config, Record, TaskChoice};
use crate::ui::figure::Figure;
use yew::prelude::*;

/// The number of heads that are drawn: those with the highest scores.
const SHOWN: usize = 4;
/// The height of the charts below the sequence, in pixels.
const CHART_HEIGHT: f64 = 190.0;

const PARTS: &[CurveSpec] = &[
    CurveSpec::new("loss_first", "first block"),
    CurveSpec { color: 1, ..CurveSpec::new("loss_second", "repeats") },
];

#[derive(PartialEq, Properties)]
pub(super) struct InductionProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
    pub(super) live: Live,
    pub(super) choose: Callback<Option<&'static Preset>>,
}

/// One sequence, and the losses and scores over the steps.
#[component]
pub(super) fn InductionStage(props: &InductionProps) -> Html {
    let InductionProps { config, record, live, .. } = props;
    let run = record.0.run();
    let series = use_memo((run.curves.induction.clone(), run.curves.previous.clone(), config.heads), {
        |(induction, previous, heads)| {
            let named =
                |kind: &'static str, curves: &[crate::core::curve::Curve], dashed: bool| -> Vec<Series> {
                    let line = |(head, curve): (usize, &crate::core::curve::Curve)| {
                        let name = format!("{kind} {}", short_name(head, *heads));
                        Series { dashed, ..Series::new(name, curve.points(), head) }
                    };
                    curves.iter().enumerate().map(line).collect()
                };
            (named("prefix", induction, false), named("previous", previous, true))
        }
    });
    let (induction, previous) = &*series;
    let shown: Vec<Series> = highest(induction).into_iter().chain(highest(previous)).collect();
    let table = {
        let all: Vec<Series> = induction.iter().chain(previous).cloned().collect();
        Callback::from(move |()| Table::from_series("step", &all))
    };
    let info = record.0.text.as_ref();
    let line = |label: &'static str, y: f64| Reference { label: label.into(), y };
    let references = match info.map(|info| (info.uniform, info.first_block, info.order_unknown)) {
        Some((uniform, Some(first), Some(unordered))) => {
            vec![line("uniform", uniform), line("exclusion", first), line("order unknown", unordered)]
        }
        // The settings are those of a text, so only the closed form of the other task is known.
        _ => vec![line("uniform", f64::from(N_TOKENS).ln())],
    };
    let empty = "Curves appear here while the model trains.";
    let scores_for = html! { <>{ "Solid: the prefix-matching score, the mean attention from the repeats to the tokens that came after earlier occurrences of the query’s token. Dashed: the previous-token score, the mean attention to the token before. In a model of two layers, look for a dashed line of layer 1 and a solid line of layer 2." }</> };
    let parts_for = html! { <>
        { "“Exclusion” is the minimum for the first block, in closed form: after k different tokens, each of the other V − k is equally likely. The formula averages over sequences s with periods p. " }
        { "“Order unknown” is the loss in the repeats for knowing a block’s tokens but not their order." }
    </> };
    html! {
        <>
            if config.task == TaskChoice::Text { { set_up(&props.choose) } }
            <SequenceFigure live={live.clone()} period={period(record)} />
            <ContextProvider<ChartHeight> context={ChartHeight(CHART_HEIGHT)}>
            <div class="figure-row">
                <CurveFigure name="halves" lines={PARTS} y_label="loss (nats per token)" look_for={parts_for} {references} formula={text::first_block_formula()}
                    x_max={Some(f64::from(config.steps))} {empty} />
                <Figure name="induction" title="Prefix-matching and previous-token scores" look_for={scores_for} {table}>
                    <LineChart name="Scores of the heads" x_label="step" y_label="score" series={shown} y_range={Some((0.0, 1.0))} integer_x={true}
                        references={vec![line("check", PREFIX_SCORE.into())]}
                        x_max={Some(f64::from(config.steps))} {empty} />
                </Figure>
            </div>
            </ContextProvider<ChartHeight>>
        </>
    }
}

/// Returns the period of the window that is shown, or 0 if it is a text.
fn period(record: &PtrEq<Record>) -> u32 {
    let (run, untrained) = (record.0.run(), &record.0.untrained);
    if run.window.is_empty() { untrained.as_ref().map_or(0, |model| model.period) } else { run.period }
}

/// The explanation, the readouts, and the scores and maps of the heads.
#[component]
pub(super) fn InductionBelow(props: &InductionProps) -> Html {
    let InductionProps { config, record, live, .. } = props;
    html! {
        <>
            { story() }
            <Readouts />
            <HeadScores config={config.clone()} record={record.clone()} />
            <Copying config={config.clone()} record={record.clone()} live={live.clone()} period={period(record)} />
        </>
    }
}

/// Returns the short name of a head, such as "2.1": layer and head, both counted from 1.
fn short_name(head: usize, heads: u32) -> String {
    let heads = (heads as usize).max(1);
    format!("{}.{}", head / heads + 1, head % heads + 1)
}

/// Returns the lines with the highest last values, in the order of the heads.
fn highest(series: &[Series]) -> Vec<Series> {
    let last = |series: &Series| series.points.last().map_or(f64::NEG_INFINITY, |point| point.1);
    let mut order: Vec<usize> = (0..series.len()).collect();
    let at = |i: &usize| series.get(*i).map_or(f64::NEG_INFINITY, last);
    order.sort_by(|a, b| at(b).total_cmp(&at(a)));
    order.truncate(SHOWN);
    order.sort_by_key(|index| *index);
    order.into_iter().filter_map(|i| series.get(i).cloned()).collect()
}

/// The task, and its solution with two heads.
fn story() -> Html {
    html! {
        <p class="story">
            { "Each sequence is a block of random tokens, repeated to the end. Its first occurrence is the first block; all later tokens are the repeats. " }
            { "In the first block, a model can only rule out tokens already used. In the repeats, copying predicts almost everything: find the earlier occurrence of the current token, and predict the token after it. " }
            { "Two layers can do that with two heads. A " }<strong>{ "previous-token head" }</strong>{ " in layer 1 writes into each position which token came before. An " }
            <strong>{ "induction head" }</strong>{ " in layer 2 attends to the position whose previous token is the current one (prefix matching). It then raises the logit of the token there (copying). " }
            { "The period differs from sequence to sequence, so the answer is not at a fixed distance. No token occurs twice in a block, so frequencies carry no information. " }
            <a href="https://arxiv.org/abs/2209.11895">{ "Olsson et al. 2022" }</a>{ "; " }<a href="https://transformer-circuits.pub/2021/framework/">{ "Elhage et al. 2021" }</a>{ "." }
        </p>
    }
}

/// Buttons that select repeating sequences.
fn set_up(choose: &Callback<Option<&'static Preset>>) -> Html {
    let button = |slug: &'static str, words: &'static str, action: &'static str| {
        let preset = Config::PRESETS.iter().find(|preset| preset.slug == slug)?;
        let choose = choose.clone();
        Some(
            html! { <button type="button" data-action={action} title={preset.help} onclick={move |_| choose.emit(Some(preset))}>{ words }</button> },
        )
    };
    html! {
        <div class="set-up" data-set-up="">
            { "The settings are those of a text. " }
            { for button("induction", "Set up two layers", "set-up-two") }
            { for button("induction-one-layer", "Set up one layer", "set-up-one") }
        </div>
    }
}
