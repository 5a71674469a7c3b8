//! The chains of blocks of both networks, with the gradient that reaches each block as bars.

use super::{PtrEq, text};
use crate::charts::measure::use_width;
use crate::charts::scale::{Scale, ScaleKind, extent, format_exact, format_number};
use crate::charts::{Table, color};
use crate::run::Experiment;
use crate::sections::resnet::{Config, PLAIN, Paths, RESIDUAL, ResNet, ShortcutKind};
use crate::ui::figure::Figure;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct ChainProps {
    pub(super) config: Config,
    /// Signal and gradient in each network.
    pub(super) paths: [Option<PtrEq<Paths>>; 2],
}

/// The plain and the residual chain, one above the other, on one scale.
#[component]
pub(super) fn ChainFigure(props: &ChainProps) -> Html {
    let (node, width) = use_width();
    let nets = props.paths.each_ref().map(|paths| paths.as_ref().map(|paths| &*paths.0));
    let n = 3 * props.config.blocks_per_stage() as usize;
    let layout = Layout::new(width, n, nets);
    let table = {
        let paths = props.paths.clone();
        Callback::from(move |()| gradient_table(paths.each_ref().map(|paths| paths.as_ref().map(|p| &*p.0))))
    };
    let step = nets.iter().flatten().map(|paths| paths.step).max();
    let row = |net: usize| chain(&layout, net, nets.get(net).copied().flatten());
    html! {
        <Figure name="block-gradients" title={format!("Gradient that reaches each block, {}", step_words(step))} look_for={text::chain_caption()} {table}>
            <div class="chain" ref={node} data-chain-step={step.map(|step| step.to_string())}>
                <svg class="chart-svg" viewBox={format!("0 0 {width:.0} {HEIGHT:.0}")} height={HEIGHT.to_string()} role="img" aria-label={description(nets)}>
                    { row(PLAIN) }
                    { row(RESIDUAL) }
                    { direction(&layout) }
                </svg>
            </div>
        </Figure>
    }
}

/// Returns the networks' state in words.
pub(super) fn step_words(step: Option<u32>) -> String {
    match step {
        None => "being measured…".to_owned(),
        Some(0) => "before training".to_owned(),
        Some(step) => format!("at step {step}"),
    }
}

/// Room for the numbers of the scale, and for the end of the chain.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 62.0;
/// The height of a chain's title.
const TITLE: f64 = 20.0;
/// The maximum height of a bar, and the room for its number.
const BARS: f64 = 84.0;
const NUMBER: f64 = 14.0;
const BOX_HEIGHT: f64 = 20.0;
/// The height of an arc below the boxes.
const ARC: f64 = 13.0;
/// The distance from one chain to the next.
const ROW: f64 = TITLE + NUMBER + BARS + 5.0 + BOX_HEIGHT + ARC + 8.0;
const HEIGHT: f64 = 2.0 * ROW + 14.0;

/// The horizontal positions, and the scale of the bars.
struct Layout {
    width: f64,
    n: usize,
    /// The width of a block with its space.
    cell: f64,
    /// From a gradient to a height above the boxes.
    scale: Scale,
}

impl Layout {
    fn new(width: f64, n: usize, nets: [Option<&Paths>; 2]) -> Self {
        let gradients = nets.into_iter().flatten().flat_map(gradients);
        let (low, high) = extent(ScaleKind::Log, gradients).unwrap_or((1e-3, 1.0));
        // With whole powers of ten, most frames do not change the scale. The smallest bar keeps some length.
        let whole = |log: f64| 10f64.powf(log);
        let domain = (whole((low.log10() - 0.2).floor()), whole(high.log10().ceil()));
        Self {
            width,
            n,
            cell: ((width - LEFT - RIGHT) / n.max(1) as f64).max(2.0),
            scale: Scale::new(ScaleKind::Log, domain, (0.0, BARS)),
        }
    }

    fn x(&self, index: usize) -> f64 {
        LEFT + self.cell * index as f64
    }

