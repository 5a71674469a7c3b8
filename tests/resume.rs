//! On the CPU, a run that continues from a checkpoint is identical, bit for bit, to an uninterrupted run: in
//! every section, for every arm, with every optimizer.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on};
use crate::first_losses::SET_UPS;
use burn::tensor::Device;
use nn_lab::core::LabError;
use nn_lab::core::query::Query;
use nn_lab::core::settings::from_query;
use nn_lab::for_each_section;
use nn_lab::run::checkpoint::Checkpoint;
use nn_lab::run::{Experiment, Train, driver};

const STEPS: u32 = 33;
/// The interval of frames, and of checkpoints with them.
const EVERY: u32 = 7;
/// The run continues from this step, which is neither the first checkpoint nor a step with a special event.
const FROM: u32 = 14;

fn train<E: Train>(
    config: &E::Config,
    arm: usize,
    checkpoint: Option<Vec<u8>>,
) -> (Collector<E>, Result<(), LabError>) {
    let mut out =
        Collector::<E> { arm, frame_every: EVERY, stop_at: Some(STEPS), checkpoint, ..Collector::default() };
    let result = block_on(driver::train::<E>(config.clone(), arm, &Device::flex(), &mut out));
    (out, result)
}

/// Returns the checkpoint at a step, and the arm's part of the record at that step.
fn at<E: Experiment>(out: &Collector<E>, step: u32) -> (Vec<u8>, Vec<u8>) {
    let (_, checkpoint, frames) =
        out.checkpoints.iter().find(|(at, ..)| *at == step).expect("a checkpoint of that step");
    let saved = Collector::<E> { frames: out.frames[..*frames].to_vec(), ..Collector::default() };
    (checkpoint.clone(), E::save_arm(&saved.record(), out.arm))
}

fn check_resume<E: Train>(query: &str) {
    let (config, warnings) = from_query(&E::Config::default(), &Query::parse(query));
    assert!(warnings.is_empty(), "{}: {warnings:?}", E::SLUG);
    for arm in 0..E::ARMS.len() {
        let what = format!("{}?{query}, arm {arm}", E::SLUG);
        let (whole, result) = train::<E>(&config, arm, None);
        result.expect("it trains");
        let (checkpoint, saved) = at(&whole, FROM);
        let (rest, result) = train::<E>(&config, arm, Some(checkpoint));
        result.expect("it continues");

        let steps = |out: &Collector<E>| out.ticks.iter().map(|directive| directive.step).collect::<Vec<_>>();
        assert_eq!(steps(&rest), (FROM + 1..=STEPS).collect::<Vec<_>>(), "{what}");
        let mut record = E::Record::default();
        assert!(E::load_arm(&mut record, arm, &saved), "{what}: the saved part of the record is read");
        rest.frames.iter().for_each(|(arm, frame)| E::apply_frame(&mut record, *arm, frame.clone()));
        let whole_record = whole.record();
        // With some settings, the record gets curves that an empty record does not have.
        assert!(
            E::series(&whole_record).iter().any(|series| series.points.len() >= STEPS as usize),
            "{what}"
        );
        assert_eq!(E::series(&record), E::series(&whole_record), "{what}: curves");
        let last = |out: &Collector<E>| Checkpoint::read(&at(out, STEPS).0, u32::MAX).expect("a checkpoint");
        assert_eq!(last(&rest), last(&whole), "{what}: weights and the optimizer's state");
        assert!(!last(&whole).numbers.is_empty(), "{what}");
    }
}

#[test]
fn every_section_continues_as_if_uninterrupted() {
    let mut tried = 0;
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(
                type $experiment = nn_lab::sections::$module::$experiment;
                for (_, query) in SET_UPS.iter().filter(|(slug, _)| *slug == $experiment::SLUG) {
                    check_resume::<$experiment>(query);
                    tried += 1;
                }
            )*
        };
    }
    for_each_section!(each);
    assert_eq!(tried, SET_UPS.len());
}

#[test]
fn an_invalid_checkpoint_is_refused() {
    use nn_lab::sections::mlp::{Config, Mlp};
    let config = Config { width: 8, depth: 1, ..Config::default() };
    let (whole, _) = train::<Mlp>(&config, 1, None);
    let (checkpoint, _) = at(&whole, FROM);
    let wider = Config { width: 9, ..config.clone() };
    let longer = Checkpoint { step: 20_000, ..Checkpoint::read(&checkpoint, STEPS).expect("a checkpoint") };
    let longer = postcard::to_stdvec(&longer).expect("it can be written");
    let half = checkpoint[..checkpoint.len() / 2].to_vec();
    for (config, checkpoint) in
        [(&wider, checkpoint.clone()), (&config, longer), (&config, half), (&config, Vec::new())]
    {
        let (_, result) = train::<Mlp>(config, 1, Some(checkpoint));
        assert!(matches!(result, Err(LabError::Data(_))), "{result:?}");
    }
    assert!(!Mlp::load_arm(&mut Default::default(), 0, &[1, 2, 3]));
    assert!(!Mlp::load_arm(&mut Default::default(), 7, &Mlp::save_arm(&whole.record(), 1)));
}
