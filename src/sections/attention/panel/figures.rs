//! The figures of section 5 that need no training: one head, the saturation sweep, and multi-head attention.

use super::text;
use crate::charts::{Bar, BarChart, ColorMap, Grid, Heatmap, LineChart, Reference, ScaleKind, Series, Table};
use crate::panel::series_table;
use crate::sections::attention::{
    Config, Heads, Maps, SCALED, STAGES, Saturation, Spread, Sweep, SweepPoint, UNSCALED, entropy_uniform,
    head_dim,
};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct MapProps {
    pub(super) config: Config,
    pub(super) maps: Option<Rc<Maps>>,
}

/// Returns an `n` by `n` grid, or an empty one if the number of values differs.
pub(super) fn square(n: usize, values: &Rc<Vec<f32>>) -> Grid {
    let n = if values.len() == n * n { n } else { 0 };
    Grid { rows: n, cols: n, values: values.clone() }
}

/// Returns the numbers of the tokens, counted from 1.
pub(super) fn numbers(n: usize) -> Rc<Vec<AttrValue>> {
    Rc::new((1..=n).map(|i| AttrValue::from(i.to_string())).collect())
}

/// One head's weights, with and without the scale.
#[component]
pub(super) fn MapFigures(props: &MapProps) -> Html {
    let none = Rc::new(Maps::default());
    let maps = props.maps.as_ref().unwrap_or(&none);
    html! {
        <div class="figure-row">
            { map_figure(props, maps, "scaled", "Weights, scaled", &maps.weights_scaled) }
            { map_figure(props, maps, "unscaled", "Weights, unscaled", &maps.weights_unscaled) }
        </div>
    }
}

fn map_figure(
    props: &MapProps,
    maps: &Maps,
    slug: &str,
    title: &'static str,
    weights: &Rc<Vec<f32>>,
) -> Html {
    let n = maps.n as usize;
    let grid = square(n, weights);
    let also = vec![
        (AttrValue::from("score"), square(n, &maps.scores)),
        (AttrValue::from("scaled score"), square(n, &maps.scaled_scores)),
    ];
    let table = {
        let maps = maps.clone();
        Callback::from(move |()| cell_table(&maps))
    };
    let look_for = match slug {
        "scaled" => {
            html! { <>{ "Each row is a query and adds up to 1 (or to 0 if the mask leaves it nothing). Read a cell with the pointer or the arrow keys: weight, score " }<em>{ "q" }</em>{ " · " }<em>{ "k" }</em>{ ", and the score divided by √" }{ crate::ui::math::math(crate::ui::math::tex!(r"\set{d_k}{d_k}")) }{ "." }</> }
        }
        _ => {
            html! { <>{ "The same queries and keys, with the scores as they are. At a large " }{ crate::ui::math::math(crate::ui::math::tex!(r"\set{d_k}{d_k}")) }{ " each row has one bright cell: the softmax has become a choice of the largest score." }</> }
        }
    };
    let formula = if slug == "scaled" { text::scaled_formula() } else { text::unscaled_formula() };
    let names = numbers(props.config.n_tokens as usize);
    html! {
        <Figure name={format!("weights-{slug}")} {title} {look_for} {formula} {table}>
            <Heatmap name={format!("weights-{slug}")} {grid} map={ColorMap::Sequential} range={Some((0.0, 1.0))}
                x_label="key" y_label="query" value_label="weight" {also} row_names={names.clone()} col_names={names}
                empty={WAITING} />
        </Figure>
    }
}

/// Returns the scores and weights of each cell as a table.
fn cell_table(maps: &Maps) -> Table {
    let n = (maps.n as usize).max(1);
    let columns = ["query", "key", "score", "scaled score", "weight, scaled", "weight, unscaled"]
        .map(str::to_owned)
        .to_vec();
    let parts = [&maps.scores, &maps.scaled_scores, &maps.weights_scaled, &maps.weights_unscaled];
    let row = |i: usize| {
        let mut row = vec![(i / n + 1).to_string(), (i % n + 1).to_string()];
        row.extend(parts.iter().map(|part| part.get(i).map_or_else(String::new, f32::to_string)));
        row
    };
    Table { columns, rows: (0..maps.weights_scaled.len()).map(row).collect() }
}

