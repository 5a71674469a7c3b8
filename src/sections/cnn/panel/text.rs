//! The texts and formulas of section 2.

use crate::sections::cnn::{
    Config, ConvShape, Layer, Reach, StackLayer, conv_params, effective_kernel, output_size, separable_params,
};
use crate::ui::math::{display_tex, math, math_with, tex};
use crate::ui::readout::format_number;
use yew::prelude::*;

fn lead(words: &'static str) -> Html {
    html! { <p class="lead">{ words }</p> }
}

/// The lead of each chapter.
pub(super) fn lead_of(chapter: &str) -> Html {
    if chapter == "code" {
        return super::code::code_lead();
    }
    lead(match chapter {
        "shift" => {
            "A convolution uses the same few weights at every position. If the image shifts, its maps shift with it; the outputs of a dense layer change completely."
        }
        "products" => {
            "At every position, the kernel’s weights multiply the pixels under it. The products and a bias add up to one pixel of the output map."
        }
        "shape" => {
            "The output has one pixel for every position at which the kernel fits on the padded input."
        }
        "receptive" => {
            "A unit of the first layer sees one kernel’s width of the image. Every further layer lets it see more, and strides and pooling multiply that growth."
        }
        "pooling" => {
            "Pooling reduces every window of a map to one number. That saves work and tolerates small shifts, but it discards exact positions."
        }
        "separable" => {
            "A standard kernel looks at space and channels at once. A separable convolution does one after the other, with far fewer weights, which also pay for a wider network."
        }
        "training" => {
            "Both networks train on the same batches from the same seed; only the convolutions of blocks 2 to 5 differ."
        }
        "features" => {
            "Maps of the first blocks still show the image’s outline. Deeper maps are coarser, and each of their pixels depends on more of the image."
        }
        "own" => {
            "Add two classes of pictures, ten of each are enough to start, and train on them. Until then, the figures show the data set of the settings."
        }
        _ => "",
    })
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

/// The text about shifted images.
pub(super) fn equivariance() -> Html {
    html! {
        <div class="prose">
            <p>{ "In the interior, the maps of the shifted image are equal to the shifted maps, number by number. This is translation equivariance, and it follows from weight sharing: each output is the same sum of products over the pixels around it. Near the border it fails, because pixels leave the image and zeros enter; the table has that number, too." }</p>
            <p>{ "The dense layer has one weight for every pair of input value and output. Nothing relates the weights of adjacent pixels, so whatever it learns about a shoe in one place tells it nothing about a shoe five pixels further. Its weights here are random, as before training; its number of parameters does not depend on them." }</p>
        </div>
    }
}

/// The text about the main figure of receptive fields.
pub(super) fn receptive(layers: &[StackLayer], reach: Reach) -> Html {
    let side = layers.first().map_or(1, |layer| layer.shape.size);
    let seen = match reach.size {
        size if size > side => format!(
            "This unit’s field, {size} × {size} pixels, is larger than the image; beyond the border it reads zeros."
        ),
        size => format!("This unit sees {size} × {size} of {side} × {side} pixels."),
    };
    html! {
        <>
            { seen }
            { " Squares: the fields of all layers up to this one. Orange: the number of paths from a pixel to the unit; most lead through the middle. Click on the image to move the unit." }
        </>
    }
}

/// The receptive field of a stack of layers (Araujo, Norris and Sim 2019).
pub(super) fn reach_formula() -> Html {
    html! {
        <div class="formula">
            <p>{ "Layer by layer, with the jump j, the distance in pixels between the fields of adjacent units:" }</p>
            { math(display_tex!(r"r_l = r_{l-1} + (\set{rf_kernel}{K} - 1)\, \set{rf_dilation}{D}\, j_{l-1} \qquad j_l = \set{rf_stride}{S}\, j_{l-1} \qquad r_0 = j_0 = 1")) }
            <p>{ "The jump is why pooling helps: after 2 × 2 pooling, the next kernel covers twice as many pixels of the image (Araujo, Norris and Sim 2019)." }</p>
        </div>
    }
}

/// The text about the weights of the pixels.
pub(super) fn profile() -> Html {
    html! {
        <>{ "If all weights are equal, a pixel’s weight in the middle unit is its number of paths. Repeated convolution makes it bell-shaped: the effective receptive field is smaller than the formula’s (Luo et al. 2016). The table of the main figure has the width that holds 95% of the weight." }</>
    }
}

/// The text about the drawing of both networks.
pub(super) fn networks() -> Html {
    html! {
        <p class="look-for">{ "In the drawing, each picture is the strongest map of a block for the selected test image, after ReLU. Every block is a 3 × 3 convolution (the first is standard in both networks), followed by 2 × 2 max pooling. The answer is the class with the largest softmax output. Below the pictures: channels × height and width of the maps." }</p>
    }
}

/// The text about the pooling of a map.
pub(super) fn pooling() -> Html {
    html! {
        <>{ "White: the current window; red: its maximum, which is all that max pooling keeps. Shift the map: outlined outputs have changed. “Stride only” keeps the first value of each window, as a convolution with a stride does." }</>
    }
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
            ("total", format_number(total as f64, 12)),
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
