//! The names of tokens and classes: letters in the task of recall, and characters and labels for the user's lines.

use crate::panel::PtrEq;
use crate::sections::rnn::{Config, LineSet, Record, TaskChoice, Trace, token_name};

/// The names of tokens and classes.
#[derive(Clone, PartialEq)]
pub(super) struct Names {
    config: Config,
    lines: Option<PtrEq<LineSet>>,
}

impl Names {
    pub(super) fn of(config: &Config, record: &Record) -> Self {
        let lines = record.lines.clone().filter(|_| config.task == TaskChoice::Lines);
        Self { config: config.clone(), lines: lines.map(PtrEq) }
    }

    /// Returns the user's lines, or `None` in the task of recall and as long as they are unknown.
    pub(super) fn lines(&self) -> Option<&LineSet> {
        self.lines.as_deref()
    }

    /// Returns true if a sequence is a line of the user.
    pub(super) fn are_lines(&self) -> bool {
        self.config.task == TaskChoice::Lines
    }

    /// Returns the name of a token.
    pub(super) fn token(&self, token: u8) -> char {
        match (self.lines(), self.config.task) {
            (Some(lines), _) => lines.name(token),
            (None, TaskChoice::Lines) => '·',
            (None, TaskChoice::Recall) => token_name(&self.config, token),
        }
    }

    /// Returns the name of a class.
    pub(super) fn class(&self, class: usize) -> String {
        match (self.lines(), self.config.task) {
            (Some(lines), _) => lines.class(class).to_owned(),
            (None, TaskChoice::Lines) => class.to_string(),
            (None, TaskChoice::Recall) => token_name(&self.config, class as u8).to_string(),
        }
    }

    /// Returns the class of the traced sequence, which is the first token or the label of the first held-out line.
    pub(super) fn label(&self, trace: &Trace) -> usize {
        let label = match self.lines() {
            Some(lines) => lines.shown.first().map(|(_, label)| *label),
            None => trace.tokens.first().copied(),
        };
        usize::from(label.unwrap_or_default())
    }
}
