//! The products, their sum, and the value that the network computed.

use super::position::KernelPosition;
use crate::charts::{ColorMap, Table, scale::format_exact, scale::format_number};
use crate::sections::cnn::{ChannelSum, Layer, Sum, Tap};
use yew::prelude::*;

/// The products of one channel, and their sum over all channels.
pub(super) fn numbers(at: &KernelPosition<'_>, on_channel: &Callback<usize>) -> Html {
    let KernelPosition { layer, output, channel, position, .. } = *at;
    let channels = layer.channel_sums(output, position);
    let Some(shown) = channels.get(channel) else { return Html::default() };
    let network = at.output_map().get(position).copied();
    let sum = layer.sum(output, position);
    let relu = Term::new("after ReLU", network.map_or(0.0, |value| value.max(0.0)).into());
    if layer.is_separable() {
        let name = channel + 1;
        let depthwise = vec![
            Term::new("sum of the 9 products", shown.sum),
            Term::new("+ bias of this kernel", layer.depthwise_bias(channel).into()),
        ];
        let found = layer.depthwise_at(channel, position);
        let mixed = vec![
            Term::new("sum over all channels", sum.value - f64::from(layer.bias(output))),
            Term::new("+ bias", layer.bias(output).into()),
        ];
        return html! {
            <>
                <p class="kernel-step">{ format!("1. Depthwise: channel {name} with its own kernel") }</p>
                <div class="kernel-products">
                    { grids(shown) }
                    { addition("depthwise", depthwise, layer.depthwise_sum(channel, position), found, None) }
                </div>
                <p class="kernel-step">{ format!("2. Pointwise: all channels at this position, mixed for output {}", output + 1) }</p>
                <div class="kernel-products">
                    { mix(layer, output, position, channel, on_channel) }
                    { addition("sum", mixed, sum, network, Some(relu)) }
                </div>
            </>
        };
    }
    let several = channels.len() > 1;
    let mut lines = vec![Term::new("sum of the 9 products", shown.sum)];
    if several {
        let others = sum.value - f64::from(layer.bias(output)) - shown.sum;
        lines = vec![
            Term::new(format!("channel {}", channel + 1), shown.sum),
            Term::new(format!("+ the other {}", channels.len() - 1), others),
        ];
    }
    lines.push(Term::new("+ bias", layer.bias(output).into()));
    html! {
        <>
            <div class="kernel-products">
                { grids(shown) }
                { addition("sum", lines, sum, network, Some(relu)) }
            </div>
            if several {
                <p class="kernel-step">{ "Every input channel has a kernel of its own for this output; their sums are added:" }</p>
                { sums(&channels, channel, on_channel) }
            }
        </>
    }
}

/// The patch, the kernel and their products.
fn grids(channel: &ChannelSum) -> Html {
    let values: Vec<f32> = channel.taps.iter().map(|tap| tap.value).collect();
    let weights: Vec<f32> = channel.taps.iter().map(|tap| tap.weight).collect();
    let products: Vec<f32> = channel.taps.iter().map(|tap| tap.product() as f32).collect();
    html! {
        <div class="kernel-grids">
            { grid("patch", "Pixels", &values, &channel.taps) }
            <span class="kernel-sign">{ "×" }</span>
            { grid("weights", "Kernel", &weights, &[]) }
            <span class="kernel-sign">{ "=" }</span>
            { grid("products", "Products", &products, &[]) }
        </div>
    }
}

const CELL: f64 = 46.0;
const HEAD: f64 = 18.0;

/// A grid of values, colored by size. Padding is neutral.
fn grid(name: &'static str, title: &'static str, values: &[f32], taps: &[Tap]) -> Html {
    let side = (values.len() as f64).sqrt().round().max(1.0) as usize;
    let range = ColorMap::Diverging.range(None, values);
    let cell = |(index, &value): (usize, &f32)| {
        let (x, y) = ((index % side) as f64 * CELL, HEAD + (index / side) as f64 * CELL);
        let share = (f64::from(value) - range.0) / (range.1 - range.0);
        let padding = taps.get(index).is_some_and(|tap| tap.is_padding);
        // White on the dark ends of the scale, black between them.
        let ink = if (share - 0.5).abs() > 0.33 { "#ffffff" } else { "#1c2127" };
        let (fill, ink) = match padding {
            true => ("fill:var(--sunken)".to_owned(), "fill:var(--ink)".to_owned()),
            false => (format!("fill:{}", ColorMap::Diverging.css(share)), format!("fill:{ink}")),
        };
        html! {
            <g>
                <rect x={x.to_string()} y={y.to_string()} width={CELL.to_string()} height={CELL.to_string()} ~style={fill} data-padding={padding.then_some("")} />
                <text x={(x + CELL / 2.0).to_string()} y={(y + CELL / 2.0 + 4.5).to_string()} text-anchor="middle" ~style={ink}>{ short(value.into()) }</text>
            </g>
        }
    };
    let size = CELL * side as f64;
    let words: Vec<String> = values.iter().map(|value| short((*value).into())).collect();
    html! {
        <svg class="chart-svg kernel-grid" data-grid={name} data-values={values.iter().map(|value| format_exact((*value).into())).collect::<Vec<_>>().join(" ")}
            viewBox={format!("0 0 {size} {}", size + HEAD)} role="img" aria-label={format!("{title}, row by row: {}", words.join(", "))}>
            <text class="axis-label" x="0" y="12">{ title }</text>
            { for values.iter().enumerate().map(cell) }
        </svg>
    }
}

