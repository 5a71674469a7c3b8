//! One shortcut, computed by the model and by hand.

use crate::charts::Table;
use crate::charts::scale::{format_exact, format_number};
use crate::sections::resnet::{ShortcutCheck, ShortcutKind};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct ByHandProps {
    pub(super) check: Option<Rc<ShortcutCheck>>,
}

/// The maximum number of products that are written out.
const WRITTEN: usize = 4;

/// The first number of the shortcut's output, and the difference over the whole output.
#[component]
pub(super) fn ByHandFigure(props: &ByHandProps) -> Html {
    let Some(check) = props.check.clone() else {
        return html! { <Figure name="projection" picture={false} table={Callback::from(|()| Table::default())}><p class="muted">{ "Being measured…" }</p></Figure> };
    };
    let [input, output] =
        check.shapes.map(|[channels, height, width]| format!("{channels} × {height} × {width}"));
    let [by_hand, by_model] = check.first.map(|value| format_number(value, 7));
    let table = {
        let check = check.clone();
        Callback::from(move |()| check_table(&check))
    };
    html! {
        <Figure name="projection" picture={false} {table}>
            <div class="by-hand" data-difference={check.max_difference.to_string()}>
                <p>{ format!("Block {}, {input} to {output}: {}", check.block, rule(&check)) }</p>
                <p class="by-hand-sum">{ sum(&check) }</p>
                <dl>
                    <dt>{ "by hand" }</dt><dd>{ by_hand }</dd>
                    <dt>{ "by the model" }</dt><dd>{ by_model }</dd>
                    <dt>{ format!("maximum difference, {} numbers", format_number(check.compared.into(), 9)) }</dt>
                    <dd>{ format_number(check.max_difference, 2) }</dd>
                </dl>
            </div>
        </Figure>
    }
}

/// Returns how an output of the shortcut is computed.
fn rule(check: &ShortcutCheck) -> &'static str {
    match (check.kind, check.norm) {
        (ShortcutKind::Projection, None) => {
            "each output is a weighted sum of one pixel’s channels. The first one:"
        }
        (ShortcutKind::Projection, Some(_)) => {
            "each output is a weighted sum of one pixel’s channels, then batch norm. The first one:"
        }
        _ => "each output is a pixel of the input, or zero. The first one:",
    }
}

/// Returns the first output, written out.
fn sum(check: &ShortcutCheck) -> String {
    let number = |value: f64| format_number(value, 3);
    let pairs = check.weights.iter().zip(&check.inputs);
    let products: Vec<String> =
        pairs.take(WRITTEN).map(|(w, x)| format!("{} · {}", in_product(*w), in_product(*x))).collect();
    let Some(first) = check.inputs.first().filter(|_| products.is_empty()) else {
        let mut words = products.join(" + ");
        if let Some(further) = check.weights.len().checked_sub(WRITTEN).filter(|further| *further > 0) {
            words += &format!(" + {further} more");
        }
        if check.bias != 0.0 {
            words += &format!(" + {}", in_product(check.bias));
        }
        return match check.norm {
            Some([mean, std]) => format!("({words} − {}) / {}", in_product(mean as f32), number(std)),
            None => words,
        };
    };
    number(f64::from(*first))
}

/// Writes a factor; a negative one is in parentheses.
fn in_product(value: f32) -> String {
    let text = format_number(value.into(), 3);
    if value < 0.0 { format!("({text})") } else { text }
}

fn check_table(check: &ShortcutCheck) -> Table {
    let row = |(channel, x): (usize, &f32)| {
        let weight = check.weights.get(channel).map_or_else(String::new, |w| format_exact((*w).into()));
        vec![(channel + 1).to_string(), format_exact((*x).into()), weight]
    };
    Table {
        columns: ["channel", "input", "weight"].map(str::to_owned).to_vec(),
        rows: check.inputs.iter().enumerate().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_output_is_written_out() {
        let check = ShortcutCheck {
            kind: ShortcutKind::Projection,
            weights: vec![0.5, -0.25],
            inputs: vec![2.0, 0.0],
            bias: 0.125,
            ..ShortcutCheck::default()
        };
        assert_eq!(sum(&check), "0.500 · 2 + (−0.250) · 0 + 0.125");
        let long = ShortcutCheck {
            weights: vec![1.0; 16],
            inputs: vec![1.0; 16],
            bias: 0.0,
            norm: Some([-1.0, 2.0]),
            ..check.clone()
        };
        assert_eq!(sum(&long), "(1 · 1 + 1 · 1 + 1 · 1 + 1 · 1 + 12 more − (−1)) / 2");
        let padded = ShortcutCheck { weights: Vec::new(), kind: ShortcutKind::ZeroPadding, ..check };
        assert_eq!(sum(&padded), "2");
    }
}
