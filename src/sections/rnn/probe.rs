//! Measurements that need no training: parameter counts, agreement with burn's own modules, and the gradients and paths of
//! the untrained networks.

use super::gradients::untrained_gradients;
use super::nets::{lstm, rnn};
use super::paths::{lstm_answers, lstm_trace, rnn_answers, rnn_trace};
use super::task::Task;
use super::{Agreement, Config, Frame, Paths, Rnn};
use crate::core::{LabError, Progress};
use crate::models::lstm::Lstm;
use crate::models::recurrent::{Recurrent, gradients};
use crate::models::rnn::VanillaRnn;
use crate::models::weights::count_params;
use crate::run::spectrum::spectrum;
use crate::run::training::{cross_entropy, one_hot, read, read_all};
use crate::run::{Directive, Probe, RunContext};
use burn::module::{Module, Param};
use burn::nn::{GateController, Linear, LstmConfig, RnnConfig};
use burn::tensor::{Device, Tensor};
use std::rc::Rc;

/// The number of sequences in the comparison with burn: enough to reveal a wrong gate, few enough for any device.
const N_COMPARED: usize = 3;
/// The number of positions in each of them.
const STEPS_COMPARED: usize = 12;

impl Probe for Rnn {
    async fn probe(config: Config, device: &Device, ctx: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let autodiff = device.clone().autodiff();
        let task = Task::load(&config, ctx).await?;
        let described = task.describe();
        let has_lines = described.is_some();
        if let Some(lines) = described {
            ctx.send(Frame::Lines(Rc::new(lines)));
        }
        let rnn = rnn(&config, &autodiff).await?;
        let lstm = lstm(&config, &autodiff);
        ctx.send(Frame::Counted([count_params(&rnn) as u32, count_params(&lstm) as u32]));

        // The first figure of the section shows the sequence and these gradients, so they come first.
        let shown = task.shown(&config, device);
        let (of_rnn, of_lstm) = (rnn_trace(&shown, &rnn).await?, lstm_trace(&shown, &lstm).await?);
        ctx.send(Frame::UntrainedTraces([Rc::new(of_rnn.trace.clone()), Rc::new(of_lstm.trace.clone())]));
        if has_lines {
            let answers = [rnn_answers(&shown, &rnn).await?, lstm_answers(&shown, &lstm).await?];
            ctx.send(Frame::UntrainedAnswers(answers.map(Rc::new)));
        }
        let gradients = [
            untrained_gradients(&config, &task, &rnn, device).await?,
            untrained_gradients(&config, &task, &lstm, device).await?,
        ];
        ctx.send(Frame::UntrainedGradients(gradients.map(Rc::new)));
        ctx.send(Frame::StepBound(largest_singular_value(&rnn).await?));
        let paths = Paths { cell: of_lstm.cell_path(), ..of_rnn.rnn_path(&rnn).await? };
        ctx.send(Frame::Untrained(Rc::new(paths)));
        if ctx.step_done(Progress { step: 1, steps: 3 }).await == Directive::Stop {
            return Ok(());
        }
        let rnn_agreement = compare(&config, &task, &rnn, device, burn_rnn).await?;
        if ctx.step_done(Progress { step: 2, steps: 3 }).await == Directive::Stop {
            return Ok(());
        }
        let lstm_agreement = compare(&config, &task, &lstm, device, burn_lstm).await?;
        ctx.send(Frame::Agreement([rnn_agreement, lstm_agreement]));
        Ok(())
    }
}

/// Returns the largest singular value of the recurrent weights.
async fn largest_singular_value(rnn: &VanillaRnn) -> Result<f64, LabError> {
    let [d_h, _] = rnn.recurrent.dims();
    let weights = read(rnn.recurrent.val().inner()).await?;
    Ok(spectrum(d_h, d_h, &weights).singular_values.first().copied().unwrap_or(f64::NAN))
}

/// The output of burn's module: all hidden states `[batch, seq_len, d_h]`, and the weights whose gradients are compared, one
/// tensor per gate.
struct BurnOutput {
    hidden: Tensor<3>,
    input: Vec<Param<Tensor<2>>>,
    recurrent: Vec<Param<Tensor<2>>>,
}

