//! A panel's conversation with the page around it, and with the panels beside it.

use crate::assignment::{Answer, Question};
use crate::host::messages::Wish;
use crate::host::scheduler::{Act, Happening, Hold, Manners, Run};
use crate::host::{Bus, Sight, listen, tell, unique_name};
use crate::panel::run_panel::DeskProps;
use crate::panel::shown::{panel_element, shown_metrics};
use crate::protocol::RunState;
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
pub(super) struct Seat {
    pub(super) desk: DeskProps,
    /// Whether a question has to be answered before training.
    pub(super) blocked: bool,
    pub(super) autoplay: bool,
}

/// What lasts as long as the panel does.
struct Talk {
    seat: Seat,
    manners: Manners,
    bus: Option<Bus>,
}

impl Talk {
    fn slug(&self) -> &'static str {
        self.seat.desk.slug
    }
}

type Shared = Rc<RefCell<Option<Talk>>>;

/// Holds the conversation; gives the reason why the run waits by itself, if it does.
#[hook]
pub(super) fn use_host(seat: Seat, question: Option<Question>, answer: Option<Answer>) -> Option<AttrValue> {
    let talk: Shared = use_mut_ref(|| None);
    let hold = use_state_eq(|| None::<Hold>);
    let metrics = use_mut_ref(|| None::<Timeout>);
    let slug = seat.desk.slug;
    let framed = crate::host::framed();
    if let Some(talk) = talk.borrow_mut().as_mut() {
        talk.seat = seat.clone();
    }

    let notice = {
        let (talk, hold) = (talk.clone(), hold.setter());
        Rc::new(move |happening: Happening| notice(&talk, &hold, happening))
    };
    use_effect_with((), {
        let (talk, notice, seat) = (talk, notice.clone(), seat.clone());
        move |()| {
            let bus = framed.then(|| {
                let notice = notice.clone();
                Bus::join(slug, move |stand| notice(Happening::Heard(stand)))
            });
            let settings: Vec<&str> = seat.desk.params.iter().map(|param| param.key).collect();
            *talk.borrow_mut() = Some(Talk { seat, manners: Manners::new(unique_name()), bus });
            tell(slug, "ready", json!({ "lab": env!("CARGO_PKG_VERSION"), "settings": settings }));
            let panel = panel_element(slug);
            let sight = panel.filter(|_| framed).map(|panel| {
                let notice = notice.clone();
                Sight::watch(&panel, move |seen| notice(Happening::Seen(seen)))
            });
            if sight.is_none() {
                // A page of its own is there to be used; it goes on while its visitor reads elsewhere.
                notice(Happening::Seen(true));
            }
            let wishes = listen(Box::new({
                let (talk, notice) = (talk.clone(), notice.clone());
                move |wish| hear(&talk, &notice, wish)
            }));
            let leaving = EventListener::new(&gloo::utils::window(), "pagehide", {
                let notice = notice.clone();
                move |_| notice(Happening::Leave)
            });
            move || {
                notice(Happening::Leave);
                drop((sight, wishes, leaving));
                talk.borrow_mut().take();
            }
        }
    });

    use_effect_with(seat.autoplay && !seat.blocked, {
        let notice = notice.clone();
        move |&may| {
            if may {
                notice(Happening::Autoplay);
            }
        }
    });
    use_effect_with(seat.desk.state.clone(), move |state| {
        notice(Happening::Run(match state {
            RunState::Loading { .. } | RunState::Running => Run::Running,
            RunState::Paused => Run::Paused,
            RunState::Idle | RunState::Done { .. } | RunState::Error(_) => Run::None,
        }));
    });
    // The name alone: while bytes come in, the state changes often and says the same.
    let words = match &seat.desk.state {
        RunState::Error(words) => Some(words.clone()),
        _ => None,
    };
    use_effect_with((seat.desk.state.slug(), words), move |(state, words)| {
        tell(slug, "state", json!({ "state": state, "error": words }));
        if let Some(words) = words {
            tell(slug, "error", json!({ "message": words }));
        }
    });
    use_effect_with((seat.desk.mark, seat.desk.state.slug()), move |_| {
        if framed && metrics.borrow().is_none() {
            let done = metrics.clone();
            let timer = Timeout::new(METRICS_MS, move || {
                done.borrow_mut().take();
                tell(slug, "metrics", json!({ "metrics": shown_metrics(slug) }));
            });
            metrics.borrow_mut().replace(timer);
        }
    });
    let over = matches!(seat.desk.state, RunState::Done { .. });
    use_effect_with((question, answer, over), move |(question, answer, over)| {
        if let (Some(question), Some(answer)) = (question, answer) {
            let outcome: Map<String, Value> = shown_metrics(slug)
                .into_iter()
                .filter(|(name, _)| *over && question.metrics.contains(name))
                .collect();
            let outcome = over.then_some(outcome);
            tell(slug, "guess", json!({ "question": question.text, "guess": answer, "outcome": outcome }));
        }
    });

    let why = match *hold {
        Some(Hold::Other) => "waits: another panel on this page trains",
        Some(Hold::Away) => "waits until it is in sight",
        None => return None,
    };
    Some(AttrValue::Static(why))
}

