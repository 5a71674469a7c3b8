//! The properties of a heatmap.

use crate::charts::{color::ColorMap, grid::Grid};
use std::rc::Rc;
use yew::prelude::*;

/// The properties of a heatmap.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct HeatmapProps {
    /// The map's name, spoken by screen readers.
    pub name: AttrValue,
    /// The values of the cells.
    pub grid: Grid,
    /// The color map.
    pub map: ColorMap,
    /// The values at the ends of the color map. By default they follow the data.
    #[prop_or_default]
    pub range: Option<(f64, f64)>,
    /// The label of the x axis.
    pub x_label: AttrValue,
    /// The label of the y axis.
    pub y_label: AttrValue,
    /// If empty, rows are numbered from 0.
    #[prop_or_default]
    pub row_names: Rc<Vec<AttrValue>>,
    /// If empty, columns are numbered from 0.
    #[prop_or_default]
    pub col_names: Rc<Vec<AttrValue>>,
    /// The values at the left and the right edge, for a numeric axis instead of names.
    #[prop_or_default]
    pub x_range: Option<(f64, f64)>,
    /// The minimum and the maximum of y. `y_up` puts the maximum at the top.
    #[prop_or_default]
    pub y_range: Option<(f64, f64)>,
    /// True if row 0 is at the bottom.
    #[prop_or(false)]
    pub y_up: bool,
    /// The quantity that the colors show, with its unit.
    #[prop_or_default]
    pub value_label: AttrValue,
    /// Further values that the cursor reads at a cell: names, and grids of the same shape.
    #[prop_or_default]
    pub also: Vec<(AttrValue, Grid)>,
    /// x, y and class of data points to draw on the cells. On an axis of names the first cell spans 0 to 1.
    /// Classes differ in shape as well as in color.
    #[prop_or_default]
    pub points: Option<Rc<Vec<(f64, f64, usize)>>>,
    /// The names of the classes, for a map of classes.
    #[prop_or_default]
    pub class_names: Rc<Vec<AttrValue>>,
    /// True if colors blend between cells.
    #[prop_or(false)]
    pub smooth: bool,
    /// The text of a heatmap without data.
    #[prop_or_default]
    pub empty: AttrValue,
    /// The maximum height of the plot, in pixels.
    #[prop_or(320.0)]
    pub max_height: f64,
    /// False if the colors are explained elsewhere, so that the cells have the room of the color bar.
    #[prop_or(true)]
    pub color_bar: bool,
    /// Receives the cursor's row and column whenever they change.
    #[prop_or_default]
    pub on_cursor: Callback<Option<(usize, usize)>>,
    /// Receives the cell that was clicked, or chosen with Enter.
    #[prop_or_default]
    pub on_pick: Option<Callback<(usize, usize)>>,
    /// The effect of choosing a cell, such as "opens the run", spoken by screen readers.
    #[prop_or("chooses a cell".into())]
    pub pick_label: AttrValue,
}
