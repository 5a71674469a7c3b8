//! The attention of all heads as small maps, and of one head as a large map and as shading of the text.

use super::chars::{labels, spoken, visible};
use crate::charts::{ColorMap, Grid, Heatmap, Table};
use crate::panel::PtrEq;
use crate::sections::transformer::heads::Snapshot;
use crate::ui::figure::Figure;
use crate::ui::picture::Picture;
use crate::ui::readout::{MetricOutput, format_number};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct HeadsProps {
    pub(super) snapshot: PtrEq<Snapshot>,
    /// The characters that the model attends to.
    pub(super) window: PtrEq<Vec<char>>,
    /// The index of the large head among the heads of all layers.
    pub(super) head: usize,
    pub(super) on_head: Callback<usize>,
    /// The slider over the snapshots.
    pub(super) timeline: Html,
}

/// Returns the layer of a head and its index there, from its index among the heads of all layers.
pub(super) fn layer_and_head(snapshot: &Snapshot, head: usize) -> (u32, u32) {
    let (head, heads) = (head as u32, snapshot.n_heads.max(1));
    (head / heads, head % heads)
}

/// Returns the name of a head, such as "layer 2, head 3", both counted from 1.
pub(super) fn head_name(snapshot: &Snapshot, head: usize) -> String {
    let (layer, head) = layer_and_head(snapshot, head);
    format!("layer {}, head {}", layer + 1, head + 1)
}

/// Returns the square roots of a head's weights, which make small weights visible, and the weights.
pub(super) fn grids(snapshot: &Snapshot, head: usize) -> (Grid, Grid) {
    let weights = snapshot.map(head);
    let roots = weights.iter().map(|weight| weight.sqrt()).collect();
    let n = snapshot.n as usize;
    let grid = |values| Grid { rows: n, cols: n, values: Rc::new(values) };
    (grid(roots), grid(weights))
}

/// Small pictures of all heads in one row per layer; `element` adds the controls of a head to its picture.
#[hook]
pub(super) fn use_head_grid(snapshot: PtrEq<Snapshot>, element: impl Fn(usize, Html) -> Html) -> Html {
    let pictures = use_memo(snapshot.clone(), |snapshot| {
        let paint = |head| Rc::new(ColorMap::Sequential.paint(&grids(snapshot, head).0.values, (0.0, 1.0)));
        (0..snapshot.len()).map(paint).collect::<Vec<_>>()
    });
    let heads = (snapshot.n_heads as usize).max(1);
    let picture = |(head, rgba): (usize, &Rc<Vec<u8>>)| {
        let label = head_name(&snapshot, head);
        element(head, html! { <Picture side={snapshot.n as usize} rgba={rgba.clone()} {label} /> })
    };
    let layer = |(layer, pictures): (usize, &[Rc<Vec<u8>>])| {
        html! {
            <div class="head-layer" role="group" aria-label={format!("Layer {}", layer + 1)}>
                <span class="layer-name">{ format!("layer {}", layer + 1) }</span>
                { for pictures.iter().enumerate().map(|(i, rgba)| picture((layer * heads + i, rgba))) }
            </div>
        }
    };
    html! { <div class="head-grid">{ for pictures.chunks(heads).enumerate().map(layer) }</div> }
}

/// Returns the style that shades a key by its weight, relative to the largest weight of the query.
pub(super) fn shading(row: &[f32]) -> impl Fn(usize) -> String {
    let max = row.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    move |key| {
        let share = row.get(key).map_or(0.0, |weight| (weight / max).sqrt());
        format!("--weight:{:.0}%", 85.0 * share)
    }
}

#[component]
pub(super) fn Heads(props: &HeadsProps) -> Html {
    let snapshot = &props.snapshot.0;
    let head = props.head.min(snapshot.len().saturating_sub(1));
    let hovered = use_state_eq(|| None::<(usize, usize)>);
    let locked = use_state_eq(|| None::<usize>);
    let n = snapshot.n as usize;

    let on_cursor = use_callback((), {
        let hovered = hovered.setter();
        move |at, ()| hovered.set(at)
    });
    let on_pick = {
        let locked = locked.clone();
        use_callback(*locked, move |(row, _): (usize, usize), now| {
            locked.set((*now != Some(row)).then_some(row))
        })
    };
    let grids = use_memo((props.snapshot.clone(), head), |(snapshot, head)| grids(snapshot, *head));
    let names = use_memo(props.window.clone(), |window| Rc::new(labels(&window.0)));
    let (roots, weights) = &*grids;
    // The locked row, or the row under the cursor, or the last row, which attends to the whole window.
    let query = locked
        .or(hovered.map(|(row, _)| row))
        .unwrap_or_else(|| n.saturating_sub(1))
        .min(n.saturating_sub(1));
    let name = head_name(snapshot, head);
    let table = {
        let (weights, names) = (weights.clone(), names.clone());
        Callback::from(move |()| Table {
            columns: std::iter::once("query".to_owned())
                .chain(names.iter().map(|name| name.to_string()))
                .collect(),
            rows: (0..weights.rows)
                .map(|row| {
                    let query = names.get(row).map(|name| name.to_string()).unwrap_or_default();
                    let cell = |col| {
                        weights
                            .at(row, col)
                            .filter(|weight| weight.is_finite())
                            .map_or_else(String::new, |weight| format!("{weight:.5}"))
                    };
                    std::iter::once(query).chain((0..weights.cols).map(cell)).collect()
                })
                .collect(),
        })
    };
    html! {
        <div class="heads-stage">
            <Figure name="attention" title={format!("Attention of {name}, {}", when(snapshot.step))} {table}
                look_for={html! { <>{ "Each row is a query: its attention weights over the characters that it sees. Click a row to pin it; arrow keys move, Enter pins. Color shows the square root of the weight, which makes faint weights visible." }</> }}>
                <Heatmap name={format!("Attention of {name}")} grid={roots.clone()} map={ColorMap::Sequential} range={Some((0.0, 1.0))} max_height={250.0}
                    x_label="key" y_label="query" row_names={(*names).clone()} col_names={(*names).clone()} value_label="√weight"
                    also={vec![("weight".into(), weights.clone())]} {on_cursor} {on_pick} empty="no window" />
            </Figure>
            <div class="linked" data-figure-part="">
                { props.timeline.clone() }
                <Thumbnails snapshot={props.snapshot.clone()} {head} on_head={props.on_head.clone()} />
                <LinkedText snapshot={props.snapshot.clone()} window={props.window.clone()} {head} {query} locked={locked.is_some()} />
            </div>
        </div>
    }
}

