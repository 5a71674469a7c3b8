//! From nodes to the expression that makes them.

use crate::nodes::{Attribute, Component, Element, Node};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

/// Attributes that are there or not. HTML has more; these are the ones that Yew, too, takes a `bool` for.
const SWITCHES: &[&str] = &[
    "allowfullscreen",
    "async",
    "autofocus",
    "autoplay",
    "controls",
    "default",
    "defer",
    "disabled",
    "formnovalidate",
    "hidden",
    "inert",
    "ismap",
    "itemscope",
    "loop",
    "multiple",
    "muted",
    "nomodule",
    "novalidate",
    "open",
    "playsinline",
    "readonly",
    "required",
    "reversed",
    "selected",
    "truespeed",
];

/// A name that no expression of the caller can mean.
fn own(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The whole of a macro's call: one node, or none.
pub(crate) fn root(nodes: &[Node]) -> TokenStream {
    match nodes {
        [Node::Block(expression)] => quote!(::std::convert::Into::<::yew::Html>::into(#expression)),
        nodes => html(nodes),
    }
}

/// An expression of type `Html`.
fn html(nodes: &[Node]) -> TokenStream {
    match nodes {
        [] => quote!(<::yew::Html as ::std::default::Default>::default()),
        [Node::Element(element)] => tag(element),
        [Node::Component(component)] => put(component),
        [Node::Fragment(children)] => list(children),
        [Node::If(branches)] => branched(branches),
        [Node::Yew { open, children, close }] => match children.as_slice() {
            [] => quote!(::yew::html! { #open #close }),
            children => {
                let children = html(children);
                quote!(::yew::html! { #open { #children } #close })
            }
        },
        [Node::Wrong(span, why)] => quote_spanned!(*span=> ::std::compile_error!(#why)),
        nodes => list(nodes),
    }
}

/// Several nodes as one.
fn list(nodes: &[Node]) -> TokenStream {
    let list = own("list");
    let add = nodes.iter().map(|node| add(&list, node));
    quote!({
        #[allow(unused_mut)]
        let mut #list = crate::component::Nodes::default();
        #(#add)*
        #list.done()
    })
}

/// The statement that adds a node to `to`.
fn add(to: &Ident, node: &Node) -> TokenStream {
    match node {
        Node::Text(text) => quote!(#to.text(#text);),
        Node::Block(expression) => quote!(#to.add(#expression);),
        Node::Each(expression) => quote!(#to.each(#expression);),
        Node::Loop(head, children) => {
            let children = children.iter().map(|node| add(to, node));
            quote!(#head { #(#children)* })
        }
        node => {
            let node = html(std::slice::from_ref(node));
            quote!(#to.push(#node);)
        }
    }
}

fn branched(branches: &[(TokenStream, Vec<Node>)]) -> TokenStream {
    let written = branches.iter().map(|(head, nodes)| {
        let nodes = html(nodes);
        quote!(#head { #nodes })
    });
    let has_else = branches.last().is_some_and(|(head, _)| head.clone().into_iter().count() == 1);
    let otherwise = (!has_else).then(|| quote!(else { <::yew::Html as ::std::default::Default>::default() }));
    quote!({ #(#written)* #otherwise })
}

/// A text that is known now, as HTML has it.
fn literal(value: &TokenStream) -> Option<TokenStream> {
    let mut tokens = value.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Literal(literal)), None) => {
            let text = literal.to_string();
            Some(if text.starts_with('"') || text.starts_with('r') {
                quote!(#literal)
            } else {
                quote!(#text)
            })
        }
        _ => None,
    }
}

fn tag(Element { name, attributes, children }: &Element) -> TokenStream {
    let tag = own("tag");
    let text = name.to_string();
    let (mut fixed, mut names, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for Attribute { name, ident, value } in attributes {
        let is_listener = name.len() > 4 && name.starts_with("on");
        match name.as_str() {
            "key" => steps.push(quote!(#tag.key(::yew::virtual_dom::Key::from(#value));)),
            "ref" => steps.push(quote!(#tag.node_ref(::std::clone::Clone::clone(&#value));)),
            _ if is_listener => {
                steps.push(quote!(#tag.listen(::yew::html::#ident::Wrapper::__macro_new(#value));))
            }
            switch if SWITCHES.contains(&switch) => {
                names.push(name);
                steps.push(quote!(#tag.switch(#value);));
            }
            _ => {
                // A style is never fixed: it is set in another way, which the page's policy allows.
                let set = if name == "style" { quote!(style) } else { quote!(set) };
                if let Some(text) = literal(value).filter(|_| name != "style") {
                    fixed.push((name, text));
                    continue;
                }
                names.push(name);
                let value =
                    if name == "class" { quote!(::yew::Classes::from(#value)) } else { value.clone() };
                let wanted = quote!(::std::option::Option<::yew::AttrValue>);
                steps
                    .push(quote!(#tag.#set(::yew::html::IntoPropValue::<#wanted>::into_prop_value(#value));));
            }
        }
    }
    let pairs = fixed
        .iter()
        .map(|(name, value)| quote!((#name, ::yew::virtual_dom::AttributeOrProperty::Static(#value))));
    // Yew compares the names of two elements by where they lie.
    let names = match names.is_empty() {
        true => quote!(&[]),
        false => {
            let all = fixed.iter().map(|(name, _)| *name).chain(names.iter().copied());
            quote!(&[#(#all),*])
        }
    };
    let children = children.iter().map(|node| add(&tag, node));
    quote!({
        #[allow(unused_mut)]
        let mut #tag = crate::component::Tag::new(&crate::component::Shape {
            name: #text,
            fixed: &[#(#pairs),*],
            names: #names,
        });
        #(#steps)*
        #(#children)*
        #tag.done()
    })
}

fn put(Component { path, properties, base, children }: &Component) -> TokenStream {
    let mut key = quote!(::std::option::Option::None);
    let mut set = Vec::new();
    for Attribute { name, ident, value } in properties {
        if name == "key" {
            key = quote!(::std::option::Option::Some(::yew::virtual_dom::Key::from(#value)));
        } else {
            set.push(quote!(#ident: #value));
        }
    }
    if let Some(children) = children {
        let children = html(children);
        set.push(quote!(children: #children));
    }
    let properties = base.clone().unwrap_or_else(|| {
        quote!(::yew::props!(<#path as ::yew::functional::FunctionProvider>::Properties { #(#set),* }))
    });
    quote!(crate::component::put::<#path>(#properties, #key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::read;
    use std::str::FromStr;

    /// Compares without regard to spaces, and without the longest paths.
    fn check(from: &str, to: &str) {
        let plain = |text: String| {
            let text = text.replace(char::is_whitespace, "");
            let text = text.replace(
                "::yew::html::IntoPropValue::<::std::option::Option<::yew::AttrValue>>::into_prop_value",
                "VALUE",
            );
            let text = text.replace("<::yew::Htmlas::std::default::Default>::default()", "NOTHING");
            let text = text.replace("::yew::virtual_dom::AttributeOrProperty::Static", "FIXED");
            text.replace("::std::option::Option::", "")
                .replace("#[allow(unused_mut)]", "")
                .replace("crate::component::", "")
        };
        let from = TokenStream::from_str(from).map(|tokens| plain(root(&read(tokens)).to_string()));
        assert_eq!(from.map_err(|error| error.to_string()), Ok(plain(to.to_owned())));
    }

    #[test]
    fn an_element_with_known_and_computed_attributes() {
        check(
            r#"<p class="note" title={words} hidden={a < b} data-n=3 onclick={go} ref={node} />"#,
            r#"{ let mut tag = Tag::new(&Shape { name: "p", fixed: &[("class", FIXED("note")), ("data-n", FIXED("3"))], names: &["class", "data-n", "title", "hidden"], });
               tag.set(VALUE(words)); tag.switch(a < b); tag.listen(::yew::html::onclick::Wrapper::__macro_new(go));
               tag.node_ref(::std::clone::Clone::clone(&node)); tag.done() }"#,
        );
        check(
            r#"<i style={place} id={words} />"#,
            r#"{ let mut tag = Tag::new(&Shape { name: "i", fixed: &[], names: &["style", "id"], });
               tag.style(VALUE(place)); tag.set(VALUE(words)); tag.done() }"#,
        );
        check(
            "<br/>",
            r#"{ let mut tag = Tag::new(&Shape { name: "br", fixed: &[], names: &[], }); tag.done() }"#,
        );
    }

    #[test]
    fn children_are_added_one_by_one() {
        check(
            r#"<p>{ "a" }{ b }{ for c }<i/>if d { "e" }</p>"#,
            r#"{ let mut tag = Tag::new(&Shape { name: "p", fixed: &[], names: &[], });
               tag.text("a"); tag.add(b); tag.each(c);
               tag.push({ let mut tag = Tag::new(&Shape { name: "i", fixed: &[], names: &[], }); tag.done() });
               tag.push({ if d { { let mut list = Nodes::default(); list.text("e"); list.done() } } else { NOTHING } });
               tag.done() }"#,
        );
        check(
            "<>for a in b { { c } }</>",
            "{ let mut list = Nodes::default(); for a in b { list.add(c); } list.done() }",
        );
    }

    #[test]
    fn components_keep_keys_base_and_children() {
        let props = |fields: &str| {
            format!("::yew::props!(<Row as ::yew::functional::FunctionProvider>::Properties {{ {fields} }})")
        };
        check(
            "<Row key={i} {row} n=1 />",
            &format!("put::<Row>({}, Some(::yew::virtual_dom::Key::from(i)))", props("row: row, n: 1")),
        );
        check("<Row ..base.clone() />", "put::<Row>(base.clone(), None)");
        check("<Row></Row>", &format!("put::<Row>({}, None)", props("children: NOTHING")));
    }

    #[test]
    fn what_is_rare_goes_to_yew() {
        check("<input value={a} />", "::yew::html! { <input value={a} /> }");
        check(
            "<Context<Rc<T>> context={a}>if b < c { { d } }</Context<Rc<T>>>",
            "::yew::html! { <Context<Rc<T>> context={a}> { { if b < c { { let mut list = Nodes::default(); list.add(d); list.done() } } else { NOTHING } } } </Context<Rc<T>>> }",
        );
    }

    #[test]
    fn what_is_no_markup_is_said() {
        check(
            "<p +/>",
            r#"::std::compile_error!("expected an attribute, `/>` or `>` in the tag <p>, found +")"#,
        );
        check("</p>", r#"::std::compile_error!("found the closing tag </p>, expected none")"#);
    }
}
