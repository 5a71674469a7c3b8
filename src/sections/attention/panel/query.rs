//! One query, from its scores to its output, with numbers that the user may change.

mod blocks;
mod state;

use super::learning::letter;
use super::text;
use crate::charts::Table;
use crate::charts::scale::format_exact;
use crate::panel::PtrEq;
use crate::run::Experiment;
use crate::sections::attention::{
    Attention, Config, Example, Projections, Record, SCALED, SecondQuestion, Sequence, Stages, UNSCALED,
    stages,
};
use crate::ui::figure::Figure;
use blocks::View;
use state::{Action, Cell, FIRST_ARM, QueryState, Source};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
struct QueryProps {
    config: Config,
    /// The queries, keys and values of each arm's network.
    projections: [Option<PtrEq<Projections>>; 2],
    sequence: Option<Rc<Sequence>>,
    second: Option<Rc<SecondQuestion>>,
    training: bool,
}

/// Returns the figure for a record. Before training, a head comes from the untrained network. During training, numbers that the user has not changed follow the network.
pub(super) fn query_figure(config: &Config, record: &Record, training: bool) -> Html {
    let untrained = record.untrained.get(config.task as usize).and_then(Option::as_deref);
    let projections = [SCALED, UNSCALED].map(|arm| {
        let before = || untrained.and_then(|of| of.nets.get(arm)).map(|net| net.projections.clone());
        record.arms[arm].projections.clone().or_else(before).map(PtrEq)
    });
    let of_run = record.arms.iter().find_map(|net| net.sequence.clone());
    let sequence = of_run.or_else(|| untrained.map(|of| of.sequence.clone()));
    let second = untrained.and_then(|of| of.second.clone());
    html! { <QueryFigure config={config.clone()} {projections} {sequence} {second} {training} /> }
}

/// The maximum numbers of dimensions and keys with fields. The others are summed.
const MAX_DIMS: usize = 6;
const MAX_VALUE_DIMS: usize = 3;
const MAX_KEYS: usize = 8;
/// The numbers of keys and dimensions that the small example may have.
const SIZES: std::ops::RangeInclusive<usize> = 2..=8;

/// The dimensions and keys of an example that are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
struct Window {
    dims: Vec<usize>,
    value_dims: Vec<usize>,
    keys: Vec<usize>,
}

#[component]
fn QueryFigure(props: &QueryProps) -> Html {
    let state = use_reducer(QueryState::default);
    let projections = match state.source {
        Source::Small => None,
        Source::Run { arm, .. } => props.projections.get(arm).cloned().flatten(),
    };
    let base = use_memo((state.source, projections.clone()), |(source, projections)| match *source {
        Source::Small => Rc::new(Example::small()),
        Source::Run { head, position, .. } => {
            let example = projections.as_ref().and_then(|of| Example::of_head(of, head, position));
            Rc::new(example.unwrap_or_default())
        }
    });
    let example = state.edited.clone().unwrap_or_else(|| (*base).clone());
    let (d_k, n_keys) = (example.q.len(), example.keys.len());
    // The dimensions stay the same during training, since moving columns could not be read.
    let window = use_memo((state.source, d_k, n_keys, props.training), {
        let (example, switches) = (example.clone(), state.switches.clone());
        move |_| Window {
            dims: example.main_dims(if d_k <= *SIZES.end() { d_k } else { MAX_DIMS }),
            value_dims: example.main_value_dims(MAX_VALUE_DIMS),
            keys: example.main_keys(&switches, MAX_KEYS),
        }
    });
    let stages = stages(&example, &state.switches);
    let names = names(state.source, n_keys, props.sequence.as_deref(), props.second.as_deref());
    let view = View { example: &example, stages: &stages, state: &state, window: &window, names: &names };
    let dispatch = state.dispatcher();
    let look_for = html! { <>{ "Computed on this page, in closed form, as you type. Change a number of the query, a key or a value, or switch the scale or a mask on and off. Arrow keys step by 0.1, with Shift by 1." }</> };
    let fields = fields(&dispatch, &example);
    html! {
        <Figure name="query" picture={false} {look_for} formula={text::output_formula()} table={table(&names, &example, &stages)}>
            <div class="query-figure" data-source={match state.source { Source::Small => "small", Source::Run { .. } => "run" }}>
                <div class="query-tools">
                    { source(props, &state, &dispatch) }
                    { switches(&state, &dispatch, &example, projections.as_ref().is_none_or(|of| of.scaled)) }
                </div>
                if example.q.is_empty() {
                    <p class="query-empty">{ "There is no such head or token in this network. Choose another, or take the small example." }</p>
                } else {
                    <div class="query-blocks" oninput={fields.input} onkeydown={fields.keydown} onfocusout={fields.leave}>
                        { blocks::compare(&view) }
                        { blocks::weigh(&view, &dispatch) }
                        { blocks::average(&view) }
                    </div>
                    <div class="query-foot">
                        <p class="query-warning" role="status">{ state.warning.clone().unwrap_or_default() }</p>
                        if state.warning.is_none() {
                            { blocks::summary(&view) }
                        }
                        { sizes(&state, &dispatch, &example) }
                    </div>
                }
            </div>
        </Figure>
    }
}

