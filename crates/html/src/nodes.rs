//! From tokens to nodes.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// What stands between tags.
#[derive(Debug)]
pub(crate) enum Node {
    /// `<div class="a">...</div>`
    Element(Element),
    /// `<Figure name="loss" />`
    Component(Component),
    /// What Yew's macro is asked to make: these tokens around the nodes.
    Yew { open: TokenStream, children: Vec<Self>, close: TokenStream },
    /// `<>...</>`
    Fragment(Vec<Self>),
    /// `"words"`, by itself or in braces.
    Text(TokenStream),
    /// `{ expression }`
    Block(TokenStream),
    /// `{ for expression }`
    Each(TokenStream),
    /// `for pattern in expression { ... }`: what stands before the block.
    Loop(TokenStream, Vec<Self>),
    /// `if condition { ... } else { ... }`: each branch with what stands before its block.
    If(Vec<(TokenStream, Vec<Self>)>),
    /// What cannot be read, and why.
    Wrong(Span, String),
}

#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: Ident,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) path: TokenStream,
    pub(crate) properties: Vec<Attribute>,
    /// `..base`
    pub(crate) base: Option<TokenStream>,
    /// None where the tag closes itself.
    pub(crate) children: Option<Vec<Node>>,
}

#[derive(Debug)]
pub(crate) struct Attribute {
    /// As it is written in HTML: `aria-label`.
    pub(crate) name: String,
    /// Where the name is one word.
    pub(crate) ident: Ident,
    pub(crate) value: TokenStream,
}

/// All nodes of a stream of tokens.
pub(crate) fn read(tokens: TokenStream) -> Vec<Node> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    // An expression may stand alone, without braces.
    if let Some(TokenTree::Ident(first)) = tokens.first()
        && first != "if"
        && first != "for"
    {
        return vec![Node::Block(tokens.into_iter().collect())];
    }
    Reader { tokens: &tokens, at: 0 }.nodes(None)
}

/// Reads tokens from the front.
struct Reader<'a> {
    tokens: &'a [TokenTree],
    at: usize,
}

