//! The texts and formulas of section 1.

use crate::sections::mlp::{Config, dims, layer_params};
use crate::ui::math::{display_tex, math, math_with, tex};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A multilayer perceptron stacks layers " }{ layer_formula() }
            { ". Without the function " }<em>{ "f" }</em>
            { " between them, any stack is a single affine map: one matrix and one bias. Two networks, one with " }
            <em>{ "f" }</em>{ " and one without, start from the same random numbers. Each scales its weights by the gain of its activation function: √2 for ReLU and GELU (He et al. 2015, “Delving Deep into Rectifiers”), otherwise 1." }
        </p>
    }
}

pub(super) fn collapse() -> Html {
    html! {
        <p>
            { "A product of matrices is a matrix: without a non-linearity, the network is a single layer with " }{ product_formula() }
            { " and one bias, however deep it is. To see this without training, send a random batch through both untrained networks. " }
            { "Stack the n outputs of a layer into a matrix, one output per row; its rank counts the independent directions. " }
            { "In the linear network, the rank is at most the number of inputs, plus one for the biases. A non-linearity can exceed this bound." }
        </p>
    }
}

/// The equation of a layer.
pub(super) fn layer_formula() -> Html {
    math(tex!(r"h_\ell = f(h_{\ell-1} W_\ell + b_\ell)"))
}

/// The matrix of the single layer that is equivalent to a stack of linear layers.
pub(super) fn product_formula() -> Html {
    math(tex!(r"W = W_1 W_2 \cdots W_{\set{depth}{L}+1}"))
}

/// The numerical rank, as in NumPy: the number of singular values above the rounding error of the largest.
pub(super) fn rank_formula() -> Html {
    math(tex!(r"\operatorname{rank} = \#\{\, i : \sigma_i > \max(m, n)\,\varepsilon\,\sigma_1 \,\}"))
}

/// The effective rank (Roy and Vetterli 2007).
pub(super) fn effective_rank_formula() -> Html {
    math(tex!(
        r"\operatorname{erank} = \exp\left( -\sum_i p_i \log p_i \right), \quad p_i = \frac{\sigma_i}{\sum_j \sigma_j}"
    ))
}

/// The cross-entropy of a mini-batch.
pub(super) fn loss_formula() -> Html {
    math(tex!(r"-\frac{1}{\set{batch_size}{B}} \sum_i \log p(y_i \mid x_i)"))
}

/// The gradient norm of a layer: the Frobenius norm, the root of the sum of all squares.
pub(super) fn gradient_formula() -> Html {
    math(tex!(r"\left\lVert \frac{\partial\,\mathrm{loss}}{\partial W_\ell} \right\rVert_F"))
}

/// The number of parameters, in symbols and layer by layer with the numbers of the settings.
pub(super) fn param_formula(config: &Config) -> Html {
    let dims = dims(config);
    let is_uniform = config.hidden.is_empty();
    let symbols = match (is_uniform, config.bias) {
        (true, true) => display_tex!(
            r"d_\mathrm{in}\,\set{width}{d} + \set{width}{d} + (\set{depth}{L} - 1)(\set{width}{d}^2 + \set{width}{d}) + \set{width}{d}\,d_\mathrm{out} + d_\mathrm{out}"
        ),
        (true, false) => display_tex!(
            r"d_\mathrm{in}\,\set{width}{d} + (\set{depth}{L} - 1)\,\set{width}{d}^2 + \set{width}{d}\,d_\mathrm{out}"
        ),
        (false, true) => {
            display_tex!(r"\sum_{\ell=1}^{\set{depth}{L}+1} \left( d_{\ell-1}\,d_\ell + d_\ell \right)")
        }
        (false, false) => display_tex!(r"\sum_{\ell=1}^{\set{depth}{L}+1} d_{\ell-1}\,d_\ell"),
    };
    let counts = layer_params(&dims, config.bias);
    let row = |(index, count): (usize, &u64)| {
        let (d_in, d_out) =
            (dims.get(index).copied().unwrap_or(0), dims.get(index + 1).copied().unwrap_or(0));
        let name =
            if index + 1 == counts.len() { "output".to_owned() } else { format!("layer {}", index + 1) };
        let values = [("a", d_in.to_string()), ("b", d_out.to_string())];
        let term = if config.bias {
            math_with(tex!(r"\val{a} \cdot \val{b} + \val{b}"), &values)
        } else {
            math_with(tex!(r"\val{a} \cdot \val{b}"), &values)
        };
        html! { <tr data-layer={(index + 1).to_string()}><th scope="row">{ name }</th><td>{ term }</td><td>{ "= " }{ *count }</td></tr> }
    };
    html! {
        <div class="formula param-formula">
            { math(symbols) }
            <table>
                <caption class="visually-hidden">{ "Parameters, layer by layer" }</caption>
                <tbody>
                    { for counts.iter().enumerate().map(row) }
                    <tr class="param-sum"><th scope="row">{ "sum" }</th><td>{ if config.bias { "weights + biases" } else { "weights" } }</td><td>{ "= " }{ counts.iter().sum::<u64>() }</td></tr>
                </tbody>
            </table>
        </div>
    }
}
