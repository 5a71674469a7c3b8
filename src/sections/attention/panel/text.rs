//! The texts and formulas of section 5.

use crate::sections::attention::{Config, MaskChoice, head_dim};
use crate::ui::math::{display_tex, math, math_with, tex};
use yew::prelude::*;

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "Attention lets each token gather information from the others: " }
            { math(tex!(r"\operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt{\set{d_k}{d_k}}}\right) V")) }
            { ". Each query is compared with every key; the softmax turns the scores into weights that average the values (Vaswani et al. 2017)." }
        </p>
    }
}

pub(super) fn one_head(config: &Config) -> Html {
    let mask = match config.mask {
        MaskChoice::None => "No mask is on: every query sees every key.".to_owned(),
        MaskChoice::Causal => "The causal mask is on: a query sees the keys up to its own position, so what comes later cannot leak back.".to_owned(),
        MaskChoice::Padding if config.length == 0 => "The padding mask hides every key. Nothing is left to average, so the weights and the output are zero: a softmax of nothing but hidden scores would be 0/0.".to_owned(),
        MaskChoice::Padding => format!("The padding mask is on: only the first {} keys are real tokens.", config.length.min(config.n_tokens)),
    };
    html! {
        <p>
            { format!("{} random queries and keys with d_k = {} dimensions each, independent and normal with standard deviation σ = {}. ", config.n_tokens, config.d_k, config.sigma) }
            { mask }
        </p>
    }
}

/// The weights of scaled attention (Vaswani et al. 2017).
pub(super) fn scaled_formula() -> Html {
    math(tex!(r"w_{ij} = \operatorname{softmax}_j\!\left(\frac{q_i \cdot k_j}{\sqrt{\set{d_k}{d_k}}}\right)"))
}

/// The weights without the scale.
pub(super) fn unscaled_formula() -> Html {
    math(tex!(r"w_{ij} = \operatorname{softmax}_j(q_i \cdot k_j)"))
}

/// The output of a query: the mean of the values, weighted by attention.
pub(super) fn output_formula() -> Html {
    math(tex!(
        r"o = \sum_j w_j v_j, \quad w_j = \operatorname{softmax}_j\!\left(\frac{q \cdot k_j}{\sqrt{d_k}}\right)"
    ))
}

pub(super) fn saturation() -> Html {
    html! {
        <p>
            { "A score is a sum of " }{ math(tex!(r"\set{d_k}{d_k}")) }
            { " products, so its variance is " }
            { math(tex!(r"\set{d_k}{d_k}\,\set{sigma}{\sigma}^4")) }
            { ". Divided by the square root of " }{ math(tex!(r"\set{d_k}{d_k}")) }
            { ", it is " }{ math(tex!(r"\set{sigma}{\sigma}^4")) }
            { " at any size. For many keys and normal scores of variance " }{ math(tex!(r"s^2")) }
            { " the entropy is about " }
            { math(tex!(r"\ln n - \frac{s^2}{2}")) }
            { " until it reaches zero (Derrida 1981). The checks require a third of that drop." }
        </p>
    }
}

/// The entropy of the weights of one query, in nats.
pub(super) fn entropy_formula() -> Html {
    math(tex!(r"H = -\sum_j w_j \ln w_j \le \ln \set{n_keys}{n}"))
}

/// The norm of the softmax's Jacobian.
pub(super) fn jacobian_formula() -> Html {
    math(tex!(
        r"\left\lVert \frac{\partial w}{\partial s} \right\rVert = \lVert \operatorname{diag}(w) - w w^\top \rVert"
    ))
}

/// The dimensions of the heads for these settings, or the reason why this number of heads is impossible.
pub(super) fn multi_head(config: &Config) -> Html {
    let Config { d_model, n_heads, .. } = *config;
    match head_dim(config) {
        Some(d_head) => html! {
            <>
                <p>
                    { format!("Multi-head attention has four linear layers: queries, keys and values for all heads at once, and an output projection. The {d_model} dimensions of a token are split into {n_heads} × {d_head}, so more heads are smaller heads and cost no extra parameters.") }
                </p>
                <div class="formula">
                    { math(display_tex!(r"4\,(\set{d_model}{d_\mathrm{model}}^2 + \set{d_model}{d_\mathrm{model}})")) }
                    { math_with(display_tex!(r"4\,(\val{d}^2 + \val{d}) = \val{total}"), &[("d", d_model.to_string()), ("total", (4 * (d_model * d_model + d_model)).to_string())]) }
                </div>
            </>
        },
        None => {
            let fitting: Vec<String> =
                (1..=8u32).filter(|&h| d_model.is_multiple_of(h)).map(|h| h.to_string()).collect();
            html! {
                <div class="notice" data-kind="warn" role="status">
                    <p>
                        { format!("d_model = {d_model} cannot be split into {n_heads} equal heads: {d_model} / {n_heads} is not a whole number. With this d_model, {} heads are possible. The look-up task is unaffected: its heads have d_k = {} dimensions each, whatever d_model is.", fitting.join(", "), config.d_k) }
                    </p>
                </div>
            }
        }
    }
}

/// One head of several (Vaswani et al. 2017).
pub(super) fn multi_head_formula() -> Html {
    math(tex!(r"\mathrm{head}_i = \operatorname{Attention}(X W_i^Q, X W_i^K, X W_i^V)"))
}

/// Returns the shape of a stage in symbols.
pub(super) fn stage_shape(stage: usize) -> &'static str {
    match stage {
        2 | 5 => "[batch, heads, n, d_model / heads]",
        3 | 4 => "[batch, heads, n, n]",
        _ => "[batch, n, d_model]",
    }
}

pub(super) fn task() -> Html {
    html! {
        <p>
            { "The task is a dictionary look-up. Each token has a name (a unique letter), carries a value (0 to 7), and asks for another token by name; its target is that token's value. The question becomes the query, the name the key, and the value the value: attention is this network's only path. Each head has " }
            { math(tex!(r"\set{d_k}{d_k}")) }
            { " dimensions as the slider says, rather than " }{ math(tex!(r"\set{d_model}{d_\mathrm{model}}")) }
            { " divided by the heads, so that " }{ math(tex!(r"\set{d_k}{d_k}")) }{ " can be changed alone." }
        </p>
    }
}

/// The cross-entropy of a mini-batch.
pub(super) fn loss_formula() -> Html {
    math(tex!(r"-\frac{1}{\set{batch_size}{B}} \sum_i \log p(\mathrm{value}_i \mid x)"))
}

pub(super) fn what_the_scale_changes() -> Html {
    html! {
        <div class="conclusions">
            <h4>{ "What the scale does and does not do" }</h4>
            <ul>
                <li>{ "It sets where training starts: unscaled with a large d_k, each query starts fixed on one random key and passes on almost no gradient. With Adam, learning takes longer." }</li>
                <li>{ "It does not decide whether the task can be learned: the projections can shrink or grow the scores themselves. Both networks end at full accuracy." }</li>
                <li>{ "It changes the size of the gradients: unscaled, those of both projections are √d_k times larger. Plain SGD then takes larger steps, which can make up for the saturation; Adam gains nothing." }</li>
            </ul>
        </div>
    }
}
