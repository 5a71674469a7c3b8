//! A panel's conversation with the page around it, and with the panels beside it.

use crate::assignment::{Answer, Question};
use crate::host::messages::HostCommand;
use crate::host::scheduler::{Action, HostEvent, PauseReason, Run, Scheduler};
use crate::host::{Bus, Sight, listen, tell, unique_name};
use crate::panel::RunView;
use crate::panel::run_panel::RunPanelProps;
use crate::panel::shown::panel_element;
use crate::protocol::RunState;
use crate::ui::readout::metrics_on_page;
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Numbers are told this often while they change.
const METRICS_MS: u32 = 500;

/// All that the conversation is about, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HostContext {
    pub(super) run_panel: RunPanelProps,
    /// Whether a question has to be answered before training.
    pub(super) blocked: bool,
    pub(super) autoplay: bool,
}

/// What lasts as long as the panel does.
struct Connection {
    seat: HostContext,
    scheduler: Scheduler,
    bus: Option<Bus>,
}

impl Connection {
    fn slug(&self) -> &'static str {
        self.seat.run_panel.slug
    }
}

type Shared = Rc<RefCell<Option<Connection>>>;

/// Holds the conversation; gives the reason why the run waits by itself, if it does.
#[hook]
pub(super) fn use_host(
    seat: HostContext,
    question: Option<Question>,
    answer: Option<Answer>,
) -> Option<AttrValue> {
    let talk: Shared = use_mut_ref(|| None);
    let hold = use_state_eq(|| None::<PauseReason>);
    let metrics = use_mut_ref(|| None::<Timeout>);
    let slug = seat.run_panel.slug;
    let framed = crate::host::framed();
    if let Some(talk) = talk.borrow_mut().as_mut() {
        talk.seat = seat.clone();
    }

    let notice = {
        let (talk, hold) = (talk.clone(), hold.setter());
        Rc::new(move |happening: HostEvent| notice(&talk, &hold, happening))
    };
    use_effect_with((), {
        let (talk, notice, seat) = (talk, notice.clone(), seat.clone());
        move |()| {
            let bus = framed.then(|| {
                let notice = notice.clone();
                Bus::join(slug, move |stand| notice(HostEvent::Heard(stand)))
            });
            let settings: Vec<&str> = seat.run_panel.params.iter().map(|param| param.key).collect();
            *talk.borrow_mut() = Some(Connection { seat, scheduler: Scheduler::new(unique_name()), bus });
            tell(slug, "ready", json!({ "lab": env!("CARGO_PKG_VERSION"), "settings": settings }));
            let panel = panel_element(slug);
            let sight = panel.filter(|_| framed).map(|panel| {
                let notice = notice.clone();
                Sight::watch(&panel, move |seen| notice(HostEvent::Seen(seen)))
            });
            if sight.is_none() {
                // A page of its own is there to be used; it goes on while its visitor reads elsewhere.
                notice(HostEvent::Seen(true));
            }
            let wishes = listen(Box::new({
                let (talk, notice) = (talk.clone(), notice.clone());
                move |wish| hear(&talk, &notice, wish)
            }));
            let leaving = EventListener::new(&gloo::utils::window(), "pagehide", {
                let notice = notice.clone();
                move |_| notice(HostEvent::Leave)
            });
            move || {
                notice(HostEvent::Leave);
                drop((sight, wishes, leaving));
                talk.borrow_mut().take();
            }
        }
    });

    use_effect_with(seat.autoplay && !seat.blocked, {
        let notice = notice.clone();
        move |&may| {
            if may {
                notice(HostEvent::Autoplay);
            }
        }
    });
    use_effect_with(seat.run_panel.state.clone(), move |state| {
        notice(HostEvent::Run(match state {
            RunState::Loading { .. } | RunState::Running => Run::Running,
            RunState::Paused => Run::Paused,
            RunState::Idle | RunState::Done { .. } | RunState::Error(_) => Run::None,
        }));
    });
    // The name alone: while bytes come in, the state changes often and says the same.
    let words = match &seat.run_panel.state {
        RunState::Error(words) => Some(words.clone()),
        _ => None,
    };
    use_effect_with((seat.run_panel.state.slug(), words), move |(state, words)| {
        tell(slug, "state", json!({ "state": state, "error": words }));
        if let Some(words) = words {
            tell(slug, "error", json!({ "message": words }));
        }
    });
    use_effect_with((seat.run_panel.mark, seat.run_panel.state.slug()), move |_| {
        if framed && metrics.borrow().is_none() {
            let done = metrics.clone();
            let timer = Timeout::new(METRICS_MS, move || {
                done.borrow_mut().take();
                tell(slug, "metrics", json!({ "metrics": named_metrics(|_| true) }));
            });
            metrics.borrow_mut().replace(timer);
        }
    });
    let over = matches!(seat.run_panel.state, RunState::Done { .. });
    let view = use_context::<RunView>();
    use_effect_with((question, answer, over), move |(question, answer, over)| {
        if let (Some(question), Some(answer)) = (question, answer) {
            let latest = |name: &String| Some((name.clone(), json!(view.as_ref()?.number(name)?)));
            let mut outcome = named_metrics(|name| question.metrics.iter().any(|metric| metric == name));
            outcome.extend(question.metrics.iter().filter_map(latest));
            let outcome = over.then_some(outcome);
            tell(slug, "guess", json!({ "question": question.text, "guess": answer, "outcome": outcome }));
        }
    });

    let why = match *hold {
        Some(PauseReason::Other) => "waits: another panel on this page trains",
        Some(PauseReason::Away) => "waits until it is in sight",
        None => return None,
    };
    Some(AttrValue::Static(why))
}

