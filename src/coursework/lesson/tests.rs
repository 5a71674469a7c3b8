//! Tests of lessons as files and as addresses.

use crate::coursework::lesson::*;
use proptest::prelude::*;

fn lesson() -> Lesson {
    let keys = [
        ("seq_len", "50"),
        ("ask", "How accurate, in % & \"words\"?"),
        ("ask_guess", "number"),
        ("ask_metric", "accuracy_rnn"),
        ("ask_answer", "measured"),
    ];
    let item = |id: &str, panel: &str, chapter: Option<&str>, keys: Query| Item {
        id: id.to_owned(),
        panel: panel.to_owned(),
        chapter: chapter.map(str::to_owned),
        keys,
    };
    Lesson {
        id: "memory".to_owned(),
        title: "Memory?".to_owned(),
        text: "Predict first.\nThen train.".to_owned(),
        items: vec![
            item("first", "demo", Some("memory"), keys.into()),
            item("q2", "demo", None, [("experiment", "forget-bias")].into()),
        ],
    }
    .checked()
    .unwrap()
}

#[test]
fn a_lesson_reads_as_it_was_written() {
    assert_eq!(Lesson::read(&lesson().to_json()), Ok(lesson()));
    let query = Query::parse(&lesson().to_query().to_string());
    assert_eq!(Lesson::from_query(&query), Ok(lesson()));
}

#[test]
fn items_without_a_question_get_free_names() {
    let mut moved = lesson();
    moved.items[0].id = "q2".to_owned();
    moved.items[1].id = "q1".to_owned();
    let read = Lesson::from_query(&Query::parse(&moved.to_query().to_string())).unwrap();
    assert_eq!(read.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["q2", "q1"]);
}

#[test]
fn the_items_name_their_questions() {
    let known = |name: &str| (name == "forget-bias").then_some("Does it matter?");
    let ids: Vec<_> =
        lesson().items.iter().filter_map(|item| item.asked(known)).map(|asked| asked.id).collect();
    assert_eq!(ids, ["demo/first", "demo/forget-bias"]);
}

#[test]
fn a_wrong_lesson_is_refused_with_a_sentence() {
    let text = lesson().to_json();
    for (from, to, words) in [
        ("\"nn-lab/lesson\"", "\"nn-lab/run\"", "its schema is"),
        ("\"schema_version\": 1", "\"schema_version\": 2", "newer version"),
        ("\"id\": \"memory\"", "\"id\": \"Me mory\"", "small letters"),
        ("\"id\": \"q2\"", "\"id\": \"first\"", "two items"),
        ("\"panel\": \"demo\"", "\"panel\": \"<b>\"", "names no panel"),
        ("\"50\"", "[50]", "neither text nor a number"),
        ("{", "", "not JSON"),
    ] {
        let error = Lesson::read(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(Lesson::from_query(&Query::default()).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in ".*") {
        let _ = Lesson::read(&text);
        let _ = Lesson::from_query(&Query::parse(&text));
        let _ = Lesson::from_query(&Query::parse(&format!("lesson=a&item1={text}")));
    }
}
