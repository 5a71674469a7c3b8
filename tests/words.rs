//! Texts on the page and in the documents use the field's standard terms: the words listed here must not come back.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Nonstandard or British words, each with its replacement.
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

/// Collects all string literals of a file, except those in comments and tests.
fn texts(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        i += 1;
        match token {
            // An attribute or a doc comment. A test's strings are skipped with its module.
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
fn texts_use_standard_terms() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    assert!(files.len() > 100, "the tests run in the project's folder");
    let mut wrong = Vec::new();
    for path in files {
        let source = std::fs::read_to_string(&path).expect("a file");
        let mut found = Vec::new();
        texts(source.parse().expect("it is Rust"), &mut found);
        // Names of hooks, files and settings are single words; prose contains spaces.
        let prose = found.iter().filter(|text| text.contains(' '));
        wrong.extend(prose.flat_map(|text| complaints(&path.display().to_string(), text)));
    }
    for page in crate::papers::documents() {
        let text = std::fs::read_to_string(&page).expect("a document");
        wrong.extend(text.lines().flat_map(|line| complaints(&page, line)));
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// Words that are banned in comments; the list for texts has terms that are right in code, such as "ordinary".
const BANNED_IN_COMMENTS: &[&str] = &[
    "twin",
    "way back",
    "colour",
    "grey",
    "favourite",
    "behaviour",
    "centre",
    "licence",
    "neighbour",
    "formulae",
];

/// Parts of names that are banned: British spelling, leftovers of replacements, and nonstandard terms.
const BANNED_IN_NAMES: &[&str] =
    &["centerd", "colour", "grey", "behaviour", "neighbour", "formulae", "twin", "MOST_"];

/// Question words that make a fragment of a comment, such as "What the backward pass finds."
const QUESTION_WORDS: &[&str] = &["What", "Who", "Whether", "How", "Where", "Which"];

/// Comments that open with a question word; the limit allows real questions and rare exceptions.
const MAX_QUESTION_OPENINGS: usize = 50;

/// Returns the comments of a file, each with the number of its first line; adjacent lines are one comment.
fn comments(source: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (index, line) in source.lines().enumerate() {
        let text =
            line.trim_start().strip_prefix("//").map(|text| text.trim_start_matches(['/', '!']).trim());
        match (text, found.last_mut()) {
            (Some(text), Some((_, comment))) if is_open && !text.is_empty() => {
                comment.push(' ');
                comment.push_str(text);
            }
            (Some(text), _) if !text.is_empty() => found.push((index + 1, text.to_owned())),
            _ => {}
        }
        is_open = text.is_some_and(|text| !text.is_empty());
    }
    found
}

/// Returns the names in the code of a file.
fn names(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => names(group.stream(), found),
            TokenTree::Ident(ident) => {
                found.insert(ident.to_string());
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[test]
#[ignore = "until every comment has been rewritten"]
fn comments_and_names_use_standard_terms() {
    let mut files = Vec::new();
    for folder in ["src", "crates", "tests", "scripts/section"] {
        rust_files(Path::new(folder), &mut files);
    }
    let (mut wrong, mut openings) = (Vec::new(), Vec::new());
    for path in files.into_iter().filter(|path| !path.ends_with("tests/words.rs")) {
        let source = std::fs::read_to_string(&path).expect("a file");
        let path = path.display();
        for (line, comment) in comments(&source) {
            let lower = comment.to_lowercase();
            let said = BANNED_IN_COMMENTS.iter().filter(|word| lower.contains(**word));
            wrong.extend(said.map(|word| format!("{path}:{line}: \"{word}\" in: {comment}")));
            let first = comment.split([' ', ',']).next().unwrap_or_default();
            if QUESTION_WORDS.contains(&first) && !comment.contains('?') {
                openings.push(format!("{path}:{line}: {comment}"));
            }
        }
        let mut found = BTreeSet::new();
        names(source.parse().expect("it is Rust"), &mut found);
        let banned = |name: &&String| BANNED_IN_NAMES.iter().any(|part| name.contains(part));
        wrong.extend(found.iter().filter(banned).map(|name| format!("{path}: the name {name}")));
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
    let n = openings.len();
    assert!(n <= MAX_QUESTION_OPENINGS, "{n} comments open with a question word:\n{}", openings.join("\n"));
}

#[test]
fn banned_words_are_found() {
    let code = r#"/// The twin of it.
        fn f() -> Html { html! { <p title="grey skies">{ "Both nets learn." }</p> } }
        #[cfg(test)] mod tests { const A: &str = "a guess is made"; }"#;
    let mut found = Vec::new();
    texts(code.parse().expect("it is Rust"), &mut found);
    let wrong: Vec<_> = found.iter().flat_map(|text| complaints("here", text)).collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    let found = comments("fn f() {}\n/// What it does.\n/// More.\n\n    // Why.\n    g();\n// Next.\n");
    let texts: Vec<_> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(texts, [(2, "What it does. More."), (5, "Why."), (7, "Next.")]);
}
