//! A button that copies a text.

use gloo::timers::callback::Timeout;
use gloo::utils::window;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties, Debug)]
pub struct CopyButtonProps {
    pub label: &'static str,
    pub action: &'static str,
    /// Returns the text when the button is pressed.
    pub text: Callback<(), String>,
}

/// Copies a text. If the browser refuses, as it does in many frames, the text is shown, to be copied by hand.
#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let copied = use_state_eq(|| None::<Result<(), String>>);
    let forget = use_mut_ref(|| None::<Timeout>);
    let onclick = {
        let (copied, text) = (copied.setter(), props.text.clone());
        Callback::from(move |_: MouseEvent| {
            let (copied, text, forget) = (copied.clone(), text.emit(()), forget.clone());
            spawn_local(async move {
                match copy(&text).await {
                    true => {
                        copied.set(Some(Ok(())));
                        let later = copied.clone();
                        forget.borrow_mut().replace(Timeout::new(2500, move || later.set(None)));
                    }
                    false => copied.set(Some(Err(text))),
                }
            });
        })
    };
    html! {
        <>
            <button type="button" data-action={props.action} {onclick}>
                { if matches!(&*copied, Some(Ok(()))) { "Copied" } else { props.label } }
            </button>
            <span class="visually-hidden" role="status">{ if matches!(&*copied, Some(Ok(()))) { "Copied" } else { "" } }</span>
            if let Some(Err(text)) = &*copied {
                <label class="by-hand">{ "Copying is blocked here. Select the text and copy it:" }
                    <textarea readonly={true} rows="3" value={text.clone()} />
                </label>
            }
        </>
    }
}

/// Copies a text. Returns true if it is in the clipboard now.
async fn copy(text: &str) -> bool {
    let window = window();
    // The property is undefined without a secure context.
    let there = js_sys::Reflect::get(window.navigator().as_ref(), &"clipboard".into())
        .is_ok_and(|clipboard| !clipboard.is_undefined());
    there && JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok()
}
