//! The equations of the chapter of code, with a drawing of the network.

use crate::panel::{CodePart, code_flow};
use crate::sections::resnet::{BlockChoice, Config, InitChoice, OptimizerKind, OrderChoice, ShortcutChoice};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn code_lead() -> Html {
    html! {
        <p class="lead">
            { "A plain and a residual network from the same blocks, with and without the shortcut. Their first losses are computed from the lab’s weights and batches." }
        </p>
    }
}

/// Returns the layers of the branch, one per line.
fn branch(config: &Config) -> Html {
    let is_basic = config.block == BlockChoice::Basic;
    let [first, second, third, last] = match (config.order, config.batch_norm) {
        (OrderChoice::Post, true) => [
            tex!(r"\mathbf{a}_1 = \operatorname{ReLU}(\mathrm{BN}(W_1 * \mathbf{x}))"),
            tex!(r"\mathbf{a}_2 = \operatorname{ReLU}(\mathrm{BN}(W_2 * \mathbf{a}_1))"),
            "",
            if is_basic {
                tex!(r"F(\mathbf{x}) = \mathrm{BN}(W_2 * \mathbf{a}_1)")
            } else {
                tex!(r"F(\mathbf{x}) = \mathrm{BN}(W_3 * \mathbf{a}_2)")
            },
        ],
        (OrderChoice::Post, false) => [
            tex!(r"\mathbf{a}_1 = \operatorname{ReLU}(W_1 * \mathbf{x} + b_1)"),
            tex!(r"\mathbf{a}_2 = \operatorname{ReLU}(W_2 * \mathbf{a}_1 + b_2)"),
            "",
            if is_basic {
                tex!(r"F(\mathbf{x}) = W_2 * \mathbf{a}_1 + b_2")
            } else {
                tex!(r"F(\mathbf{x}) = W_3 * \mathbf{a}_2 + b_3")
            },
        ],
        (OrderChoice::Pre, true) => [
            tex!(r"\mathbf{a} = \operatorname{ReLU}(\mathrm{BN}(\mathbf{x}))"),
            tex!(r"\mathbf{a}_2 = \operatorname{ReLU}(\mathrm{BN}(W_1 * \mathbf{a}))"),
            tex!(r"\mathbf{a}_3 = \operatorname{ReLU}(\mathrm{BN}(W_2 * \mathbf{a}_2))"),
            if is_basic {
                tex!(r"F(\mathbf{x}) = W_2 * \mathbf{a}_2")
            } else {
                tex!(r"F(\mathbf{x}) = W_3 * \mathbf{a}_3")
            },
        ],
        (OrderChoice::Pre, false) => [
            tex!(r"\mathbf{a} = \operatorname{ReLU}(\mathbf{x})"),
            tex!(r"\mathbf{a}_2 = \operatorname{ReLU}(W_1 * \mathbf{a} + b_1)"),
            tex!(r"\mathbf{a}_3 = \operatorname{ReLU}(W_2 * \mathbf{a}_2 + b_2)"),
            if is_basic {
                tex!(r"F(\mathbf{x}) = W_2 * \mathbf{a}_2 + b_2")
            } else {
                tex!(r"F(\mathbf{x}) = W_3 * \mathbf{a}_3 + b_3")
            },
        ],
    };
    // Pre-activation has one more ReLU.
    let lines: &[_] = match (config.order, is_basic) {
        (OrderChoice::Post, true) => &[first, last],
        (OrderChoice::Post, false) | (OrderChoice::Pre, true) => &[first, second, last],
        (OrderChoice::Pre, false) => &[first, second, third, last],
    };
    html! { { for lines.iter().map(|&line| html! { <div>{ math(line) }</div> }) } }
}

fn shortcut(config: &Config) -> Html {
    let identity = || math(tex!(r"s(\mathbf{x}) = \mathbf{x}"));
    let projection = || {
        math(match (config.order, config.batch_norm) {
            (OrderChoice::Post, true) => tex!(r"s(\mathbf{x}) = \mathrm{BN}(W_s * \mathbf{x})"),
            (OrderChoice::Post, false) => tex!(r"s(\mathbf{x}) = W_s * \mathbf{x} + b_s"),
            (OrderChoice::Pre, true) => tex!(r"s(\mathbf{x}) = W_s * \mathbf{a}"),
            (OrderChoice::Pre, false) => tex!(r"s(\mathbf{x}) = W_s * \mathbf{a} + b_s"),
        })
    };
    match config.shortcut {
        ShortcutChoice::A => html! {
            <>{ identity() }{ "; where the shape changes, without the skipped pixels and with channels of zeros" }</>
        },
        ShortcutChoice::B => html! { <>{ identity() }{ "; where the shape changes, " }{ projection() }</> },
        ShortcutChoice::C => projection(),
    }
}

