//! The texts and formulas of section 6.

use crate::ui::math::{display_tex, math};
use yew::prelude::*;

/// Returns one or two sentences under a question.
fn lead(words: &'static str) -> Html {
    html! { <p class="lead">{ words }</p> }
}

pub(super) fn introduction() -> Html {
    lead("A transformer reads the characters so far and predicts the next one. Type a text, then train.")
}

pub(super) fn architecture() -> Html {
    lead("Each character has a vector. Every block adds what attention finds, then what an MLP makes of it.")
}

pub(super) fn mask() -> Html {
    lead(
        "In training, the answer to each prediction is in the window itself: it is the next character. The causal mask hides it.",
    )
}

pub(super) fn training() -> Html {
    lead(
        "The loss is the average surprise per character, in nats. Three baselines without a network show how good it is.",
    )
}

pub(super) fn heads() -> Html {
    lead("A head is a table of weights: how much each character takes from every earlier one.")
}

pub(super) fn induction() -> Html {
    lead("A block of random tokens repeats. Two attention heads, one after the other, can learn to copy it.")
}

pub(super) fn generation() -> Html {
    lead("The model draws a character from its prediction, appends it to the text, and predicts again.")
}

pub(super) fn own() -> Html {
    lead(
        "A text of your own takes the place of Shakespeare. Its characters are counted below; the model knows no others.",
    )
}

/// Returns a paragraph.
fn paragraph(words: &'static str) -> Html {
    html! { <p class="story">{ words }</p> }
}

pub(super) fn how_it_reads() -> Html {
    html! {
        <>
            { paragraph("The training text is nine plays by Shakespeare, or a text of your own. The model turns each character into a vector, adds its position, and passes all vectors through the blocks. The last vector gives one number per character of the vocabulary, its logit. The softmax turns the logits into the probabilities above.") }
            { paragraph("In each block, several attention heads decide from which earlier characters to take information. The maps show the weights: rows are the characters that ask, columns those that are read, and the last row makes the prediction.") }
        </>
    }
}

pub(super) fn rare_characters() -> Html {
    html! {
        <>
            { paragraph("The vocabulary has at most 160 characters. If a text has more, the rarest are replaced by �. A character that occurs a few times hardly trains its vector, and the model seldom writes it.") }
            { paragraph("The last tenth of the text is held out. Several files are joined in the order of their names, so the held-out part is from the last one. A short text is soon memorized: the training loss keeps falling, and the validation loss rises again.") }
        </>
    }
}

pub(super) fn stream() -> Html {
    paragraph(
        "Vectors are never replaced: every branch reads the stream through a layer norm and adds its output. Gradients therefore reach every branch directly, and later blocks can still read what earlier ones wrote.",
    )
}

pub(super) fn positions() -> Html {
    paragraph(
        "Attention treats its input as a set. Positions therefore get vectors of their own, here sines and cosines of wavelengths from 6 to 60,000 characters.",
    )
}

pub(super) fn without_mask() -> Html {
    html! {
        <>
            { paragraph("One window gives a prediction at every position, and each target is the input of the next position. Without a mask, a head only has to attend one position ahead and copy. The training loss falls toward zero, and so does the validation loss, because held-out windows contain their answers, too.") }
            { paragraph("When the model writes, there is no next character yet. Only the last prediction of a window is made under the same conditions. The third curve measures it on held-out windows, and the samples show the result.") }
        </>
    }
}

pub(super) fn optimizer() -> Html {
    paragraph(
        "Training uses AdamW (Loshchilov and Hutter 2019) with weight decay 0.1, gradients clipped at norm 1, β₁ = 0.9 and β₂ = 0.99, unless the settings of the optimizer say otherwise. The learning rate rises during the warm-up and falls to a tenth along half a cosine.",
    )
}

/// The layer norm of a vector (Ba et al. 2016), with gain 1 and bias 0 as before training.
pub(super) fn layer_norm_formula() -> Html {
    math(display_tex!(
        r"\mathrm{LN}(x) = \frac{x - \bar{x}}{\sqrt{\frac{1}{d} \sum_i (x_i - \bar{x})^2 + 10^{-5}}}"
    ))
}

/// The sinusoidal encoding (Vaswani et al. 2017).
pub(super) fn position_formula() -> Html {
    html! {
        <>
            { math(display_tex!(r"x_p = E_{c_p} + \sqrt{\frac{2}{\set{d_model}{d}}}\, \mathrm{PE}(p)")) }
            { math(display_tex!(r"\mathrm{PE}(p, 2i) = \sin\frac{p}{10000^{2i/\set{d_model}{d}}}")) }
            { math(display_tex!(r"\mathrm{PE}(p, 2i+1) = \cos\frac{p}{10000^{2i/\set{d_model}{d}}}")) }
        </>
    }
}

/// The dot product of two positions depends on their distance only.
pub(super) fn product_formula() -> Html {
    math(display_tex!(
        r"\mathrm{PE}(p) \cdot \mathrm{PE}(p+k) = \sum_i \cos\frac{k}{10000^{2i/\set{d_model}{d}}}"
    ))
}

/// The wavelength of a pair of dimensions, in positions.
pub(super) fn wavelength_formula() -> Html {
    math(display_tex!(r"\lambda_i = 2\pi \cdot 10000^{2i/\set{d_model}{d}}"))
}

/// The cross-entropy of a window, in nats per character.
pub(super) fn loss_formula() -> Html {
    math(display_tex!(
        r"-\frac{1}{\set{context}{T}} \sum_{t=1}^{\set{context}{T}} \ln p(c_{t+1} \mid c_1 \ldots c_t)"
    ))
}

/// The minimum loss on the first block: a mean over all predictions in the first blocks of sequences s with periods p_s.
pub(super) fn first_block_formula() -> Html {
    math(display_tex!(r"\frac{\sum_s \sum_{k=1}^{p_s - 1} \ln(V - k)}{\sum_s (p_s - 1)}"))
}

/// The copying score of a head: `o_t` is its output at position t as the head of the model reads it.
pub(super) fn copying_formula() -> Html {
    math(display_tex!(
        r"\text{copying} = \frac{1}{n} \sum_t \left[ \sum_{k \le t} a_{tk}\, \ell_t(x_k) > \frac{1}{V} \sum_c \ell_t(c) \right]"
    ))
}
