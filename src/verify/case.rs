//! A case: a computation on a device, compared with reference values.

use crate::core::LabError;
use crate::run::training::read_all;
use crate::verify::report::{CaseResult, Outcome};
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::is_cpu;

/// Errors are relative to the largest value of a tensor, but at least to this. A gradient close to zero is a
/// small difference of large sums, and none of its digits are significant.
const MIN_SCALE: f64 = 1.0;

/// The maximum allowed error on the CPU and on a GPU, and the reason for it.
#[derive(Debug)]
pub struct Tolerance {
    /// The maximum error on the CPU.
    pub cpu: f32,
    /// The maximum error on a GPU.
    pub gpu: f32,
    /// The reason, for the reader of the report.
    pub why: &'static str,
}

impl Tolerance {
    /// Returns the tolerance for a device.
    pub fn of(&self, device: &Device) -> f32 {
        if is_cpu(device) { self.cpu } else { self.gpu }
    }
}

/// The reason why a computation and its reference cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CaseError {
    /// A value of the reference has another type or shape.
    #[error("The reference has {found} in place of {expected}.")]
    Unexpected {
        /// The value or shape in the reference.
        found: String,
        /// The type or shape that the computation needs.
        expected: String,
    },
    /// The reference has lists of unequal lengths.
    #[error("The reference has {0} of unequal lengths.")]
    Ragged(&'static str),
    /// The reference lacks a value.
    #[error("The reference has no {0}.")]
    Missing(&'static str),
    /// A tensor and its reference have different numbers of elements, or none.
    #[error("{place} has {found} numbers, and its reference has {expected}.")]
    Length {
        /// The name of the tensor.
        place: String,
        /// The number of its elements.
        found: usize,
        /// The number of reference values.
        expected: usize,
    },
    /// A tensor has no gradient.
    #[error("{0} has no gradient.")]
    NoGradient(String),
    /// Another reason, as a sentence.
    #[error("{0}")]
    Other(String),
}

impl From<&str> for CaseError {
    fn from(why: &str) -> Self {
        Self::Other(why.to_owned())
    }
}

/// Computed and reference values.
pub type Compared = Result<Pairs, CaseError>;

/// Computed tensors.
pub type Computed = Result<Tensors, CaseError>;

/// Two implementations of the same computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The lab's implementation.
    Lab,
    /// The reference: burn's operations and autodiff, on the CPU.
    Reference,
}

/// Computes on a device, and returns the results with their known reference values.
type Known = dyn Fn(&Device) -> Compared;
/// Computes the same tensors on a device with either implementation.
type ComputeSide = dyn Fn(Side, &Device) -> Computed;

/// The computation of a case. It returns tensors without reading them: [`Case::run`] waits for all of them at
/// once.
enum Compute {
    Known(Box<Known>),
    BothSides(Box<ComputeSide>),
}

/// A computation that is compared with a reference.
pub struct Case {
    /// The group of the case: a section, the kernels, or formulas.
    pub group: &'static str,
    /// A description of the computation.
    pub what: String,
    /// The source of the reference.
    pub reference: &'static str,
    /// The maximum allowed error.
    pub tolerance: &'static Tolerance,
    compute: Compute,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.group, self.what)
    }
}

impl Case {
    /// Returns a case whose reference values are known.
    pub fn new(
        group: &'static str,
        what: impl Into<String>,
        reference: &'static str,
        tolerance: &'static Tolerance,
        compute: impl Fn(&Device) -> Compared + 'static,
    ) -> Self {
        let compute = Compute::Known(Box::new(compute));
        Self { group, what: what.into(), reference, tolerance, compute }
    }

    /// Returns a case that compares two implementations.
    pub fn of_both_sides(
        group: &'static str,
        what: impl Into<String>,
        reference: &'static str,
        tolerance: &'static Tolerance,
        compute: impl Fn(Side, &Device) -> Computed + 'static,
    ) -> Self {
        let compute = Compute::BothSides(Box::new(compute));
        Self { group, what: what.into(), reference, tolerance, compute }
    }

    /// Returns the values of [`Side::Reference`], which the CPU computes first; `None` if the reference is
    /// known.
    ///
    /// # Errors
    ///
    /// If the device fails.
    #[cfg(feature = "cpu")]
    pub async fn reference(&self) -> Result<Option<Vec<f32>>, LabError> {
        match &self.compute {
            Compute::Known(_) => Ok(None),
            // The other side reports the same error.
            Compute::BothSides(compute) => match compute(Side::Reference, &Device::flex()) {
                Ok(tensors) => {
                    read_all(tensors.all.into_iter().map(|(_, tensor)| tensor).collect()).await.map(Some)
                }
                Err(_) => Ok(None),
            },
        }
    }

