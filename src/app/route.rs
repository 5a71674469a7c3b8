//! Addresses: `#/mlp/collapse?depth=3&seed=1`. Hash routes, which static hosting serves without rewrites.

use crate::core::query::Query;

/// A section, optionally one of its chapters, and the query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The section's name in the address.
    pub slug: String,
    /// The chapter's name in the address.
    pub chapter: Option<String>,
    /// The query, without the version.
    pub query: Query,
}

/// The version of the keys in an address. It increases when a key changes its name or its meaning.
pub const VERSION: u32 = 1;

/// The renamed keys: the last version with the old name, the section, the old name and the new name. An
/// address without a version is older than the first.
const RENAMED: &[(u32, &str, &str, &str)] = &[];

impl Route {
    /// Reads the part of an address from `#` on. It never fails; unreadable parts are dropped.
    pub fn from_hash(hash: &str) -> Self {
        let path = hash.trim_start_matches('#').trim_start_matches('/');
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (slug, chapter) = path.split_once('/').unwrap_or((path, ""));
        let chapter = Some(chapter.trim_end_matches('/').to_owned()).filter(|chapter| !chapter.is_empty());
        Self { query: renew(slug, &Query::parse(query), RENAMED), slug: slug.to_owned(), chapter }
    }

    /// Returns the part of the address from `#` on.
    pub fn to_hash(&self) -> String {
        let chapter = self.chapter.as_ref().map_or_else(String::new, |chapter| format!("/{chapter}"));
        let path = format!("#/{}{chapter}", self.slug);
        if self.query.is_empty() {
            return path;
        }
        let mut query = self.query.clone();
        // The version of a newer lab is kept.
        if query.get("v").is_none() {
            query.push("v", VERSION.to_string());
        }
        format!("{path}?{query}")
    }
}

/// Renames the keys of an older address. The version is removed, unless it is newer than this one.
fn renew(slug: &str, query: &Query, renamed: &[(u32, &str, &str, &str)]) -> Query {
    let written = query.get("v").map_or(0, |version| version.parse().unwrap_or(0));
    let name = |key: &str| {
        renamed
            .iter()
            .filter(|(until, section, ..)| written <= *until && *section == slug)
            .fold(key.to_owned(), |key, (_, _, old, new)| if key == *old { (*new).to_owned() } else { key })
    };
    let mut renewed: Query =
        query.iter().filter(|(key, _)| *key != "v").map(|(key, value)| (name(key), value)).collect();
    if written > VERSION {
        renewed.push("v", written.to_string());
    }
    renewed
}

#[cfg(test)]
mod tests {
    use crate::app::route::*;
    use proptest::prelude::*;

    #[test]
    fn damaged_addresses_give_some_route() {
        for hash in ["", "#", "#/", "#/?", "#//x", "#/mlp?%E0%A4%A", "#/mlp?&&==&a", "#/\u{0}?\u{ffff}=1"] {
            Route::from_hash(hash);
        }
        assert_eq!(Route::from_hash("#/mlp").slug, "mlp");
        assert_eq!(Route::from_hash("#/mlp/").chapter, None);
        assert_eq!(Route::from_hash("#/mlp/collapse/?a=1").chapter.as_deref(), Some("collapse"));
        assert_eq!(Route::from_hash("#/mlp/?a=1").query, Query::from([("a", "1")]));
    }

    #[test]
    fn older_addresses_are_brought_up_to_date_and_newer_ones_are_known() {
        let renamed = &[(1, "mlp", "layers", "depth")];
        for old in ["layers=3", "v=1&layers=3"].map(Query::parse) {
            assert_eq!(renew("mlp", &old, renamed).to_string(), "depth=3");
            assert_eq!(renew("rnn", &old, renamed).to_string(), "layers=3");
        }
        let new = Route::from_hash("#/mlp?v=7&layers=3");
        assert_eq!(new.query.get("v"), Some("7"));
        assert_eq!(Route::from_hash(&new.to_hash()), new);
        assert_eq!(Route::from_hash("#/mlp?depth=3").to_hash(), "#/mlp?depth=3&v=1");
        assert_eq!(Route::from_hash("#/mlp").to_hash(), "#/mlp");
    }

    proptest! {
        #[test]
        fn any_query_survives_the_address(query in prop::collection::vec((".*", ".*"), 0..5), chapter in prop::option::of("[a-z-]{1,9}")) {
            let query = query.into_iter().filter(|(key, _)| key != "v").collect();
            let route = Route { slug: "mlp".into(), chapter, query };
            prop_assert_eq!(Route::from_hash(&route.to_hash()), route);
        }
    }
}