impl Reader<'_> {
    /// The nodes up to the closing tag of `parent`, which is read, too, or to the end.
    fn nodes(&mut self, parent: Option<&str>) -> Vec<Node> {
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            if self.is_punct(0, '<') && self.is_punct(1, '/') {
                let span = token.span();
                self.at += 2;
                let closed = self.until('>');
                self.at += 1;
                if parent != Some(closed.to_string().as_str()) {
                    let expected = parent.map_or_else(|| "none".to_owned(), |parent| format!("</{parent}>"));
                    nodes.push(Node::Wrong(
                        span,
                        format!("found the closing tag </{closed}>, expected {expected}"),
                    ));
                }
                return nodes;
            }
            nodes.push(self.node(token));
        }
        if let Some(parent) = parent {
            nodes.push(Node::Wrong(Span::call_site(), format!("the tag <{parent}> is not closed")));
        }
        nodes
    }

    fn node(&mut self, token: &TokenTree) -> Node {
        match token {
            TokenTree::Literal(text) => {
                self.at += 1;
                Node::Text(text.to_token_stream())
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                self.at += 1;
                block(group.stream())
            }
            TokenTree::Ident(word) if word == "if" => self.branches(),
            TokenTree::Ident(word) if word == "for" => {
                let (head, children) = self.head();
                Node::Loop(head, children)
            }
            TokenTree::Punct(punct) if punct.as_char() == '<' => {
                self.at += 1;
                self.tag()
            }
            other => {
                self.at += 1;
                Node::Wrong(other.span(), format!("expected a tag, a block or a text, found {other}"))
            }
        }
    }

    fn is_punct(&self, ahead: usize, character: char) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(TokenTree::Punct(punct)) if punct.as_char() == character)
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(TokenTree::Ident(word)) if word == wanted)
    }

    /// The tokens before a character.
    fn until(&mut self, character: char) -> TokenStream {
        let mut out = TokenStream::new();
        while let Some(token) = self.tokens.get(self.at).filter(|_| !self.is_punct(0, character)) {
            out.extend([token.clone()]);
            self.at += 1;
        }
        out
    }

    /// What stands before a block, and the nodes in it. `<` compares here.
    fn head(&mut self) -> (TokenStream, Vec<Node>) {
        let mut head = TokenStream::new();
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token {
                // The braces of a pattern are followed by `=`.
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Brace && !self.is_punct(0, '=') =>
                {
                    return (head, read(group.stream()));
                }
                token => head.extend([token.clone()]),
            }
        }
        (head, Vec::new())
    }

    fn branches(&mut self) -> Node {
        let mut branches = vec![self.head()];
        while self.is_word("else") {
            branches.push(self.head());
        }
        Node::If(branches)
    }

    /// A path of names: `charts::Line`.
    fn path(&mut self) -> Vec<Ident> {
        let mut names = Vec::new();
        while let Some(TokenTree::Ident(name)) = self.tokens.get(self.at) {
            names.push(name.clone());
            self.at += 1;
            if !(self.is_punct(0, ':') && self.is_punct(1, ':')) {
                break;
            }
            self.at += 2;
        }
        names
    }

    /// What follows `<`.
    fn tag(&mut self) -> Node {
        let span = self.tokens.get(self.at).map_or_else(Span::call_site, TokenTree::span);
        if self.is_punct(0, '>') {
            self.at += 1;
            return Node::Fragment(self.nodes(Some("")));
        }
        let start = self.at;
        let names = self.path();
        let Some(last) = names.last().cloned() else {
            return Node::Wrong(span, "expected the name of an element or a component".to_owned());
        };
        if !last.to_string().starts_with(|first: char| first.is_ascii_uppercase()) {
            return self.element(last);
        }
        if self.is_punct(0, '<') {
            return self.generic(start);
        }
        let path = quote!(#(#names)::*);
        let properties = self.attributes();
        let base = (self.is_punct(0, '.') && self.is_punct(1, '.')).then(|| {
            self.at += 2;
            self.until('/')
        });
        match self.end_of_tag(&path.to_string()) {
            Ok(children) => Node::Component(Component { path, properties, base, children }),
            Err(wrong) => wrong,
        }
    }

    fn element(&mut self, name: Ident) -> Node {
        let start = self.at;
        let attributes = self.attributes();
        let written: TokenStream = self.tokens[start..self.at].iter().cloned().collect();
        match self.end_of_tag(&name.to_string()) {
            // Their values are what a reader types.
            Ok(_) if name == "input" || name == "textarea" => Node::Yew {
                open: quote!(<#name #written />),
                children: Vec::new(),
                close: TokenStream::new(),
            },
            Ok(children) => {
                Node::Element(Element { name, attributes, children: children.unwrap_or_default() })
            }
            Err(wrong) => wrong,
        }
    }

    /// A component with type arguments; its name begins at `start`.
    fn generic(&mut self, start: usize) -> Node {
        let mut depth = 0;
        loop {
            depth += i32::from(self.is_punct(0, '<')) - i32::from(self.is_punct(0, '>'));
            self.at += 1;
            if depth == 0 || self.at >= self.tokens.len() {
                break;
            }
        }
        let name: TokenStream = self.tokens[start..self.at].iter().cloned().collect();
        let attributes = self.until('>');
        self.at += 1;
        let mut children = Vec::new();
        while self.at < self.tokens.len() && !(self.is_punct(0, '<') && self.is_punct(1, '/')) {
            let token = &self.tokens[self.at];
            children.push(self.node(token));
        }
        // The closing tag has the same tokens.
        self.at += 3 + name.clone().into_iter().count();
        Node::Yew { open: quote!(<#name #attributes>), children, close: quote!(</#name>) }
    }

    /// The children, if the tag does not close itself.
    fn end_of_tag(&mut self, name: &str) -> Result<Option<Vec<Node>>, Node> {
        if self.is_punct(0, '/') && self.is_punct(1, '>') {
            self.at += 2;
            return Ok(None);
        }
        if self.is_punct(0, '>') {
            self.at += 1;
            return Ok(Some(self.nodes(Some(name))));
        }
        let (span, found) = match self.tokens.get(self.at) {
            Some(token) => (token.span(), token.to_string()),
            None => (Span::call_site(), "the end".to_owned()),
        };
        self.at = self.tokens.len();
        Err(Node::Wrong(
            span,
            format!("expected an attribute, `/>` or `>` in the tag <{name}>, found {found}"),
        ))
    }

    /// `name="text"`, `aria-label={expression}` and `{name}`, as many as there are.
    fn attributes(&mut self) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        loop {
            match self.tokens.get(self.at) {
                // `{name}` is short for `name={name}`.
                Some(TokenTree::Group(short)) => {
                    let name = short.stream();
                    let Some(TokenTree::Ident(ident)) = name.clone().into_iter().next() else { break };
                    attributes.push(Attribute { name: ident.to_string(), ident, value: name });
                    self.at += 1;
                }
                Some(TokenTree::Ident(ident)) => {
                    let mut name = ident.to_string();
                    self.at += 1;
                    while let Some(TokenTree::Punct(dash)) = self.tokens.get(self.at)
                        && matches!(dash.as_char(), '-' | ':')
                        && let Some(TokenTree::Ident(more)) = self.tokens.get(self.at + 1)
                    {
                        name = format!("{name}{}{more}", dash.as_char());
                        self.at += 2;
                    }
                    if !self.is_punct(0, '=') {
                        break;
                    }
                    let value = self.tokens.get(self.at + 1).map_or_else(TokenStream::new, value);
                    attributes.push(Attribute { name, ident: ident.clone(), value });
                    self.at += 2;
                }
                _ => break,
            }
        }
        attributes
    }
}

/// What the braces of a block enclose.
fn block(inner: TokenStream) -> Node {
    let mut tokens = inner.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Literal(text)), None) => Node::Text(text.to_token_stream()),
        (Some(TokenTree::Ident(word)), Some(second)) if word == "for" => {
            Node::Each(unwrapped([second].into_iter().chain(tokens).collect()))
        }
        _ => Node::Block(unwrapped(inner)),
    }
}

/// What stands behind `=`: a literal, or what the braces enclose.
fn value(token: &TokenTree) -> TokenStream {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => unwrapped(group.stream()),
        token => token.to_token_stream(),
    }
}

/// Without braces, unless there are several statements, which need them.
fn unwrapped(inner: TokenStream) -> TokenStream {
    let is_end = |token: TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    if inner.clone().into_iter().any(is_end) { quote!({ #inner }) } else { inner }
}
