//! The texts and formulas of section 3.

use crate::sections::resnet::{BlockChoice, Cause, Config};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A residual block adds its input to what its layers make of it: " }{ block_formula(true) }
            { " (He et al. 2015). A plain block does not: " }{ block_formula(false) }
            { ". Both networks start from the same weights and see the same images. The settings decide what goes wrong in the plain network: gradients that vanish or, with batch norm, gradients that are present and do not help." }
        </p>
    }
}

/// A block with its shortcut, or a plain one.
pub(super) fn block_formula(shortcut: bool) -> Html {
    math(if shortcut {
        tex!(r"\mathbf{y} = \operatorname{ReLU}(s(\mathbf{x}) + F(\mathbf{x}))")
    } else {
        tex!(r"\mathbf{y} = \operatorname{ReLU}(F(\mathbf{x}))")
    })
}

/// The gradient norm of a block's first convolution.
pub(super) fn norm_formula() -> Html {
    math(tex!(r"\left\lVert \frac{\partial\,\mathrm{loss}}{\partial W_i} \right\rVert_2"))
}

/// The chain rule through one block.
pub(super) fn chain_formula() -> Html {
    math(tex!(
        r"\frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}} = \left(\frac{\partial s}{\partial \mathbf{x}} + \frac{\partial F}{\partial \mathbf{x}}\right)^{\!\top} \frac{\partial\,\mathrm{loss}}{\partial \mathbf{y}}"
    ))
}

/// Returns the text of the gradient figure for the settings' mechanism.
pub(super) fn flow(cause: Cause) -> &'static str {
    match cause {
        Cause::SmallWeights => {
            "Each layer of the plain network passes on a fraction of its gradient, so little reaches the first blocks. (A norm of exactly 0, from a layer whose units are all dead, has no place on this axis.) The shortcut passes the gradient on unchanged. Switch on batch norm or choose He initialization and look again."
        }
        Cause::Homogeneous => {
            "Signal and gradient both shrink in the plain network, from opposite ends. A weight’s gradient is their product, about equally small in every block. Compare its level with the residual network’s, and look at the other figure."
        }
        Cause::Balanced => {
            "He initialization makes up for what ReLU removes, so the plain network’s gradients keep their size. In a deep residual network they are larger by orders of magnitude: every block adds as much as it receives."
        }
        Cause::BatchNorm => {
            "With batch norm the plain network’s gradients do not vanish: they grow toward the input, by nearly a third per block. A deep plain network still learns badly, so missing gradients are not the cause."
        }
    }
}

/// Returns the layers of a block in the order in which they are applied.
pub(super) fn block_parts(config: &Config) -> String {
    let after = if config.batch_norm { " → batch norm" } else { "" };
    let convs: &[&str] = match config.block {
        BlockChoice::Basic => &["3 × 3", "3 × 3"],
        BlockChoice::Bottleneck => &["1 × 1", "3 × 3", "1 × 1"],
    };
    let convs: Vec<String> = convs.iter().map(|k| format!("{k} convolution{after}")).collect();
    format!("F: {}.", convs.join(" → ReLU → "))
}

/// The text of the figure with the paths of a block.
pub(super) fn paths() -> Html {
    html! {
        <>
            { "An addition hands the gradient of its sum to both paths. The identity passes it on as it is; the branch changes it. At the block’s input the two add up again, as vectors: their norms need not. " }
            { "Follow the gradient from the last block to the first, with the shortcut and without." }
        </>
    }
}
