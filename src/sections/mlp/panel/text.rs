//! The texts and formulas of section 1.

use crate::sections::mlp::{Config, FIT_POINTS, FIT_RATE, FIT_STEPS, dims, layer_params};
use crate::ui::math::{display_tex, math, math_with, tex};
use crate::ui::readout::format_number;
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A multilayer perceptron stacks layers " }{ layer_formula() }{ ". Without the function " }<em>{ "f" }</em>
            { " between them, any stack is a single affine map, and its decision boundary is a straight line." }
        </p>
    }
}

pub(super) fn boundary() -> Html {
    html! {
        <p>
            { "Both networks are drawn as they are initialized. During training, the linear network can only turn and shift its line. The non-linear one bends its boundary until it follows the data. " }
            { "On the spirals, the circles and XOR no straight line is good enough, so the loss of the linear network stays near chance. On the moons a straight line gets most points right." }
        </p>
    }
}

pub(super) fn initialization() -> Html {
    html! {
        <p>
            { "Both networks start from the same random numbers and see the same batches. Each scales its weights by the gain of its activation function: √2 for ReLU and GELU (He et al. 2015, “Delving Deep into Rectifiers”), otherwise 1." }
        </p>
    }
}

pub(super) fn units_lead() -> Html {
    html! {
        <p class="lead">{ "A unit of the first layer switches along a straight line. Deeper layers combine these maps into shapes." }</p>
    }
}

pub(super) fn units() -> Html {
    html! {
        <p>
            { "Before training, the weights are random, and so are the maps. Train, and follow them from left to right: half-planes in the first layer, corners and bands in the next, and in the last hidden layer regions that resemble the two classes. " }
            { "The outputs only compare these regions. Set a weight to 0 to see which part of the boundary depends on it." }
        </p>
    }
}

pub(super) fn width_lead() -> Html {
    html! {
        <p class="lead">{ "A ReLU unit bends a line once. A sum of n units has up to n bends, so with enough units it follows any continuous function as closely as you like." }</p>
    }
}

pub(super) fn pieces() -> Html {
    html! {
        <p>
            { "To place the units by a formula, divide the interval into n equal pieces. The first unit starts at 0 with the slope of the first piece. Every further unit is zero up to the start of its piece, and then adds the difference between the new slope and the old one. " }
            { "The sum equals the function at the n + 1 ends of the pieces. Between two of them, the error is at most " }{ bound_formula() }
            { " (de Boor 1978, “A Practical Guide to Splines”, chapter III). So twice as many units divide the error of a smooth function by about four. Where the slope has no bound, as for the square root, more units help less." }
        </p>
    }
}

pub(super) fn width() -> Html {
    html! {
        <>
            <p>
                { format!("Training does not know the formula. It starts from random bends and minimizes the mean squared error on {FIT_POINTS} points, here with {} steps of Adam at learning rate {FIT_RATE}, for every number of units in the figure. ", format_number(FIT_STEPS.into(), 12)) }
                { "It can move the bends to where the function is curved: on the steep step it beats equal pieces by far. On the wave, whose curvature is spread out, it usually stays behind, because some units end up without a use. The formula shows what n units can represent, and training shows what gradient descent finds with them." }
            </p>
            <p>
                { "Width adds bends: one per unit. Depth composes them: each further layer can fold the pieces of the layer before it. The number of pieces of a deep network can therefore grow exponentially with its depth, for the same number of units (Montúfar et al. 2014, “On the Number of Linear Regions of Deep Neural Networks”). " }
                { "Without a non-linearity there are no bends, and neither width nor depth helps." }
            </p>
        </>
    }
}

pub(super) fn collapse_lead() -> Html {
    html! {
        <p class="lead">
            { "Send " }{ math(tex!(r"\set{n_probe}{n}")) }{ " random inputs through an untrained network, and stack the outputs into a matrix, one row per input. Its rank counts the independent directions." }
        </p>
    }
}

pub(super) fn collapse() -> Html {
    html! {
        <p>
            { "Without a non-linearity, the network is a single layer with " }{ product_formula() }
            { " and one bias, however deep it is, because a product of matrices is a matrix. So the outputs have at most as many independent directions as the inputs, plus one for the biases. " }
            { "Remove that many, and nothing but rounding errors is left. The non-linear network has more directions, so something is left." }
        </p>
    }
}

