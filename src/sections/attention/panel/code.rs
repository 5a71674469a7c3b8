//! The equations of the chapter of code, with a drawing of the network.

use crate::panel::{CodePart, code_flow};
use crate::sections::attention::{Config, MaskChoice, OptimizerKind, Task};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn code_lead() -> Html {
    html! {
        <p class="lead">
            { "Multi-head attention from linear layers and matrix products, and two networks that train with it. Their first losses are computed from the lab’s weights and batches." }
        </p>
    }
}

/// Returns the parts that lines of code implement.
pub(super) fn code_parts(config: &Config) -> Html {
    let scale = match config.task {
        Task::LookUp => html! {
            <>{ math(tex!(r"\tilde s_{ij} = s_{ij} / \sqrt{\set{d_k}{d_k}}")) }{ " in one network, " }{ math(tex!(r"\tilde s_{ij} = s_{ij}")) }{ " in the other" }</>
        },
        Task::TwoLookUps => {
            let (d_head, n_heads) = (config.shared_d_k(), config.n_heads);
            html! {
                <>{ math(tex!(r"\tilde s_{ij} = s_{ij} / \sqrt{d}")) }{ format!(", where d = {d_head} with several heads and d = {} with one", n_heads * d_head) }</>
            }
        }
    };
    let mask = match config.mask {
        MaskChoice::None => html! { "none here: every query sees every key" },
        MaskChoice::Causal => math(tex!(r"\tilde s_{ij} \leftarrow -10^{30}, \quad j > i")),
        MaskChoice::Padding => math(tex!(r"\tilde s_{ij} \leftarrow -10^{30}, \quad j > \set{length}{L}")),
    };
    let (token, right) = match config.task {
        Task::LookUp => (
            "name, name asked for, and value, each one-hot",
            math(tex!(r"w_{ij}, \quad j = \text{the token that } i \text{ asks about}")),
        ),
        Task::TwoLookUps => (
            "name, two names asked for, and value, each one-hot",
            math(tex!(r"\sum_j w_{ij}, \quad j = \text{the tokens that } i \text{ asks about}")),
        ),
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
    html! {
        <>
            { code_flow("From the tokens through queries and keys to attention weights, weighted sums of the values, the logits and the loss.", &[
                &[("data", "tokens"), ("embedding", "embedding")],
                &[("projections", "queries, keys, values")],
                &[("scores", "scores"), ("scale", "scale"), ("mask", "mask")],
                &[("softmax", "softmax: weights")],
                &[("weighted-sum", "weighted sum"), ("output-projection", "output projection")],
                &[("readout", "logits"), ("loss", "loss")],
            ]) }
            <ul>
                <CodePart id="scores" title="Scores">{ math(tex!(r"s_{ij} = q_i \cdot k_j")) }</CodePart>
                <CodePart id="scale" title="Scale">{ scale }</CodePart>
                <CodePart id="mask" title="Mask, only for the random queries and keys">{ mask }</CodePart>
                <CodePart id="softmax" title="Softmax over the keys">{ math(tex!(r"w_{ij} = e^{\tilde s_{ij}} / \sum_m e^{\tilde s_{im}}")) }</CodePart>
                <CodePart id="weighted-sum" title="Weighted sum of the values">{ math(tex!(r"o_i = \sum_j w_{ij}\, v_j")) }</CodePart>
                <CodePart id="projections" title="Queries, keys and values">{ math(tex!(r"Q = X W^Q, \quad K = X W^K, \quad V = X W^V")) }</CodePart>
                <CodePart id="split-heads" title="One slice for each head">{ math(tex!(r"Q = [Q_1, \dots, Q_{\set{n_heads}{h}}]")) }</CodePart>
                <CodePart id="merge-heads" title="Outputs of all heads, next to each other">{ math(tex!(r"O = [\mathrm{head}_1, \dots, \mathrm{head}_{\set{n_heads}{h}}]")) }</CodePart>
                <CodePart id="output-projection" title="Output projection">{ math(tex!(r"\operatorname{MultiHead}(X) = O\, W^O")) }</CodePart>
                <CodePart id="embedding" title="Embedding of the tokens">{ math(tex!(r"X = T E")) }</CodePart>
                <CodePart id="readout" title="Readout">{ math(tex!(r"\text{logits} = \operatorname{MultiHead}(X)\, U")) }</CodePart>
                <CodePart id="initialization" title="Initial weights; those of queries and keys times σ">{ math(tex!(r"\mathcal{U}(-k, k), \quad k = \sqrt{3/d_{\mathrm{in}}}")) }</CodePart>
                <CodePart id="data" title="Tokens">{ token }</CodePart>
                <CodePart id="entropy" title="Entropy of a query’s weights">{ math(tex!(r"H = -\sum_j w_{ij} \ln w_{ij}")) }</CodePart>
                <CodePart id="update" title="Update of every weight">{ update }</CodePart>
                <CodePart id="loss" title="Loss, averaged over all answers">{ math(tex!(r"-\ln p(\text{answer})")) }</CodePart>
                <CodePart id="right-weight" title="Weight on the right tokens">{ right }</CodePart>
            </ul>
        </>
    }
}
