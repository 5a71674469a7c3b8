//! The sentences of the board, and its data as a table.

use super::area::Prediction;
use super::edit::{At, MAX_BOARD, nearest};
use crate::charts::Table;
use crate::charts::scale::{format_exact, format_number};
use crate::core::data_set::MIN_SAMPLES;
use crate::core::points::{MAX_CLASSES, MAX_POINTS, Point, class_letter};
use crate::sections::mlp::{Axis, Config, Dataset, PlaneChoice, PlanePoint, Samples};

/// The maximum distance of a point that the cursor reads.
const NEAR: f32 = 0.05;

/// Returns a count with its noun.
pub(super) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Returns a coordinate as the page writes it.
fn short(value: f32) -> String {
    format!("{value:.2}").replace('-', "−")
}

/// Returns the position of a point and, if there are classes, its number within its class.
pub(super) fn point(points: &[Point], index: usize, is_curve: bool) -> Option<String> {
    let point = points.get(index)?;
    let number = points.iter().take(index + 1).filter(|other| is_curve || other.class == point.class).count();
    let class = if is_curve { String::new() } else { format!(" of class {}", class_letter(point.class)) };
    Some(format!("Point {number}{class} at {}, {}", short(point.x), short(point.y)))
}

/// Returns the readings at a position: the closest point, or the coordinates, and what the networks predict.
pub(super) fn reading(
    points: &[Point],
    at: At,
    axes: &[Axis; 2],
    prediction: Option<&Prediction>,
    (classes, target): (&[String], Option<&Axis>),
    is_curve: bool,
) -> String {
    let near = nearest(points, at).filter(|(_, distance)| *distance <= NEAR);
    let place = near.and_then(|(index, _)| point(points, index, is_curve)).unwrap_or_else(|| {
        let [x, y] = axes;
        let one =
            |(axis, at): (&Axis, f32)| format!("{} {}", axis.label, format_number(axis.value(at).into(), 3));
        format!("{}, {}", one((x, at.0)), one((y, at.1)))
    });
    match prediction.and_then(|prediction| prediction.at(at)) {
        Some((Some(class), p)) => {
            format!("{place}: predicts {} ({:.0}%)", class_name(classes, class), 100.0 * p)
        }
        Some((None, value)) => {
            let value = target.map_or(value, |target| target.value(value));
            format!("{place}: predicts {}", format_number(value.into(), 3))
        }
        None => place,
    }
}

/// Returns the name of a class.
pub(super) fn class_name(classes: &[String], class: usize) -> String {
    classes.get(class).cloned().unwrap_or_else(|| class_letter(class as u8).to_string())
}

/// Returns the sentence of an empty board.
pub(super) fn invitation(config: &Config) -> &'static str {
    match config.dataset {
        Dataset::Curve => "Draw points along a curve: press and drag.",
        Dataset::Own if config.data.is_empty() => "No table is open yet. Open one below.",
        Dataset::Own => "Loading the table…",
        Dataset::Drawn | Dataset::FashionMnist => "Draw points of at least two classes: press and drag.",
        _ => "Loading the points…",
    }
}

/// Returns a sentence on the data: what is missing, or how much there is.
pub(super) fn note(config: &Config, points: &[Point], samples: Option<&Samples>, is_draft: bool) -> String {
    let n = points.len();
    let full = if n >= MAX_BOARD { " The board is full." } else { "" };
    match config.dataset {
        _ if is_draft => format!(
            "The link holds {MAX_POINTS} points, and these are {n}. Save them as a file, use them as a table, or erase {}; until then the networks keep the earlier points.{full}",
            n.saturating_sub(MAX_POINTS)
        ),
        Dataset::Own => own_note(config, samples),
        Dataset::FashionMnist => {
            "The chosen data set has images, which no plane can show. Draw here to train on points instead."
                .to_owned()
        }
        Dataset::Drawn | Dataset::Curve if n == 0 => String::new(),
        Dataset::Drawn if (0..MAX_CLASSES).filter(|class| of_class(points, *class) >= 2).count() < 2 => {
            "Draw at least two points of each of two classes.".to_owned()
        }
        Dataset::Curve if n < MIN_SAMPLES as usize => {
            format!("Draw at least {MIN_SAMPLES} points of a curve.")
        }
        Dataset::Drawn => {
            let counts = (0..MAX_CLASSES).map(|class| (of_class(points, class), class_letter(class)));
            let counts = counts.filter(|(n, _)| *n > 0);
            let counts: Vec<String> = counts.map(|(n, letter)| format!("{n} {letter}")).collect();
            format!("{}: {}. Hollow points are held out.", count(n, "point"), counts.join(", "))
        }
        Dataset::Curve => format!("{}. Hollow points are held out.", count(n, "point")),
        _ => format!("{n} points of a built-in set. When you draw, a copy of them becomes yours."),
    }
}

