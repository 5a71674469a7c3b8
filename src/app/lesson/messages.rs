//! The messages between a lesson, the panels in its frames, and the page around it.

use crate::app::lesson::frame::{FrameMessage, Frames, post};
use crate::coursework::progress::{Progress, Task};
use crate::coursework::statement::completed;
use crate::coursework::{AnswerSheet, Lesson};
use crate::embedding::messages::{HostCommand, HostTheme, MessageError};
use crate::embedding::{listen, post_to_host};
use crate::panel::{Work, now};
use crate::ui::theme::set_theme;
use gloo::utils::window;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The name of the lesson in messages, where a panel has that of its section.
pub(super) const PANEL: &str = "lesson";

/// The messages of a panel that the page around the lesson receives as well.
const PASSED_ON: &[&str] = &["guess", "outcome", "statement", "stand"];

/// The present state of the page, as messages need it.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) lesson: Rc<Lesson>,
    pub(super) tasks: Rc<Vec<Task>>,
    pub(super) work: Work,
    pub(super) frames: Frames,
    /// The index of the open item.
    pub(super) current: usize,
    /// Receives the theme of the page around the lesson.
    pub(super) on_theme: Callback<HostTheme>,
}

impl Context {
    /// Returns the answer sheet as messages have it.
    fn record(&self, sheet: &AnswerSheet) -> Value {
        AnswerSheet { lesson: Some(self.lesson.name()), ..sheet.clone() }.to_value(now())
    }

    fn progress(&self, sheet: &AnswerSheet) -> Progress {
        Progress::of(&self.tasks, sheet)
    }

    fn post_record(&self, sheet: &AnswerSheet) {
        post_to_host(
            PANEL,
            "record",
            json!({ "lesson": self.lesson.id, "record": self.record(sheet), "progress": self.progress(sheet) }),
        );
    }

    /// Returns the sheet with the answers of another one, which is also stored.
    fn merged(&self, other: AnswerSheet) -> AnswerSheet {
        let sheet = &*self.work.sheet;
        let mut merged = sheet.clone();
        merged.merge(&other);
        if merged != *sheet {
            self.work.change(move |sheet| sheet.merge(&other));
        }
        merged
    }

    fn refuse(&self, message: &str) {
        post_to_host(PANEL, "error", json!({ "message": message }));
    }

    /// Sends the answers to a panel that cannot read what the browser stores.
    fn restore(&self, frame: &NodeRef, sheet: &AnswerSheet) {
        if self.work.is_volatile && !sheet.answers.is_empty() {
            post(frame, json!({ "type": "restore", "record": self.record(sheet) }));
        }
    }

    fn post_to_all(&self, message: &Value, except: Option<usize>) {
        for (item, frame) in self.frames.borrow().iter().enumerate() {
            if Some(item) != except {
                post(frame, message.clone());
            }
        }
    }
}

/// Exchanges the messages. Returns the callback for those of the panels.
#[hook]
pub(super) fn use_messages(context: Context) -> Callback<FrameMessage> {
    let latest = use_mut_ref(|| context.clone());
    use_effect({
        let (latest, context) = (latest.clone(), context.clone());
        move || drop(latest.replace(context))
    });
    let was_done = use_mut_ref(|| context.progress(&context.work.sheet).done);
    use_effect_with((), {
        let (latest, was_done) = (latest.clone(), was_done.clone());
        move |()| {
            let lesson = latest.borrow().lesson.id.clone();
            let ready = json!({ "lab": env!("CARGO_PKG_VERSION"), "settings": [], "lesson": lesson });
            post_to_host(PANEL, "ready", ready);
            let commands = listen(Box::new(move |command| on_command(&latest, &was_done, command)));
            move || drop(commands)
        }
    });
    let sheet = context.work.sheet.0.clone();
    use_effect_with(sheet, {
        let context = context.clone();
        move |sheet| {
            context.post_record(sheet);
            // A panel knows the name of the lesson but not its title, which the file for handing in has.
            let name = Some(context.lesson.name());
            if sheet.lesson != name && !sheet.answers.is_empty() {
                context.work.change(|_| {});
            }
        }
    });
    let progress = context.progress(&context.work.sheet);
    use_effect_with(progress.done, move |is_done| {
        let before = was_done.replace(*is_done);
        if *is_done && !before {
            let address = window().location().href().unwrap_or_default();
            let statement = completed(&context.lesson.name(), progress, &address, now());
            post_to_host(PANEL, "statement", json!({ "lesson": context.lesson.id, "statement": statement }));
        }
    });
    use_callback((), move |message: FrameMessage, ()| on_frame(&latest, message))
}

