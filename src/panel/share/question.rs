//! The teacher's question as it is entered, and the keys of an address that follow from it. Pure.

use crate::assignment::{Assignment, Question};
use crate::core::number_list::list_items;
use crate::core::query::Query;
use serde::{Deserialize, Serialize};

/// The maximum number of options, and of characters in one, as in the assignment.
const MAX_OPTIONS: usize = 8;
const MAX_OPTION: usize = 80;

/// The kind of prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    #[default]
    None,
    Number,
    Choice,
    Curve,
}

impl Kind {
    pub(super) const ALL: [(Self, &str, &str); 4] = [
        (Self::None, "none", "none"),
        (Self::Number, "number", "a number"),
        (Self::Choice, "choice", "multiple choice"),
        (Self::Curve, "curve", "a curve"),
    ];

    pub(super) fn read(slug: &str) -> Self {
        Self::ALL.iter().find(|(_, known, _)| *known == slug).map_or(Self::None, |(kind, ..)| *kind)
    }

    fn slug(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("none", |(_, slug, _)| slug)
    }
}

/// The right answer. Its number, range or option is in the draft, and stays there when another is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Right {
    #[default]
    NotGraded,
    Measured,
    Value,
    Range,
    Option,
    Largest,
    Smallest,
}

impl Right {
    const ALL: [(Self, &str, &str); 7] = [
        (Self::Measured, "measured", "whatever is measured"),
        (Self::Value, "value", "a value"),
        (Self::Range, "range", "a range"),
        (Self::Option, "option", "an option"),
        (Self::Largest, "largest", "the option with the largest metric"),
        (Self::Smallest, "smallest", "the option with the smallest metric"),
        (Self::NotGraded, "none", "not graded"),
    ];

    /// Returns the kinds of keys that a kind of prediction may have, with their names and words.
    pub(super) fn of(kind: Kind) -> impl Iterator<Item = (Self, &'static str, &'static str)> {
        Self::ALL.into_iter().filter(move |(right, ..)| right.fits(kind))
    }

    fn fits(self, kind: Kind) -> bool {
        match (self, kind) {
            (_, Kind::None) => false,
            (Self::NotGraded, _) | (Self::Measured, Kind::Number | Kind::Curve) => true,
            (Self::Value | Self::Range, kind) => kind == Kind::Number,
            (Self::Option | Self::Largest | Self::Smallest, kind) => kind == Kind::Choice,
            (Self::Measured, Kind::Choice) => false,
        }
    }

    pub(super) fn read(slug: &str) -> Self {
        Self::ALL.iter().find(|(_, known, _)| *known == slug).map_or(Self::NotGraded, |(right, ..)| *right)
    }
}

/// A question as it is entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct QuestionDraft {
    /// The name that an address gave to the question, or an empty string.
    pub(super) id: String,
    pub(super) text: String,
    pub(super) kind: Kind,
    /// The options, one per line.
    pub(super) options: String,
    /// The names of the metrics that answer the question.
    pub(super) metrics: Vec<String>,
    /// The ends of the axis of a curve.
    pub(super) range: String,
    pub(super) right: Right,
    /// The right option, by its index.
    pub(super) option: usize,
    pub(super) value: String,
    pub(super) low: String,
    pub(super) high: String,
    pub(super) tolerance: String,
    /// `now`, `run` or `none`; empty for the default.
    pub(super) feedback: String,
}

/// Returns a number as an address has it. In an address, numbers have a point.
fn plain(number: &str) -> String {
    number.trim().replace('−', "-").replace(',', ".")
}

impl QuestionDraft {
    /// Reads the question of an address.
    pub(super) fn of(query: &Query) -> Self {
        let get = |key: &str| query.get(key).unwrap_or_default().trim().to_owned();
        let kind = Kind::read(&get("ask_guess"));
        let mut draft = Self {
            id: get("ask_id"),
            text: get("ask"),
            kind,
            options: get("ask_options").split('|').map(str::trim).collect::<Vec<_>>().join("\n"),
            metrics: names(&get("ask_metric")),
            range: get("ask_range"),
            tolerance: get("ask_tolerance"),
            feedback: get("ask_feedback"),
            ..Self::default()
        };
        let answer = get("ask_answer");
        let option = draft.option_list().iter().position(|option| *option == answer);
        (draft.right, draft.option) = match (kind, &*answer, option) {
            (Kind::None, ..) | (_, "", _) => (Right::NotGraded, 0),
            (Kind::Choice, _, Some(option)) => (Right::Option, option),
            (Kind::Choice, "smallest", _) => (Right::Smallest, 0),
            (Kind::Choice, "largest", _) => (Right::Largest, 0),
            (Kind::Choice, ..) => (Right::NotGraded, 0),
            (_, "measured", _) => (Right::Measured, 0),
            (_, text, _) if text.contains("..") => (Right::Range, 0),
            _ => (Right::Value, 0),
        };
        match answer.split_once("..") {
            Some((low, high)) => (draft.low, draft.high) = (low.to_owned(), high.to_owned()),
            None if draft.right == Right::Value => draft.value = answer,
            None => {}
        }
        draft
    }

