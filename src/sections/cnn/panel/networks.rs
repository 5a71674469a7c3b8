//! Both networks block by block, with one map of each block for the selected test image.

use super::PtrEq;
use super::images::{rgba, test_image};
use crate::charts::{ColorMap, Table};
use crate::run::Experiment;
use crate::sections::cnn::{Cnn, Config, ImageView, Samples};
use crate::ui::figure::Figure;
use crate::ui::picture::{Picture, colored};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct NetworksProps {
    pub(super) config: Config,
    pub(super) samples: Option<PtrEq<Samples>>,
    /// The activations of each network for the selected image.
    pub(super) views: [Option<PtrEq<ImageView>>; 2],
}

/// The number of blocks, and the side of the first one's maps.
const N_BLOCKS: usize = 5;
const SIDE: u32 = 32;

/// Returns the number of channels of each block.
fn channels(width: u32) -> [u32; N_BLOCKS] {
    [width, 2 * width, 4 * width, 8 * width, 8 * width]
}

/// The five blocks of both networks side by side.
#[component]
pub(super) fn Networks(props: &NetworksProps) -> Html {
    let NetworksProps { config, samples, views } = props;
    let samples = samples.as_ref().map(|samples| &*samples.0);
    let image = rgba(config.dataset, &test_image(samples, config.image));
    let names = samples.map_or(&[][..], |samples| &samples.info.class_names);
    let widths = [false, true].map(|separable| config.width_of(separable));
    let row = |arm: usize| {
        let view = views.get(arm).and_then(|view| view.as_ref()).map(|view| &*view.0);
        let width = widths.get(arm).copied().unwrap_or_default();
        let title = Cnn::ARMS.get(arm).map_or("", |arm| arm.title);
        html! {
            <div class="net-row" data-net={title}>
                <span class="net-name" ~style={format!("color:var(--series-{arm})")}>{ title }</span>
                <div class="net-cell"><Picture side={SIDE as usize} rgba={image.clone()} label="the image" /><span>{ "input" }</span></div>
                { for channels(width).into_iter().enumerate().map(|(block, channels)| block_cell(view, block, channels)) }
                <div class="net-answer">{ answer(view, names) }</div>
            </div>
        }
    };
    let table = {
        let table = shapes_table(widths);
        Callback::from(move |()| table.clone())
    };
    html! {
        <Figure name="networks" {table}>
            <div class="net-rows">{ row(0) }{ row(1) }</div>
        </Figure>
    }
}

/// One block: its strongest map, and its shape.
fn block_cell(view: Option<&ImageView>, block: usize, channels: u32) -> Html {
    let side = (SIDE >> block) as usize;
    let strongest = view.and_then(|view| {
        let sum = |map: &Vec<f32>| map.iter().sum::<f32>();
        view.blocks.get(block)?.activations().max_by(|a, b| sum(a).total_cmp(&sum(b)))
    });
    // Before the network is built, the picture has no values.
    let values = strongest.unwrap_or_else(|| vec![0.0; side * side]);
    let rgba = Rc::new(colored(ColorMap::Sequential, &values));
    html! {
        <div class="net-cell" data-block={(block + 1).to_string()}>
            <Picture {side} {rgba} label={format!("block {}: a map of {side} by {side}", block + 1)} />
            <span>{ format!("{channels} × {side}²") }</span>
        </div>
    }
}

/// Returns the predicted class and its probability.
fn answer(view: Option<&ImageView>, names: &[String]) -> Html {
    let best = view.and_then(|view| {
        view.probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(class, p)| (class, *p))
    });
    match best {
        Some((class, p)) => html! {
            <><strong>{ names.get(class).map_or("unknown", String::as_str) }</strong><span>{ format!("softmax {:.0}%", 100.0 * p) }</span></>
        },
        None => html! { <span>{ "…" }</span> },
    }
}

fn shapes_table(widths: [u32; 2]) -> Table {
    let shapes = widths.map(channels);
    let row = |block: usize| {
        let side = SIDE >> block;
        let cell = |channels: &[u32; N_BLOCKS]| channels.get(block).map_or_else(String::new, u32::to_string);
        let [standard, separable] = shapes.each_ref().map(cell);
        vec![(block + 1).to_string(), side.to_string(), standard, separable]
    };
    Table {
        columns: ["block", "height and width", "channels, standard", "channels, separable"]
            .map(str::to_owned)
            .to_vec(),
        rows: (0..N_BLOCKS).map(row).collect(),
    }
}
