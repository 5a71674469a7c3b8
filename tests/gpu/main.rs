//! Tests of a GPU through Vulkan, which may be a software device: every case of Verify, and captured steps in
//! all sections.
//!
//! `./lab test gpu` runs them. Captures share one queue and exclude each other, so all of this is a single
//! test.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::print_stdout, reason = "a test")]
#![allow(dead_code, unused_imports, reason = "the native tests use all of these modules")]

#[path = "../collector/mod.rs"]
mod collector;
#[path = "../first_losses.rs"]
mod first_losses;

use burn::backend::{Backend, Dispatch};
use burn::tensor::Device;
use collector::{Collector, block_on};
use first_losses::SET_UPS;
use nn_lab::core::query::Query;
use nn_lab::core::settings::from_query;
use nn_lab::data::reference;
use nn_lab::for_each_section;
use nn_lab::run::checkpoint::Checkpoint;
use nn_lab::run::driver::{Training, train};
use nn_lab::run::training::read_all;
use nn_lab::run::{Experiment, Train};
use nn_lab::verify::{cases, self_test};
use nn_lab_kernels::graph;

const STEPS: u32 = 40;
/// The interval at which losses are read, in steps.
const EVERY: u32 = 10;

/// The losses of a run, its final weights and optimizer state, and the number of replayed steps.
struct Ran {
    losses: Vec<f32>,
    state: Vec<f32>,
    replays: u64,
}

fn run<E: Train>(config: &E::Config, arm: usize, device: &Device) -> Ran {
    let mut out = Collector::<E> { arm, frame_every: EVERY, stop_at: Some(STEPS), ..Collector::default() };
    let before = graph::replays();
    block_on(train::<E>(config.clone(), arm, device, &mut out)).expect("it trains");
    let series = E::series(&out.record());
    let losses =
        series.iter().find(|series| series.base.starts_with("loss") && series.points.len() >= STEPS as usize);
    let (_, checkpoint, _) = out.checkpoints.last().expect("a checkpoint");
    Ran {
        losses: losses.expect("losses").points.iter().map(|point| point.1 as f32).collect(),
        state: Checkpoint::read(checkpoint, u32::MAX).expect("a checkpoint").numbers,
        replays: graph::replays() - before,
    }
}

/// Returns the losses of all networks of a section, which take turns as in a worker, and the number of
/// replayed steps.
fn in_turns<E: Train>(config: &E::Config, device: &Device) -> (Vec<Vec<f32>>, u64) {
    let before = graph::replays();
    let mut out = Collector::<E>::default();
    let start = |arm| block_on(E::Training::init(config.clone(), arm, device, &mut out)).expect("it starts");
    let mut networks: Vec<E::Training> = (0..E::ARMS.len()).map(start).collect();
    let mut losses = vec![Vec::new(); networks.len()];
    for step in 1..=STEPS {
        for (network, losses) in networks.iter_mut().zip(&mut losses) {
            block_on(network.draw_and_step(step)).expect("a step");
            if step.is_multiple_of(EVERY) {
                losses.extend(block_on(read_all(network.state_mut().take_losses())).expect("losses"));
            }
        }
    }
    (losses, graph::replays() - before)
}

fn max_difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max)
}

