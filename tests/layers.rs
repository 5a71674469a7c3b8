//! The arrows of the architecture run one way, between layers and between files. These tests parse all of
//! `src` and read every path: in `use` trees, in code, in types and inside macros, however it is written.

use crate::rust_paths::{Found, read};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer in `src`, with the other layers that it may name.
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
    // The reference cases for a device, shared by the workers and the native tests.
    ("verify", &["core", "data", "models", "run"]),
    ("protocol", &["core"]),
    // Downloads, for the page and its workers.
    ("transfer", &[]),
    (
        "worker",
        &[
            "core",
            "data::assets",
            "data::own",
            "data::reference",
            "data::safetensors",
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
    ("coursework", &["core", "assignment", "saved_runs"]),
    ("embedding", &[]),
    ("saved_runs", &["core", "run", "protocol", "sections"]),
    ("charts", &[]),
    ("ui", &["core", "charts", "assignment", "protocol"]),
    (
        "panel",
        &[
            "core",
            "run",
            "charts",
            "ui",
            "embedding",
            "assignment",
            "coursework",
            "protocol",
            "client",
            "saved_runs",
        ],
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
            "coursework",
            "saved_runs",
            "protocol",
            "client",
            "panel",
            "sections",
        ],
    ),
    ("bin", &["app", "coursework", "worker"]),
];

/// Crates and modules that a layer's code must not name.
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
    ("coursework", &[DOM, CLOCK, BURN]),
    ("embedding", &[BURN]),
    ("charts", &[BURN]),
    ("ui", &[BURN]),
    ("panel", &[BURN]),
    ("app", &[BURN]),
];

/// Modules in which a section's name means something else, such as a hook that pages and tests rely on.
const HOMONYMS: &[(&str, &str)] = &[
    ("sections::transformer::panel::heads", "attention"),
    ("sections::transformer::chapters", "attention"),
    // A key in a fixture.
    ("verify::attention", "attention"),
];

/// The macros at the root of the crate. They are not layers.
const MACROS: &[&str] = &["for_each_section", "settings", "choices", "keys", "own_arms", "own_files"];

/// Returns the folders of the sections, which are their slugs.
fn slugs() -> BTreeSet<String> {
    let entries = fs::read_dir("src/sections").expect("the tests run in the project's folder");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Returns the layer of a module, from the module's path.
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

/// Returns the faults of a module's file: arrows that run the wrong way, banned crates, and names of other
/// sections.
fn warnings(module: &str, text: &str, slugs: &BTreeSet<String>) -> Vec<String> {
    let module: Vec<String> = module.split("::").map(str::to_owned).collect();
    let layer = layer(&module);
    let own_section = (module.len() > 1 && module[0] == "sections").then(|| module[1].clone());
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{layer} is not in the table of layers")];
    };
    let banned = BANNED.iter().find(|(name, _)| *name == layer).map_or(&[][..], |(_, words)| *words);
    let Found { inner, outer, strings, .. } = read(&module, text);
    let mut wrong = Vec::new();
    for path in inner {
        let first = path.first().map(String::as_str).unwrap_or_default();
        let whole = path.join("::");
        let allows = |allowed: &&str| whole == **allowed || whole.starts_with(&format!("{allowed}::"));
        let at_home = match &own_section {
            // In a section's folder, the files that measure must not name the files that draw.
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
    // Only the registry has the names of sections; a model's architecture may share the name of its section.
    for text in strings.iter().filter(|text| slugs.contains(*text)) {
        if own_section.as_ref() != Some(text) && !HOMONYMS.contains(&(module.join("::").as_str(), text)) {
            wrong.push(format!("has the section's name \"{text}\""));
        }
    }
    wrong
}

/// Returns the Rust files in a folder, each with the path of its module from the crate's root; `lib.rs` has
/// the path `lib`.
fn modules(root: &str) -> Vec<(String, PathBuf)> {
    let mut modules = Vec::new();
    let mut folders = vec![Path::new(root).to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).expect("a path in the folder").display().to_string();
            if let Some(module) = name.strip_suffix(".rs") {
                modules.push((module.trim_end_matches("/mod").replace('/', "::"), path));
            }
        }
    }
    modules
}

