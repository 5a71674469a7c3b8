//! The notice about an address of which not everything was understood.

use crate::embedding::post_to_host;
use std::collections::HashSet;
use yew::prelude::*;

/// The maximum number of sentences in the notice.
const MAX_SHOWN: usize = 5;

/// The properties of [`Problems`].
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ProblemsProps {
    /// The name of the section for messages to the embedding page.
    pub slug: AttrValue,
    /// One sentence per problem.
    pub list: Vec<String>,
    /// Removes from the address everything that was not understood.
    pub on_dismiss: Callback<()>,
    /// False if nothing is left of the address without it.
    #[prop_or(true)]
    pub can_dismiss: bool,
}

/// Shows the problems until they are dismissed or change, and sends each one to the embedding page.
#[component]
pub fn Problems(props: &ProblemsProps) -> Html {
    let dismissed = use_state_eq(Vec::<String>::new);
    let sent = use_mut_ref(HashSet::<String>::new);
    use_effect_with((props.slug.clone(), props.list.clone()), move |(slug, list)| {
        let mut sent = sent.borrow_mut();
        // A problem that is corrected and made again is sent again.
        sent.retain(|words| list.contains(words));
        for words in list {
            if sent.insert(words.clone()) {
                post_to_host(slug, "error", serde_json::json!({ "message": words }));
            }
        }
    });
    let onclick = {
        let (dismissed, list) = (dismissed.setter(), props.list.clone());
        props.on_dismiss.reform(move |_: MouseEvent| dismissed.set(list.clone()))
    };
    let more = props.list.len().saturating_sub(MAX_SHOWN);
    if props.list.is_empty() || *dismissed == props.list {
        return Html::default();
    }
    html! {
        <div class="notice problems" data-kind="warn" role="status" data-problems={props.list.len().to_string()}>
            <div>
                { for props.list.iter().take(MAX_SHOWN).map(|words| html! { <p>{ words }</p> }) }
                if more > 0 {
                    <p>{ format!("And {more} more.") }</p>
                }
            </div>
            if props.can_dismiss {
                <button type="button" class="quiet" data-action="dismiss" {onclick}>{ "Dismiss" }</button>
            }
        </div>
    }
}
