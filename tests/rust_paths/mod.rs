//! The paths in a Rust file, resolved as the compiler would.

use syn::visit::{self, Visit};

/// The paths and strings in a file.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// All paths into the crate, from its root.
    pub inner: Vec<Vec<String>>,
    /// The paths in `inner` outside of test modules and re-exports.
    pub code: Vec<Vec<String>>,
    /// The re-exported names, each with its path from the crate's root.
    pub exports: Vec<(String, Vec<String>)>,
    /// Paths that start elsewhere, as they are written.
    pub outer: Vec<String>,
    /// String literals outside of test modules.
    pub strings: Vec<String>,
}

/// Reads the file of a module. `module` is the module's path from the crate's root.
pub(crate) fn read(module: &[String], text: &str) -> Found {
    let file = syn::parse_file(text).expect("a file of Rust");
    let mut reader = Reader { module: module.to_vec(), tests: 0, exporting: false, found: Found::default() };
    reader.visit_file(&file);
    reader.found
}

struct Reader {
    module: Vec<String>,
    /// The number of test modules around the current item.
    tests: usize,
    /// True inside of a `use` that is not private.
    exporting: bool,
    found: Found,
}

impl Reader {
    /// Records a path: from the crate's root, from the current module up, or from elsewhere.
    fn path(&mut self, segments: &[String]) {
        let Some(first) = segments.first() else { return };
        match first.as_str() {
            "crate" | "nn_lab" => self.inner(segments[1..].to_vec()),
            "super" | "self" => {
                let ups =
                    segments.iter().take_while(|segment| *segment == "super" || *segment == "self").count();
                let supers = segments.iter().take(ups).filter(|segment| *segment == "super").count();
                let mut whole = self.module[..self.module.len().saturating_sub(supers)].to_vec();
                whole.extend_from_slice(&segments[ups..]);
                self.inner(whole);
            }
            _ => self.found.outer.push(segments.join("::")),
        }
    }

    fn inner(&mut self, path: Vec<String>) {
        if self.tests == 0 && !self.exporting {
            self.found.code.push(path.clone());
        }
        self.found.inner.push(path);
    }

    /// Records a re-export. A path without a keyword in front starts at the current module.
    fn export(&mut self, name: String, segments: &[String]) {
        let keyword =
            segments.first().is_some_and(|first| ["crate", "super", "self"].contains(&first.as_str()));
        let target = match segments {
            [first, rest @ ..] if first == "crate" => rest.to_vec(),
            [first, rest @ ..] if first == "super" => {
                let parent = self.module.len().saturating_sub(1);
                self.module[..parent].iter().chain(rest).cloned().collect()
            }
            _ => self.module.iter().chain(&segments[usize::from(keyword)..]).cloned().collect(),
        };
        self.found.exports.push((name, target));
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        if self.exporting {
            match tree {
                syn::UseTree::Name(name) => {
                    self.export(name.ident.to_string(), &with(name.ident.to_string()))
                }
                syn::UseTree::Rename(name) => {
                    self.export(name.rename.to_string(), &with(name.ident.to_string()))
                }
                _ => {}
            }
        }
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(path.ident.to_string())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
            syn::UseTree::Glob(_) => self.path(before),
            syn::UseTree::Name(name) if name.ident == "self" => self.path(before),
            syn::UseTree::Name(name) => self.path(&with(name.ident.to_string())),
            syn::UseTree::Rename(rename) => self.path(&with(rename.ident.to_string())),
        }
    }

    /// Records the paths in a macro's arguments. They have no grammar, so every `a::b` counts, also in
    /// strings.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        use proc_macro2::TokenTree;
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.end(&mut path);
                    colons = 0;
                    match other {
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        TokenTree::Literal(literal) => {
                            if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                                self.text(text.value());
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            let path = std::mem::take(path);
            self.path(&path);
        }
        path.clear();
    }

    fn text(&mut self, text: String) {
        if text.starts_with("crate::") {
            let path: Vec<String> = text.split("::").map(str::to_owned).collect();
            self.path(&path);
        }
        if self.tests == 0 {
            self.found.strings.push(text);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.exporting = !matches!(item.vis, syn::Visibility::Inherited);
        self.tree(&item.tree, &[]);
        self.exporting = false;
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.content.is_none() {
            return;
        }
        let is_test = item.ident == "tests";
        self.module.push(item.ident.to_string());
        self.tests += usize::from(is_test);
        visit::visit_item_mod(self, item);
        self.tests -= usize::from(is_test);
        self.module.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.path(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_path(&item.path);
        self.tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.text(text.value());
    }
}
