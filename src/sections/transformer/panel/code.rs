//! The equations of the chapter of code, with a drawing of the model.

use crate::panel::{CodePart, code_flow};
use crate::sections::transformer::{Config, MaskChoice, PositionsChoice};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn code_lead() -> Html {
    html! {
        <p class="lead">
            { "The whole model from linear layers, with its data, its training loop and its results. The first losses are computed from the lab’s weights and batches." }
        </p>
    }
}

/// Returns equations, one per line.
fn lines(equations: &[&'static str]) -> Html {
    html! { { for equations.iter().map(|&equation| html! { <div>{ math(equation) }</div> }) } }
}

/// Returns the drawing of the model.
fn drawing(config: &Config) -> Html {
    let input: &[_] = match config.positions {
        PositionsChoice::None => &[("embedding", "embedding")],
        _ => &[("embedding", "embedding"), ("positions", "+ positions")],
    };
    let mut rows = vec![input, &[("norm-1", "layer norm"), ("self-attention", "self-attention")]];
    if config.mlp {
        rows.push(&[("norm-2", "layer norm"), ("feed-forward", "MLP")]);
    }
    rows.push(&[("residual", "each branch is added to its input")]);
    rows.push(&[("norm-last", "last layer norm"), ("head", "head")]);
    rows.push(&[("loss", "loss")]);
    code_flow("From the embedding through the branches of a block to the head and the loss.", &rows)
}

/// Returns what the branches of a block add.
fn residual(config: &Config) -> Html {
    let (attention, mlp) = if config.dropout > 0.0 {
        (
            tex!(r"x \leftarrow x + \mathrm{drop}(\mathrm{Attn}(\mathrm{LN}(x)))"),
            tex!(r"x \leftarrow x + \mathrm{drop}(\mathrm{MLP}(\mathrm{LN}(x)))"),
        )
    } else {
        (
            tex!(r"x \leftarrow x + \mathrm{Attn}(\mathrm{LN}(x))"),
            tex!(r"x \leftarrow x + \mathrm{MLP}(\mathrm{LN}(x))"),
        )
    };
    if config.mlp { lines(&[attention, mlp]) } else { lines(&[attention]) }
}

/// Returns the parts that lines of code implement.
pub(super) fn code_parts(config: &Config) -> Html {
    let mask = match config.mask {
        MaskChoice::Causal => math(tex!(r"s_{tj} \leftarrow -\infty, \quad j > t")),
        MaskChoice::None => html! { "none here: every position sees the whole window" },
    };
    let positions = match config.positions {
        PositionsChoice::Sinusoidal => lines(&[
            tex!(r"x \leftarrow x + \sqrt{2/\set{d_model}{d}}\, \mathrm{PE}(p)"),
            tex!(r"\mathrm{PE}(p, 2i) = \sin(p / 10000^{2i/d})"),
            tex!(r"\mathrm{PE}(p, 2i+1) = \cos(p / 10000^{2i/d})"),
        ]),
        PositionsChoice::Learned => math(tex!(r"x \leftarrow x + P_p")),
        PositionsChoice::None => Html::default(),
    };
    let head = if config.tied { tex!(r"\text{logits} = x E^\top") } else { tex!(r"\text{logits} = x U") };
    let (optimizer, step) = if config.weight_decay > 0.0 {
        (
            "AdamW; only matrices decay",
            tex!(
                r"w \leftarrow (1 - \eta_n \set{weight_decay}{\lambda})\, w - \eta_n\, \hat m / (\sqrt{\hat v} + \varepsilon)"
            ),
        )
    } else {
        ("Adam", tex!(r"w \leftarrow w - \eta_n\, \hat m / (\sqrt{\hat v} + \varepsilon)"))
    };
    html! {
        <>
            { drawing(config) }
            <ul>
                <CodePart id="self-attention" title="Self-attention">{ math(tex!(r"\mathrm{Attn}(X) = [\mathrm{head}_1, \dots, \mathrm{head}_{\set{heads}{h}}]\, W^O + b^O")) }</CodePart>
                <CodePart id="scale" title="Scale of the scores in a head">{ math(tex!(r"1/\sqrt{d_k}, \quad d_k = \set{d_model}{d}/\set{heads}{h}")) }</CodePart>
                <CodePart id="scores" title="Scores">{ math(tex!(r"s_{tj} = q_t \cdot k_j / \sqrt{d_k}")) }</CodePart>
                <CodePart id="mask" title="Mask">{ mask }</CodePart>
                <CodePart id="softmax" title="Softmax over the keys">{ math(tex!(r"a_{tj} = e^{s_{tj}} / \sum_i e^{s_{ti}}")) }</CodePart>
                <CodePart id="average" title="Weighted average of the values">{ math(tex!(r"\sum_j a_{tj}\, v_j")) }</CodePart>
                <CodePart id="heads" title="One slice for each head; outputs are joined again">{ math(tex!(r"Q = [Q_1, \dots, Q_{\set{heads}{h}}]")) }</CodePart>
                <CodePart id="norm-1" title="Layer norm before the attention">{ math(tex!(r"\mathrm{LN}(x) = \gamma \odot (x - \bar x) / \sqrt{\mathrm{Var}(x) + 10^{-5}} + \beta")) }</CodePart>
                if config.mlp {
                    <CodePart id="norm-2" title="Layer norm before the MLP">{ math(tex!(r"\mathrm{LN}(x)")) }</CodePart>
                    <CodePart id="feed-forward" title="MLP">{ math(tex!(r"\mathrm{MLP}(x) = \mathrm{gelu}(x W_1 + b_1)\, W_2 + b_2")) }</CodePart>
                }
                <CodePart id="residual" title="Residual stream">{ residual(config) }</CodePart>
                if config.positions != PositionsChoice::None {
                    <CodePart id="positions" title="Positions">{ positions }</CodePart>
                }
                <CodePart id="embedding" title="Embedding of a character">{ math(tex!(r"x = E_c")) }</CodePart>
                <CodePart id="norm-last" title="Last layer norm">{ math(tex!(r"\mathrm{LN}(x)")) }</CodePart>
                <CodePart id="head" title="Head">{ math(head) }</CodePart>
                <CodePart id="schedule" title="Learning rate of step n: warm-up, then half a cosine">
                    { lines(&[
                        tex!(r"\eta_n = \set{learning_rate}{\eta}\, n / (\set{warmup}{n_0} + 1), \quad n \le n_0"),
                        tex!(r"\eta_n = \eta\, (0.1 + 0.45\, (1 + \cos \pi \tau))"),
                        tex!(r"\tau = (n - n_0) / (\set{steps}{N} - n_0)"),
                    ]) }
                </CodePart>
                <CodePart id="loss" title="Loss, averaged over the batch">{ math(tex!(r"-\frac{1}{\set{context}{T}} \sum_{t=1}^{T} \ln p_t(c_{t+1})")) }</CodePart>
                if config.clip > 0.0 {
                    <CodePart id="clipping" title="Clipping">{ math(tex!(r"g \leftarrow g \min(1, \set{clip}{c} / \lVert g \rVert)")) }</CodePart>
                }
                <CodePart id="optimizer" title={optimizer}>
                    { lines(&[
                        tex!(r"m \leftarrow \set{beta1}{\beta_1} m + (1 - \beta_1)\, g"),
                        tex!(r"v \leftarrow \set{beta2}{\beta_2} v + (1 - \beta_2)\, g^2"),
                        step,
                    ]) }
                </CodePart>
            </ul>
        </>
    }
}
