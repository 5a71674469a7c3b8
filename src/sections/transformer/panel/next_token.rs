//! The prediction of the next character: the reader's text, the most likely characters, the latest sample, and the model.

use super::chars::spoken;
use super::live::{Live, Version};
use super::next_bars::{Distribution, bars};
use super::next_heads::NextHeads;
use super::small_block::small_block;
use crate::panel::PtrEq;
use crate::sections::transformer::next::Reading;
use crate::sections::transformer::{Config, NextRequest, Request, Sample, TaskChoice, TextInfo};
use crate::ui::figure::Figure;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

/// The time between two requests to a model in training, in milliseconds.
const REFRESH_MS: f64 = 1000.0;

/// The reader's text, and the settings of its prediction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    task: TaskChoice,
    text: String,
    temperature: f64,
    /// `None` keeps all characters.
    top_k: Option<u32>,
    /// The heads that are switched off, as (layer, head).
    off: Vec<(u32, u32)>,
}

impl Input {
    fn new(task: TaskChoice) -> Self {
        Self { task, text: first_text(task).to_owned(), temperature: 1.0, top_k: None, off: Vec::new() }
    }

    /// Returns the reader's text, or the initial one if it is too short for a picture.
    pub(super) fn text_of_pictures(&self) -> String {
        if self.text.chars().count() < 4 { first_text(self.task).to_owned() } else { self.text.clone() }
    }

    /// Returns the heads that are switched off and that this model has.
    fn off(&self, config: &Config) -> Vec<(u32, u32)> {
        self.off.iter().copied().filter(|&(l, h)| l < config.layers && h < config.heads).collect()
    }

    fn switched(mut self, head: (u32, u32)) -> Self {
        match self.off.iter().position(|other| *other == head) {
            Some(at) => drop(self.off.remove(at)),
            None => self.off.push(head),
        }
        self.off.sort_unstable();
        self
    }
}

/// Returns the initial text, which is typical of the task.
pub(super) fn first_text(task: TaskChoice) -> &'static str {
    match task {
        TaskChoice::Text => "ROMEO:\nWhat say'st th",
        TaskChoice::Repeat => "QMBXAKCRWQMBXAK",
    }
}

/// Returns the reader's input, and a callback that replaces it. Another task starts with a text of its own.
#[hook]
pub(super) fn use_input(task: TaskChoice) -> (Input, Callback<Input>) {
    let input = use_state_eq(|| Input::new(task));
    let set = use_callback((), {
        let setter = input.setter();
        move |input: Input, ()| setter.set(input)
    });
    let current = if input.task == task { (*input).clone() } else { Input::new(task) };
    (current, set)
}

#[derive(PartialEq, Properties)]
pub(super) struct NextProps {
    pub(super) config: Config,
    pub(super) info: Option<PtrEq<TextInfo>>,
    pub(super) live: Live,
    pub(super) input: Input,
    pub(super) set: Callback<Input>,
}

