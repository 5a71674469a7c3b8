//! A table as experiments read it from a data file.

use crate::core::LabError;
use crate::core::data_set::{Card, Content};
use crate::data::own::{self, held_out};
use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use rand::seq::SliceRandom;

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The number of features.
    pub n_features: usize,
    /// The features in their own units, `[n, n_features]`.
    pub values: Vec<f32>,
    /// The classes or numbers to be predicted.
    pub target: Target,
}

/// The target of a table: a class or a number per row.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A class per row.
    Classes {
        /// The number of classes.
        n_classes: usize,
        /// The classes, `[n]`.
        labels: Vec<u8>,
    },
    /// A number per row, `[n]`.
    Numbers(Vec<f32>),
}

impl Table {
    /// Reads a data file.
    ///
    /// # Errors
    ///
    /// Fails if it is damaged or not a table.
    pub fn open(bytes: &[u8]) -> Result<(Card, Self), LabError> {
        let (card, content) = own::read(bytes)?;
        let damaged =
            || LabError::Data("The stored table is damaged. Remove it and open its file again.".to_owned());
        let Content::Table { features, classes, .. } = &card.content else {
            return Err(LabError::Data(format!(
                "This run needs a table, and the data set is a {}.",
                card.data_id().map_or("file", |id| id.shape.kind().word())
            )));
        };
        let (n, n_features, n_classes) = (card.count as usize, features.len(), classes.len());
        let size = n.checked_mul(n_features).and_then(|values| values.checked_mul(4)).ok_or_else(damaged)?;
        let (values, target) = content.split_at_checked(size).ok_or_else(damaged)?;
        let target = if n_classes == 0 {
            Target::Numbers(numbers(target))
        } else {
            Target::Classes { n_classes, labels: target.to_vec() }
        };
        let table = Self { n_features, values: numbers(values), target };
        let is_whole = n > 0
            && table.values.iter().all(|value| value.is_finite())
            && match &table.target {
                Target::Classes { labels, .. } => {
                    labels.len() == n && labels.iter().all(|&label| usize::from(label) < n_classes)
                }
                Target::Numbers(numbers) => {
                    content.len() == size + 4 * n && numbers.iter().all(|number| number.is_finite())
                }
            };
        if is_whole { Ok((card, table)) } else { Err(damaged()) }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        match &self.target {
            Target::Classes { labels, .. } => labels.len(),
            Target::Numbers(numbers) => numbers.len(),
        }
    }

    /// Returns true if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the rows to train on and the rows to test, both in random order. A fifth of the rows of each class is held
    /// out, at least one.
    pub fn split(&self, seed: u64) -> [Vec<usize>; 2] {
        let mut rng = ChaCha12Rng::seed_from_u64(seed ^ 0x7ab1_e5e7);
        let groups: Vec<Vec<usize>> = match &self.target {
            Target::Numbers(numbers) => vec![(0..numbers.len()).collect()],
            Target::Classes { n_classes, labels } => {
                let mut groups = vec![Vec::new(); *n_classes];
                for (row, label) in labels.iter().enumerate() {
                    if let Some(group) = groups.get_mut(usize::from(*label)) {
                        group.push(row);
                    }
                }
                groups
            }
        };
        let mut parts = [Vec::new(), Vec::new()];
        for mut group in groups {
            group.shuffle(&mut rng);
            let test = held_out(group.len());
            let (tested, trained) = group.split_at_checked(test).unwrap_or_default();
            let [train_part, test_part] = &mut parts;
            train_part.extend_from_slice(trained);
            test_part.extend_from_slice(tested);
        }
        for part in &mut parts {
            part.shuffle(&mut rng);
        }
        parts
    }
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[cfg(test)]
mod tests {
    use crate::data::own::DataFile;
    use crate::data::own::table::stored::*;

    fn file(classes: &[&str], content: Vec<u8>, count: u32) -> Vec<u8> {
        let structure = Content::Table {
            features: vec!["x".to_owned()],
            target: "y".to_owned(),
            classes: classes.iter().map(|name| (*name).to_owned()).collect(),
        };
        DataFile::new("T", "t.csv", structure, count, content, Vec::new()).expect("a shape").to_bytes()
    }

    #[test]
    fn damaged_files_are_refused() {
        let values: Vec<u8> = [1.0f32, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let opened = Table::open(&file(&["a", "b"], [&values[..], &[0, 1]].concat(), 2)).expect("a table");
        assert_eq!(opened.1.values, [1.0, 2.0]);
        assert_eq!(opened.1.target, Target::Classes { n_classes: 2, labels: vec![0, 1] });
        let damaged = [
            file(&["a", "b"], [&values[..], &[0]].concat(), 2),
            file(&["a", "b"], [&values[..], &[0, 2]].concat(), 2),
            file(&["a", "b"], [&values[..], &[0, 1, 1]].concat(), 2),
            file(&["a", "b"], values.clone(), u32::MAX),
            file(&["a", "b"], Vec::new(), 0),
            file(&[], values.clone(), 2),
            file(&[], [&values[..], &values, &[0]].concat(), 2),
            file(&[], [&values[..], &f32::NAN.to_le_bytes(), &values[..4]].concat(), 2),
        ];
        for bytes in damaged {
            let error = Table::open(&bytes).expect_err("damaged").to_string();
            assert!(error.contains("damaged"), "{error}");
        }
        assert!(Table::open(b"").is_err());
    }

    #[test]
    fn a_fifth_of_each_class_is_held_out() {
        let labels: Vec<u8> = (0..103).map(|i| if i < 3 { 0 } else { 1 + (i % 2) as u8 }).collect();
        let table = Table {
            n_features: 1,
            values: vec![0.0; 103],
            target: Target::Classes { n_classes: 3, labels: labels.clone() },
        };
        let [train, test] = table.split(7);
        assert_eq!([train.len(), test.len()], [82, 21]);
        let count = |rows: &[usize], class| rows.iter().filter(|&&row| labels[row] == class).count();
        assert_eq!([0, 1, 2].map(|class| count(&test, class)), [1, 10, 10]);
        let mut all = [train.clone(), test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<_>>());
        assert_eq!(table.split(7), [train.clone(), test]);
        assert_ne!(table.split(8)[0], train);
        let first: Vec<u8> = train.iter().take(12).map(|&row| labels[row]).collect();
        assert!(first.contains(&1) && first.contains(&2), "the order is random: {first:?}");
    }

    #[test]
    fn numbers_are_split_without_classes() {
        let table = Table { n_features: 1, values: vec![0.0; 10], target: Target::Numbers(vec![0.0; 10]) };
        let [train, test] = table.split(1);
        assert_eq!([train.len(), test.len()], [8, 2]);
    }
}