/// Performs a command of the page around the lesson, or replies with an error.
fn on_command(
    latest: &Rc<RefCell<Context>>,
    was_done: &Rc<RefCell<bool>>,
    command: Result<HostCommand, MessageError>,
) {
    let context = latest.borrow().clone();
    match command {
        Err(error) => context.refuse(&error.to_string()),
        Ok(HostCommand::Restore { record }) => match restored(&context.lesson, &record) {
            Ok(other) => {
                let merged = context.merged(other);
                // The lesson was completed in an earlier visit.
                *was_done.borrow_mut() |= context.progress(&merged).done;
                context.frames.borrow().iter().for_each(|frame| context.restore(frame, &merged));
                context.post_record(&merged);
            }
            Err(sentence) => context.refuse(&sentence),
        },
        Ok(HostCommand::Student { name }) => context.work.set_student(&name),
        Ok(HostCommand::Theme { theme }) => {
            set_theme(theme.slug());
            context.on_theme.emit(theme);
        }
        Ok(HostCommand::Set { .. }) => {
            context.refuse("A lesson has no settings; those of its panels are in its items.");
        }
        Ok(command @ HostCommand::Claim(_)) => {
            context.post_to_all(&serde_json::to_value(command).unwrap_or_default(), None);
        }
        Ok(command @ (HostCommand::Train | HostCommand::Pause | HostCommand::Reset)) => {
            if let Some(frame) = context.frames.borrow().get(context.current) {
                post(frame, serde_json::to_value(command).unwrap_or_default());
            }
        }
    }
}

/// Returns the answers in a record that the page around the lesson has kept, or a sentence if they are of another lesson.
fn restored(lesson: &Lesson, record: &Value) -> Result<AnswerSheet, String> {
    let sheet = AnswerSheet::read(&record.to_string())
        .map_err(|error| format!("The record was not restored: {error}."))?;
    match &sheet.lesson {
        Some(other) if other.id != lesson.id => Err(format!(
            "The record was not restored: it belongs to the lesson “{}”, and this is “{}”.",
            other.id, lesson.id
        )),
        _ => Ok(sheet),
    }
}

/// Receives a message of a panel.
fn on_frame(latest: &Rc<RefCell<Context>>, message: FrameMessage) {
    let context = latest.borrow().clone();
    let FrameMessage { item, panel, kind, mut body } = message;
    if kind == "ready"
        && let Some(frame) = context.frames.borrow().get(item)
    {
        context.restore(frame, &context.work.sheet);
    }
    if kind == "stand" {
        // Panels in a sandbox reach each other only through this page.
        let mut claim = body.clone();
        claim.insert("type".to_owned(), json!("stand"));
        context.post_to_all(&Value::Object(claim), Some(item));
    }
    let sheet = body.remove("record").and_then(|record| AnswerSheet::from_value(record).ok());
    if let Some(mut sheet) = sheet
        && sheet.lesson.as_ref().is_some_and(|lesson| lesson.id == context.lesson.id)
    {
        // The name of the student is entered on this page.
        sheet.student = None;
        let merged = context.merged(sheet);
        body.insert("record".to_owned(), context.record(&merged));
    }
    if PASSED_ON.contains(&kind.as_str()) {
        post_to_host(&panel, &kind, Value::Object(body));
    }
}
