//! A lock for every open page of the lab, held for as long as the page is open, so that no page takes over a
//! run that is training in another tab. In browsers without locks, other pages are unknown.

use js_sys::{Array, Function, Object, Promise, Reflect};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

const PREFIX: &str = "nn-lab/";

thread_local! {
    static NAME: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn locks() -> Option<JsValue> {
    // Reading the property throws in a frame without an origin.
    let locks = Reflect::get(&gloo::utils::window().navigator(), &"locks".into()).ok()?;
    (!locks.is_undefined()).then_some(locks)
}

fn method(of: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(of, &name.into()).ok()?.dyn_into().ok()
}

/// Returns the name of this page, which is locked from the first call on.
pub(super) fn own_name() -> String {
    if let Some(name) = NAME.with_borrow(Clone::clone) {
        return name;
    }
    let name = format!("{:x}", (js_sys::Math::random() * 1e15) as u64);
    NAME.set(Some(name.clone()));
    if let Some(locks) = locks()
        && let Some(request) = method(&locks, "request")
    {
        // Held until this promise resolves, which it never does.
        let hold = Closure::once_into_js(|| Promise::new(&mut |_, _| {}));
        if let Ok(held) = request.call2(&locks, &format!("{PREFIX}{name}").into(), &hold) {
            // A frame without an origin may not lock, which is not an error.
            let ignore = Closure::once_into_js(|| ());
            if let Some(catch) = method(&held, "catch") {
                let _ = catch.call1(&held, &ignore);
            }
        }
    }
    name
}

/// Returns the names of the open pages, as far as the browser reports them.
pub(super) async fn names() -> Vec<String> {
    let asked = locks().and_then(|locks| method(&locks, "query")?.call0(&locks).ok());
    let Some(asked) = asked.and_then(|asked| asked.dyn_into::<Promise>().ok()) else { return Vec::new() };
    let answer = JsFuture::from(asked).await.unwrap_or_else(|_| Object::new().into());
    let held = Reflect::get(&answer, &"held".into()).unwrap_or(JsValue::UNDEFINED);
    let name = |lock: JsValue| Reflect::get(&lock, &"name".into()).ok()?.as_string();
    let held = held.dyn_into::<Array>().unwrap_or_default();
    let names = held.iter().filter_map(name);
    names.filter_map(|name| name.strip_prefix(PREFIX).map(str::to_owned)).collect()
}
