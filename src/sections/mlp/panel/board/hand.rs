//! The user's actions on the board: by pointer, by key and with the tools.

use super::edit::{At, GRAB, Setup, Stroke, Tool, nearest};
use super::edits::{Edits, use_edits};
use super::scene::Scene;
use super::tools::Action;
use super::words;
use crate::core::points::{MAX_CLASSES, REACH, class_letter};
use crate::sections::mlp::{Config, Record};
use serde_json::Value;
use std::cmp::Ordering;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

/// The distance that an arrow key moves the cursor, alone and with Shift.
const STEPS: (f32, f32) = (0.05, 0.25);

/// The tools in use, the cursor of the keyboard, and the points that they change.
#[derive(Clone)]
pub(super) struct Hand {
    pub(super) setup: UseStateHandle<Setup>,
    n_shown: UseStateHandle<u8>,
    /// The position of the cursor that keys move.
    pub(super) cursor: UseStateHandle<Option<At>>,
    /// The last action in words, for screen readers.
    pub(super) said: UseStateHandle<String>,
    pub(super) edits: Edits,
    pub(super) scene: Rc<Scene>,
    set: Callback<(&'static str, Value)>,
    /// True if nothing can be drawn.
    pub(super) off: bool,
}

/// Returns the tools for the points of the settings.
#[hook]
pub(super) fn use_hand(
    config: &Config,
    record: &Record,
    set: &Callback<(&'static str, Value)>,
    off: bool,
) -> Hand {
    Hand {
        setup: use_state_eq(|| Setup { tool: Tool::Brush, class: 0, radius: 0.08 }),
        n_shown: use_state_eq(|| 2),
        cursor: use_state_eq(|| None),
        said: use_state_eq(String::new),
        edits: use_edits(config, record, set),
        scene: Rc::new(Scene::new(config, record)),
        set: set.clone(),
        off,
    }
}

impl Hand {
    /// Returns the number of classes to choose from.
    pub(super) fn n_classes(&self) -> u8 {
        self.edits.base.iter().map(|point| point.class + 1).max().unwrap_or(0).max(*self.n_shown)
    }

    fn say(&self, words: impl Into<String>) {
        self.said.set(words.into());
    }

    /// Does what a button or a key asks for.
    pub(super) fn act(&self, action: Action) {
        let setup = *self.setup;
        match action {
            Action::Tool(tool) => {
                let name = Tool::ALL.iter().find(|other| other.0 == tool).map_or("", |found| found.1);
                self.say(name);
                self.setup.set(Setup { tool, ..setup });
            }
            Action::Class(class) => {
                self.say(format!("Class {}", class_letter(class)));
                self.n_shown.set((*self.n_shown).max(class + 1));
                // The eraser has no class.
                let tool = if setup.tool == Tool::Eraser { Tool::Brush } else { setup.tool };
                self.setup.set(Setup { class, tool, ..setup });
            }
            Action::AddClass => self.act(Action::Class(self.n_classes().min(MAX_CLASSES - 1))),
            Action::Radius(radius) => self.setup.set(Setup { radius, ..setup }),
            Action::Undo | Action::Redo => {
                let n = self.edits.step(action == Action::Undo);
                let done = if action == Action::Undo { "Undone" } else { "Redone" };
                self.say(format!("{done}: {}.", words::count(n, "point")));
            }
            Action::Clear => {
                self.say("All points removed.");
                self.edits.commit(Vec::new());
            }
            Action::StartFrom(slug) => self.set.emit(("dataset", slug.into())),
        }
    }

    /// Starts a stroke of the pointer.
    pub(super) fn start(&self, at: At, tool: Option<Tool>) {
        self.cursor.set(None);
        let tool = tool.unwrap_or(self.setup.tool);
        self.edits.put(Stroke::start(self.edits.base.to_vec(), Setup { tool, ..*self.setup }, at));
    }

    /// Ends the stroke that is being drawn.
    pub(super) fn finish(&self) {
        let before = self.edits.base.len();
        let Some(stroke) = self.edits.take() else { return };
        let now = stroke.points.len();
        let touched = || words::point(&stroke.points, stroke.last_touched()?, self.scene.is_curve);
        self.say(match now.cmp(&before) {
            _ if !stroke.changed => "Nothing to change here.".to_owned(),
            Ordering::Less => format!("Erased {}; {now} left.", words::count(before - now, "point")),
            Ordering::Greater if now > before + 1 => {
                format!("Added {} points; {now} in total.", now - before)
            }
            _ => touched().unwrap_or_default(),
        });
        if stroke.changed {
            self.edits.commit(stroke.points);
        }
    }

    /// Handles a key that was pressed on the board or its tools.
    pub(super) fn key(&self, event: &KeyboardEvent) {
        let key = event.key();
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let on_board = target.is_some_and(|target| target.has_attribute("data-board"));
        let done = if event.ctrl_key() || event.meta_key() {
            self.undo_key(&key.to_ascii_lowercase(), event.shift_key())
        } else if event.alt_key() || !on_board {
            false
        } else {
            self.move_cursor(&key, event.shift_key()) || self.use_key(&key)
        };
        if done {
            event.prevent_default();
        }
    }

    /// Undoes or redoes. Returns true if the key does so.
    fn undo_key(&self, key: &str, shift: bool) -> bool {
        let [undo, redo, _] = self.edits.can();
        let (action, can) = match (key, shift) {
            ("z", false) => (Action::Undo, undo),
            ("y", false) | ("z", true) => (Action::Redo, redo),
            _ => return false,
        };
        let can = can && !self.off;
        if can {
            self.act(action);
        }
        can
    }

    /// Moves the cursor, and the point that it holds. Returns true if the key does so.
    fn move_cursor(&self, key: &str, shift: bool) -> bool {
        let Some(to) = arrow(key, if shift { STEPS.1 } else { STEPS.0 }, *self.cursor) else { return false };
        self.cursor.set(Some(to));
        self.edits.move_to(to);
        self.say(self.scene.reading(&self.edits.points(), to));
        true
    }

    /// Uses or chooses a tool. Returns true if the key does so.
    fn use_key(&self, key: &str) -> bool {
        let at = self.cursor.unwrap_or_default();
        match key {
            "Escape" => {
                drop(self.edits.take());
                self.cursor.set(None);
            }
            _ if self.off => return false,
            "Enter" | " " if self.edits.is_drawing() => self.finish(),
            "Enter" | " " => {
                self.cursor.set(Some(at));
                let stroke = Stroke::at_once(self.edits.base.to_vec(), *self.setup, at);
                let holds = self.setup.tool == Tool::Move && stroke.has_grabbed();
                self.edits.put(stroke);
                if holds {
                    self.say("Holding the point. Arrow keys move it, and Enter releases it.");
                } else {
                    self.finish();
                }
            }
            "Delete" | "Backspace" => {
                let mut left = self.edits.base.to_vec();
                match nearest(&left, at).filter(|(_, distance)| *distance <= GRAB) {
                    Some((index, _)) => {
                        left.remove(index);
                        self.say(format!("Erased 1 point; {} left.", left.len()));
                        self.edits.commit(left);
                    }
                    None => self.say("Nothing to erase near the cursor."),
                }
            }
            key => {
                let class = key.parse().ok().filter(|number| (1..=MAX_CLASSES).contains(number));
                let tool = Tool::ALL.iter().find(|tool| tool.2 == key).map(|tool| Action::Tool(tool.0));
                let class = class.filter(|_| !self.scene.is_curve).map(|number| Action::Class(number - 1));
                let Some(action) = tool.or(class) else { return false };
                self.act(action);
            }
        }
        true
    }
}

/// Returns the position after an arrow key. The first arrow only shows the cursor.
fn arrow(key: &str, step: f32, at: Option<At>) -> Option<At> {
    let ((x, y), step) = at.map_or(((0.0, 0.0), 0.0), |at| (at, step));
    let to = match key {
        "ArrowLeft" => (x - step, y),
        "ArrowRight" => (x + step, y),
        "ArrowUp" => (x, y + step),
        "ArrowDown" => (x, y - step),
        _ => return None,
    };
    Some(inside(to))
}

/// Returns the closest position on the board.
pub(super) fn inside((x, y): At) -> At {
    (x.clamp(-REACH, REACH), y.clamp(-REACH, REACH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_show_the_cursor_then_move_it_to_the_edge() {
        assert_eq!(arrow("ArrowLeft", 0.25, None), Some((0.0, 0.0)));
        assert_eq!(arrow("ArrowLeft", 0.25, Some((0.5, 0.5))), Some((0.25, 0.5)));
        assert_eq!(arrow("ArrowUp", 0.25, Some((0.5, 1.2))), Some((0.5, REACH)));
        assert_eq!(arrow("a", 0.25, None), None);
    }
}
