//! Points that the user draws in the plane, and their text in settings and links.
//!
//! Coordinates are multiples of 1/1600 between -1.25 and 1.25. In a text each takes two characters of base64url, so a point takes
//! four. The points of a class follow one another, and a period separates the classes: `AAAABBBB.CCCC` has two points of
//! the first class and one of the second.

use std::fmt::Write;

/// The maximum number of points in a setting, and so in a link.
pub const MAX_POINTS: usize = 200;
/// The maximum number of classes.
pub const MAX_CLASSES: u8 = 6;
/// Coordinates are at most this far from zero.
pub const REACH: f32 = 1.25;

/// The number of steps of the grid in one unit.
const PER_UNIT: f32 = 1600.0;
/// The number of steps on each side of zero.
const STEPS: u16 = 2000;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The separator of classes, which addresses keep as it is.
const SEPARATOR: char = '.';

/// A labeled point in the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The horizontal coordinate.
    pub x: f32,
    /// The vertical coordinate.
    pub y: f32,
    /// The class, from 0.
    pub class: u8,
}

impl Point {
    /// Returns the point of the grid that is closest. Coordinates out of range move to the edge.
    pub fn new(x: f32, y: f32, class: u8) -> Self {
        Self { x: on_grid(step(x)), y: on_grid(step(y)), class: class.min(MAX_CLASSES - 1) }
    }
}

/// Returns the step of the grid that is closest to a coordinate; NaN is at 0.
fn step(value: f32) -> u16 {
    let value = if value.is_nan() { 0.0 } else { value.clamp(-REACH, REACH) };
    ((value + REACH) * PER_UNIT).round() as u16
}

fn on_grid(step: u16) -> f32 {
    (f32::from(step) - f32::from(STEPS)) / PER_UNIT
}

/// Points in the plane, in the order in which they were drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points(pub Vec<Point>);

impl Points {
    /// Returns the number of classes: all up to the last one that has a point.
    pub fn n_classes(&self) -> usize {
        self.0.iter().map(|point| usize::from(point.class) + 1).max().unwrap_or(0)
    }

    /// Returns the number of classes that have points.
    pub fn n_used(&self) -> usize {
        (0..MAX_CLASSES).filter(|class| self.0.iter().any(|point| point.class == *class)).count()
    }

    /// Returns the points as a text. Within a class they keep their order.
    pub fn encode(&self) -> String {
        let mut text = String::with_capacity(4 * self.0.len() + usize::from(MAX_CLASSES));
        for class in 0..self.n_classes() {
            if class > 0 {
                text.push(SEPARATOR);
            }
            for point in self.0.iter().filter(|point| usize::from(point.class) == class) {
                for step in [step(point.x), step(point.y)] {
                    let digit =
                        |index: u16| DIGITS.get(usize::from(index % 64)).map_or('A', |&digit| digit.into());
                    text.extend([digit(step / 64), digit(step)]);
                }
            }
        }
        text
    }

    /// Returns the points of a text, grouped by class, or `None` if it is not the text of points. Their number is not limited.
    pub fn decode(text: &str) -> Option<Self> {
        let mut points = Vec::with_capacity(text.len() / 4);
        for (class, group) in text.split(SEPARATOR).enumerate() {
            let class = u8::try_from(class).ok().filter(|class| *class < MAX_CLASSES)?;
            let (pairs, rest) = group.as_bytes().as_chunks::<4>();
            if !rest.is_empty() {
                return None;
            }
            for &[a, b, c, d] in pairs {
                points.push(Point { x: coordinate(a, b)?, y: coordinate(c, d)?, class });
            }
        }
        Some(Self(points))
    }

    /// Checks the text of a setting; empty if there are no points. Returns it in its one form.
    ///
    /// # Errors
    ///
    /// Returns the rest of a sentence if the text is not that of points, or if there are too many of them.
    pub fn check(text: &str) -> Result<String, String> {
        let points = Self::decode(text)
            .ok_or("it is not the text of drawn points; part of the link may be missing")?;
        let count = points.0.len();
        if count > MAX_POINTS {
            return Err(format!("it has {count} points, and a link holds at most {MAX_POINTS}"));
        }
        Ok(points.encode())
    }

    /// Returns a file with a row per point: x, y, and the class as a letter, or x and y only.
    pub fn to_csv(&self, has_classes: bool) -> String {
        let mut csv = String::from(if has_classes { "x,y,class\r\n" } else { "x,y\r\n" });
        for point in &self.0 {
            // Writing to a string cannot fail.
            let _ = write!(csv, "{},{}", point.x, point.y);
            if has_classes {
                csv.push(',');
                csv.push(class_letter(point.class));
            }
            csv.push_str("\r\n");
        }
        csv
    }
}

