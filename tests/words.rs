//! Home-made and British words stay out of the page's texts, the documentation, the comments and the
//! identifiers.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Words banned from the page's texts and the documentation, each with its replacement.
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

/// Words banned from comments, each with its replacement. A `*` stands for any ending.
const BANNED_IN_COMMENTS: &[(&str, &str)] = &[
    ("way back", "backward pass"),
    ("ways back", "backward passes"),
    ("takes up", "restores"),
    ("taken up", "restored"),
    ("less the", "minus the"),
    ("the least", "the minimum"),
    ("the greatest", "the maximum"),
    ("held against", "compared with"),
    ("holds against", "compares with"),
    ("one a line", "one per line"),
    ("item a line", "one line per item"),
    ("a row a step", "one row per step"),
    ("so manyth", "every nth"),
    ("in vain", "without success"),
    ("be it", "also if"),
    ("of none", "None if there are no values"),
    ("for ever", "forever"),
    ("anew", "again"),
    ("right answers", "accuracy"),
    ("wrong answers", "errors"),
    ("first weights", "initialization"),
    ("nets", "networks"),
    ("the net", "the network"),
    ("a net", "a network"),
    ("each net", "each network"),
    ("twin*", "the actual relation"),
    ("centerd", "centered"),
    ("centre*", "center"),
    ("colour*", "color"),
    ("grey*", "gray"),
    ("neighbour*", "neighbor, or adjacent"),
    ("behaviour*", "behavior"),
    ("favour*", "favor"),
    ("licence*", "license"),
    ("formulae", "formulas"),
    ("labelled", "labeled"),
    ("modelled", "modeled"),
    ("travelled", "traveled"),
    ("misspelt", "misspelled"),
    ("learnt", "learned"),
    ("whilst", "while"),
    ("analyse", "analyze"),
    ("catalogue*", "catalog"),
    ("initialis*", "initialize"),
    ("normalis*", "normalize"),
    ("optimis*", "optimize"),
    ("recognis*", "recognize"),
    ("regularis*", "regularize"),
    ("visualis*", "visualize"),
    ("serialis*", "serialize"),
];

/// Words banned from identifiers, each with its replacement.
const BANNED_IN_NAMES: &[(&str, &str)] = &[
    ("most", "max"),
    ("least", "min"),
    ("greatest", "max"),
    ("twin", "the actual relation"),
    ("centerd", "centered"),
    ("centre", "center"),
    ("colour", "color"),
    ("grey", "gray"),
    ("neighbour", "neighbor"),
    ("neighbours", "neighbors"),
    ("behaviour", "behavior"),
    ("licence", "license"),
    ("formulae", "formulas"),
    ("labelled", "labeled"),
    ("learnt", "learned"),
];

/// Words that turn the start of a comment into a question, where the thing should be named instead.
const QUESTION_WORDS: &[&str] = &["What", "Who", "Whose", "Whether", "How", "Where", "Which", "Why"];

/// The maximum numbers of faults in the comments and identifiers of all files.
const MAX_OPENINGS: usize = 0;
const MAX_BANNED_IN_COMMENTS: usize = 0;
const MAX_BANNED_IN_NAMES: usize = 0;

/// Returns the paragraphs of a file's comments, each in one line.
fn comments(source: &str) -> Vec<String> {
    let (mut paragraphs, mut open) = (Vec::new(), false);
    for line in source.lines() {
        let comment = line.trim_start().strip_prefix("//").or_else(|| {
            // A comment after code, if no string is open there.
            let (code, comment) = line.split_once(" // ")?;
            code.matches('"').count().is_multiple_of(2).then_some(comment)
        });
        let text = comment.map(|comment| comment.trim_start_matches(['/', '!']).trim()).unwrap_or_default();
        if text.is_empty() {
            open = false;
            continue;
        }
        match paragraphs.last_mut().filter(|_| open && line.trim_start().starts_with("//")) {
            Some(paragraph) => *paragraph = format!("{paragraph} {text}"),
            None => paragraphs.push(text.to_owned()),
        }
        open = true;
    }
    paragraphs
}

/// Returns true if a comment starts with a bare question word.
fn opens_with_a_question(comment: &str) -> bool {
    let first =
        comment.trim_start_matches("- ").split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    QUESTION_WORDS.contains(&first)
}

/// Returns the banned words in a comment, each with its replacement.
fn banned_in_comment(comment: &str) -> Vec<&'static (&'static str, &'static str)> {
    let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
    let words: Vec<String> =
        comment.split_whitespace().map(|word| word.chars().map(plain).collect()).collect();
    let text = format!(" {} ", words.join(" ").split_whitespace().collect::<Vec<_>>().join(" "));
    let has = |word: &str| match word.strip_suffix('*') {
        Some(start) => text.contains(&format!(" {start}")),
        None => text.contains(&format!(" {word} ")),
    };
    BANNED_IN_COMMENTS.iter().filter(|(word, _)| has(word)).collect()
}

