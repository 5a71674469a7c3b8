//! The words and formulae of section 2.

use super::super::{Config, ConvShape, conv_params, output_size, reach, separable_params};
use crate::ui::math::{frac, math, mi, mn, mo, row, sub, sup};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A convolution slides one small kernel over an image and sums over all channels under it. A depthwise separable one \
               does the same in two cheaper parts: a kernel for each channel by itself, then a mix of the channels in each pixel. \
               Below, a net of either kind learns from the same batches." }
        </p>
    }
}

/// `floor((H + 2P - D (K - 1) - 1) / S) + 1`, in letters and in the settings' numbers.
pub(super) fn size_formula(shape: ConvShape) -> Html {
    let formula = |[h, p, d, k, s]: [Html; 5]| {
        let room = row(vec![
            h,
            mo("+"),
            mn("2"),
            p,
            mo("−"),
            d,
            mo("("),
            k,
            mo("−"),
            mn("1"),
            mo(")"),
            mo("−"),
            mn("1"),
        ]);
        vec![mo("⌊"), frac(room, s), mo("⌋"), mo("+"), mn("1")]
    };
    let ConvShape { size, kernel, stride, padding, dilation } = shape;
    let times = |n: u32| row(vec![mo("·"), mn(n.to_string())]);
    let n = |n: u32| mn(n.to_string());
    let mut numbers = formula([n(size), times(padding), n(dilation), n(kernel), n(stride)]);
    if let Some(size) = output_size(shape) {
        numbers.extend([mo("="), mn(size.to_string())]);
    }
    html! { <>{ math(true, formula(["H", "P", "D", "K", "S"].map(mi))) }{ math(true, numbers) }</> }
}

/// Why a convolution is impossible, and what to change.
pub(super) fn impossible(shape: ConvShape) -> String {
    let (reach, padded) = (reach(shape), shape.size + 2 * shape.padding);
    format!(
        "There is no output: from its first weight to its last the kernel reaches over D (K − 1) + 1 = {reach} pixels, and the \
         input has only {padded} with its padding. Choose a smaller kernel or dilation, or a larger input or padding."
    )
}

/// What the floor leaves over, if anything.
pub(super) fn left_over(shape: ConvShape) -> Option<String> {
    let room = (shape.size + 2 * shape.padding).checked_sub(reach(shape))?;
    let lost = room.checked_rem(shape.stride).filter(|lost| *lost > 0)?;
    let pixels = if lost == 1 { "row and column at the end is" } else { "rows and columns at the end are" };
    Some(format!(
        "The stride does not go into what is left: {lost} {pixels} never reached. That is the floor in the formula."
    ))
}

/// The parameters of both blocks, by the formula.
pub(super) fn params_formula(config: &Config) -> Html {
    let (c_in, c_out, k) = (config.c_in, config.c_out, config.block_kernel);
    let [i, o, n] = [c_in, c_out, k].map(u64::from);
    let inputs = || sub(mi("C"), mi("in"));
    let outputs = || sub(mi("C"), mi("out"));
    let square = |k: Html| sup(k, mn("2"));
    let number = |n: u32| mn(n.to_string());
    let conv = |k: Html, i: Html, o: [Html; 2]| {
        let [o, bias] = o;
        vec![square(k), mo("·"), i, mo("·"), o, mo("+"), bias]
    };
    let separable = |k: Html, i: [Html; 3], o: [Html; 2]| {
        let ([i, bias_i, i2], [o, bias_o]) = (i, o);
        vec![square(k), mo("·"), i, mo("+"), bias_i, mo("+"), i2, mo("·"), o, mo("+"), bias_o]
    };
    let equals = |mut terms: Vec<Html>, total: u64| {
        terms.extend([mo("="), mn(total.to_string())]);
        math(true, terms)
    };
    html! {
        <div class="formula">
            <p>{ "Ordinary, biases last:" }</p>
            { math(true, conv(mi("K"), inputs(), [outputs(), outputs()])) }
            { equals(conv(number(k), number(c_in), [number(c_out), number(c_out)]), conv_params(i, o, n)) }
            <p>{ "Separable, a kernel a channel and then 1 × 1 across channels:" }</p>
            { math(true, separable(mi("K"), [inputs(), inputs(), inputs()], [outputs(), outputs()])) }
            { equals(separable(number(k), [number(c_in), number(c_in), number(c_in)], [number(c_out), number(c_out)]), separable_params(i, o, n)) }
        </div>
    }
}

/// `1 / (1 / C_out + 1 / K^2)`
pub(super) fn share_formula() -> Html {
    let below =
        row(vec![frac(mn("1"), sub(mi("C"), mi("out"))), mo("+"), frac(mn("1"), sup(mi("K"), mn("2")))]);
    math(
        false,
        vec![
            frac(
                row(vec![sup(mi("K"), mn("2")), sub(mi("C"), mi("in")), sub(mi("C"), mi("out"))]),
                row(vec![
                    sub(mi("C"), mi("in")),
                    mo("("),
                    sup(mi("K"), mn("2")),
                    mo("+"),
                    sub(mi("C"), mi("out")),
                    mo(")"),
                ]),
            ),
            mo("="),
            frac(mn("1"), below),
        ],
    )
}
