//! The drawing of a block: signal and gradient on each path, as arrows and numbers.

use crate::charts::scale::{format_exact, format_number};
use crate::sections::resnet::{BlockChoice, BlockPaths, Config, OrderChoice, PathFlow, Paths, ShortcutKind};
use std::fmt::Write;
use yew::prelude::*;

/// Returns the width of an arrow, on a logarithmic scale from 1e-6 to 10.
fn width(size: f32) -> f64 {
    let width = 1.0 + 1.7 * (f64::from(size).log10() + 6.0);
    if width.is_nan() { 1.0 } else { width.clamp(1.0, 13.0) }
}

const WIDTH: f64 = 340.0;
/// The x coordinate of the branch.
const BRANCH: f64 = 122.0;
/// The x coordinate of the shortcut.
const SHORTCUT: f64 = 260.0;
/// The height of a box.
const BOX_HEIGHT: f64 = 20.0;
/// The space between two boxes.
const SPACE: f64 = 4.0;
/// The length of an arrow with its number.
const LINK: f64 = 29.0;
/// The distance from the middle of a path to the middle of each of its two arrows.
const ARROW_OFFSET: f64 = 10.0;
/// The width of a box on the branch.
const BOX_WIDTH: f64 = 138.0;

/// Returns the names of a block's layers in order.
fn layers(config: &Config) -> Vec<String> {
    let convs: &[&str] = match config.block {
        BlockChoice::Basic => &["3 × 3", "3 × 3"],
        BlockChoice::Bottleneck => &["1 × 1", "3 × 3", "1 × 1"],
    };
    let mut layers = Vec::new();
    for (index, conv) in convs.iter().enumerate() {
        match (config.order, config.batch_norm) {
            (OrderChoice::Post, _) if index > 0 => layers.push("ReLU".to_owned()),
            (OrderChoice::Post, _) => {}
            (OrderChoice::Pre, true) => layers.push("batch norm, ReLU".to_owned()),
            (OrderChoice::Pre, false) => layers.push("ReLU".to_owned()),
        }
        let is_normed = config.batch_norm && config.order == OrderChoice::Post;
        layers.push(format!("{conv}{}", if is_normed { " conv, batch norm" } else { " convolution" }));
    }
    layers
}

/// One block, from its input at the top to its output at the bottom.
pub(super) fn schematic(config: &Config, paths: Option<&Paths>, index: usize, has_shortcut: bool) -> Html {
    let layers = layers(config);
    let block: Option<BlockPaths> = paths.and_then(|paths| paths.blocks.get(index)).copied();
    let input = paths.filter(|_| block.is_some()).map(|paths| paths.input_of(index));
    let flow = |of: fn(&BlockPaths) -> PathFlow| block.as_ref().map(of);
    let shortcut = block.and_then(|block| block.shortcut);
    let split = 16.0 + LINK + 6.0;
    let first = split + LINK + 4.0;
    let last = first + (BOX_HEIGHT + SPACE) * layers.len() as f64;
    let add = last + LINK + 10.0;
    let relu = add + 10.0 + LINK;
    let ends_with_relu = config.order == OrderChoice::Post;
    let end = if ends_with_relu { relu + BOX_HEIGHT + LINK } else { relu };
    let boxes = layers
        .iter()
        .enumerate()
        .map(|(i, words)| unit(BRANCH, first + (BOX_HEIGHT + SPACE) * i as f64, BOX_WIDTH, words));
    let middle = f64::midpoint(split, add);
    let inner = if has_shortcut {
        input.map(|input| PathFlow { gradient: block.map_or(0.0, |block| block.branch.gradient), ..input })
    } else {
        None
    };
    html! {
        <svg class="chart-svg block-drawing" viewBox={format!("0 0 {WIDTH} {:.0}", end + 18.0)} role="img" aria-label={description(input, block)}>
            <text class="axis-label" x={BRANCH.to_string()} y="12" text-anchor="middle">{ "input x" }</text>
            { link("x", BRANCH, 16.0, input) }
            if has_shortcut {
                <path class="block-wire" d={format!("M{BRANCH},{split}H{SHORTCUT}V{add}H{}", BRANCH + 11.0)} />
                <circle class="block-node" cx={BRANCH.to_string()} cy={split.to_string()} r="3" />
                { link("branch-input", BRANCH, split + 2.0, inner) }
                { shortcut_box(config, block.map(|block| block.kind).unwrap_or_default(), middle) }
                { link("shortcut", SHORTCUT, middle - LINK - 14.0, shortcut) }
            } else {
                <path class="block-wire" d={format!("M{BRANCH},{}V{first}", split - 6.0)} />
            }
            { for boxes }
            if has_shortcut {
                { link("branch", BRANCH, last, flow(|block| PathFlow { gradient: block.sum.gradient, ..block.branch })) }
                <circle class="block-add" cx={BRANCH.to_string()} cy={add.to_string()} r="10" />
                <text x={BRANCH.to_string()} y={(add + 5.0).to_string()} text-anchor="middle" class="block-plus">{ "+" }</text>
            } else {
                <path class="block-wire" d={format!("M{BRANCH},{last}V{}", add + 10.0)} />
            }
            { link("sum", BRANCH, add + 10.0, flow(|block| block.sum)) }
            if ends_with_relu {
                { unit(BRANCH, relu, BOX_WIDTH, "ReLU") }
                { link("y", BRANCH, relu + BOX_HEIGHT, flow(|block| block.output)) }
            }
            <text class="axis-label" x={BRANCH.to_string()} y={(end + 14.0).to_string()} text-anchor="middle">{ "output y" }</text>
        </svg>
    }
}

