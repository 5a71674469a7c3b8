//! A small diagram of the model, from the text to the probabilities.

use crate::sections::transformer::Config;
use yew::prelude::*;

const WIDTH: f64 = 176.0;
/// The x coordinate of the residual stream.
const STREAM: f64 = 30.0;

/// Returns the diagram.
pub(super) fn small_block(config: &Config, vocabulary: usize) -> Html {
    let label = |x: f64, y: f64, class: &'static str, text: String| {
        html! { <text {class} x={x.to_string()} y={(y + 4.0).to_string()}>{ text }</text> }
    };
    let stage = |y: f64, text: &str| {
        html! { <><rect x="4" y={(y - 11.0).to_string()} width={(WIDTH - 8.0).to_string()} height="22" rx="4" />{ label(12.0, y, "stage", text.to_owned()) }</> }
    };
    // A branch leaves the stream, and its output is added to it.
    let branch = |y: f64, text: &str| {
        html! {
            <>
                <path d={format!("M{STREAM} {y}H62")} />
                <rect x="62" y={(y - 11.0).to_string()} width="100" height="22" rx="4" />
                { label(70.0, y, "stage", text.to_owned()) }
                <path d={format!("M112 {}V{}H{}", y + 11.0, y + 26.0, STREAM + 7.0)} />
                <circle cx={STREAM.to_string()} cy={(y + 26.0).to_string()} r="7" />
                <path d={format!("M{} {}h8M{STREAM} {}v8", STREAM - 4.0, y + 26.0, y + 22.0)} />
            </>
        }
    };
    let bottom = if config.mlp { 216.0 } else { 156.0 };
    let words = format!(
        "The model: the text becomes vectors; {} blocks add attention{} to them; the last vector becomes {vocabulary} probabilities.",
        config.layers,
        if config.mlp { " and an MLP" } else { "" },
    );
    html! {
        <svg class="schematic small-block" viewBox={format!("0 0 {WIDTH} {}", bottom + 76.0)} role="img" aria-label={words}>
            <rect class="block" x="4" y="84" width={(WIDTH - 8.0).to_string()} height={(bottom - 88.0).to_string()} rx="8" />
            <path d={format!("M{STREAM} 23V{}", bottom + 22.0)} />
            { stage(12.0, "your text") }
            { stage(50.0, "embedding + position") }
            { branch(104.0, "self-attention") }
            if config.mlp {
                { branch(164.0, "MLP") }
            }
            { label(WIDTH - 48.0, bottom - 18.0, "times", format!("× {}", config.layers)) }
            { stage(bottom + 22.0, "layer norm, head") }
            <path d={format!("M{STREAM} {}V{}", bottom + 33.0, bottom + 46.0)} />
            { stage(bottom + 58.0, &format!("softmax: {vocabulary} bars")) }
        </svg>
    }
}
