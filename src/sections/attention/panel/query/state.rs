//! The user's changes to the example: numbers, switches, and the undo history. It has no side effects.

use crate::charts::scale::format_exact;
use crate::sections::attention::{Example, SCALED, Switches, read_number};
use std::rc::Rc;
use yew::prelude::*;

/// The source of the example's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// [`Example::small`].
    Small,
    /// A head of a network in training, and the position of the query.
    Run { arm: usize, head: usize, position: usize },
}

/// One number of the example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Query(usize),
    Key(usize, usize),
    Value(usize, usize),
}

impl Cell {
    /// Returns the `data-cell` attribute of its field, such as `q-0`, `k-1-0` or `v-1-0`.
    pub(super) fn slug(self) -> String {
        match self {
            Self::Query(dim) => format!("q-{dim}"),
            Self::Key(key, dim) => format!("k-{key}-{dim}"),
            Self::Value(key, dim) => format!("v-{key}-{dim}"),
        }
    }

    pub(super) fn from_slug(slug: &str) -> Option<Self> {
        let mut parts = slug.split('-');
        let kind = parts.next()?;
        let mut number = || parts.next()?.parse::<usize>().ok();
        match kind {
            "q" => Some(Self::Query(number()?)),
            "k" => Some(Self::Key(number()?, number()?)),
            "v" => Some(Self::Value(number()?, number()?)),
            _ => None,
        }
    }

    pub(super) fn of(self, example: &Example) -> Option<f64> {
        match self {
            Self::Query(dim) => example.q.get(dim).copied(),
            Self::Key(key, dim) => example.keys.get(key)?.get(dim).copied(),
            Self::Value(key, dim) => example.values.get(key)?.get(dim).copied(),
        }
    }

    fn set(self, example: &mut Example, number: f64) {
        let place = match self {
            Self::Query(dim) => example.q.get_mut(dim),
            Self::Key(key, dim) => example.keys.get_mut(key).and_then(|key| key.get_mut(dim)),
            Self::Value(key, dim) => example.values.get_mut(key).and_then(|value| value.get_mut(dim)),
        };
        place.into_iter().for_each(|place| *place = number);
    }
}

/// An entry of the undo history.
#[derive(Clone, Debug, Default, PartialEq)]
struct Snapshot {
    edited: Option<Rc<Example>>,
    switches: Switches,
}

/// The field that is being edited.
#[derive(Clone, Debug, PartialEq)]
struct Draft {
    cell: Cell,
    text: String,
    /// True if a number has changed since the field got the focus.
    changed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct QueryState {
    pub(super) source: Source,
    /// The example after the user's changes; `None` if there are none.
    pub(super) edited: Option<Rc<Example>>,
    pub(super) switches: Switches,
    /// The reason why the last typed text is not a valid number.
    pub(super) warning: Option<String>,
    past: Vec<Snapshot>,
    draft: Option<Draft>,
}

pub(super) enum Action {
    /// Selects a source; true if its scores are scaled.
    Choose(Source, bool),
    /// Sets the text of a field of the shown example.
    Type(Cell, String, Rc<Example>),
    /// Adds to a number of the shown example, for the arrow keys.
    Step(Cell, f64, Rc<Example>),
    /// Ends the editing of a field.
    Leave,
    /// Discards the edits of the field.
    Escape,
    /// Replaces the example by one with another number of keys or dimensions.
    Resize(Example),
    Scale,
    Causal,
    Hide(usize),
    Undo,
    /// Discards all changes; true if the scores of the source are scaled.
    Reset(bool),
}

/// The maximum number of steps in the undo history.
const MAX_UNDO: usize = 100;

impl Default for QueryState {
    fn default() -> Self {
        Self {
            source: Source::Small,
            edited: None,
            switches: Switches { scaled: true, ..Switches::default() },
            warning: None,
            past: Vec::new(),
            draft: None,
        }
    }
}

impl QueryState {
    pub(super) fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Returns the text of a field: its draft, or its number.
    pub(super) fn text(&self, cell: Cell, number: f64) -> String {
        match &self.draft {
            Some(draft) if draft.cell == cell => draft.text.clone(),
            _ => short(number),
        }
    }

