//! The values of a heatmap or of strips.

use std::rc::Rc;

/// A matrix of values in row-major order.
#[derive(Clone, Default, Debug)]
pub struct Grid {
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub cols: usize,
    /// The values, one row after the other.
    pub values: Rc<Vec<f32>>,
}

impl Grid {
    /// Returns the value of a cell, or `None` outside the grid.
    pub fn at(&self, row: usize, col: usize) -> Option<f32> {
        if row >= self.rows || col >= self.cols {
            return None;
        }
        self.values.get(row * self.cols + col).copied()
    }

    /// Returns true if there is nothing to draw.
    pub(in crate::charts) fn is_empty(&self) -> bool {
        self.rows == 0 || self.cols == 0 || self.values.is_empty()
    }
}

/// Values are compared by pointer, so that comparing grids is cheap.
impl PartialEq for Grid {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.cols) == (other.rows, other.cols) && Rc::ptr_eq(&self.values, &other.values)
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::grid::*;

    #[test]
    fn cells_out_of_the_grid_are_none() {
        let grid = Grid { rows: 2, cols: 2, values: Rc::new(vec![1.0, 2.0, 3.0]) };
        assert_eq!(grid.at(1, 0), Some(3.0));
        assert_eq!(grid.at(1, 1), None);
        assert_eq!(grid.at(0, 2), None);
        assert_eq!(grid.at(usize::MAX, 0), None);
    }
}
