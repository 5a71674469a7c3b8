//! Dependencies between modules run one way. The test parses all of `src` and reads every path: in `use` trees, in code, in
//! types and inside macros, in any notation.

use crate::rust_paths::{Found, read};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each layer in `src`, and the layers that it may use besides itself.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("data", &["core"]),
    ("models", &[]),
    ("run", &["core", "data", "models"]),
    // The files of a section that measure, and the files that draw.
    ("sections/run", &["core", "data", "models", "run"]),
    (
        "sections/panel",
        &[
            "core",
            "data::classes",
            "run",
            "panel",
            "charts",
            "ui",
            "embedding",
            "assignment",
            "client",
            "saved_runs",
            "protocol",
        ],
    ),
    // The registry.
    ("sections", &["run"]),
    // The reference cases for a device, shared by the worker and the native tests.
    ("verify", &["core", "data", "models", "run"]),
    ("protocol", &["core"]),
    // Downloads from the server, for the page and its workers.
    ("transfer", &[]),
    (
        "worker",
        &[
            "core",
            "data::assets",
            "data::reference",
            "data::visitor_files",
            "models",
            "run",
            "verify",
            "protocol",
            "sections",
            "transfer",
        ],
    ),
    ("client", &["core", "run", "protocol", "transfer", "verify::report"]),
    ("assignment", &["core"]),
    ("embedding", &[]),
    ("saved_runs", &["core", "run", "protocol", "sections"]),
    ("charts", &[]),
    ("ui", &["core", "charts", "assignment", "protocol"]),
    (
        "panel",
        &["core", "run", "charts", "ui", "embedding", "assignment", "protocol", "client", "saved_runs"],
    ),
    (
        "app",
        &[
            "core",
            "run",
            "charts",
            "ui",
            "embedding",
            "assignment",
            "protocol",
            "client",
            "panel",
            "sections",
        ],
    ),
    ("bin", &["app", "worker"]),
];

/// Crates and modules that a layer must not use.
const DOM: &[&str] = &["yew", "web_sys", "gloo", "js_sys", "wasm_bindgen"];
const CLOCK: &[&str] = &["std::thread", "std::time"];
const BURN: &[&str] = &["burn", "cubecl", "nalgebra"];
const BANNED: &[(&str, &[&[&str]])] = &[
    ("core", &[DOM, CLOCK, BURN]),
    ("data", &[DOM, CLOCK]),
    ("models", &[DOM, CLOCK]),
    ("run", &[DOM, CLOCK]),
    ("sections/run", &[DOM, CLOCK]),
    ("verify", &[DOM, CLOCK]),
    ("sections/panel", &[BURN]),
    ("saved_runs", &[DOM, CLOCK, BURN]),
    ("protocol", &[DOM, CLOCK, BURN]),
    ("transfer", &[BURN]),
    ("client", &[BURN]),
    ("assignment", &[BURN]),
    ("embedding", &[BURN]),
    ("charts", &[BURN]),
    ("ui", &[BURN]),
    ("panel", &[BURN]),
    ("app", &[BURN]),
];

/// Names of sections that mean something else in a module: a hook that pages and tests rely on.
const HOMONYMS: &[(&str, &str)] = &[
    ("sections::transformer::panel::heads", "attention"),
    ("sections::transformer::chapters", "attention"),
    // The name of a fixture's field.
    ("verify::attention", "attention"),
];

/// The lab's macros, which are exported at the root of the crate and are not layers.
const MACROS: &[&str] = &["for_each_section", "settings", "choices", "keys", "own_arms", "own_files"];

