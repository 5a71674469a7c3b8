//! Charts: lines, bars, heatmaps and strips, and tables with the same data as numbers.
//!
//! The hard parts are pure and tested natively: [`scale`] (ticks), [`mod@format`], [`layout`] (decimation,
//! labels that do not overlap, sizes), [`color`] (color maps) and [`table`]. The rest is markup. Charts do
//! not know about experiments, and any data draws something sensible: no data, one point, equal values, NaN
//! and infinities.

pub mod bar;
pub mod canvas;
pub mod color;
pub mod format;
pub mod grid;
pub mod heatmap;
pub mod layout;
pub mod line;
pub mod marker;
pub mod measure;
pub mod scale;
pub mod series;
pub mod strips;
pub mod table;

mod axes;
mod cursor;
mod line_plot;
mod tooltip;

pub use crate::charts::{
    bar::{Bar, BarChart},
    color::ColorMap,
    cursor::{Cursor, chart_svg, readout, step_along, use_cursor},
    grid::Grid,
    heatmap::Heatmap,
    line::LineChart,
    measure::{ChartHeight, MaxMapHeight},
    scale::ScaleKind,
    series::{Reference, Series},
    strips::{Band, Strips},
    table::Table,
};
