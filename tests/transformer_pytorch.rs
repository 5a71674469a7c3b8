//! The transformer and AdamW against PyTorch, for the same weights. `fixtures/make_transformer.py` made the numbers.
#![cfg(feature = "compute")]

use crate::reference::{agree, fixture, flat, tensor};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use nn_lab::models::transformer::{Positions, Sizes, Transformer};
use nn_lab::models::weights::WeightRng;
use nn_lab::run::rule::Rule;
use nn_lab::run::training::cross_entropy;
use serde_json::Value;

/// Puts the fixture's numbers in the places of their names.
struct Fill<'a>(&'a Value, Vec<String>, Device);

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = tensor::<D>(&self.0[self.1.join(".")], &self.2);
        assert_eq!(value.dims(), param.val().dims(), "{}", self.1.join("."));
        Param::initialized(param.id, value.require_grad())
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.1.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.1.pop();
    }
}

/// Holds every gradient against the fixture's.
struct Compare<'a>(&'a Gradients, &'a Value, Vec<String>, usize);

impl ModuleVisitor for Compare<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.2.join(".");
        let grad = param.val().grad(self.0).expect("a gradient");
        agree(&format!("gradient of {name}"), grad, &self.1[&name]);
        self.3 += 1;
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.2.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.2.pop();
    }
}

fn one_hot(ids: &Value, vocabulary: usize, device: &Device) -> Tensor<3> {
    let (batch, n) = (ids.as_array().expect("rows").len(), ids[0].as_array().expect("a row").len());
    let rows = flat(ids).into_iter().flat_map(|id| (0..vocabulary).map(move |c| f32::from(c == id as usize)));
    Tensor::from_data(TensorData::new(rows.collect::<Vec<f32>>(), [batch, n, vocabulary]), device)
}

#[test]
fn logits_and_gradients_agree() {
    let fixture = fixture("transformer");
    let device = Device::flex().autodiff();
    let [vocabulary, context, d_model, n_heads, n_layers, d_ff] =
        <[f64; 6]>::try_from(flat(&fixture["sizes"])).expect("six sizes").map(|size| size as usize);
    for case in fixture["cases"].as_array().expect("cases") {
        let positions =
            if case["learned"] == Value::Bool(true) { Positions::Learned } else { Positions::Sinusoidal };
        let tied = case["tied"] == Value::Bool(true);
        let sizes = Sizes { vocabulary, context, d_model, n_heads, n_layers, d_ff, positions, tied };
        let net = Transformer::new(sizes, &mut WeightRng::new(0), &device);
        let net = net.map(&mut Fill(&case["params"], Vec::new(), device.clone()));
        let inputs = one_hot(&case["ids"], vocabulary, &device);
        let logits = net.forward(inputs.clone(), 0.0);
        agree("logits", logits.clone(), &case["logits"]);
        agree("logits while looking at the heads", net.inspect(inputs, None).0, &case["logits"]);
        let rows = 2 * context;
        let targets = one_hot(&case["targets"], vocabulary, &device).reshape([rows, vocabulary]);
        let loss = cross_entropy(logits.reshape([rows, vocabulary]), targets);
        agree("loss", loss.clone(), &case["loss"]);
        let grads = loss.backward();
        let mut compare = Compare(&grads, &case["grads"], Vec::new(), 0);
        net.visit(&mut compare);
        assert_eq!(compare.3, case["grads"].as_object().expect("gradients").len());
    }
}

#[derive(Module, Debug)]
struct Pair {
    matrix: Param<Tensor<2>>,
    vector: Param<Tensor<1>>,
}

#[test]
fn adamw_agrees() {
    let fixture = fixture("transformer");
    let case = &fixture["adamw"];
    let device = Device::flex();
    let mut pair = Pair {
        matrix: Param::from_tensor(tensor(&case["matrix"], &device.clone().autodiff())),
        vector: Param::from_tensor(tensor(&case["vector"], &device.clone().autodiff())),
    };
    let mut rule = Rule::adamw(0.9, 0.99, 0.1);
    let steps = case["grads"].as_array().expect("steps").iter().zip(case["after"].as_array().expect("steps"));
    for (grads, after) in steps {
        let mut ours = GradientsParams::new();
        ours.register::<2>(pair.matrix.id, tensor(&grads["matrix"], &device));
        ours.register::<1>(pair.vector.id, tensor(&grads["vector"], &device));
        pair = rule.step(case["lr"].as_f64().expect("a number"), None, pair, ours);
        agree("the matrix, which decays", pair.matrix.val(), &after["matrix"]);
        agree("the vector, which does not", pair.vector.val(), &after["vector"]);
    }
}
