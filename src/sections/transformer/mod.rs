//! Section 6: a decoder-only transformer that learns to write from a text, character by character.
//!
//! The probe shows the positional encoding, counts parameters and measures the baselines of character counts. The run trains,
//! writes a sample and records every head's attention at saved steps. It answers requests: predict the next character, write,
//! switch off a head, save and load. On repeating sequences it also measures induction heads.

mod chapters;
mod checks;
mod code;
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
#[cfg(feature = "compute")]
mod nanogpt;
pub mod next;
#[cfg(feature = "page")]
mod panel;
pub mod positions;
#[cfg(feature = "compute")]
mod predict;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod source;
#[cfg(feature = "compute")]
pub mod text;
#[cfg(feature = "compute")]
mod train;
pub mod weight_settings;
#[cfg(feature = "compute")]
pub mod writing;

pub use checks::{ParamCount, learning_rate_at, memory_bytes, param_count, sample_steps, seconds_estimate};
pub use config::{Config, MaskChoice, PositionsChoice, TaskChoice, TextChoice};
pub use frames::{
    Frame, NextRequest, NextToken, PositionTable, Request, Sample, Stream, TEMPERATURES, TextInfo, Untrained,
    WriteRequest, Written, WrittenChar,
};
#[cfg(feature = "compute")]
pub use model::{Model, sizes};
#[cfg(feature = "page")]
pub use panel::{TransformerPanel, cover};

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, push_each, series_of};
use heads::Snapshot;
use induction::{HeadScores, Induction};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 6.
#[derive(Debug)]
pub struct Transformer;

/// Everything the page has received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The description of the training text.
    pub text: Option<Rc<TextInfo>>,
    /// The number of parameters in the module.
    pub params_counted: Option<u64>,
    /// The sinusoidal positions.
    pub positions: Option<Rc<PositionTable>>,
    /// The estimated duration of a training step, in milliseconds.
    pub step_ms: Option<f64>,
    /// Remarks on the file of weights that was loaded last.
    pub remarks: Vec<String>,
    /// The model before training; `None` until it has been probed.
    pub untrained: Option<Rc<Untrained>>,
    /// The prediction of the model before training after the user's text.
    pub untrained_next: Option<Rc<NextToken>>,
    /// The text that the user requested from the model before training.
    pub untrained_written: Writing,
    /// The run of the only arm.
    pub arms: [Run; 1],
}

impl Record {
    /// Returns the run of the only arm.
    pub fn run(&self) -> &Run {
        let [run] = &self.arms;
        run
    }
}

/// The run of the only arm. The order of the fields is the format of saved runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The validation window whose attention is shown.
    pub window: Rc<Vec<char>>,
    /// The period of the window if it is a repeating sequence, or 0.
    pub period: u32,
    /// The training loss of each step.
    pub losses: Curve,
    /// The validation loss.
    pub validation: Curve,
    /// Scores of all heads at every validation, for repeating sequences.
    pub induction: Vec<Rc<Induction>>,
    /// The same measurements as curves.
    pub curves: InductionCurves,
    /// The validation loss at each of [`TEMPERATURES`], at the last saved step.
    pub temperatures: Vec<f32>,
    /// The latest prediction of the next character.
    pub next: Option<Rc<NextToken>>,
    /// The samples of the saved steps.
    pub samples: Vec<Rc<Sample>>,
    /// The attention of every head at the saved steps.
    pub snapshots: Vec<Rc<Snapshot>>,
    /// The text that the user requested.
    pub written: Writing,
    /// The measurements with heads switched off, for the current weights.
    pub ablations: Rc<Vec<Ablation>>,
    /// The latest saved file.
    pub saved: Option<Rc<Vec<u8>>>,
    /// The training steps of the file that was loaded last.
    pub loaded: Option<u32>,
    /// The reason why the latest request failed.
    pub refused: Option<String>,
    /// The copying score of each head, layer by layer, for repeating sequences.
    #[serde(deserialize_with = "or_default")]
    pub copying: Vec<Curve>,
    /// The loss on the last character of each window, which a model without a mask cannot see either.
    #[serde(deserialize_with = "or_default")]
    pub last_character: Curve,
}

impl Run {
    /// Returns the latest validation loss of the trained model, with its step. An untrained model neither confirms nor refutes
    /// a claim about a trained one.
    pub(crate) fn trained_loss(&self) -> Option<(f64, f64)> {
        self.validation.last().copied().filter(|(step, _)| *step > 0.0)
    }

    /// Returns the head with the highest prefix-matching score at the last measurement, and both of its scores.
    pub(crate) fn best_head(&self) -> Option<HeadScores> {
        let (head, prefix) = self.induction.last()?.best_induction()?;
        let copying = self.copying.get(head)?.last_y()?;
        Some(HeadScores { head, prefix: prefix.into(), copying })
    }
}

/// The induction measurements as curves over steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InductionCurves {
    /// The loss on the first block of the sequences.
    pub first: Curve,
    /// The loss on the repeats.
    pub second: Curve,
    /// The previous-token score of each head, layer by layer.
    pub previous: Vec<Curve>,
    /// The prefix-matching score of each head, layer by layer.
    pub induction: Vec<Curve>,
}

/// Reads the last field of a saved run. Runs that were saved before this field existed end before it.
fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(T::deserialize(deserializer).unwrap_or_default())
}

