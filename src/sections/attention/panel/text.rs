//! The texts and formulas of section 5.

use crate::sections::attention::{
    Config, MaskChoice, Record, Roles, break_even, end_measured, head_dim, start_measured,
};
use crate::ui::findings_link;
use crate::ui::math::{display_tex, math, math_with, tex};
use yew::prelude::*;

/// Returns a paragraph below the question.
fn lead(content: Html) -> Html {
    html! { <p class="lead">{ content }</p> }
}

/// Returns the lead of a chapter.
pub(super) fn lead_of(chapter: &str) -> Html {
    match chapter {
        "weights" => lead(
            html! { "A query is compared with every key. A softmax turns the scores into weights, and the output is the average of the values with these weights. Change any number." },
        ),
        "saturation" => lead(
            html! { <>{ "A score is a sum of " }{ math(tex!(r"\set{d_k}{d_k}")) }{ " products, so scores grow with it. Without the division, the softmax picks one random key before anything is learned." }</> },
        ),
        "heads" => lead(
            html! { "Each token asks for the values of two others. A softmax has to divide its weight between them; two heads attend to one token each." },
        ),
        "roles" => lead(
            html! { "Queries say what a token looks for, keys how it can be found, and values what it passes on. If queries and keys are the same, each token attends mostly to itself." },
        ),
        "permutation" => lead(
            html! { "Swap two words. Without positions or a mask, each word keeps its output: for attention, a sequence is a set." },
        ),
        "cost" => lead(
            html! { <>{ "Every token is compared with every other, so scores take " }{ math(tex!(r"n^2 d")) }{ " multiplications; projections take " }{ math(tex!(r"n d^2")) }{ ". The number of parameters does not depend on the length." }</> },
        ),
        "look-up" => lead(
            html! { "Each token asks for another token by name and must give its value. Both networks start from the same weights; only the scale of the scores differs." },
        ),
        _ => Html::default(),
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

/// The three projections.
pub(super) fn roles() -> Html {
    html! {
        <>
            <p data-text="roles">
                { "In a model, queries, keys and values are three projections of the tokens. With one projection for queries and keys, scores are symmetric: token A scores B exactly as B scores A. A verb could not look for its subject without the subject looking for the verb. The score of a token with itself is a sum of squares, which exceeds the score with an unrelated token: before training, almost all weight is on the diagonal." }
            </p>
            <p>
                { "Values need a projection of their own for another reason. What makes a token easy to find is not what it should pass on: in the look-up task, a key has to contain the name and a value has to contain the number." }
            </p>
        </>
    }
}

/// The chapter about order, below its figure.
pub(super) fn order() -> Html {
    html! {
        <>
            <p data-text="order">
                { "Let P be a permutation of the rows. Queries, keys and values are permuted like the inputs, and so are rows and columns of the scores. The softmax acts on each row alone, so the outputs are permuted in the same way (permutation equivariance):" }
            </p>
            <div class="formula">{ math(display_tex!(r"\operatorname{Attention}(PX) = P \operatorname{Attention}(X)")) }</div>
            <p>
                { "“Dog bites man” and “man bites dog” would mean the same. Models therefore add an encoding of the position to each token, or rotate queries and keys by an angle that depends on the position (Vaswani et al. 2017, section 3.5; Su et al. 2021). A causal mask also breaks the symmetry: the first word sees only itself, and the last one sees all." }
            </p>
        </>
    }
}

/// The chapter about cost, below its figures.
pub(super) fn cost(config: &Config) -> Html {
    let n = config.n_tokens;
    html! {
        <>
            <p data-text="quadratic">
                { format!("Every query is compared with every key, so each head computes n² weights: {n} · {n} = {} for the sequences of this section, and 10⁸ for 10,000 tokens. Twice the length takes four times the time and memory for the weights, but only twice the time for projections.", n * n) }
            </p>
            <p>
                { "Below 2d tokens, the projections cost more, and long contexts are cheap. Far above, the scores dominate. This is why long texts need other kinds of attention, such as local windows, or kernels that never store all weights at once (Dao et al. 2022)." }
            </p>
            <p>
                { "The parameters are the four matrices of the projections. None of them depends on n, so a trained layer accepts sequences of any length." }
            </p>
        </>
    }
}

/// The multiplications of a layer.
pub(super) fn cost_formula() -> Html {
    math(tex!(r"4\, n\, \set{d_model}{d}^2 + 2\, n^2 \set{d_model}{d}"))
}

pub(super) fn multiplications_caption(d_model: u32) -> Html {
    html! { <>{ format!("Closed form for one layer with d = {d_model}: four projections, then scores and weighted sums of all heads. The lines cross at n = 2d = {}.", break_even(d_model)) }</> }
}

pub(super) fn time_caption(config: &Config) -> Html {
    let heads = head_dim(config).map_or(1, |_| config.n_heads);
    html! { <>{ format!("Measured on this device with the module of this lab, {heads} {} and d = {}. The softmax of n² weights and moving data take time as well, so the lines cross earlier than in the closed form.", if heads == 1 { "head" } else { "heads" }, config.d_model) }</> }
}

/// Returns a share in percent.
fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

/// Returns the weights on the diagonal, or dashes until they are measured.
fn diagonals(roles: &Roles) -> [String; 2] {
    roles.diagonal.map(|spread| if roles.n == 0 { "–".to_owned() } else { percent(spread.mean) })
}

pub(super) fn shared_caption(roles: &Roles) -> Html {
    let [shared, _] = diagonals(roles);
    html! { <>{ "The map of a random layer with " }{ math(tex!(r"W^Q = W^K")) }{ format!(". Tokens put {shared} of their weight on themselves, averaged over 16 random layers. The scores are symmetric; the weights are not, because each row has its own sum.") }</> }
}

pub(super) fn separate_caption(roles: &Roles) -> Html {
    let [_, separate] = diagonals(roles);
    let uniform = percent(1.0 / f64::from(roles.n.max(1)));
    html! { <>{ format!("The same tokens and queries, with keys from a matrix of their own. Tokens put {separate} on themselves; equal weights would be {uniform}. Nothing favors the diagonal, and training can choose any direction.") }</> }
}

/// The level that one head cannot get below.
pub(super) fn one_head_formula() -> Html {
    math(tex!(r"\tfrac{1}{2}\left(1 - \tfrac{1}{8}\right) \ln 2 \approx 0.30"))
}

pub(super) fn heads_loss_caption() -> Html {
    html! { "Mean loss of both answers. The dashed level is a closed form: a single head whose weights do not depend on the values cannot get below it." }
}

pub(super) fn task_maps_caption(params: Option<[u32; 2]>, more: bool) -> Html {
    let counted = match params {
        Some([several, one]) if several == one => {
            format!("Both networks have {} parameters. ", grouped(one))
        }
        Some([several, one]) => {
            format!("The networks have {} and {} parameters. ", grouped(several), grouped(one))
        }
        None => String::new(),
    };
    let more = if more { " The table has all heads." } else { "" };
    html! { <>{ format!("One held-out sequence. {counted}Each row asks for two names; the marks are their tokens. Below each title: the mean weight on the first and the second token asked for.{more}") }</> }
}

/// Writes a number with separators of thousands.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// The argument for the level of one head, and the sizes of both networks.
pub(super) fn why_heads(config: &Config) -> Html {
    let Config { n_heads, .. } = *config;
    let d_head = config.shared_d_k();
    html! {
        <>
            <p>
                { format!("A token has a name, a value from 0 to 7, and asks for two different names. It has to give both values, in order. The networks have the same width: {n_heads} heads of {d_head} dimensions, or one of {}. Both scale their scores.", n_heads * d_head) }
            </p>
            <p>
                { "One head returns one average. If it divides its weight evenly, it returns both values but not their order: an even chance costs ln 2 nats wherever they differ, for both answers. If it prefers one token, that answer is easy. For the other answer, a linear readout sees the wrong value with more weight than the right one, so the loss there is still at least ln 2. Hence the mean of both is at least half of it, in the 7 of 8 cases in which the values differ." }
            </p>
            <p>
                { "Two heads return two averages side by side. One learns to follow the first question, the other the second, and which of them does is decided by the random initialization." }
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
            <h2>{ "What the scale changes" }</h2>
            <ul>
                <li>{ "Where training starts. Without the scale and with a large d_k, most queries start fixed on one random key and pass on almost no gradient. " }<span data-measured="start">{ start_measured(config, record) }</span></li>
                <li>{ "Not what can be learned: the projections can shrink or grow the scores themselves. " }<span data-measured="end">{ end_measured(config, record) }</span></li>
                <li>{ "The size of the gradients. Without the scale, those of both projections are √d_k times larger for the same scores. Plain SGD then takes larger steps, which can make up for the saturation. Adam’s steps do not grow with the gradient." }</li>
            </ul>
            <p>{ "The steps to learn were measured with several seeds for different d_k, σ and optimizers. The numbers and settings are in " }{ findings_link("attention", "the project’s findings") }{ "." }</p>
        </div>
    }
}
