//! The messages between a panel, the embedding page, and the other panels on that page.

use crate::client::BatchState;
use crate::core::query::Changes;
use crate::core::suggest::no_such;
use crate::coursework::AnswerSheet;
use crate::coursework::statement::answered;
use crate::embedding::messages::{HostCommand, MessageError};
use crate::embedding::scheduler::{Action, HostEvent, PauseReason, Run, Scheduler};
use crate::embedding::{Bus, Sight, listen, post_to_host, unique_name};
use crate::panel::run_panel::attempts::Attempts;
use crate::panel::run_panel::measured::{curves, named_metrics};
use crate::panel::run_panel::props::RunPanelProps;
use crate::panel::run_panel::report::ReportContext;
use crate::panel::shown::panel_element;
use crate::panel::{PanelAction, RunView, now};
use crate::protocol::RunState;
use crate::ui::theme::set_theme;
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Metrics are sent at most this often.
const METRICS_MS: u32 = 500;

/// The present state of the panel, as messages need it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HostContext {
    pub(super) run_panel: RunPanelProps,
    /// True if a question has to be answered before training.
    pub(super) blocked: bool,
    pub(super) autoplay: bool,
    pub(super) report: ReportContext,
    pub(super) attempts: Attempts,
}

/// State that lasts as long as the panel.
struct Connection {
    context: HostContext,
    /// True for the run and the sweep if the scheduler has paused them.
    paused: (bool, bool),
    scheduler: Scheduler,
    bus: Option<Bus>,
}

impl Connection {
    fn slug(&self) -> &'static str {
        self.context.run_panel.slug
    }
}

type Shared = Rc<RefCell<Option<Connection>>>;

/// Exchanges the messages. Returns the reason why the scheduler has paused the run, if it has.
#[hook]
pub(super) fn use_host(context: HostContext) -> Option<AttrValue> {
    let connection: Shared = use_mut_ref(|| None);
    let pause_reason = use_state_eq(|| None::<PauseReason>);
    let slug = context.run_panel.slug;
    let framed = crate::embedding::framed();
    // The effects below need the context of this render.
    use_effect_with(context.clone(), {
        let connection = connection.clone();
        move |context| {
            if let Some(connection) = connection.borrow_mut().as_mut() {
                connection.context = context.clone();
            }
        }
    });

    let notice = {
        let (connection, pause_reason) = (connection.clone(), pause_reason.setter());
        Rc::new(move |event: HostEvent| notice(&connection, &pause_reason, event))
    };
    use_effect_with((), {
        let (connection, notice, context) = (connection, notice.clone(), context.clone());
        move |()| {
            let bus = framed.then(|| {
                let notice = notice.clone();
                Bus::join(slug, move |claim| notice(HostEvent::Heard(claim)))
            });
            let settings: Vec<&str> = context.run_panel.params.iter().map(|param| param.key).collect();
            *connection.borrow_mut() = Some(Connection {
                context,
                paused: (false, false),
                scheduler: Scheduler::new(unique_name()),
                bus,
            });
            post_to_host(slug, "ready", json!({ "lab": env!("CARGO_PKG_VERSION"), "settings": settings }));
            let panel = panel_element(slug);
            let sight = panel.filter(|_| framed).map(|panel| {
                let notice = notice.clone();
                Sight::watch(&panel, move |seen| notice(HostEvent::Seen(seen)))
            });
            if sight.is_none() {
                // A page that is not embedded continues while it is hidden.
                notice(HostEvent::Seen(true));
            }
            let commands = listen(Box::new({
                let (connection, notice) = (connection.clone(), notice.clone());
                move |command| on_command(&connection, &notice, command)
            }));
            let leaving = EventListener::new(&gloo::utils::window(), "pagehide", {
                let notice = notice.clone();
                move |_| notice(HostEvent::Leave)
            });
            move || {
                notice(HostEvent::Leave);
                drop((sight, commands, leaving));
                connection.borrow_mut().take();
            }
        }
    });

    use_effect_with(context.autoplay && !context.blocked, {
        let notice = notice.clone();
        move |&may| {
            if may {
                notice(HostEvent::Autoplay);
            }
        }
    });
    let activity = activity(&context.run_panel);
    use_effect_with(activity, move |&(run, sweep)| {
        notice(HostEvent::Run(match (run, sweep) {
            (Run::Running, _) | (_, Run::Running) => Run::Running,
            (Run::Paused, _) | (_, Run::Paused) => Run::Paused,
            (Run::None, Run::None) => Run::None,
        }));
    });
    use_messages(&context);
    use_reports(&context);

    let why = match *pause_reason {
        Some(PauseReason::Other) => "paused: another panel on this page is training",
        Some(PauseReason::Away) => "paused while off screen",
        None => return None,
    };
    Some(AttrValue::Static(why))
}

