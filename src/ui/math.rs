//! Formulae: MathML, which browsers draw and screen readers read, made of TeX while the lab is compiled (`crates/tex`).
//!
//! `math(tex!(r"\sqrt{\set{d_k}{d_k}}"))`; with numbers in place, `math_with(tex!(r"\val{n}^2"), &[("n", 3.to_string())])`.

pub use nn_lab_tex::{display_tex, tex};
use yew::prelude::*;

/// A formula.
pub fn math(mathml: &'static str) -> Html {
    Html::from_html_unchecked(AttrValue::Static(mathml))
}

/// A formula with numbers in their places. Only digits and signs of our own go in: it is raw HTML.
pub fn math_with(mathml: &'static str, values: &[(&str, String)]) -> Html {
    let mut filled = mathml.to_owned();
    for (name, value) in values {
        let number = value.chars().all(|c| c.is_ascii_digit() || ".,-e".contains(c));
        debug_assert!(number && filled.contains(&format!("⟦{name}⟧")), "{name} = {value} in {mathml}");
        filled = filled.replace(&format!("⟦{name}⟧"), value);
    }
    debug_assert!(!filled.contains('⟦'), "a number is missing in {filled}");
    Html::from_html_unchecked(filled.into())
}
