//! The controls that add and remove layers and units, and that page through wide layers.

use super::layout::{Layout, MAX_SHOWN};
use crate::sections::mlp::Config;
use serde_json::Value;
use yew::prelude::*;

/// The bounds of the list of widths.
const MAX_LAYERS: usize = 12;
const MAX_UNITS: u32 = 256;

/// A change of the widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    AddLayer,
    RemoveLayer,
    /// Adds a unit to a hidden layer; the first is 0.
    AddUnit(usize),
    /// Removes a unit from a hidden layer.
    RemoveUnit(usize),
}

/// Returns the widths after a change, or `None` if it is not possible.
fn dims_after(dims: &[u32], change: Change) -> Option<Vec<u32>> {
    let mut dims = dims.to_vec();
    match change {
        Change::AddLayer if dims.len() < MAX_LAYERS => dims.push(dims.last().copied().unwrap_or(1)),
        Change::RemoveLayer if dims.len() > 1 => drop(dims.pop()),
        Change::AddUnit(layer) => {
            let width = dims.get_mut(layer).filter(|width| **width < MAX_UNITS)?;
            *width += 1;
        }
        Change::RemoveUnit(layer) => {
            let width = dims.get_mut(layer).filter(|width| **width > 1)?;
            *width -= 1;
        }
        _ => return None,
    }
    Some(dims)
}

fn button(
    config: &Config,
    change: Change,
    label: String,
    locked: bool,
    set: &Callback<(&'static str, Value)>,
) -> Html {
    let next = dims_after(&config.hidden_dims(), change);
    let (action, sign) = match change {
        Change::AddLayer => ("add-layer", "+"),
        Change::RemoveLayer => ("remove-layer", "−"),
        Change::AddUnit(_) => ("add-unit", "+"),
        Change::RemoveUnit(_) => ("remove-unit", "−"),
    };
    let layer = match change {
        Change::AddUnit(layer) | Change::RemoveUnit(layer) => Some((layer + 1).to_string()),
        _ => None,
    };
    let (set, off) = (set.clone(), locked || next.is_none());
    let onclick = Callback::from(move |_: MouseEvent| {
        next.iter().for_each(|dims| set.emit(("hidden", Value::from(dims.clone()))));
    });
    html! { <button type="button" class="small" data-action={action} data-layer={layer} title={label.clone()} aria-label={label} disabled={off} {onclick}>{ sign }</button> }
}

/// The number of hidden layers, with buttons that change it.
pub(super) fn layers(config: &Config, locked: bool, set: &Callback<(&'static str, Value)>) -> Html {
    html! {
        <span class="network-layers">
            { "Hidden layers " }
            { button(config, Change::RemoveLayer, "Remove the last hidden layer".to_owned(), locked, set) }
            <strong>{ config.hidden_dims().len() }</strong>
            { button(config, Change::AddLayer, "Add a hidden layer".to_owned(), locked, set) }
        </span>
    }
}

/// The names of the columns, with buttons that change the width of a layer.
pub(super) fn column_heads(
    layout: &Layout,
    config: &Config,
    locked: bool,
    set: &Callback<(&'static str, Value)>,
) -> Html {
    let dims = config.hidden_dims();
    let last = layout.columns.len().saturating_sub(1);
    let column_head = |layer: usize| {
        let content = match layer {
            0 => html! { <span>{ "Inputs" }</span> },
            layer if layer == last => html! { <span>{ "Outputs" }</span> },
            layer => {
                let (width, of) = (dims.get(layer - 1).copied().unwrap_or(0), format!("layer {layer}"));
                let name = if layout.is_narrow() {
                    format!("L{layer}: {width}")
                } else {
                    format!("Layer {layer}: {width}")
                };
                html! {
                    <>
                        <span>{ name }</span>
                        <span class="network-steps">
                            { button(config, Change::RemoveUnit(layer - 1), format!("Remove a unit from {of}"), locked, set) }
                            { button(config, Change::AddUnit(layer - 1), format!("Add a unit to {of}"), locked, set) }
                        </span>
                    </>
                }
            }
        };
        html! { <div ~style={column_style(layout, layer)}>{ content }</div> }
    };
    html! { <div class="network-heads">{ for (0..=last).map(column_head) }</div> }
}

/// The range of units of a wide layer that are drawn, with buttons that turn its pages.
pub(super) fn pagers(layout: &Layout, on_page: &Callback<(usize, usize)>) -> Html {
    let is_wide = |layer: usize| {
        layer > 0 && layout.columns.get(layer).is_some_and(|column| column.width > column.shown)
    };
    let last = layout.columns.len().saturating_sub(1);
    let pager = |layer: usize| {
        let column = layout.columns.get(layer).filter(|_| layer < last && is_wide(layer))?;
        let (first, shown, width) = (column.first, column.shown, column.width);
        let page = first / MAX_SHOWN;
        let turn = |to: Option<usize>, sign: &'static str, label: String| {
            let on_page = on_page.clone();
            let onclick =
                Callback::from(move |_: MouseEvent| to.iter().for_each(|&to| on_page.emit((layer, to))));
            html! { <button type="button" class="small" data-action="page" data-layer={layer.to_string()} aria-label={label.clone()} title={label} disabled={to.is_none()} {onclick}>{ sign }</button> }
        };
        let next = (first + shown < width).then_some(page + 1);
        Some(html! {
            <div ~style={column_style(layout, layer)}>
                <span>{ format!("{}–{}", first + 1, first + shown) }</span>
                <span class="network-steps">
                    { turn(page.checked_sub(1), "‹", format!("Earlier units of layer {layer}")) }
                    { turn(next, "›", format!("Later units of layer {layer}")) }
                </span>
            </div>
        })
    };
    if !(1..last).any(is_wide) {
        return Html::default();
    }
    html! { <div class="network-pagers" data-narrow={layout.is_narrow().then_some("")}>{ for (1..last).filter_map(pager) }</div> }
}

/// Returns a sentence if not all units are drawn.
pub(super) fn hidden_units(layout: &Layout) -> Option<String> {
    let last = layout.columns.len().saturating_sub(1);
    let inner = layout.columns.get(1..last)?;
    let widest =
        inner.iter().filter(|column| column.width > column.shown).map(|column| column.width).max()?;
    Some(format!("{MAX_SHOWN} of {widest} units are shown in a wide layer; ‹ and › show the others."))
}

fn column_style(layout: &Layout, layer: usize) -> String {
    let x = layout.columns.get(layer).map_or(0.0, |column| column.x);
    format!("left:{:.1}px;width:{:.1}px", x - layout.pitch / 2.0, layout.pitch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_and_units_are_added_and_removed_within_bounds() {
        let dims = [8, 4];
        assert_eq!(dims_after(&dims, Change::AddLayer), Some(vec![8, 4, 4]));
        assert_eq!(dims_after(&dims, Change::RemoveLayer), Some(vec![8]));
        assert_eq!(dims_after(&dims, Change::AddUnit(1)), Some(vec![8, 5]));
        assert_eq!(dims_after(&dims, Change::RemoveUnit(0)), Some(vec![7, 4]));
        for (dims, change) in [
            (&[1][..], Change::RemoveLayer),
            (&[1], Change::RemoveUnit(0)),
            (&[256], Change::AddUnit(0)),
            (&[2; 12], Change::AddLayer),
            (&[2], Change::AddUnit(5)),
        ] {
            assert_eq!(dims_after(dims, change), None, "{dims:?} {change:?}");
        }
    }
}
