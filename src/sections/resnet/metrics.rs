//! The metrics of section 3.

use super::{Config, Dataset, Record, ResNet, decay, params_formula};
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::per_arm;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let (arms, nets) = (ResNet::ARMS, &record.arms);
    let notes = match config.dataset {
        Dataset::Own => {
            (format!("largest class: {:.2}", record.chance(config)), "mean of 20 batches".to_owned())
        }
        Dataset::FashionMnist | Dataset::Cifar10 => {
            ("chance level: 0.1".to_owned(), "mean of 20 batches; chance level: 0.9".to_owned())
        }
    };
    let mut metrics = per_arm(arms, nets, |arm, net| {
        let accuracy = arm.metric("accuracy", "Test accuracy", net.accuracy.last_y());
        let error = arm.metric("train_error", "Training error", net.training_error().last_y());
        let train = arm.metric("train_accuracy", "Training accuracy", net.train_accuracy.last_y());
        let (of_accuracy, of_error) = notes.clone();
        [
            arm.loss(&net.losses, 20),
            accuracy.note(of_accuracy),
            error.note(of_error),
            train.note("the first training images, without augmentation"),
        ]
    });
    metrics.extend(arms.iter().enumerate().flat_map(|(index, arm)| {
        let flow = record.flow.as_ref().and_then(|flow| decay(flow.nets(index), |net| &net.weights));
        [
            arm.metric("grad_first", "First block", flow.map(|d| d.first)).note("gradient norm"),
            arm.metric("grad_last", "Last block", flow.map(|d| d.last)).note("gradient norm"),
            arm.metric("decay", "Factor per block", flow.map(|d| d.per_block)).note("toward the input"),
        ]
    }));
    let counted = record.structure.as_ref().map(|s| [s.params_plain, s.params_residual]);
    metrics.extend(arms.iter().enumerate().map(|(index, arm)| {
        let counted = counted.map(|counted| counted[index].into());
        arm.metric("params", "Parameters", counted).count().note("counted in the module")
    }));
    let formula = params_formula(config, true) as f64;
    metrics.extend([
        Metric::new("params_formula", "Formula, residual", formula).count().note("closed form"),
        Metric::new("depth_built", "Layers with weights", f64::from(config.depth_built()))
            .note("projections aside"),
    ]);
    metrics
}
