//! The section's picture on the cover page: the attention map of a short sentence, computed on arrival.

use crate::sections::attention::{OrderSource, WORDS, attend};
use yew::prelude::*;

/// Returns an attention map with an arc from one word to each other, as thick as its weight.
pub fn cover() -> Html {
    let n = WORDS.len();
    let order: Vec<usize> = (0..n).collect();
    let weights = attend(&order, OrderSource::Positions).weights;
    let cell = 18.0;
    let square = |(at, weight): (usize, &f32)| {
        let (row, col) = ((at / n) as f64, (at % n) as f64);
        html! {
            <rect x={format!("{:.1}", 126.0 + cell * col)} y={format!("{:.1}", 6.0 + cell * row)} width="16" height="16" rx="2"
                fill="var(--series-0)" fill-opacity={format!("{:.3}", 0.06 + 0.94 * weight)} />
        }
    };
    // The weights of one query.
    let query = 3;
    let arc = |key: usize| {
        let weight = f64::from(weights.get(query * n + key).copied().unwrap_or_default());
        let (from, to) = (14.0 + cell * query as f64, 14.0 + cell * key as f64);
        html! {
            <path d={format!("M22 {from:.1} C60 {from:.1} 60 {to:.1} 98 {to:.1}")} fill="none" stroke="var(--series-1)"
                stroke-width={format!("{:.2}", 0.5 + 7.0 * weight)} stroke-opacity="0.75" />
        }
    };
    let dot = |x: f64, at: usize, color: &'static str| {
        html! { <circle cx={x.to_string()} cy={format!("{:.1}", 14.0 + cell * at as f64)} r="4" fill={color} /> }
    };
    html! {
        <svg class="cover-picture" viewBox="0 0 240 120" aria-hidden="true">
            { for (0..n).map(arc) }
            { for (0..n).map(|at| dot(18.0, at, if at == query { "var(--series-1)" } else { "var(--edge)" })) }
            { for (0..n).map(|at| dot(102.0, at, "var(--series-0)")) }
            { for weights.iter().enumerate().map(square) }
        </svg>
    }
}
