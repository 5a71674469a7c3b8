//! An image that the visitor shifts, with the maps of a convolution and the activations of a dense layer.

mod pad;

use super::PtrEq;
use super::images::{image_choice, rgba, test_image};
use crate::charts::{ColorMap, Table, scale::format_exact};
use crate::sections::cnn::{
    Config, Conv, Dataset, ImageView, N_SHIFT_MAPS, Planes, Samples, Shift, dense_layer, edge_kernels,
};
use crate::ui::figure::Figure;
use crate::ui::picture::Picture;
use crate::ui::readout::format_number;
use pad::{ImagePad, shift_buttons};
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct ShiftedProps {
    pub(super) config: Config,
    pub(super) samples: Option<PtrEq<Samples>>,
    /// The activations of the untrained standard CNN, for its kernels.
    pub(super) untrained: Option<PtrEq<ImageView>>,
    pub(super) set: Callback<(&'static str, Value)>,
}

/// The shift at first, so that there is something to compare.
const FIRST: Shift = Shift { down: 3, right: 5 };

/// The kernels of the convolution.
#[derive(Clone, Copy, PartialEq)]
enum Kernels {
    /// Sobel's edge kernels.
    Edges,
    /// The first kernels of the untrained standard CNN.
    Random,
}

/// Everything that follows from the image, the kernels and the shift.
struct Measured {
    images: [Planes; 2],
    conv: [Planes; 2],
    dense: [Planes; 2],
    /// The relative differences between the maps of the shifted image and the shifted maps, for the convolution and
    /// for the dense layer: in the interior, and with the border.
    interior: [Option<f64>; 2],
    whole: [Option<f64>; 2],
    n_params: [u64; 2],
}

impl Measured {
    fn of(image: &Planes, conv: &Conv, seed: u64, stats: Option<(&[f32], &[f32])>, shift: Shift) -> Self {
        let images = [image.clone(), image.shifted(shift)];
        let inputs = images.each_ref().map(|image| match stats {
            Some((mean, std)) => image.normalized(mean, std),
            None => image.clone(),
        });
        let layer = dense_layer(image, seed);
        let maps = inputs.each_ref().map(|input| conv.maps(input));
        let dense = inputs.each_ref().map(|input| Planes {
            channels: N_SHIFT_MAPS,
            side: image.side,
            values: layer.outputs(&input.values),
        });
        let differences = |margin: usize| {
            [&maps, &dense].map(|[before, after]| {
                after.difference(before, shift, margin).filter(|_| shift != Shift::default())
            })
        };
        let padding = conv.kernel.saturating_sub(1) as usize / 2;
        Self {
            interior: differences(padding),
            whole: differences(0),
            n_params: [conv.n_params() as u64, layer.n_params()],
            images,
            conv: maps,
            dense,
        }
    }
}

#[component]
pub(super) fn Shifted(props: &ShiftedProps) -> Html {
    let ShiftedProps { config, samples, untrained, set } = props;
    let shift = use_state_eq(|| FIRST);
    let kernels = use_state_eq(|| Kernels::Edges);
    let seed = u64::from(config.seed);
    let measured = use_memo(
        (samples.clone(), untrained.clone(), config.image, seed, *kernels, *shift),
        |(samples, untrained, image, seed, kernels, shift)| {
            let samples = samples.as_ref().map(|samples| &*samples.0);
            let image = test_image(samples, *image);
            let random = untrained.as_ref().and_then(|view| first_kernels(&view.0, image.channels));
            match random.zip(samples).filter(|_| *kernels == Kernels::Random) {
                Some((conv, samples)) => {
                    Measured::of(&image, &conv, *seed, Some((&samples.mean, &samples.std)), *shift)
                }
                None => Measured::of(&image, &edge_kernels(image.channels), *seed, None, *shift),
            }
        },
    );
    let on_shift = {
        let shift = shift.setter();
        Callback::from(move |to: Shift| shift.set(to))
    };
    let pick = {
        let kernels = kernels.clone();
        Callback::from(move |event: Event| {
            let menu = event.target_unchecked_into::<web_sys::HtmlSelectElement>();
            kernels.set(if menu.selected_index() == 1 { Kernels::Random } else { Kernels::Edges });
        })
    };
    let table = {
        let measured = measured.clone();
        Callback::from(move |()| measured_table(&measured))
    };
    let names = match *kernels {
        Kernels::Edges => ["vertical edges", "horizontal edges"],
        Kernels::Random => ["random kernel 1", "random kernel 2"],
    };
    html! {
        <Figure name="shifted-maps" look_for={look_for()} {table}>
            <div class="shift">
                { maps(config.dataset, &measured, names, *shift, &on_shift) }
                <div class="shift-side">
                    { image_choice(samples.as_ref().map(|samples| &*samples.0), config.image, set) }
                    { shift_buttons(*shift, &on_shift) }
                    { numbers(&measured) }
                    <label class="kernel-menu">
                        <span>{ "Kernels" }</span>
                        <select data-pick="kernels" onchange={pick}>
                            <option selected={*kernels == Kernels::Edges}>{ "Edges (Sobel)" }</option>
                            <option selected={*kernels == Kernels::Random}>{ "Random, as before training" }</option>
                        </select>
                    </label>
                </div>
            </div>
        </Figure>
    }
}

/// Returns the first kernels of the first layer.
fn first_kernels(view: &ImageView, channels: usize) -> Option<Conv> {
    let Conv { kernel, weights, biases } = view.layers.first()?.conv.clone();
    let n = N_SHIFT_MAPS * channels * (kernel * kernel) as usize;
    Some(Conv { kernel, weights: weights.get(..n)?.to_vec(), biases: biases.get(..N_SHIFT_MAPS)?.to_vec() })
}

fn look_for() -> Html {
    html! {
        <>{ "Drag the lower image, or use the arrows. Every map of the convolution moves with it: a kernel finds an edge wherever the edge is. \
             The dense layer has a separate weight for every pair of pixel and output, so its activations (32 × 32 at a time) have to be learned again at every position." }</>
    }
}

/// Two rows of pictures, before and after the shift.
fn maps(
    dataset: Dataset,
    measured: &Measured,
    names: [&'static str; 2],
    shift: Shift,
    on_shift: &Callback<Shift>,
) -> Html {
    let Measured { images: [image, moved], conv, dense, n_params: [n_conv, n_dense], .. } = measured;
    let side = image.side;
    let row = |index: usize| {
        let cells = [conv, dense].into_iter().zip(["conv", "dense"]).flat_map(|(maps, kind)| {
            // One range for both rows, so that equal values have equal colors.
            let both: Vec<f32> = maps.iter().flat_map(|maps| maps.values.iter().copied()).collect();
            let range = ColorMap::Diverging.range(None, &both);
            (0..N_SHIFT_MAPS).filter_map(move |map| {
                let rgba = Rc::new(ColorMap::Diverging.paint(maps.get(index)?.plane(map), range));
                let when = if index == 0 { "before" } else { "after" };
                Some(html! {
                    <div class="shift-cell" data-map={format!("{kind}-{map}")} data-when={when}>
                        <Picture {side} {rgba} label={format!("{kind} map {} {when} the shift", map + 1)} />
                    </div>
                })
            })
        });
        cells.collect::<Html>()
    };
    let params = |n: u64| format_number(n as f64, 12);
    html! {
        <div class="shift-grid">
            <span></span>
            <span class="shift-head">{ "Image" }</span>
            <span class="shift-head" data-wide="">{ "Convolution" }<small>{ format!("{} parameters", params(*n_conv)) }</small></span>
            <span class="shift-head" data-wide="">{ "Dense layer" }<small>{ format!("{} parameters", params(*n_dense)) }</small></span>
            <span class="shift-row">{ "before" }</span>
            <div class="shift-cell" data-map="image" data-when="before"><Picture {side} rgba={rgba(dataset, image)} label="the image" /></div>
            { row(0) }
            <span class="shift-row">{ "after" }</span>
            <ImagePad {side} rgba={rgba(dataset, moved)} {shift} on_shift={on_shift.clone()} />
            { row(1) }
            <span></span>
            <span></span>
            <span class="shift-foot">{ names[0] }</span>
            <span class="shift-foot">{ names[1] }</span>
            <span class="shift-foot" data-wide="">{ "one picture per 1,024 outputs" }</span>
        </div>
    }
}

/// The differences in words.
fn difference(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(value) if value < 1e-3 => format!("{value:.0e}"),
        Some(value) => format!("{:.0}%", 100.0 * value),
    }
}

fn numbers(measured: &Measured) -> Html {
    let [conv, dense] = measured.interior;
    let cell = |name: &'static str, value: Option<f64>| {
        html! { <td data-difference={name} data-value={value.map(format_exact)}>{ difference(value) }</td> }
    };
    html! {
        <table class="shift-numbers">
            <caption>{ "Do the maps just shift? Difference from “before”, shifted:" }</caption>
            <tbody>
                <tr><th scope="row">{ "convolution" }</th>{ cell("conv", conv) }</tr>
                <tr><th scope="row">{ "dense layer" }</th>{ cell("dense", dense) }</tr>
            </tbody>
        </table>
    }
}

fn measured_table(measured: &Measured) -> Table {
    let write = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), format_exact);
    let row = |name: &str, [conv, dense]: [String; 2]| vec![name.to_owned(), conv, dense];
    Table {
        columns: ["quantity", "convolution", "dense layer"].map(str::to_owned).to_vec(),
        rows: vec![
            row("relative difference from the shifted maps, interior", measured.interior.map(write)),
            row("the same with the border", measured.whole.map(write)),
            row("parameters", measured.n_params.map(|n| n.to_string())),
        ],
    }
}
