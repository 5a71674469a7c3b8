//! The drawing of the board: axes, points, curves and cursors as SVG over the colored areas.

use super::area::number_color;
use super::edit::At;
use crate::charts::marker::{SHAPES, push_marker};
use crate::charts::scale::{Scale, ScaleKind};
use crate::core::points::Point;
use crate::sections::mlp::{Axis, BOUNDARY_REACH, CURVE_POINTS, LINEAR, NONLINEAR, PlanePoint, Samples};
use yew::prelude::*;

/// The room for the numbers of the axes, and for their names.
const LEFT: f64 = 34.0;
const TOP: f64 = 18.0;
const BELOW: f64 = 36.0;
const RIGHT: f64 = 10.0;

/// The positions on the board, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Geometry {
    pub(super) width: f64,
    pub(super) height: f64,
    side: f64,
}

impl Geometry {
    /// Returns the largest board for a width, up to a limit.
    pub(super) fn new(available: f64, max_side: f64) -> Self {
        let side = (available - LEFT - RIGHT).clamp(120.0, max_side).floor();
        Self { width: LEFT + side + RIGHT, height: TOP + side + BELOW, side }
    }

    /// Returns the pixel at a position.
    pub(super) fn pixel(&self, (x, y): At) -> (f64, f64) {
        let share = |value: f32| f64::from((value + BOUNDARY_REACH) / (2.0 * BOUNDARY_REACH));
        (LEFT + share(x) * self.side, TOP + (1.0 - share(y)) * self.side)
    }

    /// Returns the position at a pixel, which may be outside of the board.
    pub(super) fn position(&self, (px, py): (f64, f64)) -> At {
        let value = |share: f64| (share as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
        (value((px - LEFT) / self.side), value(1.0 - (py - TOP) / self.side))
    }

    /// Returns a length in pixels.
    pub(super) fn length(&self, length: f32) -> f64 {
        f64::from(length / (2.0 * BOUNDARY_REACH)) * self.side
    }

    /// Returns the size of the drawing, as CSS declarations.
    pub(super) fn size(&self) -> String {
        format!("width:{}px;height:{}px", self.width, self.height)
    }

    /// Returns the place of the colored areas, as CSS declarations.
    pub(super) fn place(&self) -> String {
        let Self { side, .. } = self;
        format!("left:{LEFT}px;top:{TOP}px;width:{side}px;height:{side}px")
    }
}

/// The color of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Look {
    /// That of a class, which also has its own shape.
    Class(usize),
    /// That of a number in standardized units.
    Number(f32),
    /// The color of text, over the background of the page.
    Ink,
}

/// A point of the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dot {
    pub(super) at: At,
    pub(super) look: Look,
    pub(super) held_out: bool,
}

/// Returns drawn points. Those among `held_out` are hollow.
pub(super) fn drawn_dots(points: &[Point], held_out: &[PlanePoint], is_curve: bool) -> Vec<Dot> {
    let same = |point: &Point, other: &PlanePoint| {
        let class = if is_curve { point.class } else { other.value as u8 };
        Point::new(other.x, other.y, class) == *point
    };
    let dot = |point: &Point| Dot {
        at: (point.x, point.y),
        look: if is_curve { Look::Ink } else { Look::Class(point.class.into()) },
        held_out: held_out.iter().any(|other| same(point, other)),
    };
    points.iter().map(dot).collect()
}

/// Returns the points of a table.
pub(super) fn table_dots(samples: &Samples, is_curve: bool) -> Vec<Dot> {
    let Samples::Plane { train, test, target, .. } = samples else { return Vec::new() };
    let look = |value: f32| match target {
        _ if is_curve => Look::Ink,
        Some(_) => Look::Number(value),
        None => Look::Class(value as usize),
    };
    let dot = |held_out: bool| {
        move |point: &PlanePoint| Dot { at: (point.x, point.y), look: look(point.value), held_out }
    };
    train.iter().map(dot(false)).chain(test.iter().map(dot(true))).collect()
}

/// Draws points, all of one look in one path.
pub(super) fn dots(dots: &[Dot], geometry: &Geometry, r: f64) -> Html {
    let mut classes = vec![String::new(); 2 * SHAPES];
    let (mut ink, mut numbers) = ([String::new(), String::new()], Vec::new());
    for dot in dots {
        let (at, hollow) = (geometry.pixel(dot.at), usize::from(dot.held_out));
        match dot.look {
            Look::Class(class) => {
                if let Some(path) = classes.get_mut(2 * (class % SHAPES) + hollow) {
                    push_marker(path, class, at, r);
                }
            }
            Look::Ink => ink.iter_mut().skip(hollow).take(1).for_each(|path| push_marker(path, 0, at, r)),
            Look::Number(value) => numbers.push((at, value, dot.held_out)),
        }
    }
    let path = |d: &String, color: String, hollow: bool| {
        let style = if hollow { format!("stroke:{color}") } else { format!("fill:{color}") };
        html! { <path class={classes!("board-dot", hollow.then_some("hollow"))} ~style={style} d={d.clone()} /> }
    };
    let of_classes = classes.iter().enumerate().filter(|(_, d)| !d.is_empty());
    let of_classes =
        of_classes.map(|(index, d)| path(d, format!("var(--class-{})", index / 2), index % 2 == 1));
    let of_ink = ink.iter().enumerate().filter(|(_, d)| !d.is_empty());
    let of_ink = of_ink.map(|(index, d)| path(d, "var(--ink)".to_owned(), index == 1));
    let of_numbers = numbers.into_iter().map(|((cx, cy), value, hollow)| {
        html! {
            <circle class={classes!("board-number", hollow.then_some("hollow"))} ~style={format!("fill:{}", number_color(value))}
                cx={px(cx)} cy={px(cy)} r={px(r)} />
        }
    });
    html! { <>{ for of_classes }{ for of_ink }{ for of_numbers }</> }
}

