//! Small parts of the forms: menus, and numbers with their words.

use js_sys::Reflect;
use yew::prelude::*;

/// Returns the value of the control that an event came from.
pub(super) fn value_of(event: &Event) -> String {
    let value = event.target().and_then(|target| Reflect::get(&target, &"value".into()).ok());
    value.and_then(|value| value.as_string()).unwrap_or_default()
}

/// Returns a menu with a label. The options have a value and words. `data-option` names it for tests.
pub(super) fn menu<V: Into<AttrValue>, W: Into<AttrValue>>(
    label: &'static str,
    hook: &'static str,
    options: impl IntoIterator<Item = (V, W)>,
    chosen: &str,
    on_change: impl Fn(String) + 'static,
) -> Html {
    let options = options.into_iter().map(|(value, words)| (value.into(), words.into()));
    menu_of(label, hook, options.collect(), chosen, Callback::from(on_change))
}

fn menu_of(
    label: &'static str,
    hook: &'static str,
    options: Vec<(AttrValue, AttrValue)>,
    chosen: &str,
    on_change: Callback<String>,
) -> Html {
    let onchange = on_change.reform(|event: Event| value_of(&event));
    let option = |(value, words): &(AttrValue, AttrValue)| {
        let selected = *value == *chosen;
        html! { <option value={value.clone()} {selected}>{ words }</option> }
    };
    html! {
        <label><span>{ label }</span>
            <select data-option={hook} {onchange}>{ for options.iter().map(option) }</select>
        </label>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct TextFieldProps {
    pub(super) value: String,
    /// The maximum number of characters.
    pub(super) max: usize,
    #[prop_or_default]
    pub(super) placeholder: &'static str,
    /// True if an empty text is not accepted: the field then shows its value again.
    #[prop_or_default]
    pub(super) required: bool,
    /// Receives the text, without spaces around it, when the visitor has changed it.
    pub(super) on_change: Callback<String>,
    /// Hooks for tests.
    #[prop_or_default]
    pub(super) card_field: Option<&'static str>,
    #[prop_or_default]
    pub(super) class: Option<String>,
    #[prop_or_default]
    pub(super) option: Option<&'static str>,
}

/// A field for a short text. The text stays while it is being typed, even if the page around it changes.
#[component]
pub(super) fn TextField(props: &TextFieldProps) -> Html {
    let draft = use_state_eq(|| None::<String>);
    use_effect_with(props.value.clone(), {
        let draft = draft.setter();
        move |_| draft.set(None)
    });
    let oninput = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| draft.set(Some(value_of(&event))))
    };
    let onchange = {
        let (draft, on_change) = (draft.setter(), props.on_change.clone());
        let (max, required) = (props.max, props.required);
        Callback::from(move |event: Event| {
            let text: String = value_of(&event).trim().chars().take(max).collect();
            if required && text.is_empty() {
                draft.set(None);
            } else {
                on_change.emit(text);
            }
        })
    };
    html! {
        <input type="text" maxlength={props.max.to_string()} placeholder={props.placeholder} value={draft.as_ref().unwrap_or(&props.value).clone()}
            data-card-field={props.card_field} data-class={props.class.clone()} data-option={props.option} {oninput} {onchange} />
    }
}

/// Returns a number with a comma between thousands.
pub(super) fn grouped(count: u32) -> String {
    let digits = count.to_string();
    let comma = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits
        .char_indices()
        .flat_map(|(at, digit)| comma(at).then_some(',').into_iter().chain([digit]))
        .collect()
}

/// Returns a number with its noun, such as "1 row" or "1,500 rows".
pub(super) fn count(count: u32, noun: &str) -> String {
    let ending = match (count, noun) {
        (1, _) => "",
        (_, "class") => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", grouped(count))
}

/// Returns names with their numbers, such as "cats 12, dogs 8".
pub(super) fn counted<'a>(all: impl IntoIterator<Item = (&'a str, u32)>) -> String {
    let parts: Vec<_> = all.into_iter().map(|(name, count)| format!("{name} {}", grouped(count))).collect();
    parts.join(", ")
}

/// Returns a list of sentences.
pub(super) fn sentences(list: &[String]) -> Html {
    html! {
        if !list.is_empty() {
            <ul class="own-remarks">{ for list.iter().map(|sentence| html! { <li data-remark="">{ sentence }</li> }) }</ul>
        }
    }
}

/// Returns a table that scrolls sideways, with the names of its columns.
pub(super) fn scrolled(label: &'static str, head: Html, rows: &[Vec<String>]) -> Html {
    let row =
        |cells: &Vec<String>| html! { <tr>{ for cells.iter().map(|cell| html! { <td>{ cell }</td> }) }</tr> };
    html! {
        <div class="own-rows" role="region" aria-label={label} tabindex="0">
            <table><thead><tr>{ head }</tr></thead><tbody>{ for rows.iter().map(row) }</tbody></table>
        </div>
    }
}

/// Returns the names of files that were skipped, each with the reason. `all` counts those that are not listed, too.
pub(super) fn skipped(all: u32, list: &[(String, String)]) -> Html {
    let more = all.saturating_sub(u32::try_from(list.len()).unwrap_or(u32::MAX));
    html! {
        if all > 0 {
            <details class="own-skipped" data-skipped={all.to_string()} open={all < 6}>
                <summary>{ format!("{} skipped", count(all, "file")) }</summary>
                <ul>
                    { for list.iter().map(|(name, why)| html! { <li><strong>{ name }</strong>{ ": " }{ why }</li> }) }
                    if more > 0 { <li>{ format!("{} more", grouped(more)) }</li> }
                </ul>
            </details>
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::panel::own_data::parts::*;

    #[test]
    fn numbers_have_words() {
        assert_eq!(count(1, "class"), "1 class");
        assert_eq!(count(10, "class"), "10 classes");
        assert_eq!(count(1_234_567, "row"), "1,234,567 rows");
        assert_eq!(grouped(999), "999");
        assert_eq!(counted([("cats", 1200), ("dogs", 8)]), "cats 1,200, dogs 8");
    }
}
