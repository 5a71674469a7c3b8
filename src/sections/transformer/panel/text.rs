//! The texts and formulas of section 6.

use crate::ui::math::{display_tex, math};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A decoder-only transformer (Vaswani et al. 2017; Radford et al. 2018) predicts the next character from those before it. " }
            { "This one starts from random weights and learns from nine plays by Shakespeare, on this device. " }
            { "You can watch what it predicts, what it writes, and where every attention head looks." }
        </p>
    }
}

/// The sinusoidal encoding (Vaswani et al. 2017).
pub(super) fn position_formula() -> Html {
    html! {
        <>
            { math(display_tex!(r"x_p = E_{c_p} + \sqrt{\frac{2}{\set{d_model}{d}}}\, \mathrm{PE}(p)")) }
            { math(display_tex!(r"\mathrm{PE}(p, 2i) = \sin\frac{p}{10000^{2i/\set{d_model}{d}}}")) }
            { math(display_tex!(r"\mathrm{PE}(p, 2i+1) = \cos\frac{p}{10000^{2i/\set{d_model}{d}}}")) }
        </>
    }
}

/// The dot product of two positions depends on their distance only.
pub(super) fn product_formula() -> Html {
    math(display_tex!(
        r"\mathrm{PE}(p) \cdot \mathrm{PE}(p+k) = \sum_i \cos\frac{k}{10000^{2i/\set{d_model}{d}}}"
    ))
}

/// The wavelength of a pair of dimensions, in positions.
pub(super) fn wavelength_formula() -> Html {
    math(display_tex!(r"\lambda_i = 2\pi \cdot 10000^{2i/\set{d_model}{d}}"))
}

/// The cross-entropy of a window, in nats per character.
pub(super) fn loss_formula() -> Html {
    math(display_tex!(
        r"-\frac{1}{\set{context}{T}} \sum_{t=1}^{\set{context}{T}} \ln p(c_{t+1} \mid c_1 \ldots c_t)"
    ))
}

/// The minimum loss on the first block: a mean over all predictions in the first blocks of sequences s with periods p_s.
pub(super) fn first_block_formula() -> Html {
    math(display_tex!(r"\frac{\sum_s \sum_{k=1}^{p_s - 1} \ln(V - k)}{\sum_s (p_s - 1)}"))
}

/// The copying score of a head: `o_t` is its output at position t as the head of the model reads it.
pub(super) fn copying_formula() -> Html {
    math(display_tex!(
        r"\text{copying} = \frac{1}{n} \sum_t \left[ \sum_{k \le t} a_{tk}\, \ell_t(x_k) > \frac{1}{V} \sum_c \ell_t(c) \right]"
    ))
}

/// The two equations of a block.
pub(super) fn block_formula(mlp: bool) -> Html {
    html! {
        <>
            { math(display_tex!(r"a = x + \mathrm{Attention}(\mathrm{LayerNorm}(x))")) }
            if mlp {
                { math(display_tex!(r"y = a + \mathrm{MLP}(\mathrm{LayerNorm}(a))")) }
            }
        </>
    }
}

/// The parts of the model, as equations and in words.
pub(super) fn architecture(mlp: bool, context: u32) -> Html {
    html! {
        <div class="about-model">
            { block_formula(mlp) }
            <p>
                { "The residual stream has one vector per character, to which every branch adds its output. " }
                { if mlp {
                    "Attention reads from earlier positions; the MLP works on every position separately. "
                } else {
                    "Attention reads from earlier positions; this model has no MLPs. "
                } }
                { "LayerNorm gives each branch vectors with mean 0 and variance 1, times a learned gain plus a learned bias. " }
                { format!("The causal mask hides later characters, so one window of {context} characters gives {context} predictions in one pass.") }
            </p>
        </div>
    }
}
