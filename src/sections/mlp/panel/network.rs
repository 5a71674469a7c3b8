//! An editable drawing of the network: its units as maps of the plane, its weights as lines.

mod detail;
mod editor;
mod hit_targets;
mod layout;
mod paint;
mod widths;
mod words;

use super::figures::empty_words;
use super::plane::{Prediction, output_names};
use crate::charts::measure::use_width;
use crate::data::classes::FASHION_MNIST;
use crate::panel::PtrEq;
use crate::sections::mlp::{
    Config, Dataset, LINEAR, ModelId, NONLINEAR, ParamIndex, Record, Request, Snapshot,
};
use crate::ui::figure::Figure;
use detail::{Detail, explanation};
use editor::Editor;
use hit_targets::HitTargets;
use layout::{Item, Layout};
use paint::Painting;
use serde_json::Value;
use widths::{column_heads, hidden_units, layers, pagers};
use words::{short, table, unit_words};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct NetworkProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
    /// The number of runs so far.
    pub(super) run: u32,
    /// True if a run is there to answer requests.
    pub(super) has_run: bool,
    /// Sends a request to the run.
    pub(super) ask: Callback<Request>,
    /// Starts a run that answers a request and pauses before its first step.
    pub(super) start_paused_with: Callback<Request>,
    /// True if the page shows an earlier step.
    pub(super) is_past: bool,
    /// True if the widths cannot be changed.
    pub(super) locked: bool,
    pub(super) set: Callback<(&'static str, Value)>,
}

/// A change of a parameter by hand, with its earlier value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edit {
    arm: u8,
    index: u32,
    before: f32,
}

/// The drawing of one network, with the details of the item under the pointer.
#[component]
pub(super) fn Network(props: &NetworkProps) -> Html {
    let arm = use_state_eq(|| NONLINEAR);
    let record = &props.record.0;
    let Some(net) = record.net(*arm).cloned() else {
        return html! { <Figure name="network" table={Callback::from(|()| table(&Snapshot::default()))}><p class="network-wait">{ "Loading the compute engine…" }</p></Figure> };
    };
    let choose_arm = arm.setter();
    html! {
        <Drawing config={props.config.clone()} run={props.run} has_run={props.has_run} ask={props.ask.clone()} start_paused_with={props.start_paused_with.clone()} is_past={props.is_past} locked={props.locked}
            set={props.set.clone()} arm={*arm} choose_arm={Callback::from(move |arm| choose_arm.set(arm))} net={PtrEq(net)} record={props.record.clone()} />
    }
}

