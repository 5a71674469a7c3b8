//! The words and formulae of section 5.

use super::super::{Config, MaskChoice, head_dim};
use crate::ui::math::{frac, math, mi, mn, mo, row, sqrt, sub, sup};
use yew::prelude::*;

fn d_k() -> Html {
    sub(mi("d"), mi("k"))
}

pub(super) fn introduction() -> Html {
    html! {
        <p class="lead">
            { "Attention lets each token gather what it needs from the others: " }
            { math(false, vec![mi("softmax"), mo("("), frac(row(vec![mi("Q"), sup(mi("K"), mi("T"))]), sqrt(d_k())), mo(")"), mi("V")]) }
            { ". A query is compared with every key, the softmax makes weights of the scores, and the values are averaged by them (Vaswani et al. 2017). Below: what the square root is for, how heads work side by side, and what one such layer can learn." }
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
            { format!("{} random queries and keys of d_k = {} numbers each, independent and normal with standard deviation σ = {}. ", config.n_tokens, config.d_k, config.sigma) }
            { mask }
        </p>
    }
}

/// `w_ij = softmax_j(q_i k_j / sqrt(d_k))`
pub(super) fn scaled_formula() -> Html {
    let product = row(vec![sub(mi("q"), mi("i")), mo("·"), sub(mi("k"), mi("j"))]);
    math(
        false,
        vec![
            sub(mi("w"), mi("ij")),
            mo("="),
            sub(mi("softmax"), mi("j")),
            mo("("),
            frac(product, sqrt(d_k())),
            mo(")"),
        ],
    )
}

/// `w_ij = softmax_j(q_i k_j)`
pub(super) fn unscaled_formula() -> Html {
    math(
        false,
        vec![
            sub(mi("w"), mi("ij")),
            mo("="),
            sub(mi("softmax"), mi("j")),
            mo("("),
            sub(mi("q"), mi("i")),
            mo("·"),
            sub(mi("k"), mi("j")),
            mo(")"),
        ],
    )
}

pub(super) fn saturation() -> Html {
    html! {
        <p>
            { "A score is a sum of " }{ math(false, vec![d_k()]) }
            { " products, so its variance is " }
            { math(false, vec![d_k(), sup(mi("σ"), mn("4"))]) }
            { ". Divided by the square root of " }{ math(false, vec![d_k()]) }
            { ", it is " }{ math(false, vec![sup(mi("σ"), mn("4"))]) }
            { " at any size. For many keys and normal scores of variance " }{ math(false, vec![sup(mi("s"), mn("2"))]) }
            { " the entropy is about " }
            { math(false, vec![mi("ln"), mi("n"), mo("−"), frac(sup(mi("s"), mn("2")), mn("2"))]) }
            { " until that is used up (Derrida 1981): the checks below ask for a third of such a loss." }
        </p>
    }
}

/// `H = - sum_j w_j ln w_j <= ln n`
pub(super) fn entropy_formula() -> Html {
    let w = || sub(mi("w"), mi("j"));
    math(
        false,
        vec![
            mi("H"),
            mo("="),
            mo("−"),
            sub(mo("∑"), mi("j")),
            w(),
            mi("ln"),
            w(),
            mo("≤"),
            mi("ln"),
            mi("n"),
        ],
    )
}

/// `|| diag(w) - w w^T ||_F`
pub(super) fn jacobian_formula() -> Html {
    math(
        false,
        vec![
            mo("‖"),
            frac(row(vec![mo("∂"), mi("w")]), row(vec![mo("∂"), mi("s")])),
            mo("‖"),
            mo("="),
            mo("‖"),
            mi("diag"),
            mo("("),
            mi("w"),
            mo(")"),
            mo("−"),
            mi("w"),
            sup(mi("w"), mi("T")),
            mo("‖"),
        ],
    )
}

