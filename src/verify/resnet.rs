//! Residual and plain blocks, with and without batch norm, and whole networks. The fixture is from
//! `tests/fixtures/make_resnet.py`. Shortcuts that are padded with zeros (option A) are compared with a
//! composition of other operations.

use crate::models::resnet::{Block, BlockKind, ConvNorm, Init, LayerOrder, Plan, ResNet, ShortcutOption};
use crate::models::weights::WeightRng;
use crate::run::training::{cross_entropy, one_hot};
use crate::verify::case::{Case, CaseError, Compared, Computed, Pairs, Side, Tensors, Tolerance};
use crate::verify::values::{count, gradient, labels, list, param, set, set_linear, tensor};
use crate::verify::{PYTORCH, ROUNDING, each};
use burn::module::{Module, RunningState};
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;
use std::fmt;
use std::rc::Rc;

pub(super) fn cases(group: &'static str, fixture: Rc<Value>) -> Vec<Case> {
    let case = |what: String, compute: fn(&Value, &Device) -> Compared, key: &'static str, i: usize| {
        let fixture = fixture.clone();
        Case::new(group, what, PYTORCH, &ROUNDING, move |device| compute(&fixture[key][i], device))
    };
    let mut cases = each(&fixture, "blocks", |i, item| {
        Some(case(format!("{}, training", name(item)), trained_block, "blocks", i))
    });
    cases.extend(each(&fixture, "blocks", |i, item| {
        Some(case(format!("{}, evaluation", name(item)), evaluated_block, "blocks", i))
    }));
    cases.extend(each(&fixture, "nets", |i, item| {
        Some(case(format!("network: {}", parts(item)), net, "nets", i))
    }));
    cases.extend(PADDED.map(|padded| {
        let reference = "the shortcut as a fixed convolution, CPU";
        Case::of_both_sides(group, padded.to_string(), reference, &SAME, move |side, device| {
            padded.computed(side, device)
        })
    }));
    cases
}

fn name(case: &Value) -> String {
    let kind = case["kind"].as_str().unwrap_or("no");
    format!("{kind} block of {} channels, stride {}: {}", case["c_in"], case["stride"], parts(case))
}

fn parts(case: &Value) -> String {
    let norm = if case["batch_norm"] == true { "batch norm" } else { "no batch norm" };
    let shortcut = if case["shortcut"] == true { "shortcut" } else { "no shortcut" };
    format!("{norm}, {shortcut}")
}

/// Sets a convolution and its batch norm to the fixture's values.
fn fill(unit: &mut ConvNorm, theirs: &Value, device: &Device) -> Result<(), CaseError> {
    set(&mut unit.conv.weight, &theirs["weight"], device)?;
    match &mut unit.norm {
        None => unit.conv.bias = Some(param(&theirs["bias"], device)?),
        // Batch norm replaces the bias.
        Some(_) if unit.conv.bias.is_some() => {
            return Err("A convolution has a bias as well as batch norm.".into());
        }
        Some(norm) => {
            set(&mut norm.gamma, &theirs["gamma"], device)?;
            set(&mut norm.beta, &theirs["beta"], device)?;
            norm.running_mean = RunningState::new(tensor(&theirs["mean"], device)?);
            norm.running_var = RunningState::new(tensor(&theirs["var"], device)?);
        }
    }
    Ok(())
}

/// Returns the block of a case, taken from a network that has one of its kind.
fn block(case: &Value, device: &Device) -> Result<Block, CaseError> {
    let bottleneck = case["kind"] == "bottleneck";
    let plan = Plan {
        channels_in: 1,
        n_classes: 2,
        kind: if bottleneck { BlockKind::Bottleneck } else { BlockKind::Basic },
        blocks_per_stage: 2,
        channels: if bottleneck { 1 } else { 2 },
        batch_norm: case["batch_norm"] == true,
        shortcuts: (case["shortcut"] == true).then_some(ShortcutOption::Projection),
        init: Init::He,
        order: LayerOrder::Post,
    };
    let index = match (count(&case["stride"])?, bottleneck, count(&case["c_in"])?) {
        (2, _, _) => 2,
        (_, true, 4) => 1,
        _ => 0,
    };
    let mut block = ResNet::new(&plan, 0, device).blocks.swap_remove(index);
    for (unit, theirs) in block.convs.iter_mut().zip(list(&case["convs"])) {
        fill(unit, theirs, device)?;
    }
    match (&mut block.projection, &case["projection"]) {
        (None, Value::Null) => {}
        (Some(projection), theirs) if !theirs.is_null() => fill(projection, theirs, device)?,
        _ => return Err("Only one of the block and its reference has a projection.".into()),
    }
    Ok(block)
}

