//! All cases, except the first losses of the sections, which train.

use crate::core::LabError;
use crate::verify::case::{Case, CaseError, Tolerance};
use crate::verify::{attention, cnn, formulas, kernels, mlp, optimizers, resnet, rnn, transformer, values};
use serde_json::Value;
use std::rc::Rc;

pub(super) const PYTORCH: &str = "PyTorch";
pub(super) const FORMULA: &str = "formula, 64 bits";

/// For references computed by PyTorch.
pub(super) static ROUNDING: Tolerance = Tolerance {
    cpu: 2e-5,
    gpu: 2e-4,
    why: "32-bit rounding; the reference has nine digits. WebGPU allows a GPU errors of 1e-5 in tanh and similar functions.",
};

/// The cases of a fixture: the title of the group, the file of the fixture, and a function that returns the
/// cases.
type Family = (&'static str, &'static str, fn(&'static str, Rc<Value>) -> Vec<Case>);

const FAMILIES: &[Family] = &[
    ("MLP", "mlp.json", mlp::cases),
    ("CNN", "cnn.json", cnn::cases),
    ("ResNet", "resnet.json", resnet::cases),
    ("RNN and LSTM", "rnn.json", rnn::cases),
    ("Attention", "attention.json", attention::cases),
    ("Transformer", "transformer.json", transformer::cases),
];

/// Returns all cases, given the result of [`read`](crate::data::reference::read). If a fixture is missing,
/// its group has a single case that says so.
pub fn cases(reference: &Result<Value, LabError>) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(group, file, read_cases) in FAMILIES {
        let found = match reference {
            Ok(reference) => read_cases(group, Rc::new(reference[file].clone())),
            Err(_) => Vec::new(),
        };
        if found.is_empty() {
            let why = match reference {
                Ok(_) => format!("The file with the references has no {file}."),
                Err(error) => error.to_string(),
            };
            cases.push(Case::new(group, "all cases", PYTORCH, &ROUNDING, move |_| {
                Err(CaseError::Other(why.clone()))
            }));
        }
        cases.extend(found);
    }
    cases.extend(optimizers::cases());
    cases.extend(kernels::cases());
    cases.extend(formulas::cases());
    cases
}

/// Returns a case for each item of a list in a fixture.
pub(super) fn each(
    fixture: &Rc<Value>,
    key: &'static str,
    mut case: impl FnMut(usize, &Value) -> Option<Case>,
) -> Vec<Case> {
    values::list(&fixture[key]).iter().enumerate().filter_map(|(i, item)| case(i, item)).collect()
}