/// Returns the parts that lines of code implement.
pub(super) fn code_parts(config: &Config) -> Html {
    let is_post = config.order == OrderChoice::Post;
    let sum = if is_post {
        tex!(r"\mathbf{z} = s(\mathbf{x}) + F(\mathbf{x})")
    } else {
        tex!(r"\mathbf{y} = s(\mathbf{x}) + F(\mathbf{x})")
    };
    let (after, activation) = match (config.order, config.batch_norm) {
        (OrderChoice::Post, _) => {
            ("ReLU after the sum", tex!(r"\mathbf{y} = \operatorname{ReLU}(\mathbf{z})"))
        }
        (OrderChoice::Pre, true) => (
            "After the last block",
            tex!(r"\mathbf{y} \leftarrow \operatorname{ReLU}(\mathrm{BN}(\mathbf{y}))"),
        ),
        (OrderChoice::Pre, false) => {
            ("After the last block", tex!(r"\mathbf{y} \leftarrow \operatorname{ReLU}(\mathbf{y})"))
        }
    };
    let stem = match (config.order, config.batch_norm) {
        (OrderChoice::Post, true) => {
            tex!(r"\mathbf{x}_1 = \operatorname{ReLU}(\mathrm{BN}(W_0 * \text{image}))")
        }
        (OrderChoice::Post, false) => tex!(r"\mathbf{x}_1 = \operatorname{ReLU}(W_0 * \text{image} + b_0)"),
        (OrderChoice::Pre, true) => tex!(r"\mathbf{x}_1 = W_0 * \text{image}"),
        (OrderChoice::Pre, false) => tex!(r"\mathbf{x}_1 = W_0 * \text{image} + b_0"),
    };
    let init = match config.init {
        InitChoice::Pytorch => tex!(r"\mathcal{U}(-k, k), \quad k = \sqrt{1 / \text{fan-in}}"),
        InitChoice::He => tex!(r"\mathcal{U}(-k, k), \quad k = \sqrt{6 / \text{fan-in}}"),
        InitChoice::Lecun => tex!(r"\mathcal{U}(-k, k), \quad k = \sqrt{3 / \text{fan-in}}"),
    };
    let update = match config.optimizer {
        OptimizerKind::Adam => {
            tex!(r"w \leftarrow w - \set{learning_rate}{\eta}\, \hat m / (\sqrt{\hat v} + \varepsilon)")
        }
        OptimizerKind::Momentum => {
            tex!(r"v \leftarrow 0.9\,v + g, \quad w \leftarrow w - \set{learning_rate}{\eta}\,v")
        }
        OptimizerKind::Sgd => tex!(r"w \leftarrow w - \set{learning_rate}{\eta}\,g"),
    };
    let end = if is_post { "ReLU" } else { "after the last block: ReLU" };
    html! {
        <>
            { code_flow("From the image through the branch and the shortcut of each block and their sum to average pooling, the logits and the loss.", &[
                &[("stem", "first convolution")],
                &[("branch", "branch F(x)"), ("shortcut", "shortcut s(x)")],
                &[("sum", "sum")],
                &[("activation", end)],
                &[("pool", "average pooling")],
                &[("head", "logits"), ("loss", "loss")],
            ]) }
            <ul>
                <CodePart id="shortcut" title="Shortcut; a block’s input x is h in the code">{ shortcut(config) }</CodePart>
                <CodePart id="branch" title="Branch">{ branch(config) }</CodePart>
                if config.batch_norm {
                    <CodePart id="batch-norm" title="Batch norm of each channel">{ math(tex!(r"\mathrm{BN}(z) = \gamma\, (z - \mu) / \sqrt{\sigma^2 + 10^{-5}} + \beta")) }</CodePart>
                }
                <CodePart id="sum" title="Sum; in the plain network, F(x) alone">{ math(sum) }</CodePart>
                <CodePart id="activation" title={after}>{ math(activation) }</CodePart>
                <CodePart id="stem" title="First convolution">{ math(stem) }</CodePart>
                <CodePart id="pool" title="Global average pooling of each channel">{ math(tex!(r"p_c = \frac{1}{HW} \sum_{i,j} y_{c,i,j}")) }</CodePart>
                <CodePart id="head" title="Logits">{ math(tex!(r"\hat y = p\, W + b")) }</CodePart>
                <CodePart id="init" title="Initial weights of the convolutions">{ math(init) }</CodePart>
                <CodePart id="update" title="Update of every weight">{ math(update) }</CodePart>
                <CodePart id="loss" title="Loss">{ math(tex!(r"-\frac{1}{\set{batch_size}{B}} \sum_i \log p(y_i \mid x_i)")) }</CodePart>
                <CodePart id="gradient" title="Gradient of each block’s first convolution">{ math(tex!(r"\lVert \partial\,\mathrm{loss} / \partial W_1 \rVert_F")) }</CodePart>
            </ul>
        </>
    }
}
