//! The user's own text, from a file or pasted. It stays in this browser.

use crate::client::{NewFiles, use_files};
use crate::panel::PtrEq;
use crate::panel::files::FileBox;
use crate::protocol::FileKind;
use crate::sections::transformer::{TaskChoice, TextChoice, TextInfo};
use js_sys::Array;
use serde_json::Value;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{Blob, HtmlTextAreaElement};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct OwnTextProps {
    pub(super) task: TaskChoice,
    pub(super) choice: TextChoice,
    /// The description of the present text, once it has been read.
    pub(super) info: Option<PtrEq<TextInfo>>,
    pub(super) set: Callback<(&'static str, Value)>,
}

#[component]
pub(super) fn OwnText(props: &OwnTextProps) -> Html {
    let files = use_files(FileKind::Text);
    let node = use_node_ref();
    // A new text is selected for training. If it is removed, the built-in text is selected.
    let before = use_mut_ref(|| None::<usize>);
    use_effect_with((files.list.clone(), props.choice), {
        let set = props.set.clone();
        move |(list, choice)| {
            let now = list.first().map(|file| file.size as usize);
            let earlier = before.borrow_mut().replace(now.unwrap_or(0));
            match (earlier, now) {
                (Some(earlier), Some(now)) if earlier != now => set.emit(("text", Value::from("own"))),
                (Some(earlier), None) if earlier > 0 && *choice == TextChoice::Own => {
                    set.emit(("text", Value::from("shakespeare")));
                }
                _ => {}
            }
        }
    });
    let paste = {
        let (add, node) = (files.add.clone(), node.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(area) = node.cast::<HtmlTextAreaElement>() else { return };
            let parts = Array::of1(&JsValue::from_str(&area.value()));
            let Ok(blob) = Blob::new_with_str_sequence(&parts) else { return };
            // The name is shown in the list; a blob has none.
            let _ = js_sys::Reflect::set(&blob, &"name".into(), &"the pasted text".into());
            add.emit(NewFiles { files: vec![blob], errors: Vec::new() });
        })
    };
    let is_read = props.task == TaskChoice::Text && props.choice == TextChoice::Own;
    let info = props.info.as_ref().filter(|_| is_read);
    let remarks = Rc::new(info.map_or_else(Vec::new, |info| info.0.remarks()));
    html! {
        <FileBox kind={FileKind::Text} {files} title="your own text" {remarks}>
            <p>{ "Your own text, best in UTF-8, 2 KB to 20 MB. A tenth of it is held out for validation. It stays in this browser." }</p>
            <label>{ "Paste it here" }<textarea ref={node} rows="3" data-paste="" /></label>
            <button type="button" data-action="use-text" onclick={paste}>{ "Train on this text" }</button>
        </FileBox>
    }
}