/// Returns the alternative text of the drawing.
fn description(input: Option<PathFlow>, block: Option<BlockPaths>) -> String {
    let (Some(input), Some(block)) = (input, block) else {
        return "A block that is not measured yet.".to_owned();
    };
    let number = |value: f32| format_number(value.into(), 2);
    let mut words = format!(
        "Signal: input {}, branch {}, after the addition {}, output {}. Gradient: output {}, through the branch {}",
        number(input.signal),
        number(block.branch.signal),
        number(block.sum.signal),
        number(block.output.signal),
        number(block.output.gradient),
        number(block.branch.gradient)
    );
    if let Some(shortcut) = block.shortcut {
        // Writing to a string does not fail.
        let _ = write!(words, ", through the shortcut {}", number(shortcut.gradient));
    }
    format!("{words}, input {}.", number(input.gradient))
}

fn unit(x: f64, y: f64, width: f64, words: &str) -> Html {
    html! {
        <g>
            <rect class="unit" x={(x - width / 2.0).to_string()} y={y.to_string()} width={width.to_string()} height={BOX_HEIGHT.to_string()} rx="4" />
            <text x={x.to_string()} y={(y + 14.0).to_string()} text-anchor="middle">{ words.to_owned() }</text>
        </g>
    }
}

/// The box on the shortcut.
fn shortcut_box(config: &Config, kind: ShortcutKind, middle: f64) -> Html {
    let (words, width) = match kind {
        ShortcutKind::Projection if config.order == OrderChoice::Pre && config.batch_norm => {
            ("norm, ReLU, 1 × 1", 118.0)
        }
        ShortcutKind::Projection if config.order == OrderChoice::Pre => ("ReLU, 1 × 1 conv", 118.0),
        ShortcutKind::Identity => ("identity", 66.0),
        ShortcutKind::Projection => ("1 × 1 convolution", 118.0),
        ShortcutKind::ZeroPadding => ("identity, zeros", 104.0),
    };
    unit(SHORTCUT, middle, width, words)
}