#[component]
pub(super) fn NextCharacter(props: &NextProps) -> Html {
    let NextProps { config, info, live, input, set } = props;
    let vocabulary: &[char] = info.as_ref().map_or(&[], |info| &info.0.vocabulary);
    let kinds = vocabulary.len().max(1) as u32;
    let k = input.top_k.unwrap_or(kinds).clamp(1, kinds);
    let reading = Reading::of(&input.text, vocabulary, config.context as usize);
    let request = NextRequest { text: reading.chars.clone(), off: input.off(config) };
    let shown = live.next.clone().filter(|_| live.listens && !reading.chars.is_empty());
    let distribution = use_memo((shown.clone(), info.clone(), input.temperature, k), {
        |(shown, info, temperature, k)| {
            let next = shown.as_ref().map(|next| &*next.0)?;
            Some(Rc::new(Distribution::new(next, &info.as_ref()?.0.vocabulary, *temperature, *k as usize)))
        }
    });
    let oninput = {
        let (input, set) = (input.clone(), set.clone());
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlTextAreaElement>().value();
            set.emit(Input { text, ..input.clone() });
        })
    };
    let slider = |change: fn(Input, f64) -> Input| {
        let (input, set) = (input.clone(), set.clone());
        Callback::from(move |event: InputEvent| {
            let value = event.target_unchecked_into::<HtmlInputElement>().value_as_number();
            if value.is_finite() {
                set.emit(change(input.clone(), value));
            }
        })
    };
    let on_temperature = slider(|input, value| Input { temperature: value.clamp(0.05, 2.0), ..input });
    let on_top_k = slider(|input, value| Input { top_k: Some(value.max(1.0) as u32), ..input });
    let table = {
        let distribution = distribution.clone();
        Callback::from(move |()| distribution.as_ref().as_ref().map(|rows| rows.table()).unwrap_or_default())
    };
    let step = shown.as_ref().map(|next| next.0.maps.step);
    let title = match step {
        Some(0) => "The next character, before training".to_owned(),
        Some(step) => format!("The next character, step {step}"),
        None => "The next character".to_owned(),
    };
    let look_for = html! { <>{ "Before training, random weights decide. With a tied head they often prefer the last character of the text, whose embedding is still in the stream. Bars and text follow the model while it trains. Temperature divides the logits before the softmax; top-k keeps the k most likely characters." }</> };
    html! {
        <Figure name="next-token" picture={false} {title} {look_for} {table}>
            <Asker {request} ask={live.ask.clone()} listens={live.listens} version={live.version}
                answered={live.next.as_ref().map(|next| next.0.request.clone())} />
            <div class="next-token">
                <div class="next-side">
                    <textarea rows="2" data-next="text" aria-label="Your text" value={input.text.clone()} {oninput} spellcheck="false" />
                    <div class="next-answer" data-step={step.map(|step| step.to_string())}>
                        if let Some(distribution) = &*distribution {
                            { bars(distribution) }
                        } else {
                            <p class="muted">{ if info.is_none() { "Starting the model…" } else if live.listens && reading.chars.is_empty() { "Type at least one character that the model knows." } else { "Asking the model…" } }</p>
                        }
                    </div>
                    <div class="next-knobs">
                        <label>{ format!("Temperature {:.2} ", input.temperature) }
                            <input type="range" min="0.05" max="2" step="0.05" value={input.temperature.to_string()} data-next="temperature" oninput={on_temperature} /></label>
                        <label>{ if info.is_some() { format!("Top-k {k} ") } else { "Top-k ".to_owned() } }
                            <input type="range" min="1" max={kinds.to_string()} step="1" value={k.to_string()} data-next="top-k" oninput={on_top_k} /></label>
                    </div>
                    <div role="status" data-next="notes">
                        if info.is_some() {
                            { notes(&reading, config) }
                        }
                    </div>
                </div>
                { latest_sample(live.sample.as_ref().map(|sample| &*sample.0)) }
                { small_block(config, vocabulary.len()) }
            </div>
        </Figure>
    }
}

/// Returns the latest text that the model wrote by itself.
fn latest_sample(sample: Option<&Sample>) -> Html {
    let Some(sample) = sample else {
        return html! { <div class="next-sample sample"><h3>{ "What it writes" }</h3><pre><span class="muted">{ "A sample appears here, unless the length of samples is 0." }</span></pre></div> };
    };
    let title = match sample.step {
        0 => "What it writes, before training".to_owned(),
        step => format!("What it writes, step {step}"),
    };
    html! {
        <div class="next-sample sample" data-sample={sample.step.to_string()}>
            <h3>{ title }</h3>
            <pre tabindex="0" role="region" aria-label={format!("Latest sample, step {}", sample.step)}><span class="prompt">{ sample.prompt.trim_matches('\n') }</span>{ sample.text.trim_matches('\n') }</pre>
        </div>
    }
}

/// The heads' attention on the reader's text, with a switch for each.
#[component]
pub(super) fn NextHeadsFigure(props: &NextProps) -> Html {
    let NextProps { config, live, input, set, .. } = props;
    let on_switch = {
        let (input, set) = (input.clone(), set.clone());
        Callback::from(move |head: (u32, u32)| set.emit(input.clone().switched(head)))
    };
    html! { <NextHeads next={live.next.clone()} off={input.off(config)} {on_switch} /> }
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
            // Another model has not received the request.
            if !listens || asked.as_ref().is_some_and(|(_, of, _)| of.model != version.model) {
                *asked = None;
            }
            let now = js_sys::Date::now();
            let due = match &*asked {
                None => true,
                Some((last, of, at)) => {
                    let is_waiting = answered.as_ref() != Some(last);
                    let changed = last != request;
                    let older = of != version && (!version.is_running || now - at >= REFRESH_MS);
                    !is_waiting && (changed || older)
                }
            };
            if *listens && due && !version.is_writing && !request.text.is_empty() {
                *asked = Some((request.clone(), *version, now));
                ask.emit(Request::Next(request.clone()));
            }
        }
    });
    Html::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_toggle_heads_that_the_model_has() {
        let config = Config { layers: 1, heads: 2, ..Config::default() };
        let input = Input::new(TaskChoice::Text).switched((0, 1)).switched((2, 0)).switched((0, 0));
        assert_eq!(input.off(&config), [(0, 0), (0, 1)]);
        assert_eq!(input.switched((0, 1)).off(&config), [(0, 0)]);
    }
}
