//! The command that writes a lesson as packages for course systems.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use zip::ZipArchive;

const LESSON: &str = r#"{
  "schema": "nn-lab/lesson", "schema_version": 1, "id": "memory", "title": "R&D <memory>", "text": "Predict first.",
  "items": [
    {"id": "q1", "panel": "rnn", "chapter": "memory", "keys": {"seq_len": "50", "ask": "How accurate?", "ask_guess": "number", "ask_metric": "accuracy_rnn", "ask_answer": "measured"}},
    {"id": "q2", "panel": "rnn", "keys": {"experiment": "forget-bias"}}
  ]
}"#;

/// Returns an empty folder with a file of this lesson.
fn folder(name: &str, lesson: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("package-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("lesson.json"), lesson).unwrap();
    folder
}

fn package(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_package"));
    command.arg("--from").arg(folder).args(words).env("NN_LAB_DIST", folder.join("dist")).output().unwrap()
}

fn errors(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(path: PathBuf) -> Vec<String> {
    let archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort_unstable();
    names
}

const SCORM: &[&str] = &["imsmanifest.xml", "index.html", "record.js", "scorm.js"];

#[test]
fn a_lesson_becomes_three_packages() {
    let folder = folder("three", LESSON);
    let words = ["lesson.json", "--lab", "https://courses.example.edu/lab", "--out", "out"];
    let output = package(&folder, &words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    let out = folder.join("out");
    assert_eq!(names(out.join("memory-scorm12.zip")), SCORM);
    assert_eq!(names(out.join("memory-scorm2004.zip")), SCORM);
    assert_eq!(names(out.join("memory.imscc")), ["imsmanifest.xml", "weblink.xml"]);
    let bytes = fs::read(out.join("memory.imscc")).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("https://courses.example.edu/lab/#/lesson?lesson=memory&amp;"), "{text}");
    // The same lesson gives the same bytes.
    package(&folder, &words);
    assert_eq!(fs::read(out.join("memory.imscc")).unwrap(), bytes);
}

#[test]
fn a_package_can_contain_the_lab() {
    let folder = folder("lab", LESSON);
    let words = ["lesson.json", "--lab", "https://courses.example.edu/lab/", "--with-lab"];
    assert!(errors(&package(&folder, &words)).contains("./lab build"));
    fs::create_dir_all(folder.join("dist/data")).unwrap();
    for name in ["index.html", "index.html.br", "data/a.bin"] {
        fs::write(folder.join("dist").join(name), name).unwrap();
    }
    assert!(package(&folder, &words).status.success());
    let mut expected = [SCORM, &["lab/data/a.bin", "lab/index.html"]].concat();
    expected.sort_unstable();
    assert_eq!(names(folder.join("memory-scorm12.zip")), expected);
    let bytes = fs::read(folder.join("memory-scorm2004.zip")).unwrap();
    assert!(
        String::from_utf8_lossy(&bytes).contains("data-link=\"lab/index.html#/lesson?lesson=memory&amp;")
    );
}

#[test]
fn every_problem_is_a_sentence_and_nothing_is_written() {
    let wrong = LESSON.replace("forget-bias", "forget-bais").replace("seq_len", "seqlen");
    for (name, lesson, expected) in [
        (
            "names",
            &*wrong,
            &["Item “q1”: There is no setting “seqlen”", "Item “q2”: There is no experiment “forget-bais”"][..],
        ),
        (
            "newer",
            &LESSON.replace("\"schema_version\": 1", "\"schema_version\": 7"),
            &["newer version of the lab"],
        ),
        ("bent", "{", &["it is not JSON"]),
    ] {
        let folder = folder(name, lesson);
        let output = package(&folder, &["lesson.json", "--lab", "https://courses.example.edu/lab/"]);
        let errors = errors(&output);
        for words in expected {
            assert!(errors.contains(words), "{errors}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "{name}: only the lesson is in the folder");
    }
    let folder = folder("words", LESSON);
    for (words, expected) in [
        (&["lesson.json"][..], "./lab package LESSON.json"),
        (&["lesson.json", "--lab"], "--lab needs a value"),
        (&["lesson.json", "--lab", "courses.example.edu"], "is not the address of a lab"),
        (&["lesson.json", "--lab", "https://a.example/#/rnn"], "is not the address of a lab"),
        (&["other.json", "--lab", "https://a.example/"], "cannot be read"),
        (&["lesson.json", "--lap", "https://a.example/"], "no option --lap"),
        (&["lesson.json", "other.json", "--lab", "https://a.example/"], "One lesson at a time"),
    ] {
        let errors = errors(&package(&folder, words));
        assert!(errors.contains(expected), "{words:?}: {errors}");
    }
}