/// Returns the activity of the run and of the sweep of a panel.
fn activity(run_panel: &RunPanelProps) -> (Run, Run) {
    let run = match run_panel.state {
        RunState::Loading { .. } | RunState::Running => Run::Running,
        RunState::Paused => Run::Paused,
        RunState::Idle | RunState::Done { .. } | RunState::Error(_) => Run::None,
    };
    let sweep = match run_panel.background.sweep.state {
        BatchState::Running => Run::Running,
        BatchState::Paused => Run::Paused,
        BatchState::Idle | BatchState::Done => Run::None,
    };
    (run, sweep)
}

/// Sends the state and the metrics to the embedding page.
#[hook]
fn use_messages(context: &HostContext) {
    let slug = context.run_panel.slug;
    let framed = crate::embedding::framed();
    let metrics = use_mut_ref(|| None::<Timeout>);
    let view = use_context::<RunView>();
    // The timer below sends the numbers of the time at which it ends.
    let latest = use_mut_ref(|| None::<RunView>);
    // The name alone, since the loading state changes with every chunk of bytes.
    let error = match &context.run_panel.state {
        RunState::Error(error) => Some(error.clone()),
        _ => None,
    };
    use_effect_with((context.run_panel.state.slug(), error), move |(state, error)| {
        post_to_host(slug, "state", json!({ "state": state, "error": error }));
        if let Some(error) = error {
            post_to_host(slug, "error", json!({ "message": error }));
        }
    });
    use_effect_with((context.run_panel.mark, context.run_panel.state.slug()), {
        move |_| {
            latest.replace(view);
            if framed && metrics.borrow().is_none() {
                let (done, latest) = (metrics.clone(), latest.clone());
                let timer = Timeout::new(METRICS_MS, move || {
                    done.borrow_mut().take();
                    let numbers = named_metrics(latest.borrow().as_ref(), |_| true);
                    post_to_host(slug, "metrics", json!({ "metrics": numbers }));
                });
                metrics.borrow_mut().replace(timer);
            }
        }
    });
    use_effect_with(context.run_panel.state.slug(), {
        let series = context.run_panel.series.clone();
        move |state| {
            if framed && matches!(*state, "paused" | "done") {
                post_to_host(slug, "curves", json!({ "curves": curves(&series.emit(())) }));
            }
        }
    });
}

/// Sends each prediction, its outcome, and the answer sheet to the embedding page.
#[hook]
fn use_reports(context: &HostContext) {
    let (slug, work) = (context.run_panel.slug, context.run_panel.work.clone());
    let Attempts { asked, latest, count, .. } = context.attempts.clone();
    // An attempt of an earlier visit is no news.
    let known =
        use_mut_ref(|| latest.as_ref().map(|attempt| (attempt.id.clone(), attempt.outcome.is_some())));
    let report = context.report.clone();
    use_effect_with((asked, latest), {
        let work = work.clone();
        move |(asked, latest)| {
            let (Some(asked), Some(attempt)) = (asked, latest) else { return };
            let now = Some((attempt.id.clone(), attempt.outcome.is_some()));
            if known.replace(now.clone()) == now {
                return;
            }
            let message = report.message(asked, (attempt, count), &work);
            post_to_host(slug, "guess", message.clone());
            if attempt.outcome.is_some() {
                post_to_host(slug, "outcome", message);
                let address = window().location().href().unwrap_or_default();
                let statement = answered(asked, attempt, work.sheet.lesson.as_ref(), &address);
                post_to_host(slug, "statement", json!({ "statement": statement }));
            }
        }
    });
    use_effect_with(work.sheet, move |sheet| {
        if crate::embedding::framed() && !sheet.answers.is_empty() {
            post_to_host(slug, "record", json!({ "record": sheet.to_value(now()) }));
        }
    });
}

