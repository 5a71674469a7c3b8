//! The form of a sweep. Every choice becomes part of the address at once.

use crate::charts::scale::format_exact;
use crate::core::number::Bounds;
use crate::core::number_list::list_items;
use crate::core::query::Query;
use crate::core::settings::{Kind, Param};
use crate::core::sweep::example;
use crate::panel::PanelAction;
use crate::ui::list_field::use_list_field;
use crate::ui::number_field::{NumberAttributes, NumberOptions, use_number_field};
use crate::ui::use_unique;
use std::rc::Rc;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct FormProps {
    pub(super) params: &'static [Param],
    pub(super) query: Rc<Query>,
    pub(super) dispatch: Callback<PanelAction>,
    /// The quantities that can be measured: name and title.
    pub(super) measures: Vec<(String, String)>,
}

/// A setting with its values, a second setting, and the measured quantity.
#[component]
pub(super) fn Form(props: &FormProps) -> Html {
    let value = |key: &str| props.query.get(key).map(str::to_owned);
    let has_first = value("sweep").is_some();
    html! {
        <div class="sweep-form">
            { axis(props, "sweep", "Setting", value("sweep")) }
            if has_first {
                { axis(props, "sweep2", "Second setting", value("sweep2")) }
                { measure(props, value("measure").unwrap_or_default()) }
            }
        </div>
    }
}

fn axis(props: &FormProps, key: &'static str, label: &'static str, now: Option<String>) -> Html {
    let (chosen, values) = now.as_deref().and_then(|text| text.split_once(':')).unwrap_or_default();
    let on_setting = {
        let (dispatch, params) = (props.dispatch.clone(), props.params);
        Callback::from(move |event: Event| {
            let slug = event.target_unchecked_into::<HtmlSelectElement>().value();
            let param = params.iter().find(|param| param.key == slug);
            dispatch.emit(PanelAction::Write(vec![(
                key.to_owned(),
                param.map(|param| format!("{slug}:{}", example(param))),
            )]));
        })
    };
    let on_values = {
        let (dispatch, chosen) = (props.dispatch.clone(), chosen.to_owned());
        Callback::from(move |values: String| {
            dispatch.emit(PanelAction::Write(vec![(key.to_owned(), Some(format!("{chosen}:{values}")))]));
        })
    };
    let param = props.params.iter().find(|param| param.key == chosen);
    let option = |param: &'static Param| {
        html! { <option value={param.key} selected={param.key == chosen}>{ param.label }</option> }
    };
    html! {
        <>
            <label data-param={key}>{ label }{ " " }
                <select onchange={on_setting}>
                    <option value="" selected={chosen.is_empty()}>{ "none" }</option>
                    { for props.params.iter().filter(|param| !matches!(param.kind, Kind::IntList(_) | Kind::Text(_))).map(option) }
                </select>
            </label>
            if !chosen.is_empty() {
                <Values name={format!("{key}_values")} whole={param.is_none_or(is_whole)} values={values.to_owned()} {on_values} />
            }
        </>
    }
}

