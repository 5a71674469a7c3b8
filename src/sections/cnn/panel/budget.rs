//! Parameters and multiply-accumulates of both networks, layer by layer.

use crate::charts::{Bar, BarChart, Table, scale::format_exact};
use crate::panel::Readouts;
use crate::sections::cnn::{Compare, Config, Cost};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct BudgetProps {
    pub(super) config: Config,
}

/// The costs of every layer as bars, by the formulas.
#[component]
pub(super) fn Budget(props: &BudgetProps) -> Html {
    let config = &props.config;
    let params = caption(config, "parameters", |cost| cost.params);
    let macs = caption(config, "multiply-accumulates", |cost| cost.multiply_adds);
    html! {
        <div class="figure-row">
            { figure(config, "layer-params", "parameters", params, |cost| cost.params) }
            { figure(config, "layer-macs", "multiply-accumulates", macs, |cost| cost.multiply_adds) }
        </div>
    }
}

/// The numbers of both networks, counted in the modules.
#[component]
pub(super) fn BudgetReadouts() -> Html {
    html! { <Readouts /> }
}

/// Returns the totals in words.
fn caption(config: &Config, what: &str, of: fn(&Cost) -> u64) -> Html {
    let total = |separable| config.layers_of(separable).iter().map(of).sum::<u64>() as f64;
    let (standard, separable) = (total(false), total(true));
    let width = config.width_of(true);
    let words = match config.compare {
        Compare::Size => format!("at the same width, {width}"),
        Compare::Budget => format!("with width {width} instead of {}", config.width),
    };
    html! {
        <>
            { format!("In total {} {what} in the standard CNN and ", format_number(standard, 12)) }
            <strong>{ format!("{} in the separable one", format_number(separable, 12)) }</strong>
            { format!(", {words}.") }
        </>
    }
}

fn figure(
    config: &Config,
    name: &'static str,
    y_label: &'static str,
    look_for: Html,
    of: fn(&Cost) -> u64,
) -> Html {
    let layers = [false, true].map(|separable| config.layers_of(separable));
    let label = |index: usize| match index {
        5 => "classifier".to_owned(),
        _ => format!("block {}", index + 1),
    };
    let rows: Vec<(String, [f64; 2])> = (0..layers.iter().map(|layers| layers.len()).min().unwrap_or(0))
        .map(|index| {
            let value = |layers: &[Cost]| layers.get(index).map_or(0.0, |cost| of(cost) as f64);
            (label(index), layers.each_ref().map(|layers| value(layers)))
        })
        .collect();
    let bars =
        rows.iter().map(|(label, values)| Bar { label: label.clone().into(), values: values.to_vec() });
    let table = {
        let table = Table {
            columns: ["layer", "standard", "separable"].map(str::to_owned).to_vec(),
            rows: rows
                .iter()
                .map(|(label, [a, b])| vec![label.clone(), format_exact(*a), format_exact(*b)])
                .collect(),
        };
        Callback::from(move |()| table.clone())
    };
    let groups: Vec<AttrValue> = [false, true]
        .iter()
        .zip(["standard", "separable"])
        .map(|(separable, kind)| format!("{kind}, width {}", config.width_of(*separable)).into())
        .collect();
    html! {
        <Figure {name} {look_for} {table}>
            <BarChart {name} x_label="layer" {y_label} {groups} bars={Rc::new(bars.collect::<Vec<_>>())} />
        </Figure>
    }
}
