//! The arrows of the architecture run one way. This reads every `use crate::` and `crate::` path below `src`.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

/// Each layer, and the layers that it may name.
const MAY_USE: &[(&str, &[&str])] = &[
    // An error type is all that a reader of files needs of the layer above it.
    ("data", &["data", "experiments::LabError"]),
    ("models", &["models"]),
    ("experiments", &["experiments", "data", "models"]),
    ("sections", &["experiments"]),
    ("protocol", &["experiments"]),
    ("worker", &["worker", "experiments", "models", "protocol", "sections", "for_each_section"]),
    ("lab", &["lab", "experiments", "protocol"]),
    ("lesson", &["lesson"]),
    ("host", &["host"]),
    ("keep", &["keep", "experiments", "protocol", "sections"]),
    ("charts", &["charts"]),
    ("ui", &["ui", "charts", "experiments", "lesson", "protocol"]),
    ("panels", &["panels", "ui", "charts", "experiments", "host", "lesson", "protocol", "lab", "keep"]),
    (
        "app",
        &["app", "panels", "ui", "experiments", "host", "lesson", "protocol", "sections", "for_each_section"],
    ),
];

#[test]
fn arrows_run_one_way() {
    let mut wrong = Vec::new();
    visit(Path::new("src"), &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_arrow_is_seen() {
    assert_eq!(wrong_arrows("charts", "use crate::experiments::Check;"), ["experiments::Check"]);
    assert_eq!(wrong_arrows("experiments", "fn f() { crate::lab::x() }"), ["lab::x"]);
    assert!(wrong_arrows("panels", "use crate::charts::Table;").is_empty());
}

#[test]
fn only_compute_layers_name_burn_and_experiments_name_no_dom() {
    let mut wrong = Vec::new();
    for (layer, banned) in [
        ("charts", &["burn::"][..]),
        ("ui", &["burn::"]),
        ("panels", &["burn::"]),
        ("app", &["burn::"]),
        ("lab", &["burn::"]),
        ("keep", &["web_sys", "yew", "gloo", "js_sys", "std::thread", "std::time"]),
        ("experiments", &["web_sys", "yew", "gloo", "js_sys", "std::thread", "std::time"]),
        ("models", &["web_sys", "yew", "gloo", "js_sys", "std::thread", "std::time"]),
        ("data", &["web_sys", "yew", "gloo", "js_sys", "std::thread", "std::time"]),
    ] {
        for (path, text) in sources(layer) {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                wrong.extend(
                    banned
                        .iter()
                        .filter(|word| line.contains(**word))
                        .map(|word| format!("{path} names {word}")),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn visit(root: &Path, wrong: &mut Vec<String>) {
    for (layer, _) in MAY_USE {
        for (path, text) in sources(layer) {
            wrong.extend(wrong_arrows(layer, &text).into_iter().map(|arrow| format!("{path} names {arrow}")));
        }
    }
    assert!(root.is_dir(), "the tests run in the project's folder");
}

fn wrong_arrows(layer: &str, text: &str) -> Vec<String> {
    let (_, allowed) = MAY_USE.iter().find(|(name, _)| *name == layer).expect("a known layer");
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
            rest[..end].trim_end_matches(':').to_owned()
        })
        .filter(|path| {
            let allows = |allowed: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
            !path.is_empty() && !allowed.iter().any(|a| allows(a))
        })
        .collect()
}

/// The files of a layer: `src/layer.rs` and all below `src/layer/`.
fn sources(layer: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new("src").join(layer)];
    let single = Path::new("src").join(format!("{layer}.rs"));
    let mut paths = vec![single];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "rs")) {
        if let Ok(text) = fs::read_to_string(path) {
            files.push((path.display().to_string(), text));
        }
    }
    files
}