/// Numbers that the reader sees, for a message.
fn named_metrics(wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
    let numbers = metrics_on_page().into_iter().filter(|(name, _)| wanted(name));
    numbers.map(|(name, value)| (name.to_string(), json!(value))).collect()
}

fn notice(talk: &Shared, hold: &UseStateSetter<Option<PauseReason>>, happening: HostEvent) {
    // Acts come back here as happenings, so nothing stays borrowed while they are done.
    let (acts, run_panel) = {
        let mut talk = talk.borrow_mut();
        let Some(talk) = talk.as_mut() else { return };
        let acts = talk.scheduler.notice(happening, js_sys::Date::now());
        hold.set(talk.scheduler.hold());
        if let Some(bus) = &talk.bus {
            for act in &acts {
                if let Action::Say(stand) = act {
                    bus.say(stand);
                }
            }
        }
        (acts, talk.seat.run_panel.clone())
    };
    for act in acts {
        match act {
            Action::Train => run_panel.on_train.emit(()),
            Action::Pause => run_panel.on_pause.emit(()),
            Action::Resume => run_panel.on_resume.emit(()),
            Action::Say(_) => {}
        }
    }
}

/// Does what the page around asks for, or tells it why not.
fn hear(talk: &Shared, notice: &Rc<impl Fn(HostEvent)>, wish: Result<HostCommand, String>) {
    let Some((seat, slug)) = talk.borrow().as_ref().map(|talk| (talk.seat.clone(), talk.slug())) else {
        return;
    };
    let refuse = |message: &str| tell(slug, "error", json!({ "message": message }));
    let run_panel = seat.run_panel;
    match wish {
        Err(message) => refuse(&message),
        Ok(HostCommand::Claim(stand)) => notice(HostEvent::Heard(stand)),
        Ok(HostCommand::Train) if seat.blocked => {
            refuse("A question waits for its answer; training starts after that.")
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
        Ok(HostCommand::Set { values }) => match changes(&run_panel, values) {
            Ok(changes) => run_panel.write.emit(changes),
            Err(message) => refuse(&message),
        },
    }
}

/// What is to change in the address. Values are read there, as those of a link are: the page clamps them and says so.
fn changes(
    run_panel: &RunPanelProps,
    values: Map<String, Value>,
) -> Result<Vec<(String, Option<String>)>, String> {
    let mut changes = Vec::new();
    if values.contains_key("preset") {
        // A preset sets all that is not set beside it.
        changes.extend(run_panel.params.iter().map(|param| (param.key.to_owned(), None)));
    }
    for (key, value) in values {
        let of_page = key == "preset" || key == "seeds";
        if !of_page && !run_panel.params.iter().any(|param| param.key == key) {
            let known: Vec<_> = run_panel.params.iter().map(|param| param.key).collect();
            return Err(format!(
                "There is no setting {key} here; known: preset, seeds, {}.",
                known.join(", ")
            ));
        }
        let value = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(on) => Some(on.to_string()),
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("The value of {key} is neither text nor a number."));
            }
        };
        changes.retain(|(known, _)| *known != key);
        changes.push((key, value));
    }
    Ok(changes)
}
