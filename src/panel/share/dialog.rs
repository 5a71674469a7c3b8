//! The dialog for teachers: what to hide and to lock, whether to start at once, which question to ask.

use crate::assignment::{Assignment, PARTS};
use crate::core::settings::{Param, Preset};
use crate::panel::share::{CopyButton, links};
use crate::ui::figure::figures_on_page;
use crate::ui::readout::metrics_on_page;
use crate::ui::use_unique;
use std::rc::Rc;
use web_sys::{HtmlDialogElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct ShareDialogProps {
    pub(super) slug: &'static str,
    pub(super) query: Rc<Vec<(String, String)>>,
    pub(super) params: &'static [Param],
    pub(super) presets: &'static [Preset],
    pub(super) on_close: Callback<()>,
}

/// What has been filled in.
#[derive(Clone, PartialEq, Default)]
struct Draft {
    assignment: Assignment,
    /// A preset in place of the settings that are shown.
    preset: Option<&'static str>,
    ask: String,
    /// `none`, `number`, `choice` or `curve`.
    guess: String,
    options: String,
    metric: String,
    range: String,
}

impl Draft {
    fn of(query: &[(String, String)]) -> Self {
        let (assignment, _) = Assignment::from_query(query);
        let get = |key: &str| {
            query.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Self {
            ask: get("ask"),
            guess: Some(get("ask_guess"))
                .filter(|guess| !guess.is_empty())
                .unwrap_or_else(|| "none".to_owned()),
            options: get("ask_options").replace('|', "\n"),
            metric: get("ask_metric"),
            range: Some(get("ask_range"))
                .filter(|range| !range.is_empty())
                .unwrap_or_else(|| "0,1".to_owned()),
            assignment,
            preset: None,
        }
    }

    /// The lesson, with the question read as an address's would be; and what is wrong with it.
    fn assignment(&self) -> (Assignment, Vec<String>) {
        let options = self.options.lines().collect::<Vec<_>>().join("|");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let query = [
            pair("ask", &self.ask),
            pair("ask_guess", &self.guess),
            pair("ask_options", &options),
            pair("ask_metric", &self.metric),
            pair("ask_range", &self.range),
        ];
        let (read, warnings) = Assignment::from_query(&query);
        (Assignment { question: read.question, ..self.assignment.clone() }, warnings)
    }

    fn query(&self, shown: &[(String, String)]) -> Vec<(String, String)> {
        let mut query = match self.preset {
            Some(preset) => vec![("preset".to_owned(), preset.to_owned())],
            None => links::set_up(shown),
        };
        query.extend(self.assignment().0.to_query());
        query
    }
}

#[component]
pub(super) fn ShareDialog(props: &ShareDialogProps) -> Html {
    let node = use_node_ref();
    let id = use_unique();
    let draft = use_state_eq(|| Draft::of(&props.query));
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>()
                && dialog.show_modal().is_err()
            {
                dialog.set_open(true);
            }
        }
    });
    let metrics =
        use_memo(props.slug, |_| metrics_on_page().keys().map(ToString::to_string).collect::<Vec<_>>());
    let figures = use_memo(props.slug, |_| figures_on_page());
    let change = |edit: fn(&mut Draft, String)| {
        let draft = draft.clone();
        move |value: String| {
            let mut next = (*draft).clone();
            edit(&mut next, value);
            draft.set(next);
        }
    };
    let (_, warnings) = draft.assignment();
    let query = draft.query(&props.query);
    let link = links::link(props.slug, &query);
    let iframe = links::iframe(props.slug, &format!("Neural network lab: {}", props.slug), &query);
    let element = links::element(&links::folder(), props.slug, &query);
    let close = props.on_close.reform(|_: MouseEvent| ());
    let oncancel = props.on_close.reform(|_: Event| ());
    let setting = |param: &'static Param| {
        let now = if draft.assignment.hides(param.key) {
            "hidden"
        } else if draft.assignment.locks(param.key) {
            "locked"
        } else {
            "free"
        };
        let draft = draft.clone();
        let onchange = Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            let mut next = (*draft).clone();
            let Assignment { hide, lock, .. } = &mut next.assignment;
            hide.retain(|key| key != param.key);
            lock.retain(|key| key != param.key);
            // What is hidden is locked as well: a preset would change it unseen.
            if value == "hidden" {
                hide.push(param.key.to_owned());
            }
            if value != "free" {
                lock.push(param.key.to_owned());
            }
            draft.set(next);
        });
        let option = |value: &'static str, words: &'static str| html! { <option {value} selected={value == now}>{ words }</option> };
        html! {
            <label class="share-row" data-share={param.key}><span>{ param.label }</span>
                <select {onchange}>{ option("free", "free") }{ option("locked", "locked") }{ option("hidden", "hidden") }</select>
            </label>
        }
    };
    let part = |name: String, words: String| {
        let (draft, checked, share) = (draft.clone(), draft.assignment.hides(&name), name.clone());
        let onchange = Callback::from(move |event: Event| {
            let on = event.target_unchecked_into::<HtmlInputElement>().checked();
            let mut next = (*draft).clone();
            next.assignment.hide.retain(|hidden| *hidden != name);
            if on {
                next.assignment.hide.push(name.clone());
            }
            draft.set(next);
        });
        html! { <label class="option" data-share={share}><input type="checkbox" {checked} {onchange} />{ format!(" {words}") }</label> }
    };
    let parts = PARTS.iter().map(|(name, words)| part((*name).to_owned(), (*words).to_owned()));
    // What is hidden already is not on the page, and is still to be chosen.
    let gone = draft.assignment.hide.iter().filter(|name| {
        let known = PARTS.iter().any(|(part, _)| part == name)
            || props.params.iter().any(|param| param.key == **name);
        !known && !figures.iter().any(|(figure, _)| figure == *name)
    });
    let figures = gone.map(|name| (name.clone(), name.clone())).chain(figures.iter().cloned());
    let figures = figures.map(|(name, title)| part(name, title)).collect::<Html>();
    let autoplay = {
        let draft = draft.clone();
        Callback::from(move |event: Event| {
            let mut next = (*draft).clone();
            next.assignment.autoplay = event.target_unchecked_into::<HtmlInputElement>().checked();
            draft.set(next);
        })
    };
    let presets = {
        let (draft, presets) = (draft.clone(), props.presets);
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            let mut next = (*draft).clone();
            next.preset = presets.iter().map(|preset| preset.slug).find(|slug| *slug == value);
            draft.set(next);
        })
    };
    let select = |set: fn(&mut Draft, String)| {
        let set = change(set);
        Callback::from(move |event: Event| set(event.target_unchecked_into::<HtmlSelectElement>().value()))
    };
    let area = |set: fn(&mut Draft, String)| {
        let set = change(set);
        Callback::from(move |event: InputEvent| {
            set(event.target_unchecked_into::<HtmlTextAreaElement>().value())
        })
    };
    let input = |set: fn(&mut Draft, String)| {
        let set = change(set);
        Callback::from(move |event: InputEvent| {
            set(event.target_unchecked_into::<HtmlInputElement>().value())
        })
    };
    let guess = |value: &'static str, words: &'static str| {
        html! { <option {value} selected={draft.guess == value}>{ words }</option> }
    };
    let output = |label: &'static str, action: &'static str, name: &'static str, text: String| {
        let copied = text.clone();
        html! {
            <div class="share-output">
                <label>{ label }<textarea readonly={true} rows="3" data-output={name} value={text} /></label>
                <CopyButton label="Copy" {action} text={Callback::from(move |()| copied.clone())} />
            </div>
        }
    };
    html! {
        <dialog ref={node} class="share-dialog" aria-labelledby={format!("share-{id}")} {oncancel}>
            <div class="share-head">
                <h3 id={format!("share-{id}")}>{ "Embed or assign this panel" }</h3>
                <button type="button" data-action="close-share" onclick={close} aria-label="Close">{ "×" }</button>
            </div>
            if !props.presets.is_empty() {
                <label class="share-row"><span>{ "Set-up" }</span>
                    <select data-share="preset" onchange={presets}>
                        <option value="" selected={draft.preset.is_none()}>{ "as shown now" }</option>
                        { for props.presets.iter().map(|preset| html! { <option value={preset.slug} selected={draft.preset == Some(preset.slug)}>{ preset.title }</option> }) }
                    </select>
                </label>
            }
            <label class="option" data-share="autoplay"><input type="checkbox" checked={draft.assignment.autoplay} onchange={autoplay} />{ " Start training when it is seen" }</label>
            <fieldset><legend>{ "Leave out" }</legend>{ for parts }</fieldset>
            <fieldset class="share-settings"><legend>{ "Figures to leave out" }</legend>{ figures }</fieldset>
            <fieldset class="share-settings"><legend>{ "Settings" }</legend>{ for props.params.iter().map(setting) }</fieldset>
            <fieldset><legend>{ "Question" }</legend>
                <label>{ "Question for the student" }<textarea rows="2" data-share="ask" value={draft.ask.clone()} oninput={area(|draft, value| draft.ask = value)} /></label>
                <label class="share-row"><span>{ "A guess before training" }</span>
                    <select data-share="guess" onchange={select(|draft, value| draft.guess = value)}>
                        { guess("none", "none") }{ guess("number", "a number") }{ guess("choice", "one of some answers") }{ guess("curve", "a curve") }
                    </select>
                </label>
                if draft.guess == "choice" {
                    <label>{ "Answers, one a line" }<textarea rows="3" data-share="options" value={draft.options.clone()} oninput={area(|draft, value| draft.options = value)} /></label>
                }
                if draft.guess != "none" {
                    <label class="share-row"><span>{ "Answered by" }</span>
                        <input type="text" data-share="metric" list={format!("metrics-{id}")} value={draft.metric.clone()}
                            oninput={input(|draft, value| draft.metric = value)} /></label>
                    <datalist id={format!("metrics-{id}")}>{ for metrics.iter().map(|name| html! { <option value={name.clone()} /> }) }</datalist>
                }
                if draft.guess == "curve" {
                    <label class="share-row"><span>{ "Axis from, to" }</span>
                        <input type="text" data-share="range" value={draft.range.clone()} oninput={input(|draft, value| draft.range = value)} /></label>
                }
                <div role="status">{ for warnings.iter().map(|text| html! { <p class="notice" data-kind="warn">{ text.clone() }</p> }) }</div>
            </fieldset>
            { output("Link", "copy-lesson-link", "link", link) }
            { output("For a course page (sizes itself)", "copy-element", "element", element) }
            { output("For a page without scripts (fixed height)", "copy-iframe", "iframe", iframe) }
        </dialog>
    }
}