    fn box_width(&self) -> f64 {
        (self.cell * 0.66).min(56.0)
    }
}

/// Returns the gradients at the outputs of all blocks.
fn gradients(paths: &Paths) -> impl Iterator<Item = f64> {
    paths.blocks.iter().map(|block| f64::from(block.output.gradient))
}

/// One chain with its bars.
fn chain(layout: &Layout, net: usize, paths: Option<&Paths>) -> Html {
    let top = ROW * net as f64;
    let (floor, fill) = (top + TITLE + NUMBER + BARS, color::series(net));
    let middle = floor + 5.0 + BOX_HEIGHT / 2.0;
    let name = ResNet::ARMS.get(net).map_or("", |arm| arm.title);
    let last = layout.x(layout.n);
    html! {
        <g data-chain={name}>
            <rect ~style={format!("fill:{fill}")} x="0" y={(top + 3.0).to_string()} width="10" height="10" rx="2" />
            <text class="chain-name" x="15" y={(top + 12.0).to_string()}>{ title(net, layout.width) }</text>
            if let Some(words) = paths.and_then(|paths| ratio_words(paths, layout.width)) {
                <text x={layout.width.to_string()} y={(top + 12.0).to_string()} text-anchor="end">{ words }</text>
            }
            { ticks(layout, floor) }
            <text x="0" y={(middle + 4.0).to_string()}>{ "image" }</text>
            <path class="wire" d={format!("M{},{middle}H{}", LEFT - 6.0, last + 4.0)} />
            { for (0..layout.n).map(|index| block(layout, net, paths, index, floor)) }
            <rect class="unit" x={(last + 4.0).to_string()} y={(floor + 5.0).to_string()} width="46" height={BOX_HEIGHT.to_string()} rx="4" />
            <text x={(last + 27.0).to_string()} y={(middle + 4.0).to_string()} text-anchor="middle">{ "loss" }</text>
        </g>
    }
}

fn title(net: usize, width: f64) -> &'static str {
    match (net, width < 420.0) {
        (RESIDUAL, true) => "residual: + input",
        (RESIDUAL, false) => "residual: each block adds its input",
        _ => "plain: layers only",
    }
}

/// Returns the gradient at the first block relative to the last.
fn ratio_words(paths: &Paths, width: f64) -> Option<String> {
    let (first, last) = (paths.blocks.first()?.output.gradient, paths.blocks.last()?.output.gradient);
    if last <= 0.0 {
        return None;
    }
    let ratio = format_number(f64::from(first) / f64::from(last), 2);
    Some(if width < 560.0 { format!("× {ratio}") } else { format!("last block to first: × {ratio}") })
}

/// The grid lines of the bars, with powers of ten.
fn ticks(layout: &Layout, floor: f64) -> Html {
    let line = |tick: crate::charts::scale::Tick| {
        let y = floor - layout.scale.map(tick.value)?;
        Some(html! {
            <>
                <line class="grid" x1={LEFT.to_string()} x2={layout.x(layout.n).to_string()} y1={format!("{y:.1}")} y2={format!("{y:.1}")} />
                <text x={(LEFT - 6.0).to_string()} y={format!("{:.1}", y + 4.0)} text-anchor="end">{ tick.label }</text>
            </>
        })
    };
    let labeled = layout.scale.ticks(3).into_iter().filter(|tick| !tick.label.is_empty());
    html! { <g class="axis">{ for labeled.filter_map(line) }</g> }
}

