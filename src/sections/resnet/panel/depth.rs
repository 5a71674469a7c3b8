//! Networks of 20 and of 56 layers: their gradients before training, and the training error that they reach.

use super::text;
use crate::charts::{Bar, BarChart, ChartHeight, LineChart, ScaleKind, Series, Table};
use crate::client::{Batch, BatchHandle, BatchState, RunResult};
use crate::core::schema::Values;
use crate::core::settings::Settings;
use crate::core::sweep::{Axis, points};
use crate::panel::{AnySettings, PtrEq, series_table};
use crate::protocol::DeviceInfo;
use crate::run::Experiment;
use crate::run::any::{AnyConfig, AnyExperiment};
use crate::sections::resnet::{Config, DEPTHS, DepthFlow, MEASURED_ON, ResNet, TRAINING_ERRORS};
use crate::ui::figure::Figure;
use crate::ui::readout::left_words;
use std::rc::Rc;
use yew::prelude::*;

/// The height of both charts.
const CHART: f64 = 268.0;

#[derive(PartialEq, Properties)]
pub(super) struct DepthProps {
    pub(super) depths: Option<PtrEq<Vec<DepthFlow>>>,
    /// The runs of the prepared sweep that are done.
    pub(super) results: PtrEq<Vec<RunResult>>,
    pub(super) experiment: ExperimentRef,
}

/// An experiment, compared by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExperimentRef(pub(super) &'static AnyExperiment);

impl PartialEq for ExperimentRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.slug == other.0.slug
    }
}

/// Both figures.
#[component]
pub(super) fn DepthStage(props: &DepthProps) -> Html {
    let series = use_memo(props.depths.clone(), |depths| {
        depths.as_ref().map_or_else(Vec::new, |depths| gradient_series(depths))
    });
    let bars = use_memo((props.results.clone(), props.experiment), |(results, experiment)| {
        bars(&measured(experiment.0, results))
    });
    let table = {
        let bars = bars.clone();
        Callback::from(move |()| bar_table(&bars))
    };
    let groups: Vec<AttrValue> = ResNet::ARMS.iter().map(|arm| arm.title.into()).collect();
    html! {
        <ContextProvider<ChartHeight> context={ChartHeight(CHART)}>
            <div class="figure-row">
                <Figure name="depth-error" {table} look_for={text::depth_error()}>
                    <BarChart name="depth-error" x_label="layers" y_label="training error after 160 steps" {groups} bars={(*bars).clone()} />
                </Figure>
                <Figure name="depth-flow" look_for={text::depth_flow()} table={series_table("distance", &series)}>
                    <LineChart name="depth-flow" x_label="% of the blocks, from the last back to the first" y_label="gradient norm" y_scale={ScaleKind::Log}
                        series={(*series).clone()} empty="Loading the compute engine…" />
                </Figure>
            </div>
        </ContextProvider<ChartHeight>>
    }
}

/// Returns one line per network: the gradient at the output of each block, from the last block to the first.
fn gradient_series(depths: &[DepthFlow]) -> Vec<Series> {
    let line = |flow: &DepthFlow, net: usize| {
        let deltas = &flow.nets.get(net)?.deltas;
        // In percent, so that both depths have one axis.
        let percent = 100.0 / deltas.len().saturating_sub(1).max(1) as f64;
        let points =
            deltas.iter().rev().enumerate().map(|(index, delta)| (index as f64 * percent, f64::from(*delta)));
        // As in the paper: ResNet-56.
        let name = format!("{}-{}", ResNet::ARMS.get(net)?.title, flow.depth);
        let dashed = DEPTHS.first() == Some(&flow.depth);
        Some(Series { dashed, ..Series::new(name, Rc::new(points.collect()), net) })
    };
    depths.iter().flat_map(|flow| (0..ResNet::ARMS.len()).filter_map(move |net| line(flow, net))).collect()
}

/// Returns the runs of the prepared sweep, all depths of the first seed first.
pub(super) fn runs(experiment: &'static AnyExperiment) -> Vec<AnyConfig> {
    let Some(sweep) = Config::depth_sweep() else { return Vec::new() };
    let part = |key: &str| sweep.sweep.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let base: Values = Config::of_depth_sweep(DEPTHS[0]).to_values();
    let seeds = part("seeds").and_then(|seeds| seeds.parse().ok()).unwrap_or(1);
    let axis = Axis::read(experiment.schema.params, part("sweep").unwrap_or_default());
    // A test starts the sweep, so neither can fail.
    let all = axis.and_then(|axis| points(&experiment.schema, &base, &[axis], seeds)).unwrap_or_default();
    all.into_iter().map(|point| experiment.config(point.config)).collect()
}

/// Returns the training errors that this device has measured: for each network and depth, one per seed.
fn measured(experiment: &'static AnyExperiment, results: &[RunResult]) -> [[Vec<f64>; 2]; 2] {
    let configs: Vec<Rc<Config>> = runs(experiment).iter().map(AnyConfig::typed).collect();
    let mut all: [[Vec<f64>; 2]; 2] = Default::default();
    for (arm, of_arm) in ResNet::ARMS.iter().zip(&mut all) {
        for (depth, errors) in DEPTHS.iter().zip(of_arm) {
            let is_depth = |result: &&RunResult| configs.get(result.run).is_some_and(|c| c.depth == *depth);
            let name = format!("train_error_{}", arm.slug);
            errors.extend(results.iter().filter(is_depth).filter_map(|result| result.numbers.get(&name)));
        }
    }
    all
}

