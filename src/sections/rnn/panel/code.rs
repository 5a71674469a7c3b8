//! The equations of the chapter of code, with a drawing of both cells.

use crate::panel::{CodePart, code_flow};
use crate::sections::rnn::{Alphabet, Config, ForgetBias, TaskChoice};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn code_lead() -> Html {
    html! {
        <p class="lead">
            { "Both networks from linear layers, unrolled one token at a time. PyTorch’s own LSTM computes the same." }
        </p>
    }
}

/// Returns the parts that lines of code implement.
pub(super) fn code_parts(config: &Config) -> Html {
    let noise = match config.alphabet {
        Alphabet::Separate => math(tex!(r"x_t \in \{C, \dots, C + N - 1\}, \quad t \geq 1")),
        Alphabet::Shared => math(tex!(r"x_t \in \{0, \dots, C - 1\}, \quad t \geq 1")),
    };
    let inputs = match config.task {
        TaskChoice::Recall => html! {
            <>
                <CodePart id="label" title="Label: the first token">{ math(tex!(r"y = x_0 \in \{0, \dots, C - 1\}")) }</CodePart>
                <CodePart id="noise" title="Noise: all later tokens">{ noise }</CodePart>
            </>
        },
        TaskChoice::Lines => html! {
            <>
                <CodePart id="label" title="Label of a line">{ math(tex!(r"y \in \{0, \dots, C - 1\}")) }</CodePart>
                <CodePart id="noise" title="Characters of a line">{ math(tex!(r"x_t \in \{0, \dots, V - 1\}")) }</CodePart>
            </>
        },
    };
    let ends: &[(&str, &str)] = match config.task {
        TaskChoice::Recall => &[("label", "first token"), ("noise", "noise")],
        TaskChoice::Lines => &[("label", "label"), ("noise", "characters")],
    };
    let bias = match config.forget_bias {
        ForgetBias::Chrono => {
            math(tex!(r"b_f = \ln u, \quad u \sim \mathcal{U}(1, T - 1), \quad b_i = -b_f"))
        }
        ForgetBias::One => math(tex!(r"b_f = 1, \quad b_i = b_g = b_o = 0")),
        ForgetBias::Zero => math(tex!(r"b_f = b_i = b_g = b_o = 0")),
    };
    html! {
        <>
            { code_flow("From the tokens through the gates and the cell of the LSTM, next to the RNN’s state, to the loss.", &[
                ends,
                &[("rnn-state", "RNN: state"), ("lstm-pre-activation", "LSTM: four sums")],
                &[("input-gate", "write"), ("forget-gate", "keep"), ("candidate", "candidate"), ("output-gate", "read")],
                &[("cell-state", "cell")],
                &[("lstm-state", "hidden state")],
                &[("logits", "logits"), ("loss", "loss")],
            ]) }
            <ul>
                { inputs }
                <CodePart id="rnn-init" title="Initial weights of the RNN">{ math(tex!(r"\mathcal{U}(-k, k), \quad k = 1/\sqrt{\set{d_hidden}{d_h}}")) }</CodePart>
                <CodePart id="spectral-radius" title="Recurrent matrix, scaled">{ math(tex!(r"W_h \leftarrow \frac{\set{spectral_radius}{\rho}}{\max_i |\lambda_i|} W_h")) }</CodePart>
                <CodePart id="rnn-state" title="RNN: state">{ math(tex!(r"h_t = \tanh(x_t W_x + b + h_{t-1} W_h)")) }</CodePart>
                <CodePart id="lstm-init" title="Initial weights of the LSTM">{ math(tex!(r"\mathcal{U}(-k, k), \quad k = 1/\sqrt{\set{d_hidden}{d_h}}")) }</CodePart>
                <CodePart id="forget-bias" title="Initial biases of the gates">{ bias }</CodePart>
                <CodePart id="lstm-pre-activation" title="LSTM: sums for the gates and the candidate">{ math(tex!(r"a = x_t W_x + b + h_{t-1} W_h")) }</CodePart>
                <CodePart id="input-gate" title="Input gate: what is written">{ math(tex!(r"i = \sigma(a_i)")) }</CodePart>
                <CodePart id="forget-gate" title="Forget gate: what is kept">{ math(tex!(r"f = \sigma(a_f)")) }</CodePart>
                <CodePart id="candidate" title="Candidate: what could be written">{ math(tex!(r"g = \tanh(a_g)")) }</CodePart>
                <CodePart id="output-gate" title="Output gate: what is read">{ math(tex!(r"o = \sigma(a_o)")) }</CodePart>
                <CodePart id="cell-state" title="Cell">{ math(tex!(r"c_t = f \odot c_{t-1} + i \odot g")) }</CodePart>
                <CodePart id="lstm-state" title="LSTM: hidden state">{ math(tex!(r"h_t = o \odot \tanh(c_t)")) }</CodePart>
                <CodePart id="logits" title="Logits after the last token">{ math(tex!(r"h_{T-1} W_y + b_y")) }</CodePart>
                <CodePart id="gradient" title="Gradient at every position">{ math(tex!(r"\left\lVert \partial L / \partial h_t \right\rVert")) }</CodePart>
                <CodePart id="loss" title="Loss">{ math(tex!(r"L = -\frac{1}{\set{batch_size}{B}} \sum_i \log p(y_i \mid x_i)")) }</CodePart>
                <CodePart id="clipping" title="Clipping">{ math(tex!(r"g \leftarrow g \min(1, \set{clip}{c} / \lVert g \rVert)")) }</CodePart>
                <CodePart id="adam" title="Adam">{ math(tex!(r"w \leftarrow w - \set{learning_rate}{\eta}\, \hat m / (\sqrt{\hat v} + \varepsilon)")) }</CodePart>
            </ul>
        </>
    }
}
