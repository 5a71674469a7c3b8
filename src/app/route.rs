//! Addresses: `#/mlp?depth=3&seed=1`. Hash routes, which static hosting serves without rewrites.

/// A section and its query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    pub slug: String,
    /// Keys and values in the order of the address.
    pub query: Vec<(String, String)>,
}

/// The version of the keys in an address. It goes up when one of them changes its name or its meaning.
pub const VERSION: u32 = 1;

/// Keys that have changed: until which version, in which section, from what, to what. An address without a version
/// is from before the first.
const RENAMED: &[(u32, &str, &str, &str)] = &[];

impl Route {
    /// Reads the part of an address from `#` on. Whatever it holds, some route comes of it.
    pub fn from_hash(hash: &str) -> Self {
        let path = hash.trim_start_matches('#').trim_start_matches('/');
        let (slug, query) = path.split_once('?').unwrap_or((path, ""));
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let slug = slug.trim_end_matches('/').to_owned();
        Self { query: renew(&slug, query, RENAMED), slug }
    }

    /// The part of the address from `#` on.
    pub fn to_hash(&self) -> String {
        if self.query.is_empty() {
            return format!("#/{}", self.slug);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        // That of a newer lab is kept as it is.
        if !self.query.iter().any(|(key, _)| key == "v") {
            query.append_pair("v", &VERSION.to_string());
        }
        format!("#/{}?{}", self.slug, query.finish())
    }
}

/// Brings the keys of an older address up to date. The version itself is taken away, unless it is newer than this one.
fn renew(
    slug: &str,
    mut query: Vec<(String, String)>,
    renamed: &[(u32, &str, &str, &str)],
) -> Vec<(String, String)> {
    let version = |(key, value): &(String, String)| (key == "v").then(|| value.parse::<u32>().unwrap_or(0));
    let written = query.iter().filter_map(version).next_back().unwrap_or(0);
    query.retain(|(key, _)| key != "v");
    for (until, section, old, new) in renamed {
        if written <= *until && *section == slug {
            query.iter_mut().filter(|(key, _)| key == old).for_each(|(key, _)| *key = (*new).to_owned());
        }
    }
    if written > VERSION {
        query.push(("v".to_owned(), written.to_string()));
    }
    query
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
        assert_eq!(Route::from_hash("#/mlp/?a=1").query, [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn older_addresses_are_brought_up_to_date_and_newer_ones_are_known() {
        let renamed = &[(1, "mlp", "layers", "depth")];
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        for old in [vec![pair("layers", "3")], vec![pair("v", "1"), pair("layers", "3")]] {
            assert_eq!(renew("mlp", old.clone(), renamed), [pair("depth", "3")]);
            assert_eq!(renew("rnn", old, renamed), [pair("layers", "3")]);
        }
        let new = Route::from_hash("#/mlp?v=7&layers=3");
        assert!(new.query.contains(&pair("v", "7")));
        assert_eq!(Route::from_hash(&new.to_hash()), new);
        assert_eq!(Route::from_hash("#/mlp?depth=3").to_hash(), "#/mlp?depth=3&v=1");
        assert_eq!(Route::from_hash("#/mlp").to_hash(), "#/mlp");
    }

    proptest! {
        #[test]
        fn any_query_survives_the_address(query in prop::collection::vec((".*", ".*"), 0..5)) {
            let query: Vec<_> = query.into_iter().filter(|(key, _)| key != "v").collect();
            let route = Route { slug: "mlp".into(), query };
            prop_assert_eq!(Route::from_hash(&route.to_hash()), route);
        }
    }
}
