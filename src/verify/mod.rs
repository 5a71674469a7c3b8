//! Does a device compute rightly? Every layer, block and model beside PyTorch's numbers, kernels of our own beside what
//! they are made of, optimizers and functions beside formulas, and the first losses of every section.
//!
//! The native tests run the same cases on the CPU, so that what is claimed of one device can be asked of any other. Nothing
//! is read from a device but in [`Case::run`].

pub mod case;
pub mod section;
pub mod self_test;

mod attention;
mod cnn;
mod formulas;
mod kernels;
mod mlp;
mod optimizers;
mod resnet;
mod rnn;
mod transformer;
mod values;

use crate::core::LabError;
use crate::verify::case::{Case, Tolerance};
use serde_json::Value;
use std::rc::Rc;

const PYTORCH: &str = "PyTorch";
const FORMULA: &str = "formula, 64 bits";

/// For what PyTorch has computed.
static ROUNDING: Tolerance = Tolerance {
    cpu: 2e-5,
    gpu: 2e-4,
    why: "32-bit rounding; the reference has nine digits. WebGPU allows a GPU errors of 1e-5 in tanh and similar functions.",
};

/// What belongs to one fixture: the title of its group, the fixture's file, and its cases.
type Family = (&'static str, &'static str, fn(&'static str, Rc<Value>) -> Vec<Case>);

const FAMILIES: &[Family] = &[
    ("MLP", "mlp.json", mlp::cases),
    ("CNN", "cnn.json", cnn::cases),
    ("ResNet", "resnet.json", resnet::cases),
    ("RNN and LSTM", "rnn.json", rnn::cases),
    ("Attention", "attention.json", attention::cases),
    ("Transformer", "transformer.json", transformer::cases),
];

/// All cases but those of the sections' first losses, which train; `reference` is what
/// [`read`](crate::data::reference::read) gave. What is missing in it is a case that says so.
pub fn cases(reference: &Result<Value, LabError>) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(group, file, of_fixture) in FAMILIES {
        let found = match reference {
            Ok(reference) => of_fixture(group, Rc::new(reference[file].clone())),
            Err(_) => Vec::new(),
        };
        if found.is_empty() {
            let why = match reference {
                Ok(_) => format!("The file with the references has no {file}."),
                Err(error) => error.to_string(),
            };
            cases.push(Case::new(group, "all cases", PYTORCH, &ROUNDING, move |_| Err(why.clone())));
        }
        cases.extend(found);
    }
    cases.extend(optimizers::cases());
    cases.extend(kernels::cases());
    cases.extend(formulas::cases());
    cases
}

/// One case for each item of a list in a fixture.
fn each(
    fixture: &Rc<Value>,
    key: &'static str,
    mut case: impl FnMut(usize, &Value) -> Option<Case>,
) -> Vec<Case> {
    values::list(&fixture[key]).iter().enumerate().filter_map(|(i, item)| case(i, item)).collect()
}
