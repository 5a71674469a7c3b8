//! Parameters and multiply-adds of the two kinds of block.

use super::super::{BLOCK_SIDE, BlockCounts, CONV, Config, SEPARABLE, block_formula, separable_share};
use super::text;
use crate::charts::{LineChart, Reference, ScaleKind, Series};
use crate::panel::series_table;
use crate::ui::figure::Figure;
use crate::ui::readout::Readout;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct CountsProps {
    pub(super) config: Config,
    /// Counted from the modules.
    pub(super) blocks: Option<BlockCounts>,
    pub(super) provenance: AttrValue,
    /// The sliders.
    pub(super) children: Html,
}

#[component]
pub(super) fn Counts(props: &CountsProps) -> Html {
    let CountsProps { config, blocks, provenance, .. } = props;
    let count = |of: fn(&BlockCounts) -> u64| blocks.as_ref().map(|blocks| of(blocks) as f64);
    let on = AttrValue::from(format!("for maps of {BLOCK_SIDE} × {BLOCK_SIDE}"));
    html! {
        <>
            <div class="cnn-beside">
                <div>{ props.children.clone() }</div>
                <div>
                    <div class="readouts">
                        <Readout metric="params_conv" label="Parameters, ordinary" value={count(|b| b.conv.params)} digits={9} note="counted in the module" />
                        <Readout metric="params_separable" label="Parameters, separable" value={count(|b| b.separable.params)} digits={9} note="counted in the module" />
                        <Readout metric="params_ratio" label="Fewer by" value={blocks.map(|blocks| blocks.params_ratio())} unit="×" />
                    </div>
                    <div class="readouts">
                        <Readout metric="macs_conv" label="Multiply-adds, ordinary" value={count(|b| b.conv.multiply_adds)} digits={9} note={on.clone()} />
                        <Readout metric="macs_separable" label="Multiply-adds, separable" value={count(|b| b.separable.multiply_adds)} digits={9} note={on} />
                        <Readout metric="macs_ratio" label="Fewer by" value={blocks.map(|blocks| blocks.multiply_adds_ratio())} unit="×" />
                    </div>
                    { text::params_formula(config) }
                </div>
            </div>
            <div class="figure-row">
                { kernel_figure(config, *blocks, provenance) }
                { channels_figure(config, provenance) }
            </div>
        </>
    }
}

fn points(points: impl Iterator<Item = (u32, f64)>) -> Rc<Vec<(f64, f64)>> {
    Rc::new(points.map(|(x, y)| (f64::from(x), y)).collect())
}

/// The factor against the size of the kernel.
fn kernel_figure(config: &Config, blocks: Option<BlockCounts>, provenance: &AttrValue) -> Html {
    let of = |k: u32| block_formula(&Config { block_kernel: k, ..config.clone() });
    let mut limit = Series::new("K², the limit", points((1..=11).map(|k| (k, f64::from(k * k)))), 7);
    limit.dashed = true;
    let mut series = vec![
        limit,
        Series::new(
            "multiply-adds",
            points((1..=11).map(|k| (k, separable_share(config.c_out.into(), k.into())))),
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
        <>{ "How many times fewer the separable block has, by the formulae, as the kernel grows. With many channels out both go along K²; \
             with few, the 1 × 1 convolution is the larger part and they fall behind." }</>
    };
    html! {
        <Figure name="factor-kernel" title="The saving against the kernel" {look_for} formula={text::share_formula()} provenance={provenance.clone()}
            table={series_table("K", &series)}>
            <LineChart name="factor-kernel" x_label="kernel size K" y_label="times fewer" y_scale={ScaleKind::Log} {series} markers={true}
                integer_x={true} />
        </Figure>
    }
}

/// The factor against the number of channels out.
fn channels_figure(config: &Config, provenance: &AttrValue) -> Html {
    let k = config.block_kernel;
    let counts = || (0..=12).map(|power| 1u32 << power);
    let of = |c_out: u32| block_formula(&Config { c_out, ..config.clone() });
    let series = vec![
        Series::new(
            "multiply-adds",
            points(counts().map(|c| (c, separable_share(c.into(), k.into())))),
            CONV,
        ),
        Series::new("parameters", points(counts().map(|c| (c, of(c).params_ratio()))), SEPARABLE),
    ];
    let limit = Reference { label: format!("K² = {}", k * k).into(), y: f64::from(k * k) };
    let look_for = html! {
        <>{ format!("The same against the channels out, for K = {k}. The kernels of the first part are shared by all outputs: the more there \
             are, the nearer the saving comes to K².") }</>
    };
    html! {
        <Figure name="factor-channels" title="The saving against the channels" {look_for} provenance={provenance.clone()} table={series_table("C_out", &series)}>
            <LineChart name="factor-channels" x_label="channels out" y_label="times fewer" x_scale={ScaleKind::Log} {series}
                references={vec![limit]} markers={true} integer_x={true} />
        </Figure>
    }
}
