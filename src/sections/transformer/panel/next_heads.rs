//! The heads' attention on the visitor's text, with a switch for each.

use super::super::NextToken;
use super::chars::{spoken, visible};
use super::heads::head_name;
use crate::charts::ColorMap;
use crate::panel::PtrEq;
use crate::ui::picture::Picture;
use crate::ui::readout::format_number;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct NextHeadsProps {
    pub(super) next: PtrEq<NextToken>,
    pub(super) off: Vec<(u32, u32)>,
    pub(super) on_switch: Callback<(u32, u32)>,
}

#[component]
pub(super) fn NextHeads(props: &NextHeadsProps) -> Html {
    let maps = &props.next.0.maps;
    let chosen = use_state_eq(|| 0usize);
    let chosen_head = (*chosen).min(maps.len().saturating_sub(1));
    let pictures = use_memo(props.next.clone(), |next| {
        let maps = &next.0.maps;
        let paint = |head| {
            let roots: Vec<f32> = maps.map(head).iter().map(|weight| weight.sqrt()).collect();
            Rc::new(ColorMap::Sequential.paint(&roots, (0.0, 1.0)))
        };
        (0..maps.len()).map(paint).collect::<Vec<_>>()
    });
    let heads = (maps.n_heads as usize).max(1);
    let head = |(index, rgba): (usize, &Rc<Vec<u8>>)| {
        let key = ((index / heads) as u32, (index % heads) as u32);
        let is_on = !props.off.contains(&key);
        let (chosen, on_switch) = (chosen.setter(), props.on_switch.clone());
        let name = head_name(maps, index);
        html! {
            <div class="next-head" data-off={(!is_on).then_some("")}>
                <button type="button" class="head-button" data-next-head={index.to_string()} aria-pressed={(index == chosen_head).to_string()}
                    aria-label={format!("Show {name}")} onclick={move |_| chosen.set(index)}>
                    <Picture side={maps.n as usize} rgba={rgba.clone()} label={name.clone()} />
                </button>
                <button type="button" class="head-switch" data-switch={index.to_string()} aria-pressed={is_on.to_string()} aria-label={format!("{name} on")}
                    onclick={move |_| on_switch.emit(key)}>{ if is_on { "on" } else { "off" } }</button>
            </div>
        }
    };
    let layer = |(layer, pictures): (usize, &[Rc<Vec<u8>>])| {
        html! {
            <div class="head-layer" role="group" aria-label={format!("Layer {}", layer + 1)}>
                <span class="layer-name">{ format!("layer {}", layer + 1) }</span>
                { for pictures.iter().enumerate().map(|(i, rgba)| head((layer * heads + i, rgba))) }
            </div>
        }
    };
    html! {
        <div class="next-heads">
            <h4>{ "Attention on your text, and a switch for each head" }</h4>
            <div class="head-grid">{ for pictures.chunks(heads).enumerate().map(layer) }</div>
            { from_last(&props.next.0, chosen_head) }
        </div>
    }
}

/// The text, each character as dark as the last query's weight on it: what the prediction has been made from.
fn from_last(next: &NextToken, head: usize) -> Html {
    let last = next.chars.len().saturating_sub(1);
    let row = next.maps.row(head, last);
    let most = row.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let character = |(i, &c): (usize, &char)| {
        let share = row.get(i).map_or(0.0, |weight| (weight / most).sqrt());
        let shown = if c == '\n' {
            "⏎\n".to_owned()
        } else if i == last {
            visible(c).to_string()
        } else {
            c.to_string()
        };
        html! { <span class={(i == last).then_some("query")} ~style={format!("--weight:{:.0}%", 85.0 * share)}>{ shown }</span> }
    };
    let strongest = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let most_words = strongest.and_then(|(i, weight)| {
        let back = match last - i {
            0 => "itself".to_owned(),
            1 => "the one before".to_owned(),
            back => format!("{back} back"),
        };
        Some(format!(
            "most on “{}”, {back}: {}",
            spoken(*next.chars.get(i)?),
            format_number(f64::from(*weight), 2)
        ))
    });
    html! {
        <>
            <p class="muted">{ format!("Attention of the last character in {}: {}.", head_name(&next.maps, head), most_words.unwrap_or_default()) }</p>
            <pre class="linked-text" tabindex="0" role="region" aria-label="Your text, shaded by attention">{ for next.chars.iter().enumerate().map(character) }</pre>
        </>
    }
}