/// Returns the median, or NaN if there are no values.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    f64::midpoint(at(sorted.len().saturating_sub(1) / 2), at(sorted.len() / 2))
}

/// Returns the project's finding and this device's results, per depth.
fn bars(measured: &[[Vec<f64>; 2]; 2]) -> Rc<Vec<Bar>> {
    let finding = DEPTHS.iter().enumerate().map(|(depth, layers)| Bar {
        label: format!("{layers}, finding").into(),
        values: TRAINING_ERRORS.iter().filter_map(|net| net.get(depth)).map(|[median, ..]| *median).collect(),
    });
    let here = DEPTHS.iter().enumerate().map(|(depth, layers)| Bar {
        label: format!("{layers}, here").into(),
        values: measured.iter().filter_map(|net| net.get(depth)).map(|errors| median(errors)).collect(),
    });
    Rc::new(finding.chain(here).collect())
}

fn bar_table(bars: &[Bar]) -> Table {
    let columns =
        std::iter::once("networks").chain(ResNet::ARMS.iter().map(|arm| arm.title)).map(str::to_owned);
    let write = |value: &f64| if value.is_finite() { format!("{value:.3}") } else { String::new() };
    let row =
        |bar: &Bar| std::iter::once(bar.label.to_string()).chain(bar.values.iter().map(write)).collect();
    Table { columns: columns.collect(), rows: bars.iter().map(row).collect() }
}

/// The button that repeats the finding on this device.
pub(super) fn repeat(
    batch: &BatchHandle,
    experiment: &'static AnyExperiment,
    settings: &AnySettings,
    device: Option<&DeviceInfo>,
    is_busy: bool,
) -> Html {
    let (done, total) = (batch.results.len(), batch.runs);
    let start = device.filter(|_| !is_busy).map(|device| {
        let (start, choice, kind) = (batch.start.clone(), settings.page.state.options.device, device.kind);
        Callback::from(move |_: MouseEvent| {
            start.emit(Batch {
                experiment,
                configs: runs(experiment),
                done: Vec::new(),
                number: None,
                choice,
                kind,
            });
        })
    });
    html! {
        <div class="repeat" data-repeat={batch.state.slug()}>
            <p>{ format!("This was measured on {MEASURED_ON}, on one core of a computer’s CPU, with three seeds. Does it hold here, too?") }</p>
            if batch.state.is_active() {
                <button type="button" data-action="repeat-stop" onclick={batch.stop.reform(|_| ())}>{ "Stop" }</button>
                <progress aria-label="Progress of the runs" max="1" value={batch.share.to_string()}></progress>
            } else {
                <button type="button" class="primary" data-action="repeat" disabled={start.is_none()} onclick={start.unwrap_or_default()}>{ "Repeat it on this device" }</button>
            }
            <p class="muted" role="status">{ words(batch, done, total, device.is_some(), is_busy) }</p>
        </div>
    }
}

fn words(batch: &BatchHandle, done: usize, total: usize, has_device: bool, is_busy: bool) -> String {
    let left = batch.seconds_left.map_or_else(String::new, |seconds| format!(", {}", left_words(seconds)));
    match batch.state {
        state if state.is_active() => format!("{done} of {total} runs{left}"),
        BatchState::Done if done < total => format!("Stopped after {done} of {total} runs."),
        BatchState::Done => format!("All {total} runs are done; bars show medians."),
        _ if !has_device => "Loading the compute engine…".to_owned(),
        _ if is_busy => "A run is in progress; this can start when it has ended.".to_owned(),
        _ => "Twelve networks take 160 steps each; a laptop needs a few minutes.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prepared_sweep_has_its_runs() {
        let experiment = AnyExperiment::of::<ResNet>();
        let runs: Vec<Rc<Config>> = runs(experiment).iter().map(AnyConfig::typed).collect();
        let all: Vec<(u32, u32)> = runs.iter().map(|config| (config.depth, config.seed)).collect();
        assert_eq!(all, [(20, 1), (56, 1), (20, 2), (56, 2), (20, 3), (56, 3)]);
        assert!(runs.iter().all(|config| config.batch_norm && config.steps == 160));
    }

    #[test]
    fn bars_are_medians_of_the_results_so_far() {
        let result = |run: usize, plain: f64, residual: f64| RunResult {
            run,
            numbers: [("train_error_plain", plain), ("train_error_residual", residual)]
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            ..RunResult::default()
        };
        let results = [result(0, 0.5, 0.3), result(1, 0.8, 0.4), result(2, 0.25, 0.25), result(4, 0.75, 0.5)];
        let bars = bars(&measured(AnyExperiment::of::<ResNet>(), &results));
        assert_eq!(bars[0].values, [0.45, 0.26]);
        assert_eq!((bars[2].values.clone(), bars[3].values.clone()), (vec![0.5, 0.3], vec![0.8, 0.4]));
        assert!(median(&[]).is_nan() && median(&[1.0, 2.0]) == 1.5);
    }
}
