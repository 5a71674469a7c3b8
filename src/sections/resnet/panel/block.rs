//! One block of each network, with the size of signal and gradient on every path.

mod drawing;

use super::PtrEq;
use super::chain::step_words;
use crate::charts::{Table, color, scale::format_exact};
use crate::run::Experiment;
use crate::sections::resnet::{BlockPaths, Config, PLAIN, PathFlow, Paths, RESIDUAL, ResNet};
use crate::ui::figure::Figure;
use crate::ui::player::Player;
use drawing::{legend, miniature, schematic};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct BlockProps {
    pub(super) config: Config,
    /// Signal and gradient in each network.
    pub(super) paths: [Option<PtrEq<Paths>>; 2],
}

/// A plain and a residual block side by side, with miniatures of all blocks to select one.
#[component]
pub(super) fn BlockFigure(props: &BlockProps) -> Html {
    let chosen = use_state_eq(|| 0usize);
    let n = 3 * props.config.blocks_per_stage() as usize;
    let block = (*chosen).min(n.saturating_sub(1));
    let on_move = {
        let chosen = chosen.setter();
        Callback::from(move |block: usize| chosen.set(block))
    };
    let nets = props.paths.each_ref().map(|paths| paths.as_ref().map(|paths| &*paths.0));
    let table = {
        let paths = props.paths.clone();
        Callback::from(move |()| {
            paths_table(paths.each_ref().map(|paths| paths.as_ref().map(|paths| &*paths.0)))
        })
    };
    let side = |net: usize| {
        let title = ResNet::ARMS.get(net).map_or("", |arm| arm.title);
        let paths = nets.get(net).copied().flatten();
        let step = step_words(paths.map(|paths| paths.step));
        html! {
            <div class="block-net" data-net={title} data-paths-step={paths.map(|paths| paths.step.to_string())}>
                <p class="block-title"><i ~style={format!("background:{}", color::series(net))}></i><b>{ title }</b>{ format!(" · block {}, {step}", block + 1) }</p>
                { schematic(&props.config, paths, block, net == RESIDUAL) }
            </div>
        }
    };
    let row = |net: usize| {
        let paths = nets.get(net).copied().flatten();
        let mini = |index: usize| miniature(paths, index, index == block, &on_move);
        html! {
            <div class="block-row"><span>{ ResNet::ARMS.get(net).map_or("", |arm| arm.title) }</span><div>{ for (0..n).map(mini) }</div></div>
        }
    };
    html! {
        <Figure name="block" {table}>
            <Player name="block" label="Block" at={block} count={n} on_move={on_move.clone()} words={format!("{} of {n}", block + 1)} interval_ms={500} />
            <div class="block-paths">
                <div class="block-parts">
                    <div class="block-nets">{ side(PLAIN) }{ side(RESIDUAL) }</div>
                    <div class="block-all">
                        { row(PLAIN) }
                        { row(RESIDUAL) }
                        <p class="block-note">{ "All blocks from the input (left) to the output. Bars: the branch’s signal and gradient, then the shortcut’s. Click one to look at it." }</p>
                        { legend() }
                    </div>
                </div>
            </div>
        </Figure>
    }
}

/// Returns the table of all values in both networks.
fn paths_table(nets: [Option<&Paths>; 2]) -> Table {
    let names = ["network", "step", "block"];
    let positions = ["x", "F(x)", "s(x)", "sum", "y"].map(|position| format!("signal {position}"));
    let gradients = ["y", "sum", "through branch", "through shortcut", "x"]
        .map(|position| format!("gradient {position}"));
    let row = |(net, paths): (usize, &Paths)| {
        let title = ResNet::ARMS.get(net).map_or("", |arm| arm.title);
        let of_block = |(index, block): (usize, &BlockPaths)| {
            let input = paths.input_of(index);
            let write = |value: f32| format_exact(value.into());
            let shortcut = |value: fn(PathFlow) -> f32| {
                block.shortcut.map_or_else(String::new, |flow| write(value(flow)))
            };
            let mut cells = vec![title.to_owned(), paths.step.to_string(), (index + 1).to_string()];
            cells.extend([write(input.signal), write(block.branch.signal), shortcut(|flow| flow.signal)]);
            cells.extend(
                [block.sum.signal, block.output.signal, block.output.gradient, block.sum.gradient].map(write),
            );
            cells.extend([
                write(block.branch.gradient),
                shortcut(|flow| flow.gradient),
                write(input.gradient),
            ]);
            cells
        };
        paths.blocks.iter().enumerate().map(of_block).collect::<Vec<_>>()
    };
    let known = nets.into_iter().enumerate().filter_map(|(net, paths)| Some((net, paths?)));
    Table {
        columns: names.map(str::to_owned).into_iter().chain(positions).chain(gradients).collect(),
        rows: known.flat_map(row).collect(),
    }
}
