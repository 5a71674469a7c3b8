//! The section's picture for the cover: ReLU units that add up to a curve.

use crate::sections::mlp::{ReluSum, Target, grid};
use yew::prelude::*;

/// The number of units in the picture.
const UNITS: u32 = 7;

/// Returns a small picture of the section's idea. It is computed here, without a worker.
pub fn cover() -> Html {
    let sum = ReluSum::interpolating(Target::Wave, UNITS);
    let path = |value: &dyn Fn(f64) -> f64, xs: &mut dyn Iterator<Item = f64>| {
        let points: Vec<String> =
            xs.map(|x| format!("{:.1} {:.1}", 8.0 + 224.0 * x, 60.0 - 44.0 * value(x))).collect();
        format!("M{}", points.join("L"))
    };
    let ends = |bend: f64| [0.0, bend.clamp(0.0, 1.0), 1.0];
    let units = sum.units.iter().map(|unit| {
        let d = path(&|x| unit.contribution(x), &mut ends(-unit.bias / unit.weight).into_iter());
        html! { <path {d} stroke="var(--series-1)" stroke-width="1" opacity="0.45" /> }
    });
    let target = path(&|x| Target::Wave.value(x), &mut grid().step_by(16));
    let whole = path(&|x| sum.value(x), &mut (0..=UNITS).map(|i| f64::from(i) / f64::from(UNITS)));
    html! {
        <svg class="cover-picture" viewBox="0 0 240 120" aria-hidden="true" fill="none" stroke-linejoin="round">
            { for units }
            <path d={target} stroke="var(--series-0)" stroke-width="2" stroke-dasharray="4 4" />
            <path d={whole} stroke="var(--series-1)" stroke-width="3" />
        </svg>
    }
}
