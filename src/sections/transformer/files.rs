//! The model as a `.safetensors` file, with its settings and its vocabulary.

use super::weight_settings::{FORMAT, prefix, shortened};
use super::{Config, Model, PositionsChoice};
use crate::core::LabError;
use crate::core::settings::from_map;
use crate::data::safetensors::{self, File, NamedTensor};
use crate::data::text::Vocabulary;
use crate::run::training::read_all;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::HashMap;

/// Returns the file of a model.
///
/// # Errors
/// Fails if the weights cannot be read from the device, or the file cannot be written.
pub(super) async fn save(
    state: &Model,
    config: &Config,
    vocabulary: &Vocabulary,
) -> Result<Vec<u8>, LabError> {
    let mut list = Lister::default();
    state.net().visit(&mut list);
    let Lister { names, shapes, tensors, .. } = list;
    // All tensors are read at once.
    let values = read_all(tensors).await?;
    let mut rest = values.as_slice();
    let tensors = names.into_iter().zip(shapes).map(|(name, shape)| {
        let (own, after) = rest.split_at(shape.iter().product::<usize>().min(rest.len()));
        rest = after;
        NamedTensor { name, shape, values: own.to_vec() }
    });
    let file =
        File { tensors: tensors.collect(), metadata: metadata(state, config, vocabulary), ..File::default() };
    safetensors::write(&file).map_err(|error| LabError::Data(error.to_string()))
}

fn metadata(state: &Model, config: &Config, vocabulary: &Vocabulary) -> Vec<(String, String)> {
    let config = serde_json::to_string(config).unwrap_or_default();
    let pairs = [
        ("config", config),
        ("format", FORMAT.to_owned()),
        ("step", state.step().to_string()),
        ("vocabulary", vocabulary.chars().iter().collect()),
    ];
    pairs.map(|(key, text)| (key.to_owned(), text)).to_vec()
}

/// The reason a file of weights was not loaded, as a sentence for the user.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// The file cannot be read.
    #[error("{0}")]
    File(String),
    #[error("This file was saved by another section or another version of this lab.")]
    Format,
    #[error("The settings in this file cannot be read.")]
    Settings,
    #[error("This file has a different model ({theirs}) than the settings ({ours}).")]
    Model { theirs: String, ours: String },
    #[error("This model was trained on a text with other characters; choose that text first.")]
    Vocabulary,
    #[error("This file has no tensor \"{name}\"; its shape should be {expected:?}.")]
    MissingTensor { name: String, expected: Vec<usize> },
    #[error("The tensor \"{name}\" should have the shape {expected:?}, and has {found:?}.")]
    Shape { name: String, expected: Vec<usize>, found: Vec<usize> },
    #[error("The tensor \"{0}\" has values that are no numbers.")]
    NotFinite(String),
}

/// Loads the weights of a file into the model. Returns remarks for the user: what the file did not say, and what was
/// converted or ignored.
///
/// # Errors
/// Fails if the file does not fit the model of the settings. The model is then unchanged.
pub(super) fn load(
    state: &mut Model,
    config: &Config,
    vocabulary: &Vocabulary,
    bytes: &[u8],
) -> Result<Vec<String>, LoadError> {
    let mut file = safetensors::read(bytes).map_err(|error| LoadError::File(error.to_string()))?;
    let mut remarks = Vec::new();
    match file.meta("format") {
        Some(FORMAT) => check_metadata(&file, config, vocabulary)?,
        Some(other) if other.starts_with("nn-lab") => return Err(LoadError::Format),
        // Another program has saved the tensors, as `safetensors.torch.save_file` does.
        _ => remarks.extend(unknown(config)),
    }
    let step = file.meta("step").and_then(|step| step.parse().ok()).unwrap_or(0);
    if let Some(dtype) = &file.converted_from {
        remarks.push(format!("Its values were converted from {dtype} to 32-bit floats."));
    }
    let start = prefix(file.tensors.iter().map(|tensor| tensor.name.as_str())).to_owned();
    if !start.is_empty() {
        remarks.push(format!(
            "The names of its tensors start with \"{}\", which was ignored.",
            shortened(&start)
        ));
    }
    let named = file.tensors.drain(..).map(|tensor| {
        let name = tensor.name.strip_prefix(&start).unwrap_or(&tensor.name).to_owned();
        (name, tensor)
    });
    let tensors = named.collect();
    let device = state.net().embedding.val().inner().device();
    let mut filler = Filler { tensors, path: Vec::new(), error: None, device };
    let net = state.net().clone().map(&mut filler);
    if let Some(error) = filler.error {
        return Err(error);
    }
    let mut extra: Vec<&String> = filler.tensors.keys().chain(&file.skipped).collect();
    extra.sort_unstable();
    if let Some(first) = extra.first() {
        let first = shortened(first);
        remarks.push(match extra.len() {
            1 => format!("Its tensor \"{first}\" was ignored, because this model has no such tensor."),
            n => format!(
                "{n} of its tensors were ignored, because this model does not have them; one is \"{first}\"."
            ),
        });
    }
    state.load(net, step);
    Ok(remarks)
}

