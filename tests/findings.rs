//! The measurements behind `docs/findings.md`, which the page shows as `findings.html`. Each section's test is
//! called `findings_of_...` and is ignored, because it takes minutes.

/// Asserts that the document has a finding's numbers in the table of a section, and prints them. With
/// `NN_LAB_RECORD=1` it only prints them.
#[cfg(feature = "compute")]
#[track_caller]
pub(crate) fn assert_found(section: &str, finding: &str, numbers: &str) {
    println!("{section} | {finding} | {numbers}");
    if std::env::var_os("NN_LAB_RECORD").is_some() {
        return;
    }
    assert_in_document(section, finding, numbers);
}

/// Asserts that the document has a finding's numbers in the table of a section.
#[cfg(feature = "compute")]
#[track_caller]
pub(crate) fn assert_in_document(section: &str, finding: &str, numbers: &str) {
    let row = row(&document(), section, finding).unwrap_or_else(|| panic!("{section} has no row {finding}"));
    let [_, found, ..] = &*row else { panic!("{row:?} has no numbers") };
    assert_eq!(found, numbers, "{section}: {finding}");
}

fn document() -> String {
    std::fs::read_to_string("docs/findings.md").expect("docs/findings.md")
}

/// Returns the cells of the row that starts with these words.
#[cfg(feature = "compute")]
fn row(text: &str, section: &str, finding: &str) -> Option<Vec<String>> {
    let (_, table) = text.split_once(&format!("\n## {section}\n"))?;
    let table = table.split("\n## ").next()?;
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    table.lines().map(cells).find(|cells| cells.first().is_some_and(|first| first.starts_with(finding)))
}

/// Returns a median with its range, as the document has it.
#[cfg(feature = "compute")]
pub(crate) fn spread(values: &[f64], digits: usize) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    let median = f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    let [median, low, high] = [median, low, high].map(|value| grouped(&format!("{value:.digits$}")));
    format!("{median} ({low} to {high})")
}

/// Returns a number with commas between thousands.
#[cfg(feature = "compute")]
fn grouped(number: &str) -> String {
    let end = number.find('.').unwrap_or(number.len());
    let comma = |at: usize| at > 0 && at < end && (end - at).is_multiple_of(3);
    let digits = number.char_indices();
    digits.fold(
        String::new(),
        |text, (at, c)| if comma(at) { text + "," + &c.to_string() } else { text + &c.to_string() },
    )
}

#[cfg(feature = "compute")]
#[test]
fn spreads_are_written_as_in_the_document() {
    assert_eq!(spread(&[0.5, 0.25, 0.375], 2), "0.38 (0.25 to 0.50)");
    assert_eq!(spread(&[1234.4, 999.0], 0), "1,117 (999 to 1,234)");
    assert_eq!(spread(&[1_234_567.0], 1), "1,234,567.0 (1,234,567.0 to 1,234,567.0)");
}

/// `scripts/documents.sh` turns the document into a page of the site.
#[test]
#[cfg(unix)]
fn the_page_has_every_row_and_every_address() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("findings");
    std::fs::create_dir_all(&folder).expect("a folder");
    let head = r#"<link rel="icon" href="x" /><link rel="stylesheet" href="/base-1.css" />"#;
    std::fs::write(folder.join("index.html"), head).expect("it is written");
    let mut shell = std::process::Command::new("sh");
    let status = shell.arg("scripts/documents.sh").env("TRUNK_STAGING_DIR", &folder).status();
    assert!(status.expect("a shell").success());
    let page = std::fs::read_to_string(folder.join("findings.html")).expect("the page");
    let document = document();
    let rows = document.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    assert_eq!(page.matches("<tr>").count(), rows.count());
    let addresses = document.matches("`#/").count();
    assert_eq!(page.matches(r##"<a href="./#/"##).count(), addresses);
    assert!(page.contains(r#"<h3 id="resnet">ResNet</h3>"#) && page.contains("base-1.css"), "{page}");
    assert!(!page.contains("_OF_THE_") && !page.contains('`'), "{page}");
}

#[test]
fn rows_of_the_document_are_complete() {
    let text = document();
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
        if cells[0] == "Finding" {
            continue;
        }
        assert!(cells[0].ends_with('.'), "a finding is a sentence: {row}");
        assert!(cells[1].contains(|c: char| c.is_ascii_digit()), "a finding has numbers: {row}");
        count += 1;
    }
    assert!(count > 0);
}

/// The settings of every finding are an address that the lab takes literally.
#[test]
fn addresses_of_the_document_are_valid() {
    use nn_lab::core::query::Query;
    use nn_lab::for_each_section;
    let text = document();
    let addresses = text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("#/"));
    for address in addresses {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let slug = path.trim_start_matches("#/").split('/').next().unwrap_or_default();
        let query = Query::parse(query);
        let mut warnings = None;
        macro_rules! each {
            ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
                $(if slug == stringify!($module) {
                    use nn_lab::core::schema::Schema;
                    type Config =
                        <nn_lab::sections::$module::$experiment as nn_lab::run::Experiment>::Config;
                    let schema = Schema::of::<Config>();
                    let (_, base, warning) = schema.base(&query);
                    let (_, further) = schema.read(&base, &query);
                    let known = |key: &str| {
                        ["preset", "experiment", "sweep", "sweep2", "measure", "seeds"].contains(&key)
                            || schema.params.iter().any(|param| param.key == key)
                    };
                    let unknown = query.iter().filter(|(key, _)| !known(key)).map(|(key, _)| key.to_owned());
                    warnings = Some(warning.into_iter().chain(further).chain(unknown).collect::<Vec<_>>());
                })*
            };
        }
        for_each_section!(each);
        assert_eq!(warnings.as_deref(), Some(&[][..]), "{address}");
    }
}