/// Formats a number with at most two decimals, to fit a cell; the table has all digits.
fn short(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    match text.strip_prefix('-') {
        // A value that rounds to 0 has no sign.
        Some("0.00") => "0.00".to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// One term of an addition.
struct Term {
    words: AttrValue,
    value: f64,
}

impl Term {
    fn new(words: impl Into<AttrValue>, value: f64) -> Self {
        Self { words: words.into(), value }
    }
}

/// An addition, term by term, with its sum and the value in the network.
fn addition(
    name: &'static str,
    lines: Vec<Term>,
    sum: Sum,
    network: Option<f32>,
    after: Option<Term>,
) -> Html {
    let agrees = network.is_some_and(|network| sum.agrees(network));
    let write = |value: f64| format_number(value, 4);
    let row = |term: &Term| html! { <tr><th scope="row">{ term.words.clone() }</th><td>{ write(term.value) }</td><td></td></tr> };
    let difference = network.map_or(0.0, |network| (sum.value - f64::from(network)).abs());
    let verdict = if agrees { "✓ the same" } else { "✗ differs" };
    html! {
        <table class="kernel-sum" data-sum={name} data-value={format_exact(sum.value)} data-agrees={agrees.to_string()}
            data-network={network.map(|network| format_exact(network.into()))}>
            <tbody>
                { for lines.iter().map(row) }
                <tr class="total"><th scope="row">{ "= by hand" }</th><td>{ write(sum.value) }</td><td></td></tr>
                <tr><th scope="row">{ "in the network" }</th><td>{ network.map_or_else(|| "–".to_owned(), |value| write(value.into())) }</td>
                    <td title={format!("difference {difference:.1e}")}>{ verdict }</td></tr>
                { for after.iter().map(row) }
            </tbody>
        </table>
    }
}

/// The sum of every channel, with buttons that select a channel.
fn sums(channels: &[ChannelSum], at: usize, on_channel: &Callback<usize>) -> Html {
    let rows = [("products added up", channels.iter().map(|channel| channel.sum).collect())];
    strip(&rows, at, on_channel)
}

/// The terms of a pointwise convolution.
fn mix(layer: &Layer, output: usize, position: usize, at: usize, on_channel: &Callback<usize>) -> Html {
    let mixed = layer.mixed(output, position);
    let rows: [(&str, Vec<f64>); 3] = [
        ("depthwise", mixed.iter().map(|mixed| mixed.value.into()).collect()),
        ("× weight", mixed.iter().map(|mixed| mixed.weight.into()).collect()),
        ("= product", mixed.iter().map(|mixed| mixed.product()).collect()),
    ];
    strip(&rows, at, on_channel)
}

/// Values channel by channel. The head has buttons that select a channel.
fn strip(rows: &[(&str, Vec<f64>)], at: usize, on_channel: &Callback<usize>) -> Html {
    let n = rows.first().map_or(0, |(_, values)| values.len());
    let head = |index: usize| {
        let onclick = on_channel.reform(move |_: MouseEvent| index);
        html! {
            <th scope="col"><button type="button" data-channel={(index + 1).to_string()} aria-pressed={(index == at).to_string()}
                aria-label={format!("Look at channel {}", index + 1)} {onclick}>{ index + 1 }</button></th>
        }
    };
    let row = |(name, values): &(&str, Vec<f64>)| {
        let cells = values.iter().map(|value| html! { <td>{ short(*value) }</td> });
        html! { <tr><th scope="row">{ name.to_string() }</th>{ for cells }</tr> }
    };
    html! {
        // It scrolls where there are many channels, so the keyboard must be able to reach it.
        <div class="kernel-strip" role="region" tabindex="0" aria-label="Channel by channel">
            <table>
                <thead><tr><th scope="row">{ "channel" }</th>{ for (0..n).map(head) }</tr></thead>
                <tbody>{ for rows.iter().map(row) }</tbody>
            </table>
        </div>
    }
}

/// Returns all values of this position with all digits.
pub(super) fn table(at: &KernelPosition<'_>) -> Table {
    let KernelPosition { layer, output, position, .. } = *at;
    let columns =
        ["what", "channel", "row", "column", "value", "weight", "product"].map(str::to_owned).to_vec();
    let exact = |value: f32| format_exact(value.into());
    let of_channel = |(index, channel): (usize, &ChannelSum)| {
        let tap = move |tap: &Tap| {
            let what = if tap.is_padding { "padding" } else { "pixel" };
            let (row, col) = ((tap.row + 1).to_string(), (tap.col + 1).to_string());
            let channel = (index + 1).to_string();
            vec![
                what.to_owned(),
                channel,
                row,
                col,
                exact(tap.value),
                exact(tap.weight),
                format_exact(tap.product()),
            ]
        };
        channel.taps.iter().map(tap).collect::<Vec<_>>()
    };
    let mut rows: Vec<Vec<String>> =
        layer.channel_sums(output, position).iter().enumerate().flat_map(of_channel).collect();
    let empty = String::new;
    for (index, mixed) in layer.mixed(output, position).iter().enumerate() {
        let channel = (index + 1).to_string();
        let by_hand = layer.depthwise_sum(index, position).value;
        rows.push(vec![
            "depthwise by hand".to_owned(),
            channel.clone(),
            empty(),
            empty(),
            format_exact(by_hand),
            empty(),
            empty(),
        ]);
        let product = format_exact(mixed.product());
        rows.push(vec![
            "depthwise × pointwise".to_owned(),
            channel,
            empty(),
            empty(),
            exact(mixed.value),
            exact(mixed.weight),
            product,
        ]);
    }
    let number =
        |what: &str, value: String| vec![what.to_owned(), empty(), empty(), empty(), value, empty(), empty()];
    rows.push(number("bias", exact(layer.bias(output))));
    rows.push(number("sum by hand", format_exact(layer.sum(output, position).value)));
    rows.extend(at.output_map().get(position).map(|value| number("in the network", exact(*value))));
    Table { columns, rows }
}
