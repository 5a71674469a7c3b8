//! The decisions of a link's author: what to hide, what to lock, whether training starts by itself, and a
//! question to answer before it does. All of them are in the address.

mod question;

pub use crate::assignment::question::{Guess, Question};
use crate::core::query::{Query, shorten};

/// The parts of every panel that `hide` can name, apart from settings, buttons and figures.
pub const PARTS: &[(&str, &str)] = &[
    ("introduction", "Introduction"),
    ("presets", "Presets"),
    ("experiments", "Experiments"),
    ("replay", "Replay"),
    ("settings", "All settings"),
    ("checks", "Checks"),
    ("history", "Saved runs"),
    ("hand-in", "Hand in"),
    ("share", "Share"),
];

/// The keys of an assignment in an address.
pub const KEYS: &[&str] = &[
    "show",
    "hide",
    "lock",
    "autoplay",
    "lesson",
    "ask",
    "ask_guess",
    "ask_options",
    "ask_metric",
    "ask_range",
    "ask_id",
    "ask_answer",
    "ask_tolerance",
    "ask_feedback",
];

/// The maximum number of names in a list. No panel has more to hide.
const MAX_NAMES: usize = 64;

/// The decisions of a link's author.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// The chapters and figures to show; all chapters if empty.
    pub show: Vec<String>,
    /// The settings, buttons, figures and [`PARTS`] to hide.
    pub hide: Vec<String>,
    /// The settings that a student sees but cannot change.
    pub lock: Vec<String>,
    /// True if training starts when the panel is first visible.
    pub autoplay: bool,
    /// The name of the lesson to which the panel belongs. Answers are kept for each lesson.
    pub lesson: Option<String>,
    /// The question to answer.
    pub question: Option<Question>,
}

impl Assignment {
    /// Reads an assignment from an address. Also returns one warning per value that was ignored.
    pub fn from_query(query: &Query) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let mut names = |key: &str| {
            let (names, warning) = read_names(key, query.get(key).unwrap_or_default());
            warnings.extend(warning);
            names
        };
        let (show, hide, lock) = (names("show"), names("hide"), names("lock"));
        let autoplay = match query.get("autoplay") {
            None | Some("0" | "false" | "") => false,
            Some("1" | "true") => true,
            Some(other) => {
                warnings.push(format!("autoplay={} is neither 0 nor 1; it was ignored.", shorten(other)));
                false
            }
        };
        let lesson = query.get("lesson").map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = lesson.filter(|name| !is_name(name)) {
            warnings.push(format!(
                "lesson={} is not a name of small letters, digits, - and _; it was ignored.",
                shorten(name)
            ));
        }
        let lesson = lesson.filter(|name| is_name(name)).map(str::to_owned);
        let (question, question_warnings) = Question::from_query(query);
        warnings.extend(question_warnings);
        (Self { show, hide, lock, autoplay, lesson, question }, warnings)
    }

    /// Returns the keys and values of an address with this assignment.
    pub fn to_query(&self) -> Query {
        let mut query = Query::default();
        let mut put = |key: &str, value: String| query.push(key, value);
        if !self.show.is_empty() {
            put("show", self.show.join(","));
        }
        if !self.hide.is_empty() {
            put("hide", self.hide.join(","));
        }
        if !self.lock.is_empty() {
            put("lock", self.lock.join(","));
        }
        if self.autoplay {
            put("autoplay", "1".to_owned());
        }
        if let Some(lesson) = &self.lesson {
            put("lesson", lesson.clone());
        }
        if let Some(question) = &self.question {
            question.write(&mut put);
        }
        query
    }

    /// Returns true if the part with this name is hidden.
    pub fn hides(&self, name: &str) -> bool {
        self.hide.iter().any(|hidden| hidden == name)
    }

    /// Returns true if this setting is locked.
    pub fn locks(&self, key: &str) -> bool {
        self.lock.iter().any(|locked| locked == key)
    }
}

/// Reads comma-separated names. Also returns a warning if one of them is invalid.
fn read_names(key: &str, text: &str) -> (Vec<String>, Option<String>) {
    let mut names: Vec<String> = Vec::new();
    let mut warning = None;
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !is_name(name) {
            warning = Some(format!(
                "{key}={} is not the name of a control or a figure; it was ignored.",
                shorten(name)
            ));
        } else if names.len() < MAX_NAMES && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    (names, warning)
}

