//! The equations of the chapter of code, with a drawing of the forward pass.

use crate::panel::{CodePart, code_flow};
use crate::sections::mlp::{ActivationChoice, Config, OptimizerKind};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn code_lead() -> Html {
    html! {
        <p class="lead">
            { "The same network twice: with an activation function, and without. The second one is multiplied out to a single layer at the end." }
        </p>
    }
}

/// Returns the parts that lines of code implement.
pub(super) fn code_parts(config: &Config) -> Html {
    let affine = if config.bias {
        math(tex!(r"z_\ell = h_{\ell-1} W_\ell + b_\ell"))
    } else {
        math(tex!(r"z_\ell = h_{\ell-1} W_\ell"))
    };
    let activation = match config.activation {
        ActivationChoice::Relu => math(tex!(r"f(z) = \max(0, z)")),
        ActivationChoice::Gelu => math(tex!(r"f(z) = z\,\Phi(z)")),
        ActivationChoice::Tanh => math(tex!(r"f(z) = \tanh z")),
        ActivationChoice::Sigmoid => math(tex!(r"f(z) = 1 / (1 + e^{-z})")),
        ActivationChoice::Identity => math(tex!(r"f(z) = z")),
    };
    let single = if config.bias {
        math(tex!(r"W = W_1 \cdots W_{L+1}, \quad b = (b_1 W_2 + b_2) \cdots + b_{L+1}"))
    } else {
        math(tex!(r"W = W_1 \cdots W_{L+1}"))
    };
    let update = match config.optimizer {
        OptimizerKind::Adam => {
            math(tex!(r"w \leftarrow w - \set{learning_rate}{\eta}\, \hat m / (\sqrt{\hat v} + \varepsilon)"))
        }
        OptimizerKind::Momentum => {
            math(tex!(r"v \leftarrow 0.9\,v + g, \quad w \leftarrow w - \set{learning_rate}{\eta}\,v"))
        }
        OptimizerKind::Sgd => math(tex!(r"w \leftarrow w - \set{learning_rate}{\eta}\,g")),
    };
    let is_regression = config.task().is_regression();
    let (of_data, score) = if is_regression {
        let score = math(tex!(r"\sqrt{\frac{1}{N} \sum_i (\hat y_i - y_i)^2}"));
        (super::text::squared_loss_formula(), score)
    } else {
        let score = math(tex!(r"\frac{1}{N} \sum_i [\operatorname{argmax} \hat y_i = y_i]"));
        (super::text::loss_formula(), score)
    };
    let loss =
        html! { <>{ of_data }if config.weight_decay > 0.0 { { "+ " }{ super::text::decay_formula() } }</> };
    html! {
        <>
            { code_flow("From the samples through affine maps and activation functions to the logits, the loss and its gradients.", &[
                &[("samples", "samples x")],
                &[("affine", "affine map")],
                &[("activation", "activation")],
                &[("logits", "logits")],
                &[("loss", "loss"), ("gradients", "gradients")],
            ]) }
            <ul>
                <CodePart id="affine" title="Affine map of a layer">{ affine }</CodePart>
                <CodePart id="activation" title="Activation, only in the non-linear network">{ activation }</CodePart>
                <CodePart id="logits" title="Output layer, without activation">{ math(tex!(r"\hat y = h_L W_{L+1} + b_{L+1}")) }</CodePart>
                <CodePart id="weights" title="Initial weights">{ math(tex!(r"\mathcal{U}(-k, k), \quad k = g \sqrt{3 / d_{\mathrm{in}}}")) }</CodePart>
                if config.bias {
                    <CodePart id="biases" title="Initial biases">{ math(tex!(r"\mathcal{U}(-k, k), \quad k = 1/\sqrt{d_{\mathrm{in}}}")) }</CodePart>
                }
                <CodePart id="samples" title="Samples">{ math(tex!(r"(x_i, y_i)")) }</CodePart>
                <CodePart id="update" title="Update of every weight">{ update }</CodePart>
                <CodePart id="loss" title="Loss">{ loss }</CodePart>
                <CodePart id="gradients" title="Gradients, one norm per layer">{ math(tex!(r"\lVert \partial\,\mathrm{loss} / \partial W_\ell \rVert_F")) }</CodePart>
                <CodePart id="accuracy" title={if is_regression { "Error on samples" } else { "Accuracy on new samples" }}>{ score }</CodePart>
                <CodePart id="single-layer" title="The linear network as one layer">{ single }</CodePart>
            </ul>
        </>
    }
}
