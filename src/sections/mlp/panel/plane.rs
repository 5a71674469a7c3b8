//! The predictions of a network over the plane, with the samples in it: probabilities, classes or numbers as colors, or a
//! curve.

use crate::charts::color::class_value;
use crate::charts::{ColorMap, Grid, Heatmap, LineChart, Series, Table};
use crate::panel::series_table;
use crate::sections::mlp::{
    Axis, BOUNDARY_REACH, BOUNDARY_SIDE, CURVE_POINTS, Config, Dataset, PlaneChoice, PlanePoint, Record,
    Samples,
};
use std::rc::Rc;
use yew::prelude::*;

/// The maximum number of samples of each part on a map: enough to see the shape, few enough to see the map.
const MAX_DOTS: usize = 200;
/// The color of samples next to a curve.
const SAMPLES: [usize; 2] = [2, 3];
/// The shapes of the classes' points.
const SHAPES: [&str; 6] =
    ["Circles", "Squares", "Triangles", "Diamonds", "Triangles that point down", "Crosses"];

/// Samples on a map: x, y and class.
pub(super) type Dots = Option<Rc<Vec<(f64, f64, usize)>>>;

/// The axes of the plane.
#[derive(Clone, PartialEq)]
pub(super) struct Axes {
    pub(super) labels: [AttrValue; 2],
    pub(super) ranges: [(f64, f64); 2],
}

impl Axes {
    pub(super) fn of(samples: Option<&Samples>) -> Self {
        let reach = f64::from(BOUNDARY_REACH);
        match samples {
            Some(Samples::Plane { axes, .. }) => Self {
                labels: axes.each_ref().map(|axis| axis.label.clone().into()),
                ranges: axes.each_ref().map(range),
            },
            _ => Self { labels: ["x₁".into(), "x₂".into()], ranges: [(-reach, reach); 2] },
        }
    }
}

/// Returns the range of an axis. A heatmap needs one that is not empty.
fn range(axis: &Axis) -> (f64, f64) {
    let (low, high) = (f64::from(axis.low), f64::from(axis.high));
    if low < high { (low, high) } else { (low - 1.0, low + 1.0) }
}

/// Returns samples for a map. If a number is predicted, the second class is that of samples above the mean.
pub(super) fn dots(samples: Option<&Samples>) -> Dots {
    let dots = match samples? {
        Samples::Points(points) => {
            points.iter().take(MAX_DOTS).map(|&(x, y, class)| (x.into(), y.into(), class.into())).collect()
        }
        Samples::Plane { axes: [x, y], train, test, classes, .. } => {
            let shown = train.iter().take(MAX_DOTS).chain(test.iter().take(MAX_DOTS));
            let class = |value: f32| {
                if classes.is_empty() { usize::from(value > 0.0) } else { value as usize }
            };
            let dot = |point: &PlanePoint| {
                (f64::from(x.value(point.x)), f64::from(y.value(point.y)), class(point.value))
            };
            shown.map(dot).collect()
        }
        Samples::Images { .. } => return None,
    };
    Some(Rc::new(dots))
}

/// Returns the names of the outputs of a network.
pub(super) fn output_names(samples: Option<&Samples>, images: &[&str]) -> Vec<String> {
    match samples {
        Some(Samples::Plane { target: Some(target), .. }) => vec![target.label.clone()],
        Some(Samples::Plane { classes, .. }) => classes.clone(),
        Some(Samples::Images { .. }) => images.iter().map(|name| (*name).to_owned()).collect(),
        _ => vec!["class 1".to_owned(), "class 2".to_owned()],
    }
}

/// The predictions of a network over the plane.
#[derive(Clone, PartialEq)]
pub(super) struct Prediction {
    grid: Grid,
    map: ColorMap,
    range: Option<(f64, f64)>,
    label: AttrValue,
    class_names: Rc<Vec<AttrValue>>,
    axes: Axes,
    dots: Dots,
    /// The curve, if there is one instead of a map.
    curve: Vec<Series>,
}