/// One block: its bar, its box, and its shortcut.
fn block(layout: &Layout, net: usize, paths: Option<&Paths>, index: usize, floor: f64) -> Html {
    let found = paths.and_then(|paths| paths.blocks.get(index));
    let gradient = found.map(|block| f64::from(block.output.gradient));
    let height =
        gradient.and_then(|gradient| layout.scale.map(gradient)).unwrap_or_default().clamp(0.0, BARS);
    let (width, fill) = (layout.box_width(), color::series(net));
    let x = layout.x(index) + (layout.cell - width) / 2.0;
    let (middle, y) = (x + width / 2.0, floor + 5.0);
    let (from, to) = (layout.x(index) + layout.cell * 0.06, layout.x(index) + layout.cell * 0.94);
    let (wire, base) = (y + BOX_HEIGHT / 2.0, y + BOX_HEIGHT + ARC);
    let kind = found.map(|block| block.kind).unwrap_or_default();
    let dashes = match kind {
        ShortcutKind::Identity => None,
        ShortcutKind::Projection => Some("4 3"),
        ShortcutKind::ZeroPadding => Some("1.5 3"),
    };
    let arc = format!(
        "M{from:.1},{wire}C{from:.1},{base} {from:.1},{base} {middle:.1},{base}S{to:.1},{base} {to:.1},{wire}"
    );
    let has_number = layout.cell >= 18.0;
    html! {
        <g>
            if let Some(gradient) = gradient {
                <rect class="bar" data-bar={(index + 1).to_string()} data-value={format_exact(gradient)} ~style={format!("fill:{fill}")}
                    x={format!("{x:.1}")} y={format!("{:.1}", floor - height)} width={format!("{width:.1}")} height={format!("{height:.1}")}>
                    <title>{ format!("block {}: {}", index + 1, format_number(gradient, 3)) }</title>
                </rect>
                if layout.cell >= 50.0 {
                    <text x={format!("{middle:.1}")} y={format!("{:.1}", floor - height - 3.0)} text-anchor="middle">{ format_number(gradient, 2) }</text>
                }
            }
            if net == RESIDUAL {
                <path class="shortcut" d={arc} stroke-dasharray={dashes} />
            }
            <rect class="unit" x={format!("{x:.1}")} y={y.to_string()} width={format!("{width:.1}")} height={BOX_HEIGHT.to_string()} rx="4" />
            if has_number {
                <text class="chain-number" x={format!("{middle:.1}")} y={(wire + 4.0).to_string()} text-anchor="middle">{ index + 1 }</text>
            }
        </g>
    }
}

/// The direction of the gradient, below both chains.
fn direction(layout: &Layout) -> Html {
    let y = HEIGHT - 7.0;
    let middle = f64::midpoint(LEFT, layout.x(layout.n));
    html! {
        <g>
            <path class="wire" d={format!("M{},{y}H{LEFT}m6,-4l-6,4l6,4", layout.x(layout.n) + 27.0)} />
            <text class="chain-direction" x={format!("{middle:.1}")} y={(y + 4.0).to_string()} text-anchor="middle">{ "the gradient flows back" }</text>
        </g>
    }
}

/// Returns the alternative text.
fn description(nets: [Option<&Paths>; 2]) -> String {
    let of = |(net, paths): (usize, Option<&Paths>)| {
        let (first, last) = (paths?.blocks.first()?.output.gradient, paths?.blocks.last()?.output.gradient);
        let name = ResNet::ARMS.get(net)?.net;
        let [first, last] = [first, last].map(|value| format_number(value.into(), 2));
        Some(format!("{name}: gradient {first} at the first block, {last} at the last."))
    };
    let words: Vec<String> = nets.into_iter().enumerate().filter_map(of).collect();
    if words.is_empty() { "Two chains of blocks, not measured yet.".to_owned() } else { words.join(" ") }
}

/// Returns the gradient at the output of every block.
fn gradient_table(nets: [Option<&Paths>; 2]) -> Table {
    let n = nets.iter().flatten().map(|paths| paths.blocks.len()).max().unwrap_or(0);
    let of = |net: Option<&Paths>, index: usize| {
        let block = net.and_then(|paths| paths.blocks.get(index));
        block.map_or_else(String::new, |block| format_exact(block.output.gradient.into()))
    };
    let row = |index: usize| {
        let mut row = vec![(index + 1).to_string()];
        row.extend(nets.map(|net| of(net, index)));
        row
    };
    let columns = std::iter::once("block").chain(ResNet::ARMS.iter().map(|arm| arm.title)).map(str::to_owned);
    Table { columns: columns.collect(), rows: (0..n).map(row).collect() }
}
