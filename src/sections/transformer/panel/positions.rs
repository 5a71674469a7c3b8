//! Sinusoidal positions: the table, one wave, the products, the rotation.

use super::text;
use crate::charts::{ChartHeight, ColorMap, Grid, Heatmap, LineChart, Series, Table};
use crate::panel::{PtrEq, Readouts, series_table};
use crate::sections::transformer::positions::{
    measured_period, product_formula, shown_positions, wavelength,
};
use crate::sections::transformer::{PositionTable, PositionsChoice};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The height of the line charts, in pixels.
const CHART_HEIGHT: f64 = 160.0;

#[derive(PartialEq, Properties)]
pub(super) struct PositionProps {
    pub(super) table: Option<PtrEq<PositionTable>>,
    /// The encoding that the model uses.
    pub(super) choice: PositionsChoice,
}

#[component]
pub(super) fn PositionFigures(props: &PositionProps) -> Html {
    let table = use_memo(props.table.clone(), |table| {
        table.as_ref().map(|table| table.0.clone()).unwrap_or_default()
    });
    let dimension = use_state_eq(|| 8u32);
    let (n, d) = (table.context as usize, table.d_model as usize);
    let dim = (*dimension).min(table.d_model.saturating_sub(1));
    let grid = use_memo(table.clone(), |table| Grid {
        rows: n.min(table.values.len() / d.max(1)),
        cols: d,
        values: Rc::new(table.values.clone()),
    });
    let wave = use_memo((table.clone(), dim), |(table, dim)| {
        let wave: Vec<f32> = table.values.iter().skip(*dim as usize).step_by(d.max(1)).copied().collect();
        let points: Vec<(f64, f64)> =
            wave.iter().enumerate().map(|(p, y)| (p as f64, f64::from(*y))).collect();
        (measured_period(&wave), vec![Series::new(format!("dimension {dim}"), Rc::new(points), 0)])
    });
    let products = use_memo(table.clone(), |table| {
        let line = |(i, (p, values)): (usize, (&u32, &Vec<f32>))| {
            let points = values.iter().enumerate().map(|(k, y)| (k as f64, f64::from(*y))).collect();
            Series { dashed: i > 0, ..Series::new(format!("p = {p}"), Rc::new(points), i) }
        };
        let starts = shown_positions(table.context);
        let mut series: Vec<Series> = starts.iter().zip(&table.products).enumerate().map(line).collect();
        if !series.is_empty() {
            let formula = (0..table.context)
                .map(|k| (f64::from(k), product_formula(f64::from(k), table.d_model)))
                .collect();
            series.push(Series { dashed: true, ..Series::new("closed form", Rc::new(formula), 7) });
        }
        series
    });
    let oninput = {
        let dimension = dimension.setter();
        Callback::from(move |event: InputEvent| {
            dimension.set(event.target_unchecked_into::<HtmlInputElement>().value_as_number() as u32)
        })
    };
    let (period, series) = &*wave;
    let formula = wavelength(dim, table.d_model.max(1));
    let measured = match period {
        Some(period) => format!("{} measured", format_number(*period, 4)),
        None => format!("longer than the {n} positions shown"),
    };
    let grid_table = {
        let table = table.clone();
        Callback::from(move |()| Table {
            columns: std::iter::once("position".to_owned())
                .chain((0..table.d_model).map(|i| i.to_string()))
                .collect(),
            rows: table
                .values
                .chunks(table.d_model.max(1) as usize)
                .enumerate()
                .map(|(p, row)| {
                    std::iter::once(p.to_string()).chain(row.iter().map(|y| format!("{y:.5}"))).collect()
                })
                .collect(),
        })
    };
    html! {
        <ContextProvider<ChartHeight> context={ChartHeight(CHART_HEIGHT)}>
            <div class="figure-row">
                <Figure name="positions" formula={text::position_formula()} table={grid_table}
                    look_for={html! { <>{ use_of(props.choice) }{ " Wavelengths grow from left to right, until the values hardly change." }</> }}>
                    <Heatmap name="positions" grid={(*grid).clone()} map={ColorMap::Diverging} range={Some((-1.0, 1.0))} x_label="dimension" y_label="position p"
                        x_range={Some((0.0, f64::from(table.d_model.max(1))))} y_range={Some((0.0, f64::from(table.context.max(1))))} value_label="PE" max_height={260.0} empty="computing…" />
                </Figure>
                <div class="figures">
                <Figure name="wave" title={format!("One wave: dimension {dim}")} formula={text::wavelength_formula()} table={series_table("position", series)}
                    look_for={html! { <>
                        <label class="inline-knob">{ "Dimension " }<input type="range" min="0" max={table.d_model.saturating_sub(1).to_string()} value={dim.to_string()} {oninput} data-wave="" /></label>
                        { format!(" Wavelength: {} (formula), {measured}.", format_number(formula, 4)) }
                    </> }}>
                    <LineChart name="wave" x_label="position p" y_label="PE" series={series.clone()} y_range={Some((-1.1, 1.1))} integer_x={true} empty="computing…" />
                </Figure>
            <Figure name="products" title="PE(p) · PE(p + k) depends on k alone" formula={text::product_formula()} table={series_table("k", &products)}
                look_for={html! { <>{ "Curves for different positions p coincide: the similarity of two positions depends only on their distance k. One fixed rotation turns every PE(p) into PE(p + k), so a head can learn to attend to a fixed distance." }</> }}>
                <LineChart name="products" x_label="shift k" y_label="PE(p) · PE(p + k)" series={(*products).clone()} integer_x={true} empty="computing…" />
            </Figure>
                </div>
            </div>
            <Readouts row={1} />
        </ContextProvider<ChartHeight>>
    }
}

/// The way in which the model uses the table.
fn use_of(choice: PositionsChoice) -> &'static str {
    match choice {
        PositionsChoice::Sinusoidal => {
            "Each row, multiplied by √(2/d), is added to the embedding of the character at that position. A row has length √(d/2) and an initial embedding about 1, so the factor gives both the same length. Without it, the position would dominate the sum. Vaswani et al. (2017, section 3.4) instead multiply the embeddings by √d."
        }
        PositionsChoice::Learned => {
            "The model does not use this table: it learns a vector for each position. With sinusoidal positions, each row times √(2/d) is added to the embedding at that position."
        }
        PositionsChoice::None => {
            "The model does not use this table: it has no positions. With sinusoidal positions, each row times √(2/d) is added to the embedding at that position."
        }
    }
}