#[derive(PartialEq, Properties)]
pub(super) struct SweepProps {
    pub(super) config: Config,
    pub(super) sweep: Option<Rc<Sweep>>,
}

/// Entropy against d_k, and the distribution at the slider's d_k.
#[component]
pub(super) fn SweepStage(props: &SweepProps) -> Html {
    let none = Rc::new(Sweep::default());
    let sweep = props.sweep.as_ref().unwrap_or(&none);
    html! {
        <div class="figure-row">
            { entropy_figure(props, sweep) }
            { bars_figure(props, sweep) }
        </div>
    }
}

/// Largest weight and Jacobian against d_k.
#[component]
pub(super) fn SweepFigures(props: &SweepProps) -> Html {
    let none = Rc::new(Sweep::default());
    let sweep = props.sweep.as_ref().unwrap_or(&none);
    html! {
        <div class="figure-row">
            { largest_figure(props, sweep) }
            { jacobian_figure(sweep) }
        </div>
    }
}

/// Returns a line over the sweep, with a band of one standard deviation over the random samples.
fn line(
    name: &'static str,
    color: usize,
    sweep: &Sweep,
    of: impl Fn(&SweepPoint) -> Spread,
    ceiling: f64,
) -> Series {
    let points = sweep.points.iter().map(|point| (f64::from(point.d_k), of(point)));
    let band =
        points.clone().map(|(x, Spread { mean, sd })| (x, (mean - sd).max(0.0), (mean + sd).min(ceiling)));
    Series {
        band: Some(Rc::new(band.collect())),
        ..Series::new(name, Rc::new(points.map(|(x, spread)| (x, spread.mean)).collect()), color)
    }
}

/// Returns the same measure of both softmaxes.
fn pair(sweep: &Sweep, of: fn(&Saturation) -> Spread, ceiling: f64) -> Vec<Series> {
    vec![
        line("scaled", SCALED, sweep, |point| of(&point.scaled), ceiling),
        line("unscaled", UNSCALED, sweep, |point| of(&point.unscaled), ceiling),
    ]
}

/// Shown until the first measurements arrive.
pub(super) const WAITING: &str = "The chart appears when the compute engine is loaded.";

fn entropy_figure(props: &SweepProps, sweep: &Sweep) -> Html {
    let uniform = entropy_uniform(&props.config);
    let series = pair(sweep, |s| s.entropy, uniform);
    let references = vec![Reference { label: "ln n: equal weights".into(), y: uniform }];
    let look_for = html! { <>{ "How evenly a query spreads its attention; the bands are one standard deviation over random samples. With the scale the curve is flat. Without it the weights collapse as " }{ crate::ui::math::math(crate::ui::math::tex!(r"\set{d_k}{d_k}")) }{ " grows." }</> };
    html! {
        <Figure name="entropy" {look_for} formula={text::entropy_formula()} table={series_table("d_k", &series)}>
            <LineChart name="entropy" x_label="d_k (log scale)" y_label="entropy (nats)" x_scale={ScaleKind::Log} {series} {references}
                y_range={Some((0.0, uniform * 1.1))} markers={true} integer_x={true} empty={WAITING} />
        </Figure>
    }
}

fn largest_figure(props: &SweepProps, sweep: &Sweep) -> Html {
    let series = pair(sweep, |s| s.largest, 1.0);
    let references =
        vec![Reference { label: "1/n: equal weights".into(), y: 1.0 / f64::from(props.config.n_keys) }];
    let look_for = html! { <>{ "The largest weight of each query, averaged. Near 1 the softmax has picked a single key, at random, before anything was learned." }</> };
    html! {
        <Figure name="largest-weight" {look_for} table={series_table("d_k", &series)}>
            <LineChart name="largest-weight" x_label="d_k (log scale)" y_label="largest weight" x_scale={ScaleKind::Log} {series} {references}
                y_range={Some((0.0, 1.0))} markers={true} integer_x={true} empty={WAITING} />
        </Figure>
    }
}

