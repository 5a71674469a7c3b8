//! Writing on request, with the probabilities of the alternatives at each character.

use super::chars::{spoken, visible};
use super::next_token::first_text;
use crate::core::number::Bounds;
use crate::sections::transformer::{Request, TaskChoice, WriteRequest, Writing, WrittenChar};
use crate::ui::number_field::{NumberAttributes, NumberOptions, use_number_field};
use crate::ui::on_enter;
use crate::ui::readout::format_number;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct WritingProps {
    pub(super) writing: Writing,
    pub(super) refused: Option<String>,
    pub(super) ask: Callback<Request>,
    pub(super) listens: bool,
    pub(super) vocabulary: usize,
    pub(super) task: TaskChoice,
}

#[component]
pub(super) fn WritingDesk(props: &WritingProps) -> Html {
    let prompt = use_state_eq(|| match props.task {
        TaskChoice::Text => "ROMEO:\n".to_owned(),
        TaskChoice::Repeat => first_text(props.task).to_owned(),
    });
    let temperature = use_state_eq(|| 0.8f64);
    let top_k = use_state_eq(|| 20u32);
    let seed = use_state_eq(|| 1u32);
    let count = use_state_eq(|| 300u32);
    let on_prompt = {
        let prompt = prompt.setter();
        Callback::from(move |event: InputEvent| {
            prompt.set(event.target_unchecked_into::<HtmlTextAreaElement>().value())
        })
    };
    let on_temperature = {
        let temperature = temperature.setter();
        Callback::from(move |event: InputEvent| {
            temperature
                .set(event.target_unchecked_into::<HtmlInputElement>().value_as_number().clamp(0.05, 2.0))
        })
    };
    // The vocabulary is unknown until a model exists.
    let max_top_k = if props.vocabulary == 0 { u32::MAX } else { props.vocabulary as u32 };
    let write = {
        let (ask, request) = (
            props.ask.clone(),
            WriteRequest {
                prompt: (*prompt).clone(),
                temperature: *temperature,
                top_k: (*top_k).min(max_top_k),
                seed: *seed,
                count: *count,
            },
        );
        Callback::from(move |()| ask.emit(Request::Write(request.clone())))
    };
    let on_key = on_enter(if props.listens { write.clone() } else { Callback::noop() });
    let cancel = props.ask.reform(|_: MouseEvent| Request::Cancel);
    let knob = |label: &'static str, name: &'static str, state: &UseStateHandle<u32>, low: u32, high: u32| {
        let (value, setter) = (**state, state.setter());
        let on_number = Callback::from(move |number: u32| setter.set(number));
        html! { <Knob {label} {name} {value} {low} {high} {on_number} /> }
    };
    html! {
        <div class="writing">
            <div onkeydown={on_key}>
                <label>{ "Prompt" }<textarea rows="2" data-write="prompt" value={(*prompt).clone()} oninput={on_prompt} /></label>
                <div class="writing-knobs">
                    <label class="inline-knob" title="Logits are divided by it. Low: predictable; high: varied">{ format!("Temperature {:.2} ", *temperature) }
                        <input type="range" min="0.05" max="2" step="0.05" value={temperature.to_string()} data-write="temperature" oninput={on_temperature} /></label>
                    { knob("Top-k", "top-k", &top_k, 1, max_top_k) }
                    { knob("Seed", "seed", &seed, 0, 999_999) }
                    { knob("Length", "count", &count, 1, 2000) }
                    <button type="button" class="primary" data-action="write" disabled={!props.listens} onclick={write.reform(|_: MouseEvent| ())}>{ "Generate" }</button>
                    <button type="button" data-action="hush" disabled={!props.writing.busy} onclick={cancel}>{ "Stop" }</button>
                </div>
            </div>
            if !props.listens {
                <p class="muted">{ "The model is being built." }</p>
            }
            if let Some(why) = &props.refused {
                <p class="notice" data-kind="warn" role="status">{ why.clone() }</p>
            }
            <Text prompt={props.writing.prompt.clone()} chars={props.writing.chars.clone()} busy={props.writing.busy} />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct KnobProps {
    label: &'static str,
    /// The `data-write` of its input.
    name: &'static str,
    value: u32,
    low: u32,
    high: u32,
    on_number: Callback<u32>,
}

/// A whole number.
#[component]
fn Knob(props: &KnobProps) -> Html {
    // The bounds are whole numbers, so nothing is lost.
    let on_number = props.on_number.reform(|number: f64| number as u32);
    let on_valid = props.on_number.clone();
    let number = use_number_field(NumberOptions {
        // Enter sends the form at once, so each accepted number counts immediately.
        on_input: Callback::from(move |number: Option<f64>| {
            number.into_iter().for_each(|number| on_valid.emit(number as u32));
        }),
        ..NumberOptions::new(Some(props.value.into()), Bounds::whole(props.low, props.high), on_number)
    });
    let attributes = NumberAttributes { data_write: Some(props.name.into()), ..Default::default() };
    html! {
        <>
            <label class="inline-knob">{ props.label }{ " " }{ number.input(attributes) }</label>
            { number.message() }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct TextProps {
    prompt: String,
    chars: Rc<Vec<WrittenChar>>,
    busy: bool,
}

/// The text, and the most likely alternatives to the character under the pointer.
#[component]
fn Text(props: &TextProps) -> Html {
    let at = use_state_eq(|| None::<usize>);
    // Screen readers announce the alternatives only after a key, not as the pointer moves.
    let by_key = use_state_eq(|| false);
    if props.chars.is_empty() && !props.busy {
        return html! { <p class="muted">{ "Nothing has been generated yet." }</p> };
    }
    let last = props.chars.len().saturating_sub(1);
    // All characters share one listener; the attribute of the element is the index.
    let onpointermove = {
        let (at, by_key) = (at.setter(), by_key.setter());
        Callback::from(move |event: PointerEvent| {
            let element = event.target_dyn_into::<web_sys::Element>();
            let index = element
                .and_then(|element| element.get_attribute("data-i"))
                .and_then(|index| index.parse().ok());
            if index.is_some() {
                by_key.set(false);
                at.set(index);
            }
        })
    };
    let onkeydown = {
        let (at, by_key) = (at.clone(), by_key.setter());
        Callback::from(move |event: KeyboardEvent| {
            let to = match (event.key().as_str(), *at) {
                ("ArrowRight", None) | ("Home", _) => 0,
                ("ArrowRight", Some(i)) => (i + 1).min(last),
                ("ArrowLeft", Some(i)) => i.saturating_sub(1),
                ("End", _) => last,
                _ => return,
            };
            event.prevent_default();
            by_key.set(true);
            at.set(Some(to));
        })
    };
    let character = |(i, written): (usize, &WrittenChar)| {
        let chosen = *at == Some(i);
        let shown = match (chosen, written.char) {
            (true, '\n') => "⏎\n".to_owned(),
            (true, c) => visible(c).to_string(),
            (false, c) => c.to_string(),
        };
        html! { <span data-i={i.to_string()} class={chosen.then_some("chosen")}>{ shown }</span> }
    };
    let selected = at.and_then(|i| props.chars.get(i));
    let bar = |(c, probability): &(char, f32)| {
        let drawn = selected.is_some_and(|written| written.char == *c);
        html! {
            <li class={drawn.then_some("drawn")}><code>{ visible(*c).to_string() }</code>
                <span class="bar" ~style={format!("width:{:.1}%", probability * 70.0)}></span>
                { format!("{}%", format_number(f64::from(*probability) * 100.0, 2)) }</li>
        }
    };
    html! {
        <div class="written">
            <pre data-written={props.chars.len().to_string()} data-busy={props.busy.to_string()} tabindex="0" role="application" aria-roledescription="text with probabilities"
                aria-label="What the model wrote. Arrow keys walk through it." {onpointermove} {onkeydown}>
                <span class="prompt">{ props.prompt.clone() }</span>
                { for props.chars.iter().enumerate().map(character) }
            </pre>
            <div class="likeliest" aria-live={if *by_key { "polite" } else { "off" }}>
                if let Some(written) = selected {
                    <h3>{ format!("Instead of {}", spoken(written.char)) }</h3>
                    <ol data-likeliest="">{ for written.likeliest.iter().map(bar) }</ol>
                } else {
                    <p class="muted">{ "Point at a character or use the arrow keys to see the ten most likely alternatives." }</p>
                }
            </div>
        </div>
    }
}
