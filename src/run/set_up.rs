//! The first steps of a run as a `.safetensors` file, with which a program outside the lab starts from the same weights, sees
//! the same batches, and compares what it computes.
//!
//! ```text
//! rnn.0.input.weight     the parameters of the network `rnn` before the first step; after steps 1, 2 and 3: rnn.1. to rnn.3.
//! rnn.grad.input.weight  the gradients of the first step, before clipping
//! rnn.loss               the losses of the steps, [n]
//! batch1.x               the inputs of the first step, which all networks share; up to the n-th step: batch2. ...
//! ```

use crate::core::compared::ComparedTensor;
use crate::core::settings::Settings;
use crate::core::{LabError, Progress};
use crate::data::safetensors::{File, NamedTensor};
use crate::run::code::network_name;
use crate::run::driver::Training;
use crate::run::named;
use crate::run::train_state::RecordedStep;
use crate::run::training::read_all;
use crate::run::{Directive, RunContext, Train};
use burn::tensor::Device;

/// The steps after which the weights are recorded. A correct program agrees in all of them, and a wrong optimizer shows.
const WEIGHTS: u32 = 3;
/// The maximum number of steps, whose losses are a curve to compare.
const MAX_STEPS: usize = 50;
/// The maximum size of all batches together in bytes, unless three steps need more.
const MAX_BYTES: usize = 4_000_000;

/// Records the first steps of all networks of a run. The progress counts steps of all networks.
///
/// # Errors
///
/// If the run could not start with these settings, the user has stopped it, or the device fails.
pub async fn set_up<E: Train>(
    config: &E::Config,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<File, LabError> {
    let arms = E::arms(config);
    let mut tensors = Vec::new();
    for (index, arm) in arms.iter().enumerate() {
        let network = network_name(arm);
        let mut training = E::Training::init(config.clone(), index, device, ctx).await?;
        training.state_mut().record(E::CODE);
        let weights = training.state_mut().parameters(E::CODE);
        tensors.extend(named::read(weights, &format!("{network}.0.")).await?);
        let mut recorded: Vec<RecordedStep> = Vec::new();
        let max_steps = training.steps().max(WEIGHTS);
        let (mut step, mut steps) = (0, WEIGHTS);
        while step < steps {
            step += 1;
            training.draw_and_step(step).await?;
            recorded.extend(training.state_mut().take_recorded());
            steps = recorded.first().map_or(WEIGHTS, number_of_steps).min(max_steps);
            if step <= WEIGHTS {
                let weights = training.state_mut().parameters(E::CODE);
                tensors.extend(named::read(weights, &format!("{network}.{step}.")).await?);
            }
            let all = steps * arms.len() as u32;
            let done = Progress { step: index as u32 * steps + step, steps: all };
            if ctx.step_done(done).await == Directive::Stop {
                return Err(LabError::Config("Recording was stopped.".to_owned()));
            }
        }
        let losses = read_all(training.state_mut().take_losses()).await?;
        tensors.push(NamedTensor {
            name: format!("{network}.loss"),
            shape: vec![losses.len()],
            values: losses,
        });
        if let Some(first) = recorded.first() {
            tensors.extend(named::read(first.gradients.clone(), &format!("{network}.grad.")).await?);
        }
        if index == 0 {
            tensors.extend(recorded.iter().zip(1..).flat_map(|(step, n)| batch(E::CODE.inputs, step, n)));
        }
    }
    Ok(File { metadata: metadata::<E>(config), tensors, ..File::default() })
}

/// Returns the number of steps that are recorded, given the first one.
fn number_of_steps(first: &RecordedStep) -> u32 {
    let bytes: usize = first.inputs.iter().map(|input| 4 * input.values().len()).sum();
    (MAX_BYTES / bytes.max(1)).clamp(WEIGHTS as usize, MAX_STEPS) as u32
}

fn batch<'a>(
    names: &'a [&'static str],
    step: &'a RecordedStep,
    n: u32,
) -> impl Iterator<Item = NamedTensor> + 'a {
    names.iter().zip(&step.inputs).map(move |(name, input)| NamedTensor {
        name: format!("batch{n}.{name}"),
        shape: input.shape().to_vec(),
        values: input.values().to_vec(),
    })
}

/// Returns what a file says about its origin.
pub fn metadata<E: Train>(config: &E::Config) -> Vec<(String, String)> {
    let config = serde_json::to_string(&config.to_values()).unwrap_or_default();
    [("section", E::SLUG), ("config", &config), ("lab_version", env!("CARGO_PKG_VERSION"))]
        .map(|(key, text)| (key.to_owned(), text.to_owned()))
        .to_vec()
}

/// Compares the tensors of another program with those of the same names here. Each is compared with the largest number
/// here, because rounding of small numbers next to large ones says nothing.
pub fn compare(theirs: &[NamedTensor], ours: &[NamedTensor]) -> Vec<ComparedTensor> {
    let compared = |theirs: &NamedTensor| {
        let difference = match ours.iter().find(|ours| ours.name == theirs.name) {
            None => Err("the set-up has no tensor of this name".to_owned()),
            Some(ours) if ours.shape != theirs.shape => {
                Err(format!("its shape should be {:?}, and is {:?}", ours.shape, theirs.shape))
            }
            Some(ours) => difference(&theirs.values, &ours.values),
        };
        ComparedTensor { name: theirs.name.clone(), difference }
    };
    theirs.iter().map(compared).collect()
}

fn difference(theirs: &[f32], ours: &[f32]) -> Result<f32, String> {
    if let Some(wrong) = theirs.iter().find(|value| !value.is_finite()) {
        return Err(format!("it has the value {wrong}"));
    }
    let largest = ours.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let differences = theirs.iter().zip(ours).map(|(a, b)| (a - b).abs());
    Ok(differences.fold(0.0, f32::max) / largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[usize], values: &[f32]) -> NamedTensor {
        NamedTensor { name: name.to_owned(), shape: shape.to_vec(), values: values.to_vec() }
    }

    #[test]
    fn tensors_are_compared_by_name() {
        let ours = [tensor("a", &[2], &[1.0, -4.0]), tensor("b", &[1], &[0.0])];
        let theirs = [
            tensor("a", &[2], &[1.0, -3.0]),
            tensor("b", &[1, 1], &[0.0]),
            tensor("c", &[1], &[0.0]),
            tensor("b", &[1], &[f32::NAN]),
        ];
        let found = compare(&theirs, &ours);
        assert_eq!(found[0].difference, Ok(0.25));
        let why = |at: usize| found[at].difference.clone().expect_err("a reason");
        assert_eq!(why(1), "its shape should be [1], and is [1, 1]");
        assert_eq!(why(2), "the set-up has no tensor of this name");
        assert_eq!(why(3), "it has the value NaN");
    }
}
