//! Attention: all heads as small maps, one of them large, and its weights as shading over the text itself.

use super::super::heads::Snapshot;
use super::chars::{labels, spoken, visible};
use crate::charts::{ColorMap, Grid, Heatmap, Table};
use yew::prelude::*;
use crate::core::metric::Metric;
use crate::panel::PtrEq;
use crate::ui::figure::Figure;
use crate::ui::picture::Picture;
use crate::ui::readout::{Readout, format_number};
use std::rc::Rc;

#[derive(PartialEq, Properties)]
pub(super) struct HeadsProps {
    pub(super) snapshot: PtrEq<Snapshot>,
    /// The characters that are looked at.
    pub(super) window: PtrEq<Vec<char>>,
    /// The head that is shown large, counted through all layers.
    pub(super) head: usize,
    pub(super) on_head: Callback<usize>,
}

/// "layer 2, head 3", both counted from 1.
pub(super) fn head_name(snapshot: &Snapshot, head: usize) -> String {
    let heads = (snapshot.n_heads as usize).max(1);
    format!("layer {}, head {}", head / heads + 1, head % heads + 1)
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
    let grids = use_memo((props.snapshot.clone(), head), |(snapshot, head)| {
        let weights = snapshot.0.map(*head);
        let roots = weights.iter().map(|weight| weight.sqrt()).collect();
        let n = snapshot.0.n as usize;
        let grid = |values| Grid { rows: n, cols: n, values: Rc::new(values) };
        (grid(roots), grid(weights))
    });
    let names = use_memo(props.window.clone(), |window| Rc::new(labels(&window.0)));
    let (roots, weights) = &*grids;
    // A locked row stays; else the one under the cursor, else the last, which sees the whole window.
    let query = locked
        .or(hovered.map(|(row, _)| row))
        .unwrap_or_else(|| n.saturating_sub(1))
        .min(n.saturating_sub(1));
    let name = head_name(snapshot, head);
    let stats = snapshot.stats.get(head).copied().unwrap_or_default();
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
    let sum: f32 = snapshot.row(head, query).iter().sum();
    html! {
        <>
            <Thumbnails snapshot={props.snapshot.clone()} {head} on_head={props.on_head.clone()} />
            <div class="head-large">
                <Figure name="attention" title={format!("Attention of {name}, step {}", snapshot.step)} {table}
                    look_for={html! { <>{ "Each row is a query: its attention weights over the characters up to itself. Click a row to pin it; arrow keys move, Enter pins. Color shows the square root of the weight, which makes faint weights visible." }</> }}>
                    <Heatmap name={format!("Attention of {name}")} grid={roots.clone()} map={ColorMap::Sequential} range={Some((0.0, 1.0))} max_height={520.0}
                        x_label="key" y_label="query" row_names={(*names).clone()} col_names={(*names).clone()} value_label="√weight"
                        also={vec![("weight".into(), weights.clone())]} {on_cursor} {on_pick} empty="no window" />
                </Figure>
                <div class="linked">
                    <LinkedText snapshot={props.snapshot.clone()} window={props.window.clone()} {head} {query} locked={locked.is_some()} />
                    <div class="readouts">
                        <Readout metric={Metric::new("head_entropy", "Entropy of this head", f64::from(stats.entropy)).unit("nats").note("mean over the queries")} />
                        <Readout metric={Metric::new("head_distance", "Mean attention distance", f64::from(stats.distance)).unit("characters").note("mean over the queries")} />
                        <Readout metric={Metric::new("row_sum", "Sum of the row", f64::from(sum)).digits(2)} />
                    </div>
                    <p class="muted">{ format!("By its numbers: {}.", stats.description()) }</p>
                </div>
            </div>
        </>
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct ThumbnailsProps {
    pub(super) snapshot: PtrEq<Snapshot>,
    pub(super) head: usize,
    pub(super) on_head: Callback<usize>,
}

/// One small map a head, layer by layer.
#[component]
pub(super) fn Thumbnails(props: &ThumbnailsProps) -> Html {
    let snapshot = &props.snapshot.0;
    let pictures = use_memo(props.snapshot.clone(), |snapshot| {
        let snapshot = &snapshot.0;
        let paint = |head| {
            let roots: Vec<f32> = snapshot.map(head).iter().map(|weight| weight.sqrt()).collect();
            Rc::new(ColorMap::Sequential.paint(&roots, (0.0, 1.0)))
        };
        (0..snapshot.len()).map(paint).collect::<Vec<_>>()
    });
    let heads = (snapshot.n_heads as usize).max(1);
    let button = |(head, rgba): (usize, &Rc<Vec<u8>>)| {
        let on_head = props.on_head.clone();
        let what = snapshot.stats.get(head).map_or("", |stats| stats.description());
        html! {
            <button type="button" class="head-button" data-head={head.to_string()} aria-pressed={(head == props.head).to_string()}
                title={format!("{}: {what}", head_name(snapshot, head))} onclick={move |_| on_head.emit(head)}>
                <Picture side={snapshot.n as usize} rgba={rgba.clone()} label={head_name(snapshot, head)} />
                <span>{ what }</span>
            </button>
        }
    };
    let layer = |(layer, pictures): (usize, &[Rc<Vec<u8>>])| {
        html! {
            <div class="head-layer" role="group" aria-label={format!("Layer {}", layer + 1)}>
                <span class="layer-name">{ format!("layer {}", layer + 1) }</span>
                { for pictures.iter().enumerate().map(|(i, rgba)| button((layer * heads + i, rgba))) }
            </div>
        }
    };
    html! { <div class="head-grid">{ for pictures.chunks(heads).enumerate().map(layer) }</div> }
}

#[derive(PartialEq, Properties)]
struct LinkedProps {
    snapshot: PtrEq<Snapshot>,
    window: PtrEq<Vec<char>>,
    head: usize,
    query: usize,
    locked: bool,
}

/// The window as text, each character as dark as the query's weight on it.
#[component]
fn LinkedText(props: &LinkedProps) -> Html {
    let row = props.snapshot.0.row(props.head, props.query);
    let window = &*props.window.0;
    let most = row.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let character = |(i, &c): (usize, &char)| {
        let share = row.get(i).map_or(0.0, |weight| (weight / most).sqrt());
        let class = if i == props.query {
            Some("query")
        } else if i > props.query {
            Some("unseen")
        } else {
            None
        };
        let style = format!("--weight:{:.0}%", share * 85.0);
        let shown = if c == '\n' {
            "⏎\n".to_owned()
        } else if i == props.query {
            visible(c).to_string()
        } else {
            c.to_string()
        };
        html! { <span {class} ~style={style}>{ shown }</span> }
    };
    let strongest = row
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .and_then(|(i, weight)| Some((*window.get(i)?, *weight, props.query - i)));
    let asked = window.get(props.query).map(|&c| spoken(c)).unwrap_or_default();
    html! {
        <>
            <h4>{ format!("Query: position {1}, {0}{2}", asked, props.query, if props.locked { ", pinned" } else { "" }) }</h4>
            <pre class="linked-text" tabindex="0" role="region" aria-label="The window, shaded by attention">{ for window.iter().enumerate().map(character) }</pre>
            if let Some((c, weight, back)) = strongest {
                <p class="muted">{ format!("Most weight: {} on “{}”, {back} back.", format_number(f64::from(weight), 3), spoken(c)) }</p>
            }
        </>
    }
}