/// Adds the identifiers in some tokens to a set.
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

/// Returns the banned words in an identifier, each with its replacement.
fn banned_in_name(name: &str) -> Vec<&'static (&'static str, &'static str)> {
    let mut spaced = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && after_lower) {
            spaced.push(' ');
        }
        if c != '_' {
            spaced.extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase();
    }
    // "At most" and "at least" are plain English.
    let spaced = spaced.replace("at most", "").replace("at least", "");
    BANNED_IN_NAMES.iter().filter(|(word, _)| spaced.split(' ').any(|part| part == *word)).collect()
}

/// Returns the faults in a file's comments and identifiers: openings, words in comments, words in
/// identifiers.
fn faults(file: &str, source: &str) -> [Vec<String>; 3] {
    let mut faults = [const { Vec::new() }; 3];
    for comment in comments(source) {
        if opens_with_a_question(&comment) {
            faults[0].push(format!("{file}: {comment}"));
        }
        let banned = banned_in_comment(&comment).into_iter();
        faults[1].extend(banned.map(|(word, better)| format!("{file}: \"{word}\" ({better}) in: {comment}")));
    }
    let mut found = BTreeSet::new();
    names(source.parse().expect("it is Rust"), &mut found);
    for name in found {
        let banned = banned_in_name(&name).into_iter();
        faults[2].extend(banned.map(|(word, better)| format!("{file}: \"{word}\" ({better}) in: {name}")));
    }
    faults
}

#[test]
fn comments_and_identifiers_are_plain() {
    let mut all = [const { Vec::new() }; 3];
    for folder in ["src", "crates", "tests"] {
        let mut files = Vec::new();
        rust_files(Path::new(folder), &mut files);
        // This file has faults as examples.
        for path in files.iter().filter(|path| !path.ends_with("tests/words.rs")) {
            let source = std::fs::read_to_string(path).expect("a file");
            let found = faults(&path.display().to_string(), &source);
            all.iter_mut().zip(found).for_each(|(all, found)| all.extend(found));
        }
    }
    let max = [MAX_OPENINGS, MAX_BANNED_IN_COMMENTS, MAX_BANNED_IN_NAMES];
    let over: Vec<String> = std::iter::zip(&all, max)
        .filter(|(faults, max)| faults.len() > *max)
        .map(|(faults, max)| format!("{} faults, at most {max}:\n{}", faults.len(), faults.join("\n")))
        .collect();
    assert!(over.is_empty(), "{}", over.join("\n\n"));
}

#[test]
fn each_fault_of_comments_and_identifiers_is_found() {
    let code = r#"
        //! What a file is.
        //!
        //! A plain paragraph.
        /// Returns the gradient of the way
        /// back, in grey.
        fn f(most_steps: u32) {} // Whether it holds
        const LABELLED: &str = "nets // What"; // fine
        struct MostSteps;
    "#;
    let [openings, comments, names] = faults("here", code);
    assert_eq!(openings, ["here: What a file is.", "here: Whether it holds"]);
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert_eq!(names.len(), 3, "{names:?}");
    let fine = "/// Returns whether it holds.\nfn almost(x: u32) {} // Drops what is left.\n";
    assert_eq!(faults("here", fine), [const { Vec::<String>::new() }; 3]);
}

/// Collects all string literals in code, without comments and tests.
fn texts(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        i += 1;
        match token {
            // An attribute, which may be a doc comment. A test module is skipped.
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
fn texts_have_no_banned_words() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    assert!(files.len() > 100, "the tests run in the project's folder");
    let mut wrong = Vec::new();
    for path in files {
        let source = std::fs::read_to_string(&path).expect("a file");
        let mut found = Vec::new();
        texts(source.parse().expect("it is Rust"), &mut found);
        // Prose has spaces; names of hooks, files and settings have none.
        let prose = found.iter().filter(|text| text.contains(' '));
        wrong.extend(prose.flat_map(|text| complaints(&path.display().to_string(), text)));
    }
    for page in crate::papers::documents() {
        let text = std::fs::read_to_string(&page).expect("a document");
        wrong.extend(text.lines().flat_map(|line| complaints(&page, line)));
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_banned_word_is_found() {
    let code = r#"/// The twin of it.
        fn f() -> Html { html! { <p title="grey skies">{ "Both nets learn." }</p> } }
        #[cfg(test)] mod tests { const A: &str = "a guess is made"; }"#;
    let mut found = Vec::new();
    texts(code.parse().expect("it is Rust"), &mut found);
    let wrong: Vec<_> = found.iter().flat_map(|text| complaints("here", text)).collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}
