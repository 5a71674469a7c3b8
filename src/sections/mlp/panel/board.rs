//! The board: points that the user draws, over what the networks make of them.

mod area;
mod edit;
mod edits;
mod hand;
mod scene;
mod tools;
mod view;
mod words;

use crate::charts::measure::{pointer_in, use_width};
use crate::core::points::{MAX_POINTS, Point, Points};
use crate::panel::PtrEq;
use crate::sections::mlp::{Config, Dataset, NONLINEAR, Record};
use crate::ui::{export, figure::Figure};
use area::{Area, Prediction};
use edit::{At, Tool};
use hand::{Hand, inside, use_hand};
use scene::Scene;
use serde_json::Value;
use std::rc::Rc;
use tools::{Action, Tools};
use view::{Dot, Geometry, Look};
use web_sys::Element;
use yew::prelude::*;

/// The maximum side of the board and of the map of the linear network, in pixels.
const MAX_SIDE: f64 = 290.0;
const SMALL_SIDE: f64 = 148.0;

#[derive(PartialEq, Properties)]
pub(super) struct BoardProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
    /// True if the data cannot be changed.
    pub(super) is_locked: bool,
    pub(super) set: Callback<(&'static str, Value)>,
    /// Receives the points as a CSV file to be used as a table.
    #[prop_or_default]
    pub(super) on_table: Option<Callback<String>>,
}

/// The board with its tools.
#[component]
pub(super) fn Board(props: &BoardProps) -> Html {
    let BoardProps { config, record, is_locked, .. } = props;
    let dataset = config.dataset;
    let (node, available) = use_width();
    let (svg, hover, problem) = (use_node_ref(), use_state_eq(|| None), use_state_eq(|| false));
    let hand = use_hand(config, record, &props.set, *is_locked || dataset == Dataset::Own);
    let (scene, points) = (hand.scene.clone(), hand.edits.points());
    let dots = Rc::new(match scene.own() {
        Some(samples) => view::table_dots(samples, scene.is_curve),
        None => view::drawn_dots(&points, scene.held_out(), scene.is_curve),
    });
    let table = {
        let (points, scene, dots) = (points.clone(), scene.clone(), dots.clone());
        Callback::from(move |()| {
            let held_out = |index: usize| dots.get(index).is_some_and(|dot: &Dot| dot.held_out);
            words::table(&points, scene.own(), held_out)
        })
    };
    let onkeydown = {
        let hand = hand.clone();
        Callback::from(move |event: KeyboardEvent| hand.key(&event))
    };
    let act = {
        let hand = hand.clone();
        Callback::from(move |action: Action| hand.act(action))
    };
    html! {
        <Figure name="board" look_for={look_for(&scene)} {table}>
            <div class="mlp-board" ref={node} {onkeydown}>
                <Tools setup={*hand.setup} {dataset} n_classes={hand.n_classes()} can={hand.edits.can()} off={hand.off} locked={*is_locked} {act} />
                { canvas(config, &hand, (&svg, &hover), (&points, &dots), Geometry::new(available, MAX_SIDE)) }
                { notes(props, &hand, &points, &problem) }
                { linear(&scene, &dots, available) }
                <p class="visually-hidden" aria-live="polite" data-board-said="">{ (*hand.said).clone() }</p>
            </div>
        </Figure>
    }
}