#[derive(PartialEq, Properties)]
struct DrawingProps {
    config: Config,
    run: u32,
    has_run: bool,
    ask: Callback<Request>,
    start_paused_with: Callback<Request>,
    is_past: bool,
    locked: bool,
    set: Callback<(&'static str, Value)>,
    arm: usize,
    choose_arm: Callback<usize>,
    net: PtrEq<Snapshot>,
    record: PtrEq<Record>,
}

#[component]
fn Drawing(props: &DrawingProps) -> Html {
    let (node, available) = use_width();
    let pages = use_state_eq(Vec::<usize>::new);
    let pointed = use_state_eq(|| None::<Item>);
    let selected = use_state_eq(|| None::<Item>);
    let cursor = use_state_eq(|| Item::Unit(0, 0));
    let edited = use_state_eq(|| None::<Item>);
    let net = &props.net.0;
    let model = ModelId { arm: props.arm as u8, seed: props.config.seed };
    use_watch(model, props.run, &props.ask);
    let edits = use_edits(props, model);
    let images = props.config.dataset == Dataset::FashionMnist;
    let layout = use_memo((net.dims.clone(), (*pages).clone(), available), |(dims, pages, available)| {
        let shape = Snapshot { dims: dims.clone(), ..Snapshot::default() };
        Layout::new(&shape, pages, *available, if images { 84.0 } else { 52.0 })
    });
    let prediction =
        use_memo((props.record.clone(), props.arm), |(record, arm)| Prediction::of(&record.0, *arm));
    let samples = props.record.0.samples().map(|samples| &**samples);
    // Items of an earlier network may no longer exist.
    let existing = |item: Option<Item>| item.filter(|item| exists(net, &layout, *item));
    let (chosen, hovered) = (existing(*selected), existing(*pointed).filter(|item| layout.has(*item)));
    let at = Some(*cursor).filter(|item| layout.has(*item)).unwrap_or(Item::Unit(0, layout.units(0).start));
    // The edited item has priority, since scrolling alone can move a unit under the pointer.
    let held = existing(*edited).filter(|_| !props.is_past);
    let of = held.or(hovered.filter(|item| matches!(item, Item::Unit(..)))).or(chosen);
    // Hovering edits nothing, so that the editor does not come and go under the pointer.
    let editable = held.or(chosen);
    use_effect_with(held.is_none(), {
        // A field that is removed or disabled sends no `focusout`.
        let edited = edited.setter();
        move |&is_gone| {
            if is_gone {
                edited.set(None);
            }
        }
    });
    let on_focus = {
        let edited = edited.setter();
        Callback::from(move |has_focus| edited.set(editable.filter(|_| has_focus)))
    };
    let on_point = setter(&pointed);
    let on_cursor = {
        let cursor = cursor.setter();
        Callback::from(move |item| cursor.set(item))
    };
    let on_select = {
        let selected = selected.clone();
        Callback::from(move |item| selected.set(Some(item).filter(|item| *selected != Some(*item))))
    };
    let on_pixel = {
        let selected = selected.setter();
        Callback::from(move |(to, pixel)| {
            selected.set(Some(Item::Weight(ParamIndex { layer: 0, from: Some(pixel), to })))
        })
    };
    let on_page = {
        let pages = pages.clone();
        Callback::from(move |(layer, page): (usize, usize)| {
            let mut next = (*pages).clone();
            next.resize(next.len().max(layer + 1), 0);
            next[layer] = page;
            pages.set(next);
        })
    };
    let data_table = {
        let net = net.clone();
        Callback::from(move |()| table(&net))
    };
    let classes = use_memo(samples.cloned(), |samples| output_names(samples.as_ref(), &FASHION_MNIST));
    let width = format!("width:{:.0}px", layout.width);
    html! {
        <Figure name="network" look_for={look_for(images)} table={data_table}>
            <div class="mlp-network" data-images={images.then_some("")}>
                <div class="network-main" ref={node}>
                    { toolbar(props) }
                    <div class="network-scroll"><div ~style={width}>
                        { column_heads(&layout, &props.config, props.locked, &props.set) }
                        <div class="network-picture">
                            <Painting net={props.net.clone()} layout={layout.clone()} pointed={hovered.or(chosen)} />
                            <HitTargets net={props.net.clone()} layout={layout.clone()} cursor={at} pointed={hovered} selected={chosen} classes={classes.clone()} {on_point} {on_cursor} {on_select} />
                        </div>
                        { pagers(&layout, &on_page) }
                    </div></div>
                </div>
                <Detail net={props.net.clone()} prediction={PtrEq(prediction.clone())} empty={empty_words(&props.config)} {of} {on_pixel}>
                    { explanation(net, props.arm, props.config.activation, of) }
                </Detail>
                <div class="network-bar">
                    <p class="network-reading" aria-live="off">{ reading(net, &layout, hovered) }</p>
                    { editor(props, editable.and_then(|item| parameter(net, item)), &edits, on_focus) }
                </div>
            </div>
        </Figure>
    }
}

fn setter(state: &UseStateHandle<Option<Item>>) -> Callback<Option<Item>> {
    let state = state.setter();
    Callback::from(move |item| state.set(item))
}

/// Requests a snapshot with every frame from the network that is drawn, for as long as it is drawn.
#[hook]
fn use_watch(model: ModelId, run: u32, ask: &Callback<Request>) {
    let ask = ask.clone();
    use_effect_with((model, run), move |(model, _)| {
        ask.emit(Request::Watch(Some(*model)));
        move || ask.emit(Request::Watch(None))
    });
}

/// The edits of the network by hand.
struct Edits {
    undos: usize,
    on_set: Callback<(u32, f32, bool)>,
    on_undo: Callback<()>,
    on_reset: Callback<()>,
}

#[hook]
fn use_edits(props: &DrawingProps, model: ModelId) -> Edits {
    // Edits belong to a run; the first one may start it.
    let done = use_state(|| (0u32, Vec::<Edit>::new()));
    let edits_done: Vec<Edit> = if done.0 == props.run { done.1.clone() } else { Vec::new() };
    let arm = model.arm;
    let undos = edits_done.iter().filter(|edit| edit.arm == arm).count();
    let keep = {
        let (done, run) = (done.setter(), props.run + u32::from(!props.has_run));
        move |edits_done: Vec<Edit>| done.set((run, edits_done))
    };
    let send = {
        let to = if props.has_run { &props.ask } else { &props.start_paused_with }.clone();
        move |values: Vec<(u32, f32)>| to.emit(Request::Set { of: model, values })
    };
    let on_set = {
        let (edits_done, net, keep, send) =
            (edits_done.clone(), props.net.clone(), keep.clone(), send.clone());
        Callback::from(move |(index, value, is_new): (u32, f32, bool)| {
            if is_new && let Some(&before) = net.0.params.get(index as usize) {
                let mut edits_done = edits_done.clone();
                edits_done.push(Edit { arm, index, before });
                keep(edits_done);
            }
            send(vec![(index, value)]);
        })
    };
    let on_undo = {
        let (edits_done, keep, send) = (edits_done.clone(), keep.clone(), send.clone());
        Callback::from(move |()| {
            let mut edits_done = edits_done.clone();
            let Some(last) = edits_done.iter().rposition(|edit| edit.arm == arm) else { return };
            let edit = edits_done.remove(last);
            keep(edits_done);
            send(vec![(edit.index, edit.before)]);
        })
    };
    let on_reset = Callback::from(move |()| {
        // The oldest edit of a weight comes last, since it has the original value.
        let of_arm = edits_done.iter().rev().filter(|edit| edit.arm == arm);
        send(of_arm.map(|edit| (edit.index, edit.before)).collect());
        keep(edits_done.iter().filter(|edit| edit.arm != arm).copied().collect());
    });
    Edits { undos, on_set, on_undo, on_reset }
}

/// Returns the parameter that an item edits: a weight, or the bias of a unit.
fn parameter(net: &Snapshot, item: Item) -> Option<ParamIndex> {
    let param = match item {
        Item::Weight(param) => param,
        Item::Unit(layer, unit) => ParamIndex { layer: layer.checked_sub(1)?, from: None, to: unit },
    };
    net.offset(param).map(|_| param)
}

fn editor(props: &DrawingProps, param: Option<ParamIndex>, edits: &Edits, on_focus: Callback<bool>) -> Html {
    let net = &props.net.0;
    let Some((param, index)) = param.and_then(|param| Some((param, net.offset(param)?))) else {
        return Html::default();
    };
    let what = if param.from.is_some() { "Weight" } else { "Bias" };
    html! {
        <Editor index={index as u32} {what} value={net.value(param).unwrap_or_default()} is_past={props.is_past} undos={edits.undos} on_set={edits.on_set.clone()}
            on_undo={edits.on_undo.clone()} on_reset={edits.on_reset.clone()} {on_focus} />
    }
}

/// Returns true if the network has an item, even if it is not drawn.
fn exists(net: &Snapshot, layout: &Layout, item: Item) -> bool {
    match item {
        Item::Unit(layer, unit) => unit < net.width(layer) && !(layout.bundled && layer == 0 && unit > 0),
        Item::Weight(param) => net.offset(param).is_some(),
    }
}

fn look_for(images: bool) -> Html {
    let units = if images {
        "A unit of the first layer is drawn as its weights, one pixel each."
    } else {
        "Each unit is a map of the plane: orange where its activation is positive, blue where it is negative, each on its own scale."
    };
    html! { <>{ units }{ " A line is a weight: its width is |w|, orange is positive, blue negative. Choose a line to change its weight in the network itself." }</> }
}

/// The choice of the network, the number of layers and the step.
fn toolbar(props: &DrawingProps) -> Html {
    let choice = |arm: usize, words: &'static str| {
        let choose = props.choose_arm.clone();
        html! {
            <button type="button" data-arm={arm.to_string()} aria-pressed={(props.arm == arm).to_string()} onclick={move |_: MouseEvent| choose.emit(arm)}>{ words }</button>
        }
    };
    html! {
        <div class="network-tools">
            <span class="network-arms" role="group" aria-label="Network">{ choice(NONLINEAR, "Non-linear") }{ choice(LINEAR, "Linear") }</span>
            { layers(&props.config, props.locked, &props.set) }
            <span class="network-step">{ "Step " }<strong data-network-step={props.net.0.step.to_string()}>{ props.net.0.step }</strong></span>
        </div>
    }
}

/// Returns a description of the item under the pointer, or of the units that are not drawn.
fn reading(net: &Snapshot, layout: &Layout, pointed: Option<Item>) -> String {
    match pointed {
        Some(Item::Weight(param)) => {
            let value = net.value(param).map(short).unwrap_or_default();
            format!("{}: {value}", net.param_name(param))
        }
        Some(Item::Unit(layer, unit)) => unit_words(net, layout.bundled, layer, unit),
        None => hidden_units(layout).unwrap_or_default(),
    }
}
