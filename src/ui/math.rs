//! Formulas as MathML, which browsers draw and screen readers read, translated from TeX at compile time
//! (`crates/tex`).
//!
//! `math(tex!(r"\sqrt{\set{d_k}{d_k}}"))`; with numbers in place, `math_with(tex!(r"\val{n}^2"), &[("n", 3.to_string())])`.

pub use nn_lab_tex::{display_tex, tex};
use yew::prelude::*;

/// Returns a formula.
pub fn math(mathml: &'static str) -> Html {
    Html::from_html_unchecked(AttrValue::Static(mathml))
}

/// Returns a formula with numbers in its placeholders. The result is raw HTML, so values may hold only digits
/// and signs.
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
