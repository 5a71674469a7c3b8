//! The form of a sweep. Every choice becomes part of the address at once.

use crate::core::query::Query;
use crate::core::settings::{Kind, Param};
use crate::core::sweep::example;
use crate::panel::PanelAction;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
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
        Callback::from(move |event: Event| {
            let values = event.target_unchecked_into::<HtmlInputElement>().value();
            dispatch.emit(PanelAction::Write(vec![(
                key.to_owned(),
                Some(format!("{chosen}:{}", values.trim())),
            )]));
        })
    };
    let option = |param: &'static Param| {
        html! { <option value={param.key} selected={param.key == chosen}>{ param.label }</option> }
    };
    html! {
        <>
            <label data-param={key}>{ label }{ " " }
                <select onchange={on_setting}>
                    <option value="" selected={chosen.is_empty()}>{ "none" }</option>
                    { for props.params.iter().filter(|param| !matches!(param.kind, Kind::IntList(_))).map(option) }
                </select>
            </label>
            if !chosen.is_empty() {
                <label data-param={format!("{key}_values")} title="Comma-separated values, or from..to/count; append log for a geometric series: 2..256/8log">
                    { "Values " }<input type="text" size="24" value={values.to_owned()} onchange={on_values} placeholder="2, 4, 8 or 2..256/8log" />
                </label>
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
        Callback::from(move |event: Event| {
            let threshold = event.target_unchecked_into::<HtmlInputElement>().value();
            dispatch.emit(PanelAction::Write(vec![(
                "measure".to_owned(),
                Some(text(&name, &reduction, threshold.trim())),
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
                <label data-param="measure_threshold"><span class="visually-hidden">{ "Value" }</span>
                    <input type="number" step="any" value={threshold} onchange={on_threshold} /></label>
            }
        </>
    }
}