fn replays_agree_with_eager_steps<E: Train>(query: &str, gpu: &Device) {
    let (config, warnings) = from_query(&E::Config::default(), &Query::parse(query));
    assert!(warnings.is_empty(), "{}: {warnings:?}", E::SLUG);
    // Dropout masks are drawn on the device, so they differ.
    let drops = query.contains("dropout");
    for arm in 0..E::ARMS.len() {
        let cpu = run::<E>(&config, arm, &Device::flex());
        graph::allow(false);
        let eager = run::<E>(&config, arm, gpu);
        graph::allow(true);
        let replayed = run::<E>(&config, arm, gpu);
        // Rounding errors grow from step to step, so only the first steps are compared with the CPU.
        let from_cpu = max_difference(&eager.losses[..10], &cpu.losses[..10]);
        let losses = max_difference(&replayed.losses, &eager.losses);
        let state = max_difference(&replayed.state, &eager.state);
        let what = format!("{}?{query}, arm {arm}", E::SLUG);
        println!(
            "{what}: losses {from_cpu:.0e} from the CPU's; replayed {losses:.0e}, state {state:.0e}, {} replays",
            replayed.replays
        );
        assert!(from_cpu < 1e-3 || drops, "{what}: {from_cpu}");
        assert!(losses < 1e-4 && state < 1e-4, "{what}: {losses}, {state}");
        assert_eq!(eager.replays, 0, "{what}");
        assert!(replayed.replays > u64::from(STEPS / 2) || drops, "{what}: {} replays", replayed.replays);
    }
    if E::ARMS.len() > 1 {
        graph::allow(false);
        let (eager, none) = in_turns::<E>(&config, gpu);
        graph::allow(true);
        let (replayed, replays) = in_turns::<E>(&config, gpu);
        println!("{}?{query}, taking turns: {replays} replays", E::SLUG);
        assert_eq!(none, 0);
        assert!(replays > u64::from(STEPS), "{}?{query}: {replays} replays taking turns", E::SLUG);
        for (eager, replayed) in eager.iter().zip(&replayed) {
            assert!(max_difference(replayed, eager) < 1e-4, "{}?{query}, taking turns", E::SLUG);
        }
    }
}

/// Asserts that later runs do not hold more bytes, in use or reserved, than earlier ones.
fn frees_its_memory<E: Train>(query: &str, gpu: &Device) {
    let (config, _) = from_query(&E::Config::default(), &Query::parse(query));
    let held: Vec<(u64, u64)> = (0..4)
        .map(|_| {
            run::<E>(&config, 0, gpu);
            let usage = Dispatch::memory_pool_usage(gpu.as_dispatch()).expect("a GPU counts its memory");
            (usage.bytes_in_use, usage.bytes_reserved)
        })
        .collect();
    println!("{}?{query}: {held:?} bytes in use and reserved after each run", E::SLUG);
    assert!(held[3].0 <= held[1].0 && held[3].1 <= held[1].1, "{}: {held:?}", E::SLUG);
}

fn agrees_with_every_reference(gpu: &Device) {
    let packed = std::fs::read(format!("static/{}", reference::PATH)).expect("the file with the references");
    let references = reference::read(&packed).expect("the file with the references can be read");
    let mut wrong = Vec::new();
    for case in &cases(&Ok(references)) {
        let reference = block_on(case.reference()).expect("the CPU answers");
        let outcome = block_on(case.run(gpu, reference.as_deref())).expect("the GPU answers");
        if !outcome.agrees() {
            wrong.push(format!("{case:?}: {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let numbers = block_on(self_test::numbers(gpu)).expect("the GPU answers");
    println!("self-test: {:.0e}", self_test::max_error(&numbers, &self_test::recorded()));
    block_on(self_test::self_test(gpu)).expect("the GPU passes the test");
}

/// `NN_LAB_ONLY=resnet` runs only that section, `verify` only the cases, and `memory` only the memory test.
#[test]
fn a_gpu_agrees_with_every_reference_and_replays_agree_with_eager_steps() {
    let gpu = Device::wgpu_options().tasks_max(256).init().expect("a GPU with Vulkan");
    let only = std::env::var("NN_LAB_ONLY").unwrap_or_default();
    if only.is_empty() || only == "verify" {
        agrees_with_every_reference(&gpu);
    }
    if only.is_empty() || only == "memory" {
        frees_its_memory::<nn_lab::sections::mlp::Mlp>("width=16&n_probe=8", &gpu);
        frees_its_memory::<nn_lab::sections::resnet::ResNet>("depth=8&batch_size=8&batch_norm=1", &gpu);
    }
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(
                type $experiment = nn_lab::sections::$module::$experiment;
                let set_ups = SET_UPS.iter().filter(|(slug, _)| *slug == $experiment::SLUG);
                for (_, query) in set_ups.filter(|_| only.is_empty() || only == $experiment::SLUG) {
                    replays_agree_with_eager_steps::<$experiment>(query, &gpu);
                }
            )*
        };
    }
    for_each_section!(each);
}
