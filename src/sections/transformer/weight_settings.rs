//! The settings that a file of weights needs: from its metadata if the lab wrote it, otherwise from the shapes of its
//! tensors, as far as they determine the model. Only the header of the file is read.

use super::{Config, PositionsChoice};
use crate::core::settings::from_map;
use serde_json::Value;
use std::collections::BTreeMap;

/// The `format` in the metadata of files that the lab writes.
pub const FORMAT: &str = "nn-lab transformer 1";
/// The maximum length of a header that is read here. The reader of the values has the same limit.
const MAX_HEADER: u64 = 1_000_000;
/// The maximum length of a tensor's name in a message.
const MAX_NAME: usize = 60;

/// The name and the shape of a tensor.
pub type NamedShape = (String, Vec<usize>);

/// Returns the settings with which the file opens: `current`, with the fields that describe the model replaced as
/// necessary. `vocabulary` has the characters of the present text, if it has been read. A file without a readable
/// header changes nothing, because the reader of the values says what is wrong with it.
///
/// # Errors
///
/// Returns a sentence if no settings fit: which tensor has which shape, and what was expected.
pub fn needed(bytes: &[u8], current: &Config, vocabulary: Option<&[char]>) -> Result<Config, String> {
    let Some(Header { metadata, shapes }) = header(bytes) else { return Ok(current.clone()) };
    let ours = metadata.get("format").and_then(Value::as_str) == Some(FORMAT);
    let stored = metadata.get("config").and_then(Value::as_str).filter(|_| ours);
    let stored = stored.and_then(|text| serde_json::from_str(text).ok());
    let config = match stored {
        Some(stored) => {
            let stored: Config = from_map(&stored);
            let same = |text: &str| vocabulary.is_some_and(|known| text.chars().eq(known.iter().copied()));
            // A text with the same characters may stay.
            let keeps = metadata.get("vocabulary").and_then(Value::as_str).is_some_and(same);
            Config {
                layers: stored.layers,
                heads: stored.heads,
                d_model: stored.d_model,
                context: stored.context,
                positions: stored.positions,
                mask: stored.mask,
                mlp: stored.mlp,
                tied: stored.tied,
                task: if keeps { current.task } else { stored.task },
                text: if keeps { current.text } else { stored.text },
                data: if keeps { current.data.clone() } else { stored.data },
                ..current.clone()
            }
        }
        None => of_shapes(&shapes, current)?,
    };
    let Some(&[characters, _]) = shapes.get("embedding").map(Vec::as_slice) else {
        return Err(no_embedding(&shapes));
    };
    for (name, expected) in tensors(&config, characters) {
        let found = shapes.get(&name);
        if found != Some(&expected) {
            let name = shortened(&name);
            return Err(match found {
                Some(found) => {
                    format!("The tensor \"{name}\" should have the shape {expected:?}, and has {found:?}.")
                }
                None => format!("This file has no tensor \"{name}\"; its shape should be {expected:?}."),
            });
        }
    }
    match vocabulary {
        Some(known) if stored_nowhere(&metadata, ours) && known.len() != characters => Err(format!(
            "This model was trained on a text with {characters} different characters, and the present text has {}. Choose its text first.",
            known.len()
        )),
        _ => Ok(config),
    }
}

/// Returns true if the file does not say which characters it knows.
fn stored_nowhere(metadata: &serde_json::Map<String, Value>, ours: bool) -> bool {
    !ours || metadata.get("vocabulary").is_none()
}

/// Returns the settings of a model with tensors of these shapes. Heads, the context of positions that are not
/// learned, and the kind of those positions leave no trace in them, and stay as they are.
fn of_shapes(shapes: &BTreeMap<String, Vec<usize>>, current: &Config) -> Result<Config, String> {
    let Some(&[_, width]) = shapes.get("embedding").map(Vec::as_slice) else {
        return Err(no_embedding(shapes));
    };
    let layers =
        (0..).take_while(|layer| shapes.contains_key(&format!("blocks.{layer}.norm_attention.gamma")));
    let learned = shapes.get("positions").and_then(|shape| shape.first());
    let positions = match current.positions {
        _ if learned.is_some() => PositionsChoice::Learned,
        PositionsChoice::Learned => PositionsChoice::Sinusoidal,
        other => other,
    };
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let config = Config {
        layers: number(layers.count()),
        d_model: number(width),
        context: learned.map_or(current.context, |context| number(*context)),
        positions,
        mlp: shapes.contains_key("blocks.0.up.weight"),
        tied: !shapes.contains_key("head"),
        ..current.clone()
    };
    // Reading clamps what the section does not offer.
    let offered: Config = from_map(&crate::core::settings::Settings::to_values(&config));
    if offered == config {
        return Ok(config);
    }
    Err(format!(
        "This file has a model of {} layers, width {} and context {}, which this section does not offer. Its settings list the sizes that it does.",
        config.layers, config.d_model, config.context
    ))
}

