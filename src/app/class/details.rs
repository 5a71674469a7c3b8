//! The details of a student's answers to a question.

use crate::app::class::words::{long_guess, mark_html, verdict};
use crate::app::route::Route;
use crate::coursework::class::csv::{Results, settings};
use crate::coursework::class::{Cell, Column, Graded, Row, SectionInfo};
use crate::coursework::sheet::Outcome;
use yew::prelude::*;

/// Returns all attempts of a student at a question.
pub(super) fn details(
    row: &Row,
    column: &Column,
    cell: &Cell,
    sections: &[SectionInfo],
    results: &Results,
) -> Html {
    let attempt = |(at, graded): (usize, &Graded)| {
        let result = results.get(&(row.id, column.id.clone(), at));
        html! {
            <li data-attempt={(at + 1).to_string()}>
                <h3>{ if at == 0 { "First attempt".to_owned() } else { format!("Attempt {}", at + 1) } }</h3>
                <dl>
                    { entry("Time", html! { graded.attempt.time.to_string() }) }
                    { entry("Prediction", html! { long_guess(graded.attempt.guess.as_ref()) }) }
                    { entry("Verdict", html! { <>{ mark_html(graded.verdict.grade) }{ " " }{ verdict(&graded.verdict) }</> }) }
                    if let Some(outcome) = &graded.attempt.outcome {
                        { outcome_html(column, outcome, sections) }
                    } else {
                        { entry("Result", html! { "No run has ended after this prediction." }) }
                    }
                    if !graded.differences.is_empty() {
                        { entry("Differs from the lesson", html! { graded.differences.to_string() }) }
                    }
                    if let Some(result) = result {
                        { entry("Recomputed", html! { result.words() }) }
                    }
                </dl>
            </li>
        }
    };
    html! {
        <div class="class-details" data-details={column.id.clone()}>
            <p>{ cell.question.clone() }</p>
            <p class="muted">{ format!("{} · {}", column.id, row.file) }</p>
            <ol>{ for cell.attempts().enumerate().map(attempt) }</ol>
        </div>
    }
}

fn entry(name: &'static str, value: Html) -> Html {
    html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }
}

fn outcome_html(column: &Column, outcome: &Outcome, sections: &[SectionInfo]) -> Html {
    let number = |(name, value): (&String, &Option<f64>)| {
        let value = value.map_or_else(|| "not finite".to_owned(), |value| value.to_string());
        html! { <li>{ format!("{name} = {value}") }</li> }
    };
    let device = outcome.device.as_ref().map(|device| match &device.fallback {
        Some(why) => format!("{} ({}); {why}", device.name, device.kind.slug()),
        None => format!("{} ({})", device.name, device.kind.slug()),
    });
    let is_known = SectionInfo::find(sections, &column.section).is_some();
    let changed = settings(&column.section, outcome, sections);
    let label = if changed.is_empty() { "the default settings".to_owned() } else { changed.to_string() };
    let mut query = changed;
    if outcome.seeds > 1 {
        query.push("seeds", outcome.seeds.to_string());
    }
    let href = Route { slug: column.section.clone(), chapter: None, query }.to_hash();
    html! {
        <>
            { entry("Result at", html! { outcome.time.to_string() }) }
            if !outcome.measured.is_empty() {
                { entry("Measured", html! { <ul>{ for outcome.measured.iter().map(number) }</ul> }) }
            }
            if !outcome.words.is_empty() {
                { entry("In words", html! { <ul>{ for outcome.words.iter().map(|words| html! { <li>{ words.clone() }</li> }) }</ul> }) }
            }
            if is_known && !outcome.settings.is_empty() {
                { entry("Settings", html! { <a {href} target="_blank" rel="noopener" data-action="open-settings">{ label }</a> }) }
            }
            { entry("Seed", html! { if outcome.seeds > 1 { { format!("{} and {} more", outcome.seed, outcome.seeds - 1) } } else { { outcome.seed.to_string() } } }) }
            if let Some(device) = device {
                { entry("Device", html! { device }) }
            }
            { entry("Lab version", html! { outcome.lab_version.clone() }) }
        </>
    }
}