impl Prediction {
    /// Returns the predictions of an arm.
    pub(super) fn of(record: &Record, arm: usize) -> Self {
        let samples = record.samples().map(|samples| &**samples);
        let values = record.boundary(arm).filter(|values| values.len() == BOUNDARY_SIDE * BOUNDARY_SIDE);
        let side = if values.is_some() { BOUNDARY_SIDE } else { 0 };
        let mut prediction = Self {
            grid: Grid { rows: side, cols: side, values: values.cloned().unwrap_or_default() },
            map: ColorMap::Diverging,
            range: Some((0.0, 1.0)),
            label: "P(class 2)".into(),
            class_names: Rc::default(),
            axes: Axes::of(samples),
            dots: dots(samples),
            curve: Vec::new(),
        };
        match samples {
            Some(Samples::Plane { target: Some(target), .. }) => prediction.show_numbers(target),
            Some(Samples::Plane { classes, .. }) => {
                let predicted = record.classes(arm).map(|classes| classes.as_slice()).unwrap_or_default();
                prediction.show_classes(classes, predicted);
            }
            _ => {}
        }
        if let (Some(samples), Some(curve)) = (samples, record.curve(arm).filter(|curve| !curve.is_empty())) {
            prediction.curve = curve_series(samples, curve, arm);
        }
        prediction
    }

    fn show_numbers(&mut self, target: &Axis) {
        let values = self.grid.values.iter().map(|value| target.value(*value)).collect();
        self.grid.values = Rc::new(values);
        // Two standard deviations on each side of the mean.
        let (low, high) = (f64::from(target.value(-2.0)), f64::from(target.value(2.0)));
        (self.range, self.label) = (Some((low, high)), format!("predicted {}", target.label).into());
    }

    fn show_classes(&mut self, names: &[String], predicted: &[u8]) {
        if names.len() > 2 {
            let values = self.grid.values.iter().zip(predicted).map(|(p, class)| class_value(*class, *p));
            let values: Vec<f32> = values.collect();
            if values.len() == self.grid.values.len() {
                self.grid.values = Rc::new(values);
                self.map = ColorMap::Classes(names.len().min(usize::from(u8::MAX)) as u8);
                self.range = None;
            }
            self.label = "class".into();
            self.class_names = Rc::new(names.iter().map(|name| name.clone().into()).collect());
        } else if let Some(second) = names.get(1) {
            self.label = format!("P({second})").into();
        }
    }

    pub(super) fn is_curve(&self) -> bool {
        !self.curve.is_empty()
    }

    /// Returns the title of a picture of the predictions.
    pub(super) fn title(&self) -> &'static str {
        if self.is_curve() || self.has_color_bar() { "Predictions" } else { "Decision boundary" }
    }

    /// Returns the word for an output of the network.
    pub(super) fn output_word(&self) -> &'static str {
        if self.is_curve() || self.has_color_bar() { "prediction" } else { "logit" }
    }

    /// Returns the axes and the samples, for a map of something else over the same plane.
    pub(super) fn frame(&self) -> (Axes, Dots) {
        (self.axes.clone(), self.dots.clone())
    }

    pub(super) fn has_color_bar(&self) -> bool {
        self.label.starts_with("predicted")
    }

    /// Draws the predictions.
    pub(super) fn view(&self, name: impl Into<AttrValue>, max_height: f64, empty: &'static str) -> Html {
        let Axes { labels: [x_label, y_label], ranges: [x_range, y_range] } = self.axes.clone();
        if self.is_curve() {
            return html! {
                <LineChart name={name.into()} {x_label} {y_label} series={self.curve.clone()} y_range={Some(y_range)} {empty} />
            };
        }
        html! {
            <Heatmap name={name.into()} grid={self.grid.clone()} map={self.map} range={self.range} {x_label} {y_label}
                x_range={Some(x_range)} y_range={Some(y_range)} y_up={true} value_label={self.label.clone()} points={self.dots.clone()}
                class_names={self.class_names.clone()} smooth={true} color_bar={self.has_color_bar()} {max_height} {empty} />
        }
    }

    /// Returns the table of the predictions.
    pub(super) fn table(&self) -> Callback<(), Table> {
        if self.is_curve() {
            return series_table("x", &self.curve);
        }
        let (grid, Axes { labels: [x, y], ranges: [x_range, y_range] }) =
            (self.grid.clone(), self.axes.clone());
        Callback::from(move |()| Table::from_plane(&format!("{y} ↓ {x} →"), &grid, x_range, y_range))
    }
}

