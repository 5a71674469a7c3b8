//! A drawing of the residual network as it was built, with the shapes of its activations.

use super::text;
use crate::charts::Table;
use crate::sections::resnet::{Config, OrderChoice, ShortcutKind, Structure};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct DrawingProps {
    pub(super) config: Config,
    pub(super) structure: Option<Rc<Structure>>,
}

/// The network in rows: the layers before the blocks, each stage, and the layers after the blocks.
#[component]
pub(super) fn Drawing(props: &DrawingProps) -> Html {
    let structure = props.structure.clone().unwrap_or_default();
    let table = {
        let structure = structure.clone();
        Callback::from(move |()| shapes_table(&structure))
    };
    html! {
        <Figure name="network" title={format!("The residual network, {} layers", props.config.depth_built())} {table}
            look_for={text::network_caption(props.config.shortcut)}>
            <Picture {structure} order={props.config.order} batch_norm={props.config.batch_norm} />
        </Figure>
    }
}

fn write_shape([channels, height, width]: [u32; 3]) -> String {
    format!("{channels} × {height} × {width}")
}

fn shapes_table(structure: &Structure) -> Table {
    let name = |index: usize| match index {
        0 => "input".to_owned(),
        1 => "first convolution".to_owned(),
        block => format!("block {}", block - 1),
    };
    let kind = |index: usize| structure.shortcuts.get(index.checked_sub(2)?);
    let shortcut = |index: usize| match kind(index) {
        Some(ShortcutKind::Projection) => "projection",
        Some(ShortcutKind::ZeroPadding) => "identity, padded with zeros",
        Some(ShortcutKind::Identity) => "identity",
        None => "",
    };
    let columns = ["output of", "channels", "height", "width", "shortcut"].map(str::to_owned).to_vec();
    let mut rows: Vec<Vec<String>> = structure
        .shapes
        .iter()
        .enumerate()
        .map(|(index, shape)| {
            let mut row = vec![name(index)];
            row.extend(shape.iter().map(u32::to_string));
            row.push(shortcut(index).to_owned());
            row
        })
        .collect();
    rows.push(vec![
        "logits".to_owned(),
        structure.n_classes.to_string(),
        String::new(),
        String::new(),
        String::new(),
    ]);
    Table { columns, rows }
}

const WIDTH: f64 = 420.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = WIDTH - 14.0;
const BOX_HEIGHT: f64 = 26.0;
/// The distance from one row of boxes to the next.
const ROW: f64 = 62.0;
/// The position of the first row, below its name.
const TOP: f64 = 22.0;

#[derive(PartialEq, Properties)]
struct PictureProps {
    structure: Rc<Structure>,
    order: OrderChoice,
    batch_norm: bool,
}

#[component]
fn Picture(props: &PictureProps) -> Html {
    let structure = &*props.structure;
    let (before, blocks) = structure.shapes.split_at(structure.shapes.len().min(2));
    let per_stage = (blocks.len() / 3).max(1);
    let words = |shape: Option<&[u32; 3]>| shape.map_or_else(String::new, |shape| write_shape(*shape));
    let ends = |y: f64, head: &str, boxes: &[String]| {
        let box_width = 118.0;
        let each = |(i, label): (usize, &String)| {
            let x = LEFT + 4.0 + i as f64 * (box_width + 14.0);
            block_box(x, y, box_width, label)
        };
        html! { <>{ row_head(y, head) }{ wire(y) }{ for boxes.iter().enumerate().map(each) }</> }
    };
    let stage = |(index, shapes): (usize, &[[u32; 3]])| {
        let y = TOP + ROW * (index as f64 + 1.0);
        let pitch = ((RIGHT - LEFT - 10.0) / shapes.len().max(1) as f64).min(72.0);
        let width = pitch - 14.0;
        let each = |i: usize| {
            let x = LEFT + 8.0 + i as f64 * pitch;
            let block = index * per_stage + i;
            let kind = structure.shortcuts.get(block).copied().unwrap_or_default();
            html! { <>{ shortcut(x, y, width, kind) }{ block_box(x, y, width, &(block + 1).to_string()) }</> }
        };
        let head = format!("stage {}: {}", index + 1, words(shapes.last()));
        html! { <>{ row_head(y, &head) }{ wire(y) }{ for (0..shapes.len()).map(each) }</> }
    };
    let height = TOP + 4.0 * ROW + BOX_HEIGHT + 4.0;
    let label = format!(
        "{} blocks in three stages; shapes: {}.",
        blocks.len(),
        structure.shapes.iter().map(|shape| write_shape(*shape)).collect::<Vec<_>>().join(", ")
    );
    let (stem_box, last_boxes) = match (props.order, props.batch_norm) {
        (OrderChoice::Post, _) => ("3 × 3 conv, ReLU", ["mean of pixels", "linear"]),
        (OrderChoice::Pre, false) => ("3 × 3 convolution", ["ReLU, mean", "linear"]),
        (OrderChoice::Pre, true) => ("3 × 3 convolution", ["norm, ReLU, mean", "linear"]),
    };
    let (input, stem) = (words(before.first()), words(before.get(1)));
    html! {
        <svg class="chart-svg network" viewBox={format!("0 0 {WIDTH} {height}")} role="img" aria-label={label}>
            if !blocks.is_empty() {
                { ends(TOP, &format!("first layer: {stem}"), &[format!("input {input}"), stem_box.to_owned()]) }
                { for blocks.chunks(per_stage).enumerate().map(stage) }
                { ends(TOP + 4.0 * ROW, &format!("answer: {} logits", structure.n_classes), &last_boxes.map(str::to_owned)) }
            } else {
                <text class="chart-empty" x={(WIDTH / 2.0).to_string()} y="120" text-anchor="middle">{ "Loading the compute engine…" }</text>
            }
        </svg>
    }
}

/// The name of a row, above its boxes.
fn row_head(y: f64, words: &str) -> Html {
    html! { <text class="axis-label" x={LEFT.to_string()} y={(y - 7.0).to_string()}>{ words.to_owned() }</text> }
}

/// The line of the signal, with its arrow.
fn wire(y: f64) -> Html {
    let middle = y + BOX_HEIGHT / 2.0;
    let path = format!("M{LEFT},{middle}H{RIGHT}m-6,-4l6,4l-6,4");
    html! { <path class="wire" d={path} /> }
}

fn block_box(x: f64, y: f64, width: f64, label: &str) -> Html {
    let (middle, base) = (x + width / 2.0, y + BOX_HEIGHT / 2.0 + 4.0);
    html! {
        <g>
            <rect class="unit" x={format!("{x:.1}")} y={y.to_string()} width={format!("{width:.1}")} height={BOX_HEIGHT.to_string()} rx="4" />
            <text x={format!("{middle:.1}")} y={base.to_string()} text-anchor="middle">{ label.to_owned() }</text>
        </g>
    }
}

/// The arc below a block.
fn shortcut(x: f64, y: f64, width: f64, kind: ShortcutKind) -> Html {
    let (from, to, middle) = (x - 4.0, x + width + 4.0, y + BOX_HEIGHT / 2.0);
    let base = y + BOX_HEIGHT + 15.0;
    let path = format!("M{from:.1},{middle}C{from:.1},{base} {to:.1},{base} {to:.1},{middle}");
    let dashes = match kind {
        ShortcutKind::Identity => None,
        ShortcutKind::Projection => Some("4 3"),
        ShortcutKind::ZeroPadding => Some("1.5 3"),
    };
    html! { <path class="shortcut" d={path} stroke-dasharray={dashes} /> }
}
