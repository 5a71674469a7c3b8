//! The metrics and curves of a run with all its seeds, for every readout and figure of its panel.

use crate::charts::{LineChart, Reference, ScaleKind, Series, Table};
use crate::core::curve::RunSeries;
use crate::core::guess::Guessed;
use crate::core::metric::{Metric, Spread, spread_of};
use crate::core::sweep::seed;
use crate::panel::PtrEq;
use crate::run::any::{AnyConfig, AnyExperiment, AnyRecord};
use crate::run::arm::Arm;
use crate::ui::figure::Figure;
use crate::ui::readout::{Readout, format_number};
use crate::ui::visibility::{CurrentChapter, use_only_figures};
use std::rc::Rc;
use yew::prelude::*;

/// The metrics and curves of each seed, which a panel gives to its components as a context.
#[derive(Clone, Debug)]
pub struct RunView(Rc<Measured>);

#[derive(Debug)]
struct Measured {
    arms: &'static [Arm],
    /// The seeds. The seed of the settings is the first.
    seeds: Vec<u64>,
    metrics: Vec<Vec<Metric>>,
    series: Vec<Vec<RunSeries>>,
}

impl PartialEq for RunView {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl RunView {
    /// Returns the metrics and curves of these records, one per seed.
    fn new(experiment: &AnyExperiment, config: &AnyConfig, records: &[AnyRecord]) -> Self {
        let seed_of = |further| seed(experiment.with_seed(config, further).values());
        Self(Rc::new(Measured {
            arms: experiment.arms_of(config),
            seeds: (0..records.len() as u32).map(seed_of).collect(),
            metrics: records.iter().map(|record| experiment.metrics(config, record)).collect(),
            series: records.iter().map(|record| experiment.series(config, record)).collect(),
        }))
    }

    /// Returns a metric of the first seed, and its spread over all seeds if there are several.
    pub fn metric(&self, name: &str) -> Option<(Metric, Option<Spread>)> {
        let named = |metrics: &Vec<Metric>| metrics.iter().find(|metric| metric.name == name).cloned();
        let first = self.0.metrics.first().and_then(named)?;
        let values: Vec<f64> =
            self.0.metrics.iter().filter_map(named).filter_map(|metric| metric.value).collect();
        // Only the first seed is probed.
        let spread = if values.len() > 1 { Spread::of(values) } else { None };
        Some((first, spread))
    }

    /// Returns the present value of a metric, the median of several seeds, whether or not it has been drawn.
    pub fn number(&self, name: &str) -> Option<f64> {
        let (metric, spread) = self.metric(name)?;
        spread.map_or(metric.value, |spread| Some(spread.median)).filter(|value| value.is_finite())
    }

    /// Returns the names and titles of all metrics, measured or not, and of the curves that are not among them.
    pub fn titles(&self) -> impl Iterator<Item = (String, String)> {
        let metrics: Vec<&Metric> = self.0.metrics.first().into_iter().flatten().collect();
        let is_metric = |name: &str| metrics.iter().any(|metric| metric.name == name);
        let curves = self.0.series.first().into_iter().flatten();
        let curves = curves.filter(|series| !is_metric(&series.metric));
        let curves = curves.map(|series| (series.metric.to_string(), series.title.to_string()));
        let titles: Vec<_> = metrics
            .iter()
            .map(|metric| (metric.name.to_string(), metric.title.to_string()))
            .chain(curves)
            .collect();
        titles.into_iter()
    }

    /// Returns the title of a metric or a curve.
    pub fn title(&self, name: &str) -> Option<String> {
        self.titles().find(|(known, _)| known == name).map(|(_, title)| title)
    }

    /// Returns a sentence with the titles and values of metrics, whose names are separated by spaces.
    pub fn sentence(&self, names: &str) -> String {
        let part = |name: &str| {
            let (metric, _) = self.metric(name)?;
            Some(format!(
                "{} {} {}",
                metric.title,
                format_number(self.number(name)?, metric.digits),
                metric.unit
            ))
        };
        let parts: Vec<String> =
            names.split_whitespace().filter_map(part).map(|part| part.trim_end().to_owned()).collect();
        if parts.is_empty() { String::new() } else { format!("{}.", parts.join("; ")) }
    }

    /// Returns the names and values of all metrics that have a value.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, f64)> {
        let names = self.0.metrics.first().into_iter().flatten().map(|metric| &*metric.name);
        names.filter_map(|name| Some((name, self.number(name)?)))
    }

