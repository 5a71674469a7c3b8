//! The picture of section 3 on the cover: two chains of blocks, and the gradient that reaches each block if every
//! block passes on 60% of it. With a shortcut it keeps its size.

use yew::prelude::*;

const BLOCKS: i32 = 7;
/// The factor by which the gradient shrinks per block of the plain chain.
const FACTOR: f64 = 0.6;
/// The distance from one block to the next.
const PITCH: f64 = 32.0;
const LEFT: f64 = 12.0;
const BOX: f64 = 18.0;
/// The height of a bar of size 1.
const BAR: f64 = 26.0;

/// Returns the picture: bars of 0.6^k on the plain chain, and of 1 on the residual chain.
pub fn cover() -> Html {
    html! {
        <svg class="cover-picture" viewBox="0 0 240 120" aria-hidden="true">
            { chain(40.0, "var(--series-0)", |distance| FACTOR.powi(distance), false) }
            { chain(94.0, "var(--series-1)", |_| 1.0, true) }
        </svg>
    }
}

/// Returns a chain whose boxes have their top at `y`, with a bar on each.
fn chain(y: f64, color: &'static str, size: fn(i32) -> f64, has_shortcuts: bool) -> Html {
    let middle = y + 6.0;
    let block = |index: i32| {
        let x = LEFT + f64::from(index) * PITCH;
        let height = BAR * size(BLOCKS - 1 - index);
        let (from, to) = (x - 5.0, x + BOX + 5.0);
        let arc = format!("M{from},{middle}C{from},{} {to},{} {to},{middle}", y + 27.0, y + 27.0);
        html! {
            <>
                <rect fill={color} x={x.to_string()} y={format!("{:.1}", y - 6.0 - height)} width={BOX.to_string()} height={format!("{height:.1}")} />
                if has_shortcuts {
                    <path fill="none" stroke={color} stroke-width="1.5" d={arc} />
                }
                <rect fill="var(--surface)" stroke={color} stroke-width="1.5" x={x.to_string()} y={y.to_string()} width={BOX.to_string()} height="12" rx="3" />
            </>
        }
    };
    html! {
        <>
            <path stroke={color} stroke-width="1.5" d={format!("M2,{middle}H{}", LEFT + f64::from(BLOCKS) * PITCH)} />
            { for (0..BLOCKS).map(block) }
        </>
    }
}
