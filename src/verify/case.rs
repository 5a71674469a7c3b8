//! A case: what a device computes, beside the numbers that it should come to.

use crate::core::LabError;
use crate::core::report::{CaseResult, Outcome};
use crate::run::training::read_all;
use burn::tensor::{Device, Tensor};

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

/// Whether a device is burn's own for the CPU.
pub fn is_cpu(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

/// What a device has been asked for; or a sentence that says why it could not be.
pub type Compared = Result<Pairs, String>;

/// Computes on a device. It only asks for the numbers: on a GPU they are waited for in one go, by [`Case::run`].
type Compute = Box<dyn Fn(&Device) -> Compared>;

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
        Self { group, what: what.into(), reference, tolerance, compute: Box::new(compute) }
    }

    /// What comes of it on one device. A reference that is missing or does not fit is an outcome; `Err` if the device itself
    /// has failed.
    pub async fn run(&self, device: &Device) -> Result<Outcome, LabError> {
        let tolerance = self.tolerance.of(device);
        let outcome = |(error, place)| Outcome { error, tolerance, place };
        match (self.compute)(device) {
            Ok(pairs) => pairs.greatest_error().await.map(outcome),
            Err(why) => Ok(outcome((None, why))),
        }
    }

    /// What comes of it on each device.
    pub async fn run_all(&self, devices: &[Device]) -> Result<CaseResult, LabError> {
        let mut outcomes = Vec::with_capacity(devices.len());
        for device in devices {
            outcomes.push(self.run(device).await?);
        }
        Ok(self.result(outcomes))
    }

    /// The case with what came of it.
    pub fn result(&self, outcomes: Vec<Outcome>) -> CaseResult {
        CaseResult {
            group: self.group.to_owned(),
            what: self.what.clone(),
            reference: self.reference.to_owned(),
            why: self.tolerance.why.to_owned(),
            outcomes,
        }
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
    theirs: Theirs,
}

#[derive(Debug)]
enum Theirs {
    Numbers(Vec<f64>),
    /// What the CPU computes in another way.
    Computed(Box<Tensor<1>>),
}

impl Pairs {
    /// A tensor beside its numbers, row by row.
    pub fn numbers<const D: usize>(
        &mut self,
        place: impl Into<String>,
        ours: Tensor<D>,
        theirs: Vec<f64>,
    ) -> Result<(), String> {
        self.push(place.into(), ours, theirs.len(), Theirs::Numbers(theirs))
    }

    /// A tensor beside another one, of whatever device.
    pub fn tensors<const D: usize>(
        &mut self,
        place: impl Into<String>,
        ours: Tensor<D>,
        theirs: Tensor<D>,
    ) -> Result<(), String> {
        let n = theirs.shape().num_elements();
        self.push(place.into(), ours, n, Theirs::Computed(Box::new(theirs.inner().reshape([n]))))
    }

    fn push<const D: usize>(
        &mut self,
        place: String,
        ours: Tensor<D>,
        expected: usize,
        theirs: Theirs,
    ) -> Result<(), String> {
        let n = ours.shape().num_elements();
        if n != expected || n == 0 {
            return Err(format!("{place} has {n} numbers, and its reference has {expected}."));
        }
        self.pairs.push(Pair { place, ours: ours.inner().reshape([n]), theirs });
        Ok(())
    }

    /// The greatest error and where it is. What is no number counts as an error without bound.
    async fn greatest_error(self) -> Result<(Option<f32>, String), LabError> {
        let lengths: Vec<usize> = self.pairs.iter().map(|pair| pair.ours.dims()[0]).collect();
        let (mut ours, mut computed) = (Vec::new(), Vec::new());
        let mut pairs = Vec::with_capacity(lengths.len());
        for Pair { place, ours: tensor, theirs } in self.pairs {
            ours.push(tensor);
            pairs.push(match theirs {
                Theirs::Numbers(numbers) => (place, Some(numbers)),
                Theirs::Computed(tensor) => {
                    computed.push(*tensor);
                    (place, None)
                }
            });
        }
        let (ours, computed) = (read_all(ours).await?, read_all(computed).await?);
        let (mut ours, mut computed) = (ours.as_slice(), computed.as_slice());
        let mut greatest = (None, "There is nothing to compare.".to_owned());
        for ((place, theirs), length) in pairs.into_iter().zip(lengths) {
            let theirs = theirs.unwrap_or_else(|| take(&mut computed, length).map(f64::from).collect());
            let error = relative_error(take(&mut ours, length).map(f64::from), &theirs) as f32;
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
