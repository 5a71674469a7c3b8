//! The texts and formulas of section 3.

use crate::sections::resnet::{
    BlockChoice, Cause, Config, Dataset, Flow, MEASURED_ON, OrderChoice, ShortcutChoice, cause,
};
use crate::ui::findings_link;
use crate::ui::math::{math, tex};
use yew::prelude::*;

fn lead(words: &'static str) -> Html {
    html! { <p class="lead">{ words }</p> }
}

// ---------- The chain ----------

pub(super) fn chain_lead() -> Html {
    lead(
        "A residual block adds its input to what its layers compute (He et al. 2016). The bars show how much of the loss’s gradient reaches each block of two networks with the same initial weights.",
    )
}

pub(super) fn chain_caption() -> Html {
    html! {
        { "L2 norm of the loss’s gradient at each block’s output, on one logarithmic scale: every grid line is the same factor. Before training, the input is 8 noise images; during training, it is the current batch." }
    }
}

/// The text below the chains.
pub(super) fn chain(order: OrderChoice) -> Html {
    let plain = math(tex!(
        r"\mathbf{x}_{l+1} = F_l(\mathbf{x}_l) \quad\Rightarrow\quad \frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}_l} = \frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}_L} \prod_{i=l}^{L-1} \frac{\partial F_i}{\partial \mathbf{x}_i}"
    ));
    let sum = math(tex!(
        r"\mathbf{x}_{l+1} = \mathbf{x}_l + F_l(\mathbf{x}_l) \quad\Rightarrow\quad \mathbf{x}_L = \mathbf{x}_l + \sum_{i=l}^{L-1} F_i(\mathbf{x}_i)"
    ));
    let gradient = math(tex!(
        r"\frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}_l} = \frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}_L} \left(1 + \frac{\partial}{\partial \mathbf{x}_l} \sum_{i=l}^{L-1} F_i(\mathbf{x}_i)\right)"
    ));
    html! {
        <div class="prose">
            <h2>{ "A product becomes a sum" }</h2>
            <ol class="chain-lines">
                <li>{ "Without shortcuts, the gradient passes through every layer in turn. If each block passes on less than it receives, the product vanishes." }<div class="formula">{ plain }</div></li>
                <li>{ "With shortcuts, the last signal is the first one plus what each block adds." }<div class="formula">{ sum }</div></li>
                <li>{ "So the gradient at the end reaches every block directly: that is the 1. The blocks add to it (He et al. 2016b, equation 5)." }<div class="formula">{ gradient }</div></li>
            </ol>
            <p>{ exactness(order) }</p>
            <h2>{ "Does the plain gradient always vanish?" }</h2>
            <p>
                { "No. By default, these networks have small initial weights and no batch norm. Switch on " }<strong>{ "batch norm" }</strong>
                { " above: now the gradient of the plain network grows toward the input. A deep plain network still learns more slowly, as the chapter “Degradation” shows." }
            </p>
        </div>
    }
}

fn exactness(order: OrderChoice) -> &'static str {
    match order {
        OrderChoice::Post => {
            "The sum is exact if nothing follows the addition. Here a ReLU does, and some shortcuts change the shape, so part of the gradient is lost on its way. Choose pre-activation to remove the ReLU."
        }
        OrderChoice::Pre => {
            "With pre-activation nothing follows the addition, so the sum is exact within each stage. Where the shape changes, a projection or zero padding takes the place of the identity."
        }
    }
}

// ---------- The paths of a block ----------

pub(super) fn paths_lead() -> Html {
    lead("Signals flow forward and gradients flow back. In a residual block, both have two paths.")
}

pub(super) fn paths(order: OrderChoice) -> Html {
    html! {
        <div class="prose">
            <h2>{ "The chain rule through one block" }</h2>
            <p>
                { "Nothing is split: both paths receive the full gradient of the sum. The identity returns it unchanged, and the branch multiplies it by its own Jacobian. At the block’s input the two add up as vectors, so they can also cancel in part." }
            </p>
            <div class="formula">{ block_formula(order) }</div>
            <div class="formula">{ backward_formula(order) }</div>
            <p>{ "Follow the gradient from the last block to the first, with the shortcut and without." }</p>
        </div>
    }
}

