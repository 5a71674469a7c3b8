//! Yew's hook for effects, compiled once: what an effect depends on and what it does are behind pointers, as components are.

use super::Compared;
use std::any::Any;
use yew::prelude::*;

/// What is done before the next effect, and when the component goes.
type End = Box<dyn FnOnce()>;

/// What an effect does with what it depends on.
type Effect = Box<dyn FnOnce(&dyn Any) -> Option<End>>;

/// What an effect returns: nothing, or what ends it.
pub trait Ending {
    /// What ends it.
    fn boxed(self) -> Option<End>;
}

impl Ending for () {
    fn boxed(self) -> Option<End> {
        None
    }
}

impl<F: FnOnce() + 'static> Ending for F {
    fn boxed(self) -> Option<End> {
        Some(Box::new(self))
    }
}

/// Yew's hook of the same name: runs `effect` after the page was drawn, if `dependencies` have changed.
#[hook]
pub fn use_effect_with<T, F, D>(dependencies: T, effect: F)
where
    T: PartialEq + 'static,
    F: FnOnce(&T) -> D + 'static,
    D: Ending,
{
    let effect = move |value: &dyn Any| value.downcast_ref::<T>().and_then(|value| effect(value).boxed());
    use_erased(Compared::new(dependencies), Box::new(effect));
}

#[hook]
fn use_erased(dependencies: Compared, effect: Effect) {
    yew::use_effect_with(dependencies, move |dependencies| {
        let end = effect(&*dependencies.value);
        move || {
            if let Some(end) = end {
                end();
            }
        }
    });
}