fn notice(talk: &Shared, hold: &UseStateSetter<Option<Hold>>, happening: Happening) {
    // Acts come back here as happenings, so nothing stays borrowed while they are done.
    let (acts, desk) = {
        let mut talk = talk.borrow_mut();
        let Some(talk) = talk.as_mut() else { return };
        let acts = talk.manners.notice(happening, js_sys::Date::now());
        hold.set(talk.manners.hold());
        if let Some(bus) = &talk.bus {
            for act in &acts {
                if let Act::Say(stand) = act {
                    bus.say(stand);
                }
            }
        }
        (acts, talk.seat.desk.clone())
    };
    for act in acts {
        match act {
            Act::Train => desk.on_train.emit(()),
            Act::Pause => desk.on_pause.emit(()),
            Act::Resume => desk.on_resume.emit(()),
            Act::Say(_) => {}
        }
    }
}

/// Does what the page around asks for, or tells it why not.
fn hear(talk: &Shared, notice: &Rc<impl Fn(Happening)>, wish: Result<Wish, String>) {
    let Some((seat, slug)) = talk.borrow().as_ref().map(|talk| (talk.seat.clone(), talk.slug())) else {
        return;
    };
    let refuse = |message: &str| tell(slug, "error", json!({ "message": message }));
    let desk = seat.desk;
    match wish {
        Err(message) => refuse(&message),
        Ok(Wish::Stand(stand)) => notice(Happening::Heard(stand)),
        Ok(Wish::Train) if seat.blocked => {
            refuse("A question waits for its answer; training starts after that.")
        }
        Ok(Wish::Train) => match desk.state {
            RunState::Paused => desk.on_resume.emit(()),
            RunState::Running | RunState::Loading { .. } => {}
            RunState::Idle | RunState::Done { .. } | RunState::Error(_) => desk.on_train.emit(()),
        },
        Ok(Wish::Pause) => {
            if desk.state.is_active() {
                desk.on_pause.emit(());
            }
        }
        Ok(Wish::Reset) => desk.on_reset.emit(()),
        Ok(Wish::Set { values }) => match changes(&desk, values) {
            Ok(changes) => desk.write.emit(changes),
            Err(message) => refuse(&message),
        },
    }
}

/// What is to change in the address. Values are read there, as those of a link are: the page clamps them and says so.
fn changes(desk: &DeskProps, values: Map<String, Value>) -> Result<Vec<(String, Option<String>)>, String> {
    let mut changes = Vec::new();
    if values.contains_key("preset") {
        // A preset sets all that is not set beside it.
        changes.extend(desk.params.iter().map(|param| (param.key.to_owned(), None)));
    }
    for (key, value) in values {
        if key != "preset" && !desk.params.iter().any(|param| param.key == key) {
            let known: Vec<_> = desk.params.iter().map(|param| param.key).collect();
            return Err(format!("There is no setting {key} here; known: preset, {}.", known.join(", ")));
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
