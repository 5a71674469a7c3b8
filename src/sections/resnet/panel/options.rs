//! The three options of shortcuts where a block changes the shape, with the parameters that each adds.

use crate::charts::Table;
use crate::charts::scale::format_number;
use crate::sections::resnet::{Config, ShortcutChoice, params_formula};
use crate::ui::figure::Figure;
use serde_json::Value;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct OptionsProps {
    pub(super) config: Config,
    pub(super) set: Callback<(&'static str, Value)>,
}

const OPTIONS: [(ShortcutChoice, &str, &str); 3] = [
    (ShortcutChoice::A, "a", "A: zero padding"),
    (ShortcutChoice::B, "b", "B: projection where the shape changes"),
    (ShortcutChoice::C, "c", "C: projection in every block"),
];

/// Returns the number of parameters that an option adds to the plain network.
fn added(config: &Config, shortcut: ShortcutChoice) -> u64 {
    let config = Config { shortcut, ..config.clone() };
    params_formula(&config, true).saturating_sub(params_formula(&config, false))
}

/// A drawing of each option, which selects it.
#[component]
pub(super) fn OptionsFigure(props: &OptionsProps) -> Html {
    let OptionsProps { config, set } = props;
    let option = |(shortcut, slug, name): (ShortcutChoice, &'static str, &'static str)| {
        let onclick = set.reform(move |_: MouseEvent| ("shortcut", Value::from(slug)));
        let count = format!("+{} parameters", format_number(added(config, shortcut) as f64, 9));
        html! {
            <button type="button" class="shortcut-option" data-option={slug} aria-pressed={(config.shortcut == shortcut).to_string()} {onclick}>
                { picture(shortcut) }
                <span>{ name }</span>
                <span class="muted">{ count }</span>
            </button>
        }
    };
    let table = {
        let config = config.clone();
        Callback::from(move |()| Table {
            columns: ["option", "parameters added"].map(str::to_owned).to_vec(),
            rows: OPTIONS
                .map(|(shortcut, _, name)| vec![name.to_owned(), added(&config, shortcut).to_string()])
                .to_vec(),
        })
    };
    html! {
        <Figure name="options" {table} look_for={html! { "Left: the block’s input; a stride of 2 keeps the dark pixels. Right: the shortcut’s output, with twice the channels. Counts are closed forms." }}>
            <div class="shortcut-options" role="group" aria-label="Option of shortcuts">{ for OPTIONS.map(option) }</div>
        </Figure>
    }
}

/// The size of a pixel.
const PIXEL: f64 = 7.0;

/// The fill of a pixel.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    Kept,
    Skipped,
    Zero,
}

impl Fill {
    const fn class(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Skipped => "skipped",
            Self::Zero => "zero",
        }
    }
}

/// One channel of `side x side` pixels.
fn sheet(x: f64, y: f64, side: usize, fill: impl Fn(usize, usize) -> Fill) -> Html {
    let pixel = |index: usize| {
        let (row, col) = (index / side, index % side);
        html! {
            <rect class={fill(row, col).class()} x={(x + col as f64 * PIXEL).to_string()} y={(y + row as f64 * PIXEL).to_string()}
                width={PIXEL.to_string()} height={PIXEL.to_string()} />
        }
    };
    html! { <g>{ for (0..side * side).map(pixel) }</g> }
}

/// The input and the output of a shortcut that halves the image and doubles the channels.
fn picture(shortcut: ShortcutChoice) -> Html {
    let is_projection = shortcut != ShortcutChoice::A;
    let even = |row: usize, col: usize| {
        if row.is_multiple_of(2) && col.is_multiple_of(2) { Fill::Kept } else { Fill::Skipped }
    };
    let input = [3.0, 37.0].map(|y| sheet(3.0, y, 4, even));
    let output = [0, 1, 2, 3].map(|channel: u8| {
        let fill = if !is_projection && channel > 1 { Fill::Zero } else { Fill::Kept };
        sheet(94.0, 2.0 + 17.0 * f64::from(channel), 2, |_, _| fill)
    });
    html! {
        <svg class="chart-svg" viewBox="0 0 144 70" aria-hidden="true">
            { for input }
            <path class="wire" d="M36,35H89m-5,-4l5,4l-5,4" />
            if is_projection {
                <rect class="unit" x="44" y="25" width="30" height="20" rx="4" />
                <text x="59" y="39" text-anchor="middle">{ "1 × 1" }</text>
            }
            { for output }
            if !is_projection {
                <text x="113" y="56">{ "zeros" }</text>
            }
        </svg>
    }
}
