//! The words and formulae of section 6.

use crate::ui::math::{frac, math, mi, mn, mo, row, sub, sup};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A decoder-only transformer (Vaswani et al. 2017; Radford et al. 2018) predicts the next character from those before it. " }
            { "This one begins with random weights and learns from nine plays by Shakespeare, here, on this device. Below: what it predicts, what it writes, " }
            { "and what every attention head looks at while it learns." }
        </p>
    }
}

/// `PE(pos, 2i) = sin(pos / 10000^(2i/d))`, and the cosine below it.
pub(super) fn position_formula() -> Html {
    let line = |index: Vec<Html>, wave: &'static str| {
        let angle = frac(mi("p"), sup(mn("10000"), row(vec![mn("2"), mi("i"), mo("/"), mi("d")])));
        math(true, vec![mi("PE"), mo("("), mi("p"), mo(","), row(index), mo(")"), mo("="), mi(wave), angle])
    };
    html! {
        <>
            { line(vec![mn("2"), mi("i")], "sin") }
            { line(vec![mn("2"), mi("i"), mo("+"), mn("1")], "cos") }
        </>
    }
}

/// `PE(p) . PE(p+k) = sum_i cos(k / 10000^(2i/d))`
pub(super) fn product_formula() -> Html {
    math(
        true,
        vec![
            mi("PE"),
            mo("("),
            mi("p"),
            mo(")"),
            mo("·"),
            mi("PE"),
            mo("("),
            mi("p"),
            mo("+"),
            mi("k"),
            mo(")"),
            mo("="),
            sub(mo("∑"), mi("i")),
            mi("cos"),
            frac(mi("k"), sup(mn("10000"), row(vec![mn("2"), mi("i"), mo("/"), mi("d")]))),
        ],
    )
}

/// `2 pi 10000^(2i/d)`
pub(super) fn wavelength_formula() -> Html {
    math(
        true,
        vec![
            sub(mi("λ"), mi("i")),
            mo("="),
            mn("2"),
            mi("π"),
            sup(mn("10000"), row(vec![mn("2"), mi("i"), mo("/"), mi("d")])),
        ],
    )
}

/// `-1/T sum log p(c_t | c_<t)`
pub(super) fn loss_formula() -> Html {
    math(
        true,
        vec![
            mo("−"),
            frac(mn("1"), mi("T")),
            sub(mo("∑"), mi("t")),
            mi("ln"),
            mi("p"),
            mo("("),
            sub(mi("c"), mi("t")),
            mo("|"),
            sub(mi("c"), mn("1")),
            mo("…"),
            sub(mi("c"), row(vec![mi("t"), mo("−"), mn("1")])),
            mo(")"),
        ],
    )
}
