//! A small drawing of a computation: rows of boxes from the input at the top to the loss at the bottom.

use crate::panel::code::DrawnPart;
use yew::prelude::*;

const WIDTH: f64 = 300.0;
const BOX: f64 = 24.0;
const GAP: f64 = 14.0;

/// Returns the drawing. Each row has the parts that are computed next to each other, with their names; `words` say what is drawn.
pub fn code_flow(words: &'static str, rows: &[&[(&'static str, &'static str)]]) -> Html {
    let height = rows.len() as f64 * (BOX + GAP) - GAP + 4.0;
    let row = |(index, parts): (usize, &&[(&'static str, &'static str)])| {
        let y = 2.0 + index as f64 * (BOX + GAP);
        let width = (WIDTH - 4.0 + 8.0) / parts.len().max(1) as f64 - 8.0;
        let part = move |(column, (id, name)): (usize, &(&'static str, &'static str))| {
            let x = 2.0 + column as f64 * (width + 8.0);
            html! {
                <DrawnPart id={*id}>
                    <rect x={x.to_string()} y={y.to_string()} width={width.to_string()} height={BOX.to_string()} rx="4" />
                    <text x={(x + width / 2.0).to_string()} y={(y + BOX / 2.0 + 4.0).to_string()} text-anchor="middle">{ *name }</text>
                </DrawnPart>
            }
        };
        let arrow = (index > 0).then(|| {
            let (x, from) = (WIDTH / 2.0, y - GAP);
            html! { <path class="arrow" d={format!("M{x} {from}V{y}M{} {}L{x} {y}L{} {}", x - 4.0, y - 5.0, x + 4.0, y - 5.0)} /> }
        });
        html! { <>{ arrow }{ for parts.iter().enumerate().map(part) }</> }
    };
    html! {
        <svg class="code-flow" viewBox={format!("0 0 {WIDTH} {height}")} role="img" aria-label={words}>
            { for rows.iter().enumerate().map(row) }
        </svg>
    }
}
