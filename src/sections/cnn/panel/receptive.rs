//! The receptive field of one unit on the image, layer by layer.

mod stack;

use super::PtrEq;
use super::images::{rgba, test_image};
use super::text;
use crate::charts::{ChartHeight, LineChart, Series, Table};
use crate::panel::{Readouts, series_table};
use crate::sections::cnn::{
    Config, Reach, Samples, StackKind, StackLayer, effective_size, path_counts, reaches, span,
};
use crate::ui::figure::Figure;
use crate::ui::picture::Picture;
use crate::ui::player::Player;
use stack::StackFigure;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct ReceptiveProps {
    pub(super) config: Config,
    pub(super) samples: Option<PtrEq<Samples>>,
}

/// Height and width of the image.
const SIDE: u32 = 32;

/// Row and column of the unit as fractions of the map, since layers differ in size.
type Fractions = (f64, f64);

/// Returns the unit of a map at a fraction of its side.
fn unit_at(layers: &[StackLayer], fraction: f64) -> usize {
    let out = layers.last().map_or(SIDE, |layer| layer.out);
    ((fraction * f64::from(out)) as usize).min(out.saturating_sub(1) as usize)
}

/// The two main figures of the chapter.
#[component]
pub(super) fn Receptive(props: &ReceptiveProps) -> Html {
    let ReceptiveProps { config, samples } = props;
    let layers = Rc::new(config.stack(SIDE));
    let chosen = use_state_eq(|| usize::MAX);
    let at = use_state_eq(|| (0.5, 0.5));
    let depth = (*chosen).min(layers.len());
    let on_depth = {
        let (chosen, all) = (chosen.setter(), layers.len());
        // The last layer stays chosen if another one is added.
        Callback::from(move |depth: usize| chosen.set(if depth >= all { usize::MAX } else { depth }))
    };
    let on_place = {
        let at = at.setter();
        Callback::from(move |to: Fractions| at.set(to))
    };
    let shown = layers.get(..depth).unwrap_or_default();
    let reach = reaches(shown).last().copied().unwrap_or(Reach { size: 1, jump: 1 });
    let samples = samples.as_ref().map(|samples| &*samples.0);
    let words = match shown.last() {
        None => "the image itself".to_owned(),
        Some(layer) => format!("after {}: {1} × {1} pixels", name(&layers, depth, layer.kind), reach.size),
    };
    let table = {
        let layers = layers.clone();
        Callback::from(move |()| layers_table(&layers))
    };
    html! {
        <div class="figure-row">
            <Figure name="receptive-field" look_for={text::receptive(shown, reach)} {table}>
                { picture(config, samples, shown, *at, &on_place) }
                <Player name="receptive" label="Layer" at={depth} count={layers.len() + 1} on_move={on_depth.clone()} {words} interval_ms={900} />
            </Figure>
            <StackFigure layers={layers.clone()} {depth} column={at.1} on_depth={on_depth} />
        </div>
    }
}

/// Returns the name of a layer of the stack, such as "convolution 2".
fn name(layers: &[StackLayer], depth: usize, kind: StackKind) -> String {
    let number = layers.iter().take(depth).filter(|layer| layer.kind == kind).count();
    match kind {
        StackKind::Conv => format!("convolution {number}"),
        StackKind::Pool => format!("pooling {number}"),
    }
}

/// The room around the image, in pixels, in which receptive fields that extend beyond it are visible.
const MARGIN: i64 = 2;

/// The image with the receptive field of one unit.
fn picture(
    config: &Config,
    samples: Option<&Samples>,
    shown: &[StackLayer],
    (row, col): Fractions,
    on_place: &Callback<Fractions>,
) -> Html {
    let image = test_image(samples, config.image);
    let counts = |fraction: f64| {
        path_counts(shown, unit_at(shown, fraction)).pop().unwrap_or_else(|| {
            let unit = unit_at(shown, fraction);
            (0..SIDE as usize).map(|pixel| if pixel == unit { 1.0 } else { 0.0 }).collect()
        })
    };
    let overlay = Rc::new(weights(&counts(row), &counts(col)));
    let square = |depth: usize| {
        let layers = shown.get(..depth).unwrap_or_default();
        let (rows, cols) = (span(layers, unit_at(layers, row)), span(layers, unit_at(layers, col)));
        let now = (depth == shown.len()).then_some("");
        html! {
            <rect class="rf-square" data-now={now} x={cols.0.to_string()} y={rows.0.to_string()}
                width={(cols.1 - cols.0 + 1).to_string()} height={(rows.1 - rows.0 + 1).to_string()} />
        }
    };
    let all = i64::from(SIDE) + 2 * MARGIN;
    let inset = 100.0 * MARGIN as f64 / all as f64;
    html! {
        <div class="rf-picture">
            <div ~style={format!("inset:{inset:.3}%")}><Picture side={SIDE as usize} rgba={rgba(config.dataset, &image)} label="the image" /></div>
            <div ~style={format!("inset:{inset:.3}%")}><Picture side={SIDE as usize} rgba={overlay} label="the weight of each pixel" /></div>
            <svg class="chart-svg" viewBox={format!("-{MARGIN} -{MARGIN} {all} {all}")} role="application" aria-roledescription="image" tabindex="0"
                aria-label="The receptive field on the image. Arrow keys move the unit." data-action="move-unit"
                onpointerdown={on_pointer(on_place)} onkeydown={on_key((row, col), on_place)}>
                { for (0..=shown.len()).map(square) }
            </svg>
        </div>
    }
}