/// Compares the metadata with the present settings and text.
///
/// # Errors
/// Fails if they differ.
fn check_metadata(file: &File, config: &Config, vocabulary: &Vocabulary) -> Result<(), LoadError> {
    let theirs = file.meta("config").and_then(|text| serde_json::from_str(text).ok());
    // Read as leniently as an address: older files have texts for numbers.
    let theirs: Config = from_map(&theirs.ok_or(LoadError::Settings)?);
    fits(&theirs, config)?;
    if file.meta("vocabulary").map(|text| text.chars().collect::<Vec<_>>()).as_deref()
        != Some(vocabulary.chars())
    {
        return Err(LoadError::Vocabulary);
    }
    Ok(())
}

/// Returns remarks on what the tensors of a file do not tell.
fn unknown(config: &Config) -> [String; 2] {
    let heads = config.heads;
    let assumed = match config.positions {
        PositionsChoice::Learned => format!("The settings give its number of heads, {heads}"),
        _ => format!("The settings give its {heads} heads, its context and its positions"),
    };
    [
        "This file has no settings of this lab, so its tensors were matched by name and shape.".to_owned(),
        format!("{assumed}; the present text gives its characters."),
    ]
}

/// Compares the models of two settings.
///
/// # Errors
/// Fails if they differ.
fn fits(theirs: &Config, ours: &Config) -> Result<(), LoadError> {
    let words = |config: &Config| {
        format!(
            "{} layers{}, {} heads, width {}, context {}, {} positions, {} mask, {} head",
            config.layers,
            if config.mlp { "" } else { " of attention only" },
            config.heads,
            config.d_model,
            config.context,
            match config.positions {
                super::PositionsChoice::Learned => "learned",
                super::PositionsChoice::Sinusoidal => "sinusoidal",
                super::PositionsChoice::None => "no",
            },
            if config.mask == super::MaskChoice::Causal { "causal" } else { "no" },
            if config.tied { "tied" } else { "own" },
        )
    };
    let (theirs, ours) = (words(theirs), words(ours));
    if theirs == ours { Ok(()) } else { Err(LoadError::Model { theirs, ours }) }
}

/// Lists the parameters with their names, such as `blocks.0.attention.query.weight`.
#[derive(Default)]
struct Lister {
    path: Vec<String>,
    names: Vec<String>,
    shapes: Vec<Vec<usize>>,
    tensors: Vec<Tensor<1>>,
}

impl ModuleVisitor for Lister {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let shape = value.dims();
        self.names.push(self.path.join("."));
        self.shapes.push(shape.to_vec());
        self.tensors.push(value.reshape([shape.iter().product::<usize>()]));
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

/// Replaces the parameters by the tensors of a file.
struct Filler {
    tensors: HashMap<String, NamedTensor>,
    path: Vec<String>,
    error: Option<LoadError>,
    device: Device,
}

impl ModuleMapper for Filler {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let (name, shape) = (self.path.join("."), tensor.dims());
        let filled = match self.tensors.remove(&name) {
            None => Err(LoadError::MissingTensor { name, expected: shape.to_vec() }),
            Some(found) if found.shape != shape => {
                Err(LoadError::Shape { name, expected: shape.to_vec(), found: found.shape })
            }
            Some(found) if found.values.iter().any(|value| !value.is_finite()) => {
                Err(LoadError::NotFinite(name))
            }
            Some(found) => Ok(Tensor::from_data(TensorData::new(found.values, shape), &self.device)),
        };
        let tensor = match filled {
            Ok(values) => {
                let tracked = tensor.is_require_grad();
                let values = if tensor.is_autodiff() { Tensor::from_inner(values) } else { values };
                if tracked { values.require_grad() } else { values }
            }
            Err(error) => {
                self.error.get_or_insert(error);
                tensor
            }
        };
        Param::from_mapped_value(id, tensor, mapper)
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}
