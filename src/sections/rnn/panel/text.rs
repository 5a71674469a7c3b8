//! The texts and formulas of section 4.

use crate::charts::scale::format_number;
use crate::sections::rnn::{Config, LSTM, RNN, Record, TaskChoice, Unreached, params_lstm, params_rnn};
use crate::ui::math::{display_tex, math, math_with, tex};
use yew::prelude::*;

/// The task.
pub(super) fn memory_lead(config: &Config) -> Html {
    html! {
        <p class="lead">
            { match config.task {
                TaskChoice::Recall => format!("Both networks read {} tokens and must name the first; the rest is noise. To learn this, a gradient has to travel from the last position back to the first.", config.seq_len),
                TaskChoice::Lines => format!("Both networks read lines of up to {} characters and must name their label at the end. To learn from the first words, a gradient has to travel back to them.", config.length()),
            } }
        </p>
    }
}

pub(super) fn backpropagation_lead() -> Html {
    html! {
        <p class="lead">
            { "The loss is at the last position. Backpropagation through time carries its gradient back, one step per token, and every step multiplies it by a matrix." }
        </p>
    }
}

pub(super) fn survival_lead(config: &Config) -> Html {
    html! {
        <p class="lead">
            { format!("Change the state a little at position t. What fraction of the change is left at position {}? A network can learn from that position only if enough is left.", config.length().saturating_sub(1)) }
        </p>
    }
}

pub(super) fn architecture_lead() -> Html {
    html! {
        <p class="lead">
            { "The RNN computes its whole state anew at every token. The LSTM keeps a cell: three gates decide what it keeps, what is written to it, and what is read from it." }
        </p>
    }
}

/// The parts of the opening figure, and how far the gradients of the untrained networks reach.
pub(super) fn reading(config: &Config, record: &Record) -> Html {
    let unreached = |arm: usize| Some(Unreached::of(record.untrained_gradients[arm].as_ref()?.memory()));
    let reach = |subject: &str, unreached: Unreached| match unreached {
        Unreached { lost: 0, .. } => format!("{subject}’s gradient reaches the first token. "),
        Unreached { below: 0, lost } => {
            format!("{subject}’s gradient is lost in rounding at the first {lost} positions. ")
        }
        Unreached { below, lost } => format!(
            "{subject}’s gradient is lost in rounding at the first {lost} positions, and at the first {below} it is below 10⁻³⁸, the smallest 32-bit number. "
        ),
    };
    html! {
        <>
            <p>
                { format!("The networks answer after the last token, and the loss compares the answer with {}. The strips show how much of the loss’s gradient reaches each position, as a norm over {} sequences. It is ∂L/∂h in the RNN and ∂L/∂c, the gradient of the cell, in the LSTM. Next to each strip is the network’s answer for this sequence, with its probability.", if config.task == TaskChoice::Recall { "the first token" } else { "the label" }, config.batch_size) }
            </p>
            if let Some((rnn, lstm)) = unreached(RNN).zip(unreached(LSTM)) {
                <p data-text="reach">
                    { reach("Before training, the RNN", rnn) }
                    { reach("The LSTM", lstm) }
                </p>
            }
        </>
    }
}

/// The product of factors along which a gradient travels, and the two remedies.
pub(super) fn why(config: &Config) -> Html {
    html! {
        <p data-text="product">
            { "Each step back multiplies the gradient by one Jacobian. In the RNN that is the recurrent matrix and the slope of the tanh, " }
            { math(tex!(r"\operatorname{diag}(1 - h_t^2)\, W_h^\top")) }
            { format!("; a product of {} of them shrinks or grows geometrically. ", config.length().saturating_sub(1)) }
            { "Along the direct path through the LSTM’s cell it is only the forget gate, " }
            { math(tex!(r"\operatorname{diag}(f_t)")) }
            { ": no matrix and no tanh. But a gate of one half, which a bias of zero gives, also halves the gradient at every step. The LSTM needs gates that start near one, and an RNN whose matrix starts at the right scale can learn to remember, too. The presets show both." }
        </p>
    }
}

/// The rates of the RNN, and the paths that the figure leaves out for the LSTM.
pub(super) fn rates() -> Html {
    html! {
        <>
            <p>
                { "Two numbers describe the RNN’s matrix. Its largest singular value bounds the factor of a single step back. Its spectral radius is the average factor per step over many steps back, apart from the slope of the tanh. With the usual start, U(±1/√d_h) and d_h = 32, they are about 1.1 and 0.6. So a single step can lengthen a gradient that vanishes in the long run." }
            </p>
            <p>
                { "For the LSTM this chapter shows the direct path only, the product of the forget gates. The full derivative " }
                { math(tex!(r"\partial c_t / \partial c_{t-1}")) }
                { " also runs through " }
                { math(tex!(r"h_{t-1}")) }
                { " and the gates of step t. The gradients in the chapter before are measured along all paths." }
            </p>
        </>
    }
}

