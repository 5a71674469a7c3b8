//! The equations of the chapter of code, with a drawing of both networks.

use crate::panel::{CodePart, code_flow};
use crate::sections::cnn::{Config, Dataset};
use crate::ui::math::{math, tex};
use yew::prelude::*;

pub(super) fn code_lead() -> Html {
    html! {
        <p class="lead">
            { "Two networks of five blocks that differ in their convolutions only. One function also computes a convolution product by product." }
        </p>
    }
}

/// Returns the parts that lines of code implement.
pub(super) fn code_parts(config: &Config) -> Html {
    html! {
        <>
            { code_flow("From the images through convolutions, ReLU and pooling to the classifier and the loss.", &[
                &[("data", "images")],
                &[("convolution", "convolution"), ("depthwise", "depthwise")],
                &[("relu", "ReLU"), ("pointwise", "pointwise")],
                &[("pooling", "max pooling")],
                &[("classifier", "classifier")],
                &[("loss", "loss")],
            ]) }
            <ul>
                <CodePart id="output-size" title="Output size">{ math(tex!(r"H' = \left\lfloor \frac{H + 2P - D(K - 1) - 1}{S} \right\rfloor + 1")) }</CodePart>
                <CodePart id="convolution" title="Convolution">{ math(tex!(r"y_{o,r,c} = b_o + \sum_{i,u,v} w_{o,i,u,v}\, x_{i,r+u,c+v}")) }</CodePart>
                <CodePart id="initialization" title="Initial weights">{ math(tex!(r"\mathcal{U}(-k, k), \quad k = g \sqrt{3 / \text{fan-in}}")) }</CodePart>
                <CodePart id="relu" title="ReLU">{ math(tex!(r"\max(0, z)")) }</CodePart>
                <CodePart id="depthwise" title="Depthwise: one kernel per channel">{ math(tex!(r"d_{i,r,c} = b_i + \sum_{u,v} w_{i,u,v}\, x_{i,r+u,c+v}")) }</CodePart>
                <CodePart id="pointwise" title="Pointwise: 1 × 1, mixes the channels">{ math(tex!(r"z_{o,r,c} = b_o + \sum_i p_{o,i}\, d_{i,r,c}")) }</CodePart>
                <CodePart id="network" title="Five blocks, from wide maps to many channels">{ math(tex!(r"w, 2w, 4w, 8w, 8w \text{ channels}")) }</CodePart>
                <CodePart id="pooling" title="Max pooling, 2 × 2">{ math(tex!(r"p_{r,c} = \max_{u,v \in \{0,1\}} a_{2r+u,\,2c+v}")) }</CodePart>
                <CodePart id="classifier" title="Classifier">{ math(tex!(r"\hat y = h W + b")) }</CodePart>
                <CodePart id="parameters" title="Parameters of a layer">{ math(tex!(r"C_{\mathrm{out}} C_{\mathrm{in}} K^2 + C_{\mathrm{out}}")) }</CodePart>
                <CodePart id="macs" title="Multiply-accumulates of a layer">{ math(tex!(r"H W\, C_{\mathrm{out}} C_{\mathrm{in}} K^2")) }</CodePart>
                // The program for the user's own pictures has the lab's batches, which are augmented already.
                if (config.crop || config.flip) && config.dataset != Dataset::Own {
                    <CodePart id="augmentation" title="Augmentation">{ "random crops and mirrored images" }</CodePart>
                }
                <CodePart id="data" title="Normalized images">{ math(tex!(r"(x - \mu) / \sigma")) }</CodePart>
                <CodePart id="loss" title="Loss">{ math(tex!(r"-\frac{1}{\set{batch_size}{B}} \sum_i \log p(y_i \mid x_i)")) }</CodePart>
                <CodePart id="adam" title="Adam">{ math(tex!(r"w \leftarrow w - \set{learning_rate}{\eta}\, \hat m / (\sqrt{\hat v} + \varepsilon)")) }</CodePart>
                <CodePart id="accuracy" title="Test accuracy">{ math(tex!(r"\frac{1}{N} \sum_i [\operatorname{argmax} \hat y_i = y_i]")) }</CodePart>
            </ul>
        </>
    }
}
