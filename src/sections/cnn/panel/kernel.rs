//! One convolution by hand: a kernel over an image, product by product, and the map that fills in as it
//! moves.

mod numbers;
mod position;

use super::images::image_choice;
use super::{PtrEq, text};
use crate::charts::Table;
use crate::sections::cnn::{CONV, ImageView, Layer, N_LAYERS, SEPARABLE, Samples};
use crate::ui::figure::Figure;
use crate::ui::player::Player;
use position::{KernelPosition, Map, input_picture, output_picture};
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct KernelProps {
    pub(super) samples: Option<PtrEq<Samples>>,
    /// The activations of each network for the selected image.
    pub(super) views: [Option<PtrEq<ImageView>>; 2],
    /// The selected test image, from 1.
    pub(super) image: u32,
    pub(super) set: Callback<(&'static str, Value)>,
}

/// The selected network, layer and channels.
#[derive(Clone, Copy, PartialEq)]
struct Pick {
    net: usize,
    layer: usize,
    output: usize,
    channel: usize,
}

/// Row and column as fractions of the map, since layers differ in size.
type Fractions = (f64, f64);

fn fractions(position: usize, side: u32) -> Fractions {
    let fraction = |index: usize| (index as f64 + 0.5) / f64::from(side.max(1));
    let side = side.max(1) as usize;
    (fraction(position / side), fraction(position % side))
}

/// Returns the selection within the bounds of the layer, and the position of the kernel.
fn kernel_position(
    view: &ImageView,
    pick: Pick,
    (row, col): Fractions,
) -> Option<(Pick, KernelPosition<'_>)> {
    let layer = view.layers.get(pick.layer)?;
    let output = pick.output.min(layer.n_outputs().saturating_sub(1));
    let channel = pick.channel.min((layer.c_in as usize).saturating_sub(1));
    let (side, last) = (layer.side as usize, layer.side.saturating_sub(1) as usize);
    let at = |fraction: f64| ((fraction * f64::from(layer.side)) as usize).min(last);
    let position = at(row) * side + at(col);
    let sums = view.blocks.get(pick.layer).map_or(&[][..], |maps| &maps.sums);
    Some((Pick { output, channel, ..pick }, KernelPosition { layer, output, channel, position, sums }))
}

const FIRST: Pick = Pick { net: CONV, layer: 0, output: 0, channel: 0 };
/// The middle of the picture, so that half of the map is filled in at first.
const MIDDLE: Fractions = (0.45, 0.5);

#[component]
pub(super) fn Kernel(props: &KernelProps) -> Html {
    let pick = use_state_eq(|| FIRST);
    // A separate state, since a move while playing must not restore an earlier selection.
    let at = use_state_eq(|| MIDDLE);
    let go = {
        let pick = pick.clone();
        Callback::from(move |to: Pick| pick.set(to))
    };
    let samples = props.samples.as_ref().map(|samples| &*samples.0);
    let view = props.views.get(pick.net).and_then(|view| view.as_ref());
    let position = view.and_then(|view| kernel_position(&view.0, *pick, *at));
    let (Some(samples), Some(view), Some((picked, position))) = (samples, view, position) else {
        return html! {
            <Figure name="kernel" table={Callback::from(|()| Table::default())}>
                <p class="cnn-empty kernel-empty">{ "Loading the images…" }</p>
            </Figure>
        };
    };
    let layer = position.layer;
    let on_move = {
        let (at, side) = (at.setter(), layer.side);
        Callback::from(move |to: usize| at.set(fractions(to, side)))
    };
    let table = {
        let (view, at) = (view.clone(), *at);
        Callback::from(move |()| {
            kernel_position(&view.0, picked, at)
                .map_or_else(Table::default, |(_, position)| numbers::table(&position))
        })
    };
    let shown = Shown { samples, view: &view.0, layer, pick: picked };
    let (row, col) = position.row_col();
    html! {
        <Figure name="kernel" look_for={text::kernel(layer)} formula={text::convolution(layer)} {table}>
            { choices(&shown, props, &go) }
            <div class="kernel-layout">
                <div class="kernel-left">
                    <div class="kernel-maps">
                        { input_picture(&position, photo(&shown, props.image), &on_move) }
                        if layer.is_separable() {
                            { output_picture(&position, Map::Depthwise, &on_move) }
                        }
                        { output_picture(&position, Map::Sums, &on_move) }
                    </div>
                    <Player name="kernel" label="Kernel position" at={position.position} count={(layer.side * layer.side) as usize} on_move={on_move.clone()}
                        words={format!("row {}, column {}", row + 1, col + 1)} interval_ms={if layer.side > 16 { 40 } else { 120 }} />
                </div>
                <div class="kernel-right">{ numbers::numbers(&position, &go.reform(move |channel| Pick { channel, ..picked })) }</div>
            </div>
        </Figure>
    }
}

/// The data of the figure.
struct Shown<'a> {
    samples: &'a Samples,
    view: &'a ImageView,
    layer: &'a Layer,
    pick: Pick,
}

