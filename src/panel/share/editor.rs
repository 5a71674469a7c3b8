//! The drafts of the dialog with callbacks for its controls.

use crate::core::chapter::Chapter;
use crate::panel::share::draft::PanelDraft;
use crate::panel::share::store::{Change, Drafts};
use crate::run::any::AnyExperiment;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{EventTarget, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

/// The drafts, and the draft of the open section.
#[derive(Clone)]
pub(super) struct Editor {
    pub(super) slug: &'static str,
    pub(super) chapters: &'static [Chapter],
    pub(super) drafts: UseReducerHandle<Drafts>,
    /// The draft of the open section.
    pub(super) panel: Rc<PanelDraft>,
    /// The draft that the open section starts with.
    pub(super) fresh: Rc<PanelDraft>,
}

impl Editor {
    /// Returns the editor for a section. `fresh` is the draft that follows from its address.
    pub(super) fn new(
        experiment: &'static AnyExperiment,
        drafts: UseReducerHandle<Drafts>,
        fresh: PanelDraft,
    ) -> Self {
        let AnyExperiment { slug, chapters, .. } = *experiment;
        let panel = drafts.panels.get(slug).filter(|panel| panel.from == fresh.from).unwrap_or(&fresh);
        let panel = Rc::new(panel.clone());
        Self { slug, chapters, drafts, panel, fresh: Rc::new(fresh) }
    }

    /// Changes the drafts.
    pub(super) fn change(&self, edit: impl Fn(&mut Drafts) + 'static) {
        self.drafts.dispatch(Change::Edit(Rc::new(edit)));
    }

    /// Changes the drafts, and offers to undo it.
    pub(super) fn undoable(&self, sentence: &str, edit: impl Fn(&mut Drafts) + 'static) {
        self.drafts.dispatch(Change::Undoable(sentence.to_owned(), Rc::new(edit)));
    }

    /// Changes the draft of the open section.
    pub(super) fn change_panel(&self, edit: impl Fn(&mut PanelDraft) + 'static) {
        let (slug, fresh) = (self.slug, self.fresh.clone());
        self.change(move |drafts| edit(panel_of(drafts, slug, &fresh)));
    }

    /// Returns a callback that changes the drafts.
    pub(super) fn on<E: 'static>(&self, edit: impl Fn(&mut Drafts) + Clone + 'static) -> Callback<E> {
        let editor = self.clone();
        Callback::from(move |_: E| editor.change(edit.clone()))
    }

    /// Returns a callback that changes the drafts by the value of a control.
    pub(super) fn on_value<E: AsRef<Event> + 'static>(
        &self,
        edit: impl Fn(&mut Drafts, String) + Clone + 'static,
    ) -> Callback<E> {
        let editor = self.clone();
        Callback::from(move |event: E| {
            let (edit, value) = (edit.clone(), value_of(event.as_ref().target()));
            editor.change(move |drafts| edit(drafts, value.clone()));
        })
    }

    /// Returns a callback that changes the draft of the open section by the value of a control.
    pub(super) fn on_panel<E: AsRef<Event> + 'static>(
        &self,
        edit: impl Fn(&mut PanelDraft, String) + Clone + 'static,
    ) -> Callback<E> {
        let (slug, fresh) = (self.slug, self.fresh.clone());
        self.on_value(move |drafts, value| edit(panel_of(drafts, slug, &fresh), value))
    }

    /// Returns a callback that changes the draft of the open section by a checkbox.
    pub(super) fn on_check(&self, edit: impl Fn(&mut PanelDraft, bool) + Clone + 'static) -> Callback<Event> {
        let editor = self.clone();
        Callback::from(move |event: Event| {
            let on = event.target_unchecked_into::<HtmlInputElement>().checked();
            let edit = edit.clone();
            editor.change_panel(move |panel| edit(panel, on));
        })
    }
}

/// Returns the draft of a section. One that was started with another address is replaced.
pub(super) fn panel_of<'a>(drafts: &'a mut Drafts, slug: &str, fresh: &PanelDraft) -> &'a mut PanelDraft {
    let panel = drafts.panels.entry(slug.to_owned()).or_insert_with(|| fresh.clone());
    if panel.from != fresh.from {
        panel.clone_from(fresh);
    }
    panel
}

fn value_of(target: Option<EventTarget>) -> String {
    let Some(target) = target else { return String::new() };
    if let Some(select) = target.dyn_ref::<HtmlSelectElement>() {
        select.value()
    } else if let Some(area) = target.dyn_ref::<HtmlTextAreaElement>() {
        area.value()
    } else {
        target.dyn_ref::<HtmlInputElement>().map(HtmlInputElement::value).unwrap_or_default()
    }
}

/// Returns a menu with a label. `options` have their values, words, and whether they are chosen.
pub(super) fn menu(
    label: &'static str,
    hook: &'static str,
    options: impl Iterator<Item = (String, String, bool)>,
    onchange: Callback<Event>,
) -> Html {
    let option = |(value, words, selected): (String, String, bool)| html! { <option {value} {selected}>{ words }</option> };
    html! {
        <label class="share-row"><span>{ label }</span>
            <select data-share={hook} {onchange}>{ for options.map(option) }</select>
        </label>
    }
}

/// Returns a text field with a label.
pub(super) fn field(
    label: &'static str,
    hook: &'static str,
    value: &str,
    placeholder: &str,
    oninput: Callback<InputEvent>,
) -> Html {
    html! {
        <label class="share-row"><span>{ label }</span>
            <input type="text" data-share={hook} value={value.to_owned()} placeholder={placeholder.to_owned()} {oninput} />
        </label>
    }
}
