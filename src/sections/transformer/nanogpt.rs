//! Weights under the names of nanoGPT (Karpathy 2022), in which the projections to queries, keys and values are one matrix.

use crate::data::safetensors::NamedTensor;

/// The names of a block's layers there and here.
const LAYERS: &[(&str, &str)] = &[
    ("ln_1", "norm_attention"),
    ("attn.c_proj", "attention.output"),
    ("ln_2", "norm_mlp"),
    ("mlp.c_fc", "up"),
    ("mlp.c_proj", "down"),
];
const PROJECTIONS: [&str; 3] = ["query", "key", "value"];

/// Returns the tensors under this section's names if they have those of nanoGPT. Biases that its option `bias=False` leaves out
/// become zeros.
pub(super) fn adapt_names(tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
    let is_nanogpt = tensors.iter().any(|tensor| tensor.name.ends_with("transformer.wte.weight"));
    if !is_nanogpt {
        return tensors;
    }
    let has_biases = tensors.iter().any(|tensor| tensor.name.ends_with("ln_f.bias"));
    let mut found: Vec<NamedTensor> = tensors.into_iter().flat_map(adapted).collect();
    if !has_biases {
        let weights = found.iter().filter(|tensor| {
            !["embedding.weight", "positions.weight", "head.weight"].contains(&&*tensor.name)
        });
        let zeros = weights.filter_map(|tensor| {
            let rows = *tensor.shape.first()?;
            let name = format!("{}bias", tensor.name.strip_suffix("weight")?);
            Some(NamedTensor { name, shape: vec![rows], values: vec![0.0; rows] })
        });
        let zeros: Vec<NamedTensor> = zeros.collect();
        found.extend(zeros);
    }
    found
}

/// Returns a tensor under its name here; three for the projections, and none for a mask that was saved as well.
fn adapted(tensor: NamedTensor) -> Vec<NamedTensor> {
    let name =
        tensor.name.split_once("transformer.").map_or(tensor.name.as_str(), |(_, name)| name).to_owned();
    let renamed = |name: String| vec![NamedTensor { name, ..tensor.clone() }];
    match name.as_str() {
        "wte.weight" => return renamed("embedding.weight".to_owned()),
        "wpe.weight" => return renamed("positions.weight".to_owned()),
        "ln_f.weight" | "ln_f.bias" => return renamed(name.replace("ln_f", "norm")),
        _ => {}
    }
    let Some((block, rest)) = name.strip_prefix("h.").and_then(|rest| rest.split_once('.')) else {
        let head = if name.ends_with("lm_head.weight") { "head.weight".to_owned() } else { name };
        return renamed(head);
    };
    let Some((layer, kind)) = rest.rsplit_once('.') else { return renamed(name) };
    match (layer, LAYERS.iter().find(|(theirs, _)| *theirs == layer)) {
        ("attn.c_attn", _) => thirds(&tensor, |part| format!("blocks.{block}.attention.{part}.{kind}")),
        // The causal mask, which is no parameter.
        ("attn", _) => Vec::new(),
        (_, Some((_, ours))) => renamed(format!("blocks.{block}.{ours}.{kind}")),
        _ => renamed(name),
    }
}

/// Returns the three projections, whose rows follow each other.
fn thirds(tensor: &NamedTensor, name: impl Fn(&str) -> String) -> Vec<NamedTensor> {
    let rows = tensor.shape.first().copied().unwrap_or(0) / PROJECTIONS.len();
    let mut shape = tensor.shape.clone();
    if let Some(first) = shape.first_mut() {
        *first = rows;
    }
    let length = shape.iter().product::<usize>().max(1);
    let parts = PROJECTIONS.iter().zip(tensor.values.chunks(length));
    parts
        .map(|(part, values)| NamedTensor { name: name(part), shape: shape.clone(), values: values.to_vec() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[usize]) -> NamedTensor {
        let n: usize = shape.iter().product();
        NamedTensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: (0..n).map(|i| i as f32).collect(),
        }
    }

    #[test]
    fn names_of_nanogpt_become_those_of_the_lab() {
        let file = vec![
            tensor("_orig_mod.transformer.wte.weight", &[5, 2]),
            tensor("_orig_mod.transformer.h.1.attn.c_attn.weight", &[6, 2]),
            tensor("_orig_mod.transformer.h.1.attn.bias", &[1, 1, 4, 4]),
            tensor("_orig_mod.transformer.h.1.mlp.c_fc.weight", &[8, 2]),
            tensor("_orig_mod.transformer.ln_f.weight", &[2]),
            tensor("_orig_mod.lm_head.weight", &[5, 2]),
        ];
        let adapted = adapt_names(file);
        let names: Vec<&str> = adapted.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "embedding.weight",
                "blocks.1.attention.query.weight",
                "blocks.1.attention.key.weight",
                "blocks.1.attention.value.weight",
                "blocks.1.up.weight",
                "norm.weight",
                "head.weight",
                "blocks.1.attention.query.bias",
                "blocks.1.attention.key.bias",
                "blocks.1.attention.value.bias",
                "blocks.1.up.bias",
                "norm.bias",
            ]
        );
        assert_eq!(adapted[2].shape, [2, 2]);
        assert_eq!(adapted[2].values, [4.0, 5.0, 6.0, 7.0], "the second third");
        assert_eq!(adapted[9].values, [0.0; 2]);
    }

    #[test]
    fn other_files_stay_as_they_are() {
        let file = vec![tensor("embedding.weight", &[5, 2])];
        assert_eq!(adapt_names(file.clone()), file);
    }
}