fn measure(props: &FormProps, now: String) -> Html {
    let mut parts = now.splitn(3, ':');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (name, reduction, threshold) = (part(), part(), part());
    let name = if name.is_empty() {
        props.measures.first().map_or(String::new(), |(name, _)| name.clone())
    } else {
        name
    };
    let text = |name: &str, reduction: &str, threshold: &str| match reduction {
        "" | "last" => name.to_owned(),
        "below" | "above" => {
            format!("{name}:{reduction}:{}", if threshold.is_empty() { "0.5" } else { threshold })
        }
        reduction => format!("{name}:{reduction}"),
    };
    let on_name = {
        let (dispatch, reduction, threshold) = (props.dispatch.clone(), reduction.clone(), threshold.clone());
        Callback::from(move |event: Event| {
            let name = event.target_unchecked_into::<HtmlSelectElement>().value();
            dispatch.emit(PanelAction::Write(vec![(
                "measure".to_owned(),
                Some(text(&name, &reduction, &threshold)),
            )]));
        })
    };
    let on_reduction = {
        let (dispatch, name, threshold) = (props.dispatch.clone(), name.clone(), threshold.clone());
        Callback::from(move |event: Event| {
            let reduction = event.target_unchecked_into::<HtmlSelectElement>().value();
            dispatch.emit(PanelAction::Write(vec![(
                "measure".to_owned(),
                Some(text(&name, &reduction, &threshold)),
            )]));
        })
    };
    let on_threshold = {
        let (dispatch, name, reduction) = (props.dispatch.clone(), name.clone(), reduction.clone());
        Callback::from(move |threshold: f64| {
            dispatch.emit(PanelAction::Write(vec![(
                "measure".to_owned(),
                Some(text(&name, &reduction, &format_exact(threshold))),
            )]));
        })
    };
    let reductions = [
        ("last", "last value"),
        ("lowest", "lowest value"),
        ("highest", "highest value"),
        ("below", "steps until below"),
        ("above", "steps until above"),
    ];
    let chosen = if reduction.is_empty() { "last" } else { reduction.as_str() };
    html! {
        <>
            <label data-param="measure">{ "Measure " }
                <select onchange={on_name}>
                    { for props.measures.iter().map(|(slug, title)| html! { <option value={slug.clone()} selected={*slug == name}>{ title.clone() }</option> }) }
                </select>
            </label>
            <label data-param="measure_how">
                <span class="visually-hidden">{ "What of it" }</span>
                <select onchange={on_reduction}>
                    { for reductions.iter().map(|(slug, words)| html! { <option value={*slug} selected={*slug == chosen}>{ *words }</option> }) }
                </select>
            </label>
            if matches!(chosen, "below" | "above") {
                <Threshold value={threshold.parse::<f64>().ok().filter(|value| value.is_finite())} {on_threshold} />
            }
        </>
    }
}

/// Returns true if the values of a setting have no decimal comma: whole numbers and names.
fn is_whole(param: &Param) -> bool {
    match param.kind {
        Kind::Float { .. } => false,
        Kind::List(options) => !options.iter().any(|(slug, _)| slug.contains('.')),
        Kind::Int { .. } | Kind::Choice(_) | Kind::Switch | Kind::IntList(_) | Kind::Text(_) => true,
    }
}

#[derive(PartialEq, Properties)]
struct ValuesProps {
    /// The `data-param` of the label.
    name: String,
    /// True if the values have no decimal comma.
    whole: bool,
    /// The values as in the address.
    values: String,
    /// Receives the values as the address has them.
    on_values: Callback<String>,
}

/// The values of an axis. Text that is not accepted stays until it is corrected, or until Escape restores the values.
#[component]
fn Values(props: &ValuesProps) -> Html {
    let id = use_unique();
    let message_id = format!("{}-message-{id}", props.name);
    let accept = {
        let (whole, on_values) = (props.whole, props.on_values.clone());
        Callback::from(move |text: String| {
            let items = list_items(&text, whole).map_err(|error| error.to_string())?;
            on_values.emit(items.join(","));
            Ok(())
        })
    };
    let field = use_list_field(props.values.to_string(), accept);
    html! {
        <>
            <label data-param={props.name.clone()} title="Values with commas or spaces between them, or from..to/count; append log for a geometric series: 2..256/8log">
                { "Values " }<input type="text" size="24" value={field.text} placeholder="2, 4, 8 or 2..256/8log"
                    aria-invalid={field.message.is_some().then_some("true")} aria-describedby={message_id.clone()}
                    oninput={field.oninput} onchange={field.onchange} onkeydown={field.onkeydown} />
            </label>
            <p class="control-message" id={message_id} role="alert">{ field.message }</p>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct ThresholdProps {
    value: Option<f64>,
    on_threshold: Callback<f64>,
}

/// The value that a measured quantity has to reach.
#[component]
fn Threshold(props: &ThresholdProps) -> Html {
    let number = use_number_field(NumberOptions::new(props.value, Bounds::ANY, props.on_threshold.clone()));
    html! {
        <>
            <label data-param="measure_threshold"><span class="visually-hidden">{ "Value" }</span>
                { number.input(NumberAttributes::default()) }</label>
            { number.message() }
        </>
    }
}