fn jacobian_figure(sweep: &Sweep) -> Html {
    let ceiling = f64::INFINITY;
    let mean = |name, color, of: fn(&SweepPoint) -> Spread| Series {
        dashed: true,
        band: None,
        ..line(name, color, sweep, of, ceiling)
    };
    let series = vec![
        line("scaled, median", SCALED, sweep, |p| p.scaled.jacobian_median, ceiling),
        line("unscaled, median", UNSCALED, sweep, |p| p.unscaled.jacobian_median, ceiling),
        mean("scaled, mean", SCALED, |p| p.scaled.jacobian_mean),
        mean("unscaled, mean", UNSCALED, |p| p.unscaled.jacobian_mean),
    ];
    let look_for = html! { <>{ "How much the weights answer to a change of the scores: the factor that every gradient to queries and keys must pass. A little saturation raises it. More makes it vanish for the typical query (median), while the few that waver between two keys keep the mean (dashed) up." }</> };
    html! {
        <Figure name="jacobian" {look_for} formula={text::jacobian_formula()} table={series_table("d_k", &series)}>
            <LineChart name="jacobian" x_label="d_k (log scale)" y_label="Frobenius norm" x_scale={ScaleKind::Log} {series}
                y_range={Some((0.0, 0.5))} markers={true} integer_x={true} empty={WAITING} />
        </Figure>
    }
}

/// The maximum number of bars; more would be too thin to see.
const MAX_BARS: usize = 32;