/// The board itself.
fn canvas(
    config: &Config,
    hand: &Hand,
    (svg, hover): (&NodeRef, &UseStateHandle<Option<At>>),
    (points, dots): (&[Point], &[Dot]),
    geometry: Geometry,
) -> Html {
    let locate = {
        let svg = svg.clone();
        move |event: &PointerEvent| pointer_in(&svg, event).map(|at| inside(geometry.position(at)))
    };
    let onpointerdown = {
        let (hand, svg, locate) = (hand.clone(), svg.clone(), locate.clone());
        Callback::from(move |event: PointerEvent| {
            let at = locate(&event).filter(|_| event.is_primary() && matches!(event.button(), 0 | 5));
            let Some(at) = at.filter(|_| !hand.off) else { return };
            if let Some(svg) = svg.cast::<Element>() {
                // Without capture a stroke only ends at the edge of the board.
                let _ = svg.set_pointer_capture(event.pointer_id());
            }
            // The other end of a pen erases.
            hand.start(at, (event.button() == 5).then_some(Tool::Eraser));
        })
    };
    let onpointermove = {
        let (hand, hover) = (hand.clone(), hover.setter());
        Callback::from(move |event: PointerEvent| {
            let at = locate(&event);
            hover.set(at);
            at.iter().filter(|_| event.is_primary()).for_each(|at| hand.edits.move_to(*at));
        })
    };
    let onpointerup = {
        let hand = hand.clone();
        Callback::from(move |event: PointerEvent| {
            if event.is_primary() {
                hand.finish();
            }
        })
    };
    let onpointerleave = {
        let hover = hover.setter();
        Callback::from(move |_: PointerEvent| hover.set(None))
    };
    let (scene, at) = (&hand.scene, hover.or(*hand.cursor));
    let label = format!(
        "Board with {}. Arrow keys move the cursor, with Shift in larger steps. Enter uses the tool, Delete erases the nearest point, 1 to 6 choose a class, and P, B, E and M choose a tool. Control and Z undoes.",
        words::count(dots.len(), "point")
    );
    let has_ring = matches!(hand.setup.tool, Tool::Brush | Tool::Eraser) && !hand.off;
    let r = if dots.len() > MAX_POINTS { 3.0 } else { 4.0 };
    let (Geometry { width, height, .. }, size) = (geometry, geometry.size());
    let curves = scene.curves.iter().enumerate();
    html! {
        <div class="board-main" ~style={size.clone()}>
            if let Some(prediction) = scene.predictions[NONLINEAR].clone() {
                <Area {prediction} place={geometry.place()} />
            }
            <svg ref={svg} class="chart-svg board-svg" data-board="canvas" data-off={hand.off.then_some("")} data-points={dots.len().to_string()} viewBox={format!("0 0 {width} {height}")}
                ~style={size} role="application" aria-roledescription="drawing board" aria-label={label} tabindex="0"
                {onpointerdown} {onpointermove} onpointerup={onpointerup.clone()} onpointercancel={onpointerup} {onpointerleave}>
                <g aria-hidden="true">
                    { view::frame(&scene.axes, &geometry) }
                    { for curves.filter_map(|(arm, values)| Some(view::curve(values.as_ref()?, arm, &geometry))) }
                    { view::dots(dots, &geometry, r) }
                    if let Some(at) = at.filter(|_| has_ring) {
                        { view::ring(at, hand.setup.radius, &geometry) }
                    }
                    if let Some(at) = *hand.cursor {
                        { view::cross(at, &geometry) }
                    }
                </g>
            </svg>
            if dots.is_empty() {
                <p class="board-empty">{ words::invitation(config) }</p>
            }
            <p class="board-reading" aria-hidden="true">{ at.map(|at| scene.reading(points, at)) }</p>
        </div>
    }
}

/// Sentences on the data, and buttons for more points than a link holds.
fn notes(props: &BoardProps, hand: &Hand, points: &Rc<Vec<Point>>, problem: &UseStateHandle<bool>) -> Html {
    let is_draft = hand.edits.is_draft;
    let csv = {
        let (points, has_classes) = (points.clone(), props.config.dataset != Dataset::Curve);
        move || Points(points.to_vec()).to_csv(has_classes)
    };
    let save = {
        let (csv, problem) = (csv.clone(), problem.setter());
        Callback::from(move |_: MouseEvent| {
            problem.set(export::download("nn-lab-points.csv", "text/csv;charset=utf-8", &csv()).is_none());
        })
    };
    let use_as_table = props.on_table.as_ref().map(|on_table| on_table.reform(move |_: MouseEvent| csv()));
    html! {
        <div class="board-notes">
            <p class="board-note" data-kind={is_draft.then_some("warn")} role="status">{ words::note(&props.config, points, hand.scene.own(), is_draft) }</p>
            if props.is_locked {
                <p class="board-note">{ "The data are fixed on this page." }</p>
            }
            if is_draft {
                <div class="board-group">
                    <button type="button" data-board="save" onclick={save}>{ "Save as CSV" }</button>
                    if let Some(onclick) = use_as_table {
                        <button type="button" data-board="table" {onclick}>{ "Use as a table" }</button>
                    }
                </div>
            }
            if **problem {
                <p class="notice" data-kind="warn" role="alert">{ "This browser blocked the download." }</p>
            }
        </div>
    }
}

/// The caption.
fn look_for(scene: &Scene) -> Html {
    let words = match scene.predictions[NONLINEAR] {
        _ if scene.is_curve => "Lines predict y from x. Solid: non-linear network; dashed: linear network.",
        Some(Prediction::Number(_)) => {
            "Colors are predicted numbers: blue is below the mean, orange above it."
        }
        _ => "Colors are predicted classes, paler where the network is less certain.",
    };
    html! { words }
}

/// The map of the linear network.
fn linear(scene: &Scene, dots: &[Dot], available: f64) -> Html {
    let Some(prediction) = scene.predictions.first().cloned().flatten() else { return Html::default() };
    let geometry = Geometry::new(available, SMALL_SIDE);
    let (Geometry { width, height, .. }, size) = (geometry, geometry.size());
    let is_crowded = dots.len() > MAX_POINTS || dots.iter().any(|dot| matches!(dot.look, Look::Number(_)));
    html! {
        <div class="board-linear">
            <h3>{ "Linear network" }</h3>
            <div class="board-small" ~style={size.clone()}>
                <Area {prediction} place={geometry.place()} />
                <svg class="chart-svg" viewBox={format!("0 0 {width} {height}")} ~style={size} role="img" aria-label="Predictions of the linear network for the same points">
                    { view::frame(&scene.axes, &geometry) }
                    { view::dots(dots, &geometry, if is_crowded { 1.8 } else { 2.6 }) }
                </svg>
            </div>
        </div>
    }
}
