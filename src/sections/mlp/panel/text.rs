//! The words and formulae of section 1.

use super::super::{Config, ParamCount, training_dims};
use crate::ui::math::{display_tex, math, math_with, tex};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A multilayer perceptron stacks layers " }{ layer_formula() }
            { ". Without the function " }<em>{ "f" }</em>
            { " between them, any stack is a single matrix. Two networks start from the same weights: one with " }
            <em>{ "f" }</em>{ ", one without." }
        </p>
    }
}

pub(super) fn collapse() -> Html {
    html! {
        <p>
            { "A product of matrices is a matrix: without a non-linearity, " }{ product_formula() }
            { " however deep the network is. The rank of its output is then at most the number of its inputs, plus one for the biases. A non-linearity breaks this bound before any training." }
        </p>
    }
}

/// A layer.
pub(super) fn layer_formula() -> Html {
    math(tex!(r"h_\ell = f(h_{\ell-1} W_\ell + b_\ell)"))
}

/// A stack of linear layers.
pub(super) fn product_formula() -> Html {
    math(tex!(r"W = W_1 W_2 \cdots W_{\set{depth}{L}+1}"))
}

/// NumPy's rule: singular values above the rounding error of the largest count.
pub(super) fn rank_formula() -> Html {
    math(tex!(r"\operatorname{rank} = \#\{\, i : \sigma_i > \max(m, n)\,\varepsilon\,\sigma_1 \,\}"))
}

/// The cross-entropy of a mini-batch.
pub(super) fn loss_formula() -> Html {
    math(tex!(r"-\frac{1}{\set{batch_size}{B}} \sum_i \log p(y_i \mid x_i)"))
}

/// The gradient norm of a layer.
pub(super) fn gradient_formula() -> Html {
    math(tex!(r"\left\lVert \frac{\partial\,\mathrm{loss}}{\partial W_\ell} \right\rVert_2"))
}

/// The number of parameters, in symbols and with the numbers of these settings.
pub(super) fn param_formula(config: &Config, count: ParamCount) -> Html {
    let (d_in, d_out) = training_dims(config.dataset);
    let values = [
        ("in", d_in.to_string()),
        ("d", config.width.to_string()),
        ("inner", (config.depth - 1).to_string()),
        ("out", d_out.to_string()),
        ("total", count.total().to_string()),
    ];
    let (symbols, numbers) = if config.bias {
        (
            display_tex!(
                r"d_\mathrm{in}\,\set{width}{d} + \set{width}{d} + (\set{depth}{L} - 1)(\set{width}{d}^2 + \set{width}{d}) + \set{width}{d}\,d_\mathrm{out} + d_\mathrm{out}"
            ),
            display_tex!(
                r"\val{in} \cdot \val{d} + \val{d} + \val{inner}\,(\val{d}^2 + \val{d}) + \val{d} \cdot \val{out} + \val{out} = \val{total}"
            ),
        )
    } else {
        (
            display_tex!(
                r"d_\mathrm{in}\,\set{width}{d} + (\set{depth}{L} - 1)\,\set{width}{d}^2 + \set{width}{d}\,d_\mathrm{out}"
            ),
            display_tex!(
                r"\val{in} \cdot \val{d} + \val{inner} \cdot \val{d}^2 + \val{d} \cdot \val{out} = \val{total}"
            ),
        )
    };
    html! { <div class="formula">{ math(symbols) }{ math_with(numbers, &values) }</div> }
}
