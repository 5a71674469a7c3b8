//! Writes the packages of a lesson for course systems: `./lab package LESSON.json --lab https://host/lab/`.

use nn_lab::app::lesson::problems;
use nn_lab::app::route::Route;
use nn_lab::coursework::Lesson;
use nn_lab::coursework::lesson::PAGE;
use nn_lab::coursework::package::{File, Templates, packages, packages_with_lab};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
./lab package LESSON.json --lab https://host/lab/ [--out FOLDER] [--with-lab]

Writes three packages of a lesson: ID-scorm12.zip, ID-scorm2004.zip, and ID.imscc, a Common Cartridge with the link.
--lab         the address at which the students reach the lab
--out FOLDER  the folder for the packages; the present one by default
--with-lab    puts the built lab (dist/) into the packages for SCORM, so that they need no server of their own";

/// The reasons why nothing was written, as sentences.
type Problems = Vec<String>;

/// The words of the command.
#[derive(Default)]
struct Words {
    lesson: Option<String>,
    lab: Option<String>,
    out: String,
    /// The folder to which relative paths refer.
    from: String,
    with_lab: bool,
}

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(problems) => {
            problems.iter().for_each(|sentence| eprintln!("{sentence}"));
            ExitCode::from(2)
        }
    }
}

/// Performs the command, and returns the lines that say what was written.
fn run(words: impl Iterator<Item = String>) -> Result<Vec<String>, Problems> {
    let words = read_words(words)?;
    let Words { lesson: Some(lesson), lab: Some(lab), .. } = &words else {
        return Err(vec![USAGE.to_owned()]);
    };
    let from = Path::new(&words.from);
    let path = from.join(lesson);
    let text = fs::read_to_string(&path)
        .map_err(|error| vec![format!("{} cannot be read: {error}.", path.display())])?;
    let lesson =
        Lesson::read(&text).map_err(|error| vec![format!("{} is not used: {error}.", path.display())])?;
    let found = problems(&lesson);
    if !found.is_empty() {
        return Err(found);
    }
    let link = format!("{}{}", folder(lab)?, hash(&lesson));
    let templates = templates();
    let packages = if words.with_lab {
        packages_with_lab(&lesson, &link, &templates, &built_lab()?)
    } else {
        packages(&lesson, &link, &templates)
    };
    let packages = packages.map_err(|error| vec![format!("Nothing was written: {error}.")])?;
    let out = from.join(&words.out);
    fs::create_dir_all(&out)
        .map_err(|error| vec![format!("{} cannot be created: {error}.", out.display())])?;
    packages.iter().map(|file| write(&out, file)).collect()
}

fn read_words(mut words: impl Iterator<Item = String>) -> Result<Words, Problems> {
    let mut read = Words::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| vec![format!("{word} needs a value.\n\n{USAGE}")]);
        match word.as_str() {
            "--lab" => read.lab = Some(value()?),
            "--out" => read.out = value()?,
            "--from" => read.from = value()?,
            "--with-lab" => read.with_lab = true,
            option if option.starts_with("--") => {
                return Err(vec![format!("There is no option {option}.\n\n{USAGE}")]);
            }
            _ if read.lesson.is_none() => read.lesson = Some(word),
            _ => return Err(vec![format!("One lesson at a time: {word} is a second one.\n\n{USAGE}")]),
        }
    }
    Ok(read)
}

/// Returns the address of the lab's page, to which the part after `#` can be added.
fn folder(lab: &str) -> Result<String, Problems> {
    let host = ["https://", "http://"].iter().find_map(|scheme| lab.strip_prefix(scheme));
    let is_plain = !lab.contains(['#', '?', ' ', '"', '<', '>']) && host.is_some_and(|host| !host.is_empty());
    if !is_plain {
        return Err(vec![format!(
            "--lab {lab} is not the address of a lab. Write it like this: --lab https://courses.example.edu/lab/"
        )]);
    }
    let is_page = lab.ends_with('/') || lab.ends_with(".html");
    Ok(if is_page { lab.to_owned() } else { format!("{lab}/") })
}

fn hash(lesson: &Lesson) -> String {
    Route { slug: PAGE.to_owned(), chapter: None, query: lesson.to_query() }.to_hash()
}

fn templates() -> Templates {
    macro_rules! texts {
        ($($name:literal),*) => {
            [$(include_str!(concat!("../../static/course/", $name)).to_owned()),*]
        };
    }
    // In the order of `Templates::FILES`.
    Templates::new(texts![
        "scorm12.xml",
        "scorm2004.xml",
        "cartridge.xml",
        "weblink.xml",
        "sco.html",
        "scorm.js",
        "record.js"
    ])
}

/// Returns the files of the built site, without those that only a web server uses.
fn built_lab() -> Result<Vec<File>, Problems> {
    let dist = std::env::var_os("NN_LAB_DIST").map_or_else(|| PathBuf::from("dist"), PathBuf::from);
    if !dist.join("index.html").is_file() {
        return Err(vec![format!(
            "There is no built lab in {}. Build it first: ./lab build",
            dist.display()
        )]);
    }
    let failed =
        |path: &Path, error: &std::io::Error| vec![format!("{} cannot be read: {error}.", path.display())];
    let (mut files, mut folders) = (Vec::new(), vec![dist.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let path = entry.map_err(|error| failed(&folder, &error))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.extension().is_some_and(|kind| kind == "br" || kind == "gz") {
                let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
                let name = path.strip_prefix(&dist).unwrap_or(&path);
                let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
                files.push((name.join("/"), bytes));
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn write(out: &Path, (name, bytes): &File) -> Result<String, Problems> {
    let path = out.join(name);
    fs::write(&path, bytes)
        .map_err(|error| vec![format!("{} cannot be written: {error}.", path.display())])?;
    let size = bytes.len() as f64 / 1e3;
    let size = if size < 1e3 { format!("{size:.1} kB") } else { format!("{:.1} MB", size / 1e3) };
    Ok(format!("{}  {size}", path.display()))
}
