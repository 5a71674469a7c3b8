//! A dialog over the page. Escape closes it.

use crate::ui::use_unique;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct ModalProps {
    pub(super) title: AttrValue,
    pub(super) class: &'static str,
    pub(super) on_close: Callback<()>,
    pub(super) children: Html,
}

/// Shows its children in a dialog until it is closed.
#[component]
pub(super) fn Modal(props: &ModalProps) -> Html {
    let (node, id) = (use_node_ref(), use_unique());
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>()
                && dialog.show_modal().is_err()
            {
                dialog.set_open(true);
            }
            move || {
                // Gives the focus back to the button that opened it.
                if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                    dialog.close();
                }
            }
        }
    });
    let close = {
        let (node, on_close) = (node.clone(), props.on_close.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                dialog.close();
            }
            on_close.emit(());
        })
    };
    let on_click_outside = {
        let (node, close) = (node.clone(), close.clone());
        Callback::from(move |event: MouseEvent| {
            let is_outside = node.get().is_some_and(|node| event.target().as_ref() == Some(node.as_ref()));
            if is_outside {
                close.emit(event);
            }
        })
    };
    let title_id = format!("modal-{id}");
    html! {
        <dialog ref={node} class={classes!("class-dialog", props.class)} aria-labelledby={title_id.clone()}
            onclose={props.on_close.reform(|_: Event| ())} onclick={on_click_outside}>
            <div class="class-dialog-body">
                <div class="class-dialog-head">
                    <h2 id={title_id}>{ props.title.clone() }</h2>
                    <button type="button" data-action="close-dialog" onclick={close} aria-label="Close">{ "×" }</button>
                </div>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
