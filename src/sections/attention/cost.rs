//! The cost of a layer in closed form. Its time is measured in `cost_time`.

/// The multiplications of a layer for one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplications {
    /// The four projections: `4 n d²`.
    pub project: u64,
    /// Scores and weighted sums, of all heads together: `2 n² d`.
    pub attend: u64,
}

impl Multiplications {
    /// Returns the multiplications for `n` tokens of `d_model` dimensions. The number of heads does not matter,
    /// because their dimensions add up to `d_model`.
    pub fn of(n: u32, d_model: u32) -> Self {
        let (n, d) = (u64::from(n), u64::from(d_model));
        Self { project: 4 * n * d * d, attend: 2 * n * n * d }
    }
}

/// Returns the length from which on scores and sums cost more than the projections: `2 d`.
pub fn break_even(d_model: u32) -> u32 {
    2 * d_model
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_cost_the_same_at_twice_the_dimension() {
        for d in [2, 32, 128] {
            let Multiplications { project, attend } = Multiplications::of(break_even(d), d);
            assert_eq!(project, attend);
            let longer = Multiplications::of(2 * break_even(d), d);
            assert_eq!((longer.project, longer.attend), (2 * project, 4 * attend));
        }
    }
}
