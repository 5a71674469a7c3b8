//! Events on their way to the page: throttled, so that drawing leaves the cores to the workers.

use crate::client::session::{Action, Session};
use crate::protocol::{ArmEvent, Event, Task};
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// During a run, the page is drawn at most 30 times per second.
const MIN_MS: f64 = 1000.0 / 30.0;
/// The page is drawn at least four times per second, since it would look frozen otherwise.
const MAX_MS: f64 = 250.0;

/// Returns the time between two drawings, given the cost of one. The page takes at most a quarter of a core:
/// on a machine with two cores both may train, and drawing takes time from them.
fn interval(cost_ms: f64) -> f64 {
    (4.0 * cost_ms).clamp(MIN_MS, MAX_MS)
}

#[derive(Default)]
struct Waiting {
    events: Vec<(Task, Event)>,
    timer: Option<Timeout>,
    drawn: f64,
    /// The moving average of the cost of a drawing, in milliseconds.
    cost: f64,
}

/// Returns a callback that passes events on: frames and progress in batches, as often as the page can draw
/// them at little cost; other events at once.
pub(super) fn throttled(task: Task, session: UseReducerDispatcher<Session>) -> Callback<Event> {
    let waiting = Rc::new(RefCell::new(Waiting::default()));
    let flush = {
        let waiting = waiting.clone();
        move || {
            let events = {
                let mut waiting = waiting.borrow_mut();
                waiting.timer = None;
                waiting.drawn = js_sys::Date::now();
                std::mem::take(&mut waiting.events)
            };
            if events.is_empty() {
                return;
            }
            session.dispatch(Action::Events(events));
            let waiting = waiting.clone();
            on_drawn(move |cost| {
                let mut waiting = waiting.borrow_mut();
                waiting.cost += 0.3 * (cost - waiting.cost);
            });
        }
    };
    Callback::from(move |event: Event| {
        let often = matches!(
            event,
            Event::Arm {
                event: ArmEvent::Frame(_) | ArmEvent::Progress { .. } | ArmEvent::Loading { .. },
                ..
            }
        );
        let since = js_sys::Date::now() - waiting.borrow().drawn;
        let due = interval(waiting.borrow().cost);
        waiting.borrow_mut().events.push((task, event));
        if !often || since >= due {
            flush();
        } else if waiting.borrow().timer.is_none() {
            let later = flush.clone();
            let timer = Timeout::new((due - since.max(0.0)).max(0.0) as u32, later);
            waiting.borrow_mut().timer = Some(timer);
        }
    })
}

/// Reports how many milliseconds the page took to draw the latest change: its own code, then layout and
/// paint.
fn on_drawn(report: impl FnOnce(f64) + 'static) {
    let now = || window().performance().map_or(0.0, |clock| clock.now());
    let started = now();
    let after_code = move || {
        let code = now() - started;
        let in_frame = Closure::once_into_js(move || {
            let started = now();
            // After the frame, which is painted before the next task.
            Timeout::new(0, move || report(code + now() - started)).forget();
        });
        // A hidden tab draws nothing, and nothing is reported.
        let _ = window().request_animation_frame(in_frame.unchecked_ref());
    };
    Timeout::new(0, after_code).forget();
}

#[cfg(test)]
mod tests {
    use crate::client::gather::*;

    #[test]
    fn cheap_drawings_are_frequent_and_expensive_ones_rare() {
        assert_eq!(interval(0.0), MIN_MS);
        assert_eq!(interval(5.0), MIN_MS);
        assert_eq!(interval(20.0), 80.0);
        assert_eq!(interval(1e4), MAX_MS);
    }
}
