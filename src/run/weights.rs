//! Weights in and out: a network as a `.safetensors` file with PyTorch's names, and a network from such a file.

use crate::core::LabError;
use crate::data::safetensors::{self, File, NamedTensor};
use crate::run::checkpoint::Checkpoint;
use crate::run::code::network_name;
use crate::run::driver::{self, Training};
use crate::run::named::{self, Named};
use crate::run::set_up::metadata;
use crate::run::{RunContext, Train};
use burn::tensor::Device;
use std::collections::BTreeMap;

/// The maximum number of names in a message.
const MAX_LISTED: usize = 4;

/// A network that was read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The network, as a run resumes from it.
    pub checkpoint: Checkpoint,
    /// Remarks on the file, such as converted numbers.
    pub remarks: Vec<String>,
}

/// Returns the weights of one arm: at a checkpoint, or initialized.
///
/// # Errors
///
/// If the run could not start with these settings, the checkpoint belongs to another run, or the device fails.
pub async fn weights<E: Train>(
    config: &E::Config,
    arm: usize,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<File, LabError> {
    let mut training = E::Training::init(config.clone(), arm, device, ctx).await?;
    if let Some(bytes) = ctx.checkpoint() {
        let checkpoint = Checkpoint::read(&bytes, training.steps())?;
        driver::restore(&mut training, &checkpoint)?;
    }
    let step = training.state_mut().steps_done();
    let tensors = named::read(training.state_mut().parameters(E::CODE), "").await?;
    let mut metadata = metadata::<E>(config);
    // As in files that PyTorch writes itself.
    metadata.push(("format".to_owned(), "pt".to_owned()));
    metadata.push(("network".to_owned(), network_name(&E::arms(config)[arm]).to_owned()));
    metadata.push(("step".to_owned(), step.to_string()));
    Ok(File { metadata, tensors, ..File::default() })
}

/// Returns the network of an arm with the weights of a file, and with a new optimizer.
///
/// # Errors
///
/// If the file is none, or its tensors do not fit the network of these settings.
pub async fn open<E: Train>(
    config: &E::Config,
    arm: usize,
    bytes: &[u8],
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<Opened, LabError> {
    let file = safetensors::read(bytes).map_err(|error| LabError::Data(error.to_string()))?;
    let mut remarks = Vec::new();
    if let Some(dtype) = &file.converted_from {
        remarks.push(format!("Numbers of type {dtype} were converted to 32-bit floats."));
    }
    let mut training = E::Training::init(config.clone(), arm, device, ctx).await?;
    let parameters = training.state_mut().parameters(E::CODE);
    let tensors = of_network(E::adapt_names(file.tensors), network_name(&E::arms(config)[arm]), &parameters);
    let (numbers, unused) = fill(&parameters, &tensors)?;
    if !unused.is_empty() {
        remarks.push(format!("Tensors that this network does not have were left out: {}.", listed(&unused)));
    }
    let extra_state = training.extra_state();
    Ok(Opened { checkpoint: Checkpoint { step: 0, optimizer_steps: 0, numbers, extra_state }, remarks })
}

/// Returns the tensors by name, without what PyTorch puts before all names when a model is wrapped, such as `module.`. In a
/// file of several networks, as the set-up file is one, those of `network` before the first step count.
fn of_network(
    tensors: Vec<NamedTensor>,
    network: &str,
    parameters: &[Named],
) -> BTreeMap<String, NamedTensor> {
    let Some(first) = parameters.first() else { return BTreeMap::new() };
    let own = format!("{network}.0.");
    let prefix = tensors.iter().find_map(|tensor| {
        let start = tensor.name.strip_suffix(first.name.as_str())?;
        (start.is_empty() || start == own || start == "module." || start == "_orig_mod.")
            .then(|| start.to_owned())
    });
    let prefix = prefix.unwrap_or_default();
    let named = |tensor: NamedTensor| Some((tensor.name.strip_prefix(&prefix)?.to_owned(), tensor));
    tensors.into_iter().filter_map(named).collect()
}

/// Returns the elements of all parameters in the layout of the lab, and the names of the tensors that were not needed.
fn fill<'a>(
    parameters: &[Named],
    tensors: &'a BTreeMap<String, NamedTensor>,
) -> Result<(Vec<f32>, Vec<&'a str>), LabError> {
    let mut numbers = Vec::new();
    for parameter in parameters {
        let (name, shape) = (&parameter.name, parameter.outer_shape());
        let Some(tensor) = tensors.get(name) else {
            let known: Vec<&str> = tensors.keys().map(String::as_str).collect();
            return Err(LabError::Data(format!(
                "The file has no tensor “{name}” of the shape {shape:?}; it has {}.",
                if known.is_empty() { "none that fits".to_owned() } else { listed(&known) }
            )));
        };
        if tensor.shape != shape {
            return Err(LabError::Data(format!(
                "The tensor “{name}” should have the shape {shape:?}, and has {:?}. Do the settings fit the file?",
                tensor.shape
            )));
        }
        if tensor.values.iter().any(|value| !value.is_finite()) {
            return Err(LabError::Data(format!("The tensor “{name}” has values that are not finite.")));
        }
        numbers.extend(parameter.inward(&tensor.values));
    }
    let is_needed = |name: &str| parameters.iter().any(|parameter| parameter.name == name);
    let is_counter = |name: &str| name.ends_with("num_batches_tracked");
    let unused = tensors.keys().map(String::as_str).filter(|name| !is_needed(name) && !is_counter(name));
    Ok((numbers, unused.collect()))
}

/// Returns the first of some names, short enough for a sentence.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MAX_LISTED)
        .map(|name| format!("“{}”", name.chars().filter(|c| !c.is_control()).take(60).collect::<String>()))
        .collect();
    let more = names.len().saturating_sub(MAX_LISTED);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
