//! The names of a section's inputs and parameters in code outside the lab. Parameters get the names and layouts of PyTorch's
//! `state_dict`, which follow from the modules of `models` by these rules:
//!
//! - The fields' names are joined with dots. Variants of an enum leave no trace.
//! - The weight of a linear layer, here `[d_in, d_out]`, is stored transposed, `[d_out, d_in]`.
//! - `gamma` and `beta` of a normalization are called `weight` and `bias`.
//! - [`Rename`] lists the exceptions.

use crate::run::arm::Arm;

/// A section's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The inputs of a training step, in the order in which it takes them.
    pub inputs: &'static [&'static str],
    /// Parameters that the rules would name otherwise.
    pub renames: &'static [Rename],
    /// The files of `src/models` with the section's networks, the most interesting first.
    pub sources: &'static [&'static str],
}

/// Parameters with another name or layout outside the lab. The first that fits applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Successive names of its path here; `gamma` and `beta` have been replaced already.
    pub ours: &'static str,
    /// Their replacement.
    pub theirs: &'static str,
    /// True for a matrix that is stored transposed.
    pub transposed: bool,
}

/// Returns the name of a network in files. The only network of a section has no name of its own.
pub const fn network_name(arm: &Arm) -> &'static str {
    if arm.slug.is_empty() { "model" } else { arm.slug }
}

impl Code {
    /// The names of a section for which no code is written.
    pub const NONE: Self = Self { inputs: &[], renames: &[], sources: &[] };

    /// Returns a parameter's name outside the lab, and true if it is stored transposed. `path` has the fields' names, and
    /// `layer` is the type of the module that contains the parameter.
    pub fn name(&self, path: &[&str], layer: &str) -> (String, bool) {
        let mut names = path.to_vec();
        let last = names.last().copied();
        match last {
            Some("gamma") => names.splice(path.len() - 1.., ["weight"]).for_each(drop),
            Some("beta") => names.splice(path.len() - 1.., ["bias"]).for_each(drop),
            _ => {}
        }
        let mut transposed = layer == "Struct:Linear" && last == Some("weight");
        for rename in self.renames {
            let ours: Vec<&str> = rename.ours.split('.').collect();
            if let Some(at) = names.windows(ours.len()).rposition(|window| window == ours) {
                names.splice(at..at + ours.len(), rename.theirs.split('.'));
                transposed |= rename.transposed;
                break;
            }
        }
        (names.join("."), transposed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: Code = Code {
        inputs: &["x"],
        renames: &[
            Rename { ours: "recurrent", theirs: "recurrent.weight", transposed: true },
            Rename { ours: "convs.0.norm", theirs: "bn1", transposed: false },
        ],
        sources: &[],
    };

    #[test]
    fn names_follow_the_rules() {
        let name = |path: &str, layer| CODE.name(&path.split('.').collect::<Vec<_>>(), layer);
        let of = |name: &str, transposed| (name.to_owned(), transposed);
        assert_eq!(name("layers.0.weight", "Struct:Linear"), of("layers.0.weight", true));
        assert_eq!(name("layers.0.bias", "Struct:Linear"), of("layers.0.bias", false));
        assert_eq!(name("conv.weight", "Struct:Conv2d"), of("conv.weight", false));
        assert_eq!(name("norm.gamma", "Struct:BatchNorm"), of("norm.weight", false));
        assert_eq!(name("norm.beta", "Struct:LayerNorm"), of("norm.bias", false));
        assert_eq!(name("recurrent", "Struct:Lstm"), of("recurrent.weight", true));
        assert_eq!(name("cell.recurrent", "Struct:Lstm"), of("cell.recurrent.weight", true));
        assert_eq!(name("stages.2.convs.0.norm.gamma", "Struct:BatchNorm"), of("stages.2.bn1.weight", false));
        assert_eq!(name("not_recurrent", "Struct:Lstm"), of("not_recurrent", false));
    }
}