/// A block with its shortcut.
fn block_formula(order: OrderChoice) -> Html {
    math(match order {
        OrderChoice::Post => tex!(r"\mathbf{y} = \operatorname{ReLU}(s(\mathbf{x}) + F(\mathbf{x}))"),
        OrderChoice::Pre => tex!(r"\mathbf{y} = s(\mathbf{x}) + F(\mathbf{x})"),
    })
}

/// The chain rule through one block. ReLU passes the gradient where its input is positive.
fn backward_formula(order: OrderChoice) -> Html {
    math(match order {
        OrderChoice::Post => tex!(
            r"\frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}} = \left(\frac{\partial s}{\partial \mathbf{x}} + \frac{\partial F}{\partial \mathbf{x}}\right)^{\!\top} \left(\frac{\partial\,\mathrm{loss}}{\partial \mathbf{y}} \odot 1_{s(\mathbf{x}) + F(\mathbf{x}) > 0}\right)"
        ),
        OrderChoice::Pre => tex!(
            r"\frac{\partial\,\mathrm{loss}}{\partial \mathbf{x}} = \left(\frac{\partial s}{\partial \mathbf{x}} + \frac{\partial F}{\partial \mathbf{x}}\right)^{\!\top} \frac{\partial\,\mathrm{loss}}{\partial \mathbf{y}}"
        ),
    })
}

// ---------- Training ----------

pub(super) fn training_lead() -> Html {
    lead(
        "Both networks start from the same weights and see the same batches; only the shortcuts differ. Look at their answers before training, then press Train.",
    )
}

pub(super) fn training() -> Html {
    html! {
        <div class="prose">
            <p>
                { "A network that is worse on training images is not overfitting; it fails to fit. The training error is the fraction of wrong predictions, averaged over 20 batches." }
            </p>
            <p>
                { "By default, all columns of the untrained plain network are the same: little more than biases has survived the way through 19 layers. Its first layers get next to no gradient to change that, so it only learns how frequent each class is." }
            </p>
            <p>
                { "Both networks here have the same depth. The chapter “Degradation” compares two depths, and " }
                { findings_link("resnet", "our results") }{ " list the numbers. Before training, batch norm uses the statistics of these images; in training, its running statistics." }
            </p>
        </div>
    }
}

pub(super) fn accuracy(config: &Config) -> Html {
    html! {
        <>
            { if config.dataset == Dataset::Own { "Accuracy on your held-out pictures" } else { "Accuracy on 500 held-out images" } }
            { ", measured periodically." }
            if config.batch_norm {
                { " Batch norm uses its running statistics here, which lag behind while the weights move fast: the first values can be at chance level." }
            }
        </>
    }
}

// ---------- Own pictures ----------

pub(super) fn own_lead() -> Html {
    lead(
        "Add two classes of pictures, ten of each are enough to start, and train on them. Until then, the figures show the data set of the settings.",
    )
}

// ---------- Depth ----------

pub(super) fn depth_lead() -> Html {
    lead(
        "More layers can fit the training images at least as well: further ones only have to copy their input. Yet the deeper plain network ends with the higher training error.",
    )
}

pub(super) fn depth_error() -> Html {
    html! {
        <>
            { format!("Finding: medians of three seeds, measured on {MEASURED_ON}, with batch norm, He initialization, and momentum at a learning rate of 0.05. ") }
            { findings_link("resnet", "Ranges and settings" ) }{ ". Here: this device, once you have repeated it. Chance level is 0.9." }
        </>
    }
}

pub(super) fn depth_flow() -> Html {
    html! {
        { "These networks before training, on this device, with 8 noise images. From left to right, the gradient flows back toward the image." }
    }
}

pub(super) fn depth() -> Html {
    html! {
        <div class="prose">
            <h2>{ "Degradation" }</h2>
            <p>
                { "He et al. (2016, section 1) call it degradation that a deeper plain network ends with a higher training error than a shallower one. It is not overfitting, because it shows on the training images. It is not a vanishing gradient either: with batch norm, the gradient of the plain network grows toward the input, the more the deeper it is." }
            </p>
            <p>
                { "A gradient of a good size can still be of little use. In deep plain networks, gradients for slightly different inputs are almost unrelated, like white noise (Balduzzi et al. 2017). To come near the identity, plain layers have to learn it; a residual block only has to drive F to zero." }
            </p>
            <p>
                { "After 160 steps no network has converged. The paper’s networks train for 64,000 steps, and there the plain network of 56 layers still ends with the higher training error (figure 1)." }
            </p>
        </div>
    }
}