    /// Returns the options as the assignment reads them.
    pub(super) fn option_list(&self) -> Vec<String> {
        let mut list: Vec<String> = Vec::new();
        for option in self.options.split(['\n', '|']) {
            let option: String = option.chars().filter(|c| !c.is_control()).collect();
            let option: String = option.trim().chars().take(MAX_OPTION).collect();
            let option = option.trim_end().to_owned();
            if !option.is_empty() && list.len() < MAX_OPTIONS && !list.contains(&option) {
                list.push(option);
            }
        }
        list
    }

    /// Returns the chosen right answer, if it fits the kind of prediction.
    pub(super) fn right(&self) -> Right {
        if self.right.fits(self.kind) { self.right } else { Right::NotGraded }
    }

    /// Changes the kind of prediction. The measurement then grades a number or a curve; a choice is not graded before its
    /// author has marked an option.
    pub(super) fn set_kind(&mut self, kind: Kind, metric: Option<&str>) {
        self.kind = kind;
        if !self.right.fits(kind) || self.right == Right::NotGraded {
            self.right = match kind {
                Kind::None | Kind::Choice => Right::NotGraded,
                Kind::Number | Kind::Curve => Right::Measured,
            };
        }
        if self.metrics.is_empty() && matches!(kind, Kind::Number | Kind::Curve) {
            self.metrics.extend(metric.map(str::to_owned));
        }
    }

    /// Sets the name of a metric by its index. An empty name removes it.
    pub(super) fn set_metric(&mut self, at: usize, name: String) {
        if self.metrics.len() <= at {
            self.metrics.resize(at + 1, String::new());
        }
        if let Some(metric) = self.metrics.get_mut(at) {
            *metric = name;
        }
        while self.metrics.last().is_some_and(String::is_empty) {
            self.metrics.pop();
        }
    }

    /// Returns true if a prediction can be graded before the run.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self.right(), Right::Value | Right::Range | Right::Option)
    }

    /// Returns true if the right answer may have a tolerance.
    pub(super) fn has_tolerance(&self) -> bool {
        matches!(self.right(), Right::Measured | Right::Value)
    }

    /// Returns the time at which a student learns whether the prediction was right.
    pub(super) fn feedback(&self) -> &str {
        match &*self.feedback {
            "now" if !self.is_fixed() => "run",
            "" => "run",
            feedback => feedback,
        }
    }

    fn answer(&self) -> String {
        match self.right() {
            Right::NotGraded => String::new(),
            Right::Measured => "measured".to_owned(),
            Right::Value => plain(&self.value),
            Right::Range => format!("{}..{}", plain(&self.low), plain(&self.high)),
            Right::Option => self.option_list().get(self.option).cloned().unwrap_or_default(),
            Right::Largest => "largest".to_owned(),
            Right::Smallest => "smallest".to_owned(),
        }
    }

    fn keys(&self) -> Query {
        // Two whole numbers could be one with a decimal comma, but a range has two. Anything else is reported as one number.
        let range = if self.range.trim().is_empty() { "0,1" } else { &self.range };
        let ends = list_items(range, false).or_else(|_| list_items(range, true));
        let range = ends.map_or_else(|_| range.replace(',', "."), |ends| ends.join(","));
        let metrics: Vec<&str> =
            self.metrics.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        let tolerance = if self.has_tolerance() { plain(&self.tolerance) } else { String::new() };
        [
            ("ask", self.text.replace('\n', " ")),
            ("ask_guess", self.kind.slug().to_owned()),
            ("ask_options", self.option_list().join("|")),
            ("ask_metric", metrics.join(",")),
            ("ask_range", range),
            ("ask_id", self.id.clone()),
            ("ask_answer", self.answer()),
            ("ask_tolerance", tolerance),
            ("ask_feedback", self.feedback().to_owned()),
        ]
        .into()
    }

    /// Returns the question, and a sentence for each part that is missing or ignored.
    pub(super) fn question(&self) -> (Option<Question>, Vec<String>) {
        let (assignment, mut warnings) = Assignment::from_query(&self.keys());
        let is_asked = assignment.question.is_some();
        if self.kind != Kind::None && !is_asked {
            warnings.push("Enter the text of the question.".to_owned());
        }
        if is_asked && matches!(self.right(), Right::Value | Right::Option) && self.answer().is_empty() {
            warnings.push("Enter the right answer, or choose “not graded”.".to_owned());
        }
        (assignment.question, warnings)
    }
}