fn no_embedding(shapes: &BTreeMap<String, Vec<usize>>) -> String {
    let expected = "This file has no tensor \"embedding\" of the shape [characters, width]";
    match shapes.iter().next() {
        Some((name, shape)) => format!(
            "{expected}, so it is not a model of this section. Its first tensor is \"{}\" of the shape {shape:?}.",
            shortened(name)
        ),
        None => format!("{expected}; it has no tensors."),
    }
}

/// Returns the names and shapes of a model's tensors, in the order of the module.
pub fn tensors(config: &Config, characters: usize) -> Vec<NamedShape> {
    let d = config.d_model as usize;
    let mut list = vec![("embedding".to_owned(), vec![characters, d])];
    if config.positions == PositionsChoice::Learned {
        list.push(("positions".to_owned(), vec![config.context as usize, d]));
    }
    for block in (0..config.layers).map(|layer| format!("blocks.{layer}")) {
        let norm = |name: &str| ["gamma", "beta"].map(|part| (format!("{block}.{name}.{part}"), vec![d]));
        let linear = |name: &str, from: usize, to: usize| {
            let name = format!("{block}.{name}");
            [(format!("{name}.weight"), vec![from, to]), (format!("{name}.bias"), vec![to])]
        };
        list.extend(norm("norm_attention"));
        for matrix in ["query", "key", "value", "output"] {
            list.extend(linear(&format!("attention.{matrix}"), d, d));
        }
        if config.mlp {
            list.extend(norm("norm_mlp"));
            list.extend(linear("up", d, 4 * d));
            list.extend(linear("down", 4 * d, d));
        }
    }
    list.extend(["gamma", "beta"].map(|part| (format!("norm.{part}"), vec![d])));
    if !config.tied {
        list.push(("head".to_owned(), vec![d, characters]));
    }
    list
}

/// Returns what PyTorch puts before all names when a model is wrapped, such as `_orig_mod.` or `module.`; empty if
/// there is nothing.
pub fn prefix<'a>(mut names: impl Iterator<Item = &'a str>) -> &'a str {
    names
        .find_map(|name| name.strip_suffix("embedding").filter(|rest| rest.is_empty() || rest.ends_with('.')))
        .unwrap_or("")
}

/// Returns a tensor's name from a file, short enough for a sentence and without control characters.
pub fn shortened(name: &str) -> String {
    let short: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    if short.len() < name.len() { format!("{short}…") } else { short }
}

/// The header of a `.safetensors` file, with names as the lab has them.
struct Header {
    metadata: serde_json::Map<String, Value>,
    shapes: BTreeMap<String, Vec<usize>>,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let (len, rest) = bytes.split_first_chunk()?;
    let len = u64::from_le_bytes(*len);
    let text = rest.get(..usize::try_from(len).ok().filter(|_| len <= MAX_HEADER)?)?;
    let Value::Object(mut entries) = serde_json::from_slice(text).ok()? else { return None };
    let metadata = match entries.remove("__metadata__") {
        Some(Value::Object(metadata)) => metadata,
        _ => serde_json::Map::new(),
    };
    let shape = |entry: &Value| {
        let axes = entry.get("shape")?.as_array()?.iter();
        axes.map(|axis| usize::try_from(axis.as_u64()?).ok()).collect::<Option<Vec<_>>>()
    };
    let start = prefix(entries.keys().map(String::as_str)).to_owned();
    let named =
        |(name, entry): (&String, &Value)| Some((name.strip_prefix(&start)?.to_owned(), shape(entry)?));
    Some(Header { metadata, shapes: entries.iter().filter_map(named).collect() })
}