/// The text that is written for the user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    /// The text that it starts from.
    pub prompt: String,
    /// The characters so far.
    pub chars: Rc<Vec<WrittenChar>>,
    /// True until the text is complete.
    pub busy: bool,
}

/// A measurement with heads switched off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ablation {
    /// The heads that are off, as (layer, head).
    pub off: Vec<(u32, u32)>,
    /// The validation loss without these heads.
    pub loss: f64,
    /// The loss of the full model.
    pub whole: f64,
}

impl Experiment for Transformer {
    const SLUG: &'static str = "transformer";

    crate::own_files!();

    fn shards(config: &Config) -> u32 {
        config.shards
    }

    /// The record itself holds the attention and samples of earlier steps.
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
            Frame::Text(text) => {
                // A new probe begins, so the model before training may be another one.
                (record.untrained, record.untrained_next) = (None, None);
                record.untrained_written = Writing::default();
                record.text = Some(text);
            }
            Frame::Counted(params) => record.params_counted = Some(params),
            Frame::Positions(table) => record.positions = Some(table),
            Frame::StepTime(ms) => record.step_ms = Some(ms),
            Frame::Window { chars, period } => (run.window, run.period) = (chars, period),
            Frame::Train(steps) => run.losses.extend_steps(steps.first_step, &steps.losses),
            Frame::Validated { step, loss } => run.validation.push(step, loss),
            Frame::LastCharacter { step, loss } => run.last_character.push(step, loss),
            Frame::Sample(sample) => run.samples.push(sample),
            Frame::Heads(snapshot) => {
                // Losses with heads switched off belong to earlier weights.
                run.ablations = Rc::default();
                run.snapshots.push(snapshot);
            }
            Frame::Induction { scores, copying } => {
                push_each(&mut run.copying, scores.step, &copying);
                run.curves.push(&scores);
                run.induction.push(scores);
            }
            Frame::Temperatures(losses) => run.temperatures = losses,
            Frame::Next(next) => run.next = Some(next),
            Frame::Written(part) => run.written.apply_frame(&part),
            Frame::Ablated(ablation) => {
                let ablations = Rc::make_mut(&mut run.ablations);
                ablations.retain(|other| other.off != ablation.off);
                ablations.push(ablation);
            }
            Frame::Saved(file) => run.saved = Some(file),
            Frame::Untrained(untrained) => record.untrained = Some(untrained),
            Frame::UntrainedNext(next) => record.untrained_next = Some(next),
            Frame::UntrainedWritten(part) => record.untrained_written.apply_frame(&part),
            Frame::Remarks(remarks) => record.remarks = remarks,
            Frame::Loaded(step) => (run.loaded, run.refused) = (Some(step), None),
            Frame::Refused(reason) => {
                run.refused = Some(reason);
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
            // With the causal mask, all predictions are made without seeing the answer.
            if !run.last_character.is_empty() {
                series.push(ArmSeries::new(
                    "loss_last",
                    "Loss on the last character",
                    "nats",
                    &run.last_character,
                ));
            }
            series.extend(run.curves.series());
            series.extend(ArmSeries::of_parts("copying", "Copying score", "head", &run.copying));
            series
        })
    }
}

impl InductionCurves {
    fn push(&mut self, measured: &Induction) {
        self.first.push(measured.step, measured.first);
        self.second.push(measured.step, measured.second);
        push_each(&mut self.previous, measured.step, &measured.previous);
        push_each(&mut self.induction, measured.step, &measured.induction);
    }

    /// Returns the curves, or none if the sequences do not repeat.
    fn series(&self) -> Vec<ArmSeries> {
        if self.first.is_empty() {
            return Vec::new();
        }
        let parts = [
            ArmSeries::new("loss_first", "Loss on the first block", "nats", &self.first),
            ArmSeries::new("loss_second", "Loss on the repeats", "nats", &self.second),
        ];
        let induction = ArmSeries::of_parts("induction", "Prefix-matching score", "head", &self.induction);
        let previous = ArmSeries::of_parts("previous", "Previous-token score", "head", &self.previous);
        parts.into_iter().chain(induction).chain(previous).collect()
    }
}

impl Writing {
    fn apply_frame(&mut self, part: &Written) {
        if let Some(prompt) = &part.prompt {
            *self = Self { prompt: prompt.clone(), ..Self::default() };
        }
        if !part.chars.is_empty() {
            Rc::make_mut(&mut self.chars).extend_from_slice(&part.chars);
        }
        self.busy = !part.done;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_saved_before_the_last_fields_existed_is_loaded() {
        let run = Run { refused: Some("why".to_owned()), ..Run::default() };
        let mut saved = postcard::to_stdvec(&run).expect("it can be encoded");
        for field in ["the loss on the last character", "the copying scores"] {
            assert_eq!(saved.pop(), Some(0), "{field}: an empty list at the end");
            assert_eq!(postcard::from_bytes(&saved), Ok(run.clone()));
        }
        let curve = [(10.0, 0.5)].into_iter().collect();
        let newer = Run { copying: vec![Curve::clone(&curve)], last_character: curve, ..run };
        let saved = postcard::to_stdvec(&newer).expect("it can be encoded");
        assert_eq!(postcard::from_bytes(&saved), Ok(newer));
    }
}