// ---------- Architecture ----------

pub(super) fn architecture_lead() -> Html {
    lead(
        "Three stages of equal blocks, with a shortcut around each. Two blocks halve the image and double the channels, so their shortcuts have to change the shape, too: in one of three ways.",
    )
}

pub(super) fn network_caption(shortcut: ShortcutChoice) -> Html {
    html! {
        <>{ "Channels × height × width, as one image went through the real network. An arc is a shortcut" }{ shortcut_parts(shortcut) }</>
    }
}

/// Returns the meaning of the arcs in the drawing of the network.
fn shortcut_parts(shortcut: ShortcutChoice) -> &'static str {
    match shortcut {
        ShortcutChoice::A => {
            "; a dotted one skips every other row and column where the stride is 2, and appends channels of zeros."
        }
        ShortcutChoice::B => "; a dashed one is a projection, a 1 × 1 convolution.",
        ShortcutChoice::C => ": a projection, which is a 1 × 1 convolution, in every block.",
    }
}

pub(super) fn architecture(config: &Config) -> Html {
    html! {
        <div class="prose">
            <h2>{ "One block" }</h2>
            <div class="formula">{ block_formula(config.order) }</div>
            <p>{ block_parts(config) }</p>
            <p>
                { "The plain network is the same without s. The options are those of He et al. (2016, section 4.1). The paper uses A on CIFAR-10; libraries use B. “By hand” computes the shortcut again in 64-bit arithmetic, with loops over the model’s weights and inputs, and compares every number." }
            </p>
            if config.order == OrderChoice::Pre {
                <p>
                    { "With pre-activation (He et al. 2016b), a projection takes the block’s input after batch norm and ReLU, and the network ends with batch norm and ReLU." }
                </p>
            }
        </div>
    }
}

/// Returns the layers of a block in the order in which they are applied.
fn block_parts(config: &Config) -> String {
    let convs: &[&str] = match config.block {
        BlockChoice::Basic => &["3 × 3", "3 × 3"],
        BlockChoice::Bottleneck => &["1 × 1", "3 × 3", "1 × 1"],
    };
    let conv = |k: &&str| match (config.order, config.batch_norm) {
        (OrderChoice::Post, true) => format!("{k} convolution → batch norm"),
        (OrderChoice::Post, false) => format!("{k} convolution"),
        (OrderChoice::Pre, true) => format!("batch norm → ReLU → {k} convolution"),
        (OrderChoice::Pre, false) => format!("ReLU → {k} convolution"),
    };
    let between = if config.order == OrderChoice::Post { " → ReLU → " } else { " → " };
    format!("F: {}.", convs.iter().map(conv).collect::<Vec<_>>().join(between))
}

// ---------- Gradients ----------

pub(super) fn gradients_lead() -> Html {
    lead(
        "Advanced: initialization and batch norm decide whether gradients vanish, keep their size or explode. Weights that suit a plain network can destabilize a residual one.",
    )
}

/// The gradient norm of a block's first convolution: the root of the sum of the squares.
pub(super) fn norm_formula() -> Html {
    math(tex!(r"\left\lVert \frac{\partial\,\mathrm{loss}}{\partial W_i} \right\rVert_F"))
}

/// The text below the gradients of untrained networks, for the settings' mechanism.
pub(super) fn gradients(config: &Config, flow: Option<&Flow>) -> Html {
    // The measurements may still belong to the earlier settings.
    let batch_norm = flow.map_or(config.batch_norm, |flow| flow.batch_norm);
    html! {
        <div class="prose">
            <p>{ mechanism(cause(config.init, batch_norm)) }</p>
            <p>
                { "The gradient of a convolution’s weights combines the signal at its input with the gradient at its output. A shortcut adds x to the signal, and the identity to the block’s Jacobian." }
            </p>
            <div class="formula">{ norm_formula() }</div>
        </div>
    }
}

fn mechanism(cause: Cause) -> &'static str {
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