pub(super) fn gradients_lead() -> Html {
    html! {
        <p class="lead">{ "Backpropagation multiplies the gradient by a weight matrix and by the derivative of the activation function, layer after layer. Small factors leave little for the first layers." }</p>
    }
}

pub(super) fn gradients() -> Html {
    html! {
        <p>
            { "The bars show the untrained networks, and during a run the latest step. On a logarithmic scale, equal factors are equal steps. " }
            { "The derivative of the sigmoid is at most 1/4, so in a deep sigmoid network the bars of the first layers are much shorter. The derivative of the ReLU is 0 or 1, and the gain √2 of the weights makes up for the half that is 0." }
        </p>
    }
}

pub(super) fn parameters_lead() -> Html {
    html! {
        <p class="lead">{ "Each layer has a matrix with one weight for every input and unit, and a bias for every unit. Doubling the width quadruples most of the matrices; doubling the depth doubles their number." }</p>
    }
}

pub(super) fn parameters() -> Html {
    html! {
        <p>{ "The count comes from the model itself. For images the first layer dominates, because every unit has a weight for each of the 784 pixels." }</p>
    }
}

pub(super) fn own_lead() -> Html {
    html! {
        <p class="lead">{ "Draw points of several classes, or a curve, and train. Or open a table with up to 64 features: a fifth of its rows is held out for testing." }</p>
    }
}

pub(super) fn own() -> Html {
    html! {
        <>
            <p>
                { "If the target is a number, the networks have one output and minimize the squared error " }{ squared_loss_formula() }
                { ". Errors are in the units of the target. Compare them with two predictions that need no network, which the chapter on boundaries draws as lines: the mean of the training samples, and linear least squares. No linear network has a smaller squared error on the training samples than least squares." }
            </p>
            <p>
                { "A wide network follows a few points as closely as it can, noise included. The training error then falls while the error on held-out points rises: it overfits. L2 weight decay adds " }{ decay_formula() }
                { " to the loss. It keeps weights small, and with them the slopes of the function, so curves become smoother. Too much of it flattens them." }
            </p>
            <p>{ "Your data stay in this browser: they are read, stored and learned here, and sent nowhere. A link contains points that you draw, up to 200, but only the name of a table." }</p>
        </>
    }
}

/// The term of L2 weight decay.
pub(super) fn decay_formula() -> Html {
    math(tex!(r"\frac{\set{weight_decay}{\lambda}}{2} \sum_\ell \lVert W_\ell \rVert_F^2"))
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

/// The sum of ReLU units that equals a function at equally spaced points.
pub(super) fn pieces_formula() -> Html {
    math(tex!(
        r"c + \sum_{i=1}^{\set{pieces}{n}} a_i \operatorname{ReLU}(x - b_i), \quad a_i = s_i - s_{i-1}, \quad b_i = \frac{i - 1}{\set{pieces}{n}}"
    ))
}

/// The bound on the error of a piecewise linear interpolant with equal pieces of the unit interval.
pub(super) fn bound_formula() -> Html {
    math(tex!(r"\frac{1}{8\,\set{pieces}{n}^2} \max_x |f''(x)|"))
}

/// The cross-entropy of a mini-batch.
pub(super) fn loss_formula() -> Html {
    math(tex!(r"-\frac{1}{\set{batch_size}{B}} \sum_i \log p(y_i \mid x_i)"))
}

/// The mean squared error of a mini-batch.
pub(super) fn squared_loss_formula() -> Html {
    math(tex!(r"\frac{1}{\set{batch_size}{B}} \sum_i (\hat y_i - y_i)^2"))
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
        html! { <tr data-layer={(index + 1).to_string()}><th scope="row">{ name }</th><td>{ term }</td><td>{ "= " }{ format_number(*count as f64, 12) }</td></tr> }
    };
    html! {
        <div class="formula param-formula">
            { math(symbols) }
            <table>
                <caption class="visually-hidden">{ "Parameters, layer by layer" }</caption>
                <tbody>
                    { for counts.iter().enumerate().map(row) }
                    <tr class="param-sum"><th scope="row">{ "sum" }</th><td>{ if config.bias { "weights + biases" } else { "weights" } }</td><td>{ "= " }{ format_number(counts.iter().sum::<u64>() as f64, 12) }</td></tr>
                </tbody>
            </table>
        </div>
    }
}
