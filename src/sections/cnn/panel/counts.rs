//! Parameters and multiply-accumulates of the two kinds of block.

use super::text;
use crate::charts::{LineChart, Reference, ScaleKind, Series};
use crate::panel::{Readouts, series_table};
use crate::sections::cnn::{BlockCounts, CONV, Config, SEPARABLE, block_formula, separable_savings};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct CountsProps {
    pub(super) config: Config,
    /// The costs counted in the models.
    pub(super) blocks: Option<BlockCounts>,
}

#[component]
pub(super) fn Counts(props: &CountsProps) -> Html {
    let CountsProps { config, blocks } = props;
    html! {
        <>
            <h2 class="cnn-part">{ "One block alone" }</h2>
            <p>{ "A block with the kernel size and the channels of the settings, on maps of 8 × 8:" }</p>
            <Readouts row={1} />
            <Readouts row={2} />
            { text::params_formula(config) }
            <div class="figure-row">
                { kernel_figure(config, *blocks) }
                { channels_figure(config) }
            </div>
        </>
    }
}

fn points(points: impl Iterator<Item = (u32, f64)>) -> Rc<Vec<(f64, f64)>> {
    Rc::new(points.map(|(x, y)| (f64::from(x), y)).collect())
}

/// The savings over the kernel size.
fn kernel_figure(config: &Config, blocks: Option<BlockCounts>) -> Html {
    let of = |k: u32| block_formula(&Config { block_kernel: k, ..config.clone() });
    let mut limit = Series::new("K², the limit", points((1..=11).map(|k| (k, f64::from(k * k)))), 7);
    limit.dashed = true;
    let mut series = vec![
        limit,
        Series::new(
            "MACs",
            points((1..=11).map(|k| (k, separable_savings(config.c_out.into(), k.into())))),
            CONV,
        ),
        Series::new("parameters", points((1..=11).map(|k| (k, of(k).params_ratio()))), SEPARABLE),
    ];
    if let Some(blocks) = blocks {
        series.push(Series::new(
            "counted",
            points(std::iter::once((config.block_kernel, blocks.params_ratio()))),
            3,
        ));
    }
    let look_for = html! {
        <>{ "The factor by which the separable block needs fewer parameters and multiply-accumulates, by the formulas, over the kernel size. \
             With many output channels both curves follow K². With few, the depthwise part is the larger one, and the factor stays below C_out." }</>
    };
    html! {
        <Figure name="factor-kernel" {look_for} formula={text::savings_formula()}
            table={series_table("K", &series)}>
            <LineChart name="factor-kernel" x_label="kernel size K" y_label="times fewer" y_scale={ScaleKind::Log} {series} markers={true}
                integer_x={true} />
        </Figure>
    }
}

/// The savings over the number of output channels.
fn channels_figure(config: &Config) -> Html {
    let k = config.block_kernel;
    let counts = || (0..=12).map(|power| 1u32 << power);
    let of = |c_out: u32| block_formula(&Config { c_out, ..config.clone() });
    let series = vec![
        Series::new("MACs", points(counts().map(|c| (c, separable_savings(c.into(), k.into())))), CONV),
        Series::new("parameters", points(counts().map(|c| (c, of(c).params_ratio()))), SEPARABLE),
    ];
    let limit = Reference { label: format!("K² = {}", k * k).into(), y: f64::from(k * k) };
    let look_for = html! {
        <>{ format!("The same factors over the number of output channels, for K = {k}. All outputs share the kernels of the depthwise part, \
             so with more of them the factor approaches K².") }</>
    };
    html! {
        <Figure name="factor-channels" {look_for} table={series_table("C_out", &series)}>
            <LineChart name="factor-channels" x_label="channels out" y_label="times fewer" x_scale={ScaleKind::Log} {series}
                references={vec![limit]} markers={true} integer_x={true} />
        </Figure>
    }
}
