//! The texts and formulas of section 5.

use crate::sections::attention::{Config, MaskChoice, Record, end_measured, head_dim, start_measured};
use crate::ui::findings_link;
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

/// The three projections, the order of tokens, and self- and cross-attention.
pub(super) fn roles() -> Html {
    html! {
        <>
            <p data-text="roles">
                { "In a model, queries, keys and values are three projections of the tokens. They say what a token asks for, how it can be found, and what it passes on. With one projection for queries and keys, scores would be symmetric: token A would score B exactly as B scores A." }
            </p>
            <p data-text="order">
                { "Without a mask, attention does not see the order of the tokens: reordering the inputs reorders the outputs in the same way (permutation equivariance). Models therefore add positions to the tokens. In self-attention, as in this section, queries, keys and values come from the same sequence; in cross-attention the queries come from another one." }
            </p>
        </>
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
            { "Let the numbers in queries and keys be independent, with mean zero and standard deviation σ. A score is then a sum of " }{ math(tex!(r"\set{d_k}{d_k}")) }
            { " products of variance σ⁴, so its variance is " }
            { math(tex!(r"\set{d_k}{d_k}\,\set{sigma}{\sigma}^4")) }
            { ". Divided by the square root of " }{ math(tex!(r"\set{d_k}{d_k}")) }
            { ", it is " }{ math(tex!(r"\set{sigma}{\sigma}^4")) }
            { " at any size. For many keys and normal scores of small variance " }{ math(tex!(r"s^2")) }
            { " the entropy is about " }
            { math(tex!(r"\ln n - \frac{s^2}{2}")) }
            { " (Derrida 1981). This holds only while " }{ math(tex!(r"s^2")) }
            { " is far below " }{ math(tex!(r"2 \ln n")) }
            { "; for larger variances it turns negative, and no entropy is. The checks take zero instead, and require a third of the predicted drop." }
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
    let Config { d_model, n_heads, n_tokens, .. } = *config;
    match head_dim(config) {
        Some(d_head) => html! {
            <>
                <p>
                    { format!("Multi-head attention has four linear layers: queries, keys and values for all heads at once, and an output projection. The {d_model} dimensions of a token are split into {n_heads} × {d_head}, so more heads are smaller heads and cost no extra parameters.") }
                </p>
                <p data-text="quadratic">
                    { format!("Every query is compared with every key, so each head computes n² weights: {n_tokens} · {n_tokens} = {} here. Time and memory grow with the square of the sequence length.", n_tokens * n_tokens) }
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
            { "The task is a dictionary look-up. Each token has a name (a unique letter), carries a value (0 to 7), and asks for a token by name. Its target is that token’s value. Nothing tells the network how. Training must discover that the question can serve as the query, the name as the key and the value as the value. Attention is its only path between tokens. Each head has " }
            { math(tex!(r"\set{d_k}{d_k}")) }
            { " dimensions as the slider says, rather than " }{ math(tex!(r"\set{d_model}{d_\mathrm{model}}")) }
            { " divided by the heads, so that " }{ math(tex!(r"\set{d_k}{d_k}")) }{ " can be changed alone." }
        </p>
    }
}

/// The cross-entropy of a mini-batch: a mean over the answers of all `n` tokens in each of its `B` sequences.
pub(super) fn loss_formula() -> Html {
    math(tex!(
        r"-\frac{1}{\set{batch_size}{B}\,\set{n_tokens}{n}} \sum_{b=1}^{B} \sum_{i=1}^{n} \log p(\mathrm{value}_{b,i} \mid x_b)"
    ))
}

/// The effects of the scale, with the measurements of this run.
pub(super) fn what_the_scale_changes(config: &Config, record: &Record) -> Html {
    html! {
        <div class="conclusions">
            <h4>{ "What the scale changes" }</h4>
            <ul>
                <li>{ "Where training starts. Without the scale and with a large d_k, most queries start fixed on one random key and pass on almost no gradient. " }<span data-measured="start">{ start_measured(config, record) }</span></li>
                <li>{ "Not what can be learned: the projections can shrink or grow the scores themselves. " }<span data-measured="end">{ end_measured(config, record) }</span></li>
                <li>{ "The size of the gradients. Without the scale, those of both projections are √d_k times larger for the same scores. Plain SGD then takes larger steps, which can make up for the saturation. Adam’s steps do not grow with the gradient." }</li>
            </ul>
            <p>{ "The steps to learn were measured with several seeds for different d_k, σ and optimizers. The numbers and settings are in " }{ findings_link("attention", "the project’s findings") }{ "." }</p>
        </div>
    }
}
