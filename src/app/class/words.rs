//! Answers in words, short for the table and exact for details.

use crate::core::guess::{Grade, Guessed, Verdict};
use crate::coursework::class::Graded;
use crate::coursework::class::csv::exact_guess;
use crate::saved_runs::Timestamp;
use crate::ui::readout::format_number;
use js_sys::Date;
use wasm_bindgen::JsValue;
use yew::prelude::*;

/// The maximum length of an option in the table.
const MAX_CHARS: usize = 18;

/// Returns the mark of a grade and its name.
pub(super) const fn mark(grade: Grade) -> (&'static str, &'static str) {
    match grade {
        Grade::Right => ("✓", "right"),
        Grade::Partly => ("◐", "partly right"),
        Grade::Wrong => ("✗", "wrong"),
        Grade::Open => ("○", "open"),
    }
}

/// Draws the mark of a grade.
pub(super) fn mark_html(grade: Grade) -> Html {
    let (mark, words) = mark(grade);
    html! {
        <span class="class-mark" data-grade={grade.slug()}>
            <span aria-hidden="true">{ mark }</span><span class="visually-hidden">{ format!(" {words}") }</span>
        </span>
    }
}

/// Returns a prediction for the table.
pub(super) fn short_guess(graded: &Graded) -> String {
    match &graded.attempt.guess {
        Some(Guessed::Number(number)) => format_number(*number, 3),
        Some(Guessed::Choice(words)) if words.chars().count() > MAX_CHARS => {
            format!("{}…", words.chars().take(MAX_CHARS - 1).collect::<String>())
        }
        Some(Guessed::Choice(words)) => words.clone(),
        Some(Guessed::Curve(_)) => "curve".to_owned(),
        None => "code".to_owned(),
    }
}

/// Returns a prediction with all digits. The points of a curve are only counted.
pub(super) fn long_guess(guess: Option<&Guessed>) -> String {
    match guess {
        Some(Guessed::Curve(points)) => format!("a curve of {} points", points.len()),
        Some(guess) => exact_guess(guess),
        None => "none".to_owned(),
    }
}

/// Returns a verdict in words.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let (_, words) = mark(verdict.grade);
    let score = verdict.score.map_or_else(String::new, |score| format!(", score {score}"));
    let off = verdict.off.map_or_else(String::new, |off| format!(", off by {}", format_number(off, 3)));
    let seeds = match (verdict.right, verdict.seeds) {
        (Some(right), seeds) if seeds > 1 => format!(", for {right} of {seeds} seeds"),
        _ => String::new(),
    };
    format!("{words}{score}{off}{seeds}")
}

/// Returns the time of day in this place.
pub(super) fn clock(time: Timestamp) -> String {
    let date = Date::new(&JsValue::from_f64(time.0 as f64));
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}
