//! The transformer and its AdamW. The fixture is from `tests/fixtures/make_transformer.py`.

use crate::models::transformer::{Positions, Sizes, Transformer};
use crate::models::weights::WeightRng;
use crate::run::optimizer::Optimizer;
use crate::run::training::cross_entropy;
use crate::verify::case::{Case, CaseError, Compared, Pairs};
use crate::verify::optimizers::Two;
use crate::verify::values::{flat, list, param, tensor};
use crate::verify::{PYTORCH, ROUNDING, each};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use serde_json::Value;
use std::rc::Rc;

pub(super) fn cases(group: &'static str, fixture: Rc<Value>) -> Vec<Case> {
    let mut cases = each(&fixture, "cases", |i, item| {
        let fixture = fixture.clone();
        let positions = if item["learned"] == true { "learned" } else { "sinusoidal" };
        let head = if item["tied"] == true { "tied" } else { "own" };
        let what = format!("model of two blocks, {positions} positions, {head} head: values and gradients");
        Some(Case::new(group, what, PYTORCH, &ROUNDING, move |device| {
            model(&fixture, &fixture["cases"][i], &device.clone().autodiff())
        }))
    });
    for step in 0..list(&fixture["adamw"]["after"]).len() {
        let fixture = fixture.clone();
        let what = format!("weights after step {} of AdamW", step + 1);
        cases.push(Case::new(group, what, PYTORCH, &ROUNDING, move |device| {
            adamw(&fixture["adamw"], step, device)
        }));
    }
    cases
}

/// Sets each parameter to the fixture's value of its name.
struct Fill<'a> {
    theirs: &'a Value,
    path: Vec<String>,
    device: Device,
    error: Option<CaseError>,
}

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        match tensor::<D>(&self.theirs[&name], &self.device) {
            Ok(value) if value.dims() == param.dims() => {
                return Param::initialized(param.id, value.require_grad());
            }
            Ok(_) => {
                self.error = Some(CaseError::Other(format!("The reference has another shape for {name}.")))
            }
            Err(error) => self.error = Some(CaseError::Other(format!("{name}: {error}"))),
        }
        param
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

/// Pairs each gradient with the fixture's.
struct Compare<'a> {
    grads: &'a Gradients,
    theirs: &'a Value,
    path: Vec<String>,
    pairs: Pairs,
    count: usize,
    error: Option<CaseError>,
}

impl ModuleVisitor for Compare<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let found = self.pairs.gradient(&name, &param.val(), self.grads, &self.theirs[&name]);
        self.count += 1;
        self.error = self.error.take().or(found.err());
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

/// Returns one-hot characters: `[batch, n, vocabulary]`.
fn characters(ids: &Value, vocabulary: usize, device: &Device) -> Result<Tensor<3>, CaseError> {
    let (batch, n) = (list(ids).len(), list(&ids[0]).len());
    let numbers = flat(ids)?;
    if numbers.len() != batch * n {
        return Err(CaseError::Ragged("rows"));
    }
    let rows = numbers.into_iter().flat_map(|id| (0..vocabulary).map(move |c| f32::from(c == id as usize)));
    Ok(Tensor::from_data(TensorData::new(rows.collect::<Vec<f32>>(), [batch, n, vocabulary]), device))
}

fn model(fixture: &Value, case: &Value, device: &Device) -> Compared {
    let sizes =
        <[f64; 6]>::try_from(flat(&fixture["sizes"])?).map_err(|_| "The reference has not six sizes.")?;
    let [vocabulary, context, d_model, n_heads, n_layers, d_ff] = sizes.map(|size| size as usize);
    let positions = if case["learned"] == true { Positions::Learned } else { Positions::Sinusoidal };
    let tied = case["tied"] == true;
    let sizes =
        Sizes { vocabulary, context, d_model, n_heads, n_layers, d_ff, positions, tied, causal: true };
    let mut fill = Fill { theirs: &case["params"], path: Vec::new(), device: device.clone(), error: None };
    let net = Transformer::new(sizes, &mut WeightRng::new(0), device).map(&mut fill);
    if let Some(error) = fill.error {
        return Err(error);
    }
    let inputs = characters(&case["ids"], vocabulary, device)?;
    let mut pairs = Pairs::default();
    let logits = net.forward(inputs.clone(), 0.0);
    pairs.json("logits", logits.clone(), &case["logits"])?;
    pairs.json("logits while looking at the heads", net.inspect(inputs, None).0, &case["logits"])?;
    let [batch, n, _] = logits.dims();
    let targets = characters(&case["targets"], vocabulary, device)?.reshape([batch * n, vocabulary]);
    let loss = cross_entropy(logits.reshape([batch * n, vocabulary]), targets);
    pairs.json("loss", loss.clone(), &case["loss"])?;
    let grads = loss.backward();
    let theirs = &case["grads"];
    let mut compare = Compare { grads: &grads, theirs, path: Vec::new(), pairs, count: 0, error: None };
    net.visit(&mut compare);
    match compare.error {
        Some(error) => Err(error),
        None if theirs.as_object().is_none_or(|theirs| theirs.len() != compare.count) => {
            let count = compare.count;
            Err(CaseError::Other(format!("The model has {count} weights, and its reference another number.")))
        }
        None => Ok(compare.pairs),
    }
}

/// Compares the weights after some steps along the fixture's gradients. The matrix has weight decay, the
/// vector does not.
fn adamw(case: &Value, last: usize, device: &Device) -> Compared {
    let autodiff = device.clone().autodiff();
    let mut net =
        Two { matrix: param(&case["matrix"], &autodiff)?, vector: param(&case["vector"], &autodiff)? };
    let learning_rate = case["lr"].as_f64().ok_or(CaseError::Missing("learning rate"))?;
    let mut optimizer = Optimizer::adamw(0.9, 0.99, 0.1);
    for grads in list(&case["grads"]).iter().take(last + 1) {
        let mut ours = GradientsParams::new();
        ours.register::<2>(net.matrix.id, tensor(&grads["matrix"], device)?);
        ours.register::<1>(net.vector.id, tensor(&grads["vector"], device)?);
        net = optimizer.step(learning_rate, None, net, ours);
    }
    let after = &case["after"][last];
    let mut pairs = Pairs::default();
    pairs.json("matrix", net.matrix.val(), &after["matrix"])?;
    pairs.json("vector", net.vector.val(), &after["vector"])?;
    Ok(pairs)
}