/// Returns the names of the sections' folders, which are their slugs.
fn slugs() -> BTreeSet<String> {
    let entries = fs::read_dir("src/sections").expect("the tests run in the project's folder");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Returns the layer of a module with this path from the crate's root.
fn layer(module: &[String]) -> String {
    match module {
        [first, _, rest @ ..] if first == "sections" => {
            let draws = rest.first().is_some_and(|file| file == "panel");
            if draws { "sections/panel" } else { "sections/run" }.to_owned()
        }
        [first, ..] => first.clone(),
        [] => "lib".to_owned(),
    }
}

/// Returns the violations in a file of that module: dependencies on higher layers, banned crates, and names of other
/// sections.
fn warnings(module: &str, text: &str, slugs: &BTreeSet<String>) -> Vec<String> {
    let module: Vec<String> = module.split("::").map(str::to_owned).collect();
    let layer = layer(&module);
    let own_section = (module.len() > 1 && module[0] == "sections").then(|| module[1].clone());
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{layer} is not in the table of layers")];
    };
    let banned = BANNED.iter().find(|(name, _)| *name == layer).map_or(&[][..], |(_, words)| *words);
    let Found { inner, outer, strings } = read(&module, text);
    let mut wrong = Vec::new();
    for path in inner {
        let first = path.first().map(String::as_str).unwrap_or_default();
        let whole = path.join("::");
        let allows = |allowed: &&str| whole == **allowed || whole.starts_with(&format!("{allowed}::"));
        let at_home = match &own_section {
            // Within a section's folder, files that measure must not use files that draw.
            Some(own) if first == "sections" => {
                let draws = path.get(2).is_some_and(|file| file == "panel");
                path.get(1).is_some_and(|section| section == own) && (layer == "sections/panel" || !draws)
            }
            Some(_) => false,
            None => first == module[0],
        };
        if first.is_empty() || MACROS.contains(&first) || at_home || allowed.iter().any(allows) {
            continue;
        }
        wrong.push(format!("names {whole}"));
    }
    for path in outer {
        let names = |word: &&str| path == **word || path.starts_with(&format!("{word}::"));
        if banned.iter().flat_map(|words| words.iter()).any(names) {
            wrong.push(format!("names {path}"));
        }
    }
    // Only the registry has the names of sections; an architecture may share the name of its own section.
    for text in strings.iter().filter(|text| slugs.contains(*text)) {
        if own_section.as_ref() != Some(text) && !HOMONYMS.contains(&(module.join("::").as_str(), text)) {
            wrong.push(format!("has the section's name \"{text}\""));
        }
    }
    wrong
}

#[test]
fn dependencies_run_one_way() {
    let slugs = slugs();
    let mut wrong = Vec::new();
    let mut folders = vec![Path::new("src").to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.display().to_string();
            let Some(module) = name.strip_prefix("src/").and_then(|name| name.strip_suffix(".rs")) else {
                continue;
            };
            files += 1;
            if module == "lib" {
                continue;
            }
            let module = module.trim_end_matches("/mod").replace('/', "::");
            let text = fs::read_to_string(&path).expect("a readable file");
            wrong.extend(warnings(&module, &text, &slugs).into_iter().map(|what| format!("{name} {what}")));
        }
    }
    assert!(files > 100, "only {files} files were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn violations_are_found_in_any_notation() {
    let slugs = slugs();
    let check = |module: &str, text: &str, expected: &[&str]| {
        assert_eq!(warnings(module, text, &slugs), expected, "{module}: {text}");
    };
    check("charts::line", "use crate::run::Experiment;", &["names run::Experiment"]);
    check(
        "charts::line",
        "use crate::{charts::bar, run::{RunContext, Directive}};",
        &["names run::RunContext", "names run::Directive"],
    );
    check("charts::line", "use crate::run as shapes;", &["names run"]);
    check("charts::line", "use crate::run::*;", &["names run"]);
    check("charts::line", "use super::super::run::RunContext;", &["names run::RunContext"]);
    check(
        "charts::line",
        "mod inner { use super::super::super::run::RunContext; }",
        &["names run::RunContext"],
    );
    check("core::curve", "fn f() -> crate::client::Session { todo() }", &["names client::Session"]);
    check("core::curve", "fn f() { say!(\"{}\", crate::client::x()) }", &["names client::x"]);
    check("core::curve", "macro_rules! m { () => { $crate::client::x() } }", &["names client::x"]);
    check("core::curve", "#[serde(with = \"crate::client::x\")] struct S;", &["names client::x"]);
    check("bin::app", "fn main() { nn_lab::client::start() }", &["names client::start"]);
    check("gadgets", "", &["gadgets is not in the table of layers"]);
    check("sections::mlp::train", "use yew::prelude::*;", &["names yew::prelude"]);
    check("sections::mlp::train", "fn now() -> std::time::Instant { now() }", &["names std::time::Instant"]);
    check("sections::mlp::panel", "use burn::tensor::Tensor;", &["names burn::tensor::Tensor"]);
    check("sections::mlp::panel::text", "use super::super::super::cnn::Cnn;", &["names sections::cnn::Cnn"]);
    check("sections::mlp::train", "use super::panel::Part;", &["names sections::mlp::panel::Part"]);
    check("sections::mlp", "use crate::ui::figure::Figure;", &["names ui::figure::Figure"]);
    check("app", "fn home() -> &'static str { \"rnn\" }", &["has the section's name \"rnn\""]);
    // Permitted uses.
    check("sections::mlp::panel", "use crate::charts::Table; use super::{Mlp, Record};", &[]);
    check("sections::mlp::train", "use super::nets::net; use burn::tensor::Tensor;", &[]);
    check("app", "#[cfg(test)] mod tests { fn f() { go(\"mlp\") } }", &[]);
}