/// Returns the paths from each pixel to the unit as the opacity of a color. The square root makes the rare ones
/// visible.
fn weights(rows: &[f64], cols: &[f64]) -> Vec<u8> {
    let max = |counts: &[f64]| counts.iter().copied().fold(0.0, f64::max).max(1e-300);
    let (rows_max, cols_max) = (max(rows), max(cols));
    let pixel = |(row, col): (&f64, &f64)| {
        let share = (row / rows_max * (col / cols_max)).sqrt();
        [227, 103, 20, (215.0 * share).round() as u8]
    };
    rows.iter().flat_map(|row| cols.iter().map(move |col| (row, col))).flat_map(pixel).collect()
}

/// Returns a callback that emits the place under the pointer.
fn on_pointer(on_place: &Callback<Fractions>) -> Callback<PointerEvent> {
    let on_place = on_place.clone();
    Callback::from(move |event: PointerEvent| {
        // Squares ignore the pointer, so the target is always the whole drawing.
        let Some(drawing) = event.target_dyn_into::<Element>() else { return };
        let frame = drawing.get_bounding_client_rect();
        let fraction = |at: f64, length: f64| {
            let all = (i64::from(SIDE) + 2 * MARGIN) as f64;
            let pixel = at / length.max(1.0) * all - MARGIN as f64;
            (pixel / f64::from(SIDE)).clamp(0.0, 0.999)
        };
        on_place.emit((
            fraction(f64::from(event.client_y()) - frame.top(), frame.height()),
            fraction(f64::from(event.client_x()) - frame.left(), frame.width()),
        ));
    })
}

/// Returns a callback that emits the place that an arrow key leads to.
fn on_key((row, col): Fractions, on_place: &Callback<Fractions>) -> Callback<KeyboardEvent> {
    let on_place = on_place.clone();
    Callback::from(move |event: KeyboardEvent| {
        let step = 1.0 / f64::from(SIDE);
        let (row, col) = match event.key().as_str() {
            "ArrowLeft" => (row, col - step),
            "ArrowRight" => (row, col + step),
            "ArrowUp" => (row - step, col),
            "ArrowDown" => (row + step, col),
            _ => return,
        };
        event.prevent_default();
        on_place.emit((row.clamp(0.0, 0.999), col.clamp(0.0, 0.999)));
    })
}

fn layers_table(layers: &[StackLayer]) -> Table {
    let row = |(index, (layer, reach)): (usize, (&StackLayer, Reach))| {
        let shown = layers.get(..=index).unwrap_or_default();
        let counts = path_counts(shown, unit_at(shown, 0.5)).pop().unwrap_or_default();
        let shape = layer.shape;
        let numbers = [shape.kernel, shape.stride, shape.dilation, layer.out, reach.jump, reach.size];
        std::iter::once(name(layers, index + 1, layer.kind))
            .chain(numbers.map(|number| number.to_string()))
            .chain([effective_size(&counts).to_string()])
            .collect()
    };
    let columns = [
        "layer",
        "kernel",
        "stride",
        "dilation",
        "output size",
        "jump",
        "receptive field",
        "pixels with 95% of the weight",
    ];
    Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows: layers.iter().zip(reaches(layers)).enumerate().map(row).collect(),
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct ProfileProps {
    pub(super) config: Config,
}

/// The weight of each pixel of a row in the middle unit of every convolution.
#[component]
pub(super) fn Profile(props: &ProfileProps) -> Html {
    let layers = props.config.stack(SIDE);
    let series: Vec<Series> = (1..=layers.len())
        .filter_map(|depth| layers.get(..depth))
        .filter(|shown| shown.last().is_some_and(|layer| layer.kind == StackKind::Conv))
        .enumerate()
        .map(|(index, shown)| {
            let counts = path_counts(shown, unit_at(shown, 0.5)).pop().unwrap_or_default();
            let total = counts.iter().sum::<f64>().max(1e-300);
            let points = counts.iter().enumerate().map(|(pixel, count)| ((pixel + 1) as f64, count / total));
            // The colors of both networks are not used, since this is neither of them.
            Series::new(format!("convolution {}", index + 1), Rc::new(points.collect()), index + 2)
        })
        .collect();
    html! {
        <>
            <Readouts />
            { text::reach_formula() }
            <Figure name="receptive-profile" look_for={text::profile()} table={series_table("pixel", &series)}>
                <ContextProvider<ChartHeight> context={ChartHeight(240.0)}>
                    <LineChart name="receptive-profile" x_label="pixel of a row" y_label="share of the weight" {series} integer_x={true} />
                </ContextProvider<ChartHeight>>
            </Figure>
        </>
    }
}
