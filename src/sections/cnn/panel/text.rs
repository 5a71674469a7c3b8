//! The texts and formulas of section 2.

use crate::sections::cnn::{
    Config, ConvShape, Layer, conv_params, effective_kernel, output_size, separable_params,
};
use crate::ui::math::{display_tex, math, math_with, tex};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "A convolution slides a small kernel over an image and sums over all channels. A depthwise separable convolution \
               does this in two cheaper steps: one kernel per channel, then a mix of the channels at each pixel. \
               Here, a network of each kind trains on the same batches." }
        </p>
    }
}

/// The output size, in symbols and with the numbers of the settings.
pub(super) fn size_formula(shape: ConvShape) -> Html {
    let ConvShape { size, kernel, stride, padding, dilation } = shape;
    let symbols = math(display_tex!(
        r"\left\lfloor \frac{\set{size}{H} + 2\set{padding}{P} - \set{dilation}{D}(\set{kernel}{K} - 1) - 1}{\set{stride}{S}} \right\rfloor + 1"
    ));
    let mut values: Vec<(&str, String)> =
        [("h", size), ("p", padding), ("d", dilation), ("k", kernel), ("s", stride)]
            .map(|(name, value)| (name, value.to_string()))
            .to_vec();
    let numbers = match output_size(shape) {
        Some(size) => {
            values.push(("out", size.to_string()));
            display_tex!(
                r"\left\lfloor \frac{\val{h} + 2 \cdot \val{p} - \val{d}\,(\val{k} - 1) - 1}{\val{s}} \right\rfloor + 1 = \val{out}"
            )
        }
        None => display_tex!(
            r"\left\lfloor \frac{\val{h} + 2 \cdot \val{p} - \val{d}\,(\val{k} - 1) - 1}{\val{s}} \right\rfloor + 1"
        ),
    };
    html! { <>{ symbols }{ math_with(numbers, &values) }</> }
}

/// Returns the reason that a convolution is impossible, with advice.
pub(super) fn impossible(shape: ConvShape) -> String {
    let (extent, padded) = (effective_kernel(shape), shape.size + 2 * shape.padding);
    format!(
        "There is no output: the dilated kernel spans D (K − 1) + 1 = {extent} pixels, and the \
         padded input has only {padded}. Choose a smaller kernel or dilation, or a larger input or padding."
    )
}

/// Returns a sentence about the pixels that the kernel never reaches, if any.
pub(super) fn left_over(shape: ConvShape) -> Option<String> {
    let room = (shape.size + 2 * shape.padding).checked_sub(effective_kernel(shape))?;
    let lost = room.checked_rem(shape.stride).filter(|lost| *lost > 0)?;
    let pixels = if lost == 1 { "row and column at the end is" } else { "rows and columns at the end are" };
    Some(format!(
        "The stride does not divide the remainder: {lost} {pixels} never reached. That is the floor in the formula."
    ))
}

/// The parameters of both blocks, in symbols and with the numbers of the settings.
pub(super) fn params_formula(config: &Config) -> Html {
    let (c_in, c_out, k) = (config.c_in, config.c_out, config.block_kernel);
    let [i, o, n] = [c_in, c_out, k].map(u64::from);
    let values = |total: u64| {
        [
            ("k", k.to_string()),
            ("i", c_in.to_string()),
            ("o", c_out.to_string()),
            ("total", total.to_string()),
        ]
    };
    html! {
        <div class="formula">
            <p>{ "Standard convolution (weights, then biases):" }</p>
            { math(display_tex!(r"\set{block_kernel}{K}^2 \cdot \set{c_in}{C_\mathrm{in}} \cdot \set{c_out}{C_\mathrm{out}} + \set{c_out}{C_\mathrm{out}}")) }
            { math_with(display_tex!(r"\val{k}^2 \cdot \val{i} \cdot \val{o} + \val{o} = \val{total}"), &values(conv_params(i, o, n))) }
            <p>{ "Depthwise separable: one kernel per channel, then a 1 × 1 convolution across channels:" }</p>
            { math(display_tex!(r"\set{block_kernel}{K}^2 \cdot \set{c_in}{C_\mathrm{in}} + \set{c_in}{C_\mathrm{in}} + \set{c_in}{C_\mathrm{in}} \cdot \set{c_out}{C_\mathrm{out}} + \set{c_out}{C_\mathrm{out}}")) }
            { math_with(display_tex!(r"\val{k}^2 \cdot \val{i} + \val{i} + \val{i} \cdot \val{o} + \val{o} = \val{total}"), &values(separable_params(i, o, n))) }
        </div>
    }
}

/// The factor by which a separable convolution needs fewer multiply-accumulates (Howard et al. 2017).
pub(super) fn savings_formula() -> Html {
    math(tex!(
        r"\frac{K^2\, C_\mathrm{in}\, C_\mathrm{out}}{C_\mathrm{in}\,(K^2 + C_\mathrm{out})} = \frac{1}{\frac{1}{C_\mathrm{out}} + \frac{1}{K^2}}"
    ))
}

/// The text of the figure with the products of one position.
pub(super) fn kernel(layer: &Layer) -> Html {
    let step = if layer.is_separable() {
        "First each channel is filtered by its own kernel; then a 1 × 1 convolution mixes the channels at that one position."
    } else {
        "The weights of the kernel multiply the pixels under it; the products and a bias add up to one pixel of the map."
    };
    html! {
        <>
            { step }
            { " Stride 1: each position gives one pixel. Padding 1: outside of the image the kernel reads 0. The image itself is normalized, so its background is not 0. There is no batch norm in this network." }
        </>
    }
}

/// A convolution as a sum over kernel and channels, or the two steps of a separable one.
pub(super) fn convolution(layer: &Layer) -> Html {
    math(if layer.is_separable() {
        display_tex!(
            r"d_{i,r,c} = b'_i + \sum_{u,v} k_{i,u,v}\, x_{i,r+u,c+v} \qquad y_{o,r,c} = b_o + \sum_i w_{o,i}\, d_{i,r,c}"
        )
    } else {
        display_tex!(r"y_{o,r,c} = b_o + \sum_{i,u,v} w_{o,i,u,v}\, x_{i,r+u,c+v}")
    })
}
