//! The validation loss at several temperatures.

use crate::charts::{LineChart, Reference, Series};
use crate::panel::{PtrEq, series_table};
use crate::sections::transformer::{Record, TEMPERATURES};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct TemperatureProps {
    pub(super) record: PtrEq<Record>,
}

#[component]
pub(super) fn TemperatureFigure(props: &TemperatureProps) -> Html {
    let losses = &props.record.0.run().temperatures;
    let series = use_memo(losses.clone(), |losses| {
        let points = TEMPERATURES.iter().zip(losses).map(|(&t, &loss)| (f64::from(t), f64::from(loss)));
        vec![Series::new("validation", Rc::new(points.collect()), 1)]
    });
    let text = props.record.0.text.as_ref();
    let references = text.map(|text| vec![Reference { label: "uniform".into(), y: text.uniform }]);
    html! {
        <Figure name="temperatures" table={series_table("temperature", &series)}
            look_for={html! { <>{ "Loss on held-out text with logits divided by the temperature. Low temperatures make the text look cleaner, but as predictions they are overconfident." }</> }}>
            <LineChart name="Loss at each temperature" x_label="temperature" y_label="loss (nats per character)" series={(*series).clone()}
                references={references.unwrap_or_default()} x_max={Some(2.0)} markers={true} empty="Measured at each snapshot of a run." />
        </Figure>
    }
}