/// The event handlers that all fields share.
struct Fields {
    input: Callback<InputEvent>,
    keydown: Callback<KeyboardEvent>,
    leave: Callback<FocusEvent>,
}

fn fields(dispatch: &UseReducerDispatcher<QueryState>, example: &Rc<Example>) -> Fields {
    let input = {
        let (dispatch, example) = (dispatch.clone(), example.clone());
        Callback::from(move |event: InputEvent| {
            if let Some((cell, text)) = field(&event) {
                dispatch.dispatch(Action::Type(cell, text, example.clone()));
            }
        })
    };
    let keydown = {
        let (dispatch, example) = (dispatch.clone(), example.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some((cell, _)) = field(&event) else { return };
            let size = if event.shift_key() { 1.0 } else { 0.1 };
            let by = match event.key().as_str() {
                "ArrowUp" => size,
                "ArrowDown" => -size,
                "Escape" => return dispatch.dispatch(Action::Escape),
                "Enter" => return dispatch.dispatch(Action::Leave),
                _ => return,
            };
            event.prevent_default();
            dispatch.dispatch(Action::Step(cell, by, example.clone()));
        })
    };
    let leave = {
        let dispatch = dispatch.clone();
        Callback::from(move |event: FocusEvent| {
            if field(&event).is_some() {
                dispatch.dispatch(Action::Leave);
            }
        })
    };
    Fields { input, keydown, leave }
}

/// Returns the field that an event comes from, and its text.
fn field(event: &Event) -> Option<(Cell, String)> {
    let input = event.target()?.dyn_into::<web_sys::HtmlInputElement>().ok()?;
    Some((Cell::from_slug(&input.get_attribute("data-cell")?)?, input.value()))
}

/// The names of the tokens.
struct Names {
    query: String,
    keys: Vec<String>,
    /// The keys that the query asks for.
    asked: Vec<usize>,
}

fn names(
    source: Source,
    n_keys: usize,
    sequence: Option<&Sequence>,
    second: Option<&SecondQuestion>,
) -> Names {
    let numbered = |query: &str| Names {
        query: query.to_owned(),
        keys: (1..=n_keys).map(|key| format!("key {key}")).collect(),
        asked: Vec::new(),
    };
    let (Source::Run { position, .. }, Some(sequence)) = (source, sequence) else { return numbered("query") };
    let tokens = sequence.names.iter().zip(&sequence.values);
    let keys: Vec<String> = tokens.map(|(&name, value)| format!("{}={value}", letter(name))).collect();
    let (Some(&ask), true) = (sequence.asks.get(position), keys.len() == n_keys) else {
        return numbered("query");
    };
    let asks = std::iter::once(&ask).chain(second.and_then(|second| second.asks.get(position)));
    let positions = [Some(&sequence.positions), second.map(|second| &second.positions)];
    let asked = positions.into_iter().flatten().filter_map(|positions| positions.get(position));
    Names {
        query: format!("asks {}", asks.map(|&ask| letter(ask).to_string()).collect::<Vec<_>>().join(", ")),
        keys,
        asked: asked.map(|&position| position as usize).collect(),
    }
}