/// Returns the names in a list.
fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Returns the keys for an address that students can read: the right answer is not in it if there is no feedback.
pub(super) fn for_students(query: &Query) -> Query {
    let is_secret = query.get("ask_feedback") == Some("none");
    query.keep(|key| !is_secret || !["ask_answer", "ask_tolerance"].contains(&key))
}

#[cfg(test)]
mod tests {
    use crate::panel::share::question::*;

    fn written(draft: &QuestionDraft) -> Query {
        Assignment { question: draft.question().0, ..Assignment::default() }.to_query()
    }

    #[test]
    fn a_question_is_read_as_it_was_written() {
        for text in [
            "ask=Why",
            "ask=How%20much&ask_guess=number&ask_metric=loss,accuracy&ask_answer=0.85..0.95",
            "ask=How%20much&ask_guess=number&ask_metric=loss&ask_answer=0.9&ask_tolerance=0.1&ask_feedback=now",
            "ask=Draw&ask_guess=curve&ask_range=0,1&ask_metric=loss&ask_id=q1&ask_answer=measured",
            "ask=Best&ask_guess=choice&ask_options=a%7Cb&ask_metric=x,y&ask_answer=smallest",
            "ask=Best&ask_guess=choice&ask_options=a%7Cb&ask_answer=b&ask_feedback=none",
        ] {
            let draft = QuestionDraft::of(&Query::parse(text));
            assert_eq!(written(&draft).to_string(), text);
            assert!(draft.question().1.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_key_is_kept_from_students_who_get_no_feedback() {
        let secret = Query::parse(
            "ask=a&ask_guess=number&ask_metric=loss&ask_answer=1&ask_tolerance=1&ask_feedback=none",
        );
        assert_eq!(
            for_students(&secret).to_string(),
            "ask=a&ask_guess=number&ask_metric=loss&ask_feedback=none"
        );
        let open = secret.keep(|key| key != "ask_feedback");
        assert_eq!(for_students(&open), open);
    }

    #[test]
    fn numbers_take_decimal_commas() {
        let mut draft = QuestionDraft { text: "How low?".to_owned(), ..QuestionDraft::default() };
        draft.set_kind(Kind::Number, Some("loss"));
        assert_eq!((draft.right(), &*draft.metrics), (Right::Measured, &["loss".to_owned()][..]));
        draft.right = Right::Value;
        draft.value = "−0,5".to_owned();
        assert_eq!(written(&draft).get("ask_answer"), Some("-0.5"));
        draft.set_kind(Kind::Curve, None);
        assert_eq!(draft.right(), Right::Measured);
        for (range, wanted) in [
            ("0,5; 1,5", Some("0.5,1.5")),
            ("0,5 1,5", Some("0.5,1.5")),
            ("0.5,1.5", Some("0.5,1.5")),
            ("0,5", Some("0,5")),
            ("0,05", None),
        ] {
            draft.range = range.to_owned();
            assert_eq!(written(&draft).get("ask_range"), wanted, "{range}");
            assert_eq!(draft.question().1.is_empty(), wanted.is_some(), "{range}");
        }
    }

    #[test]
    fn missing_parts_are_named() {
        let mut draft = QuestionDraft::default();
        assert!(draft.question().1.is_empty());
        draft.set_kind(Kind::Choice, None);
        draft.options = "a\nb|a\n\n".to_owned();
        assert_eq!(draft.question().1, ["Enter the text of the question."]);
        draft.text = "Best?".to_owned();
        draft.option = 1;
        assert_eq!(written(&draft).get("ask_answer"), None, "no option is marked");
        draft.right = Right::Option;
        assert_eq!(written(&draft).get("ask_answer"), Some("b"));
        draft.option = 2;
        assert_eq!(draft.question().1.len(), 1);
        draft.right = Right::Largest;
        assert_eq!(draft.question().1.len(), 1, "one metric per option is needed");
        draft.set_metric(0, "x".to_owned());
        draft.set_metric(1, "y".to_owned());
        assert!(draft.question().1.is_empty());
        draft.set_metric(1, String::new());
        assert_eq!(draft.metrics, ["x"]);
    }
}
