//! The words and formulae of section 4.

use super::super::{Config, params_lstm, params_rnn};
use crate::ui::math::{frac, math, mi, mn, mo, row, sqrt, sub};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A recurrent net reads one token after another and keeps what it needs in its state. Here the answer is the first token, and all that follows is noise. To learn this, a gradient must travel from the last step back to the first: below you see, at every position, how much of it arrives." }
        </p>
    }
}

pub(super) fn why() -> Html {
    html! {
        <p>
            { "Each step back multiplies the gradient by one Jacobian. In the RNN that is the recurrent matrix and the slope of the tanh, " }
            { math(false, vec![mi("diag"), mo("("), mn("1"), mo("−"), square("h", "t"), mo(")"), transposed("W", "h")]) }
            { "; a product of 200 of them shrinks or grows geometrically. Through the LSTM's cells it is only the forget gate, " }
            { math(false, vec![mi("diag"), mo("("), sub(mi("f"), mi("t")), mo(")")]) }
            { ": no matrix, no squashing. But a gate of one half, which is what a bias of zero gives, halves the gradient at every step too. The LSTM does not remember by its shape alone, but by gates that start near one; and an RNN whose matrix starts at the right scale can learn to remember too. Try both in the presets." }
        </p>
    }
}

fn square(name: &str, index: &str) -> Html {
    html! { <msubsup><mi>{ name }</mi><mi>{ index }</mi><mn>{ "2" }</mn></msubsup> }
}

fn transposed(name: &str, index: &str) -> Html {
    html! { <msubsup><mi>{ name }</mi><mi>{ index }</mi><mi>{ "⊤" }</mi></msubsup> }
}

fn at(name: &str, index: &str) -> Html {
    sub(mi(name), mi(index))
}

fn before(name: &str) -> Html {
    sub(mi(name), row(vec![mi("t"), mo("−"), mn("1")]))
}

/// The two nets' steps.
pub(super) fn equations() -> Html {
    let affine = |gate: Option<&str>| {
        let weight = |of: &str| match gate {
            Some(gate) => sub(mi("W"), row(vec![mi(of), mi(gate)])),
            None => at("W", of),
        };
        let bias = gate.map_or_else(|| mi("b"), |gate| at("b", gate));
        vec![mo("("), at("x", "t"), weight("x"), mo("+"), before("h"), weight("h"), mo("+"), bias, mo(")")]
    };
    let equation = |left: Html, function: &str, right: Vec<Html>| {
        let mut parts = vec![left, mo("="), mi(function)];
        parts.extend(right);
        math(true, parts)
    };
    let cell = math(
        true,
        vec![
            at("c", "t"),
            mo("="),
            at("f", "t"),
            mo("⊙"),
            before("c"),
            mo("+"),
            at("i", "t"),
            mo("⊙"),
            at("g", "t"),
        ],
    );
    let hidden = math(
        true,
        vec![at("h", "t"), mo("="), at("o", "t"), mo("⊙"), mi("tanh"), mo("("), at("c", "t"), mo(")")],
    );
    html! {
        <div class="equations">
            <div>
                <h4>{ "RNN (Elman 1990)" }</h4>
                { equation(at("h", "t"), "tanh", affine(None)) }
            </div>
            <div>
                <h4>{ "LSTM (Hochreiter and Schmidhuber 1997; Gers et al. 2000)" }</h4>
                { equation(at("i", "t"), "σ", affine(Some("i"))) }
                { equation(at("f", "t"), "σ", affine(Some("f"))) }
                { equation(at("g", "t"), "tanh", affine(Some("g"))) }
                { equation(at("o", "t"), "σ", affine(Some("o"))) }
                { cell }
                { hidden }
            </div>
        </div>
    }
}

/// The parameter formulae with their terms written out.
pub(super) fn param_formula(config: &Config) -> Html {
    let number = |n: u32| mn(n.to_string());
    let symbols = |factor: Vec<Html>| {
        let mut parts = factor;
        parts.extend([
            sub(mi("d"), mi("h")),
            mo("("),
            sub(mi("d"), mi("in")),
            mo("+"),
            sub(mi("d"), mi("h")),
            mo("+"),
            mn("1"),
            mo(")"),
            mo("+"),
            mi("K"),
            mo("("),
            sub(mi("d"), mi("h")),
            mo("+"),
            mn("1"),
            mo(")"),
        ]);
        parts
    };
    let terms = |factor: Vec<Html>, total: u64| {
        let mut parts = factor;
        parts.extend([
            number(config.d_hidden),
            mo("("),
            number(config.d_in()),
            mo("+"),
            number(config.d_hidden),
            mo("+"),
            mn("1"),
            mo(")"),
            mo("+"),
            number(config.n_classes),
            mo("("),
            number(config.d_hidden),
            mo("+"),
            mn("1"),
            mo(")"),
            mo("="),
            mn(total.to_string()),
        ]);
        parts
    };
    html! {
        <div class="formula">
            <p>{ "RNN:" }</p>
            { math(true, symbols(Vec::new())) }
            { math(true, terms(Vec::new(), params_rnn(config))) }
            <p>{ "LSTM, four gates as large as the RNN's one layer:" }</p>
            { math(true, symbols(vec![mn("4"), mo("·")])) }
            { math(true, terms(vec![mn("4"), mo("·")], params_lstm(config))) }
        </div>
    }
}

/// `|| dL / dh_t ||`
pub(super) fn gradient_formula() -> Html {
    math(
        false,
        vec![
            mo("‖"),
            frac(row(vec![mo("∂"), mi("L")]), row(vec![mo("∂"), at("h", "t")])),
            sub(mo("‖"), mn("2")),
        ],
    )
}

/// `|| dh_T / dh_t ||_F / sqrt(d_h)`
pub(super) fn path_formula() -> Html {
    let jacobian = frac(row(vec![mo("∂"), at("h", "T")]), row(vec![mo("∂"), at("h", "t")]));
    math(false, vec![mo("‖"), jacobian, sub(mo("‖"), mi("F")), mo("/"), sqrt(sub(mi("d"), mi("h")))])
}