/// A path with its two arrows: the signal down, the gradient up.
fn link(position: &'static str, x: f64, y: f64, flow: Option<PathFlow>) -> Html {
    let number = |name: &'static str, value: f32, x: f64, anchor: &'static str| {
        html! {
            <text class={name} data-place={format!("{position}-{name}")} data-value={format_exact(value.into())} x={x.to_string()}
                y={(y + LINK / 2.0 + 4.0).to_string()} text-anchor={anchor}>{ format_number(value.into(), 2) }</text>
        }
    };
    let Some(PathFlow { signal, gradient }) = flow else { return Html::default() };
    html! {
        <g>
            <path class="signal" d={arrow(x - ARROW_OFFSET, y + 2.0, y + LINK - 2.0, width(signal))} />
            <path class="gradient" d={arrow(x + ARROW_OFFSET, y + LINK - 2.0, y + 2.0, width(gradient))} />
            { number("signal", signal, x - ARROW_OFFSET - 12.0, "end") }
            { number("gradient", gradient, x + ARROW_OFFSET + 12.0, "start") }
        </g>
    }
}

/// Returns the path of a vertical arrow.
fn arrow(x: f64, from: f64, to: f64, width: f64) -> String {
    let down = if to > from { 1.0 } else { -1.0 };
    let (half, wing) = (width / 2.0, (width / 2.0 + 2.5).min(9.0));
    let neck = to - down * (wing + 2.0);
    format!(
        "M{:.1},{from:.1}H{:.1}V{neck:.1}H{:.1}L{x:.1},{to:.1}L{:.1},{neck:.1}H{:.1}Z",
        x - half,
        x + half,
        x + wing,
        x - wing,
        x - half
    )
}

const MINI: f64 = 46.0;

/// A block as four bars.
pub(super) fn miniature(
    paths: Option<&Paths>,
    index: usize,
    is_chosen: bool,
    on_move: &Callback<usize>,
) -> Html {
    let block = paths.and_then(|paths| paths.blocks.get(index)).copied().unwrap_or_default();
    let shortcut = block.shortcut;
    let bars = [
        (3.0, "signal", Some(block.branch.signal)),
        (7.5, "gradient", Some(block.branch.gradient)),
        (13.5, "signal", shortcut.map(|flow| flow.signal)),
        (18.0, "gradient", shortcut.map(|flow| flow.gradient)),
    ];
    let bar = |(x, class, size): (f64, &'static str, Option<f32>)| {
        let height =
            size.map_or(0.0, |size| if size > 0.0 { (width(size) - 1.0) / 12.0 * MINI } else { 0.0 });
        html! { <rect {class} x={x.to_string()} y={format!("{:.1}", MINI + 1.0 - height)} width="3.5" height={format!("{height:.1}")} /> }
    };
    let onclick = on_move.reform(move |_: MouseEvent| index);
    html! {
        <svg class="block-mini chart-svg" data-chosen={is_chosen.then_some("")} viewBox={format!("0 0 24 {}", MINI + 14.0)} aria-hidden="true" {onclick}>
            <rect class="block-mini-frame" x="0.5" y="0.5" width="23" height={(MINI + 1.0).to_string()} rx="2" />
            { for bars.into_iter().map(bar) }
            <text x="12" y={(MINI + 12.0).to_string()} text-anchor="middle">{ index + 1 }</text>
        </svg>
    }
}

/// The legend of colors and widths.
pub(super) fn legend() -> Html {
    let sample = |size: f32| {
        let w = width(size);
        html! { <li><svg class="chart-svg" viewBox="0 0 16 14" aria-hidden="true"><rect class="size" x="0" y={format!("{:.1}", 7.0 - w / 2.0)} width="16" height={format!("{w:.1}")} /></svg>{ format_number(size.into(), 1) }</li> }
    };
    html! {
        <ul class="block-legend">
            <li data-part="signal">{ "signal, forward: root mean square of the activations" }</li>
            <li data-part="gradient">{ "gradient, backward: L2 norm of ∂loss/∂activations, over the batch" }</li>
            <li>{ "width, logarithmic:" }</li>
            { for [1e-6, 1e-4, 1e-2, 1.0].map(sample) }
        </ul>
    }
}
