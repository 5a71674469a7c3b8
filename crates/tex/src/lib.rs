//! Converts TeX formulas in the source to MathML at compile time. The page needs no TeX parser, and a formula
//! with a mistake does not compile.
//!
//! There are two additional commands. `\set{d_k}{d_k}` marks a symbol (its second argument) as the setting of
//! that name. `\val{d_k}` is a placeholder for a number, which the page fills in.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use proc_macro::TokenStream;
use quote::quote;
use syn::{LitStr, parse_macro_input};

/// Expands to inline MathML as a `&'static str`.
#[proc_macro]
pub fn tex(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input as LitStr), MathDisplay::Inline)
}

/// Expands to display MathML, on a line of its own, as a `&'static str`.
#[proc_macro]
pub fn display_tex(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input as LitStr), MathDisplay::Block)
}

fn expand(source: &LitStr, display: MathDisplay) -> TokenStream {
    match mathml(&source.value(), display) {
        Ok(mathml) => quote!(#mathml).into(),
        Err(message) => syn::Error::new(source.span(), message).to_compile_error().into(),
    }
}

fn mathml(tex: &str, display: MathDisplay) -> Result<String, String> {
    let marked = mark(tex)?;
    let converter = LatexToMathML::new(MathCoreConfig::default()).map_err(|error| format!("{error:?}"))?;
    let mathml =
        converter.convert_with_local_state(&marked, display).map_err(|error| format!("{error:?}"))?.mathml;
    // The page's content security policy forbids inline styles. A negative space (`\!`) gets a class instead.
    let mathml = unmark(&mathml).replace(r#" style="margin-left:-0.16666667em;""#, r#" class="back""#);
    match mathml.find(" style=") {
        None => Ok(mathml),
        Some(at) => Err(format!("this needs a style, which the page's policy refuses: {}", &mathml[at..])),
    }
}

/// Text markers for the additional commands, which pass through the conversion.
const OPEN: &str = "⟦";
const CLOSE: &str = "⟧";

/// Replaces the additional commands with text that the conversion leaves unchanged.
fn mark(tex: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = tex;
    while let Some(at) = rest.find("\\set{").into_iter().chain(rest.find("\\val{")).min() {
        let (before, command) = rest.split_at(at);
        out.push_str(before);
        let (name, after) = argument(&command[4..])?;
        let name = name.replace('_', "\\_");
        if command.starts_with("\\val") {
            out.push_str(&format!("\\text{{{OPEN}={name}{CLOSE}}}"));
            rest = after;
        } else {
            let (symbol, after) = argument(after)?;
            out.push_str(&format!("{{\\text{{{OPEN}{name}}}{symbol}\\text{{{CLOSE}}}}}"));
            rest = after;
        }
    }
    Ok(out + rest)
}

/// Splits off the argument in the first pair of braces: its content, and the rest of the text.
fn argument(text: &str) -> Result<(&str, &str), String> {
    let inner = text.strip_prefix('{').ok_or_else(|| format!("an argument is missing before {text}"))?;
    let mut depth = 1;
    for (at, c) in inner.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return Ok((&inner[..at], &inner[at + 1..]));
        }
    }
    Err(format!("a brace is not closed in {text}"))
}

/// Replaces the markers with MathML elements: a group with the setting's name, or a placeholder for a number.
fn unmark(mathml: &str) -> String {
    let mut out = String::new();
    for (i, part) in mathml.split("<mtext>⟦").enumerate() {
        match part.split_once("</mtext>") {
            Some((name, rest)) if i > 0 => {
                match name.strip_prefix('=').map(|name| name.trim_end_matches('⟧')) {
                    Some(name) => out.push_str(&format!("<mn>⟦{name}⟧</mn>{rest}")),
                    None => out.push_str(&format!("<mrow data-symbol=\"{name}\" tabindex=\"0\">{rest}")),
                }
            }
            _ => out.push_str(part),
        }
    }
    out.replace("<mtext>⟧</mtext>", "</mrow>")
}

#[cfg(test)]
mod tests {
    use crate::{MathDisplay, mathml};

    fn inline(tex: &str) -> String {
        mathml(tex, MathDisplay::Inline).expect("it is TeX")
    }

    #[test]
    fn a_symbol_has_the_name_of_its_setting() {
        assert_eq!(
            inline(r"\sqrt{\set{d_k}{d_k}}"),
            "<math><msqrt><mrow><mrow data-symbol=\"d_k\" tabindex=\"0\"><msub><mi>d</mi><mi>k</mi></msub></mrow></mrow></msqrt></math>"
        );
    }

    #[test]
    fn numbers_become_placeholders() {
        assert_eq!(inline(r"\val{n}+1"), "<math><mn>⟦n⟧</mn><mo>+</mo><mn>1</mn></math>");
    }

    #[test]
    fn no_element_has_an_inline_style() {
        assert_eq!(inline(r"a\!b"), "<math><mi>a</mi><mspace class=\"back\"/><mi>b</mi></math>");
        assert!(mathml(r"\begin{align}a&=b\end{align}", MathDisplay::Inline).is_err());
    }

    #[test]
    fn invalid_tex_is_an_error() {
        for wrong in [r"\frac{1}", r"\nosuch", r"\set{a}", r"\val{a"] {
            assert!(mathml(wrong, MathDisplay::Inline).is_err(), "{wrong}");
        }
    }
}