/// The controls that select the small example or a head of the run.
fn source(props: &QueryProps, state: &QueryState, dispatch: &UseReducerDispatcher<QueryState>) -> Html {
    let choose = |source: Source| {
        let dispatch = dispatch.clone();
        let scaled = is_scaled(&props.projections, source);
        move |_: MouseEvent| dispatch.dispatch(Action::Choose(source, scaled))
    };
    let is_small = state.source == Source::Small;
    let has_run = props.projections.iter().any(Option::is_some);
    let first = Source::Run { arm: FIRST_ARM, head: 0, position: 0 };
    let (to_small, to_run) = (choose(Source::Small), choose(first));
    let arms: Vec<String> = Attention::arms(&props.config).iter().map(|arm| arm.title.to_owned()).collect();
    let heads = match state.source {
        Source::Run { arm, .. } => {
            props.projections.get(arm).and_then(Option::as_ref).map_or(1, |of| of.heads())
        }
        Source::Small => 1,
    };
    html! {
        <div class="query-source">
            <div role="group" aria-label="Numbers">
                <button type="button" data-action="query-small" aria-pressed={is_small.to_string()} onclick={to_small}>{ "Small example" }</button>
                <button type="button" data-action="query-run" aria-pressed={(!is_small).to_string()} disabled={!has_run} onclick={to_run}>{ "Take from the network" }</button>
            </div>
            if let Source::Run { arm, head, position } = state.source {
                { menu("Network", "query-arm", arm, &arms, choose_with(dispatch, props, move |arm| Source::Run { arm, head, position })) }
                { menu("Head", "query-head", head, &(1..=heads).map(|head| head.to_string()).collect::<Vec<_>>(), choose_with(dispatch, props, move |head| Source::Run { arm, head, position })) }
                { menu("Query", "query-position", position, &queries(props), choose_with(dispatch, props, move |position| Source::Run { arm, head, position })) }
            }
        </div>
    }
}

/// Returns the names of the queries of the sequence.
fn queries(props: &QueryProps) -> Vec<String> {
    let asks = props.sequence.as_ref().map_or(&[][..], |sequence| &sequence.asks);
    asks.iter().zip(1..).map(|(&ask, number)| format!("{number}: asks {}", letter(ask))).collect()
}

fn choose_with(
    dispatch: &UseReducerDispatcher<QueryState>,
    props: &QueryProps,
    source: impl Fn(usize) -> Source + 'static,
) -> Callback<usize> {
    let (dispatch, projections) = (dispatch.clone(), props.projections.clone());
    Callback::from(move |chosen: usize| {
        let source = source(chosen);
        dispatch.dispatch(Action::Choose(source, is_scaled(&projections, source)));
    })
}

/// Returns true if the scores of a source are scaled.
fn is_scaled(projections: &[Option<PtrEq<Projections>>; 2], source: Source) -> bool {
    let Source::Run { arm, .. } = source else { return true };
    projections.get(arm).and_then(Option::as_ref).is_none_or(|of| of.scaled)
}

fn menu(
    label: &'static str,
    name: &'static str,
    chosen: usize,
    options: &[String],
    on: Callback<usize>,
) -> Html {
    let onchange = Callback::from(move |event: Event| {
        let menu = event.target().and_then(|menu| menu.dyn_into::<HtmlSelectElement>().ok());
        menu.and_then(|menu| menu.value().parse().ok()).into_iter().for_each(|chosen| on.emit(chosen));
    });
    html! {
        <label>{ label }{ " " }
            <select data-menu={name} {onchange}>
                { for options.iter().enumerate().map(|(index, words)| html! {
                    <option value={index.to_string()} selected={index == chosen}>{ words.clone() }</option>
                }) }
            </select>
        </label>
    }
}

