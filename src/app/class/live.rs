//! A link for the class as a QR code.

use crate::app::class::modal::Modal;
use crate::app::route::Route;
use crate::coursework::Lesson;
use crate::coursework::lesson::PAGE;
use crate::panel::CopyButton;
use gloo::utils::window;
use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The white border of a code, in modules.
const BORDER: i32 = 4;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct LiveProps {
    pub(super) lesson: Option<Rc<Lesson>>,
}

/// The button, and the dialog with the code.
#[component]
pub(super) fn Live(props: &LiveProps) -> Html {
    let (is_open, typed) = (use_state_eq(|| false), use_state_eq(String::new));
    let set_open = |to: bool| {
        let is_open = is_open.setter();
        Callback::from(move |()| is_open.set(to))
    };
    let oninput = {
        let typed = typed.setter();
        Callback::from(move |event: InputEvent| {
            typed.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let link = address(&typed, props.lesson.as_deref());
    let code = match &link {
        Ok(link) if link.is_empty() => Html::default(),
        Ok(link) => match QrCode::encode_text(link, QrCodeEcc::Low) {
            Ok(code) => html! {
                <div class="class-link">
                    { drawing(&code) }
                    <p><a href={link.clone()} target="_blank" rel="noopener" data-link="">{ link.clone() }</a></p>
                    <CopyButton label="Copy link" action="copy-class-link" text={{ let link = link.clone(); Callback::from(move |()| link.clone()) }} />
                </div>
            },
            Err(_) => html! {
                <p class="notice" data-kind="warn">{ format!("The link has {} characters, which is too many for a QR code. A lesson file on the server of the lab has a short link.", link.chars().count()) }</p>
            },
        },
        Err(why) => html! { <p class="notice" data-kind="warn">{ why.clone() }</p> },
    };
    html! {
        <>
            <button type="button" data-action="show-link" onclick={set_open(true).reform(|_: MouseEvent| ())}>{ "Show a link" }</button>
            if *is_open {
                <Modal title="A link for the class" class="class-large class-live" on_close={set_open(false)}>
                    <label>{ if props.lesson.is_some() { "Another address of the lab, instead of the lesson" } else { "Address of a page of the lab" } }
                        <input type="text" inputmode="url" autocomplete="off" spellcheck="false" data-input="link" value={(*typed).clone()} {oninput} placeholder="#/rnn/memory?seq_len=50" />
                    </label>
                    <div role="status">{ code }</div>
                </Modal>
            }
        </>
    }
}

/// Returns the link that a text means: an address, a part of one from `#` on, or the lesson if there is no text.
fn address(typed: &str, lesson: Option<&Lesson>) -> Result<String, String> {
    let page = || {
        let href = window().location().href().unwrap_or_default();
        href.split('#').next().unwrap_or_default().to_owned()
    };
    match typed.trim() {
        "" => Ok(lesson.map_or_else(String::new, |lesson| {
            let route = Route { slug: PAGE.to_owned(), chapter: None, query: lesson.to_query() };
            format!("{}{}", page(), route.to_hash())
        })),
        text if text.starts_with("#/") => Ok(format!("{}{text}", page())),
        text if (text.starts_with("https://") || text.starts_with("http://"))
            && !text.contains(char::is_whitespace) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("This is not an address. Paste one that starts with https:// or with #/.".to_owned()),
    }
}

/// Draws a code as one path.
fn drawing(code: &QrCode) -> Html {
    let size = code.size();
    let mut path = String::new();
    for (y, x) in
        (0..size).flat_map(|y| (0..size).map(move |x| (y, x))).filter(|&(y, x)| code.get_module(x, y))
    {
        // Writing to a string cannot fail.
        let _ = write!(path, "M{} {}h1v1h-1z", x + BORDER, y + BORDER);
    }
    let whole = size + 2 * BORDER;
    html! {
        <svg class="class-qr" viewBox={format!("0 0 {whole} {whole}")} role="img" aria-label="QR code of the link" data-modules={size.to_string()}>
            <rect width="100%" height="100%" />
            <path d={path} />
        </svg>
    }
}