#[test]
fn arrows_run_one_way() {
    let slugs = slugs();
    let modules = modules("src");
    assert!(modules.len() > 100, "only {} files were read", modules.len());
    let mut wrong = Vec::new();
    for (module, path) in modules.iter().filter(|(module, _)| module != "lib") {
        let text = fs::read_to_string(path).expect("a readable file");
        wrong.extend(
            warnings(module, &text, &slugs).into_iter().map(|what| format!("{} {what}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A frame with `sandbox="allow-scripts"` blocks the submission of forms without a message.
#[test]
fn the_page_has_no_forms() {
    let files = modules("src").into_iter().map(|(_, path)| path);
    let forms = files.filter(|path| fs::read_to_string(path).expect("a readable file").contains("<form"));
    assert_eq!(forms.collect::<Vec<_>>(), Vec::<PathBuf>::new(), "buttons and `ui::on_enter` do the same");
}

/// Returns the circles among modules: each is the list of modules that name each other, directly or through
/// others. A re-export is not an arrow; a name that is taken through one is an arrow to the module that
/// defines it.
fn circles(modules: &[(String, String)]) -> Vec<Vec<String>> {
    let found: BTreeMap<String, Found> = modules
        .iter()
        .map(|(module, text)| {
            let path: Vec<String> =
                module.split("::").filter(|part| *part != "lib").map(str::to_owned).collect();
            (module.clone(), read(&path, text))
        })
        .collect();
    let arrows: BTreeMap<&str, BTreeSet<&str>> = found
        .iter()
        .map(|(module, names)| {
            let targets = names.code.iter().filter_map(|path| defining(&found, path, 8));
            (module.as_str(), targets.filter(|target| target != module).collect())
        })
        .collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        arrows.keys().map(|module| (*module, reached(&arrows, module))).collect();
    let circle = |(module, all): (&&str, &BTreeSet<&str>)| {
        let back = all.iter().filter(|other| reached[**other].contains(*module));
        back.map(|other| (*other).to_owned()).collect::<Vec<_>>()
    };
    let circles: BTreeSet<Vec<String>> =
        reached.iter().map(circle).filter(|circle| !circle.is_empty()).collect();
    circles.into_iter().collect()
}

/// Returns the modules that a module names, directly or through others.
fn reached<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        open.extend(arrows[module].iter().filter(|target| seen.insert(**target)));
    }
    seen
}

/// Returns the module that defines the item with this path, following at most `depth` re-exports.
fn defining<'a>(found: &'a BTreeMap<String, Found>, path: &[String], depth: usize) -> Option<&'a str> {
    let (length, module) = (0..=path.len()).rev().find_map(|length| {
        let module = if length == 0 { "lib".to_owned() } else { path[..length].join("::") };
        found.get_key_value(&module).map(|(module, _)| (length, module))
    })?;
    let export = path.get(length).and_then(|item| {
        found[module].exports.iter().find(|(name, target)| name == item && target.as_slice() != path)
    });
    match export {
        Some((_, target)) if depth > 0 => {
            let target: Vec<String> = target.iter().chain(&path[length + 1..]).cloned().collect();
            defining(found, &target, depth - 1)
        }
        _ => Some(module),
    }
}

#[test]
fn no_files_name_each_other() {
    let mut found = Vec::new();
    for root in ["src", "crates/kernels/src"] {
        let read =
            |(module, path): (String, PathBuf)| (module, fs::read_to_string(path).expect("a readable file"));
        let modules: Vec<_> = modules(root).into_iter().map(read).collect();
        found.extend(circles(&modules));
    }
    let found: Vec<String> = found.iter().map(|circle| circle.join(", ")).collect();
    assert!(found.is_empty(), "circles between files:\n{}", found.join("\n"));
}

#[test]
fn a_circle_is_found_through_re_exports() {
    let circles = |files: &[(&str, &str)]| {
        let owned = |(module, text): &(&str, &str)| ((*module).to_owned(), (*text).to_owned());
        circles(&files.iter().map(owned).collect::<Vec<_>>())
    };
    let hub = ("a", "mod b; mod c; pub use b::B; pub use crate::a::c::C;");
    let one_way =
        [hub, ("a::b", "use crate::a::C;"), ("a::c", "pub struct C; mod tests { use crate::a::b; }")];
    assert_eq!(circles(&one_way), Vec::<Vec<String>>::new());
    let both = [hub, ("a::b", "use super::C;"), ("a::c", "fn f(b: crate::a::B) {}")];
    assert_eq!(circles(&both), [["a::b", "a::c"]]);
    let three = [
        ("a", "use crate::b::X;"),
        ("b", "use crate::c::Y;"),
        ("c", "fn f() { crate::a::z() }"),
        ("d", "use crate::a::Z;"),
    ];
    assert_eq!(circles(&three), [["a", "b", "c"]]);
}

#[test]
fn every_form_of_a_path_is_read() {
    let slugs = slugs();
    let check = |module: &str, text: &str, expected: &[&str]| {
        assert_eq!(warnings(module, text, &slugs), expected, "{module}: {text}");
    };
    check("charts::line", "use crate::run::Experiment;", &["names run::Experiment"]);
    check(
        "charts::line",
        "use crate::{charts::bar, run::{Emit, Directive}};",
        &["names run::Emit", "names run::Directive"],
    );
    check("charts::line", "use crate::run as shapes;", &["names run"]);
    check("charts::line", "use crate::run::*;", &["names run"]);
    check("charts::line", "use super::super::run::Emit;", &["names run::Emit"]);
    check("charts::line", "mod inner { use super::super::super::run::Emit; }", &["names run::Emit"]);
    check("core::curve", "fn f() -> crate::client::Client { todo() }", &["names client::Client"]);
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
    // Paths that are allowed.
    check("sections::mlp::panel", "use crate::charts::Table; use super::{Mlp, Record};", &[]);
    check("sections::mlp::train", "use super::nets::net; use burn::tensor::Tensor;", &[]);
    check("app", "#[cfg(test)] mod tests { fn f() { go(\"mlp\") } }", &[]);
}