/// Returns the letter of a class, from A.
pub const fn class_letter(class: u8) -> char {
    // The sum is a letter, because there are at most six classes.
    (b'A' + class % MAX_CLASSES) as char
}

/// Returns the coordinate that two characters stand for.
fn coordinate(high: u8, low: u8) -> Option<f32> {
    let digit = |letter: u8| {
        DIGITS.iter().position(|&digit| digit == letter).and_then(|index| u16::try_from(index).ok())
    };
    let step = 64 * digit(high)? + digit(low)?;
    (step <= 2 * STEPS).then(|| on_grid(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: usize) -> Points {
        let at = |index: usize, factor: f32| (index as f32 * factor) % 2.5 - 1.25;
        Points(
            (0..count).map(|index| Point::new(at(index, 0.37), at(index, 0.81), (index % 6) as u8)).collect(),
        )
    }

    #[test]
    fn texts_are_read_back() {
        let points = some(120);
        let text = points.encode();
        let read = Points::decode(&text).expect("its own text");
        assert_eq!(read.encode(), text);
        assert_eq!(Points::check(&text), Ok(text.clone()));
        assert_eq!(read.0.len(), 120);
        for class in 0..6 {
            let of = |points: &Points| {
                points.0.iter().filter(|point| point.class == class).copied().collect::<Vec<_>>()
            };
            assert_eq!(of(&points), of(&read), "class {class}");
        }
    }

    #[test]
    fn corners_the_origin_and_values_out_of_range_are_on_the_grid() {
        let points = Points(vec![
            Point::new(-1.25, 1.25, 0),
            Point::new(0.0, 0.0, 0),
            Point::new(9.0, f32::NEG_INFINITY, 0),
            Point::new(f32::NAN, 0.3, 9),
        ]);
        assert_eq!(points.0[0], Point { x: -1.25, y: 1.25, class: 0 });
        assert_eq!(points.0[1], Point { x: 0.0, y: 0.0, class: 0 });
        assert_eq!(points.0[2], Point { x: 1.25, y: -1.25, class: 0 });
        assert_eq!(points.0[3], Point { x: 0.0, y: 0.3, class: 5 });
        assert_eq!(Points::decode(&points.encode()), Some(points));
    }

    #[test]
    fn empty_classes_keep_their_number() {
        let points = Points(vec![Point::new(0.5, -0.5, 2)]);
        assert!(points.encode().starts_with(".."));
        assert_eq!(Points::decode(&points.encode()), Some(points.clone()));
        assert_eq!((points.n_classes(), points.n_used()), (3, 1));
        assert_eq!(Points::default().encode(), "");
        assert_eq!(Points::decode(""), Some(Points::default()));
        // Empty classes at the end have no effect, and there is one text for the same points.
        assert_eq!(Points::check(&format!("{}..", points.encode())), Ok(points.encode()));
    }

    #[test]
    fn a_text_of_200_points_is_short_and_needs_no_escaping() {
        let text = some(MAX_POINTS).encode();
        assert_eq!(text.len(), 805);
        let in_address: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        assert_eq!(in_address, text);
        assert!(Points::check(&text).is_ok());
        let error = Points::check(&some(201).encode()).expect_err("too many");
        assert!(error.contains("201 points"), "{error}");
    }

    #[test]
    fn other_texts_are_refused() {
        let texts = [
            "A",
            "AAA",
            "AAAAA",
            "AAAA.B",
            "AAA=",
            "AAAA AAAA",
            "ÄÄ",
            "____",
            "AAAA......",
            "<b>",
            "%00AA",
            "\0\0\0\0",
            "....AA.A",
        ];
        for text in texts {
            assert_eq!(Points::decode(text), None, "{text}");
            assert!(Points::check(text).is_err(), "{text}");
        }
        assert_eq!(Points::decode(&".".repeat(100_000)), None);
        assert!(Points::check(&"A".repeat(1_000_000)).is_err());
    }

    #[test]
    fn a_file_has_a_row_for_each_point() {
        let points = Points(vec![Point::new(0.5, -1.0, 1), Point::new(0.0, 0.25, 0)]);
        assert_eq!(points.to_csv(true), "x,y,class\r\n0.5,-1,B\r\n0,0.25,A\r\n");
        assert_eq!(points.to_csv(false), "x,y\r\n0.5,-1\r\n0,0.25\r\n");
    }
}
