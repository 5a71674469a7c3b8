//! Section 6: a decoder-only transformer that learns to write from a text, character by character.
//!
//! The probe shows what positions look like, counts parameters and measures what counting characters alone predicts. The
//! run trains, writes a sample and shows every head's attention at saved steps, and then answers requests: predict the next
//! character, write, switch a head off, save and load. On sequences that repeat it measures induction heads besides.

mod chapters;
mod checks;
mod config;
mod experiments;
#[cfg(feature = "compute")]
mod files;
mod frames;
pub mod heads;
pub mod induction;
mod metrics;
#[cfg(feature = "compute")]
mod model;
pub mod next;
#[cfg(feature = "page")]
mod panel;
pub mod positions;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod source;
#[cfg(feature = "compute")]
pub mod text;
#[cfg(feature = "compute")]
mod train;
#[cfg(feature = "compute")]
pub mod writing;

pub use checks::{ParamCount, learning_rate_at, memory_bytes, param_count, sample_steps, seconds_estimate};
pub use config::{Config, PositionsChoice, TaskChoice, TextChoice};
pub use frames::{
    Frame, NextRequest, NextToken, PositionTable, Request, Sample, TEMPERATURES, TextInfo, WriteRequest,
    Written, WrittenChar,
};
#[cfg(feature = "compute")]
pub use model::{Model, sizes};
#[cfg(feature = "page")]
pub use panel::TransformerPanel;

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, series_of};
use heads::Snapshot;
use induction::Induction;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 6.
#[derive(Debug)]
pub struct Transformer;

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub text: Option<Rc<TextInfo>>,
    pub params_counted: Option<u64>,
    pub positions: Option<Rc<PositionTable>>,
    pub step_ms: Option<f64>,
    pub arms: [Run; 1],
}

impl Record {
    /// The run of the one model.
    pub fn run(&self) -> &Run {
        let [run] = &self.arms;
        run
    }
}

/// What the page has heard of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub window: Rc<Vec<char>>,
    /// The period of the window, if it is a sequence that repeats, else 0.
    pub period: u32,
    pub losses: Curve,
    pub validation: Curve,
    /// Scores of all heads at every validation, where the sequences repeat.
    pub induction: Vec<Rc<Induction>>,
    pub curves: InductionCurves,
    /// The validation loss at each of [`TEMPERATURES`], at the last saved step.
    pub temperatures: Vec<f32>,
    /// The last answer to what comes after a text.
    pub next: Option<Rc<NextToken>>,
    pub samples: Vec<Rc<Sample>>,
    pub snapshots: Vec<Rc<Snapshot>>,
    pub written: Writing,
    pub ablations: Rc<Vec<Ablation>>,
    /// The last file asked for.
    pub saved: Option<Rc<Vec<u8>>>,
    /// The steps in the file that was loaded last.
    pub loaded: Option<u32>,
    pub refused: Option<String>,
}

/// The same as curves over the steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InductionCurves {
    pub first: Curve,
    pub second: Curve,
    /// Head by head, layer by layer.
    pub previous: Vec<Curve>,
    pub induction: Vec<Curve>,
}

/// What is being written for the visitor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    pub prompt: String,
    pub chars: Rc<Vec<WrittenChar>>,
    pub busy: bool,
}

/// A measurement with heads switched off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ablation {
    pub off: Vec<(u32, u32)>,
    pub loss: f64,
    pub whole: f64,
}

impl Experiment for Transformer {
    const SLUG: &'static str = "transformer";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    crate::own_files!();
    /// The record holds snapshots: what each head and a sample looked like.
    const REPLAYS: bool = false;
    const ARMS: &'static [Arm] = &[Arm { slug: "", title: "", net: "transformer" }];

    fn copy_probe(probed: &Record, further: &mut Record) {
        further.text = probed.text.clone();
        further.params_counted = probed.params_counted;
        further.positions = probed.positions.clone();
    }

    fn apply_frame(record: &mut Record, _arm: usize, frame: Frame) {
        let [run] = &mut record.arms;
        match frame {
            Frame::Text(text) => record.text = Some(text),
            Frame::Counted { params } => record.params_counted = Some(params),
            Frame::Positions(table) => record.positions = Some(table),
            Frame::StepTime { ms } => record.step_ms = Some(ms),
            Frame::Window { chars, period } => (run.window, run.period) = (chars, period),
            Frame::Train(steps) => run.losses.extend_steps(steps.first_step, &steps.losses),
            Frame::Validated { step, loss } => run.validation.push(step, loss),
            Frame::Sample(sample) => run.samples.push(sample),
            Frame::Heads(snapshot) => {
                // What was measured with heads switched off belongs to the weights of then.
                run.ablations = Rc::default();
                run.snapshots.push(snapshot);
            }
            Frame::Induction(measured) => {
                run.curves.push(&measured);
                run.induction.push(measured);
            }
            Frame::Temperatures(losses) => run.temperatures = losses,
            Frame::Next(next) => run.next = Some(next),
            Frame::Written(part) => run.written.apply_frame(&part),
            Frame::Ablated { off, loss, whole } => {
                let ablations = Rc::make_mut(&mut run.ablations);
                ablations.retain(|ablation| ablation.off != off);
                ablations.push(Ablation { off, loss: loss.into(), whole: whole.into() });
            }
            Frame::Saved(file) => run.saved = Some(file),
            Frame::Loaded { step } => (run.loaded, run.refused) = (Some(step), None),
            Frame::Refused(why) => {
                run.refused = Some(why);
                run.written.busy = false;
            }
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |run| {
            let mut series = vec![
                ArmSeries::new("loss_train", "Training loss", "nats", &run.losses),
                ArmSeries::new("loss_val", "Validation loss", "nats", &run.validation),
            ];
            series.extend(run.curves.series());
            series
        })
    }
}

impl InductionCurves {
    fn push(&mut self, measured: &Induction) {
        let at = measured.step;
        self.first.push(at, measured.first);
        self.second.push(at, measured.second);
        for (curves, scores) in
            [(&mut self.previous, &measured.previous), (&mut self.induction, &measured.induction)]
        {
            curves.resize_with(scores.len(), Curve::default);
            curves.iter_mut().zip(scores).for_each(|(curve, &score)| curve.push(at, score));
        }
    }

    /// None where sequences do not repeat.
    fn series(&self) -> Vec<ArmSeries> {
        if self.first.is_empty() {
            return Vec::new();
        }
        let heads = |name: &'static str, title: &'static str, curves: &[Curve]| -> Vec<ArmSeries> {
            let of_head = |(i, curve)| ArmSeries::new(name, title, "", curve).of_part("head", i + 1);
            curves.iter().enumerate().map(of_head).collect()
        };
        let halves = [
            ArmSeries::new("loss_first", "Loss on the first half", "nats", &self.first),
            ArmSeries::new("loss_second", "Loss on the second half", "nats", &self.second),
        ];
        let scores = [
            heads("induction", "Induction score", &self.induction),
            heads("previous", "Previous-token score", &self.previous),
        ];
        halves.into_iter().chain(scores.into_iter().flatten()).collect()
    }
}

impl Writing {
    fn apply_frame(&mut self, part: &Written) {
        if let Some(prompt) = &part.begins {
            *self = Self { prompt: prompt.clone(), ..Self::default() };
        }
        if !part.chars.is_empty() {
            Rc::make_mut(&mut self.chars).extend_from_slice(&part.chars);
        }
        self.busy = !part.done;
    }
}
