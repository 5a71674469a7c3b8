//! The words and formulae of section 1.

use super::super::{Config, ParamCount, training_dims};
use crate::ui::math::{math, mi, mn, mo, row, sub, sup};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A multilayer perceptron stacks layers " }{ layer_formula() }
            { ". Without the function " }<em>{ "f" }</em>
            { " between them, any stack is one matrix. Below, the same initial weights are used twice: once with " }
            <em>{ "f" }</em>{ ", once without." }
        </p>
    }
}

pub(super) fn collapse() -> Html {
    html! {
        <p>
            { "A product of matrices is a matrix: without a non-linearity, " }{ product_formula() }
            { " however deep the network is. The rank of its output is then at most the number of its inputs, plus one for the biases. A non-linearity breaks this bound before any training." }
        </p>
    }
}

/// `h_l = f(h_{l-1} W_l + b_l)`
pub(super) fn layer_formula() -> Html {
    math(
        false,
        vec![
            sub(mi("h"), mi("l")),
            mo("="),
            mi("f"),
            mo("("),
            sub(mi("h"), row(vec![mi("l"), mo("−"), mn("1")])),
            sub(mi("W"), mi("l")),
            mo("+"),
            sub(mi("b"), mi("l")),
            mo(")"),
        ],
    )
}

/// `W = W_1 W_2 ... W_{L+1}`
pub(super) fn product_formula() -> Html {
    math(
        false,
        vec![
            mi("W"),
            mo("="),
            sub(mi("W"), mn("1")),
            sub(mi("W"), mn("2")),
            mo("⋯"),
            sub(mi("W"), row(vec![mi("L"), mo("+"), mn("1")])),
        ],
    )
}

/// `rank = #{ sigma_i > max(m, n) eps sigma_1 }`
pub(super) fn rank_formula() -> Html {
    math(
        false,
        vec![
            mi("rank"),
            mo("="),
            mo("#"),
            mo("{"),
            mi("i"),
            mo(":"),
            sub(mi("σ"), mi("i")),
            mo(">"),
            mi("max"),
            mo("("),
            mi("m"),
            mo(","),
            mi("n"),
            mo(")"),
            mi("ε"),
            sub(mi("σ"), mn("1")),
            mo("}"),
        ],
    )
}

/// `-1/B sum log p(class)`
pub(super) fn loss_formula() -> Html {
    math(
        false,
        vec![
            mo("−"),
            crate::ui::math::frac(mn("1"), mi("B")),
            mo("∑"),
            mi("log"),
            mi("p"),
            mo("("),
            mi("class"),
            mo("∣"),
            mi("x"),
            mo(")"),
        ],
    )
}

/// `|| dLoss / dW_l ||`
pub(super) fn gradient_formula() -> Html {
    math(
        false,
        vec![
            mo("‖"),
            crate::ui::math::frac(row(vec![mo("∂"), mi("loss")]), row(vec![mo("∂"), sub(mi("W"), mi("l"))])),
            sub(mo("‖"), mn("2")),
        ],
    )
}

/// The parameter formula with its terms written out for these settings.
pub(super) fn param_formula(config: &Config, count: ParamCount) -> Html {
    let (d_in, d_out) = training_dims(config.dataset);
    let (d, inner) = (config.width, config.depth - 1);
    let number = |n: u32| mn(n.to_string());
    let bias = |n: u32| if config.bias { vec![mo("+"), number(n)] } else { Vec::new() };
    let mut terms = vec![number(d_in), mo("·"), number(d)];
    terms.extend(bias(d));
    terms.extend([mo("+"), number(inner), mo("("), sup(number(d), mn("2"))]);
    terms.extend(bias(d));
    terms.extend([mo(")"), mo("+"), number(d), mo("·"), number(d_out)]);
    terms.extend(bias(d_out));
    terms.extend([mo("="), mn(count.total().to_string())]);
    let mut symbols = vec![sub(mi("d"), mi("in")), mi("d")];
    let symbol_bias = |b: Html| if config.bias { vec![mo("+"), b] } else { Vec::new() };
    symbols.extend(symbol_bias(mi("d")));
    symbols.extend([mo("+"), mo("("), mi("L"), mo("−"), mn("1"), mo(")"), mo("("), sup(mi("d"), mn("2"))]);
    symbols.extend(symbol_bias(mi("d")));
    symbols.extend([mo(")"), mo("+"), mi("d"), sub(mi("d"), mi("out"))]);
    symbols.extend(symbol_bias(sub(mi("d"), mi("out"))));
    html! {
        <div class="formula">
            { math(true, symbols) }
            { math(true, terms) }
        </div>
    }
}
