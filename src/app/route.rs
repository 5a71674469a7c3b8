//! Addresses: `#/mlp?depth=3&seed=1`. Hash routes, which static hosting serves without rewrites.

/// A section and its query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    pub slug: String,
    /// Keys and values in the order of the address.
    pub query: Vec<(String, String)>,
}

impl Route {
    /// Reads the part of an address from `#` on. Whatever it holds, some route comes of it.
    pub fn from_hash(hash: &str) -> Self {
        let path = hash.trim_start_matches('#').trim_start_matches('/');
        let (slug, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            slug: slug.trim_end_matches('/').to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        }
    }

    /// The part of the address from `#` on.
    pub fn to_hash(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("#/{}{mark}{query}", self.slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn damaged_addresses_give_some_route() {
        for hash in ["", "#", "#/", "#/?", "#//x", "#/mlp?%E0%A4%A", "#/mlp?&&==&a", "#/\u{0}?\u{ffff}=1"] {
            Route::from_hash(hash);
        }
        assert_eq!(Route::from_hash("#/mlp").slug, "mlp");
        assert_eq!(Route::from_hash("#/mlp/?a=1").query, [("a".to_owned(), "1".to_owned())]);
    }

    proptest! {
        #[test]
        fn any_query_survives_the_address(query in prop::collection::vec((".*", ".*"), 0..5)) {
            let route = Route { slug: "mlp".into(), query };
            prop_assert_eq!(Route::from_hash(&route.to_hash()), route);
        }
    }
}
