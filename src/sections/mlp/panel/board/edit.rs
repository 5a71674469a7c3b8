//! The tools of the board: strokes that add, erase and move points. Pure.

use crate::core::points::{Point, REACH};
use std::rc::Rc;

/// A position in the plane.
pub(super) type At = (f32, f32);

/// The maximum number of points on the board.
pub(super) const MAX_BOARD: usize = 2000;
/// The distance between two points of a brush stroke.
const SPACING: f32 = 0.06;
/// The maximum distance of a point that is grabbed.
pub(super) const GRAB: f32 = 0.15;
/// The number of points that the brush leaves when it is used by key.
const BURST: usize = 5;

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Adds one point.
    Pencil,
    /// Adds many points while it is dragged.
    Brush,
    /// Removes points.
    Eraser,
    /// Moves one point.
    Move,
}

impl Tool {
    /// Every tool with its name and its key.
    pub(super) const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Pencil, "Pencil", "p"),
        (Self::Brush, "Brush", "b"),
        (Self::Eraser, "Eraser", "e"),
        (Self::Move, "Move", "m"),
    ];
}

/// The settings of the tools.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Setup {
    pub(super) tool: Tool,
    pub(super) class: u8,
    /// The radius of the brush and the eraser.
    pub(super) radius: f32,
}

/// The points while a tool changes them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stroke {
    setup: Setup,
    pub(super) points: Vec<Point>,
    last: At,
    /// The point that follows the pointer.
    grabbed: Option<usize>,
    /// True if the stroke has changed the points.
    pub(super) changed: bool,
}

impl Stroke {
    /// Starts to use a tool at a position.
    pub(super) fn start(points: Vec<Point>, setup: Setup, at: At) -> Self {
        let mut stroke = Self { setup, points, last: at, grabbed: None, changed: false };
        match setup.tool {
            Tool::Pencil => {
                stroke.add(at);
                stroke.grabbed = stroke.points.len().checked_sub(1).filter(|_| stroke.changed);
            }
            Tool::Brush => stroke.spray(at),
            Tool::Eraser => stroke.erase(at, at),
            Tool::Move => {
                stroke.grabbed = nearest(&stroke.points, at)
                    .filter(|(_, distance)| *distance <= GRAB)
                    .map(|found| found.0);
            }
        }
        stroke
    }

    /// Returns what a tool does at a position when it is used by key.
    pub(super) fn at_once(points: Vec<Point>, setup: Setup, at: At) -> Self {
        let mut stroke = Self::start(points, setup, at);
        if setup.tool == Tool::Brush {
            (1..BURST).for_each(|_| stroke.spray(at));
        }
        stroke
    }

    /// Continues at another position.
    pub(super) fn move_to(&mut self, at: At) {
        match self.setup.tool {
            Tool::Pencil | Tool::Move => {
                if let Some(point) = self.grabbed.and_then(|index| self.points.get_mut(index)) {
                    let moved = Point::new(at.0, at.1, point.class);
                    self.changed |= *point != moved;
                    *point = moved;
                }
            }
            Tool::Brush => {
                // A fast pointer skips far ahead. The points are as far from each other as those of a slow one.
                let (from, length) = (self.last, distance(self.last, at));
                for step in 1..=(length / SPACING) as usize {
                    let share = step as f32 * SPACING / length;
                    self.last = (from.0 + share * (at.0 - from.0), from.1 + share * (at.1 - from.1));
                    self.spray(self.last);
                }
            }
            Tool::Eraser => {
                self.erase(self.last, at);
                self.last = at;
            }
        }
    }

    /// Returns true if a point follows the pointer.
    pub(super) fn has_grabbed(&self) -> bool {
        self.grabbed.is_some()
    }

    /// Returns the point that was moved or added last.
    pub(super) fn last_touched(&self) -> Option<usize> {
        self.grabbed.or(self.points.len().checked_sub(1))
    }

