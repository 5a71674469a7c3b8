//! The training and test samples of a run, on the host.

use super::plane::Plane;
use super::{Axis, MAX_SHOWN, Samples};
use crate::run::step::Input;

/// The number of sample images on the page.
pub(super) const N_SHOWN: usize = 24;

/// The training and test samples, on the host.
pub(super) struct TaskData {
    pub(super) d_in: usize,
    /// The number of classes, or 1 if a number is predicted.
    pub(super) d_out: usize,
    pub(super) train: Part,
    pub(super) test: Part,
    pub(super) image_side: Option<u32>,
    /// The plane and the names of the user's own data.
    pub(super) own: Option<OwnData>,
    /// The standard deviation of the predicted number, which is 1 in the units of the networks.
    pub(super) target_std: f32,
}

/// The parts of the user's own data that only figures need.
pub(super) struct OwnData {
    pub(super) plane: Plane,
    /// The names of the classes; empty if a number is predicted.
    pub(super) classes: Vec<String>,
    /// The axis of the predicted number.
    pub(super) target: Option<Axis>,
}

/// The targets of samples, `[n]`.
pub(super) enum Values {
    /// Classes.
    Classes(Vec<u8>),
    /// Numbers, in standardized units.
    Numbers(Vec<f32>),
}

/// One part of the samples: `[n, d_in]` values and `[n]` targets.
pub(super) struct Part {
    pub(super) x: Vec<f32>,
    pub(super) y: Values,
}

impl Part {
    /// Returns the number of samples.
    pub(super) fn len(&self) -> usize {
        match &self.y {
            Values::Classes(labels) => labels.len(),
            Values::Numbers(numbers) => numbers.len(),
        }
    }

    /// Returns the targets as numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f32> {
        let (labels, numbers) = match &self.y {
            Values::Classes(labels) => (labels.as_slice(), &[][..]),
            Values::Numbers(numbers) => (&[][..], numbers.as_slice()),
        };
        labels.iter().map(|label| f32::from(*label)).chain(numbers.iter().copied())
    }

    /// Returns the classes; none if numbers are predicted.
    pub(super) fn labels(&self) -> &[u8] {
        match &self.y {
            Values::Classes(labels) => labels,
            Values::Numbers(_) => &[],
        }
    }
}

impl TaskData {
    /// Returns samples that are not the user's own.
    pub(super) fn generated(
        d_in: usize,
        n_classes: usize,
        [train, test]: [Part; 2],
        image_side: Option<u32>,
    ) -> Self {
        Self { d_in, d_out: n_classes, train, test, image_side, own: None, target_std: 1.0 }
    }

    /// Returns some training samples: values `[n, d_in]`, and one-hot classes or numbers `[n, 1]`.
    pub(super) fn batch(&self, indices: &[usize]) -> [Input; 2] {
        let d = self.d_in;
        // Whole rows at once: number by number, copying 512 images took two fifths of a step.
        let rows: Vec<&[f32]> = indices.iter().map(|&i| &self.train.x[i * d..(i + 1) * d]).collect();
        let x = rows.concat();
        let y = match &self.train.y {
            Values::Classes(labels) => Input::one_hot(indices.iter().map(|&i| labels[i]), self.d_out),
            Values::Numbers(numbers) => {
                Input::new(indices.iter().map(|&i| numbers[i]).collect(), [indices.len(), 1])
            }
        };
        [Input::new(x, [indices.len(), d]), y]
    }

    /// Returns the samples that the page shows.
    pub(super) fn samples(&self) -> Samples {
        match (&self.own, self.image_side) {
            (Some(own), _) => {
                let points = |part: &Part| {
                    let samples = part.x.chunks_exact(self.d_in.max(1)).zip(part.numbers()).enumerate();
                    samples.take(MAX_SHOWN).map(|(i, (x, value))| own.plane.point(x, value, i)).collect()
                };
                Samples::Plane {
                    axes: own.plane.axes.clone(),
                    train: points(&self.train),
                    test: points(&self.test),
                    classes: own.classes.clone(),
                    target: own.target.clone(),
                }
            }
            (None, None) => {
                let points = self.test.x.chunks_exact(2).zip(self.test.labels());
                Samples::Points(points.map(|(p, &class)| (p[0], p[1], class)).collect())
            }
            (None, Some(side)) => {
                let labels = self.test.labels();
                let n = N_SHOWN.min(labels.len());
                let pixels = self.test.x[..n * self.d_in].iter().map(|&v| ((v + 1.0) * 127.5).round() as u8);
                Samples::Images { side, pixels: pixels.collect(), labels: labels[..n].to_vec() }
            }
        }
    }
}
