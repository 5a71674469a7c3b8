//! The tools next to the board.

use super::edit::{Setup, Tool};
use crate::charts::color::class_color;
use crate::charts::marker::push_marker;
use crate::core::points::{MAX_CLASSES, class_letter};
use crate::sections::mlp::Dataset;
use crate::ui::menu::Menu;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The bounds of the radius of brush and eraser.
const RADII: (f32, f32) = (0.02, 0.4);

/// The requests of the tools.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Action {
    Tool(Tool),
    Class(u8),
    AddClass,
    Radius(f32),
    Undo,
    Redo,
    Clear,
    StartFrom(&'static str),
}

/// The state that the tools show.
#[derive(PartialEq, Properties)]
pub(super) struct ToolsProps {
    pub(super) setup: Setup,
    pub(super) dataset: Dataset,
    /// The number of classes to choose from.
    pub(super) n_classes: u8,
    /// True if there is something to undo, to redo and to clear.
    pub(super) can: [bool; 3],
    /// True if nothing can be drawn.
    pub(super) off: bool,
    /// True if another data set cannot be chosen.
    pub(super) locked: bool,
    pub(super) act: Callback<Action>,
}

/// Buttons for classes, tools and what they did.
#[component]
pub(super) fn Tools(props: &ToolsProps) -> Html {
    let ToolsProps { setup, off, can, .. } = *props;
    let started = use_state_eq(|| 0u32);
    let button = |action: Action, name: &'static str, words: &'static str, key: &'static str, off: bool| {
        let pressed =
            matches!(action, Action::Tool(_)).then(|| (action == Action::Tool(setup.tool)).to_string());
        html! {
            <button type="button" data-board={name} aria-pressed={pressed} title={format!("{words} ({key})")} aria-keyshortcuts={key} disabled={off} onclick={props.act.reform(move |_: MouseEvent| action)}>{ words }</button>
        }
    };
    let tools = Tool::ALL.map(|(tool, words, key)| button(Action::Tool(tool), key, words, key, off));
    let has_radius = matches!(setup.tool, Tool::Brush | Tool::Eraser);
    let on_radius = props.act.reform(|event: InputEvent| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let radius = input.map_or(f64::NAN, |input| input.value_as_number()) as f32;
        Action::Radius(if radius.is_finite() { radius.clamp(RADII.0, RADII.1) } else { RADII.0 })
    });
    let start = |(slug, words): (&'static str, &'static str)| {
        let (act, started) = (props.act.clone(), started.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            started.set(started.wrapping_add(1));
            act.emit(Action::StartFrom(slug));
        });
        html! { <button type="button" data-start={slug} {onclick}>{ words }</button> }
    };
    let sets = Dataset::CHOICES.iter().filter(|(slug, _)| !matches!(*slug, "fashion-mnist" | "own"));
    html! {
        <div class="board-tools">
            if !props.locked {
                <Menu class="board-start" summary={html! { "Start from ▾" }} label="Start from" closes_with={*started}>{ for sets.copied().map(start) }</Menu>
            }
            if props.dataset != Dataset::Curve {
                { classes(props) }
            }
            <div class="board-group" role="group" aria-label="Tool">{ for tools }</div>
            <label class="board-radius">{ "Radius " }
                <input type="range" min={RADII.0.to_string()} max={RADII.1.to_string()} step="0.01" value={setup.radius.to_string()} disabled={off || !has_radius} oninput={on_radius} />
            </label>
            <div class="board-group" role="group" aria-label="Changes">
                { button(Action::Undo, "undo", "Undo", "Control+Z", off || !can[0]) }
                { button(Action::Redo, "redo", "Redo", "Control+Y", off || !can[1]) }
                <button type="button" data-board="clear" title="Remove all points; Undo brings them back" disabled={off || !can[2]} onclick={props.act.reform(|_: MouseEvent| Action::Clear)}>{ "Clear" }</button>
            </div>
        </div>
    }
}

/// The classes to draw with, each with its color, shape and letter.
fn classes(props: &ToolsProps) -> Html {
    let chip = |class: u8| {
        let letter = class_letter(class);
        let on = props.setup.class == class;
        html! {
            <button type="button" data-class={class.to_string()} aria-pressed={on.to_string()} aria-label={format!("Class {letter}")} title={format!("Class {letter} ({})", class + 1)}
                aria-keyshortcuts={(class + 1).to_string()} disabled={props.off} onclick={props.act.reform(move |_: MouseEvent| Action::Class(class))}>{ marker(class) }{ letter }</button>
        }
    };
    html! {
        <div class="board-group board-classes" role="group" aria-label="Class">
            { for (0..props.n_classes).map(chip) }
            if props.n_classes < MAX_CLASSES {
                <button type="button" data-board="add-class" title="Add a class" aria-label="Add a class" disabled={props.off} onclick={props.act.reform(|_: MouseEvent| Action::AddClass)}>{ "+" }</button>
            }
        </div>
    }
}

/// The shape of a class on the color of its area.
pub(super) fn marker(class: u8) -> Html {
    let mut path = String::new();
    push_marker(&mut path, class.into(), (8.0, 8.0), 4.2);
    let [r, g, b] = class_color(class.into(), 0.55);
    html! {
        <svg class="board-marker" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <rect width="16" height="16" rx="3" ~style={format!("fill:rgb({r},{g},{b})")} />
            <path class="board-dot" ~style={format!("fill:var(--class-{class})")} d={path} />
        </svg>
    }
}