/// Returns the time of a snapshot in words.
pub(super) fn when(step: u32) -> String {
    if step == 0 { "before training".to_owned() } else { format!("step {step}") }
}

#[derive(PartialEq, Properties)]
pub(super) struct ThumbnailsProps {
    pub(super) snapshot: PtrEq<Snapshot>,
    pub(super) head: usize,
    pub(super) on_head: Callback<usize>,
}

/// Small maps, one per head, layer by layer.
#[component]
pub(super) fn Thumbnails(props: &ThumbnailsProps) -> Html {
    let ThumbnailsProps { snapshot, head: shown, on_head } = props;
    use_head_grid(snapshot.clone(), |head, picture| {
        let on_head = on_head.clone();
        let description = snapshot.stats.get(head).map_or("", |stats| stats.description());
        html! {
            <button type="button" class="head-button" data-head={head.to_string()} aria-pressed={(head == *shown).to_string()}
                title={format!("{}: {description}", head_name(snapshot, head))} onclick={move |_| on_head.emit(head)}>
                { picture }
                <span class="visually-hidden">{ description }</span>
            </button>
        }
    })
}

#[derive(PartialEq, Properties)]
struct LinkedProps {
    snapshot: PtrEq<Snapshot>,
    window: PtrEq<Vec<char>>,
    head: usize,
    query: usize,
    locked: bool,
}

/// The window as text, each character shaded by the query's weight on it.
#[component]
fn LinkedText(props: &LinkedProps) -> Html {
    let row = props.snapshot.0.row(props.head, props.query);
    let window = &*props.window.0;
    let shading = shading(&row);
    let character = |(i, &c): (usize, &char)| {
        let class = if i == props.query {
            Some("query")
        } else if i >= row.len() {
            Some("unseen")
        } else {
            None
        };
        let shown = if c == '\n' {
            "⏎\n".to_owned()
        } else if i == props.query {
            visible(c).to_string()
        } else {
            c.to_string()
        };
        html! { <span {class} ~style={shading(i)}>{ shown }</span> }
    };
    let strongest = row
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .and_then(|(i, weight)| Some((*window.get(i)?, *weight, i)));
    let asked = window.get(props.query).map(|&c| spoken(c)).unwrap_or_default();
    let stats = props.snapshot.0.stats.get(props.head).copied().unwrap_or_default();
    let sum: f32 = row.iter().sum();
    let number = |metric: &'static str, value: f32, digits: usize| {
        html! { <MetricOutput {metric} value={f64::from(value)}>{ format_number(f64::from(value), digits) }</MetricOutput> }
    };
    html! {
        <>
            <h3>{ format!("Query: position {1}, {0}{2}", asked, props.query, if props.locked { ", pinned" } else { "" }) }</h3>
            <pre class="linked-text" tabindex="0" role="region" aria-label="The window, shaded by attention">{ for window.iter().enumerate().map(character) }</pre>
            <p class="muted">
                { "The row sums to " }{ number("row_sum", sum, 2) }{ ". " }
                if let Some((c, weight, key)) = strongest {
                    { format!("Most weight: {} on “{}”, {}.", format_number(f64::from(weight), 3), spoken(c), distance(props.query, key)) }
                }
            </p>
            <p class="muted">
                { "Over all queries, the mean distance is " }{ number("head_distance", stats.distance, 2) }
                { " characters and the entropy " }{ number("head_entropy", stats.entropy, 2) }
                { format!(" nats. This head: {}.", stats.description()) }
            </p>
        </>
    }
}

/// Returns the distance from a query to a key in words.
fn distance(query: usize, key: usize) -> String {
    if key > query { format!("{} ahead", key - query) } else { format!("{} back", query - key) }
}
