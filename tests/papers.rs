//! Checks that the documentation agrees with the code.

use nn_lab::core::chapter::chapters;
use nn_lab::core::settings::{Kind, Param, Settings};
use nn_lab::for_each_section;
use nn_lab::run::Experiment;
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn versions_and_licenses_agree() {
    let citation = read("CITATION.cff");
    assert!(citation.contains(&format!("\nversion: {}\n", env!("CARGO_PKG_VERSION"))));
    assert_eq!(env!("CARGO_PKG_LICENSE"), "MIT OR Apache-2.0");
    assert!(read("LICENSE-MIT").contains("Permission is hereby granted"));
    assert!(read("LICENSE-APACHE").contains("Version 2.0, January 2004"));
}

/// Returns the paths of all documents: those in the root of the repository, and those in `docs`.
pub(crate) fn documents() -> Vec<String> {
    let docs = std::fs::read_dir("docs").expect("the folder docs").flatten();
    let docs = docs.map(|entry| entry.path().display().to_string()).filter(|path| path.ends_with(".md"));
    ["README.md", "EMBEDDING.md", "CONTRIBUTING.md"].map(str::to_owned).into_iter().chain(docs).collect()
}

#[test]
fn every_link_has_a_target() {
    for page in documents() {
        let text = read(&page);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap_or_default();
            assert!(Path::new(&page).with_file_name(file).exists(), "{page} has a link to {link}");
        }
        // Names of files in the project.
        for name in text.split('`').skip(1).step_by(2) {
            let ours =
                ["src/", "tests/", "scripts/", "static/"].iter().any(|folder| name.starts_with(folder));
            let one = !name.contains(['<', '*', ' ', '('])
                && !name.contains("cifar10")
                && !name.contains("gated_unit");
            assert!(!(ours && one) || Path::new(name).exists(), "{page} names {name}");
        }
    }
}

#[test]
fn no_line_is_repeated() {
    // The examples in EMBEDDING.md share lines, and sections share settings.
    let exempt = ["EMBEDDING.md", LISTS];
    for page in documents().into_iter().filter(|page| !exempt.contains(&page.as_str())) {
        let mut seen = BTreeSet::new();
        for line in read(&page).lines().filter(|line| line.len() > 20 && !line.starts_with("|---")) {
            // Tables of the same kind have the same heading.
            if line.starts_with("| Finding |") {
                continue;
            }
            // A row about a command is identified by its first cell.
            let command = line.strip_prefix("| `./lab").and_then(|row| row.split('|').next());
            let key = command.unwrap_or(line).trim().to_owned();
            assert!(seen.insert(key), "{page} says twice: {line}");
        }
    }
}

#[test]
fn the_list_of_sections_matches_the_registry() {
    let text = read("README.md");
    for section in nn_lab::sections::SECTIONS {
        assert!(
            text.contains(&format!("| `#/{}` |", section.slug)),
            "README has no row for {}",
            section.slug
        );
    }
}

/// The document with all names.
const LISTS: &str = "docs/embedding-lists.md";

/// Returns the reference of a section's settings, curves, metrics, chapters and figures.
fn reference<E: Experiment>(title: &str) -> String {
    let defaults = E::Config::default().to_values();
    let values = |param: &Param| match param.kind {
        Kind::Int { min, max, .. } => format!("{min} to {max}"),
        Kind::Float { min, max, .. } => format!("{min} to {max}"),
        Kind::Choice(options) | Kind::List(options) => {
            options.iter().map(|(slug, _)| format!("`{slug}`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Switch => "`true`, `false`".to_owned(),
        Kind::Text(kind) => kind.form.to_owned(),
        Kind::IntList(sizes) => {
            format!("up to {} numbers from {} to {}, such as `8,16,4`", sizes.max_len, sizes.min, sizes.max)
        }
    };
    let mut text = format!("## `{}`: {title}\n\n", E::SLUG);
    text += "| Setting | Values | Default | Meaning |\n|---|---|---|---|\n";
    for param in <E::Config as Settings>::PARAMS {
        let default = defaults.get(param.key).map(|value| param.text(value)).unwrap_or_default();
        let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
        let live = if param.live { "; may change during a run" } else { "" };
        text += &format!("| `{}` | {} | {default} | {}{live} |\n", param.key, values(param), param.label);
    }
    let presets: Vec<_> =
        <E::Config as Settings>::PRESETS.iter().map(|preset| format!("`{}`", preset.slug)).collect();
    if !presets.is_empty() {
        text += &format!("\nPresets: {}.\n", presets.join(", "));
    }
    let series = E::series(&E::Record::default());
    let curves: Vec<_> = series.iter().map(|series| format!("`{}`", series.metric)).collect();
    text += &format!("\nCurves: {}.\n\n| Metric | Meaning |\n|---|---|\n", curves.join(", "));
    for metric in E::metrics(&E::Config::default(), &E::Record::default()) {
        let unit = if metric.unit.is_empty() { String::new() } else { format!(", {}", metric.unit) };
        text += &format!("| `{}` | {}{unit} |\n", metric.name, metric.title);
    }
    text += "\n| Chapter | Question | Figures |\n|---|---|---|\n";
    for chapter in chapters(E::CHAPTERS) {
        let figures: Vec<_> = chapter.figures.iter().map(|(name, _)| format!("`{name}`")).collect();
        text += &format!("| `{}` | {} | {} |\n", chapter.slug, chapter.title, figures.join(", "));
    }
    if !E::EXPERIMENTS.is_empty() {
        text += "\n| Experiment | Question |\n|---|---|\n";
        for guided in E::EXPERIMENTS {
            text += &format!("| `{}` | {} |\n", guided.slug, guided.question);
        }
    }
    text + "\n"
}

/// `NN_LAB_RECORD=1 cargo test --features cpu --test native papers` rewrites the lists.
#[test]
fn the_lists_have_every_setting_curve_number_and_figure() {
    const BEGIN: &str =
        "<!-- lists: made by NN_LAB_RECORD=1 cargo test --features cpu --test native papers -->\n\n";
    const END: &str = "<!-- end of the lists -->\n";
    let mut lists = String::new();
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(lists += &reference::<nn_lab::sections::$module::$experiment>($title);)*
        };
    }
    for_each_section!(each);
    let text = read(LISTS);
    let (before, rest) = text.split_once(BEGIN).expect("the lists have a beginning");
    let (_, after) = rest.split_once(END).expect("the lists have an end");
    let expected = format!("{before}{BEGIN}{lists}{END}{after}");
    if std::env::var_os("NN_LAB_RECORD").is_some() {
        std::fs::write(LISTS, &expected).expect("the lists can be written");
    }
    assert_eq!(read(LISTS), expected);
}
