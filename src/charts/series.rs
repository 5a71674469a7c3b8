//! The properties of a line chart.

use crate::charts::scale::ScaleKind;
use std::rc::Rc;
use yew::prelude::*;

/// A named line.
#[derive(Clone, Debug)]
pub struct Series {
    /// The name of the line.
    pub name: AttrValue,
    /// x and y, in order of x. Points that are not finite break the line.
    pub points: Rc<Vec<(f64, f64)>>,
    /// The index of the line's color.
    pub color: usize,
    /// True if the line is dashed.
    pub dashed: bool,
    /// True for a thin line in the background, which the cursor does not read.
    pub thin: bool,
    /// x, low and high of a band around the line.
    pub band: Option<Rc<Vec<(f64, f64, f64)>>>,
}

impl Series {
    /// Returns a solid line without a band.
    pub fn new(name: impl Into<AttrValue>, points: Rc<Vec<(f64, f64)>>, color: usize) -> Self {
        Self { name: name.into(), points, color, dashed: false, thin: false, band: None }
    }
}

/// Points are compared by pointer, so that comparing unchanged frames is cheap.
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
            && (&self.name, self.color, self.dashed, self.thin)
                == (&other.name, other.color, other.dashed, other.thin)
    }
}

/// A labeled horizontal line, such as chance level.
#[derive(Clone, PartialEq, Debug)]
pub struct Reference {
    /// The text at the right end of the line.
    pub label: AttrValue,
    /// The value at which the line is.
    pub y: f64,
}

/// The properties of a line chart.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct LineChartProps {
    /// The chart's name, spoken by screen readers.
    pub name: AttrValue,
    /// The name of the x axis with its unit.
    pub x_label: AttrValue,
    /// The name of the y axis with its unit.
    pub y_label: AttrValue,
    /// The scale of the x axis.
    #[prop_or_default]
    pub x_scale: ScaleKind,
    /// The scale of the y axis.
    #[prop_or_default]
    pub y_scale: ScaleKind,
    /// The lines.
    pub series: Vec<Series>,
    /// Horizontal reference lines.
    #[prop_or_default]
    pub references: Vec<Reference>,
    /// The right end of the x axis, so that a growing line does not rescale it.
    #[prop_or_default]
    pub x_max: Option<f64>,
    /// Both ends of the y axis. Values outside are clipped.
    #[prop_or_default]
    pub y_range: Option<(f64, f64)>,
    /// The text shown while there is no data.
    #[prop_or_default]
    pub empty: AttrValue,
    /// True if each point is marked.
    #[prop_or(false)]
    pub markers: bool,
    /// True if x is a count.
    #[prop_or(false)]
    pub integer_x: bool,
    /// Receives the point that was clicked, or chosen with Enter: its x, and the index of its series.
    #[prop_or_default]
    pub on_pick: Option<Callback<(f64, usize)>>,
    /// The effect of choosing a point, such as "opens the run", spoken by screen readers.
    #[prop_or("chooses a point".into())]
    pub pick_label: AttrValue,
}
