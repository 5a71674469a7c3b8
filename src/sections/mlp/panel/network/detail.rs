//! A large map of the selected unit with its equation, or the decision boundary.

use super::layout::Item;
use super::paint::{IMAGE_SIDE, has_images, map, template};
use super::words::{equation, remark};
use crate::charts::{ColorMap, Grid, Heatmap};
use crate::panel::PtrEq;
use crate::sections::mlp::panel::plane::{Axes, Prediction};
use crate::sections::mlp::{ActivationChoice, MAP_SIDE, Snapshot};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct DetailProps {
    pub(super) net: PtrEq<Snapshot>,
    /// The predictions of the network over the plane.
    pub(super) prediction: PtrEq<Prediction>,
    /// The text of a map without data.
    pub(super) empty: &'static str,
    /// The selected item: a unit shows its map, anything else the boundary.
    pub(super) of: Option<Item>,
    /// Emits the unit and the pixel of a selected weight.
    pub(super) on_pixel: Callback<(usize, usize)>,
    /// The explanation below the map.
    pub(super) children: Html,
}

#[component]
pub(super) fn Detail(props: &DetailProps) -> Html {
    let net = &*props.net.0;
    let images = has_images(net);
    let title = match props.of {
        Some(Item::Unit(layer, unit)) => capitalized(&net.unit_name(layer, unit)),
        Some(Item::Weight(param)) => capitalized(&net.param_name(param)),
        None if images => "Choose a unit or a weight".to_owned(),
        None => props.prediction.0.title().to_owned(),
    };
    html! {
        <div class="network-detail">
            <h3 data-detail="">{ title }</h3>
            { picture(props, images) }
            { props.children.clone() }
        </div>
    }
}

/// Returns the equation of the selected unit, or what can be selected.
pub(super) fn explanation(
    net: &Snapshot,
    arm: usize,
    activation: ActivationChoice,
    of: Option<Item>,
) -> Html {
    let images = has_images(net);
    let words = match of {
        Some(Item::Unit(layer, unit)) if !(images && layer == 0) => equation(net, arm, activation, layer, unit),
        _ if images => "A unit of the first layer is shown as its weights, one for each pixel. Deeper units have no picture, because their input is not an image.".to_owned(),
        _ => "Point at a unit to enlarge its map. Choose a line to change its weight.".to_owned(),
    };
    let remark = match of {
        Some(Item::Unit(layer, unit)) if !images => remark(net, layer, unit),
        _ => None,
    };
    html! { <p class="network-equation">{ words }{ " " }{ remark }</p> }
}

/// The maximum height of the large map: as high as the drawing.
const MAP_HEIGHT: f64 = 212.0;

fn picture(props: &DetailProps, images: bool) -> Html {
    let net = &*props.net.0;
    if images {
        let unit = match props.of {
            Some(Item::Unit(1, unit)) => unit,
            Some(Item::Weight(param)) if param.layer == 0 => param.to,
            _ => return Html::default(),
        };
        let grid = Grid { rows: IMAGE_SIDE, cols: IMAGE_SIDE, values: Rc::new(template(net, unit)) };
        let on_pick = props.on_pixel.reform(move |(row, col)| (unit, row * IMAGE_SIDE + col));
        return html! {
            <Heatmap name="weights of the unit" {grid} map={ColorMap::Diverging} x_label="column" y_label="row" value_label="weight" max_height={MAP_HEIGHT} color_bar={false} {on_pick} />
        };
    }
    let Some(Item::Unit(layer, unit)) = props.of else {
        return props.prediction.0.view("large map", MAP_HEIGHT, props.empty);
    };
    let value_label = match layer {
        0 => "input",
        layer if layer == net.layers() => props.prediction.0.output_word(),
        _ => "activation",
    };
    let values = map(net, layer, unit);
    let side = if values.is_empty() { 0 } else { MAP_SIDE };
    let grid = Grid { rows: side, cols: side, values: Rc::new(values) };
    let (Axes { labels: [x_label, y_label], ranges: [x_range, y_range] }, points) =
        props.prediction.0.frame();
    html! {
        <Heatmap name="large map" {grid} map={ColorMap::Diverging} {x_label} {y_label} x_range={Some(x_range)} y_range={Some(y_range)} y_up={true}
            {value_label} {points} smooth={true} max_height={MAP_HEIGHT} color_bar={false} empty="There is no map of these inputs." />
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