/// Compares a network with burn's module for the same weights and sequences.
async fn compare<N: Recurrent>(
    config: &Config,
    task: &Task,
    net: &N,
    device: &Device,
    theirs: impl FnOnce(&N, Tensor<3>, &Device) -> Comparison,
) -> Result<Agreement, LabError> {
    let autodiff = device.clone().autodiff();
    let sequences = task.compared(config, N_COMPARED, STEPS_COMPARED);
    let x: Tensor<3> = task.inputs(&sequences).tensor(device);
    let y = one_hot(sequences.labels.iter().copied(), task.n_classes, &autodiff);
    let ours = gradients(net, &x, |logits| cross_entropy(logits, y.clone()));

    let (theirs, hidden, [input, recurrent]) = theirs(net, Tensor::from_inner(x.swap_dims(0, 1)), &autodiff);
    let [batch, seq_len, d_h] = theirs.hidden.dims();
    let last = theirs.hidden.clone().slice([0..batch, seq_len - 1..seq_len, 0..d_h]).reshape([batch, d_h]);
    let grads = cross_entropy(net.output().forward(last), y).backward();

    let off = |a: Tensor<2>, b: Tensor<2>| (a - b).abs().max();
    let hidden = hidden.swap_dims(0, 1).reshape([batch * seq_len, d_h]);
    let mut differences = vec![off(hidden, theirs.hidden.inner().reshape([batch * seq_len, d_h]))];
    for (ours_of, parts) in [(input, theirs.input), (recurrent, theirs.recurrent)] {
        let ours = ours.params.get::<2>(ours_of.id);
        let parts: Vec<_> = parts.iter().filter_map(|part| part.val().grad(&grads)).collect();
        if let Some(ours) = ours.filter(|_| !parts.is_empty()) {
            differences.push(off(ours, Tensor::cat(parts, 1)));
        }
    }
    let differences = read_all(differences).await?;
    let [values, of_gradients @ ..] = differences.as_slice() else { return Ok(Agreement::default()) };
    // A gradient that could not be compared must not count as one that agrees.
    let gradients = if of_gradients.len() == 2 {
        of_gradients.iter().fold(0.0, |max: f64, &off| max.max(off.into()))
    } else {
        f64::NAN
    };
    Ok(Agreement { values: (*values).into(), gradients })
}

/// The output of burn's module, the lab's hidden states `[seq_len, batch, d_h]`, and the lab's weights.
type Comparison = (BurnOutput, Tensor<3>, [Param<Tensor<2>>; 2]);

fn burn_rnn(net: &VanillaRnn, x: Tensor<3>, device: &Device) -> Comparison {
    let [d_in, d_h] = net.input.weight.dims();
    let mut theirs = RnnConfig::new(d_in, d_h, true).init(device);
    set_gate(&mut theirs.gate, &net.input, &net.recurrent, 0, d_h);
    let (hidden, _) = theirs.forward(x.clone(), None);
    let theirs = BurnOutput {
        hidden,
        input: vec![theirs.gate.input_transform.weight],
        recurrent: vec![theirs.gate.hidden_transform.weight],
    };
    let hidden = net.valid().unroll(&x.inner().swap_dims(0, 1)).hidden;
    (theirs, hidden, [net.input.weight.clone(), net.recurrent.clone()])
}

fn burn_lstm(net: &Lstm, x: Tensor<3>, device: &Device) -> Comparison {
    let [d_in, d_gates] = net.input.weight.dims();
    let d_h = d_gates / 4;
    let mut theirs = LstmConfig::new(d_in, d_h, true).init(device);
    set_gate(&mut theirs.input_gate, &net.input, &net.recurrent, 0, d_h);
    if let Some(forget) = &mut theirs.forget_gate {
        set_gate(forget, &net.input, &net.recurrent, 1, d_h);
    }
    set_gate(&mut theirs.cell_gate, &net.input, &net.recurrent, 2, d_h);
    set_gate(&mut theirs.output_gate, &net.input, &net.recurrent, 3, d_h);
    let (hidden, _) = theirs.forward(x.clone(), None);
    let gates: Vec<&GateController> = [Some(&theirs.input_gate), theirs.forget_gate.as_ref()]
        .into_iter()
        .flatten()
        .chain([&theirs.cell_gate, &theirs.output_gate])
        .collect();
    let theirs = BurnOutput {
        hidden,
        input: gates.iter().map(|gate| gate.input_transform.weight.clone()).collect(),
        recurrent: gates.iter().map(|gate| gate.hidden_transform.weight.clone()).collect(),
    };
    let hidden = net.valid().unroll(&x.inner().swap_dims(0, 1)).hidden;
    (theirs, hidden, [net.input.weight.clone(), net.recurrent.clone()])
}

/// Copies the weights of the lab's `n`th gate to a gate of burn's. burn's second bias is removed.
fn set_gate(gate: &mut GateController, input: &Linear, recurrent: &Param<Tensor<2>>, n: usize, d_h: usize) {
    let columns = n * d_h..(n + 1) * d_h;
    let part = |weight: Tensor<2>| {
        let [rows, _] = weight.dims();
        Param::from_tensor(weight.slice([0..rows, columns.clone()]).detach())
    };
    gate.input_transform.weight = part(input.weight.val());
    gate.hidden_transform.weight = part(recurrent.val());
    gate.input_transform.bias =
        input.bias.as_ref().map(|bias| Param::from_tensor(bias.val().slice(columns.clone()).detach()));
    gate.hidden_transform.bias = None;
}
