//! The keys and values of an address: what stands behind the `?` of `#/mlp?depth=3&seed=1`.

use std::fmt;

/// Keys and values in the order of the address. Of several equal keys the last counts, as in a browser's own forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

/// Keys of an address and their new values; `None` removes one.
pub type Changes = Vec<(String, Option<String>)>;

impl Query {
    /// Reads percent-encoded text. Whatever it holds, some query comes of it.
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Adds a key behind the others.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }

    /// With some keys set and others removed; the rest stays as it is.
    pub fn changed(&self, changes: &Changes) -> Self {
        let mut query = self.clone();
        for (key, value) in changes {
            query.0.retain(|(known, _)| known != key);
            query.0.extend(value.iter().map(|value| (key.clone(), value.clone())));
        }
        query
    }

    /// Only the keys that are wanted.
    pub fn keep(&self, wanted: impl Fn(&str) -> bool) -> Self {
        self.iter().filter(|(key, _)| wanted(key)).collect()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many keys and values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Percent-encoded, as an address has it.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Query {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for Query {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> Extend<(K, V)> for Query {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        self.0.extend(pairs.into_iter().map(|(key, value)| (key.into(), value.into())));
    }
}

#[cfg(test)]
mod tests {
    use crate::core::query::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_of_equal_keys_counts_and_a_change_leaves_one() {
        let query = Query::parse("depth=2&seed=1&depth=3");
        assert_eq!(query.get("depth"), Some("3"));
        assert_eq!(query.get("width"), None);
        let changed = query.changed(&vec![("depth".into(), Some("4".into())), ("seed".into(), None)]);
        assert_eq!(changed, Query::from([("depth", "4")]));
        assert_eq!(query.keep(|key| key == "seed").to_string(), "seed=1");
    }

    proptest! {
        #[test]
        fn it_survives_being_written(pairs in prop::collection::vec((".*", ".*"), 0..5)) {
            let query: Query = pairs.into_iter().collect();
            prop_assert_eq!(Query::parse(&query.to_string()), query);
        }
    }
}
