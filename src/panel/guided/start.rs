//! The start of an experiment: its settings are put in place, then its run starts.

use crate::panel::PanelAction;
use crate::panel::guided::GuidedView;
use gloo::timers::callback::Timeout;
use yew::prelude::*;

/// Returns a callback that sets up the open experiment and starts its run as soon as the settings are in place.
/// An embedded experiment is set up at once.
#[hook]
pub(in crate::panel) fn use_start(
    view: Option<&GuidedView>,
    dispatch: &Callback<PanelAction>,
    train: &Callback<()>,
) -> Callback<()> {
    let wanted = use_state_eq(|| false);
    let is_set = view.is_none_or(|view| view.is_set);
    let set_up = {
        let (dispatch, values) = (dispatch.clone(), view.map(|view| view.set_up.clone()));
        move || {
            if let Some(values) = values.filter(|_| !is_set) {
                dispatch.emit(PanelAction::Replace(values, Vec::new()));
            }
        }
    };
    let embedded = view.filter(|view| view.embedded).map(|view| view.info.slug);
    use_effect_with(embedded, {
        let set_up = set_up.clone();
        move |embedded| embedded.iter().for_each(|_| set_up.clone()())
    });
    use_effect_with((*wanted, is_set), {
        let (wanted, train) = (wanted.setter(), train.clone());
        move |&(is_wanted, is_set)| {
            let start = (is_wanted && is_set).then(|| {
                wanted.set(false);
                // After the effects of the new settings, which end the earlier run.
                Timeout::new(0, move || train.emit(()))
            });
            start.map(Timeout::forget);
        }
    });
    let wanted = wanted.setter();
    Callback::from(move |()| {
        set_up.clone()();
        wanted.set(true);
    })
}