fn trained_block(case: &Value, device: &Device) -> Compared {
    let device = &device.clone().autodiff();
    let block = block(case, device)?;
    let x = tensor::<4>(&case["x"], device)?.require_grad();
    let y = block.forward(x.clone());
    let train = &case["train"];
    let mut pairs = Pairs::default();
    pairs.json("output", y.clone(), &train["output"])?;
    let grads = (y * tensor(&case["r"], device)?).sum().backward();
    pairs.gradient("the input", &x, &grads, &train["x"])?;
    let mut n_norms = 0;
    for (i, unit) in block.convs.iter().chain(&block.projection).enumerate() {
        let theirs = &train["grads"][i];
        let of_conv = [&theirs["weight"], &theirs["bias"]];
        pairs.layer_gradients(i, &unit.conv.weight, unit.conv.bias.as_ref(), &grads, of_conv)?;
        let Some(norm) = &unit.norm else { continue };
        pairs.gradient(format_args!("gamma {i}"), &norm.gamma.val(), &grads, &theirs["gamma"])?;
        pairs.gradient(format_args!("beta {i}"), &norm.beta.val(), &grads, &theirs["beta"])?;
        // One forward pass has moved the running statistics by a tenth. PyTorch itself uses the unbiased
        // variance.
        let after = &train["after"][n_norms];
        n_norms += 1;
        pairs.json(format!("running mean {i}"), norm.running_mean.value_sync(), &after["mean"])?;
        pairs.json(format!("running variance {i}"), norm.running_var.value_sync(), &after["var_biased"])?;
    }
    if n_norms == list(&train["after"]).len() {
        Ok(pairs)
    } else {
        Err(CaseError::Other(format!(
            "The block has {n_norms} batch norms, and its reference another number."
        )))
    }
}

fn evaluated_block(case: &Value, device: &Device) -> Compared {
    let x = || tensor::<4>(&case["x"], device);
    let mut pairs = Pairs::default();
    pairs.json("output", block(case, device)?.forward(x()?), &case["eval"])?;
    // The same from a network in training: `valid` keeps the running statistics.
    let block = block(case, &device.clone().autodiff())?.valid();
    pairs.json("output after training", block.forward(x()?), &case["eval"])?;
    Ok(pairs)
}

fn net(case: &Value, device: &Device) -> Compared {
    let (plain, device) = (device, &device.clone().autodiff());
    let plan = Plan {
        channels_in: 1,
        n_classes: 3,
        kind: BlockKind::Basic,
        blocks_per_stage: 1,
        channels: 2,
        batch_norm: case["batch_norm"] == true,
        shortcuts: (case["shortcut"] == true).then_some(ShortcutOption::Projection),
        init: Init::He,
        order: LayerOrder::Post,
    };
    let mut net = ResNet::new(&plan, 0, device);
    let units = list(&case["units"]);
    let blocks = net.blocks.iter_mut().flat_map(|block| block.convs.iter_mut().chain(&mut block.projection));
    let ours: Vec<&mut ConvNorm> = std::iter::once(&mut net.stem).chain(blocks).collect();
    if ours.len() != units.len() {
        let (ours, theirs) = (ours.len(), units.len());
        return Err(CaseError::Other(format!(
            "The network has {ours} convolutions, and its reference {theirs}."
        )));
    }
    for (unit, theirs) in ours.into_iter().zip(units) {
        fill(unit, theirs, device)?;
    }
    set_linear(&mut net.head, &case["head"]["weight"], &case["head"]["bias"], device)?;
    let mut pairs = Pairs::default();
    let logits = net.forward(tensor(&case["x"], device)?);
    pairs.json("logits", logits.clone(), &case["logits"])?;
    let loss = cross_entropy(logits, one_hot(labels(&case["targets"])?.into_iter(), 3, device));
    pairs.json("loss", loss.clone(), &case["loss"])?;
    let grads = loss.backward();
    for (i, weight) in net.first_convs().enumerate() {
        let norm = gradient(format_args!("weight {i}"), &weight.val(), &grads)?.square().sum().sqrt();
        pairs.json(format!("length of the gradient of block {i}"), norm, &case["norms"][i])?;
    }
    let logits = net.valid().forward(tensor(&case["x"], plain)?);
    pairs.json("logits of an evaluation", logits, &case["eval_biased"])?;
    Ok(pairs)
}

