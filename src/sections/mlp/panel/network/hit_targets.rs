//! The targets for the pointer and the keyboard: a transparent layer over the picture, with a name and a
//! value for each unit and weight.

use super::layout::{Item, Layout};
use super::words::{short, subscript, unit_words};
use crate::panel::PtrEq;
use crate::sections::mlp::{ParamIndex, Snapshot};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, SvgElement};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct HitTargetsProps {
    pub(super) net: PtrEq<Snapshot>,
    pub(super) layout: Rc<Layout>,
    /// The one item that the Tab key reaches.
    pub(super) cursor: Item,
    pub(super) pointed: Option<Item>,
    pub(super) selected: Option<Item>,
    /// The names of the outputs.
    pub(super) classes: Rc<Vec<String>>,
    /// Emits the item that is hovered or has the focus, and `None` when it loses both.
    pub(super) on_point: Callback<Option<Item>>,
    pub(super) on_cursor: Callback<Item>,
    pub(super) on_select: Callback<Item>,
}

/// Returns the key of an item in its attributes; [`item`] is the inverse.
pub(super) fn key(item: Item) -> String {
    match item {
        Item::Unit(layer, unit) => format!("{layer}-{unit}"),
        Item::Weight(ParamIndex { layer, from, to }) => format!("{layer}-{}-{to}", from.unwrap_or_default()),
    }
}

fn item(key: &str) -> Option<Item> {
    let numbers: Vec<usize> = key.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
    match *numbers {
        [layer, unit] => Some(Item::Unit(layer, unit)),
        [layer, from, to] => Some(Item::Weight(ParamIndex { layer, from: Some(from), to })),
        _ => None,
    }
}

fn item_of(event: &Event) -> Option<Item> {
    let target: Element = event.target()?.dyn_into().ok()?;
    item(&target.closest("[data-item]").ok()??.get_attribute("data-item")?)
}

#[component]
pub(super) fn HitTargets(props: &HitTargetsProps) -> Html {
    let node = use_node_ref();
    let moved = use_mut_ref(|| false);
    // A key moves the focus; a frame does not.
    use_effect_with(props.cursor, {
        let (node, moved) = (node.clone(), moved.clone());
        move |cursor| {
            if std::mem::take(&mut *moved.borrow_mut())
                && let Some(root) = node.cast::<Element>()
                && let Ok(Some(target)) = root.query_selector(&format!("[data-item=\"{}\"]", key(*cursor)))
                && let Some(target) = target.dyn_ref::<SvgElement>()
            {
                // On failure the focus stays.
                let _ = target.focus();
            }
        }
    });
    let over = props.on_point.reform(|event: PointerEvent| item_of(&event));
    let leave = props.on_point.reform(|_: PointerEvent| None);
    let focus = {
        let (on_point, on_cursor) = (props.on_point.clone(), props.on_cursor.clone());
        Callback::from(move |event: FocusEvent| {
            let item = item_of(&event);
            on_point.emit(item);
            item.iter().for_each(|&item| on_cursor.emit(item));
        })
    };
    let blur = props.on_point.reform(|_: FocusEvent| None);
    let click = {
        let on_select = props.on_select.clone();
        Callback::from(move |event: MouseEvent| item_of(&event).iter().for_each(|&item| on_select.emit(item)))
    };
    let keydown = {
        let (on_cursor, on_select) = (props.on_cursor.clone(), props.on_select.clone());
        let (layout, cursor) = (props.layout.clone(), props.cursor);
        Callback::from(move |event: KeyboardEvent| {
            let pressed = event.key();
            if matches!(pressed.as_str(), "Enter" | " ") {
                event.prevent_default();
                on_select.emit(cursor);
            } else if let Some(to) = layout.step(cursor, &pressed) {
                event.prevent_default();
                *moved.borrow_mut() = true;
                on_cursor.emit(to);
            }
        })
    };
    let Layout { width, height, .. } = *props.layout;
    html! {
        <svg ref={node} class="chart-svg network-svg" viewBox={format!("0 0 {width:.0} {height:.0}")} width={format!("{width:.0}")} height={format!("{height:.0}")}
            ~style={format!("width:{width:.0}px")} role="group" aria-label="Units and weights. Left and right walk along the network, up and down within a layer; Enter keeps a unit or opens a weight."
            onpointerover={over} onpointerleave={leave} onfocusin={focus} onfocusout={blur} onclick={click} onkeydown={keydown}>
            { for props.layout.all_weights().map(|param| weight(props, param)) }
            { for props.layout.all_units().map(|(layer, unit)| self::unit(props, layer, unit)) }
        </svg>
    }
}

fn weight(props: &HitTargetsProps, param: ParamIndex) -> Html {
    let net = &*props.net.0;
    let item = Item::Weight(param);
    let (Some([a, b, c, d]), Some(value)) = (props.layout.line(param), net.value(param)) else {
        return Html::default();
    };
    let path =
        format!("M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1);
    html! {
        <path d={path} class="hit weight" role="button" data-item={key(item)} data-weight={net.offset(param).map(|index| index.to_string())}
            data-value={value.to_string()} aria-label={format!("{}: {}", net.param_name(param), short(value))}
            aria-pressed={(props.selected == Some(item)).to_string()} data-on={(props.pointed == Some(item)).then_some("")}
            tabindex={if props.cursor == item { "0" } else { "-1" }} />
    }
}

fn unit(props: &HitTargetsProps, layer: usize, unit: usize) -> Html {
    let item = Item::Unit(layer, unit);
    let Some((x, y)) = props.layout.center(layer, unit) else { return Html::default() };
    let node = props.layout.node;
    let size = node.to_string();
    let last = props.net.0.layers();
    let (left, right) = (x - node / 2.0 - 5.0, x + node / 2.0 + 6.0);
    let name = if layer == 0 && !props.layout.bundled {
        html! { <text x={format!("{left:.1}")} y={format!("{:.1}", y + 4.0)} text-anchor="end" aria-hidden="true">{ format!("x{}", subscript(unit + 1)) }</text> }
    } else if layer == last {
        let class = props.classes.get(unit).map_or("", String::as_str);
        html! { <text x={format!("{right:.1}")} y={format!("{:.1}", y + 4.0)} aria-hidden="true">{ shortened(class) }</text> }
    } else {
        Html::default()
    };
    html! {
        <>
            { name }
            <rect x={format!("{:.1}", x - node / 2.0)} y={format!("{:.1}", y - node / 2.0)} width={size.clone()} height={size}
                class="hit unit" role="button" data-item={key(item)} data-unit={key(item)} aria-label={unit_words(&props.net.0, props.layout.bundled, layer, unit)}
                aria-pressed={(props.selected == Some(item)).to_string()} data-on={(props.pointed == Some(item)).then_some("")}
                tabindex={if props.cursor == item { "0" } else { "-1" }} />
        </>
    }
}

/// Returns a name that fits next to an output. The whole name is in the description of the unit.
fn shortened(name: &str) -> String {
    const MAX: usize = 8;
    if name.chars().count() <= MAX {
        return name.to_owned();
    }
    name.chars().take(MAX - 1).chain(['…']).collect()
}