    /// Returns the curves of a kind as lines: of several seeds the median, with a band from minimum to
    /// maximum.
    fn lines(&self, line: &CurveSpec, per: f64) -> Vec<Series> {
        let Some(first) = self.0.series.first() else { return Vec::new() };
        let of_line = first.iter().filter(|series| series.base == line.base);
        let drawn = of_line.map(|series| {
            let curves: Vec<&RunSeries> =
                self.of_all_seeds(&series.metric).map(|(_, series)| series).collect();
            let mut drawn =
                Series::new(self.legend(line, series), series.points.clone(), self.color(line, series));
            if let [_, _, ..] = &*curves {
                let curves: Vec<&[(f64, f64)]> = curves.iter().map(|series| &**series.points).collect();
                let spreads = spread_of(&curves);
                drawn.points = Rc::new(spreads.iter().map(|(x, spread)| (*x, spread.median)).collect());
                drawn.band = Some(Rc::new(spreads.iter().map(|(x, s)| (*x, s.low, s.high)).collect()));
            }
            Series { dashed: line.dashed, ..rescaled(drawn, per) }
        });
        drawn.collect()
    }

    /// Returns the curves of a kind as columns of a table, one per seed.
    fn columns(&self, line: &CurveSpec, per: f64) -> Vec<Series> {
        let Some(first) = self.0.series.first() else { return Vec::new() };
        let of_line = first.iter().filter(|series| series.base == line.base);
        let columns = of_line.flat_map(|series| {
            let several = self.0.series.len() > 1;
            self.of_all_seeds(&series.metric).map(move |(seed, of_seed)| {
                let name = self.legend(line, series);
                let name = if several { format!("{name}, seed {seed}") } else { name };
                rescaled(Series::new(name, of_seed.points.clone(), 0), per)
            })
        });
        columns.collect()
    }

    /// Returns the last x of a curve of the first seed.
    fn last_x(&self, metric: &str) -> Option<f64> {
        let series = self.0.series.first()?.iter().find(|series| series.metric == metric)?;
        series.points.last().map(|point| point.0)
    }

    fn of_all_seeds<'a>(&'a self, metric: &'a str) -> impl Iterator<Item = (u64, &'a RunSeries)> {
        let seeds = self.0.seeds.iter().copied().zip(&self.0.series);
        seeds.filter_map(move |(seed, all)| Some((seed, all.iter().find(|series| series.metric == metric)?)))
    }

    fn legend(&self, line: &CurveSpec, series: &RunSeries) -> String {
        let arm = self.0.arms.get(series.arm).map_or("", |arm| arm.title);
        let part = series.part.as_deref().unwrap_or_default();
        [arm, line.words, part].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Returns the color of a curve: that of its arm, or that of its kind if there is only one arm.
    fn color(&self, line: &CurveSpec, series: &RunSeries) -> usize {
        if self.0.arms.len() > 1 { series.arm } else { line.color }
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct RunViewProviderProps {
    pub(super) experiment: &'static AnyExperiment,
    pub(super) config: AnyConfig,
    /// One record per seed. The view is computed again only if their pointer or the settings change.
    pub(super) records: PtrEq<Vec<AnyRecord>>,
    pub(super) children: Html,
}

/// Gives the view of a run to its children.
#[component]
pub(super) fn RunViewProvider(props: &RunViewProviderProps) -> Html {
    let experiment = props.experiment;
    let view = use_memo((props.config.clone(), props.records.clone()), |(config, records)| {
        RunView::new(experiment, config, &records.0)
    });
    html! { <ContextProvider<RunView> context={(*view).clone()}>{ props.children.clone() }</ContextProvider<RunView>> }
}

/// Returns a series with its x values divided.
fn rescaled(series: Series, per: f64) -> Series {
    if per == 1.0 {
        return series;
    }
    let points = series.points.iter().map(|(x, y)| (x / per, *y)).collect();
    let band =
        series.band.map(|band| Rc::new(band.iter().map(|(x, low, high)| (x / per, *low, *high)).collect()));
    Series { points: Rc::new(points), band, ..series }
}

#[derive(Clone, PartialEq, Properties, Debug)]
pub struct ReadoutsProps {
    /// The index of the row among the chapter's readouts.
    #[prop_or_default]
    pub row: usize,
}

/// A row of metrics that the chapter declares.
#[component]
pub fn Readouts(props: &ReadoutsProps) -> Html {
    let (view, only) = (use_context::<RunView>(), use_only_figures());
    let chapter = use_context::<CurrentChapter>();
    // A single figure has no metrics next to it.
    let (Some(view), Some(chapter), None) = (view, chapter, only.0) else { return Html::default() };
    readouts(&view, chapter.0.readouts.get(props.row).copied().unwrap_or_default(), false)
}

/// Returns a row of metrics, whose names are separated by spaces. The spread over seeds is written shorter if
/// `compact`.
pub(super) fn readouts(view: &RunView, names: &str, compact: bool) -> Html {
    let readout = |(metric, spread)| html! { <Readout {metric} {spread} {compact} /> };
    html! {
        <div class="readouts">{ for names.split_whitespace().filter_map(|name| view.metric(name)).map(readout) }</div>
    }
}

/// The curves of one kind, one per network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveSpec {
    /// The base of their names.
    pub base: &'static str,
    /// Their name in the legend, after the name of the network.
    pub words: &'static str,
    /// True if the lines are dashed.
    pub dashed: bool,
    /// The index of their color if the section has only one network.
    pub color: usize,
}

impl CurveSpec {
    /// Returns solid lines that are named after their networks.
    pub const fn new(base: &'static str, words: &'static str) -> Self {
        Self { base, words, dashed: false, color: 0 }
    }
}

/// The training loss of every network.
pub const LOSS: &[CurveSpec] = &[CurveSpec::new("loss", "")];
/// The accuracy of every network.
pub const ACCURACY: &[CurveSpec] = &[CurveSpec::new("accuracy", "")];

#[derive(Clone, PartialEq, Properties)]
pub struct CurveFigureProps {
    pub name: &'static str,
    /// The title, if it is not the one that the chapter declares.
    #[prop_or_default]
    pub title: Option<&'static str>,
    pub lines: &'static [CurveSpec],
    /// Curves that only the table shows.
    #[prop_or_default]
    pub table_lines: &'static [CurveSpec],
    #[prop_or_default]
    pub look_for: Html,
    #[prop_or_default]
    pub formula: Html,
    #[prop_or("step")]
    pub x_label: &'static str,
    pub y_label: &'static str,
    /// The number of steps per unit of x.
    #[prop_or(1.0)]
    pub x_per: f64,
    #[prop_or_default]
    pub references: Vec<Reference>,
    #[prop_or_default]
    pub x_max: Option<f64>,
    #[prop_or_default]
    pub y_range: Option<(f64, f64)>,
    /// A value above this makes the axis logarithmic, since the other values would not be distinguishable
    /// otherwise.
    #[prop_or(f64::INFINITY)]
    pub log_above: f64,
    #[prop_or(false)]
    pub markers: bool,
    #[prop_or("Curves appear here while the networks train.")]
    pub empty: &'static str,
}

impl std::fmt::Debug for CurveFigureProps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CurveFigureProps").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The color of a predicted curve.
const PREDICTION_COLOR: usize = 2;

/// The reader's prediction of a metric, which the figure with this metric's curve shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Forecast {
    /// The name of the predicted metric.
    pub(super) metric: Option<String>,
    /// The prediction, once there is one.
    pub(super) answer: Option<Guessed>,
}

