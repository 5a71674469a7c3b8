//! Packages of a lesson for course systems: SCORM 1.2, SCORM 2004, and a link as a Common Cartridge.
//!
//! They are made from the templates in `static/course`. The same lesson always gives the same bytes.

use crate::core::query::shorten;
use crate::coursework::lesson::Lesson;
use std::io::{Cursor, Write};
use thiserror::Error;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A file: its name and its content.
pub type File = (String, Vec<u8>);

/// The texts of the templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    /// The manifest of SCORM 1.2.
    pub scorm12: String,
    /// The manifest of SCORM 2004.
    pub scorm2004: String,
    /// The manifest of a Common Cartridge.
    pub cartridge: String,
    /// The link in a Common Cartridge.
    pub weblink: String,
    /// The page that shows the lesson in a frame.
    pub sco: String,
    /// The script of that page, which talks to the course system.
    pub scorm_script: String,
    /// The script with the record of a student's work.
    pub record_script: String,
}

/// The reason a package is not written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackageError {
    /// The link is not one that a course system can open.
    #[error("the lesson’s address \"{}\" does not start with https:// or http://", shorten(.0))]
    Link(String),
    /// A template lacks something.
    #[error("the template {0} has no {1}")]
    Template(&'static str, &'static str),
    /// The zip file could not be written.
    #[error("the package could not be written: {0}")]
    Zip(String),
}

impl Templates {
    /// The names of the files in `static/course`, which the built site has in its folder `course`.
    pub const FILES: [&'static str; 7] =
        ["scorm12.xml", "scorm2004.xml", "cartridge.xml", "weblink.xml", "sco.html", "scorm.js", "record.js"];

    /// Returns the templates with the texts of [`FILES`](Self::FILES), in their order.
    pub fn new(texts: [String; 7]) -> Self {
        let [scorm12, scorm2004, cartridge, weblink, sco, scorm_script, record_script] = texts;
        Self { scorm12, scorm2004, cartridge, weblink, sco, scorm_script, record_script }
    }
}

/// Returns the three packages of a lesson, with the names of their files. `link` is the lesson's address in the lab, as readers
/// get it.
///
/// # Errors
///
/// Fails if the link is not an address on the web, or if a template is damaged.
pub fn packages(lesson: &Lesson, link: &str, templates: &Templates) -> Result<Vec<File>, PackageError> {
    let mut files = scorm(lesson, link, templates, &[])?;
    files.push(cartridge(lesson, link, templates)?);
    Ok(files)
}

/// Returns the three packages of a lesson. Those for SCORM contain the lab, whose files are `lab`, and need no server.
///
/// # Errors
///
/// Fails like [`packages`].
pub fn packages_with_lab(
    lesson: &Lesson,
    link: &str,
    templates: &Templates,
    lab: &[File],
) -> Result<Vec<File>, PackageError> {
    let inside: Vec<(String, &[u8])> =
        lab.iter().map(|(name, bytes)| (format!("{FOLDER}/{name}"), bytes.as_slice())).collect();
    let hash = link.split_once('#').map_or("", |(_, hash)| hash);
    let mut files = scorm_with(lesson, &format!("{FOLDER}/index.html#{hash}"), templates, &inside)?;
    files.push(cartridge(lesson, link, templates)?);
    Ok(files)
}

/// The folder of a package that has the lab.
const FOLDER: &str = "lab";

fn scorm(
    lesson: &Lesson,
    link: &str,
    templates: &Templates,
    lab: &[(String, &[u8])],
) -> Result<Vec<File>, PackageError> {
    check(link)?;
    scorm_with(lesson, link, templates, lab)
}

fn scorm_with(
    lesson: &Lesson,
    link: &str,
    templates: &Templates,
    lab: &[(String, &[u8])],
) -> Result<Vec<File>, PackageError> {
    let link = in_frame(link);
    let sco = filled("sco.html", &templates.sco, lesson, Some(&link))?;
    let package = |template: &'static str, text: &str, version: &str| {
        let manifest = with_files(template, filled(template, text, lesson, None)?, lab)?;
        let mut files: Vec<(&str, &[u8])> = vec![
            ("imsmanifest.xml", manifest.as_bytes()),
            ("index.html", sco.as_bytes()),
            ("record.js", templates.record_script.as_bytes()),
            ("scorm.js", templates.scorm_script.as_bytes()),
        ];
        files.extend(lab.iter().map(|(name, bytes)| (name.as_str(), *bytes)));
        Ok((format!("{}-{version}.zip", lesson.id), zipped(&files)?))
    };
    Ok(vec![
        package("scorm12.xml", &templates.scorm12, "scorm12")?,
        package("scorm2004.xml", &templates.scorm2004, "scorm2004")?,
    ])
}

