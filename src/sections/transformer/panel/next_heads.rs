//! The heads' attention on the user's text, with a switch for each.

use super::chars::{spoken, visible};
use super::heads::{head_name, layer_and_head, shading, use_head_grid};
use crate::charts::Table;
use crate::panel::PtrEq;
use crate::sections::transformer::NextToken;
use crate::sections::transformer::heads::Snapshot;
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct NextHeadsProps {
    /// The latest prediction, once there is one.
    pub(super) next: Option<PtrEq<NextToken>>,
    pub(super) off: Vec<(u32, u32)>,
    pub(super) on_switch: Callback<(u32, u32)>,
}

#[component]
pub(super) fn NextHeads(props: &NextHeadsProps) -> Html {
    let maps = use_memo(props.next.clone(), |next| {
        PtrEq(next.as_ref().map(|next| next.0.maps.clone()).unwrap_or_default())
    });
    let maps = &*maps;
    let chosen = use_state_eq(|| 0usize);
    let chosen_head = (*chosen).min(maps.len().saturating_sub(1));
    let grid = use_head_grid(maps.clone(), |index, picture| {
        let key = layer_and_head(maps, index);
        let is_on = !props.off.contains(&key);
        let (chosen, on_switch) = (chosen.setter(), props.on_switch.clone());
        let name = head_name(maps, index);
        html! {
            <div class="next-head" data-off={(!is_on).then_some("")}>
                <button type="button" class="head-button" data-next-head={index.to_string()} aria-pressed={(index == chosen_head).to_string()}
                    aria-label={format!("Show {name}")} onclick={move |_| chosen.set(index)}>
                    { picture }
                </button>
                <button type="button" class="head-switch" data-switch={index.to_string()} aria-pressed={is_on.to_string()} aria-label={format!("{name} on")}
                    onclick={move |_| on_switch.emit(key)}>{ if is_on { "on" } else { "off" } }</button>
            </div>
        }
    });
    let table = {
        let maps = maps.clone();
        Callback::from(move |()| table(&maps, chosen_head))
    };
    html! {
        <Figure name="next-heads" picture={false} {table}
            look_for={html! { <>{ "One map per head, on the text above. Switch heads off: outlines at the bars then show the prediction of the full model." }</> }}>
            <div class="next-heads">
                { grid }
                { props.next.as_ref().map(|next| from_last(&next.0, chosen_head)) }
            </div>
        </Figure>
    }
}

/// Returns the weights of the last query of a head.
fn table(maps: &Snapshot, head: usize) -> Table {
    let row = maps.row(head, (maps.n as usize).saturating_sub(1));
    Table {
        columns: ["position", "weight"].map(str::to_owned).to_vec(),
        rows: row
            .iter()
            .enumerate()
            .map(|(i, weight)| vec![(i + 1).to_string(), format!("{weight:.5}")])
            .collect(),
    }
}

/// The text, each character shaded by the weight of the last query, which makes the prediction.
fn from_last(next: &NextToken, head: usize) -> Html {
    let last = next.chars.len().saturating_sub(1);
    let row = next.maps.row(head, last);
    let shading = shading(&row);
    let character = |(i, &c): (usize, &char)| {
        let shown = if c == '\n' {
            "⏎\n".to_owned()
        } else if i == last {
            visible(c).to_string()
        } else {
            c.to_string()
        };
        html! { <span class={(i == last).then_some("query")} ~style={shading(i)}>{ shown }</span> }
    };
    let strongest = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let strongest = strongest.and_then(|(i, weight)| {
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
            <p class="muted">{ format!("Attention of the last character in {}: {}.", head_name(&next.maps, head), strongest.unwrap_or_default()) }</p>
            <pre class="linked-text" tabindex="0" role="region" aria-label="Your text, shaded by attention">{ for next.chars.iter().enumerate().map(character) }</pre>
        </>
    }
}
