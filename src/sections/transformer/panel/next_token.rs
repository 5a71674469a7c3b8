//! The prediction of the next character: a diagram of the model, the user's text, the most likely characters, and a switch
//! for each head with its attention on that text.

use super::chars::spoken;
use super::next_bars::{Distribution, bars};
use super::next_heads::NextHeads;
use super::schematic::schematic;
use crate::panel::PtrEq;
use crate::sections::transformer::next::Reading;
use crate::sections::transformer::{Config, NextRequest, NextToken, Request, TaskChoice, TextInfo};
use crate::ui::figure::Figure;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

/// The time between two requests to a model in training, in milliseconds.
const REFRESH_MS: f64 = 1000.0;

#[derive(PartialEq, Properties)]
pub(super) struct NextProps {
    pub(super) config: Config,
    pub(super) info: Option<PtrEq<TextInfo>>,
    pub(super) next: Option<PtrEq<NextToken>>,
    pub(super) ask: Callback<Request>,
    pub(super) listens: bool,
    /// The version of the model's weights.
    pub(super) version: Version,
}

/// Identifies the weights of a model: a new version means that predictions are outdated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) run: u32,
    pub(super) step: usize,
    pub(super) snapshots: usize,
    /// True if the weights are being trained.
    pub(super) running: bool,
    /// True while a text is written, which a request would stop.
    pub(super) writing: bool,
}

/// Returns the initial text, which is typical of the task.
pub(super) fn first_text(task: TaskChoice) -> &'static str {
    match task {
        TaskChoice::Text => "ROMEO:\nWhat say'st th",
        TaskChoice::Repeat => "QMBXAKCRWQMBXAK",
    }
}

#[component]
pub(super) fn NextCharacter(props: &NextProps) -> Html {
    let NextProps { config, info, next, .. } = props;
    let text = use_state_eq(|| first_text(config.task).to_owned());
    let temperature = use_state_eq(|| 1.0f64);
    let top_k = use_state_eq(|| None::<u32>);
    let off = use_state_eq(Vec::<(u32, u32)>::new);
    let vocabulary: &[char] = info.as_ref().map_or(&[], |info| &info.0.vocabulary);
    let kinds = vocabulary.len().max(1) as u32;
    let k = top_k.unwrap_or(kinds).clamp(1, kinds);
    let reading = Reading::of(&text, vocabulary, config.context as usize);
    // Heads that this model does not have are ignored.
    let switched: Vec<(u32, u32)> =
        off.iter().copied().filter(|&(l, h)| l < config.layers && h < config.heads).collect();
    let request = NextRequest { text: reading.chars.clone(), off: switched.clone() };
    let shown = next.clone().filter(|_| props.listens && !reading.chars.is_empty());
    let distribution = use_memo((shown.clone(), props.info.clone(), *temperature, k), {
        |(shown, info, temperature, k)| {
            let next = shown.as_ref().map(|next| &*next.0)?;
            Some(Rc::new(Distribution::new(next, &info.as_ref()?.0.vocabulary, *temperature, *k as usize)))
        }
    });
    let oninput = {
        let text = text.setter();
        Callback::from(move |event: InputEvent| {
            text.set(event.target_unchecked_into::<HtmlTextAreaElement>().value());
        })
    };
    let slider = |set: Rc<dyn Fn(f64)>| {
        Callback::from(move |event: InputEvent| {
            let value = event.target_unchecked_into::<HtmlInputElement>().value_as_number();
            if value.is_finite() {
                set(value);
            }
        })
    };
    let on_temperature = {
        let temperature = temperature.setter();
        slider(Rc::new(move |value| temperature.set(value.clamp(0.05, 2.0))))
    };
    let on_top_k = {
        let top_k = top_k.setter();
        slider(Rc::new(move |value| top_k.set(Some(value.max(1.0) as u32))))
    };
    let on_switch = {
        let off = off.clone();
        Callback::from(move |head: (u32, u32)| {
            let mut list = (*off).clone();
            match list.iter().position(|other| *other == head) {
                Some(at) => drop(list.remove(at)),
                None => list.push(head),
            }
            list.sort_by_key(|head| *head);
            off.set(list);
        })
    };
    let table = {
        let distribution = distribution.clone();
        Callback::from(move |()| distribution.as_ref().as_ref().map(|rows| rows.table()).unwrap_or_default())
    };
    let look_for = html! { <>{ "Type a text: after every character the model says what it expects next. Temperature divides the logits before the softmax; top-k keeps the k likeliest. Switch heads off to see which of them the prediction rests on." }</> };
    html! {
        <Figure name="next-token" picture={false} {look_for} {table}>
            <Asker {request} ask={props.ask.clone()} listens={props.listens} version={props.version}
                answered={next.as_ref().map(|next| next.0.request.clone())} />
            <div class="next-token">
                { schematic(config, reading.chars.chars().count(), vocabulary.len()) }
                <div class="next-side">
                    <label>{ "Your text" }<textarea rows="2" data-next="text" value={(*text).clone()} {oninput} spellcheck="false" /></label>
                    <div role="status" data-next="notes">{ notes(&reading, config) }</div>
                    <div class="writing-knobs">
                        <label class="inline-knob">{ format!("Temperature {:.2} ", *temperature) }
                            <input type="range" min="0.05" max="2" step="0.05" value={temperature.to_string()} data-next="temperature" oninput={on_temperature} /></label>
                        <label class="inline-knob">{ format!("Top-k {k} ") }
                            <input type="range" min="1" max={kinds.to_string()} step="1" value={k.to_string()} data-next="top-k" oninput={on_top_k} /></label>
                    </div>
                    <div class="next-answer" data-step={shown.as_ref().map(|next| next.0.maps.step.to_string())}>
                        if let Some(distribution) = &*distribution {
                            { bars(distribution) }
                        } else if props.listens {
                            <p class="muted">{ if reading.chars.is_empty() { "Type at least one character that the model knows." } else { "Asking the model…" } }</p>
                        } else {
                            <p class="notice" data-next="empty">{ "There is no model yet: press Train, or import weights. The bars then follow the model while it learns." }</p>
                        }
                    </div>
                </div>
            </div>
            if let Some(shown) = shown {
                <NextHeads next={shown} off={switched} {on_switch} />
            }
        </Figure>
    }
}

