//! The content of the dialog for teachers, and the assignment and the address that follow from it.

use crate::assignment::Assignment;
use crate::core::number_list::list_items;
use crate::core::query::Query;
use crate::panel::share::links;

/// The content of the dialog.
#[derive(Clone, PartialEq, Default)]
pub(super) struct Draft {
    pub(super) assignment: Assignment,
    /// A preset in place of the present settings.
    pub(super) preset: Option<&'static str>,
    pub(super) ask: String,
    /// `none`, `number`, `choice` or `curve`.
    pub(super) guess: String,
    pub(super) options: String,
    pub(super) metric: String,
    pub(super) range: String,
}

impl Draft {
    pub(super) fn of(query: &Query) -> Self {
        let (assignment, _) = Assignment::from_query(query);
        let get = |key: &str| query.get(key).unwrap_or_default().to_owned();
        Self {
            ask: get("ask"),
            guess: Some(get("ask_guess"))
                .filter(|guess| !guess.is_empty())
                .unwrap_or_else(|| "none".to_owned()),
            options: get("ask_options").replace('|', "\n"),
            metric: get("ask_metric"),
            range: Some(get("ask_range"))
                .filter(|range| !range.is_empty())
                .unwrap_or_else(|| "0,1".to_owned()),
            assignment,
            preset: None,
        }
    }

    /// Returns the assignment with its question, and warnings about it.
    pub(super) fn assignment(&self) -> (Assignment, Vec<String>) {
        let options = self.options.lines().collect::<Vec<_>>().join("|");
        // In an address, numbers have a point, and a comma is between them. Two whole numbers could be one with a decimal
        // comma, but a range has two. What is left is reported as one number.
        let ends = list_items(&self.range, false).or_else(|_| list_items(&self.range, true));
        let range = ends.map_or_else(|_| self.range.replace(',', "."), |ends| ends.join(","));
        let query = [
            ("ask", &self.ask),
            ("ask_guess", &self.guess),
            ("ask_options", &options),
            ("ask_metric", &self.metric),
            ("ask_range", &range),
        ];
        let (read, warnings) = Assignment::from_query(&query.into());
        (Assignment { question: read.question, ..self.assignment.clone() }, warnings)
    }

    pub(super) fn query(&self, shown: &Query) -> Query {
        let mut query = match self.preset {
            Some(preset) => [("preset", preset)].into(),
            None => links::set_up(shown),
        };
        query.extend(self.assignment().0.to_query().iter());
        query
    }

    /// Returns the access of a student to a setting.
    pub(super) fn access(&self, key: &str) -> Access {
        match (self.assignment.hides(key), self.assignment.locks(key)) {
            (true, _) => Access::Hidden,
            (false, true) => Access::Locked,
            (false, false) => Access::Free,
        }
    }

    pub(super) fn set_access(&mut self, key: &str, access: Access) {
        let Assignment { hide, lock, .. } = &mut self.assignment;
        hide.retain(|known| known != key);
        lock.retain(|known| known != key);
        // A hidden setting is also locked, since a preset would change it without the student noticing.
        if access == Access::Hidden {
            hide.push(key.to_owned());
        }
        if access != Access::Free {
            lock.push(key.to_owned());
        }
    }

    pub(super) fn set_shown(&mut self, name: &str, shown: bool) {
        self.assignment.show.retain(|known| known != name);
        if shown {
            self.assignment.show.push(name.to_owned());
        }
    }

    pub(super) fn set_hidden(&mut self, name: &str, hidden: bool) {
        self.assignment.hide.retain(|known| known != name);
        if hidden {
            self.assignment.hide.push(name.to_owned());
        }
    }
}

/// The access of a student to a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Free,
    Locked,
    Hidden,
}

impl Access {
    pub(super) const ALL: [(Self, &str); 3] =
        [(Self::Free, "editable"), (Self::Locked, "locked"), (Self::Hidden, "hidden")];

    pub(super) fn read(slug: &str) -> Self {
        Self::ALL.into_iter().find(|(_, known)| *known == slug).map_or(Self::Free, |(access, _)| access)
    }
}

#[cfg(test)]
mod tests {
    use crate::panel::share::draft::*;

    #[test]
    fn hidden_settings_are_locked_and_free_again_when_they_are_shown() {
        let mut draft = Draft::of(&Query::from([("lock", "seed"), ("depth", "3"), ("theme", "dark")]));
        assert_eq!(draft.access("seed"), Access::Locked);
        draft.set_access("depth", Access::Hidden);
        let query = draft.query(&Query::from([("depth", "3"), ("theme", "dark")]));
        assert_eq!(query.to_string(), "depth=3&hide=depth&lock=seed,depth");
        draft.set_access("depth", Access::Free);
        draft.set_access("seed", Access::Free);
        assert_eq!(draft.assignment().0, Assignment::default());
    }

    #[test]
    fn a_question_is_read_as_from_an_address() {
        let shown = Query::from([("ask", "Which?"), ("ask_guess", "choice"), ("ask_options", "a|b")]);
        let draft = Draft::of(&shown);
        assert_eq!(draft.options, "a\nb");
        assert_eq!(draft.query(&shown).to_string(), shown.to_string());
    }

    #[test]
    fn a_range_takes_decimal_commas() {
        let range = |text: &str| {
            let draft = Draft {
                ask: "How low?".to_owned(),
                guess: "curve".to_owned(),
                metric: "loss".to_owned(),
                range: text.to_owned(),
                ..Draft::default()
            };
            (draft.query(&Query::default()).get("ask_range").map(str::to_owned), draft.assignment().1.len())
        };
        for text in ["0,5; 1,5", "0,5 1,5", "0,5, 1,5", "0.5,1.5"] {
            assert_eq!(range(text), (Some("0.5,1.5".to_owned()), 0), "{text}");
        }
        assert_eq!(range("0,5").0.as_deref(), Some("0,5"));
        assert_eq!(range("0,05"), (None, 1), "one number is not a range");
    }
}