fn bars_figure(props: &SweepProps, sweep: &Sweep) -> Html {
    let Config { d_k, n_keys, .. } = props.config;
    let bars: Vec<Bar> = sweep
        .bars_scaled
        .iter()
        .zip(&sweep.bars_unscaled)
        .enumerate()
        .map(|(i, (&scaled, &unscaled))| Bar {
            label: AttrValue::from((i + 1).to_string()),
            values: vec![scaled.into(), unscaled.into()],
        })
        .collect();
    let groups: Vec<AttrValue> = vec!["scaled".into(), "unscaled".into()];
    let shown = Rc::new(bars.iter().take(MAX_BARS).cloned().collect::<Vec<_>>());
    let table = {
        let groups = groups.clone();
        Callback::from(move |()| Table::from_bars("rank", &groups, &bars))
    };
    let which = if n_keys as usize > MAX_BARS {
        format!("The {MAX_BARS} largest of {n_keys} weights of one query")
    } else {
        format!("All {n_keys} weights of one query")
    };
    let look_for = html! { <>{ format!("{which} at d_k = {d_k}, largest first. Move the slider of d_k: the scaled bars keep their shape, the unscaled ones pile up on the left.") }</> };
    html! {
        <Figure name="distribution" title={format!("The distribution at d_k = {d_k}")} {look_for} {table}>
            <BarChart name="distribution" x_label="key, by rank of its weight" y_label="weight" {groups} bars={shown} empty={WAITING} />
        </Figure>
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct HeadProps {
    pub(super) config: Config,
    pub(super) heads: Option<Rc<Heads>>,
}

/// The shapes of a forward pass, and the weights of each head.
#[component]
pub(super) fn HeadFigures(props: &HeadProps) -> Html {
    let Some(d_head) = head_dim(&props.config) else { return Html::default() };
    let heads = props.heads.as_deref();
    let maps = heads.map_or(&[][..], |heads| &heads.weights);
    let n = heads.map_or(0, |heads| heads.n as usize);
    let names = numbers(n);
    let look_for = html! { <>{ format!("A random input through the untrained module, under the mask of the settings. Each head has its own projections to d_k = {d_head} numbers, and so its own weights.") }</> };
    html! {
        <>
            <Shapes shapes={heads.map(|heads| heads.shapes.clone()).unwrap_or_default()} />
            <Figure name="head-maps" {look_for} formula={text::multi_head_formula()} table={heads_table(maps, &names, &names)}>
                <HeadMaps name="head-maps" maps={maps.to_vec()} {n} row_names={names.clone()} col_names={names}
                    x_label="key" y_label="query" />
            </Figure>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct ShapesProps {
    shapes: Vec<Vec<u32>>,
}

/// The stages of multi-head attention with the shapes of their tensors.
#[component]
fn Shapes(props: &ShapesProps) -> Html {
    let row = |(i, stage): (usize, &&str)| {
        let shape = props.shapes.get(i).map_or_else(|| "–".to_owned(), |shape| format!("{shape:?}"));
        html! {
            <tr>
                <th scope="row">{ *stage }</th>
                <td>{ text::stage_shape(i) }</td>
                <td><code data-stage={i.to_string()}>{ shape }</code></td>
            </tr>
        }
    };
    html! {
        <div class="stage-shapes" role="region" tabindex="0" aria-label="The shape at every stage">
            <table>
                <caption>{ "The shape at every stage, read from a forward pass of one sequence" }</caption>
                <thead><tr><th scope="col">{ "Stage" }</th><th scope="col">{ "Shape" }</th><th scope="col">{ "Here" }</th></tr></thead>
                <tbody>{ for STAGES.iter().enumerate().map(row) }</tbody>
            </table>
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct HeadMapsProps {
    pub(super) name: AttrValue,
    /// One map per head, `[n, n]`.
    pub(super) maps: Vec<Rc<Vec<f32>>>,
    pub(super) n: usize,
    /// The titles of the heads; by default their numbers, counted from 1.
    #[prop_or_default]
    pub(super) titles: Vec<AttrValue>,
    /// A line below each title.
    #[prop_or_default]
    pub(super) notes: Vec<AttrValue>,
    #[prop_or(true)]
    pub(super) bar: bool,
    #[prop_or(220.0)]
    pub(super) max_height: f64,
    pub(super) row_names: Rc<Vec<AttrValue>>,
    pub(super) col_names: Rc<Vec<AttrValue>>,
    pub(super) x_label: AttrValue,
    pub(super) y_label: AttrValue,
    #[prop_or_default]
    pub(super) points: Option<Rc<Vec<(f64, f64, usize)>>>,
    #[prop_or_default]
    pub(super) empty: AttrValue,
}

/// Small maps next to each other, one per head.
#[component]
pub(super) fn HeadMaps(props: &HeadMapsProps) -> Html {
    let none = [Rc::default()];
    let maps = if props.maps.is_empty() { &none[..] } else { &props.maps[..] };
    let map = |(i, weights): (usize, &Rc<Vec<f32>>)| {
        let title =
            props.titles.get(i).cloned().unwrap_or_else(|| AttrValue::from(format!("Head {}", i + 1)));
        html! {
            <div class="head-map" key={i}>
                <p class="head-title">{ title }</p>
                if let Some(note) = props.notes.get(i) {
                    <p class="head-note">{ note.clone() }</p>
                }
                <Heatmap name={format!("{}, head {}", props.name, i + 1)} grid={square(props.n, weights)} map={ColorMap::Sequential}
                    range={Some((0.0, 1.0))} x_label={props.x_label.clone()} y_label={props.y_label.clone()} value_label="weight"
                    row_names={props.row_names.clone()} col_names={props.col_names.clone()} points={props.points.clone()}
                    color_bar={props.bar} max_height={props.max_height} empty={props.empty.clone()} />
            </div>
        }
    };
    let is_small = (!props.bar).then_some("");
    html! { <div class="head-maps" data-small={is_small}>{ for maps.iter().enumerate().map(map) }</div> }
}

/// Returns the weights as a table, with one row per head and query and one column per key.
pub(super) fn heads_table(
    maps: &[Rc<Vec<f32>>],
    row_names: &Rc<Vec<AttrValue>>,
    col_names: &Rc<Vec<AttrValue>>,
) -> Callback<(), Table> {
    let (maps, row_names, col_names) = (maps.to_vec(), row_names.clone(), col_names.clone());
    Callback::from(move |()| {
        let mut columns = vec!["head".to_owned(), "query".to_owned()];
        columns.extend(col_names.iter().map(|name| format!("key {name}")));
        let n = col_names.len().max(1);
        let rows = maps.iter().enumerate().flat_map(|(head, map)| {
            let row_names = row_names.clone();
            let rows: Vec<Vec<String>> = map
                .chunks(n)
                .enumerate()
                .map(|(query, weights)| {
                    let name = row_names.get(query).map_or_else(String::new, ToString::to_string);
                    let mut row = vec![(head + 1).to_string(), name];
                    row.extend(weights.iter().map(f32::to_string));
                    row
                })
                .collect();
            rows
        });
        Table { columns, rows: rows.collect() }
    })
}
