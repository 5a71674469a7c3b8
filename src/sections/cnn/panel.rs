//! The panel of section 2.

mod counts;
mod data;
mod inside;
mod net_table;
mod shapes;
mod text;
mod training;

use super::{Cnn, Config};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::files::Cifar10Box;
use crate::panel::{PanelProps, PtrEq, Readouts, controls, controls_without, frame, use_settings};
use counts::Counts;
use data::Data;
use inside::Inside;
use net_table::NetTable;
use shapes::Shapes;
use training::TrainFigures;
use yew::prelude::*;

/// Section 2: convolutions, and depthwise separable ones.
#[component]
pub fn CnnPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config = &settings.config;
    let lab = use_experiment::<Cnn>(config, settings.options);
    let record = &lab.record;
    // What is not at hand is not offered; the box below the menu says how to get it.
    let absent: &[&str] = if record.cifar10 { &[] } else { &["cifar10"] };
    let control_groups = html! {
        <>
            { controls_without(&settings, "Data", keys![Config; dataset, n_train, n_test, crop, flip], absent) }
            <Cifar10Box />
            { controls(&settings, "Training", keys![Config; width, learning_rate, batch_size, epochs, seed]) }
            { controls(&settings, "Feature maps", keys![Config; image]) }
        </>
    };
    let shape_knobs =
        controls(&settings, "Convolution", keys![Config; size, kernel, stride, padding, dilation]);
    let count_knobs = controls(&settings, "Blocks", keys![Config; c_in, c_out, block_kernel]);
    let looks = record.arms.each_ref().map(|net| net.looks.at(config.image).cloned().map(PtrEq));
    let samples = record.samples.clone().map(PtrEq);
    let figures = html! {
        <>
            <Readouts names="loss_conv accuracy_conv ms_per_step_conv epoch" />
            <Readouts names="loss_separable accuracy_separable ms_per_step_separable steps_per_epoch" />
            <TrainFigures config={config.clone()} record={PtrEq(record.clone())} />
            <h3>{ "Cost: are fewer multiply-adds faster here?" }</h3>
            <NetTable record={PtrEq(record.clone())} />
            <h3>{ "Look inside" }</h3>
            <Inside samples={samples.clone()} {looks} image={config.image} set={settings.set.clone()} />
            <h3>{ "Data: what is learned" }</h3>
            <Data {samples} />
            <h3>{ "Output size: where the kernel stops" }</h3>
            <Shapes shape={config.shape()} known={record.known.clone()}>{ shape_knobs }</Shapes>
            <h3>{ "Count: what separating space from channels saves" }</h3>
            <Counts config={config.clone()} blocks={record.blocks}>{ count_knobs }</Counts>
        </>
    };
    frame(
        &lab,
        &settings,
        "What a convolution computes, and what it costs",
        text::introduction(),
        control_groups,
        figures,
    )
}
