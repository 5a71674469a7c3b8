//! The words that a visitor reads are the field's: what must not come back.

use proc_macro2::{TokenStream, TokenTree};
use std::path::{Path, PathBuf};

/// Home-made or British words, each with what is written instead.
const BANNED: &[(&str, &str)] = &[
    ("a guess", "chance level, or a prediction"),
    ("counting characters", "unigram baseline"),
    ("counting pairs", "bigram baseline"),
    ("of the likeliest", "top-k"),
    ("take along", "export"),
    ("all alike", "uniform"),
    ("looks back", "mean attention distance"),
    ("right answers", "accuracy"),
    ("wrong answers", "misclassified"),
    ("never seen", "held-out, or test set"),
    ("never trained on", "held-out, or test set"),
    ("first weights", "initialization"),
    ("nets drawn", "random initializations"),
    ("way back", "backward pass"),
    ("multiply-adds", "multiply-accumulates (MACs)"),
    ("stop of the kernel", "kernel position"),
    ("stops of the kernel", "kernel positions"),
    ("learned after", "steps to"),
    ("burn's own module", "burn's built-in layer"),
    ("kept run", "saved run"),
    ("is being fetched", "loading"),
    ("as fast as it goes", "at the current speed"),
    ("the net ", "the network"),
    ("nets ", "networks"),
    ("ordinary", "standard"),
    ("twin", "the network's name"),
    ("colour", "color"),
    ("grey", "gray"),
    ("favourite", "favorite"),
    ("behaviour", "behavior"),
    ("centre", "center"),
    ("it was left out", "it was ignored"),
    ("bring it", "try"),
    ("an epoch's", "per epoch"),
    (" a step takes", "time per step"),
];

/// All texts of a file's code: not its comments, and not its tests.
fn texts(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        i += 1;
        match token {
            // An attribute: a comment, or something of the compiler's. What a test has is skipped with its module.
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if matches!(tokens.get(i), Some(TokenTree::Punct(inner)) if inner.as_char() == '!') {
                    i += 1;
                }
                if let Some(TokenTree::Group(group)) = tokens.get(i) {
                    i += 1;
                    if group.stream().to_string().replace(' ', "") == "cfg(test)" {
                        return;
                    }
                }
            }
            TokenTree::Group(group) => texts(group.stream(), found),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    found.push(text.value());
                }
            }
            TokenTree::Punct(_) | TokenTree::Ident(_) => {}
        }
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn complaints(source: &str, text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let said = BANNED.iter().filter(|(word, _)| lower.contains(word));
    said.map(|(word, better)| format!("{source}: \"{word}\" ({better}) in: {text}")).collect()
}

#[test]
fn the_words_are_the_fields() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    assert!(files.len() > 100, "the tests run in the project's folder");
    let mut wrong = Vec::new();
    for path in files {
        let source = std::fs::read_to_string(&path).expect("a file");
        let mut found = Vec::new();
        texts(source.parse().expect("it is Rust"), &mut found);
        // Names of hooks, files and settings are one word; prose has blanks.
        let prose = found.iter().filter(|text| text.contains(' '));
        wrong.extend(prose.flat_map(|text| complaints(&path.display().to_string(), text)));
    }
    for page in ["README.md", "EMBEDDING.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(page).expect("a page");
        wrong.extend(text.lines().flat_map(|line| complaints(page, line)));
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_word_that_must_not_come_back_is_found() {
    let code = r#"/// The twin of it.
        fn f() -> Html { html! { <p title="grey skies">{ "Both nets learn." }</p> } }
        #[cfg(test)] mod tests { const A: &str = "a guess is made"; }"#;
    let mut found = Vec::new();
    texts(code.parse().expect("it is Rust"), &mut found);
    let wrong: Vec<_> = found.iter().flat_map(|text| complaints("here", text)).collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}