    /// Returns true if the text in a field is not a valid number.
    pub(super) fn is_wrong(&self, cell: Cell) -> bool {
        self.warning.is_some() && self.draft.as_ref().is_some_and(|draft| draft.cell == cell)
    }

    fn push_undo(&mut self) {
        self.past.push(Snapshot { edited: self.edited.clone(), switches: self.switches.clone() });
        let over = self.past.len().saturating_sub(MAX_UNDO);
        self.past.drain(..over);
    }

    fn undo(&mut self) {
        if let Some(Snapshot { edited, switches }) = self.past.pop() {
            (self.edited, self.switches) = (edited, switches);
        }
    }

    fn switch(&mut self, change: impl FnOnce(&mut Switches)) {
        self.push_undo();
        change(&mut self.switches);
    }

    /// Sets the text of a field. An invalid number changes nothing. All edits from focus to blur are one undo step.
    fn type_in(&mut self, cell: Cell, text: String, shown: &Example) {
        let entered = self.draft.as_ref().is_none_or(|draft| draft.cell != cell);
        let changed = !entered && self.draft.as_ref().is_some_and(|draft| draft.changed);
        let number = read_number(&text);
        self.warning =
            number.as_ref().err().map(|error| format!("{error} Until then, the last number counts."));
        let moves = number.as_ref().is_ok_and(|number| cell.of(shown) != Some(*number));
        if moves && !changed {
            self.push_undo();
        }
        if let (true, Ok(number)) = (moves, number) {
            let mut next = shown.clone();
            cell.set(&mut next, number);
            self.edited = Some(Rc::new(next));
        }
        self.draft = Some(Draft { cell, text, changed: changed || moves });
    }
}

impl Reducible for QueryState {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        // Text that is not accepted stays in its field until it is corrected or discarded.
        let keeps = matches!(
            action,
            Action::Type(..)
                | Action::Step(..)
                | Action::Leave
                | Action::Scale
                | Action::Causal
                | Action::Hide(_)
        );
        if !keeps {
            next.warning = None;
        }
        match action {
            Action::Choose(source, scaled) => {
                let switches = Switches { scaled, ..Switches::default() };
                next = Self { source, switches, ..Self::default() };
            }
            Action::Type(cell, text, shown) => next.type_in(cell, text, &shown),
            Action::Step(cell, by, shown) => {
                // Rounded by way of text, so that 0.1 + 0.2 is 0.3.
                let moved = cell.of(&shown).map(|number| format!("{:.4}", number + by));
                let moved = moved.and_then(|text| text.parse::<f64>().ok());
                moved.into_iter().for_each(|number| next.type_in(cell, format_exact(number), &shown));
            }
            Action::Leave if next.warning.is_some() => {}
            Action::Leave => next.draft = None,
            Action::Escape => {
                if next.draft.take().is_some_and(|draft| draft.changed) {
                    next.undo();
                }
            }
            Action::Resize(example) => {
                next.push_undo();
                next.draft = None;
                next.switches.hidden.truncate(example.keys.len());
                next.edited = Some(Rc::new(example));
            }
            Action::Scale => next.switch(|switches| switches.scaled = !switches.scaled),
            Action::Causal => next.switch(|switches| switches.causal = !switches.causal),
            Action::Hide(key) => next.switch(|switches| {
                switches.hidden.resize(switches.hidden.len().max(key + 1), false);
                if let Some(hidden) = switches.hidden.get_mut(key) {
                    *hidden = !*hidden;
                }
            }),
            Action::Undo => {
                next.draft = None;
                next.undo();
            }
            Action::Reset(scaled) => {
                let back = Snapshot { edited: None, switches: Switches { scaled, ..Switches::default() } };
                let now = Snapshot { edited: next.edited.clone(), switches: next.switches.clone() };
                next.draft = None;
                if now != back {
                    next.push_undo();
                    (next.edited, next.switches) = (back.edited, back.switches);
                }
            }
        }
        Rc::new(next)
    }
}

/// The arm that is selected initially.
pub(super) const FIRST_ARM: usize = SCALED;

