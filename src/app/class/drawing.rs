//! The drawings of first predictions. They scale with their width, from a phone to a wall.

use crate::charts::layout::fit_text;
use crate::charts::scale::{Scale, ScaleKind, format_number, nice};
use crate::charts::{ChartHeight, LineChart, Series};
use crate::core::metric::Spread;
use crate::coursework::class::picture::{Choice, Picture};
use std::rc::Rc;
use yew::prelude::*;

const WIDTH: f64 = 480.0;
const LEFT: f64 = 14.0;
const RIGHT: f64 = 466.0;
/// The height of the area with dots, and of the whole drawing of numbers.
const FLOOR: f64 = 170.0;
const HEIGHT: f64 = 206.0;
/// The number of columns of dots.
const BINS: usize = 40;
/// Predictions further from the median than this number of median absolute deviations are drawn at the edge.
const MAX_DEVIATIONS: f64 = 8.0;
/// The height of a bar with its label.
const BAR: f64 = 44.0;

/// Draws the first predictions, with what was measured. `height` is the height of curves.
pub(super) fn drawing(picture: &Picture, name: &str, height: f64) -> Html {
    match picture {
        Picture::Numbers { guesses, measured } => numbers(guesses, measured, picture.sentence()),
        Picture::Choices(choices) => bars(choices, picture.sentence()),
        Picture::Curves { guesses, measured } => curves(guesses, measured, name, height),
        Picture::Nothing => html! { <p class="muted">{ "Nothing was predicted." }</p> },
    }
}

/// Returns the ends of the axis: all predictions without extreme ones, and the measured numbers.
fn domain(guesses: &[(f64, String)], measured: &[(f64, usize)]) -> (f64, f64) {
    let of = |values: &mut dyn Iterator<Item = f64>| Spread::of(values);
    let all = of(&mut guesses.iter().map(|(guess, _)| *guess));
    let Some(Spread { median, low, high, .. }) = all else { return (0.0, 1.0) };
    let deviation =
        of(&mut guesses.iter().map(|(guess, _)| (guess - median).abs())).map_or(0.0, |s| s.median);
    let room = MAX_DEVIATIONS * deviation.max(0.02 * median.abs());
    let (mut low, mut high) = (low.max(median - room), high.min(median + room));
    for (value, _) in measured.iter().take(3) {
        (low, high) = (low.min(*value), high.max(*value));
    }
    nice(ScaleKind::Linear, (low, high), 6)
}

/// Draws a dot per student over an axis, and a line per measured number.
fn numbers(guesses: &[(f64, String)], measured: &[(f64, usize)], sentence: String) -> Html {
    let scale = Scale::new(ScaleKind::Linear, domain(guesses, measured), (LEFT, RIGHT));
    let (low, high) = scale.domain();
    let outside = guesses.iter().filter(|(guess, _)| *guess < low || *guess > high).count();
    let bin = |value: f64| {
        let share = (value.clamp(low, high) - low) / (high - low);
        ((share * BINS as f64) as usize).min(BINS - 1)
    };
    let mut counts = [0usize; BINS];
    let places: Vec<(usize, usize)> = guesses
        .iter()
        .filter_map(|(guess, _)| {
            let at = bin(*guess);
            let count = counts.get_mut(at)?;
            *count += 1;
            Some((at, *count - 1))
        })
        .collect();
    let tallest = counts.iter().copied().max().unwrap_or(1).max(1);
    let width = (RIGHT - LEFT) / BINS as f64;
    let step = width.min((FLOOR - 30.0) / tallest as f64);
    let dot = |((at, level), (guess, name)): (&(usize, usize), &(f64, String))| {
        let x = LEFT + (*at as f64 + 0.5) * width;
        let y = FLOOR - (*level as f64 + 0.5) * step;
        html! {
            <circle class="class-dot" cx={format!("{x:.1}")} cy={format!("{y:.1}")} r={format!("{:.1}", (step.min(width) * 0.45).max(1.5))}>
                <title>{ format!("{name}: {guess}") }</title>
            </circle>
        }
    };
    let line = |(index, (value, count)): (usize, &(f64, usize))| {
        let Some(x) = scale.map(*value).filter(|x| (LEFT - 1.0..=RIGHT + 1.0).contains(x)) else {
            return Html::default();
        };
        let label = if index == 0 { format!("measured {}", format_number(*value, 3)) } else { String::new() };
        let anchor = if x > WIDTH / 2.0 { "end" } else { "start" };
        html! {
            <g class="class-measured">
                <line x1={format!("{x:.1}")} x2={format!("{x:.1}")} y1="18" y2={FLOOR.to_string()} data-measured={value.to_string()}>
                    <title>{ format!("measured {value} ({count})") }</title>
                </line>
                <text x={format!("{x:.1}")} y="13" text-anchor={anchor}>{ label }</text>
            </g>
        }
    };
    let tick = |tick: crate::charts::scale::Tick| {
        let x = scale.map(tick.value)?;
        let anchor = if x < LEFT + 10.0 {
            "start"
        } else if x > RIGHT - 10.0 {
            "end"
        } else {
            "middle"
        };
        Some(html! {
            <g class="class-tick">
                <line x1={format!("{x:.1}")} x2={format!("{x:.1}")} y1={FLOOR.to_string()} y2={(FLOOR + 5.0).to_string()} />
                <text x={format!("{x:.1}")} y={(FLOOR + 19.0).to_string()} text-anchor={anchor}>{ tick.label }</text>
            </g>
        })
    };
    let note = if outside > 0 { format!("{outside} beyond the ends of the axis") } else { String::new() };
    html! {
        <svg class="chart-svg class-drawing" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} role="img" aria-label={sentence} data-drawing="numbers">
            { for measured.iter().enumerate().map(line) }
            { for places.iter().zip(guesses).map(dot) }
            <line class="class-floor" x1={LEFT.to_string()} x2={RIGHT.to_string()} y1={FLOOR.to_string()} y2={FLOOR.to_string()} />
            { for scale.ticks(5).into_iter().filter_map(tick) }
            <text class="class-note" x={RIGHT.to_string()} y={(HEIGHT - 2.0).to_string()} text-anchor="end">{ note }</text>
        </svg>
    }
}