/// The sum of backpropagation through time, and the reason for clipping.
pub(super) fn through_time() -> Html {
    html! {
        <p data-text="through-time">
            { "Backpropagation through time treats the sequence as a deep network with one layer per token. All layers share their weights. The gradient of the recurrent matrix is therefore a sum over positions: " }
            { math(tex!(r"\frac{\partial L}{\partial W_h} = \sum_{t=1}^{\set{seq_len}{T}-1} h_{t-1}^\top \frac{\partial L}{\partial a_t}")) }
            { ", where " }
            { math(tex!(r"a_t")) }
            { " is the input of the tanh. If gradients vanish, only the last positions contribute to this sum. If they grow, a single step can move the weights too far. Clipping therefore scales the whole gradient down to a maximum norm and keeps its direction (Pascanu et al. 2013). It does not help against vanishing gradients." }
        </p>
    }
}

/// The role of each gate, and one step of either network.
pub(super) fn equations() -> Html {
    html! {
        <>
        <p data-text="gates">
            { "The LSTM has three gates and a candidate. The forget gate f keeps the cell, the input gate i writes to it, and the output gate o reads from it. The candidate g is what the input gate writes. Positions run from 0 to T − 1, and the states before the first are zero." }
        </p>
        <div class="equations">
            <div>
                <h3>{ "RNN (Elman 1990)" }</h3>
                { math(display_tex!(r"h_t = \tanh(x_t W_x + h_{t-1} W_h + b)")) }
            </div>
            <div>
                <h3>{ "LSTM (Hochreiter and Schmidhuber 1997; Gers et al. 2000)" }</h3>
                { math(display_tex!(r"i_t = \sigma(x_t W_{xi} + h_{t-1} W_{hi} + b_i)")) }
                { math(display_tex!(r"f_t = \sigma(x_t W_{xf} + h_{t-1} W_{hf} + b_f)")) }
                { math(display_tex!(r"g_t = \tanh(x_t W_{xg} + h_{t-1} W_{hg} + b_g)")) }
                { math(display_tex!(r"o_t = \sigma(x_t W_{xo} + h_{t-1} W_{ho} + b_o)")) }
                { math(display_tex!(r"c_t = f_t \odot c_{t-1} + i_t \odot g_t")) }
                { math(display_tex!(r"h_t = o_t \odot \tanh(c_t)")) }
            </div>
        </div>
        </>
    }
}

/// The parameter counts, in symbols and with the values of the settings.
pub(super) fn param_formula(config: &Config) -> Html {
    let values = |total: u64| {
        [
            ("h", config.d_hidden.to_string()),
            ("in", config.d_in().to_string()),
            ("k", config.classes().to_string()),
            ("total", format_number(total as f64, 1)),
        ]
    };
    html! {
        <div class="formula">
            <p>{ "RNN:" }</p>
            { math(display_tex!(r"\set{d_hidden}{d_h}(d_\mathrm{in} + \set{d_hidden}{d_h} + 1) + \set{n_classes}{K}(\set{d_hidden}{d_h} + 1)")) }
            { math_with(display_tex!(r"\val{h}\,(\val{in} + \val{h} + 1) + \val{k}\,(\val{h} + 1) = \val{total}"), &values(params_rnn(config))) }
            <p>{ "LSTM: three gates and a candidate, each the size of the RNN’s one layer:" }</p>
            { math(display_tex!(r"4\,\set{d_hidden}{d_h}(d_\mathrm{in} + \set{d_hidden}{d_h} + 1) + \set{n_classes}{K}(\set{d_hidden}{d_h} + 1)")) }
            { math_with(display_tex!(r"4 \cdot \val{h}\,(\val{in} + \val{h} + 1) + \val{k}\,(\val{h} + 1) = \val{total}"), &values(params_lstm(config))) }
            <p data-text="second-bias">
                { "PyTorch’s nn.LSTM has a second bias vector in each of the four parts, so it counts " }
                { math(tex!(r"4\,\set{d_hidden}{d_h}")) }
                { format!(" = {} more parameters; nn.RNN counts {} more.", 4 * config.d_hidden, config.d_hidden) }
            </p>
        </div>
    }
}

/// The gradient at a position.
pub(super) fn gradient_formula() -> Html {
    math(tex!(r"\left\lVert \frac{\partial L}{\partial h_t} \right\rVert_2"))
}

/// The fraction of a change at position t that is left at the last position, T − 1.
pub(super) fn path_formula() -> Html {
    math(tex!(
        r"\left\lVert \frac{\partial h_{\set{seq_len}{T}-1}}{\partial h_t} \right\rVert_F \Big/ \sqrt{\set{d_hidden}{d_h}}"
    ))
}