    fn add(&mut self, (x, y): At) {
        if self.points.len() < MAX_BOARD {
            self.points.push(Point::new(x, y, self.setup.class));
            self.changed = true;
        }
    }

    fn spray(&mut self, (x, y): At) {
        let (dx, dy) = spread(self.points.len(), self.setup.radius);
        let inside = |value: f32| value.clamp(-REACH, REACH);
        self.add((inside(x + dx), inside(y + dy)));
    }

    /// Removes the points near the line between two positions.
    fn erase(&mut self, from: At, to: At) {
        let before = self.points.len();
        let radius = self.setup.radius;
        self.points.retain(|point| distance_to_line((point.x, point.y), from, to) > radius);
        self.changed |= self.points.len() < before;
    }
}

fn distance(a: At, b: At) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn distance_to_line(point: At, from: At, to: At) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let square = dx * dx + dy * dy;
    let share = if square > 0.0 { ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / square } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    distance(point, (from.0 + share * dx, from.1 + share * dy))
}

/// Returns the closest point and its distance.
pub(super) fn nearest(points: &[Point], at: At) -> Option<(usize, f32)> {
    let distances = points.iter().map(|point| distance((point.x, point.y), at)).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Returns the offset of the n-th point of a brush. Offsets fill the disc evenly without random numbers: this is the R2
/// sequence, which has the plastic number in place of the golden ratio.
fn spread(n: usize, radius: f32) -> At {
    const STEPS: (f64, f64) = (0.754_877_666_246_692_8, 0.569_840_290_998_053_2);
    let n = n as f64 + 0.5;
    let r = f64::from(radius) * (n * STEPS.0).fract().sqrt();
    let angle = std::f64::consts::TAU * (n * STEPS.1).fract();
    ((r * angle.cos()) as f32, (r * angle.sin()) as f32)
}

/// The points with their earlier and later states.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    past: Vec<Rc<Vec<Point>>>,
    now: Rc<Vec<Point>>,
    future: Vec<Rc<Vec<Point>>>,
}

/// The maximum number of states that can be undone.
const MAX_PAST: usize = 100;

impl History {
    /// Returns a history that starts with these points.
    pub(super) fn new(points: Vec<Point>) -> Self {
        Self { now: points.into(), ..Self::default() }
    }

    /// Returns the points.
    pub(super) fn now(&self) -> &Rc<Vec<Point>> {
        &self.now
    }

    /// Changes the points, unless they are equal.
    pub(super) fn commit(&mut self, points: Vec<Point>) {
        if *self.now != points {
            if self.past.len() >= MAX_PAST {
                self.past.remove(0);
            }
            self.past.push(std::mem::replace(&mut self.now, points.into()));
            self.future.clear();
        }
    }

