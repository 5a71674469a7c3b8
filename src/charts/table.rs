//! A figure's data as a table of numbers, and its CSV. Pure.

use crate::charts::{Bar, Grid, Series, scale::format_exact};
use yew::AttrValue;

/// A table of text cells. Every row is as long as the list of columns.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table {
    /// The header of each column.
    pub columns: Vec<String>,
    /// The cells of each row.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns comma-separated values (RFC 4180) with a header line.
    pub fn to_csv(&self) -> String {
        let mut csv = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            let fields: Vec<String> = row.iter().map(|field| quote(field)).collect();
            csv.push_str(&fields.join(","));
            csv.push_str("\r\n");
        }
        csv
    }

    /// Returns at most `rows` rows by `columns` columns, evenly spaced and including the first and the last,
    /// for tables that are too large for the page.
    pub fn thinned(&self, rows: usize, columns: usize) -> Self {
        let kept = evenly(self.columns.len(), columns);
        let pick = |row: &Vec<String>| kept.iter().filter_map(|index| row.get(*index).cloned()).collect();
        Self {
            columns: pick(&self.columns),
            rows: evenly(self.rows.len(), rows)
                .into_iter()
                .filter_map(|index| self.rows.get(index))
                .map(pick)
                .collect(),
        }
    }

    /// Returns one row per x of any series and one column per series, with two more for the edges of its
    /// band.
    pub fn from_series(x_label: &str, series: &[Series]) -> Self {
        let mut xs: Vec<f64> =
            series.iter().flat_map(|series| series.points.iter().map(|point| point.0)).collect();
        xs.extend(
            series
                .iter()
                .filter_map(|series| series.band.as_ref())
                .flat_map(|band| band.iter().map(|it| it.0)),
        );
        xs.sort_by(f64::total_cmp);
        xs.dedup_by(|a, b| a.total_cmp(b).is_eq());
        let mut columns = vec![x_label.to_owned()];
        let mut rows: Vec<Vec<String>> = xs.iter().map(|x| vec![format_exact(*x)]).collect();
        for series in series {
            columns.push(series.name.to_string());
            add_column(&xs, &mut rows, series.points.iter().copied());
            if let Some(band) = &series.band {
                columns.push(format!("{}, low", series.name));
                add_column(&xs, &mut rows, band.iter().map(|(x, low, _)| (*x, *low)));
                columns.push(format!("{}, high", series.name));
                add_column(&xs, &mut rows, band.iter().map(|(x, _, high)| (*x, *high)));
            }
        }
        Self { columns, rows }
    }

    /// Returns a grid over a plane. Rows and columns are named by the coordinates of their centers, so that
    /// the file can be drawn elsewhere without the figure. `corner` names both coordinates.
    pub fn from_plane(corner: &str, grid: &Grid, x_range: (f64, f64), y_range: (f64, f64)) -> Self {
        let centers = |count: usize, (low, high): (f64, f64)| -> Vec<AttrValue> {
            let step = (high - low) / count.max(1) as f64;
            // The coordinates are computed, so digits beyond the sixth are rounding errors.
            let center = |index: usize| (1e6 * (low + (index as f64 + 0.5) * step)).round() / 1e6;
            (0..count).map(|index| format_exact(center(index)).into()).collect()
        };
        Self::from_named_grid(corner, grid, &centers(grid.rows, y_range), &centers(grid.cols, x_range))
    }

    /// Returns the grid with names for rows and columns. `corner` names the rows. Missing names are numbers
    /// from 0.
    pub fn from_named_grid(
        corner: &str,
        grid: &Grid,
        row_names: &[AttrValue],
        col_names: &[AttrValue],
    ) -> Self {
        let name = |names: &[AttrValue], index: usize| {
            names.get(index).map_or_else(|| index.to_string(), |name| name.to_string())
        };
        let mut columns = vec![corner.to_owned()];
        columns.extend((0..grid.cols).map(|col| name(col_names, col)));
        let rows = (0..grid.rows)
            .map(|row| {
                let mut cells = vec![name(row_names, row)];
                cells.extend((0..grid.cols).map(|col| {
                    grid.at(row, col).map(|value| format_exact(f64::from(value))).unwrap_or_default()
                }));
                cells
            })
            .collect();
        Self { columns, rows }
    }

    /// Returns one row per bar and one column per group.
    pub fn from_bars(x_label: &str, groups: &[AttrValue], bars: &[Bar]) -> Self {
        let width = bars.iter().map(|bar| bar.values.len()).max().unwrap_or(0).max(groups.len());
        let mut columns = vec![x_label.to_owned()];
        columns.extend((0..width).map(|index| match groups.get(index) {
            Some(group) => group.to_string(),
            None => format!("value {}", index + 1),
        }));
        let rows = bars
            .iter()
            .map(|bar| {
                let mut cells = vec![bar.label.to_string()];
                cells.extend(
                    (0..width)
                        .map(|index| bar.values.get(index).copied().map(format_exact).unwrap_or_default()),
                );
                cells
            })
            .collect();
        Self { columns, rows }
    }
}