/// Draws a bar per option.
fn bars(choices: &[Choice], sentence: String) -> Html {
    let max_count = choices.iter().map(|choice| choice.names.len()).max().unwrap_or(1).max(1);
    let height = BAR * choices.len() as f64 + 4.0;
    let bar = |(index, choice): (usize, &Choice)| {
        let top = BAR * index as f64;
        let width = (RIGHT - LEFT) * choice.names.len() as f64 / max_count as f64;
        let mark = if choice.is_right { "✓ " } else { "" };
        html! {
            <g class="class-bar" data-right={choice.is_right.then_some("")} data-count={choice.names.len().to_string()}>
                <title>{ format!("{}: {}", choice.words, choice.names.join(", ")) }</title>
                <text x={LEFT.to_string()} y={(top + 16.0).to_string()}>{ fit_text(&format!("{mark}{}", choice.words), 400.0) }</text>
                <text x={RIGHT.to_string()} y={(top + 16.0).to_string()} text-anchor="end">{ choice.names.len() }</text>
                <rect x={LEFT.to_string()} y={(top + 22.0).to_string()} height="16" width={format!("{width:.1}")} rx="2" />
            </g>
        }
    };
    html! {
        <svg class="chart-svg class-drawing" viewBox={format!("0 0 {WIDTH} {height}")} role="img" aria-label={sentence} data-drawing="choices">
            { for choices.iter().enumerate().map(bar) }
        </svg>
    }
}

/// Draws all predicted curves thinly, and the measured ones over them.
fn curves(
    guesses: &[(String, Vec<(f64, f64)>)],
    measured: &[Vec<(f64, f64)>],
    name: &str,
    height: f64,
) -> Html {
    let percent =
        |points: &[(f64, f64)]| Rc::new(points.iter().map(|(x, y)| (100.0 * x, *y)).collect::<Vec<_>>());
    let thin = guesses.iter().map(|(_, points)| Series { thin: true, ..Series::new("", percent(points), 7) });
    let found = measured.iter().enumerate().map(|(index, points)| {
        let name = if measured.len() > 1 { format!("measured {}", index + 1) } else { "measured".to_owned() };
        Series::new(name, percent(points), 1)
    });
    let series: Vec<Series> = thin.chain(found).collect();
    html! {
        <div data-drawing="curves">
            <ContextProvider<ChartHeight> context={ChartHeight(height)}>
                <LineChart name={name.to_owned()} x_label="run (%)" y_label="" {series} x_max={Some(100.0)} />
            </ContextProvider<ChartHeight>>
        </div>
    }
}