    /// Restores the points before the last change.
    pub(super) fn undo(&mut self) {
        if let Some(points) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.now, points));
        }
    }

    /// Restores the points after the change that was undone.
    pub(super) fn redo(&mut self) {
        if let Some(points) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.now, points));
        }
    }

    /// Returns true if there is something to undo, and true if there is something to redo.
    pub(super) fn can(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(tool: Tool) -> Setup {
        Setup { tool, class: 1, radius: 0.1 }
    }

    fn points(at: &[At]) -> Vec<Point> {
        at.iter().map(|&(x, y)| Point::new(x, y, 0)).collect()
    }

    #[test]
    fn a_pencil_adds_one_point_that_follows_the_pointer() {
        let mut stroke = Stroke::start(Vec::new(), setup(Tool::Pencil), (0.5, 0.5));
        stroke.move_to((0.25, -0.5));
        assert_eq!(stroke.points, [Point::new(0.25, -0.5, 1)]);
        assert!(stroke.changed);
        let full = vec![Point::new(0.0, 0.0, 0); MAX_BOARD];
        let mut stroke = Stroke::start(full.clone(), setup(Tool::Pencil), (0.5, 0.5));
        stroke.move_to((0.75, 0.5));
        assert_eq!((stroke.points, stroke.changed), (full, false));
    }

    #[test]
    fn a_brush_leaves_as_many_points_however_fast_it_is() {
        let from = (-1.0, 0.0);
        let mut slow = Stroke::start(Vec::new(), setup(Tool::Brush), from);
        (1..=200).for_each(|step| slow.move_to((-1.0 + step as f32 / 100.0, 0.0)));
        let mut fast = Stroke::start(Vec::new(), setup(Tool::Brush), from);
        fast.move_to((1.0, 0.0));
        assert!(
            slow.points.len().abs_diff(fast.points.len()) <= 1,
            "{} {}",
            slow.points.len(),
            fast.points.len()
        );
        assert!((30..40).contains(&fast.points.len()));
        assert!(fast.points.iter().all(|point| point.y.abs() <= 0.101 && point.class == 1));
        // In a corner, the points stay on the board.
        let corner = Stroke::at_once(Vec::new(), setup(Tool::Brush), (REACH, REACH));
        assert_eq!(corner.points.len(), BURST);
        assert!(corner.points.iter().all(|point| point.x <= REACH && point.y <= REACH));
    }

    #[test]
    fn a_brush_fills_its_disc_evenly() {
        let offsets: Vec<At> = (0..400).map(|n| spread(n, 1.0)).collect();
        assert!(offsets.iter().all(|(x, y)| x.hypot(*y) <= 1.0));
        for (sx, sy) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
            let quarter = offsets.iter().filter(|(x, y)| x * sx > 0.0 && y * sy > 0.0).count();
            assert!((90..110).contains(&quarter), "{quarter}");
        }
        let inner = offsets.iter().filter(|(x, y)| x.hypot(*y) < 0.5).count();
        assert!((90..110).contains(&inner), "a quarter of the area has {inner}");
    }

    #[test]
    fn an_eraser_removes_what_it_passes() {
        let all = points(&[(0.0, 0.0), (0.5, 0.05), (0.5, 0.3), (1.0, 0.0)]);
        let mut stroke = Stroke::start(all, setup(Tool::Eraser), (-0.5, 0.0));
        assert!(!stroke.changed);
        stroke.move_to((0.75, 0.0));
        assert_eq!(stroke.points, points(&[(0.5, 0.3), (1.0, 0.0)]));
        assert!(stroke.changed);
    }

    #[test]
    fn move_takes_the_closest_point_if_it_is_near() {
        let all = points(&[(0.0, 0.0), (0.1, 0.0)]);
        assert_eq!(nearest(&all, (0.09, 0.0)).map(|found| found.0), Some(1));
        assert_eq!(nearest(&[], (0.0, 0.0)), None);
        let mut stroke = Stroke::start(all.clone(), setup(Tool::Move), (0.11, 0.0));
        stroke.move_to((9.0, -1.0));
        assert_eq!(stroke.points, points(&[(0.0, 0.0), (1.25, -1.0)]));
        let mut far = Stroke::start(all.clone(), setup(Tool::Move), (1.0, 1.0));
        far.move_to((0.0, 0.0));
        assert_eq!((far.has_grabbed(), far.changed, far.points), (false, false, all));
    }

    #[test]
    fn changes_are_undone_and_redone() {
        let mut history = History::new(Vec::new());
        assert_eq!(history.can(), (false, false));
        let (one, two) = (points(&[(0.0, 0.0)]), points(&[(0.0, 0.0), (0.5, 0.5)]));
        history.commit(one.clone());
        history.commit(two.clone());
        history.commit(two.clone());
        history.undo();
        assert_eq!(**history.now(), one);
        history.redo();
        assert_eq!(**history.now(), two);
        history.undo();
        history.undo();
        history.undo();
        assert!(history.now().is_empty());
        assert_eq!(history.can(), (false, true));
        history.commit(one);
        assert_eq!(history.can(), (true, false));
        (0..300).for_each(|n| history.commit(points(&[(n as f32 / 300.0, 0.0)])));
        assert_eq!(history.past.len(), MAX_PAST);
    }
}