/// Adds a column with the value at each x, or nothing. If a series has two values at one x, the later one
/// counts.
fn add_column(xs: &[f64], rows: &mut [Vec<String>], points: impl Iterator<Item = (f64, f64)>) {
    let mut column = vec![None; xs.len()];
    for (x, y) in points {
        if let Ok(index) = xs.binary_search_by(|other| other.total_cmp(&x))
            && let Some(cell) = column.get_mut(index)
        {
            *cell = Some(y);
        }
    }
    for (row, cell) in rows.iter_mut().zip(column) {
        row.push(cell.map(format_exact).unwrap_or_default());
    }
}

fn quote(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// Returns at most `max` evenly spaced indices below `count`, including the first and the last.
fn evenly(count: usize, max: usize) -> Vec<usize> {
    if count <= max || max < 2 {
        return (0..count.min(max)).collect();
    }
    (0..max).map(|index| index * (count - 1) / (max - 1)).collect()
}

#[cfg(test)]
mod tests {
    use crate::charts::table::*;
    use std::rc::Rc;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn csv_is_quoted() {
        let table = Table {
            columns: row(&["step", "loss, nats"]),
            rows: vec![row(&["1", "a \"b\""]), row(&["2", "line\nbreak"])],
        };
        assert_eq!(table.to_csv(), "step,\"loss, nats\"\r\n1,\"a \"\"b\"\"\"\r\n2,\"line\nbreak\"\r\n");
    }

    #[test]
    fn series_are_joined_by_x() {
        let loss = Series::new("loss", Rc::new(vec![(0.0, 2.0), (10.0, 1.0)]), 0);
        let mut accuracy = Series::new("accuracy", Rc::new(vec![(10.0, 0.5), (20.0, f64::NAN)]), 1);
        accuracy.band = Some(Rc::new(vec![(10.0, 0.4, 0.6)]));
        let table = Table::from_series("step", &[loss, accuracy]);
        assert_eq!(table.columns, ["step", "loss", "accuracy", "accuracy, low", "accuracy, high"]);
        assert_eq!(
            table.rows,
            [
                row(&["0", "2", "", "", ""]),
                row(&["10", "1", "0.5", "0.4", "0.6"]),
                row(&["20", "", "NaN", "", ""])
            ]
        );
    }

    #[test]
    fn grids_and_bars_fill_their_gaps() {
        let grid = Grid { rows: 2, cols: 2, values: Rc::new(vec![1.0, 2.0, 3.0]) };
        let table = Table::from_named_grid("row", &grid, &["a".into()], &[]);
        assert_eq!(table.columns, ["row", "0", "1"]);
        assert_eq!(table.rows, [row(&["a", "1", "2"]), row(&["1", "3", ""])]);
        let bars =
            [Bar { label: "x".into(), values: vec![1.0] }, Bar { label: "y".into(), values: vec![1.0, 2.0] }];
        let table = Table::from_bars("layer", &["measured".into()], &bars);
        assert_eq!(table.columns, ["layer", "measured", "value 2"]);
        assert_eq!(table.rows, [row(&["x", "1", ""]), row(&["y", "1", "2"])]);
    }

    #[test]
    fn a_plane_is_named_by_its_coordinates() {
        let grid = Grid { rows: 1, cols: 2, values: Rc::new(vec![0.25, 0.75]) };
        let table = Table::from_plane("y, x", &grid, (-1.2, 1.2), (0.0, 0.3));
        assert_eq!(table.columns, ["y, x", "-0.6", "0.6"]);
        assert_eq!(table.rows, [row(&["0.15", "0.25", "0.75"])]);
    }

    #[test]
    fn thinning_keeps_the_ends() {
        let table =
            Table { columns: row(&["x"]), rows: (0..1000).map(|index| vec![index.to_string()]).collect() };
        let thin = table.thinned(400, 10);
        assert_eq!(thin.rows.len(), 400);
        assert_eq!(thin.rows.first(), table.rows.first());
        assert_eq!(thin.rows.last(), table.rows.last());
        assert_eq!(table.thinned(5000, 10), table);
        assert_eq!(Table::default().thinned(3, 3), Table::default());
    }
}
