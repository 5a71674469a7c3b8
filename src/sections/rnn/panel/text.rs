//! The texts and formulas of section 4.

use crate::sections::rnn::{Config, params_lstm, params_rnn};
use crate::ui::math::{display_tex, math, math_with, tex};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A recurrent network reads one token at a time and keeps what it needs in its state. Here the answer is the first token and everything after it is noise. To learn this, a gradient must travel from the last step back to the first." }
        </p>
    }
}

pub(super) fn why() -> Html {
    html! {
        <p>
            { "Each step back multiplies the gradient by one Jacobian. In the RNN that is the recurrent matrix and the slope of the tanh, " }
            { math(tex!(r"\operatorname{diag}(1 - h_t^2)\, W_h^\top")) }
            { "; a product of 200 of them shrinks or grows geometrically. Along the LSTM's cell state it is only the forget gate, " }
            { math(tex!(r"\operatorname{diag}(f_t)")) }
            { ": no matrix, no squashing. But a gate of one half, which is what a bias of zero gives, also halves the gradient at every step. The LSTM remembers not by its architecture alone but by gates that start near one, and an RNN whose matrix starts at the right scale can learn to remember too. The presets show both." }
        </p>
    }
}

/// One step of either network.
pub(super) fn equations() -> Html {
    html! {
        <div class="equations">
            <div>
                <h4>{ "RNN (Elman 1990)" }</h4>
                { math(display_tex!(r"h_t = \tanh(x_t W_x + h_{t-1} W_h + b)")) }
            </div>
            <div>
                <h4>{ "LSTM (Hochreiter and Schmidhuber 1997; Gers et al. 2000)" }</h4>
                { math(display_tex!(r"i_t = \sigma(x_t W_{xi} + h_{t-1} W_{hi} + b_i)")) }
                { math(display_tex!(r"f_t = \sigma(x_t W_{xf} + h_{t-1} W_{hf} + b_f)")) }
                { math(display_tex!(r"g_t = \tanh(x_t W_{xg} + h_{t-1} W_{hg} + b_g)")) }
                { math(display_tex!(r"o_t = \sigma(x_t W_{xo} + h_{t-1} W_{ho} + b_o)")) }
                { math(display_tex!(r"c_t = f_t \odot c_{t-1} + i_t \odot g_t")) }
                { math(display_tex!(r"h_t = o_t \odot \tanh(c_t)")) }
            </div>
        </div>
    }
}

/// The parameter counts, in symbols and with the values of the settings.
pub(super) fn param_formula(config: &Config) -> Html {
    let values = |total: u64| {
        [
            ("h", config.d_hidden.to_string()),
            ("in", config.d_in().to_string()),
            ("k", config.n_classes.to_string()),
            ("total", total.to_string()),
        ]
    };
    html! {
        <div class="formula">
            <p>{ "RNN:" }</p>
            { math(display_tex!(r"\set{d_hidden}{d_h}(d_\mathrm{in} + \set{d_hidden}{d_h} + 1) + \set{n_classes}{K}(\set{d_hidden}{d_h} + 1)")) }
            { math_with(display_tex!(r"\val{h}\,(\val{in} + \val{h} + 1) + \val{k}\,(\val{h} + 1) = \val{total}"), &values(params_rnn(config))) }
            <p>{ "LSTM: four gates, each the size of the RNN's one layer:" }</p>
            { math(display_tex!(r"4\,\set{d_hidden}{d_h}(d_\mathrm{in} + \set{d_hidden}{d_h} + 1) + \set{n_classes}{K}(\set{d_hidden}{d_h} + 1)")) }
            { math_with(display_tex!(r"4 \cdot \val{h}\,(\val{in} + \val{h} + 1) + \val{k}\,(\val{h} + 1) = \val{total}"), &values(params_lstm(config))) }
        </div>
    }
}

/// The gradient at a position.
pub(super) fn gradient_formula() -> Html {
    math(tex!(r"\left\lVert \frac{\partial L}{\partial h_t} \right\rVert_2"))
}

/// The fraction of a change at position t that is left at the end.
pub(super) fn path_formula() -> Html {
    math(tex!(
        r"\left\lVert \frac{\partial h_{\set{seq_len}{T}}}{\partial h_t} \right\rVert_F \Big/ \sqrt{\set{d_hidden}{d_h}}"
    ))
}