fn cartridge(lesson: &Lesson, link: &str, templates: &Templates) -> Result<File, PackageError> {
    check(link)?;
    let manifest = filled("cartridge.xml", &templates.cartridge, lesson, None)?;
    let weblink = filled("weblink.xml", &templates.weblink, lesson, Some(link))?;
    let files = [("imsmanifest.xml", manifest.as_bytes()), ("weblink.xml", weblink.as_bytes())];
    Ok((format!("{}.imscc", lesson.id), zipped(&files)?))
}

fn check(link: &str) -> Result<(), PackageError> {
    let is_web = ["https://", "http://"].iter().any(|start| link.starts_with(start));
    if is_web { Ok(()) } else { Err(PackageError::Link(link.to_owned())) }
}

/// Returns the lesson's address for a frame: without the navigation around the lesson.
fn in_frame(link: &str) -> String {
    let hash = link.split_once('#').map_or("", |(_, hash)| hash);
    if hash.split(['?', '&']).any(|pair| pair == "embed=1") {
        return link.to_owned();
    }
    format!("{link}{}embed=1", if hash.contains('?') { '&' } else { '?' })
}

/// Returns a template with its placeholders filled. All of them are in XML or HTML, whose rules for text and attributes agree.
fn filled(
    name: &'static str,
    template: &str,
    lesson: &Lesson,
    link: Option<&str>,
) -> Result<String, PackageError> {
    let mut values = vec![("{{ID}}", lesson.id.as_str()), ("{{TITLE}}", lesson.title.as_str())];
    values.extend(link.map(|link| ("{{LINK}}", link)));
    // The link in a Common Cartridge has no name of its own.
    let needed = if link.is_some() { "{{LINK}}" } else { "{{ID}}" };
    if !template.contains(needed) {
        return Err(PackageError::Template(name, needed));
    }
    let mut text = String::new();
    let mut rest = template;
    // In one pass, because a title may contain braces.
    while let Some(start) = rest.find("{{") {
        let (before, after) = rest.split_at(start);
        text.push_str(before);
        match values.iter().find(|(placeholder, _)| after.starts_with(placeholder)) {
            Some((placeholder, value)) => {
                text.push_str(&escaped(value));
                rest = after.strip_prefix(placeholder).unwrap_or_default();
            }
            None => return Err(PackageError::Template(name, "value for one of its placeholders")),
        }
    }
    Ok(text + rest)
}

/// Returns a manifest with further files in its list of files.
fn with_files(
    name: &'static str,
    manifest: String,
    files: &[(String, &[u8])],
) -> Result<String, PackageError> {
    const LAST: &str = "<file href=\"scorm.js\" />\n";
    if files.is_empty() {
        return Ok(manifest);
    }
    let Some((before, after)) = manifest.split_once(LAST) else {
        return Err(PackageError::Template(name, "line for scorm.js"));
    };
    let list: String =
        files.iter().map(|(name, _)| format!("      <file href=\"{}\" />\n", escaped(name))).collect();
    Ok(format!("{before}{LAST}{list}{after}"))
}

/// Returns a text for the content or an attribute of an element, without characters that XML does not allow.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' | '\r' => escaped.push(' '),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns a zip file. The files are not compressed and have the same date, so that equal files give equal bytes.
fn zipped(files: &[(&str, &[u8])]) -> Result<Vec<u8>, PackageError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let failed = |error: &dyn std::fmt::Display| PackageError::Zip(error.to_string());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, options).map_err(|error| failed(&error))?;
        zip.write_all(bytes).map_err(|error| failed(&error))?;
    }
    Ok(zip.finish().map_err(|error| failed(&error))?.into_inner())
}

#[cfg(test)]
mod tests {
    use crate::coursework::package::*;
    use std::io::Read;
    use zip::ZipArchive;

    fn templates() -> Templates {
        Templates::new(
            Templates::FILES.map(|name| std::fs::read_to_string(format!("static/course/{name}")).unwrap()),
        )
    }

    fn lesson(title: &str) -> Lesson {
        let text = serde_json::json!({
            "schema": "nn-lab/lesson", "schema_version": 1, "id": "memory", "title": title,
            "items": [{ "id": "q1", "panel": "rnn", "keys": { "ask": "How much?" } }],
        });
        Lesson::read(&text.to_string()).unwrap()
    }

    const LINK: &str =
        "https://courses.example.edu/lab/#/lesson?lesson=memory&item1=rnn%3Fask%3DHow%2520much%253F";