/// The same numbers, computed by other operations.
static SAME: Tolerance =
    Tolerance { cpu: 1e-5, gpu: 2e-4, why: "The same values from other operations, in 32 bits." };

/// A block whose shortcut is the identity padded with zeros (option A of He et al. 2016, section 4.1).
#[derive(Clone, Copy)]
struct PaddedBlock {
    kind: BlockKind,
    /// The index of the block in a network with one block per stage.
    index: usize,
    /// Width and height of the images.
    side: usize,
}

const PADDED: [PaddedBlock; 4] = [
    PaddedBlock { kind: BlockKind::Basic, index: 1, side: 8 },
    // Of an odd number of rows, the first and the last are kept.
    PaddedBlock { kind: BlockKind::Basic, index: 2, side: 5 },
    // The first bottleneck block has more channels at the same stride.
    PaddedBlock { kind: BlockKind::Bottleneck, index: 0, side: 6 },
    PaddedBlock { kind: BlockKind::Bottleneck, index: 1, side: 7 },
];

impl fmt::Display for PaddedBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == BlockKind::Basic { "basic" } else { "bottleneck" };
        let Self { side, .. } = self;
        let [c_in, c_out, stride] = self.shape();
        write!(f, "{kind} block, {c_in} to {c_out} channels, stride {stride}, {side} x {side}: zero padding")
    }
}

impl PaddedBlock {
    /// Returns the number of channels before and after the block, and its stride.
    fn shape(self) -> [usize; 3] {
        let last = |index: usize| CHANNELS << index;
        let factor = if self.kind == BlockKind::Basic { 1 } else { 4 };
        let c_in = self.index.checked_sub(1).map_or(CHANNELS, |before| factor * last(before));
        [c_in, factor * last(self.index), if self.index > 0 { 2 } else { 1 }]
    }

    /// Returns the output of the block and the gradient of its input. The reference has a fixed 1 x 1 convolution
    /// in place of the shortcut: output channel `i` is input channel `i`, and further ones are zero.
    fn computed(self, side: Side, device: &Device) -> Computed {
        let device = &device.clone().autodiff();
        let plan = Plan {
            channels_in: 1,
            n_classes: 2,
            kind: self.kind,
            blocks_per_stage: 1,
            channels: CHANNELS,
            batch_norm: false,
            shortcuts: Some(ShortcutOption::ZeroPadding),
            init: Init::He,
            order: LayerOrder::Post,
        };
        let net = ResNet::new(&plan, 5, device);
        let block = net.blocks.get(self.index).ok_or("The network has no such block.")?;
        let [c_in, c_out, stride] = self.shape();
        let mut rng = WeightRng::new(6);
        let x = rng.normal([2, c_in, self.side, self.side], 1.0, device).val().detach().require_grad();
        let y = match side {
            Side::Lab => block.forward(x.clone()),
            Side::Reference => {
                let identity = (0..c_out * c_in).map(|at| f32::from(u8::from(at / c_in == at % c_in)));
                let weight = TensorData::new(identity.collect::<Vec<f32>>(), [c_out, c_in, 1, 1]);
                let options = ConvOptions::new([stride; 2], [0; 2], [1; 2], 1);
                let shortcut = conv2d(x.clone(), Tensor::from_data(weight, device), None, options);
                relu(shortcut + block.residual(x.clone()))
            }
        };
        let r = rng.normal(y.dims(), 1.0, device).val().detach();
        let grads = (y.clone() * r).sum().backward();
        let mut tensors = Tensors::default();
        tensors.add("output", y);
        tensors.add("gradient of the input", gradient("the input", &x, &grads)?);
        Ok(tensors)
    }
}

/// The channels of the first stage.
const CHANNELS: usize = 3;