    /// Returns `None`: without the CPU backend, another worker computes the references.
    ///
    /// # Errors
    ///
    /// Never.
    #[cfg(not(feature = "cpu"))]
    pub async fn reference(&self) -> Result<Option<Vec<f32>>, LabError> {
        Ok(None)
    }

    /// Runs the case on a device, and compares it with the values that [`Self::reference`] returned. A
    /// reference that is missing or does not fit is an outcome, not an error.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub async fn run(&self, device: &Device, reference: Option<&[f32]>) -> Result<Outcome, LabError> {
        let pairs = match &self.compute {
            Compute::Known(compute) => compute(device),
            Compute::BothSides(compute) => compute(Side::Lab, device)
                .and_then(|ours| ours.pair_with(reference.ok_or("The CPU has computed no reference.")?)),
        };
        let tolerance = self.tolerance.of(device);
        let outcome = |(error, place)| Outcome { error, tolerance, place };
        match pairs {
            Ok(pairs) => pairs.max_error().await.map(outcome),
            Err(why) => Ok(outcome((None, why.to_string()))),
        }
    }

    /// Returns the case with its outcome.
    pub fn result(&self, outcome: Outcome) -> CaseResult {
        CaseResult {
            group: self.group.to_owned(),
            what: self.what.clone(),
            reference: self.reference.to_owned(),
            why: self.tolerance.why.to_owned(),
            outcome,
        }
    }
}

/// Named tensors, computed by one implementation.
#[derive(Debug, Default)]
pub struct Tensors {
    all: Vec<(String, Tensor<1>)>,
}

impl Tensors {
    /// Adds a tensor.
    pub fn add<const D: usize>(&mut self, place: impl Into<String>, tensor: Tensor<D>) {
        let n = tensor.shape().num_elements();
        self.all.push((place.into(), tensor.inner().reshape([n])));
    }

    /// Pairs the tensors with the values of the other implementation, in the same order.
    fn pair_with(self, mut numbers: &[f32]) -> Compared {
        let mut pairs = Pairs::default();
        for (place, ours) in self.all {
            let theirs = take(&mut numbers, ours.dims()[0]).map(f64::from).collect();
            pairs.numbers(place, ours, theirs)?;
        }
        if numbers.is_empty() { Ok(pairs) } else { Err("The CPU has computed more numbers.".into()) }
    }
}

/// Computed tensors with their reference values.
#[derive(Debug, Default)]
pub struct Pairs {
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Pair {
    place: String,
    ours: Tensor<1>,
    theirs: Vec<f64>,
}

impl Pairs {
    /// Adds a tensor and its reference values in row-major order.
    ///
    /// # Errors
    ///
    /// If there are no values, or not as many as elements.
    pub fn numbers<const D: usize>(
        &mut self,
        place: impl Into<String>,
        ours: Tensor<D>,
        theirs: Vec<f64>,
    ) -> Result<(), CaseError> {
        let (place, found, expected) = (place.into(), ours.shape().num_elements(), theirs.len());
        if found != expected || found == 0 {
            return Err(CaseError::Length { place, found, expected });
        }
        self.pairs.push(Pair { place, ours: ours.inner().reshape([found]), theirs });
        Ok(())
    }

    /// Returns the maximum error and the name of its tensor. NaN counts as an infinite error.
    async fn max_error(self) -> Result<(Option<f32>, String), LabError> {
        let (ours, known): (Vec<_>, Vec<_>) =
            self.pairs.into_iter().map(|Pair { place, ours, theirs }| (ours, (place, theirs))).unzip();
        let ours = read_all(ours).await?;
        let mut ours = ours.as_slice();
        let mut max = (None, "There is nothing to compare.".to_owned());
        for (place, theirs) in known {
            let error = relative_error(take(&mut ours, theirs.len()).map(f64::from), &theirs) as f32;
            if max.0.is_none_or(|max| error > max) {
                max = (Some(error), place);
            }
        }
        Ok(max)
    }
}

/// Returns the first `length` values, and removes them.
fn take<'a>(numbers: &mut &'a [f32], length: usize) -> impl ExactSizeIterator<Item = f32> + use<'a> {
    let (first, rest) = numbers.split_at(length.min(numbers.len()));
    *numbers = rest;
    first.iter().copied()
}

/// Returns the maximum difference, relative to the largest value of the reference.
pub fn relative_error(ours: impl ExactSizeIterator<Item = f64>, theirs: &[f64]) -> f64 {
    if ours.len() != theirs.len() {
        return f64::INFINITY;
    }
    let scale = theirs.iter().fold(MIN_SCALE, |max, value| max.max(value.abs()));
    ours.zip(theirs).fold(0.0, |max: f64, (ours, theirs)| {
        let error = (ours - theirs).abs() / scale;
        if error.is_nan() { f64::INFINITY } else { max.max(error) }
    })
}