impl Forecast {
    /// Returns the name of the predicted curve and the prediction, if the curve is one of these lines.
    fn of(&self, view: &RunView, lines: &[CurveSpec]) -> Option<(String, Guessed)> {
        let (metric, answer) = self.metric.as_ref().zip(self.answer.clone())?;
        let series = view.0.series.first()?.iter().find(|series| series.metric == *metric)?;
        lines.iter().any(|line| line.base == series.base).then(|| (metric.clone(), answer))
    }
}

/// Curves of the run, of all networks and seeds.
#[component]
pub fn CurveFigure(props: &CurveFigureProps) -> Html {
    let Some(view) = use_context::<RunView>() else { return Html::default() };
    let CurveFigureProps { lines, x_per, .. } = *props;
    let forecast = use_context::<Forecast>();
    let mut series: Vec<Series> = lines.iter().flat_map(|line| view.lines(line, x_per)).collect();
    let table = {
        let (all, x_label, view) = ([lines, props.table_lines], props.x_label, view.clone());
        Callback::from(move |()| {
            let columns: Vec<Series> =
                all.iter().copied().flatten().flat_map(|line| view.columns(line, x_per)).collect();
            Table::from_series(x_label, &columns)
        })
    };
    let largest = series.iter().flat_map(|s| s.points.iter()).map(|point| point.1).fold(0.0, f64::max);
    let mut references = props.references.clone();
    if let Some((name, answer)) = forecast.as_ref().and_then(|forecast| forecast.of(&view, lines)) {
        let label = "your prediction";
        match answer {
            Guessed::Number(y) => references.push(Reference { label: label.into(), y }),
            Guessed::Curve(points) => {
                let end = view.last_x(&name).or(props.x_max).unwrap_or(1.0);
                let points = points.iter().map(|(share, y)| (share * end / x_per, *y)).collect();
                series.push(Series { dashed: true, ..Series::new(label, Rc::new(points), PREDICTION_COLOR) });
            }
            Guessed::Choice(_) => {}
        }
    }
    let y_scale = if largest > props.log_above { ScaleKind::Log } else { ScaleKind::Linear };
    html! {
        <Figure all_seeds={true} name={props.name} title={props.title.map(AttrValue::Static)} look_for={props.look_for.clone()} formula={props.formula.clone()} {table}>
            <LineChart name={props.name} x_label={props.x_label} y_label={props.y_label} {series} {y_scale}
                {references} x_max={props.x_max} y_range={props.y_range} markers={props.markers}
                integer_x={true} empty={props.empty} />
        </Figure>
    }
}

/// Returns the data table of a line chart.
pub fn series_table(x: &'static str, series: &[Series]) -> Callback<(), Table> {
    let series = series.to_vec();
    Callback::from(move |()| Table::from_series(x, &series))
}