/// Draws the frame with ticks in the units of the axes, and their names.
pub(super) fn frame([x, y]: &[Axis; 2], geometry: &Geometry) -> Html {
    let Geometry { side, .. } = *geometry;
    let (right, bottom) = (LEFT + side, TOP + side);
    let scale =
        |axis: &Axis, range| Scale::new(ScaleKind::Linear, (axis.low.into(), axis.high.into()), range);
    let (across, up) = (scale(x, (LEFT, right)), scale(y, (bottom, TOP)));
    let x_marks = across.ticks((side / 60.0) as usize).into_iter().filter_map(|tick| {
        let at = across.map(tick.value)?;
        Some(html! {
            <>
                <line class="tick-line" x1={px(at)} x2={px(at)} y1={px(bottom)} y2={px(bottom + 4.0)} />
                <text class="tick" x={px(at)} y={px(bottom + 16.0)} text-anchor="middle">{ tick.label }</text>
            </>
        })
    });
    let y_marks = up.ticks(5).into_iter().filter_map(|tick| {
        let at = up.map(tick.value)?;
        Some(html! { <text class="tick" x={px(LEFT - 5.0)} y={px(at + 4.0)} text-anchor="end">{ tick.label }</text> })
    });
    html! {
        <>
            <rect class="frame" x={px(LEFT)} y={px(TOP)} width={px(side)} height={px(side)} />
            { for x_marks }
            { for y_marks }
            <text class="axis-label" x="0" y="11">{ y.label.clone() }</text>
            <text class="axis-label" x={px(LEFT + side / 2.0)} y={px(bottom + 32.0)} text-anchor="middle">{ x.label.clone() }</text>
        </>
    }
}

/// Draws the curve that a network predicts.
pub(super) fn curve(values: &[f32], arm: usize, geometry: &Geometry) -> Html {
    let last = (CURVE_POINTS - 1) as f32;
    let mut path = String::new();
    for (index, value) in values.iter().enumerate() {
        // A curve that leaves the board runs along its edge, so that it stays one line.
        let y = value.clamp(-BOUNDARY_REACH, BOUNDARY_REACH);
        let (x, y) = geometry.pixel((index as f32 / last * 2.0 * BOUNDARY_REACH - BOUNDARY_REACH, y));
        if y.is_finite() {
            path.push_str(&format!("{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' }));
        }
    }
    html! { <path class="line" ~style={format!("stroke:{}", crate::charts::color::series(arm))} stroke-dasharray={(arm == LINEAR).then_some("6 4")} data-curve={if arm == NONLINEAR { "activated" } else { "linear" }} d={path} /> }
}

/// Draws the cursor of the keyboard: a cross.
pub(super) fn cross(at: At, geometry: &Geometry) -> Html {
    let (x, y) = geometry.pixel(at);
    let d = format!("M{:.1} {y:.1}h18M{x:.1} {:.1}v18", x - 9.0, y - 9.0);
    html! { <g data-export="no"><path class="board-cross-edge" d={d.clone()} /><path class="board-cross" d={d} /></g> }
}

/// Draws the area that the brush or the eraser covers.
pub(super) fn ring(at: At, radius: f32, geometry: &Geometry) -> Html {
    let (x, y) = geometry.pixel(at);
    html! { <circle class="board-ring" data-export="no" cx={px(x)} cy={px(y)} r={px(geometry.length(radius).max(2.0))} /> }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_positions_belong_together() {
        for available in [0.0, 358.0, 2000.0] {
            let geometry = Geometry::new(available, 310.0);
            for at in [(0.0, 0.0), (-1.25, 1.25), (0.5, -1.0)] {
                let back = geometry.position(geometry.pixel(at));
                assert!((back.0 - at.0).abs() < 1e-5 && (back.1 - at.1).abs() < 1e-5, "{back:?}");
            }
            assert!(geometry.pixel((0.0, 1.0)).1 < geometry.pixel((0.0, -1.0)).1, "up is up");
            assert!(geometry.height < 400.0 && geometry.width <= available.max(170.0));
        }
    }

    #[test]
    fn held_out_points_are_found_again() {
        let points = [Point::new(0.3, 0.7, 1), Point::new(0.3, 0.7, 0), Point::new(-0.2, 0.1, 1)];
        let test = [PlanePoint { x: 0.3, y: 0.7, value: 1.0 }];
        let held_out = |is_curve| {
            drawn_dots(&points, &test, is_curve).iter().map(|dot| dot.held_out).collect::<Vec<_>>()
        };
        assert_eq!(held_out(false), [true, false, false]);
        assert_eq!(held_out(true), [true, true, false]);
    }
}