fn notice(connection: &Shared, pause_reason: &UseStateSetter<Option<PauseReason>>, event: HostEvent) {
    // Actions cause further events, so nothing is borrowed while they are performed.
    let (actions, run_panel, paused) = {
        let mut connection = connection.borrow_mut();
        let Some(connection) = connection.as_mut() else { return };
        let actions = connection.scheduler.notice(event, js_sys::Date::now());
        pause_reason.set(connection.scheduler.pause_reason());
        if let Some(bus) = &connection.bus {
            for action in &actions {
                if let Action::Broadcast(claim) = action {
                    bus.broadcast(claim);
                }
            }
        }
        let run_panel = connection.context.run_panel.clone();
        // Anything that the user had paused before stays paused.
        let (run, sweep) = activity(&run_panel);
        let paused = &mut connection.paused;
        if actions.contains(&Action::Pause) {
            *paused = (paused.0 || run == Run::Running, paused.1 || sweep == Run::Running);
        }
        let paused = if actions.contains(&Action::Resume) { std::mem::take(paused) } else { *paused };
        (actions, run_panel, paused)
    };
    let sweep = &run_panel.background.sweep;
    for action in actions {
        match action {
            Action::Train => run_panel.on_train.emit(()),
            Action::Pause => {
                paused.0.then(|| run_panel.on_pause.emit(()));
                paused.1.then(|| sweep.pause.emit(()));
            }
            Action::Resume => {
                paused.0.then(|| run_panel.on_resume.emit(()));
                paused.1.then(|| sweep.resume.emit(()));
            }
            Action::Broadcast(_) => {}
        }
    }
}

/// Performs a command of the embedding page, or replies with an error.
fn on_command(
    connection: &Shared,
    notice: &Rc<impl Fn(HostEvent)>,
    command: Result<HostCommand, MessageError>,
) {
    let Some((context, slug)) =
        connection.borrow().as_ref().map(|connection| (connection.context.clone(), connection.slug()))
    else {
        return;
    };
    let refuse = |message: &str| post_to_host(slug, "error", json!({ "message": message }));
    let run_panel = context.run_panel;
    match command {
        Err(error) => refuse(&error.to_string()),
        Ok(HostCommand::Claim(claim)) => notice(HostEvent::Heard(claim)),
        Ok(HostCommand::Train) if context.blocked => {
            refuse("Answer the question first; then training can start.")
        }
        Ok(HostCommand::Train) => match run_panel.state {
            RunState::Paused => run_panel.on_resume.emit(()),
            RunState::Running | RunState::Loading { .. } => {}
            RunState::Idle | RunState::Done { .. } | RunState::Error(_) => run_panel.on_train.emit(()),
        },
        Ok(HostCommand::Pause) => {
            if run_panel.state.is_active() {
                run_panel.on_pause.emit(());
            }
        }
        Ok(HostCommand::Reset) => run_panel.on_reset.emit(()),
        Ok(HostCommand::Theme { theme }) => set_theme(theme.slug()),
        Ok(HostCommand::Restore { record }) => match AnswerSheet::from_value(record) {
            Ok(sheet) => run_panel.work.change(move |own| own.merge(&sheet)),
            Err(error) => refuse(&format!("The record was not restored: {error}.")),
        },
        Ok(HostCommand::Student { name }) => run_panel.work.set_student(&name),
        Ok(HostCommand::Set { values }) => match changes(&run_panel, values) {
            Ok(changes) => run_panel.dispatch.emit(PanelAction::Write(changes)),
            Err(error) => refuse(&error.to_string()),
        },
    }
}

/// The keys of an address that a message can change, apart from the settings.
const OTHER_KEYS: &[&str] = &["preset", "seeds", "experiment", "sweep", "sweep2", "measure"];

/// The reason why the settings in a message are refused.
#[derive(Debug, thiserror::Error)]
enum SetError {
    #[error("{0}")]
    Unknown(String),
    #[error("The value of {0} is neither text nor a number.")]
    NotAValue(String),
}

/// Returns the changes of the address. Its values are read like those of a link: invalid ones are clamped,
/// with a warning on the page.
fn changes(run_panel: &RunPanelProps, values: Map<String, Value>) -> Result<Changes, SetError> {
    let mut changes = Vec::new();
    if values.contains_key("preset") {
        // A preset sets all settings that the message does not have.
        changes.extend(run_panel.params.iter().map(|param| (param.key.to_owned(), None)));
    }
    for (key, value) in values {
        let known: Vec<&str> =
            run_panel.params.iter().map(|param| param.key).chain(OTHER_KEYS.iter().copied()).collect();
        if !known.contains(&key.as_str()) {
            return Err(SetError::Unknown(no_such("setting {} that a message can change", &key, &known)));
        }
        let value = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(on) => Some(on.to_string()),
            Value::Array(_) | Value::Object(_) => {
                return Err(SetError::NotAValue(key));
            }
        };
        changes.retain(|(known, _)| *known != key);
        changes.push((key, value));
    }
    Ok(changes)
}
