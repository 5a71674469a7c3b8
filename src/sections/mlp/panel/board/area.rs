//! The predictions of a network over the plane, as colors on a canvas.

use crate::charts::ColorMap;
use crate::charts::canvas::{put_pixels, use_restored};
use crate::charts::color::class_value;
use crate::panel::PtrEq;
use crate::sections::mlp::BOUNDARY_SIDE;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

/// The predictions of a network.
#[derive(Clone, PartialEq)]
pub(super) enum Prediction {
    /// The probability of the second of two classes.
    Two(PtrEq<Vec<f32>>),
    /// The probability of the predicted class, and the class. The number of classes.
    Many(PtrEq<Vec<f32>>, PtrEq<Vec<u8>>, u8),
    /// A number in standardized units.
    Number(PtrEq<Vec<f32>>),
}

/// Returns the color of a number in standardized units.
pub(super) fn number_color(value: f32) -> String {
    ColorMap::Diverging.css(f64::from(value) / 4.0 + 0.5)
}

impl Prediction {
    /// Returns the values at a position: the predicted class and its probability, or the number.
    pub(super) fn at(&self, (x, y): (f32, f32)) -> Option<(Option<usize>, f32)> {
        let cell = |value: f32| {
            let share = (value + 1.25) / 2.5;
            ((share * BOUNDARY_SIDE as f32) as usize).min(BOUNDARY_SIDE - 1)
        };
        let index = cell(y) * BOUNDARY_SIDE + cell(x);
        match self {
            Self::Two(values) => {
                let (class, p) = of_two(*values.get(index)?);
                Some((Some(class.into()), p))
            }
            Self::Many(values, classes, _) => {
                Some((Some((*classes.get(index)?).into()), *values.get(index)?))
            }
            Self::Number(values) => Some((None, *values.get(index)?)),
        }
    }

    /// Returns the pixels as RGBA, from the top.
    fn pixels(&self) -> Vec<u8> {
        // Of two classes, too: at the ends of a diverging map, points of the same color would be hard to see.
        let classes = |n: u8, values: Vec<f32>| ColorMap::Classes(n).paint(&values, (0.0, n.into()));
        let value = |(class, p): (u8, f32)| class_value(class, p);
        let mut pixels = match self {
            Self::Two(values) => classes(2, values.iter().map(|p| value(of_two(*p))).collect()),
            Self::Number(values) => ColorMap::Diverging.paint(values, (-2.0, 2.0)),
            Self::Many(values, of, n) => {
                classes(*n, of.iter().zip(values.iter()).map(|(class, p)| value((*class, *p))).collect())
            }
        };
        pixels.resize(BOUNDARY_SIDE * BOUNDARY_SIDE * 4, 0);
        pixels.rchunks(BOUNDARY_SIDE * 4).flatten().copied().collect()
    }
}

/// Returns the predicted one of two classes and its probability.
fn of_two(p: f32) -> (u8, f32) {
    if p > 0.5 { (1, p) } else { (0, 1.0 - p) }
}

#[derive(PartialEq, Properties)]
pub(super) struct AreaProps {
    pub(super) prediction: Prediction,
    /// Position and size, as CSS declarations.
    pub(super) place: String,
}

/// The colors of a network's predictions.
#[component]
pub(super) fn Area(props: &AreaProps) -> Html {
    let canvas = use_node_ref();
    let restored = use_restored(&canvas);
    use_effect_with((props.prediction.clone(), restored), {
        let canvas = canvas.clone();
        move |(prediction, _)| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                let side = BOUNDARY_SIDE as u32;
                if canvas.width() != side || canvas.height() != side {
                    canvas.set_width(side);
                    canvas.set_height(side);
                }
                // If the canvas cannot be drawn on, the points are still there.
                let _ = put_pixels(&canvas, &prediction.pixels(), side, side);
            }
        }
    });
    html! { <canvas ref={canvas} class="cells smooth" ~style={props.place.clone()} aria-hidden="true"></canvas> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    const CELLS: usize = BOUNDARY_SIDE * BOUNDARY_SIDE;

    fn values(at: impl Fn(usize) -> f32) -> PtrEq<Vec<f32>> {
        PtrEq(Rc::new((0..CELLS).map(at).collect()))
    }

    #[test]
    fn positions_find_their_cells() {
        let two = Prediction::Two(values(|index| if index == 0 { 0.9 } else { 0.2 }));
        assert_eq!(two.at((-1.25, -1.25)), Some((Some(1), 0.9)));
        assert_eq!(two.at((1.25, 1.25)).map(|found| found.0), Some(Some(0)));
        assert_eq!(two.at((f32::NAN, 9.0)).map(|found| found.0), Some(Some(0)));
        assert_eq!(Prediction::Two(PtrEq(Rc::default())).at((0.0, 0.0)), None);
    }

    #[test]
    fn the_first_row_is_at_the_bottom() {
        let classes = PtrEq(Rc::new((0..CELLS).map(|index| u8::from(index < BOUNDARY_SIDE) * 2).collect()));
        let pixels = Prediction::Many(values(|_| 1.0), classes, 3).pixels();
        assert_eq!(pixels.len(), 4 * CELLS);
        assert_eq!(pixels[..4], [58, 124, 184, 255]);
        assert_eq!(pixels[4 * CELLS - 4..], [46, 150, 90, 255]);
        // Values that have not arrived are transparent.
        assert!(Prediction::Number(PtrEq(Rc::default())).pixels().iter().all(|byte| *byte == 0));
        let broken = Prediction::Many(values(|_| f32::NAN), PtrEq(Rc::new(vec![9; CELLS])), 0).pixels();
        assert_eq!(broken[3], 0);
    }
}
