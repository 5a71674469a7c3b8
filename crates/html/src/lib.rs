//! Yew's `html!`, but for one thing: `<Figure name="loss" />` is put into the page by `crate::component::put`, which wraps
//! every component in one and the same type.
//!
//! Yew compiles a scope, a life cycle and a set of virtual functions for every type of component, more than a kilobyte
//! each after compression. With 140 components that was a sixth of what a visitor fetches before anything is seen.
//!
//! Only tags of components are changed. Tags of elements, blocks and attributes go to Yew as they are, and so do tags
//! with type arguments (`<ContextProvider<Theme> ...>`), which are Yew's own.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// The same syntax as Yew's `html!`.
#[proc_macro]
pub fn html(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let nodes = rewritten(input.into());
    quote!(::yew::html! { #nodes }).into()
}

/// Nodes with every tag of a component replaced by a block.
fn rewritten(nodes: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = nodes.into_iter().collect();
    let mut reader = Reader { tokens: &tokens, at: 0 };
    reader.nodes(None)
}

/// Reads tokens from the front.
struct Reader<'a> {
    tokens: &'a [TokenTree],
    at: usize,
}

/// A component's tag: its path, and where the tokens behind the path begin.
struct Open {
    path: TokenStream,
    after: usize,
}

impl Reader<'_> {
    /// Everything up to the closing tag of `parent`, or to the end.
    fn nodes(&mut self, parent: Option<&str>) -> TokenStream {
        let mut out = TokenStream::new();
        // Between `if`, `else` or `for` and the block that belongs to it, `<` compares.
        let mut condition = false;
        while let Some(token) = self.tokens.get(self.at) {
            if !condition {
                if let Some(after) = parent.and_then(|path| self.close(path)) {
                    self.at = after;
                    break;
                }
                if let Some(open) = self.open() {
                    out.extend(self.component(open));
                    continue;
                }
            }
            match token {
                TokenTree::Group(block) if condition && block.delimiter() == Delimiter::Brace => {
                    condition = false;
                    out.extend([braced(rewritten(block.stream()), block)]);
                }
                token => {
                    // `for` is an attribute, too.
                    condition |= is_word(token, &["if", "else", "for"]) && !self.is_punct(self.at + 1, '=');
                    out.extend([token.clone()]);
                }
            }
            self.at += 1;
        }
        out
    }

    fn is_punct(&self, at: usize, character: char) -> bool {
        matches!(self.tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == character)
    }

    /// A path of names, and where it ends.
    fn path(&self, mut at: usize) -> Option<(Vec<&Ident>, usize)> {
        let mut names = Vec::new();
        loop {
            let Some(TokenTree::Ident(name)) = self.tokens.get(at) else { return None };
            names.push(name);
            at += 1;
            if !(self.is_punct(at, ':') && self.is_punct(at + 1, ':')) {
                return Some((names, at));
            }
            at += 2;
        }
    }

    /// The tag of a component that begins here.
    fn open(&self) -> Option<Open> {
        // Behind a name, `<` begins type arguments.
        let behind_name = self.at.checked_sub(1).and_then(|before| self.tokens.get(before));
        if !self.is_punct(self.at, '<') || matches!(behind_name, Some(TokenTree::Ident(_))) {
            return None;
        }
        let (names, after) = self.path(self.at + 1)?;
        let is_component = names.last()?.to_string().starts_with(|first: char| first.is_ascii_uppercase());
        if !is_component || self.is_punct(after, '<') {
            return None;
        }
        Some(Open { path: quote!(#(#names)::*), after })
    }

    /// Where the tokens behind the closing tag of `path` begin, if it stands here.
    fn close(&self, path: &str) -> Option<usize> {
        if !(self.is_punct(self.at, '<') && self.is_punct(self.at + 1, '/')) {
            return None;
        }
        let (names, after) = self.path(self.at + 2)?;
        (quote!(#(#names)::*).to_string() == path && self.is_punct(after, '>')).then_some(after + 1)
    }

    /// A component with its properties and children, as a block.
    fn component(&mut self, open: Open) -> TokenStream {
        let Open { path, after } = open;
        self.at = after;
        let mut properties = Vec::new();
        let mut key = quote!(::std::option::Option::None);
        let mut base = None;
        let mut set = |name: TokenStream, value: TokenStream| {
            if name.to_string() == "key" {
                key = quote!(::std::option::Option::Some(::yew::virtual_dom::Key::from(#value)));
            } else {
                properties.push(quote!(#name: #value));
            }
        };
        loop {
            match self.tokens.get(self.at) {
                Some(TokenTree::Ident(name)) if self.is_punct(self.at + 1, '=') => {
                    set(name.to_token_stream(), self.value(self.at + 2));
                    self.at += 3;
                }
                // `{name}` is short for `name={name}`.
                Some(TokenTree::Group(short)) => {
                    set(short.stream(), short.stream());
                    self.at += 1;
                }
                // `..base`: all of the properties at once.
                Some(TokenTree::Punct(_)) if self.is_punct(self.at, '.') => {
                    let start = self.at + 2;
                    while self.at < self.tokens.len()
                        && !self.is_punct(self.at, '/')
                        && !self.is_punct(self.at, '>')
                    {
                        self.at += 1;
                    }
                    base = self
                        .tokens
                        .get(start..self.at)
                        .map(|tokens| tokens.iter().cloned().collect::<TokenStream>());
                }
                _ => break,
            }
        }
        if self.is_punct(self.at, '/') && self.is_punct(self.at + 1, '>') {
            self.at += 2;
        } else if self.is_punct(self.at, '>') {
            self.at += 1;
            let children = self.nodes(Some(&path.to_string()));
            properties.push(quote!(children: ::yew::html! { <>#children</> }));
        } else {
            let found = self.tokens.get(self.at).map_or_else(|| "the end".to_owned(), ToString::to_string);
            self.at = self.tokens.len();
            let message = format!("expected a property, `/>` or `>` in the tag of {path}, found {found}");
            return quote!({ ::std::compile_error!(#message) });
        }
        let properties = base.unwrap_or_else(|| {
            quote!(
                ::yew::props!(<#path as ::yew::functional::FunctionProvider>::Properties { #(#properties),* })
            )
        });
        quote!({ crate::component::put::<#path>(#properties, #key) })
    }

    /// What stands behind `=`: a literal, or what the braces enclose.
    fn value(&self, at: usize) -> TokenStream {
        match self.tokens.get(at) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner = group.stream();
                // Several statements need their braces.
                if inner
                    .clone()
                    .into_iter()
                    .any(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ';'))
                {
                    group.to_token_stream()
                } else {
                    inner
                }
            }
            Some(token) => token.to_token_stream(),
            None => TokenStream::new(),
        }
    }
}

fn is_word(token: &TokenTree, words: &[&str]) -> bool {
    matches!(token, TokenTree::Ident(name) if words.iter().any(|word| name == word))
}

/// The braces of `block`, where errors are told, around other tokens.
fn braced(inner: TokenStream, block: &Group) -> TokenTree {
    let mut group = Group::new(Delimiter::Brace, inner);
    group.set_span(block.span());
    group.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    /// Compares without regard to spaces.
    fn check(from: &str, to: &str) {
        let plain = |text: String| text.replace(char::is_whitespace, "");
        let from = TokenStream::from_str(from).map(|tokens| plain(rewritten(tokens).to_string()));
        assert_eq!(from.map_err(|error| error.to_string()), Ok(plain(to.to_owned())));
    }

    const NONE: &str = "::std::option::Option::None";

    fn props(path: &str, fields: &str) -> String {
        format!("::yew::props!(<{path} as ::yew::functional::FunctionProvider>::Properties {{ {fields} }})")
    }

    #[test]
    fn elements_and_generic_components_are_left_alone() {
        for same in [
            r#"<div class="a" onclick={go}>{ "text" }<br/></div>"#,
            "<ContextProvider<Theme> context={theme}><p/></ContextProvider<Theme>>",
            r#"<label for={id}>{ for rows.iter().map(|row| html! { <Row {row} /> }) }</label>"#,
            "<></>",
        ] {
            check(same, same);
        }
    }

    #[test]
    fn a_component_becomes_a_block() {
        let fields = r#"name: "loss", value: 1 + 2, row: row"#;
        check(
            r#"<p><charts::Line name="loss" value={1 + 2} {row} /></p>"#,
            &format!(
                "<p>{{ crate::component::put::<charts::Line>({}, {NONE}) }}</p>",
                props("charts::Line", fields)
            ),
        );
    }

    #[test]
    fn keys_and_base_properties() {
        check(
            "<Row key={index} {row} />",
            &format!(
                "{{ crate::component::put::<Row>({}, ::std::option::Option::Some(::yew::virtual_dom::Key::from(index))) }}",
                props("Row", "row: row")
            ),
        );
        check(
            "<Slider ..field.clone() />",
            &format!("{{ crate::component::put::<Slider>(field.clone(), {NONE}) }}"),
        );
    }

    #[test]
    fn children_and_the_branches_of_an_if_are_read_too() {
        let inner = format!("{{ crate::component::put::<Inner>({}, {NONE}) }}", props("Inner", ""));
        let children = format!("children: ::yew::html! {{ <><b/>{inner}</> }}");
        check(
            "<Outer><b/><Inner></Inner></Outer>",
            &format!("{{ crate::component::put::<Outer>({}, {NONE}) }}", props("Outer", &children)).replace(
                &inner,
                &format!(
                    "{{ crate::component::put::<Inner>({}, {NONE}) }}",
                    props("Inner", "children: ::yew::html! { <></> }")
                ),
            ),
        );
        check("if a < B { <Inner/> } else { <i/> }", &format!("if a < B {{ {inner} }} else {{ <i/> }}"));
    }

    #[test]
    fn what_is_no_tag_is_said() {
        check(
            "<Row +/>",
            r#"{ ::std::compile_error!("expected a property, `/>` or `>` in the tag of Row, found +") }"#,
        );
    }
}
