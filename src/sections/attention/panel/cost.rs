//! The cost of a layer against the length of its sequence: multiplications in closed form, and measured times.

use super::figures::WAITING;
use super::text;
use crate::charts::{LineChart, ScaleKind, Series};
use crate::panel::series_table;
use crate::sections::attention::{COST_LENGTHS, Config, Cost, CostPoint, Multiplications};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct CostProps {
    pub(super) config: Config,
    pub(super) cost: Option<Rc<Cost>>,
}

/// Multiplications and times.
#[component]
pub(super) fn CostStage(props: &CostProps) -> Html {
    let d_model = props.config.d_model;
    let of = |part: fn(Multiplications) -> u64| {
        let lengths = (3..=13).map(|power| 1u32 << power);
        let points = lengths.map(|n| (f64::from(n), part(Multiplications::of(n, d_model)) as f64));
        Rc::new(points.collect::<Vec<_>>())
    };
    let closed = vec![
        Series::new("scores and sums", of(|of| of.attend), 1),
        Series::new("projections", of(|of| of.project), 0),
    ];
    let points = props.cost.as_ref().map_or(&[][..], |cost| &cost.points);
    let timed = |part: fn(&CostPoint) -> f64| {
        Rc::new(points.iter().map(|point| (f64::from(point.n), part(point))).collect::<Vec<_>>())
    };
    let measured = vec![
        Series::new("scores and sums", timed(|point| point.attend_ms), 1),
        Series::new("projections", timed(|point| point.project_ms), 0),
    ];
    let last = COST_LENGTHS.iter().max().copied().map(f64::from);
    html! {
        <div class="figure-row">
            <Figure name="multiplications" look_for={text::multiplications_caption(d_model)} formula={text::cost_formula()} table={series_table("n", &closed)}>
                <LineChart name="multiplications" x_label="tokens n (log scale)" y_label="multiplications (log scale)" x_scale={ScaleKind::Log} y_scale={ScaleKind::Log}
                    series={closed} integer_x={true} />
            </Figure>
            <Figure name="cost-time" look_for={text::time_caption(&props.config)} table={series_table("n", &measured)}>
                <LineChart name="cost-time" x_label="tokens n" y_label="milliseconds per layer" series={measured} markers={true} x_max={last}
                    integer_x={true} empty={WAITING} />
            </Figure>
        </div>
    }
}
