//! The words and formulae of section 3.

use super::super::{BlockChoice, Cause, Config};
use crate::ui::math::{bold, frac, math, mi, mn, mo, row, sub, sup};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A residual block adds its input to what its layers make of it: " }{ block_formula(true) }
            { " (He et al. 2015). A plain block does not: " }{ block_formula(false) }
            { ". Below, both nets start from the same weights and see the same images. The settings decide what ails the plain one: gradients that vanish, or, with batch norm, gradients that are there and do not help." }
        </p>
    }
}

/// `y = ReLU(s(x) + F(x))`, or without `s(x)`.
pub(super) fn block_formula(shortcut: bool) -> Html {
    let mut parts = vec![bold("y"), mo("="), mi("ReLU"), mo("(")];
    if shortcut {
        parts.extend([mi("s"), mo("("), bold("x"), mo(")"), mo("+")]);
    }
    parts.extend([mi("F"), mo("("), bold("x"), mo(")"), mo(")")]);
    math(false, parts)
}

/// `|| dL / dW_i ||`
pub(super) fn norm_formula() -> Html {
    math(
        false,
        vec![
            mo("‖"),
            frac(row(vec![mo("∂"), mi("loss")]), row(vec![mo("∂"), sub(mi("W"), mi("i"))])),
            sub(mo("‖"), mn("2")),
        ],
    )
}

/// `dL/dx = (s' + F')^T dL/dy`
pub(super) fn chain_formula() -> Html {
    let d = |of: Html| frac(row(vec![mo("∂"), mi("loss")]), row(vec![mo("∂"), of]));
    math(
        false,
        vec![
            d(bold("x")),
            mo("="),
            sup(
                row(vec![
                    mo("("),
                    frac(row(vec![mo("∂"), mi("s")]), row(vec![mo("∂"), bold("x")])),
                    mo("+"),
                    frac(row(vec![mo("∂"), mi("F")]), row(vec![mo("∂"), bold("x")])),
                    mo(")"),
                ]),
                mi("T"),
            ),
            d(bold("y")),
        ],
    )
}

/// What is to be seen in the gradients, for these settings.
pub(super) fn flow(cause: Cause) -> &'static str {
    match cause {
        Cause::SmallWeights => {
            "Each layer of the plain net passes on a fraction of its gradient, and little comes back to the first blocks; a norm of exactly 0, from a layer whose units are all dead, has no place on this axis. The shortcut passes the gradient on as it is. Switch batch norm on, or draw He’s weights, and look again."
        }
        Cause::Homogeneous => {
            "Signal and gradient both shrink in the plain net, from opposite ends, and a weight’s gradient is their product: about as small in every block. Compare its height with that of the residual net, and look at the other figure."
        }
        Cause::Balanced => {
            "He’s weights make up for what ReLU takes, so the plain net’s gradients keep their size. The residual net’s are larger by orders of magnitude in a deep net: every block adds as much as it is given."
        }
        Cause::BatchNorm => {
            "With batch norm the plain net’s gradients do not vanish: they grow towards the input, by nearly a third a block. If a deep plain net still learns badly, and it does, then not for want of gradients."
        }
    }
}

/// The parts of a block, in the order in which they are applied.
pub(super) fn block_parts(config: &Config) -> String {
    let after = if config.batch_norm { " → batch norm" } else { "" };
    let convs: &[&str] = match config.block {
        BlockChoice::Basic => &["3 × 3", "3 × 3"],
        BlockChoice::Bottleneck => &["1 × 1", "3 × 3", "1 × 1"],
    };
    let convs: Vec<String> = convs.iter().map(|k| format!("{k} convolution{after}")).collect();
    format!("F: {}.", convs.join(" → ReLU → "))
}
