//! Two-dimensional point sets with two classes, within about one unit of the origin.

use chacha20::ChaCha12Rng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::StandardNormal;
use std::f32::consts::{PI, TAU};

/// Labeled points in the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// Coordinates, `[n][2]`.
    pub x: Vec<[f32; 2]>,
    /// Classes, `[n]`: 0 or 1.
    pub y: Vec<u8>,
}

/// The shape of a point set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A disk inside a ring.
    Circles,
    /// Two interleaved half circles.
    Moons,
    /// Four squares, with opposite ones in the same class.
    Xor,
    /// Two spiral arms of one and a half turns each.
    Spirals,
}

/// Returns `n` random points of alternating classes, with Gaussian noise of standard deviation `noise` on
/// both coordinates.
pub fn points(shape: Shape, n: usize, noise: f32, seed: u64) -> Points {
    let mut rng = ChaCha12Rng::seed_from_u64(seed ^ 0x0da7_a5e7);
    let mut set = Points { x: Vec::with_capacity(n), y: Vec::with_capacity(n) };
    for i in 0..n {
        let class = (i % 2) as u8;
        let [x, y] = clean_point(shape, class, &mut rng);
        let [dx, dy]: [f32; 2] = std::array::from_fn(|_| rng.sample(StandardNormal));
        set.x.push([x + noise * dx, y + noise * dy]);
        set.y.push(class);
    }
    set
}

fn clean_point(shape: Shape, class: u8, rng: &mut impl Rng) -> [f32; 2] {
    let t: f32 = rng.random();
    let flip = if class == 0 { 1.0 } else { -1.0 };
    match shape {
        Shape::Circles => {
            let angle = TAU * t;
            let r: f32 =
                if class == 0 { 0.45 * rng.random::<f32>().sqrt() } else { 0.75 + 0.2 * rng.random::<f32>() };
            [r * angle.cos(), r * angle.sin()]
        }
        Shape::Moons => {
            let angle = PI * t;
            [flip * (0.6 * angle.cos() - 0.3), flip * (0.6 * angle.sin() - 0.15)]
        }
        Shape::Xor => {
            let a = 0.05 + 0.9 * t;
            let b = 0.05 + 0.9 * rng.random::<f32>();
            let side = if rng.random::<bool>() { 1.0 } else { -1.0 };
            [side * a, side * flip * b]
        }
        Shape::Spirals => {
            // The square root spreads the points evenly along the arm, whose turns grow longer outward.
            let s = t.sqrt();
            let angle = 3.0 * PI * s;
            let r = 0.05 + 0.9 * s;
            [flip * r * angle.cos(), flip * r * angle.sin()]
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::plane::*;

    const SHAPES: [Shape; 4] = [Shape::Circles, Shape::Moons, Shape::Xor, Shape::Spirals];

    #[test]
    fn same_seed_same_points_and_classes_are_balanced() {
        for shape in SHAPES {
            let set = points(shape, 200, 0.1, 7);
            assert_eq!(set, points(shape, 200, 0.1, 7));
            assert_ne!(set, points(shape, 200, 0.1, 8));
            assert_eq!(set.y.iter().filter(|&&y| y == 1).count(), 100);
        }
    }

    #[test]
    fn clean_points_stay_within_one_unit() {
        for shape in SHAPES {
            for [x, y] in points(shape, 500, 0.0, 1).x {
                assert!(x.abs() <= 1.0 && y.abs() <= 1.0, "{shape:?}: {x}, {y}");
            }
        }
    }
}
