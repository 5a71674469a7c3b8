//! The keys and values of an address: the part after the `?` of `#/mlp?depth=3&seed=1`.

use std::fmt;

/// Keys and values in the order of the address. If a key occurs more than once, the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

/// Keys of an address and their new values; `None` removes one.
pub type Changes = Vec<(String, Option<String>)>;

impl Query {
    /// Reads percent-encoded text. Never fails: unreadable parts are kept as they are.
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Appends a key.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }

    /// Returns the query with some keys set and others removed.
    pub fn changed(&self, changes: &Changes) -> Self {
        let mut query = self.clone();
        for (key, value) in changes {
            query.0.retain(|(known, _)| known != key);
            query.0.extend(value.iter().map(|value| (key.clone(), value.clone())));
        }
        query
    }

    /// Returns the query with only the keys that `wanted` accepts.
    pub fn keep(&self, wanted: impl Fn(&str) -> bool) -> Self {
        self.iter().filter(|(key, _)| wanted(key)).collect()
    }

    /// Returns the keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns the number of key-value pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the first 40 characters of a text from an address, for a message about it.
pub fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Writes the query percent-encoded, as it is in an address.
///
/// Commas and colons stay as they are, and spaces become `%20`: a page that encodes an address once more would
/// otherwise break its lists, and some pages keep a `+`.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        // A plus sign and a percent sign of a value are encoded, so these replacements are unambiguous.
        f.write_str(&text.replace('+', "%20").replace("%2C", ",").replace("%3A", ":"))
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
    fn the_last_of_equal_keys_counts_and_a_change_keeps_one() {
        let query = Query::parse("depth=2&seed=1&depth=3");
        assert_eq!(query.get("depth"), Some("3"));
        assert_eq!(query.get("width"), None);
        let changed = query.changed(&vec![("depth".into(), Some("4".into())), ("seed".into(), None)]);
        assert_eq!(changed, Query::from([("depth", "4")]));
        assert_eq!(query.keep(|key| key == "seed").to_string(), "seed=1");
    }

    #[test]
    fn lists_survive_a_page_that_encodes_an_address_again() {
        let query = Query::from([("show", "loss,gates"), ("sweep", "depth:8,14"), ("ask", "a + b, 100%?")]);
        assert_eq!(query.to_string(), "show=loss,gates&sweep=depth:8,14&ask=a%20%2B%20b,%20100%25%3F");
    }

    proptest! {
        #[test]
        fn a_written_query_reads_as_the_same(pairs in prop::collection::vec((".*", ".*"), 0..5)) {
            let query: Query = pairs.into_iter().collect();
            prop_assert_eq!(Query::parse(&query.to_string()), query);
        }
    }
}
