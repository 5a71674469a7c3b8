//! The texts and formulas of section 3.

use crate::sections::resnet::{BlockChoice, Cause, Config, ShortcutChoice};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A residual block adds its input to what its layers make of it: " }{ block_formula(true) }
            { " (He et al. 2016). A plain block does not: " }{ block_formula(false) }
            { ". Both networks start from the same weights and see the same images. The settings decide what goes wrong in the plain network: gradients that vanish or, with batch norm, gradients that arrive but help less." }
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

/// The gradient norm of a block's first convolution: the root of the sum of the squares.
pub(super) fn norm_formula() -> Html {
    math(tex!(r"\left\lVert \frac{\partial\,\mathrm{loss}}{\partial W_i} \right\rVert_F"))
}

/// The chain rule through one block. ReLU passes the gradient where its input is positive.
pub(super) fn chain_formula() -> Html {
    math(tex!(
        r"\frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}} = \left(\frac{\partial s}{\partial \mathbf{x}} + \frac{\partial F}{\partial \mathbf{x}}\right)^{\!\top} \left(\frac{\partial\,\mathrm{loss}}{\partial \mathbf{y}} \odot 1_{s(\mathbf{x}) + F(\mathbf{x}) > 0}\right)"
    ))
}

/// Returns the text of the gradient figure for the settings' mechanism.
pub(super) fn flow(cause: Cause) -> &'static str {
    match cause {
        Cause::SmallWeights => {
            "Each layer of the plain network passes on a fraction of its gradient, so little reaches the first blocks. (A norm of exactly 0, from a layer whose units are all dead, has no place on this axis.) The identity returns the gradient of the sum unchanged. Switch on batch norm or choose He initialization and look again."
        }
        Cause::Homogeneous => {
            "Signal and gradient both shrink in the plain network, from opposite ends. A weight’s gradient is their product, about equally small in every block. Compare its level with the residual network’s, and look at the other figure."
        }
        Cause::Balanced => {
            "He initialization makes up for what ReLU removes, so the plain network’s weight gradients keep their size. (Its signal still shrinks, because zero padding adds nothing at the borders.) In a deep residual network they are larger by orders of magnitude: the signal’s mean square roughly doubles in every block, and its gradient grows in the backward pass."
        }
        Cause::BatchNorm => {
            "With batch norm the plain network’s gradients do not vanish: they grow toward the input, by the factor per block above. A deep plain network still learns more slowly, so missing gradients are not the cause."
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

/// Returns the meaning of the arcs in the drawing of the network.
pub(super) fn shortcut_parts(shortcut: ShortcutChoice) -> &'static str {
    match shortcut {
        ShortcutChoice::A => {
            "; a dotted one skips every other row and column where the stride is 2, and appends channels of zeros (option A, no parameters)."
        }
        ShortcutChoice::B => {
            "; a dashed one is a projection, a 1 × 1 convolution where the shape changes (option B)."
        }
        ShortcutChoice::C => ": a projection, which is a 1 × 1 convolution, in every block (option C).",
    }
}

/// The text of the figure with the paths of a block.
pub(super) fn paths() -> Html {
    html! {
        <>
            { "Nothing is split: both paths receive the full gradient of the sum. The identity returns it unchanged, and the branch multiplies it by its own Jacobian. At the block’s input the two add up as vectors, so they can also cancel in part. " }
            { "Follow the gradient from the last block to the first, with the shortcut and without." }
        </>
    }
}