/// Returns the image if the first layer is selected, since that is its input.
fn photo(shown: &Shown<'_>, image: u32) -> Option<Rc<Vec<u8>>> {
    let index = image.saturating_sub(1) as usize;
    (shown.pick.layer == 0)
        .then(|| super::data::rgba_images(shown.samples.info.dataset, &shown.samples.test).nth(index))
        .flatten()
}

/// The controls for image, network, layer and output channel.
fn choices(shown: &Shown<'_>, props: &KernelProps, go: &Callback<Pick>) -> Html {
    let Shown { samples, view, layer, pick } = *shown;
    let kinds = ["Standard", "Separable"];
    let nets: Vec<String> = kinds.iter().map(|kind| format!("{kind} CNN")).collect();
    let convs = |layer: &Layer| if layer.is_separable() { "separable" } else { "standard" };
    let layers: Vec<String> = view
        .layers
        .iter()
        .zip(&view.blocks)
        .take(N_LAYERS)
        .enumerate()
        .map(|(i, (layer, maps))| {
            format!("{}: {}, {} → {} channels", i + 1, convs(layer), layer.c_in, maps.channels)
        })
        .collect();
    let numbers = |n: usize| (1..=n).map(|i| i.to_string()).collect::<Vec<_>>();
    let go = |make: fn(Pick, usize) -> Pick| go.reform(move |index| make(pick, index));
    html! {
        <div class="kernel-choices">
            { image_choice(Some(samples), props.image, &props.set) }
            { menu("net", "Network", &nets, pick.net, go(|pick, net| Pick { net, ..pick })) }
            { menu("layer", "Layer", &layers, pick.layer, go(|pick, layer| Pick { layer, ..pick })) }
            { menu("output", "Output channel", &numbers(layer.n_outputs()), pick.output, go(|pick, output| Pick { output, ..pick })) }
            <p class="cnn-words" data-kernel-step={view.step.to_string()}>
                { if view.step == 0 { "Untrained weights.".to_owned() } else { format!("Weights after step {}.", view.step) } }
                { if pick.net == SEPARABLE && pick.layer == 0 { " The first layer is standard in both networks; choose layer 2." } else { "" } }
            </p>
        </div>
    }
}

/// A small menu within the figure.
fn menu(
    name: &'static str,
    label: &'static str,
    options: &[String],
    at: usize,
    on_pick: Callback<usize>,
) -> Html {
    let onchange = Callback::from(move |event: Event| {
        let menu = event.target_unchecked_into::<web_sys::HtmlSelectElement>();
        on_pick.emit(menu.selected_index().max(0) as usize);
    });
    let option = |(index, words): (usize, &String)| {
        html! { <option value={index.to_string()} selected={index == at}>{ words.clone() }</option> }
    };
    html! {
        <label class="kernel-menu">
            <span>{ label }</span>
            <select data-pick={name} {onchange}>{ for options.iter().enumerate().map(option) }</select>
        </label>
    }
}
