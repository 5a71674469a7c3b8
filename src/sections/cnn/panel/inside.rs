//! The activations of both networks for one test image: filters, and the maps of each block.

use super::PtrEq;
use super::data::rgba_images;
use crate::charts::{ColorMap, Table};
use crate::sections::cnn::{ImageView, Maps, Samples};
use crate::ui::figure::Figure;
use crate::ui::picture::{Picture, colored};
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct InsideProps {
    pub(super) samples: Option<PtrEq<Samples>>,
    /// The activations of each network for the selected image.
    pub(super) views: [Option<PtrEq<ImageView>>; 2],
    /// The selected test image, from 1.
    pub(super) image: u32,
    pub(super) set: Callback<(&'static str, Value)>,
}

#[component]
pub(super) fn Inside(props: &InsideProps) -> Html {
    let InsideProps { samples, views: [conv, separable], image, set } = props;
    html! {
        <>
            <Choice samples={samples.clone()} image={*image} set={set.clone()} />
            <div class="figure-row">
                <NetInside slug="conv" title="standard CNN" samples={samples.clone()} view={conv.clone()} />
                <NetInside slug="separable" title="separable CNN" samples={samples.clone()} view={separable.clone()} />
            </div>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct ChoiceProps {
    samples: Option<PtrEq<Samples>>,
    image: u32,
    set: Callback<(&'static str, Value)>,
}

/// The test images to choose from.
#[component]
fn Choice(props: &ChoiceProps) -> Html {
    let Some(samples) = props.samples.as_ref().map(|samples| &*samples.0) else {
        return html! { <p class="cnn-empty">{ "Loading the images…" }</p> };
    };
    let names = &samples.info.class_names;
    let button = |(index, (rgba, &label)): (usize, (Rc<Vec<u8>>, &u8))| {
        let (set, number) = (props.set.clone(), index as u32 + 1);
        let name = names.get(usize::from(label)).map_or("unknown", String::as_str);
        html! {
            <button type="button" data-image={number.to_string()} aria-pressed={(number == props.image).to_string()}
                onclick={move |_: MouseEvent| set.emit(("image", number.into()))}>
                <Picture side={samples.test.side as usize} {rgba} label={format!("{name}, test image {number}")} />
            </button>
        }
    };
    html! {
        <div class="cnn-choice" role="group" aria-label="Test image to look at">
                        { for rgba_images(samples.info.dataset, &samples.test).zip(&samples.test.labels).enumerate().map(button) }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct NetInsideProps {
    slug: &'static str,
    title: &'static str,
    samples: Option<PtrEq<Samples>>,
    view: Option<PtrEq<ImageView>>,
}

#[component]
fn NetInside(props: &NetInsideProps) -> Html {
    let view = props.view.as_ref().map(|view| &*view.0);
    let channels = props.samples.as_ref().map_or(1, |samples| samples.0.train.channels as usize);
    let names = props.samples.as_ref().map_or(&[][..], |samples| &samples.0.info.class_names);
    let look_for = html! {
        <>{ "Top: kernels of the first layer (orange is positive, blue negative)" }
        { if channels == 3 { "; those for red, green and blue are stacked. " } else { ". " } }
        { "Below: maps of each block, after ReLU and before pooling. Each map has its own scale, so compare brightness within a map only. A uniform map responds to nothing in this image." }</>
    };
    let table = {
        let table = view.map(maps_table).unwrap_or_default();
        Callback::from(move |()| table.clone())
    };
    html! {
        <Figure name={format!("inside-{}", props.slug)} title={format!("Inside the {}", props.title)} {look_for} {table}>
            if let Some(view) = view {
                <p class="cnn-words" data-look-step={view.step.to_string()}>
                    { format!("{}{}", when(view.step), prediction(view, names)) }
                </p>
                <div class="cnn-row"><span>{ "3 × 3 kernels" }</span>{ filters(view, channels) }</div>
                { for view.blocks.iter().enumerate().map(|(index, maps)| block(index, maps)) }
            } else {
                <p class="cnn-empty">{ "Loading the images…" }</p>
            }
        </Figure>
    }
}

fn when(step: u32) -> String {
    if step == 0 { "Before training: ".to_owned() } else { format!("After step {step}: ") }
}

/// Returns the predicted class with its softmax output.
fn prediction(net: &ImageView, names: &[String]) -> String {
    let best = net.probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or_else(String::new, |(class, p)| {
        format!("{}, softmax output {:.0}%", names.get(class).map_or("unknown", String::as_str), 100.0 * p)
    })
}

/// One column per kernel, with one picture for each input channel.
fn filters(net: &ImageView, channels: usize) -> Html {
    const SIDE: usize = 3;
    const MAX_FILTERS: usize = 16;
    let map = ColorMap::Diverging;
    // One range for all kernels makes weak ones visible as such.
    let range = map.range(None, &net.filters);
    let size = SIDE * SIDE;
    let plane = |(channel, values): (usize, &[f32]), filter: usize| {
        let rgba = Rc::new(map.paint(values, range));
        html! { <Picture key={channel} side={SIDE} {rgba} label={format!("kernel {}, channel {}", filter + 1, channel + 1)} /> }
    };
    let column = |(filter, values): (usize, &[f32])| {
        html! { <li>{ for values.chunks_exact(size).enumerate().map(|it| plane(it, filter)) }</li> }
    };
    html! {
        <ul class="cnn-maps" data-kind="filters">
            { for net.filters.chunks_exact((size * channels).max(1)).take(MAX_FILTERS).enumerate().map(column) }
        </ul>
    }
}

fn block(index: usize, maps: &Maps) -> Html {
    let side = maps.side as usize;
    let shown = maps.activations().count();
    let item = |(channel, values): (usize, Vec<f32>)| {
        let rgba = Rc::new(colored(ColorMap::Sequential, &values));
        html! { <li><Picture {side} {rgba} label={format!("block {}, map {}", index + 1, channel + 1)} /></li> }
    };
    html! {
        <div class="cnn-row">
            <span>{ format!("block {}", index + 1) }<br /><small>{ format!("{shown} of {}, {side}²", maps.channels) }</small></span>
            <ul class="cnn-maps">{ for maps.activations().enumerate().map(item) }</ul>
        </div>
    }
}

fn maps_table(net: &ImageView) -> Table {
    let row = |block: usize, map: usize, values: Vec<f32>| {
        let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
        let max = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        vec![block.to_string(), map.to_string(), mean.to_string(), max.to_string()]
    };
    let rows = net.blocks.iter().enumerate().flat_map(|(index, maps)| {
        maps.activations().enumerate().map(move |(map, values)| row(index + 1, map + 1, values))
    });
    Table { columns: ["block", "map", "mean", "maximum"].map(str::to_owned).to_vec(), rows: rows.collect() }
}