/// Formats a number such that it fits into its field.
pub(super) fn short(number: f64) -> String {
    const FITS: usize = 5;
    let exact = format_exact(number);
    if exact.len() <= FITS {
        return exact;
    }
    match number.abs() {
        size if size >= 1e4 => format!("{number:.0e}"),
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size < 0.005 => format!("{number:.0e}"),
        _ => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(actions: Vec<Action>) -> Rc<QueryState> {
        actions.into_iter().fold(Rc::new(QueryState::default()), |state, action| state.reduce(action))
    }

    fn small() -> Rc<Example> {
        Rc::new(Example::small())
    }

    #[test]
    fn typing_in_one_field_is_one_undo_step() {
        let cell = Cell::Key(1, 0);
        let mut state = Rc::new(QueryState::default());
        for text in ["3", "3.", "3.5"] {
            let shown = state.edited.clone().unwrap_or_else(small);
            state = state.reduce(Action::Type(cell, text.to_owned(), shown));
        }
        assert_eq!(cell.of(state.edited.as_ref().expect("edited")), Some(3.5));
        assert_eq!((state.text(cell, 3.5), state.past.len()), ("3.5".to_owned(), 1));
        let state = state.reduce(Action::Leave).reduce(Action::Undo);
        assert_eq!((state.edited.clone(), state.can_undo()), (None, false));
    }

    #[test]
    fn an_invalid_number_changes_nothing() {
        let cell = Cell::Query(0);
        let state = after(vec![
            Action::Type(cell, "7".to_owned(), small()),
            Action::Type(cell, "7x".to_owned(), Rc::new(Example { q: vec![7.0], ..Example::default() })),
        ]);
        assert!(state.is_wrong(cell) && state.warning.is_some());
        assert_eq!(cell.of(state.edited.as_ref().expect("edited")), Some(7.0));
        // The text stays until it is corrected, or until Escape discards it.
        let left = state.clone().reduce(Action::Leave).reduce(Action::Scale);
        assert!(left.is_wrong(cell) && left.text(cell, 7.0) == "7x");
        let corrected = left.reduce(Action::Type(cell, "7,5".to_owned(), small())).reduce(Action::Leave);
        assert_eq!((corrected.text(cell, 7.5), corrected.warning.clone()), ("7.5".to_owned(), None));
        assert_eq!(state.reduce(Action::Escape).edited, None);
        // Edits without a valid number are not an undo step.
        assert!(!after(vec![Action::Type(cell, "x".to_owned(), small()), Action::Leave]).can_undo());
    }

    #[test]
    fn arrow_keys_do_not_accumulate_rounding_and_switches_can_be_undone() {
        let cell = Cell::Value(0, 0);
        let mut state = Rc::new(QueryState::default());
        for _ in 0..3 {
            let shown = state.edited.clone().unwrap_or_else(small);
            state = state.reduce(Action::Step(cell, 0.1, shown));
        }
        assert_eq!(cell.of(state.edited.as_ref().expect("edited")), Some(2.3));
        let state = state.reduce(Action::Scale).reduce(Action::Hide(2)).reduce(Action::Causal);
        assert_eq!(
            state.switches,
            Switches { scaled: false, causal: true, hidden: vec![false, false, true] }
        );
        let state = state.reduce(Action::Reset(true));
        assert_eq!((state.edited.clone(), state.switches.clone()), (None, QueryState::default().switches));
        let state = state.reduce(Action::Undo).reduce(Action::Undo);
        assert!(!state.switches.causal && state.switches.hidden[2] && state.edited.is_some());
    }

    #[test]
    fn slugs_round_trip_and_numbers_fit() {
        for cell in [Cell::Query(3), Cell::Key(1, 0), Cell::Value(7, 2)] {
            assert_eq!(Cell::from_slug(&cell.slug()), Some(cell));
        }
        assert_eq!((Cell::from_slug("k-1"), Cell::from_slug("x-1-1")), (None, None));
        for (number, text) in [
            (2.0, "2"),
            (-1.25, "-1.25"),
            (0.123_456, "0.12"),
            (-12.345_67, "-12.3"),
            (123.456, "123"),
            (999_999.0, "1e6"),
            (0.000_123_4, "1e-4"),
        ] {
            assert_eq!(short(number), text);
        }
    }
}
