//! Formulae as MathML, which browsers draw and screen readers read, in a few words of Rust:
//! `math(false, vec![mi("y"), mo("="), frac(mn("1"), mi("n"))])`.

use yew::prelude::*;

/// An identifier; a single letter is set in italics.
pub fn mi(name: impl AsRef<str>) -> Html {
    html! { <mi>{ name.as_ref() }</mi> }
}

/// A number.
pub fn mn(number: impl AsRef<str>) -> Html {
    html! { <mn>{ number.as_ref() }</mn> }
}

/// An operator or a bracket, which keeps its size: a bracket that grows with each index makes a line uneven.
pub fn mo(operator: impl AsRef<str>) -> Html {
    html! { <mo stretchy="false">{ operator.as_ref() }</mo> }
}

/// Words within a formula.
pub fn text(words: impl AsRef<str>) -> Html {
    html! { <mtext>{ words.as_ref() }</mtext> }
}

/// A vector or matrix: an upright bold letter.
pub fn bold(name: impl AsRef<str>) -> Html {
    html! { <mi class="bold" mathvariant="normal">{ name.as_ref() }</mi> }
}

/// `base` with an index below.
pub fn sub(base: Html, index: Html) -> Html {
    html! { <msub>{ base }{ index }</msub> }
}

/// `base` with an exponent.
pub fn sup(base: Html, exponent: Html) -> Html {
    html! { <msup>{ base }{ exponent }</msup> }
}

/// A fraction.
pub fn frac(top: Html, bottom: Html) -> Html {
    html! { <mfrac>{ top }{ bottom }</mfrac> }
}

/// A square root.
pub fn sqrt(inside: Html) -> Html {
    html! { <msqrt>{ inside }</msqrt> }
}

/// `base` with a mark above, such as a hat.
pub fn over(base: Html, mark: impl AsRef<str>) -> Html {
    html! { <mover accent="true">{ base }<mo>{ mark.as_ref() }</mo></mover> }
}

/// Several parts as one, to be put where one is expected.
pub fn row(parts: Vec<Html>) -> Html {
    html! { <mrow>{ for parts }</mrow> }
}

/// The formula itself: on a line of its own if `display`, else within the text.
pub fn math(display: bool, parts: Vec<Html>) -> Html {
    // Yew gives `math` and what is within it the namespace of MathML.
    html! { <math display={if display { "block" } else { "inline" }}><mrow>{ for parts }</mrow></math> }
}
