//! Sample images with the class that a net takes them for.

use crate::charts::Table;
use crate::ui::figure::Figure;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};
use yew::prelude::*;

/// The classes of Fashion-MNIST, in the order of their numbers.
const CLASSES: [&str; 10] =
    ["T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"];

fn class_name(class: u8) -> &'static str {
    CLASSES.get(usize::from(class)).copied().unwrap_or("unknown")
}

#[derive(PartialEq, Properties)]
pub(super) struct ImagesProps {
    pub(super) name: AttrValue,
    pub(super) title: AttrValue,
    pub(super) side: usize,
    /// `[n, side, side]` grey values.
    pub(super) pixels: Vec<u8>,
    pub(super) labels: Vec<u8>,
    /// The net's answers; empty before it gave any.
    pub(super) predictions: Vec<u8>,
    pub(super) stamp: AttrValue,
}

#[component]
pub(super) fn Images(props: &ImagesProps) -> Html {
    let size = (props.side * props.side).max(1);
    let thumbnail = |(i, (&label, pixels)): (usize, (&u8, &[u8]))| {
        let predicted = props.predictions.get(i).copied();
        let (verdict, mark) = match predicted {
            Some(class) if class == label => ("right", "✓"),
            Some(_) => ("wrong", "✗"),
            None => ("open", ""),
        };
        let answer = predicted.map_or("–", class_name);
        html! {
            <li data-verdict={verdict}>
                <Thumbnail side={props.side} pixels={pixels.to_vec()} label={class_name(label)} />
                <span>{ mark }{ " " }{ answer }</span>
            </li>
        }
    };
    let rows = {
        let (labels, predictions) = (props.labels.clone(), props.predictions.clone());
        Callback::from(move |()| Table {
            columns: ["image", "class", "predicted"].map(str::to_owned).to_vec(),
            rows: labels
                .iter()
                .enumerate()
                .map(|(i, &label)| {
                    let predicted = predictions.get(i).map_or("–", |&class| class_name(class));
                    vec![(i + 1).to_string(), class_name(label).to_owned(), predicted.to_owned()]
                })
                .collect(),
        })
    };
    let look_for = html! { <>{ "Images never trained on, with the net's answer. Shirts, coats and pullovers are the hard ones." }</> };
    html! {
        <Figure name={props.name.clone()} title={props.title.clone()} {look_for} stamp={props.stamp.clone()} table={rows}>
            <ul class="samples">{ for props.labels.iter().zip(props.pixels.chunks(size)).enumerate().map(thumbnail) }</ul>
        </Figure>
    }
}

#[derive(PartialEq, Properties)]
struct ThumbnailProps {
    side: usize,
    pixels: Vec<u8>,
    label: &'static str,
}

/// One image, a canvas pixel for a pixel of it.
#[component]
fn Thumbnail(props: &ThumbnailProps) -> Html {
    let canvas = use_node_ref();
    use_effect_with((props.pixels.clone(), props.side), {
        let canvas = canvas.clone();
        move |(pixels, side)| {
            let Some(canvas) = canvas.cast::<HtmlCanvasElement>() else { return };
            // 255 less the value: dark clothes on a light ground, as they were photographed.
            let rgba: Vec<u8> = pixels.iter().flat_map(|&p| [255 - p, 255 - p, 255 - p, 255]).collect();
            let image =
                ImageData::new_with_u8_clamped_array_and_sh(Clamped(&rgba), *side as u32, *side as u32);
            let context = canvas.get_context("2d").ok().flatten();
            let context = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
            if let (Some(context), Ok(image)) = (context, image) {
                // Only a detached canvas refuses, and nobody sees that one.
                let _ = context.put_image_data(&image, 0.0, 0.0);
            }
        }
    });
    let side = props.side.to_string();
    html! { <canvas ref={canvas} width={side.clone()} height={side} role="img" aria-label={props.label} title={props.label}></canvas> }
}
