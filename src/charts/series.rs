//! What a chart of lines is given.

use crate::charts::scale::ScaleKind;
use std::rc::Rc;
use yew::prelude::*;

/// A named line.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: AttrValue,
    /// x and y, in the order of x. Points that are not finite break the line.
    pub points: Rc<Vec<(f64, f64)>>,
    /// The number of its color, from 0.
    pub color: usize,
    pub dashed: bool,
    /// x, low and high of a band around it.
    pub band: Option<Rc<Vec<(f64, f64, f64)>>>,
}

impl Series {
    /// A solid line without a band.
    pub fn new(name: impl Into<AttrValue>, points: Rc<Vec<(f64, f64)>>, color: usize) -> Self {
        Self { name: name.into(), points, color, dashed: false, band: None }
    }
}

/// Points are compared by pointer: a frame that has not changed is not looked through.
impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        let same_band = match (&self.band, &other.band) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Rc::ptr_eq(ours, theirs) && ours.len() == theirs.len(),
            _ => false,
        };
        same_band
            && Rc::ptr_eq(&self.points, &other.points)
            && self.points.len() == other.points.len()
            && (&self.name, self.color, self.dashed) == (&other.name, other.color, other.dashed)
    }
}

/// A labelled horizontal line, such as chance level.
#[derive(Clone, PartialEq, Debug)]
pub struct Reference {
    pub label: AttrValue,
    pub y: f64,
}

#[derive(Clone, Properties, PartialEq, Debug)]
pub struct LineChartProps {
    /// What the chart is called; read out by screen readers.
    pub name: AttrValue,
    /// With its unit, as is `y_label`.
    pub x_label: AttrValue,
    pub y_label: AttrValue,
    #[prop_or_default]
    pub x_scale: ScaleKind,
    #[prop_or_default]
    pub y_scale: ScaleKind,
    pub series: Vec<Series>,
    #[prop_or_default]
    pub references: Vec<Reference>,
    /// The right end of the x axis, so that a growing line does not rescale it.
    #[prop_or_default]
    pub x_max: Option<f64>,
    /// Both ends of the y axis. What lies outside is cut off.
    #[prop_or_default]
    pub y_range: Option<(f64, f64)>,
    /// What to say while there is no data.
    #[prop_or_default]
    pub empty: AttrValue,
    /// Whether each point is marked.
    #[prop_or(false)]
    pub markers: bool,
    /// Whether x counts something.
    #[prop_or(false)]
    pub integer_x: bool,
    /// Told which point was clicked, or chosen with Enter: its x, and the number of its series.
    #[prop_or_default]
    pub on_pick: Option<Callback<(f64, usize)>>,
    /// What that does, such as "opens the run"; read out by screen readers.
    #[prop_or("chooses a point".into())]
    pub pick_label: AttrValue,
}
