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
    math(display_tex!(r"-\frac{1}{\set{context}{T}} \sum_t \ln p(c_t \mid c_1 \ldots c_{t-1})"))
}
