//! Charts: lines, bars and heatmaps that draw what they are given, and the tables that say the same in numbers.
//!
//! What is hard to get right is pure and tested natively: [`scale`] (ticks), [`mod@format`], [`layout`] (decimation,
//! labels that do not overlap, sizes), [`color`] (color maps) and [`table`]. The rest is markup. Nothing here
//! knows an experiment, and nothing panics on what an experiment may send: empty data, one point, equal values,
//! NaN and infinities all draw something sensible.

pub mod bar;
pub mod canvas;
pub mod color;
pub mod format;
pub mod heatmap;
pub mod layout;
pub mod line;
pub mod measure;
pub mod scale;
pub mod series;
pub mod strips;
pub mod table;

mod axes;
mod line_plot;
mod tooltip;

pub use crate::charts::{
    bar::{Bar, BarChart},
    heatmap::{ColorMap, Grid, Heatmap},
    line::LineChart,
    scale::ScaleKind,
    series::{Reference, Series},
    strips::{Band, Strips},
    table::Table,
};
