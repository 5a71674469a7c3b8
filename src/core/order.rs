//! Sorting for the page: stable, like the standard library's, which compiles a kilobyte for every type that is sorted.

use std::cmp::Ordering;

/// Sorts by what `compare` says; equal items stay in their order.
pub fn sort_by<T: Clone>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let order = order(items.len(), &mut |one, other| match (items.get(one), items.get(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    });
    *items = order.into_iter().filter_map(|index| items.get(index).cloned()).collect();
}

/// Sorts by a key; items with the same key stay in their order.
pub fn sort_by_key<T: Clone, K: Ord>(items: &mut Vec<T>, mut key: impl FnMut(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts from the least to the greatest; NaN comes last.
pub fn sort_numbers(numbers: &mut Vec<f64>) {
    sort_by(numbers, f64::total_cmp);
}

/// The indices below `count` in their order: a merge sort from the bottom up.
fn order(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut width = 1;
    while width < count {
        let mut merged = Vec::with_capacity(count);
        for pair in order.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let (Some((first, left_rest)), Some((second, right_rest))) =
                (left.split_first(), right.split_first())
            {
                if compare(*second, *first) == Ordering::Less {
                    merged.push(*second);
                    right = right_rest;
                } else {
                    merged.push(*first);
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        order = merged;
        width *= 2;
    }
    order
}

#[cfg(test)]
mod tests {
    use crate::core::order::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(mut items: Vec<(u8, u16)>) {
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            sort_by_key(&mut items, |item| item.0);
            prop_assert_eq!(items, expected);
        }
    }

    #[test]
    fn numbers() {
        let mut numbers = vec![2.0, f64::NAN, -1.0, 0.5];
        sort_numbers(&mut numbers);
        assert_eq!(numbers.get(..3), Some(&[-1.0, 0.5, 2.0][..]));
    }
}