/// Returns the curve of a network, and the samples as dots.
fn curve_series(samples: &Samples, curve: &[f32], arm: usize) -> Vec<Series> {
    let Samples::Plane { axes: [x, y], train, test, .. } = samples else { return Vec::new() };
    let steps = (CURVE_POINTS - 1) as f32;
    let at = |index: usize| (index as f32 / steps * 2.0 - 1.0) * BOUNDARY_REACH;
    let place = |to: f32, value: f32| (f64::from(x.value(to)), f64::from(y.value(value)));
    let points = curve.iter().enumerate().map(|(index, value)| place(at(index), *value)).collect();
    let scatter = |part: &[PlanePoint]| {
        let mut points: Vec<(f64, f64)> =
            part.iter().take(MAX_DOTS).map(|point| place(point.x, point.y)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        // A gap after each point, so that no line joins them.
        Rc::new(points.into_iter().flat_map(|point| [point, (f64::NAN, f64::NAN)]).collect::<Vec<_>>())
    };
    vec![
        Series::new("prediction", Rc::new(points), arm),
        Series::new("training", scatter(train), SAMPLES[0]),
        Series::new("test", scatter(test), SAMPLES[1]),
    ]
}

/// Returns the explanation of a map.
pub(super) fn look_for(config: &Config, samples: Option<&Samples>) -> String {
    let Some(Samples::Plane { axes, classes, target, train, test }) = samples else {
        return "Circles and squares are test points of the two classes. Blue: the network predicts circles; orange: squares.".to_owned();
    };
    let d_in = config.task().d_in;
    let mut words = match target {
        Some(target) if d_in == 1 => format!(
            "The line is the {} that the network predicts. Dots are training and held-out samples.",
            target.label
        ),
        Some(target) => format!(
            "The color is the predicted {}. Squares are samples above the mean of the training samples, circles are below it.",
            target.label
        ),
        None => {
            let shape = |(class, name): (usize, &String)| {
                format!("{}: {name}", SHAPES.get(class % SHAPES.len()).copied().unwrap_or_default())
            };
            let shapes: Vec<String> = classes.iter().enumerate().map(shape).collect();
            let repeats = if classes.len() > SHAPES.len() {
                " Shapes and colors repeat after six classes."
            } else {
                ""
            };
            let colors = if classes.len() == 2 {
                "Blue: the network predicts the first class; orange: the second."
            } else {
                "The color of an area is that of the predicted class, and pale where it is uncertain."
            };
            format!("{}. {colors}{repeats}", shapes.join("; "))
        }
    };
    if d_in == 1 && target.is_none() {
        words += " There is only one feature, so the height has no meaning.";
    }
    if config.dataset == Dataset::Own && d_in > 2 {
        words += &match config.plane {
            PlaneChoice::Features => {
                let [x, y] = axes;
                format!(
                    " The map is the plane of {} and {}, with the {} other features at their mean.",
                    x.label,
                    y.label,
                    d_in - 2
                )
            }
            PlaneChoice::Components => format!(
                " The map is the plane of the first two principal components of {d_in} features, in standard deviations. The networks see all features."
            ),
        };
    }
    if train.len().max(test.len()) > MAX_DOTS {
        words += &format!(" At most {MAX_DOTS} training samples and as many held-out ones are drawn.");
    }
    words
}
