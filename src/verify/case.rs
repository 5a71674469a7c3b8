//! A case: what a device computes, beside the numbers that it should come to.

use crate::core::LabError;
use crate::core::report::{CaseResult, Outcome};
use crate::run::training::read_all;
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::is_cpu;

/// An error is relative to the largest number of its tensor, or to this where all are smaller: a gradient may be the small
/// difference of large sums, and has no digits to agree in if it is as good as zero.
const SMALLEST_SCALE: f64 = 1.0;

/// The greatest error that is allowed, on the CPU and on a GPU, and why.
#[derive(Debug)]
pub struct Tolerance {
    pub cpu: f32,
    pub gpu: f32,
    pub why: &'static str,
}

impl Tolerance {
    /// That of one device.
    pub fn of(&self, device: &Device) -> f32 {
        if is_cpu(device) { self.cpu } else { self.gpu }
    }
}

/// What a device has been asked for; or a sentence that says why it could not be.
pub type Compared = Result<Pairs, String>;

/// The tensors of one way to compute something; or a sentence that says why they could not be had.
pub type Computed = Result<Tensors, String>;

/// Two ways to the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The lab's.
    Lab,
    /// What that is held against: burn's operations and its autodiff, on the CPU.
    Reference,
}

/// Computes on a device, beside numbers that are known.
type Known = dyn Fn(&Device) -> Compared;
/// Computes on a device in one of two ways, the same tensors in both.
type InTwoWays = dyn Fn(Side, &Device) -> Computed;

/// They only ask for the numbers: on a GPU these are waited for in one go, by [`Case::run`].
enum Compute {
    Known(Box<Known>),
    TwoWays(Box<InTwoWays>),
}

/// Something that is held against a reference.
pub struct Case {
    /// What it belongs to: a section, the kernels, formulas.
    pub group: &'static str,
    pub what: String,
    /// Where the reference comes from.
    pub reference: &'static str,
    pub tolerance: &'static Tolerance,
    compute: Compute,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.group, self.what)
    }
}

impl Case {
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

    /// One that is computed in two ways.
    pub fn of_two_ways(
        group: &'static str,
        what: impl Into<String>,
        reference: &'static str,
        tolerance: &'static Tolerance,
        compute: impl Fn(Side, &Device) -> Computed + 'static,
    ) -> Self {
        let compute = Compute::TwoWays(Box::new(compute));
        Self { group, what: what.into(), reference, tolerance, compute }
    }

    /// The numbers that the CPU has to compute first, those of [`Way::Burns`]; `None` where the reference is known.
    #[cfg(feature = "cpu")]
    pub async fn reference(&self) -> Result<Option<Vec<f32>>, LabError> {
        match &self.compute {
            Compute::Known(_) => Ok(None),
            // What could not be computed is told by the other way, too.
            Compute::TwoWays(compute) => match compute(Side::Reference, &Device::flex()) {
                Ok(tensors) => {
                    read_all(tensors.all.into_iter().map(|(_, tensor)| tensor).collect()).await.map(Some)
                }
                Err(_) => Ok(None),
            },
        }
    }

    /// Without the CPU's backend nothing: another worker has it.
    #[cfg(not(feature = "cpu"))]
    pub async fn reference(&self) -> Result<Option<Vec<f32>>, LabError> {
        Ok(None)
    }

    /// What comes of it on one device, beside what `reference` gave, on whatever device that was. A reference that is missing
    /// or does not fit is an outcome; `Err` if the device itself has failed.
    pub async fn run(&self, device: &Device, reference: Option<&[f32]>) -> Result<Outcome, LabError> {
        let pairs = match &self.compute {
            Compute::Known(compute) => compute(device),
            Compute::TwoWays(compute) => compute(Side::Lab, device)
                .and_then(|ours| ours.beside(reference.ok_or("The CPU has computed no reference.")?)),
        };
        let tolerance = self.tolerance.of(device);
        let outcome = |(error, place)| Outcome { error, tolerance, place };
        match pairs {
            Ok(pairs) => pairs.greatest_error().await.map(outcome),
            Err(why) => Ok(outcome((None, why))),
        }
    }

    /// The case with what came of it.
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

/// What was computed in one way, by what it is called.
#[derive(Debug, Default)]
pub struct Tensors {
    all: Vec<(String, Tensor<1>)>,
}

impl Tensors {
    pub fn add<const D: usize>(&mut self, place: impl Into<String>, tensor: Tensor<D>) {
        let n = tensor.shape().num_elements();
        self.all.push((place.into(), tensor.inner().reshape([n])));
    }

    /// These beside the numbers of the other way, which has the same tensors in the same order.
    fn beside(self, mut numbers: &[f32]) -> Compared {
        let mut pairs = Pairs::default();
        for (place, ours) in self.all {
            let theirs = take(&mut numbers, ours.dims()[0]).map(f64::from).collect();
            pairs.numbers(place, ours, theirs)?;
        }
        if numbers.is_empty() { Ok(pairs) } else { Err("The CPU has computed more numbers.".to_owned()) }
    }
}

/// What a device has computed and what it should be, tensor by tensor.
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
    /// A tensor beside its numbers, row by row.
    pub fn numbers<const D: usize>(
        &mut self,
        place: impl Into<String>,
        ours: Tensor<D>,
        theirs: Vec<f64>,
    ) -> Result<(), String> {
        let (place, n, expected) = (place.into(), ours.shape().num_elements(), theirs.len());
        if n != expected || n == 0 {
            return Err(format!("{place} has {n} numbers, and its reference has {expected}."));
        }
        self.pairs.push(Pair { place, ours: ours.inner().reshape([n]), theirs });
        Ok(())
    }

    /// The greatest error and where it is. What is no number counts as an error without bound.
    async fn greatest_error(self) -> Result<(Option<f32>, String), LabError> {
        let (ours, known): (Vec<_>, Vec<_>) =
            self.pairs.into_iter().map(|Pair { place, ours, theirs }| (ours, (place, theirs))).unzip();
        let ours = read_all(ours).await?;
        let mut ours = ours.as_slice();
        let mut greatest = (None, "There is nothing to compare.".to_owned());
        for (place, theirs) in known {
            let error = relative_error(take(&mut ours, theirs.len()).map(f64::from), &theirs) as f32;
            if greatest.0.is_none_or(|most| error > most) {
                greatest = (Some(error), place);
            }
        }
        Ok(greatest)
    }
}

/// The first `length` numbers, which are then behind.
fn take<'a>(numbers: &mut &'a [f32], length: usize) -> impl ExactSizeIterator<Item = f32> + use<'a> {
    let (first, rest) = numbers.split_at(length.min(numbers.len()));
    *numbers = rest;
    first.iter().copied()
}

/// The greatest difference, relative to the largest number of the reference.
pub fn relative_error(ours: impl ExactSizeIterator<Item = f64>, theirs: &[f64]) -> f64 {
    if ours.len() != theirs.len() {
        return f64::INFINITY;
    }
    let scale = theirs.iter().fold(SMALLEST_SCALE, |most, number| most.max(number.abs()));
    ours.zip(theirs).fold(0.0, |most: f64, (ours, theirs)| {
        let error = (ours - theirs).abs() / scale;
        if error.is_nan() { f64::INFINITY } else { most.max(error) }
    })
}