/// Returns true for a valid name of a control, a metric or a figure: lowercase letters, digits, `_` and `-`.
pub(crate) fn is_name(name: &str) -> bool {
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    (1..=60).contains(&name.len()) && name.chars().all(part)
}

#[cfg(test)]
mod tests {
    use crate::assignment::*;
    use crate::core::guess::{AnswerKey, Feedback, RightAnswer};
    use proptest::prelude::*;

    #[test]
    fn names_are_read_and_invalid_ones_reported() {
        let (assignment, warnings) = Assignment::from_query(&Query::from([
            ("hide", "presets, seed,,seed"),
            ("lock", "seq_len"),
            ("autoplay", "1"),
        ]));
        assert_eq!(assignment.hide, ["presets", "seed"]);
        assert!(
            assignment.locks("seq_len")
                && !assignment.locks("seed")
                && assignment.hides("seed")
                && assignment.autoplay
        );
        assert!(warnings.is_empty());
        let (assignment, warnings) =
            Assignment::from_query(&Query::from([("hide", "a\"]{}"), ("autoplay", "maybe")]));
        assert_eq!(assignment, Assignment::default());
        assert_eq!(warnings.len(), 2);
    }

    fn names() -> impl Strategy<Value = Vec<String>> {
        prop::collection::hash_set("[a-z0-9_-]{1,20}", 0..5).prop_map(|names| names.into_iter().collect())
    }

    fn guess() -> impl Strategy<Value = Guess> {
        prop_oneof![
            Just(Guess::None),
            Just(Guess::Number),
            prop::collection::btree_set("[^| \\p{C}\\s]([^|\\p{C}]{0,20}[^| \\p{C}\\s])?", 2..5)
                .prop_map(|options| Guess::Choice(options.into_iter().collect())),
            (-1e3..1e3f64, 1e-3..1e3f64).prop_map(|(low, size)| Guess::Curve { low, high: low + size }),
        ]
    }

    proptest! {
        #[test]
        fn an_assignment_reads_as_it_was_written(
            show in names(), hide in names(), lock in names(), autoplay: bool,
            lesson in prop::option::of("[a-z0-9_-]{1,20}"),
            question in prop::option::of(("[^\\s\\p{C}]([^\\p{C}]{0,80}[^\\s\\p{C}])?", guess(), "[a-z_]{1,12}")),
            id in prop::option::of("[a-z0-9_-]{1,20}"), has_key: bool, tolerance in prop::option::of(0.0..1e3f64),
            feedback in 0..Feedback::ALL.len(),
        ) {
            let question = question.map(|(text, guess, metric)| {
                let right = match &guess {
                    Guess::None => None,
                    Guess::Choice(options) => Some(RightAnswer::Choice(options[0].clone())),
                    Guess::Number | Guess::Curve { .. } => Some(RightAnswer::Measured),
                };
                let tolerance = tolerance.filter(|_| right == Some(RightAnswer::Measured));
                let key = right.filter(|_| has_key).map(|right| AnswerKey { right, tolerance });
                if guess == Guess::None {
                    return Question { text, ..Question::default() };
                }
                Question { text, metrics: vec![metric], guess, id, key, feedback: Feedback::ALL[feedback].0 }
            });
            let assignment = Assignment { show, hide, lock, autoplay, lesson, question };
            let (read, warnings) = Assignment::from_query(&assignment.to_query());
            prop_assert_eq!(read, assignment);
            prop_assert!(warnings.is_empty(), "{warnings:?}");
        }

        #[test]
        fn any_address_gives_a_valid_assignment(values in prop::collection::vec(".*", KEYS.len())) {
            let query = KEYS.iter().copied().zip(values).collect();
            let (assignment, _) = Assignment::from_query(&query);
            let (again, warnings) = Assignment::from_query(&assignment.to_query());
            prop_assert_eq!(again, assignment);
            prop_assert!(warnings.is_empty(), "{warnings:?}");
        }
    }
}