/// What the heads come to for these settings, or why there cannot be so many.
pub(super) fn multi_head(config: &Config) -> Html {
    let Config { d_model, n_heads, .. } = *config;
    match head_dim(config) {
        Some(d_head) => html! {
            <>
                <p>
                    { format!("Four linear layers: queries, keys and values for all heads at once, and one that mixes what the heads found. The {d_model} numbers of a token are cut into {n_heads} × {d_head}, so more heads are smaller heads, and cost no parameters.") }
                </p>
                <div class="formula">
                    { math(true, vec![mn("4"), mo("("), sup(sub(mi("d"), mi("model")), mn("2")), mo("+"), sub(mi("d"), mi("model")), mo(")")]) }
                    { math(true, vec![mn("4"), mo("("), sup(mn(d_model.to_string()), mn("2")), mo("+"), mn(d_model.to_string()), mo(")"), mo("="), mn((4 * (d_model * d_model + d_model)).to_string())]) }
                </div>
            </>
        },
        None => {
            let fitting: Vec<String> =
                (1..=8u32).filter(|&h| d_model.is_multiple_of(h)).map(|h| h.to_string()).collect();
            html! {
                <div class="notice" data-kind="warn" role="status">
                    <p>
                        { format!("d_model = {d_model} cannot be cut into {n_heads} equal heads: {d_model} / {n_heads} is not a whole number, and each head needs as many numbers as the others. With this d_model, {} heads are possible here. The training below is not concerned: its heads have d_k = {} numbers each, whatever d_model is.", fitting.join(", "), config.d_k) }
                    </p>
                </div>
            }
        }
    }
}

/// `head_i = Attention(X W_i^Q, X W_i^K, X W_i^V)`
pub(super) fn multi_head_formula() -> Html {
    let part =
        |name: &str| row(vec![mi("X"), html! { <msubsup>{ mi("W") }{ mi("i") }{ mi(name) }</msubsup> }]);
    math(
        false,
        vec![
            sub(mi("head"), mi("i")),
            mo("="),
            mi("Attention"),
            mo("("),
            part("Q"),
            mo(","),
            part("K"),
            mo(","),
            part("V"),
            mo(")"),
        ],
    )
}

/// The shape of a stage in letters: batch, heads, tokens.
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
            { "A look-up in a dictionary. Each token has a name (a letter, each occurs once), carries a value (0 to 7), and asks for another token by its name. Its task is to say that token's value. One attention layer is just what is needed: the question becomes the query, the name the key, and the value the value. There is no way around it in this net: embedding, attention, read-out, and nothing else. Each head has " }
            <em>{ "d" }<sub>{ "k" }</sub></em>
            { " numbers as the slider says, rather than " }<em>{ "d" }<sub>{ "model" }</sub></em>
            { " divided by the heads, so that " }<em>{ "d" }<sub>{ "k" }</sub></em>{ " can be changed alone." }
        </p>
    }
}

/// `-1/B sum log p(value)`
pub(super) fn loss_formula() -> Html {
    math(
        false,
        vec![
            mo("−"),
            frac(mn("1"), mi("B")),
            mo("∑"),
            mi("log"),
            mi("p"),
            mo("("),
            mi("value"),
            mo("∣"),
            mi("x"),
            mo(")"),
        ],
    )
}

pub(super) fn what_the_scale_changes() -> Html {
    html! {
        <>
            <h3>{ "What the scale does, and what it does not" }</h3>
            <ul>
                <li>{ "It sets where training starts. Unscaled at a large d_k, each query starts fixed on one random key, and most queries pass on almost no gradient: with Adam, learning takes longer." }</li>
                <li>{ "It does not decide whether the task can be learned. The projections are trained, so they can shrink or grow the scores themselves; both nets here end with the right answers." }</li>
                <li>{ "Small initial matrices do the same at the start: try the preset with small weights." }</li>
                <li>{ "It also changes the size of the gradients: without it, those of both projections are longer by the square root of d_k. Plain gradient descent then takes longer steps, which can make up for the saturation; Adam divides by the gradient's size and gains nothing from it." }</li>
            </ul>
        </>
    }
}
