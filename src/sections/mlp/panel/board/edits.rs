//! The points on the board, with their history and the stroke that is being drawn.

use super::edit::{At, History, Stroke};
use crate::core::points::{MAX_POINTS, Point, Points, REACH};
use crate::panel::PtrEq;
use crate::sections::mlp::{Config, Dataset, Record, Samples};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The number of points of a built-in set on the board.
const N_BUILT_IN: usize = 100;

/// The points with their history, and the ways to change them.
#[derive(Clone)]
pub(super) struct Edits {
    history: UseStateHandle<History>,
    /// True if the points are more than a link holds, so that the settings do not have them.
    pub(super) is_draft: bool,
    draft: UseStateSetter<bool>,
    /// The points on the board before the stroke that is being drawn.
    pub(super) base: Rc<Vec<Point>>,
    stroke: Rc<RefCell<Option<Stroke>>>,
    update: UseForceUpdateHandle,
    is_drawn: bool,
    text: String,
    set: Callback<(&'static str, Value)>,
}

/// Returns the points on the board: those of the settings, or of a built-in set.
#[hook]
pub(super) fn use_edits(config: &Config, record: &Record, set: &Callback<(&'static str, Value)>) -> Edits {
    let history = use_state(|| History::new(config.drawn().0));
    let draft = use_state_eq(|| false);
    let (stroke, update) = (use_mut_ref(|| None::<Stroke>), use_force_update());
    let is_drawn = matches!(config.dataset, Dataset::Drawn | Dataset::Curve);
    use_effect_with((config.dataset, config.points.clone()), {
        let (history, draft, drawn) = (history.clone(), draft.setter(), config.drawn());
        move |(_, text)| {
            // Points that were not drawn here come from a link, or from the button that goes back.
            if Points(history.now().to_vec()).encode() != *text {
                let mut next = (*history).clone();
                next.commit(drawn.0);
                history.set(next);
            }
            draft.set(false);
        }
    });
    let samples = record.samples().cloned().map(PtrEq);
    let built_in = use_memo(samples, |samples| match samples.as_ref().map(|samples| &*samples.0) {
        Some(Samples::Points(points)) => {
            let inside = points
                .iter()
                .take(N_BUILT_IN)
                .filter(|point| point.0.abs() <= REACH && point.1.abs() <= REACH);
            inside.map(|&(x, y, class)| Point::new(x, y, class)).collect()
        }
        _ => Vec::new(),
    });
    let base = match config.dataset {
        _ if is_drawn || *draft => history.now().clone(),
        Dataset::Own | Dataset::FashionMnist => Rc::default(),
        _ => built_in,
    };
    Edits {
        history,
        is_draft: *draft,
        draft: draft.setter(),
        base,
        stroke,
        update,
        is_drawn,
        text: config.points.clone(),
        set: set.clone(),
    }
}

impl Edits {
    /// Returns the points with the stroke that is being drawn.
    pub(super) fn points(&self) -> Rc<Vec<Point>> {
        self.stroke
            .borrow()
            .as_ref()
            .map_or_else(|| self.base.clone(), |stroke| Rc::new(stroke.points.clone()))
    }

    pub(super) fn is_drawing(&self) -> bool {
        self.stroke.borrow().is_some()
    }

    pub(super) fn put(&self, stroke: Stroke) {
        self.stroke.replace(Some(stroke));
        self.update.force_update();
    }

    pub(super) fn take(&self) -> Option<Stroke> {
        let stroke = self.stroke.take();
        if stroke.is_some() {
            self.update.force_update();
        }
        stroke
    }

    pub(super) fn move_to(&self, at: At) {
        if let Some(stroke) = self.stroke.borrow_mut().as_mut() {
            stroke.move_to(at);
            self.update.force_update();
        }
    }

    /// Returns true if there is something to undo, to redo and to clear.
    pub(super) fn can(&self) -> [bool; 3] {
        let (undo, redo) = self.history.can();
        let is_ours = self.is_drawn || self.is_draft;
        // Undo goes from a built-in set back to the points that were drawn before.
        [if is_ours { undo } else { !self.history.now().is_empty() }, is_ours && redo, !self.base.is_empty()]
    }

    /// Changes the points, which are then those of the user.
    pub(super) fn commit(&self, points: Vec<Point>) {
        let mut next = (*self.history).clone();
        if !self.is_drawn && !self.is_draft {
            next.commit(self.base.to_vec());
        }
        next.commit(points);
        self.apply(next);
    }

    /// Undoes or redoes a change, and returns the number of points.
    pub(super) fn step(&self, undo: bool) -> usize {
        let mut next = (*self.history).clone();
        match undo {
            true if !self.is_drawn && !self.is_draft => {}
            true => next.undo(),
            false => next.redo(),
        }
        let n = next.now().len();
        self.apply(next);
        n
    }

    /// Shows points, and writes them into the settings if a link holds them.
    pub(super) fn apply(&self, next: History) {
        let now = next.now().clone();
        self.history.set(next);
        self.draft.set(now.len() > MAX_POINTS);
        if now.len() <= MAX_POINTS {
            let text = Points(now.to_vec()).encode();
            if text != self.text {
                self.set.emit(("points", text.into()));
            }
            if !self.is_drawn {
                self.set.emit(("dataset", "drawn".into()));
            }
        }
    }
}
