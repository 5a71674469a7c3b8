//! The numbers of section 3.

use super::{Config, Decay, Flow, NetFlow, NetRecord, Record, decay, params_formula};
use crate::core::metric::Metric;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let [plain, residual] = &record.arms;
    let loss = |net: &NetRecord| net.losses.recent_mean(20);
    let of = |nets: fn(&Flow) -> &[NetFlow]| -> Option<Decay> {
        record.flow.as_ref().and_then(|flow| decay(nets(flow), |net| &net.weights))
    };
    let (flow_plain, flow_residual) = (of(|flow| &flow.plain), of(|flow| &flow.residual));
    let structure = record.structure.as_ref();
    vec![
        Metric::new("loss_plain", "Loss, plain", loss(plain)).unit("nats").note("mean of 20 steps"),
        Metric::new("loss_residual", "Loss, residual", loss(residual)).unit("nats").note("mean of 20 steps"),
        Metric::new("accuracy_plain", "Test accuracy, plain", plain.accuracy.last_y())
            .note("chance level: 0.1"),
        Metric::new("accuracy_residual", "Test accuracy, residual", residual.accuracy.last_y())
            .note("chance level: 0.1"),
        Metric::new("grad_first_plain", "First block, plain", flow_plain.map(|d| d.first))
            .note("gradient norm"),
        Metric::new("grad_last_plain", "Last block, plain", flow_plain.map(|d| d.last)).note("gradient norm"),
        Metric::new("decay_plain", "Factor per block, plain", flow_plain.map(|d| d.per_block))
            .note("toward the input"),
        Metric::new("grad_first_residual", "First block, residual", flow_residual.map(|d| d.first))
            .note("gradient norm"),
        Metric::new("grad_last_residual", "Last block, residual", flow_residual.map(|d| d.last))
            .note("gradient norm"),
        Metric::new("decay_residual", "Factor per block, residual", flow_residual.map(|d| d.per_block))
            .note("toward the input"),
        Metric::new("params_plain", "Parameters, plain", structure.map(|s| s.params_plain.into()))
            .count()
            .note("counted in the module"),
        Metric::new("params_residual", "Parameters, residual", structure.map(|s| s.params_residual.into()))
            .count()
            .note("counted in the module"),
        Metric::new("params_formula", "Formula, residual", params_formula(config, true) as f64)
            .count()
            .note("closed form"),
        Metric::new("depth_built", "Layers with weights", f64::from(config.depth_built()))
            .note("projections aside"),
    ]
}
