//! Pooling of a small map window by window, and what a shift changes in its output.

mod grid;

use super::PtrEq;
use super::images::{image_choice, test_image};
use super::text;
use crate::charts::{ChartHeight, LineChart, Series, Table, scale::format_exact};
use crate::panel::series_table;
use crate::sections::cnn::{
    Config, ImageView, POOLINGS, Planes, Pooling, Samples, Shift, Windows, shift_changes,
};
use crate::ui::figure::Figure;
use crate::ui::player::Player;
use crate::ui::readout::format_number;
use grid::{Marks, NumberGrid};
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct PooledProps {
    pub(super) config: Config,
    pub(super) samples: Option<PtrEq<Samples>>,
    /// The activations of the standard CNN for the selected image.
    pub(super) view: Option<PtrEq<ImageView>>,
    pub(super) set: Callback<(&'static str, Value)>,
}

/// The block whose map has the right size for reading its numbers: 8 x 8.
const BLOCK: usize = 2;
/// The side of that map.
const SIDE: usize = 8;

/// A map with its description.
#[derive(Clone, PartialEq)]
struct ShownMap {
    map: Planes,
    words: String,
}

impl Config {
    /// Returns the windows of the settings.
    fn windows(&self) -> Windows {
        Windows { size: self.pool_size as usize, stride: self.pool_stride as usize }
    }
}

/// Returns all maps of a block after ReLU.
fn block_maps(view: &ImageView, block: usize) -> Option<Planes> {
    let maps = view.blocks.get(block)?;
    let values: Vec<f32> = maps.activations().flatten().collect();
    let side = maps.side as usize;
    Some(Planes { channels: values.len() / (side * side).max(1), side, values })
}

/// Returns the map with the largest sum, since maps of an untrained network may be 0 everywhere. Without a network it is
/// the drawn picture.
fn shown_map(samples: Option<&Samples>, view: Option<&ImageView>, image: u32) -> ShownMap {
    let of_network = view.and_then(|view| {
        let maps = block_maps(view, BLOCK).filter(|maps| maps.side == SIDE)?;
        let sum = |index: &usize| maps.plane(*index).iter().sum::<f32>();
        let best = (0..maps.channels).max_by(|a, b| sum(a).total_cmp(&sum(b)))?;
        let map = Planes { channels: 1, side: SIDE, values: maps.plane(best).to_vec() };
        let when =
            if view.step == 0 { "before training".to_owned() } else { format!("after step {}", view.step) };
        let words = format!("Map {} of block {}, {when}", best + 1, BLOCK + 1);
        Some(ShownMap { map, words })
    });
    of_network.unwrap_or_else(|| {
        let image = test_image(samples, image).gray();
        let factor = (image.side / SIDE).max(1);
        ShownMap { map: image.reduced(factor), words: "The image, reduced to 8 × 8".to_owned() }
    })
}

/// The main figure of the chapter.
#[component]
pub(super) fn Pooled(props: &PooledProps) -> Html {
    let PooledProps { config, samples, view, set } = props;
    let windows = config.windows();
    let samples = samples.as_ref().map(|samples| &*samples.0);
    let ShownMap { map, words } = shown_map(samples, view.as_ref().map(|view| &*view.0), config.image);
    let at = use_state_eq(|| 0);
    let pixels = use_state_eq(|| 0);
    let input = map.shifted(Shift { down: 0, right: *pixels });
    let count = windows.count(SIDE);
    let window = (*at).min((count * count).saturating_sub(1));
    let on_move = {
        let at = at.setter();
        Callback::from(move |to: usize| at.set(to))
    };
    let pooled = |kind: Pooling| (windows.pooled(&input, kind), windows.pooled(&map, kind));
    let output = |kind: Pooling| {
        let (now, before) = pooled(kind);
        let changed = (0..now.values.len()).filter(|i| now.values.get(*i) != before.values.get(*i));
        let marks = Marks { current: vec![window], winner: None, changed: changed.collect() };
        let title = match kind {
            Pooling::Max => "Maximum",
            Pooling::Average => "Average",
            Pooling::Stride => "First value",
        };
        html! {
            <NumberGrid name={kind.title()} title={format!("{title}, {count} × {count}")} side={now.side} values={Rc::new(now.values)}
                {marks} on_pick={on_move.clone()} />
        }
    };
    let marks = Marks {
        current: windows.positions(SIDE, window).collect(),
        winner: windows.winner(&input.values, SIDE, window),
        changed: Vec::new(),
    };
    let shift = {
        let pixels = pixels.clone();
        Callback::from(move |_: MouseEvent| pixels.set(1 - *pixels))
    };
    let measured = ShiftTable::of(config, samples, view.as_ref().map(|view| &*view.0));
    let table = {
        let measured = measured.clone();
        Callback::from(move |()| measured.table())
    };
    let position = format!("window {} of {}", window + 1, count * count);
    html! {
        <Figure name="pooling-windows" look_for={text::pooling()} {table}>
            <div class="pooling">
                <NumberGrid name="input" title={words} side={SIDE} values={Rc::new(input.values.clone())} {marks} on_pick={None::<Callback<usize>>} />
                <div class="pooling-outputs">
                    { output(Pooling::Max) }
                    { output(Pooling::Average) }
                    <Player name="pooling" label="Window" at={window} count={count * count} {on_move} words={position} interval_ms={500} />
                    { image_choice(samples, config.image, set) }
                </div>
                <div class="pooling-side">
                    <button type="button" data-action="shift-map" aria-pressed={(*pixels == 1).to_string()} onclick={shift}>
                        { if *pixels == 1 { "← Shift it back" } else { "Shift the map by one pixel →" } }
                    </button>
                    { measured.html() }
                </div>
            </div>
        </Figure>
    }
}

/// The change of the first block's maps by a shift of one pixel, without pooling and with each kind, and the number of
/// values of a map.
#[derive(Clone)]
struct ShiftTable {
    words: &'static str,
    rows: Vec<(&'static str, Option<f64>, usize)>,
}

impl ShiftTable {
    fn of(config: &Config, samples: Option<&Samples>, view: Option<&ImageView>) -> Self {
        let (maps, words) = measured_maps(config, samples, view);
        let (own, changes) = shift_changes(&maps, config.windows(), 1);
        let left = config.windows().count(maps.side).pow(2);
        let pooled = POOLINGS.iter().zip(changes).map(|(kind, change)| (kind.title(), change, left));
        let rows = std::iter::once(("no pooling", own, maps.side * maps.side)).chain(pooled);
        Self { words, rows: rows.collect() }
    }

    fn html(&self) -> Html {
        let row = |(name, change, n): &(&'static str, Option<f64>, usize)| {
            html! {
                <tr>
                    <th scope="row">{ *name }</th>
                    <td data-change={*name} data-value={change.map(format_exact)}>{ change.map_or_else(|| "–".to_owned(), |change| format!("{:.0}%", 100.0 * change)) }</td>
                    <td>{ format_number(*n as f64, 12) }</td>
                </tr>
            }
        };
        html! {
            <table class="shift-numbers">
                <caption>{ format!("Measured on {}: change by a shift of one pixel, and values that are left", self.words) }</caption>
                <thead><tr><th scope="col">{ "output" }</th><th scope="col">{ "change" }</th><th scope="col">{ "values" }</th></tr></thead>
                <tbody>{ for self.rows.iter().map(row) }</tbody>
            </table>
        }
    }

    fn table(&self) -> Table {
        let row = |(name, change, n): &(&'static str, Option<f64>, usize)| {
            vec![(*name).to_owned(), change.map_or_else(|| "–".to_owned(), format_exact), n.to_string()]
        };
        Table {
            columns: ["output", "relative change by a shift of one pixel", "values"]
                .map(str::to_owned)
                .to_vec(),
            rows: self.rows.iter().map(row).collect(),
        }
    }
}

/// Returns the maps on which shifts are measured, those of the first block or else the image, and their description.
fn measured_maps(
    config: &Config,
    samples: Option<&Samples>,
    view: Option<&ImageView>,
) -> (Planes, &'static str) {
    match view.and_then(|view| block_maps(view, 0)) {
        Some(maps) => (maps, "the maps of block 1"),
        None => (test_image(samples, config.image), "the image"),
    }
}

/// The relative change of a map, and of its pooled versions.
type Changes = (Option<f64>, [Option<f64>; 3]);

/// The maximum shift in the chart.
const MAX_SHIFT: usize = 4;

/// The change of the first block's output over the shift, for all its maps.
#[component]
pub(super) fn ShiftChanges(props: &PooledProps) -> Html {
    let PooledProps { config, samples, view, .. } = props;
    let samples = samples.as_ref().map(|samples| &*samples.0);
    let (maps, words) = measured_maps(config, samples, view.as_ref().map(|view| &*view.0));
    let changes: Vec<_> =
        (0..=MAX_SHIFT).map(|pixels| (pixels, shift_changes(&maps, config.windows(), pixels))).collect();
    let line = |name: &'static str, color: usize, of: &dyn Fn(&Changes) -> Option<f64>| {
        let points = changes.iter().filter_map(|(pixels, change)| Some((*pixels as f64, of(change)?)));
        Series::new(name, Rc::new(points.collect()), color)
    };
    let mut series = vec![line("no pooling", 7, &|(own, _)| *own)];
    for (index, kind) in POOLINGS.iter().enumerate() {
        series
            .push(line(kind.title(), index + 2, &move |(_, changes)| changes.get(index).copied().flatten()));
    }
    let look_for = html! { <>{ format!("The change of {words} (32 × 32) and of their pooled versions, relative to the norm, for shifts of up to {MAX_SHIFT} pixels. Outputs that read the border are left out. Pooling makes a network somewhat tolerant of small shifts, not invariant to them (Zhang 2019).") }</> };
    html! {
        <Figure name="pooling-shifts" {look_for} table={series_table("pixels", &series)}>
            <ContextProvider<ChartHeight> context={ChartHeight(240.0)}>
                <LineChart name="pooling-shifts" x_label="shift in pixels" y_label="relative change" {series} integer_x={true} markers={true} />
            </ContextProvider<ChartHeight>>
        </Figure>
    }
}
