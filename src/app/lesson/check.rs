//! The parts of a lesson that the lab does not know: sections, chapters, experiments, settings and their values.

use crate::app::page_state::experiment;
use crate::core::chapter::chapters;
use crate::core::guided::GuidedInfo;
use crate::core::query::shorten;
use crate::core::suggest::no_such;
use crate::coursework::progress::Task;
use crate::coursework::{Item, Lesson};
use crate::panel::PanelState;
use crate::sections::SECTIONS;

/// Returns the guided experiments of a section.
fn guided_infos(panel: &str) -> Vec<GuidedInfo> {
    experiment(panel).map(|experiment| experiment.guided_infos()).unwrap_or_default()
}

/// Returns the task of an item, if it asks for an answer.
pub(super) fn task(item: &Item) -> Option<Task> {
    let infos = guided_infos(&item.panel);
    Task::of(item, |name| infos.iter().find(|info| info.slug == name).map(|info| info.question))
}

/// Returns the words for an item in the list of steps: its question, or the name of its section.
pub(super) fn title(item: &Item, task: Option<&Task>) -> String {
    let asked = task.map(|task| task.asked.question.clone());
    let section = || SECTIONS.iter().find(|section| section.slug == item.panel);
    asked
        .or_else(|| item.question().map(|question| question.text))
        .or_else(|| section().map(|section| section.title.to_owned()))
        .unwrap_or_else(|| shorten(&item.panel))
}

/// Returns a sentence if the item has no panel that can be shown.
pub(super) fn missing(item: &Item) -> Option<String> {
    let slugs: Vec<&str> = SECTIONS.iter().map(|section| section.slug).collect();
    if !slugs.contains(&item.panel.as_str()) {
        return Some(no_such("section {}", &item.panel, &slugs));
    }
    let infos = guided_infos(&item.panel);
    let experiments: Vec<&str> = infos.iter().map(|info| info.slug).collect();
    let name = item.keys.get("experiment").filter(|name| !experiments.contains(name))?;
    Some(no_such("experiment {} in this section", name, &experiments))
}

/// Returns a sentence for each part of a lesson that the lab does not know or corrects.
pub fn problems(lesson: &Lesson) -> Vec<String> {
    let mut problems = Vec::new();
    let mut tasks: Vec<(&str, String)> = Vec::new();
    for item in &lesson.items {
        let mut say = |sentence: &str| problems.push(format!("Item “{}”: {sentence}", item.id));
        if let Some(sentence) = missing(item) {
            say(&sentence);
            continue;
        }
        let Some(experiment) = experiment(&item.panel) else { continue };
        let known: Vec<&str> = chapters(experiment.chapters).map(|chapter| chapter.slug).collect();
        if let Some(name) = item.chapter.as_deref().filter(|name| !known.contains(name)) {
            say(&no_such("chapter {} in this section", name, &known));
        }
        let state = PanelState::read(experiment, &item.in_lesson(&lesson.id));
        state.warnings().for_each(|sentence| say(sentence));
        if let Some(Task { asked, .. }) = task(item) {
            match tasks.iter().find(|(_, id)| *id == asked.id) {
                Some((other, _)) => {
                    say(&format!("It asks the same as “{other}”, so one answer counts for both."))
                }
                None => tasks.push((&item.id, asked.id)),
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use crate::app::lesson::check::*;

    fn lesson(items: &str) -> Lesson {
        let text = format!(
            r#"{{"schema": "nn-lab/lesson", "schema_version": 1, "id": "memory", "title": "Memory", "items": [{items}]}}"#
        );
        Lesson::read(&text).expect("a lesson")
    }

    #[test]
    fn a_lesson_of_known_parts_has_no_problems() {
        let lesson = lesson(
            r#"{"id": "q1", "panel": "rnn", "chapter": "memory", "keys": {"seq_len": "50", "device": "cpu", "ask": "How accurate?", "ask_guess": "number", "ask_metric": "accuracy_rnn", "ask_answer": "measured"}},
               {"id": "q2", "panel": "rnn", "keys": {"experiment": "forget-bias"}}"#,
        );
        assert_eq!(problems(&lesson), Vec::<String>::new());
        let titles: Vec<String> = lesson.items.iter().map(|item| title(item, task(item).as_ref())).collect();
        assert_eq!(titles[0], "How accurate?");
        assert!(titles[1].ends_with('?'), "{titles:?}");
    }

    #[test]
    fn unknown_parts_are_named() {
        let lesson = lesson(
            r#"{"id": "a", "panel": "rnm"}, {"id": "b", "panel": "rnn", "keys": {"experiment": "forget-bais"}},
               {"id": "c", "panel": "rnn", "chapter": "memroy", "keys": {"seqlen": "50"}},
               {"id": "d", "panel": "rnn", "keys": {"seq_len": "many"}},
               {"id": "e", "panel": "rnn", "keys": {"experiment": "forget-bias"}},
               {"id": "f", "panel": "rnn", "keys": {"show": "forget-bias"}}"#,
        );
        let problems = problems(&lesson);
        let expected = [
            ("a", "rnn"),
            ("b", "forget-bias"),
            ("c", "memory"),
            ("c", "seq_len"),
            ("d", "many"),
            ("f", "the same as “e”"),
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for ((id, words), sentence) in expected.into_iter().zip(&problems) {
            assert!(
                sentence.starts_with(&format!("Item “{id}”: ")) && sentence.contains(words),
                "{sentence}"
            );
        }
    }
}
