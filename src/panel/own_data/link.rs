//! Sentences on a link whose data set is not in this browser.

use crate::client::DataSets;
use gloo::timers::callback::Timeout;
use yew::prelude::*;

/// The list of data sets is read from the browser's storage. A data set counts as missing after this time.
const READ_MS: u32 = 800;

#[derive(Properties, PartialEq)]
pub(super) struct MissingProps {
    /// The id in the settings.
    pub(super) data: AttrValue,
    pub(super) sets: DataSets,
}

/// Says which data set a link needs, and whether the files that were opened are this data set.
#[component]
pub(super) fn Missing(props: &MissingProps) -> Html {
    let (data, sets) = (&props.data, &props.sets);
    let is_read = use_state_eq(|| false);
    use_effect_with((), {
        let setter = is_read.setter();
        move |()| {
            let timer = Timeout::new(READ_MS, move || setter.set(true));
            move || drop(timer)
        }
    });
    let is_missing = *is_read && !data.is_empty() && sets.list.iter().all(|stored| *data != stored.card.id);
    let prepared = sets.prepared.as_ref().map(|prepared| prepared.card.id.as_str());
    let name = html! { <code>{ data }</code> };
    html! {
        <div role="status">
            if is_missing {
                { match prepared {
                    Some(id) if *data == id => html! {
                        <p class="notice" data-link="same">{ "This is the data set of the link, " }{ name }{ "." }</p>
                    },
                    Some(id) => html! {
                        <p class="notice" data-kind="warn" data-link="other">
                            { "This is another data set than the link’s: " }<code>{ id }</code>{ " and not " }{ name }
                            { ". You can use it, but the numbers will differ from the link’s. Or open the file that the link was made with." }
                        </p>
                    },
                    None => html! {
                        <p class="notice" data-kind="warn" data-link="missing">
                            { "This link needs the data set " }{ name }{ ". Open the same file here." }
                        </p>
                    },
                } }
            }
        </div>
    }
}