/// The parts of the text that the model does not read, with reasons.
fn notes(reading: &Reading, config: &Config) -> Html {
    let mut sentences = Vec::new();
    if !reading.unknown.is_empty() {
        const MAX_NAMED: usize = 8;
        let mut names: Vec<String> =
            reading.unknown.iter().take(MAX_NAMED).map(|&c| format!("“{}”", spoken(c))).collect();
        if reading.unknown.len() > MAX_NAMED {
            names.push(format!("{} more", reading.unknown.len() - MAX_NAMED));
        }
        let what =
            if reading.folded { "read as �, which stands for all rare characters" } else { "skipped" };
        sentences.push(format!("Not in the vocabulary: {}; {what}.", names.join(", ")));
    }
    if reading.cut > 0 {
        sentences.push(format!(
            "The text is longer than the context of {}: only its last {} characters count.",
            config.context, config.context
        ));
    }
    if reading.empty {
        sentences.push("Without a text, the model starts after a newline.".to_owned());
    }
    html! { <>{ for sentences.into_iter().map(|text| html! { <p class="muted">{ text }</p> }) }</> }
}

#[derive(PartialEq, Properties)]
struct AskerProps {
    request: NextRequest,
    answered: Option<NextRequest>,
    ask: Callback<Request>,
    listens: bool,
    version: Version,
}

/// Sends requests to the model, one at a time, when the text changes and as the model trains. It renders nothing, so that
/// frames of the run do not render the figure again.
#[component]
fn Asker(props: &AskerProps) -> Html {
    // The last request, the version of the weights, and the time.
    let asked = use_mut_ref(|| None::<(NextRequest, Version, f64)>);
    use_effect_with((props.request.clone(), props.answered.clone(), props.listens, props.version), {
        let ask = props.ask.clone();
        move |(request, answered, listens, version)| {
            let mut asked = asked.borrow_mut();
            // Another run has not received the request.
            if !listens || asked.as_ref().is_some_and(|(_, of, _)| of.run != version.run) {
                *asked = None;
            }
            let now = js_sys::Date::now();
            let due = match &*asked {
                None => true,
                Some((last, of, at)) => {
                    let is_waiting = answered.as_ref() != Some(last);
                    let changed = last != request;
                    let older = of != version && (!version.running || now - at >= REFRESH_MS);
                    !is_waiting && (changed || older)
                }
            };
            if *listens && due && !version.writing && !request.text.is_empty() {
                *asked = Some((request.clone(), *version, now));
                ask.emit(Request::Next(request.clone()));
            }
        }
    });
    Html::default()
}