fn of_class(points: &[Point], class: u8) -> usize {
    points.iter().filter(|point| point.class == class).count()
}

/// Returns the plane that shows a table.
fn own_note(config: &Config, samples: Option<&Samples>) -> String {
    let Some(Samples::Plane { axes: [x, y], .. }) = samples else {
        return "A table cannot be drawn on; start from other data to draw.".to_owned();
    };
    let features = config.task().d_in;
    let rest = match (features, config.plane) {
        (..=2, _) => String::new(),
        (_, PlaneChoice::Components) => {
            format!(" It is that of the first two principal components of {features} features.")
        }
        (_, PlaneChoice::Features) => format!(
            " The {} are at their mean.",
            if features == 3 {
                "values of the third feature".to_owned()
            } else {
                format!("other {} features", features - 2)
            }
        ),
    };
    format!(
        "The plane of {} and {}.{rest} A table cannot be drawn on; start from other data to draw.",
        x.label, y.label
    )
}

/// Returns the points, or the rows of the user's table, with the part that each belongs to.
pub(super) fn table(points: &[Point], own: Option<&Samples>, held_out: impl Fn(usize) -> bool) -> Table {
    let part = |held_out: bool| if held_out { "held out" } else { "training" }.to_owned();
    let Some(Samples::Plane { axes: [x, y], train, test, classes, target }) = own else {
        let row = |(index, point): (usize, &Point)| {
            let [x, y] = [point.x, point.y].map(|value| format_exact(value.into()));
            vec![x, y, class_letter(point.class).to_string(), part(held_out(index))]
        };
        return Table {
            columns: ["x", "y", "class", "part"].map(str::to_owned).to_vec(),
            rows: points.iter().enumerate().map(row).collect(),
        };
    };
    let row = |is_test: bool| {
        move |point: &PlanePoint| {
            let [x, y] = [(x, point.x), (y, point.y)].map(|(axis, at)| format_exact(axis.value(at).into()));
            let value = match target {
                Some(target) => format_exact(target.value(point.value).into()),
                None => class_name(classes, point.value as usize),
            };
            vec![x, y, value, part(is_test)]
        }
    };
    let value = target.as_ref().map_or("class".to_owned(), |target| target.label.clone());
    Table {
        columns: vec![x.label.clone(), y.label.clone(), value, "part".to_owned()],
        rows: train.iter().map(row(false)).chain(test.iter().map(row(true))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(dataset: Dataset) -> Config {
        Config { dataset, ..Config::default() }
    }

    #[test]
    fn notes_say_what_is_missing() {
        let points =
            |classes: &[u8]| classes.iter().map(|class| Point::new(0.0, 0.0, *class)).collect::<Vec<_>>();
        let note = |dataset, classes: &[u8]| {
            note(&config(dataset), &points(classes), None, classes.len() > MAX_POINTS)
        };
        assert_eq!(note(Dataset::Drawn, &[]), "");
        for few in [&[1, 1, 1, 1, 1][..], &[0, 1], &[0, 2, 2, 2]] {
            assert!(note(Dataset::Drawn, few).contains("at least two points of each"), "{few:?}");
        }
        assert_eq!(note(Dataset::Drawn, &[0, 0, 2, 2, 2]), "5 points: 2 A, 3 C. Hollow points are held out.");
        assert!(note(Dataset::Curve, &[0; 3]).contains("at least 4"));
        assert!(note(Dataset::Curve, &[0; 5]).starts_with("5 points."));
        assert!(note(Dataset::Drawn, &[0; 231]).contains("erase 31;"));
    }

    #[test]
    fn points_are_named_within_their_class() {
        let points = [Point::new(0.3, -0.55, 1), Point::new(0.0, 0.0, 0), Point::new(1.0, 0.0, 1)];
        assert_eq!(point(&points, 2, false).as_deref(), Some("Point 2 of class B at 1.00, 0.00"));
        assert_eq!(point(&points, 0, true).as_deref(), Some("Point 1 at 0.30, −0.55"));
        assert_eq!(point(&points, 3, false), None);
        let axes = [("x₁", -1.25, 1.25), ("petal width", 0.0, 5.0)];
        let axes = axes.map(|(label, low, high)| Axis { label: label.to_owned(), low, high });
        let read = |at| reading(&points, at, &axes, None, (&[], None), false);
        assert_eq!(read((0.3, -0.56)), "Point 1 of class B at 0.30, −0.55");
        assert_eq!(read((-1.0, 0.0)), "x₁ −1, petal width 2.50");
    }
}