/// The controls for scale, causal mask, sizes, undo and reset.
fn switches(
    state: &UseReducerHandle<QueryState>,
    dispatch: &UseReducerDispatcher<QueryState>,
    example: &Rc<Example>,
    scaled: bool,
) -> Html {
    let on = |action: fn() -> Action| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: Event| dispatch.dispatch(action()))
    };
    let press = |make: Rc<dyn Fn() -> Action>| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.dispatch(make()))
    };
    let d_k = example.q.len();
    html! {
        <div class="query-switches">
            <label><input type="checkbox" data-switch="scale" checked={state.switches.scaled} onchange={on(|| Action::Scale)} />{ format!(" divide by √d_k = √{d_k}") }</label>
            <label><input type="checkbox" data-switch="causal" checked={state.switches.causal} onchange={on(|| Action::Causal)} />{ format!(" causal mask (query at position {})", example.position + 1) }</label>
            <button type="button" data-action="query-undo" disabled={!state.can_undo()} onclick={press(Rc::new(|| Action::Undo))}>{ "Undo" }</button>
            <button type="button" data-action="query-reset" onclick={press(Rc::new(move || Action::Reset(scaled)))}>{ "Reset numbers" }</button>
        </div>
    }
}

/// The buttons that change the size of the small example.
fn sizes(
    state: &UseReducerHandle<QueryState>,
    dispatch: &UseReducerDispatcher<QueryState>,
    example: &Rc<Example>,
) -> Html {
    if state.source != Source::Small {
        return Html::default();
    }
    let (n_keys, d_k) = (example.keys.len(), example.q.len());
    let size = |label: &'static str, about: &'static str, name: &'static str, keys: usize, dims: usize| {
        let fits = SIZES.contains(&keys) && SIZES.contains(&dims);
        let (example, dispatch) = (example.clone(), dispatch.clone());
        let onclick = move |_: MouseEvent| dispatch.dispatch(Action::Resize(resized(&example, keys, dims)));
        html! { <button type="button" data-action={name} aria-label={about} disabled={!fits} {onclick}>{ label }</button> }
    };
    html! {
        <div class="query-sizes">
            <span>{ "keys" }</span>
            { size("−", "one key fewer", "fewer-keys", n_keys.saturating_sub(1), d_k) }
            { size("+", "one key more", "more-keys", n_keys + 1, d_k) }
            <span>{ "dimensions" }</span>
            { size("−", "one dimension fewer", "fewer-dims", n_keys, d_k.saturating_sub(1)) }
            { size("+", "one dimension more", "more-dims", n_keys, d_k + 1) }
        </div>
    }
}

/// Returns the example with other numbers of keys and dimensions; new numbers are 0.
fn resized(example: &Example, n_keys: usize, d_k: usize) -> Example {
    let mut next = example.clone();
    let width = example.values.first().map_or(0, Vec::len);
    next.q.resize(d_k, 0.0);
    next.keys.resize(n_keys, Vec::new());
    next.keys.iter_mut().for_each(|key| key.resize(d_k, 0.0));
    next.values.resize(n_keys, vec![0.0; width]);
    next.position = next.position.min(n_keys.saturating_sub(1));
    next
}

/// Returns the data table, with one row per key.
fn table(names: &Names, example: &Rc<Example>, stages: &Stages) -> Callback<(), Table> {
    let (example, stages, keys) = (example.clone(), stages.clone(), names.keys.clone());
    Callback::from(move |()| {
        let mut columns: Vec<String> =
            ["key", "q · k", "score", "masked", "weight"].map(str::to_owned).to_vec();
        columns.extend((1..=example.q.len()).map(|dim| format!("k {dim}")));
        columns.extend((1..=stages.output.len()).map(|dim| format!("v {dim}")));
        let row = |(key, name): (usize, &String)| {
            let number =
                |values: &[f64]| values.get(key).map(|value| format_exact(*value)).unwrap_or_default();
            let hidden = stages.hidden.get(key).copied().unwrap_or_default();
            let mut row = vec![
                name.clone(),
                number(&stages.products),
                number(&stages.scores),
                if hidden { "yes" } else { "no" }.to_owned(),
                number(&stages.weights),
            ];
            let vectors = [example.keys.get(key), example.values.get(key)];
            row.extend(vectors.into_iter().flatten().flatten().map(|value| format_exact(*value)));
            row
        };
        let mut rows: Vec<Vec<String>> = keys.iter().enumerate().map(row).collect();
        let mut query = vec!["query, output".to_owned()];
        query.resize(5, String::new());
        query.extend(example.q.iter().chain(&stages.output).map(|value| format_exact(*value)));
        rows.push(query);
        Table { columns, rows }
    })
}
