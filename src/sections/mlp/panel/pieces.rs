//! The figures of width: ReLU units that add up to a function, placed by a formula and found by training.

use super::text;
use crate::charts::{ChartHeight, LineChart, ScaleKind, Series};
use crate::panel::series_table;
use crate::sections::mlp::{FIT_SIZES, ReluSum, ReluUnit, Target, TrainedPieces, error_bound, grid};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use std::rc::Rc;
use yew::prelude::*;

/// The color of sums that the formula gives.
const FORMULA_COLOR: usize = 2;
/// The color of the non-linear network, of which this is one with a single input.
const TRAINED_COLOR: usize = 1;
/// The color of the function, and of bounds.
const TARGET_COLOR: usize = 7;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct PiecesProps {
    pub(super) target: Target,
    /// The number of units.
    pub(super) n: u32,
    /// The sums that training finds; `None` before the probe.
    pub(super) trained: Option<Rc<TrainedPieces>>,
}

/// The function with both sums and the contribution of every unit.
#[component]
pub(super) fn Pieces(props: &PiecesProps) -> Html {
    let PiecesProps { target, n, .. } = *props;
    let formula = use_memo((target, n), |(target, n)| ReluSum::interpolating(*target, *n));
    // While the slider moves, the last trained network may have another number of units.
    let trained = props.trained.as_ref().map(|pieces| &pieces.sum);
    let trained = trained.filter(|sum| sum.units.len() == n as usize);
    let units = if n == 1 { "1 unit".to_owned() } else { format!("{n} units") };
    let about_formula = html! { <>{ format!("Closed form. Thin lines: the contributions of the {units}. Each switches on where the next piece starts and adds the change of the slope.") }</> };
    let about_trained = html! { <>{ format!("A network with the same {units}, after training. It has to find where each unit switches on.") }</> };
    html! {
        <div class="figure-row">
            { sum_figure("pieces-formula", format!("{units}, placed by a formula"), target, Some(&formula), FORMULA_COLOR, about_formula, text::pieces_formula()) }
            { sum_figure("pieces-trained", format!("{units}, found by training"), target, trained, TRAINED_COLOR, about_trained, Html::default()) }
        </div>
    }
}

fn sum_figure(
    name: &'static str,
    title: String,
    target: Target,
    sum: Option<&ReluSum>,
    color: usize,
    look_for: Html,
    formula: Html,
) -> Html {
    let title = match sum {
        Some(sum) => format!("{title}: error {}", format_number(sum.max_error(target), 2)),
        None => title,
    };
    let mut series: Vec<Series> =
        sum.iter().flat_map(|sum| &sum.units).map(|unit| contribution(unit, color)).collect();
    let curve = |value: &dyn Fn(f64) -> f64| Rc::new(grid().map(|x| (x, value(x))).collect::<Vec<_>>());
    series.push(Series { dashed: true, ..Series::new("target", curve(&|x| target.value(x)), TARGET_COLOR) });
    series.extend(sum.map(|sum| Series::new("sum", curve(&|x| sum.value(x)), color)));
    let columns: Vec<Series> = series.iter().filter(|series| !series.thin).cloned().collect();
    html! {
        <Figure {name} {title} {look_for} {formula} table={series_table("x", &columns)}>
            <LineChart {name} x_label="x" y_label="y" {series} y_range={Some(target.y_range())} />
        </Figure>
    }
}

/// Returns the contribution of a unit as a thin line with one bend.
fn contribution(unit: &ReluUnit, color: usize) -> Series {
    let bend = -unit.bias / unit.weight;
    let mut xs = vec![0.0, 1.0];
    if bend > 0.0 && bend < 1.0 {
        xs.insert(1, bend);
    }
    let points = xs.into_iter().map(|x| (x, unit.contribution(x))).collect();
    Series { thin: true, ..Series::new("", Rc::new(points), color) }
}

/// The maximum error of both sums over the number of units.
#[component]
pub(super) fn PieceErrors(props: &PiecesProps) -> Html {
    let PiecesProps { target, n, .. } = *props;
    let max = FIT_SIZES.into_iter().max().unwrap_or(1);
    let by_formula = use_memo(target, |target| {
        (1..=max)
            .map(|n| (f64::from(n), ReluSum::interpolating(*target, n).max_error(*target)))
            .collect::<Vec<_>>()
    });
    let here: Vec<(f64, f64)> = by_formula.iter().copied().filter(|point| point.0 == f64::from(n)).collect();
    let mut series = vec![
        Series::new("by formula", by_formula, FORMULA_COLOR),
        Series { thin: true, ..Series::new("", Rc::new(here), FORMULA_COLOR) },
    ];
    let bound: Vec<(f64, f64)> =
        (1..=max).filter_map(|n| Some((f64::from(n), error_bound(target, n)?))).collect();
    if !bound.is_empty() {
        let name = "bound, ∝ 1/n²";
        series.push(Series { dashed: true, ..Series::new(name, Rc::new(bound), TARGET_COLOR) });
    }
    if let Some(trained) = &props.trained {
        let errors = trained.errors.iter().map(|&(n, error)| (f64::from(n), error)).collect();
        series.push(Series::new("trained", Rc::new(errors), TRAINED_COLOR));
    }
    let columns: Vec<Series> = series.iter().filter(|series| !series.thin).cloned().collect();
    let look_for = html! { <>{ "Both axes are logarithmic, so a straight line is a power of n. The dot marks the number of units above." }</> };
    html! {
        <ContextProvider<ChartHeight> context={ChartHeight(260.0)}>
            <Figure name="pieces-error" {look_for} table={series_table("units", &columns)}>
                <LineChart name="pieces-error" x_label="units n" y_label="maximum error" x_scale={ScaleKind::Log} y_scale={ScaleKind::Log}
                    {series} integer_x={true} />
            </Figure>
        </ContextProvider<ChartHeight>>
    }
}