    /// Returns the texts in a zip file by name.
    fn texts((_, bytes): &File) -> Vec<(String, String)> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let count = archive.len();
        let read = |at: usize| {
            let mut file = archive.by_index(at).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        };
        (0..count).map(read).collect()
    }

    /// Returns the values of all attributes and all texts, after a check that elements are closed in their order.
    fn read_xml(xml: &str) -> Vec<String> {
        let (mut open, mut values) = (Vec::new(), Vec::new());
        let mut rest = xml;
        while let Some(start) = rest.find('<') {
            let (text, after) = rest.split_at(start);
            values.push(text.trim().to_owned());
            if let Some(comment) = after.strip_prefix("<!--") {
                rest = comment.split_once("-->").expect("a closed comment").1;
                continue;
            }
            let (tag, after) = after[1..].split_once('>').expect("a closed tag");
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
                continue;
            }
            assert!(!tag.contains('<'), "{tag}");
            assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
            values.extend(tag.split('"').skip(1).step_by(2).map(str::to_owned));
            if !tag.starts_with(['?', '!']) && !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().expect("a name"));
            }
        }
        assert!(open.is_empty(), "{open:?} is open");
        for value in &values {
            let mut parts = value.split('&');
            parts.next();
            for part in parts {
                let name = part.split_once(';').expect("an entity").0;
                assert!(["amp", "lt", "gt", "quot", "#39"].contains(&name), "{value}");
            }
        }
        values
    }

    #[test]
    fn the_packages_have_their_files_and_no_placeholders() {
        let packages = packages(&lesson("Memory"), LINK, &templates()).unwrap();
        let names: Vec<&str> = packages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["memory-scorm12.zip", "memory-scorm2004.zip", "memory.imscc"]);
        for package in &packages {
            let files = texts(package);
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            let is_link = package.0.ends_with("imscc");
            let expected: &[&str] = match is_link {
                true => &["imsmanifest.xml", "weblink.xml"],
                false => &["imsmanifest.xml", "index.html", "record.js", "scorm.js"],
            };
            assert_eq!(names, expected);
            for (name, text) in &files {
                assert!(!text.contains("{{"), "{name}: {text}");
                if name.ends_with("xml") {
                    let values = read_xml(text);
                    assert!(values.iter().any(|value| value == "Memory"), "{name}: {values:?}");
                }
            }
            let link = LINK.replace('&', "&amp;");
            let link = if is_link { format!("\"{link}\"") } else { format!("\"{link}&amp;embed=1\"") };
            assert!(files[1].1.contains(&link), "{}", files[1].1);
        }
    }

    #[test]
    fn hostile_titles_stay_texts() {
        let title = "<b>\"R&D\" '{{LINK}}' ]]> </title><script>alert(1)</script>";
        for package in &packages(&lesson(title), LINK, &templates()).unwrap() {
            for (name, text) in texts(package).iter().filter(|(name, _)| !name.ends_with(".js")) {
                assert!(text.contains("&lt;b&gt;&quot;R&amp;D&quot; &#39;{{LINK}}&#39;"), "{name}");
                assert!(!text.contains("<b>") && !text.contains("alert(1)</script>"), "{name}");
                if name.ends_with("xml") {
                    read_xml(text);
                }
            }
        }
    }

    #[test]
    fn equal_lessons_give_equal_bytes() {
        let write = || packages(&lesson("Memory"), LINK, &templates()).unwrap();
        assert_eq!(write(), write());
    }

    #[test]
    fn a_package_with_the_lab_lists_its_files() {
        let lab = [("index.html".to_owned(), b"<p>".to_vec()), ("a/b.wasm".to_owned(), vec![0, 255])];
        let packages = packages_with_lab(&lesson("Memory"), LINK, &templates(), &lab).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(&packages[0].1)).unwrap();
        let mut bytes = Vec::new();
        archive.by_name("lab/a/b.wasm").unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 255]);
        let mut text = |name: &str| {
            let mut text = String::new();
            archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        let values = read_xml(&text("imsmanifest.xml"));
        assert!(
            ["lab/index.html", "lab/a/b.wasm"].iter().all(|name| values.iter().any(|value| value == name))
        );
        assert!(text("index.html").contains("data-link=\"lab/index.html#/lesson?lesson=memory&amp;"));
        // The link opens in a new tab of the lab's own site.
        assert!(texts(&packages[2])[1].1.contains("https://courses.example.edu/lab/#/lesson"));
    }

    #[test]
    fn other_links_and_damaged_templates_are_refused() {
        let lesson = lesson("Memory");
        for link in ["javascript:alert(1)", "/lab/#/lesson", "file:///lab/index.html", ""] {
            assert_eq!(packages(&lesson, link, &templates()), Err(PackageError::Link(link.to_owned())));
        }
        let broken = Templates { weblink: "<webLink/>".to_owned(), ..templates() };
        assert_eq!(packages(&lesson, LINK, &broken), Err(PackageError::Template("weblink.xml", "{{LINK}}")));
        let unknown = Templates { sco: "{{LINK}}{{NAME}}".to_owned(), ..templates() };
        assert!(packages(&lesson, LINK, &unknown).is_err());
    }
}
