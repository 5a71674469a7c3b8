//! The panel of section 2.

mod counts;
mod data;
mod inside;
mod net_table;
mod shapes;
mod text;
mod training;

use super::{CONV, Cnn, Config, NetRecord, Record, SEPARABLE};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::files::Cifar10Box;
use crate::panel::{PanelProps, PtrEq, controls, controls_without, frame, provenance, use_settings};
use crate::run::Experiment;
use crate::ui::readout::Readout;
use counts::Counts;
use data::Data;
use inside::Inside;
use net_table::NetTable;
use shapes::Shapes;
use training::TrainFigures;
use yew::prelude::*;

/// The colours of the two nets, in every figure.

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
    let provenance = provenance(Cnn::SLUG, config);
    let shape_knobs =
        controls(&settings, "Convolution", keys![Config; size, kernel, stride, padding, dilation]);
    let count_knobs = controls(&settings, "Blocks", keys![Config; c_in, c_out, block_kernel]);
    let looks = record.arms.each_ref().map(|net| net.looks.at(config.image).cloned().map(PtrEq));
    let samples = record.samples.clone().map(PtrEq);
    let figures = html! {
        <>
            <Scores epochs={config.epochs} record={PtrEq(record.clone())} />
            <TrainFigures config={config.clone()} record={PtrEq(record.clone())} provenance={provenance.clone()} />
            <h3>{ "Cost: are fewer multiply-adds faster here?" }</h3>
            <NetTable record={PtrEq(record.clone())} provenance={provenance.clone()} />
            <h3>{ "Look inside" }</h3>
            <Inside samples={samples.clone()} {looks} image={config.image} set={settings.set.clone()} provenance={provenance.clone()} />
            <h3>{ "Data: what is learned" }</h3>
            <Data {samples} provenance={provenance.clone()} />
            <h3>{ "Output size: where the kernel stops" }</h3>
            <Shapes shape={config.shape()} measured={record.measured} known={record.known.clone()} provenance={provenance.clone()}>{ shape_knobs }</Shapes>
            <h3>{ "Count: what separating space from channels saves" }</h3>
            <Counts config={config.clone()} blocks={record.blocks} {provenance}>{ count_knobs }</Counts>
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

#[derive(PartialEq, Properties)]
struct ScoresProps {
    epochs: u32,
    record: PtrEq<Record>,
}

/// How the run goes, in numbers that a reader may quote.
#[component]
fn Scores(props: &ScoresProps) -> Html {
    let record = &*props.record.0;
    let (conv, separable) = (&record.arms[CONV], &record.arms[SEPARABLE]);
    let tested = !conv.accuracies.is_empty();
    // What an epoch's steps take; the test after it comes on top.
    let epoch = |net: &NetRecord| {
        let ms = net.ms_per_step().filter(|_| record.steps_per_epoch() > 0)?;
        Some(format!("{:.1} s an epoch", ms * f64::from(record.steps_per_epoch()) / 1000.0))
    };
    let progress = match record.epochs_done() {
        Some(done) => format!("now {done:.1} of {}", props.epochs),
        None => format!("of {}", props.epochs),
    };
    let note =
        |net: &NetRecord| AttrValue::from(epoch(net).unwrap_or_else(|| "median of timed steps".to_owned()));
    html! {
        <>
            <div class="readouts">
                <Readout metric="loss_conv" label="Loss, convolutional" value={conv.losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
                <Readout metric="accuracy_conv" label="Test accuracy, convolutional" value={conv.accuracies.last_y()} note="a guess: 0.1" />
                <Readout metric="ms_per_step_conv" label="Step, convolutional" value={conv.ms_per_step()} unit="ms" note={note(conv)} />
                <Readout metric="epoch" label="Epochs done" value={tested.then(|| f64::from(record.epoch()))} digits={1}
                    note={progress} />
            </div>
            <div class="readouts">
                <Readout metric="loss_separable" label="Loss, separable" value={separable.losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
                <Readout metric="accuracy_separable" label="Test accuracy, separable" value={separable.accuracies.last_y()} note="a guess: 0.1" />
                <Readout metric="ms_per_step_separable" label="Step, separable" value={separable.ms_per_step()} unit="ms" note={note(separable)} />
                <Readout metric="steps_per_epoch" label="Steps an epoch" value={(record.steps_per_epoch() > 0).then(|| f64::from(record.steps_per_epoch()))} digits={1} note="both nets, same batches" />
            </div>
        </>
    }
}
