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

/// Punctuation that is copied along with a link from a sentence.
const PUNCTUATION: &[char] = &[
    ')', ']', '}', '>', '.', ',', ';', ':', '!', '?', '"', '\'', '`', '”', '’', '»', '“', '‘', '«', '(', '[',
];

impl Route {
    /// Reads the part of an address from `#` on. It never fails; unreadable parts are dropped. It also reads
    /// what mail programs, chats and wikis make of an address: `&amp;` for `&`, `%3F` for `?`, `#!/`,
    /// capitals, and a full stop or a parenthesis at its end.
    pub fn from_hash(hash: &str) -> Self {
        let (path, query) = split(hash);
        let (slug, chapter) = path.split_once('/').unwrap_or((&path, ""));
        let name =
            |text: &str| text.trim_matches(|c: char| is_punctuation(c) || c == '/').to_ascii_lowercase();
        let (slug, chapter) = (name(slug), name(chapter));
        let chapter = Some(chapter).filter(|chapter| !chapter.is_empty());
        Self { query: renew(&slug, &query, RENAMED), slug, chapter }
    }

    /// Returns true if the part of an address from `#` on is written as [`to_hash`](Self::to_hash) writes it,
    /// apart from the version and the way characters are encoded.
    pub fn is_tidy(hash: &str) -> bool {
        let route = Self::from_hash(hash);
        let (path, query) = hash.split_once('?').unwrap_or((hash, ""));
        let query = Query::parse(query);
        let has_version = query.get("v").is_none_or(|version| version.parse::<u32>().is_ok());
        let is_same = path == route.path() && renew(&route.slug, &query, RENAMED) == route.query;
        route.slug.is_empty() || has_version && is_same
    }

    fn path(&self) -> String {
        // A wrong name may have any characters, and must not be read as something else the next time.
        let escaped = |name: &str| form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
        let chapter = self.chapter.as_deref().map_or_else(String::new, |name| format!("/{}", escaped(name)));
        format!("#/{}{chapter}", escaped(&self.slug))
    }

    /// Returns the part of the address from `#` on.
    pub fn to_hash(&self) -> String {
        let path = self.path();
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

fn is_punctuation(c: char) -> bool {
    c.is_whitespace() || PUNCTUATION.contains(&c)
}

/// Returns the keys of percent-encoded text, decoded.
fn decoded(text: &str) -> String {
    Query::parse(text).iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>().join("&")
}

/// Splits an address into its path, decoded, and its query.
fn split(hash: &str) -> (String, Query) {
    const START: [char; 4] = ['#', '!', '/', ' '];
    let text = hash.trim_start_matches(START);
    // Escaped characters have the same number of bytes in capitals.
    let escaped = text.to_ascii_uppercase().find("%3F");
    let (path, query) = match (text.find(['?', '&']), escaped) {
        (Some(at), escaped) if escaped.is_none_or(|escaped| at < escaped) => {
            (&text[..at], text[at + 1..].to_owned())
        }
        (_, Some(at)) => {
            let rest = &text[at + 3..];
            // If only the question mark was escaped, the values must not be decoded twice.
            (&text[..at], if rest.contains('=') { rest.to_owned() } else { decoded(rest) })
        }
        (_, None) => (text, String::new()),
    };
    (decoded(path).trim_start_matches(START).to_owned(), read_query(&query))
}

/// Reads a query, also with `&amp;`, with several `?`, and with punctuation at its end.
fn read_query(text: &str) -> Query {
    // Escaped once or more often, `&amp;` leaves this in front of the key. The lab writes `;` as `%3B`.
    let parts = text.split('&').map(|part| part.trim_start_matches("amp;"));
    let is_text = |part: &str| ["ask", "lesson_", "item"].iter().any(|start| part.starts_with(start));
    let pairs = parts.flat_map(|part| {
        // A question may end with a question mark, and an item of a lesson has one; anything else has none.
        let separators: &[char] = if is_text(part) { &[] } else { &['?'] };
        part.split(separators)
    });
    let query = Query::parse(&pairs.filter(|pair| !pair.is_empty()).collect::<Vec<_>>().join("&"));
    let last = query.len().saturating_sub(1);
    let trimmed = query.iter().enumerate().map(|(index, (key, value))| {
        let end = if index == last && !is_text(key) { value.trim_end_matches(is_punctuation) } else { value };
        (key.to_owned(), end.to_owned())
    });
    trimmed.filter(|(key, value)| !(value.is_empty() && key.chars().all(is_punctuation))).collect()
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
    fn addresses_that_were_altered_on_their_way_open_what_was_meant() {
        let meant = Route::from_hash("#/mlp/collapse?depth=5&seed=2");
        assert_eq!((meant.slug.as_str(), meant.chapter.as_deref()), ("mlp", Some("collapse")));
        assert_eq!(meant.query, Query::from([("depth", "5"), ("seed", "2")]));
        for hash in [
            "#/mlp/collapse?depth=5&amp;seed=2",
            "#/mlp/collapse?depth=5&amp;amp;seed=2",
            "#/MLP/Collapse?depth=5&seed=2",
            "#!/mlp/collapse?depth=5&seed=2",
            "#mlp/collapse?depth=5&seed=2",
            "#/mlp/collapse/?depth=5&seed=2",
            "#/mlp/collapse%3Fdepth=5&seed=2",
            "#/mlp/collapse%3fdepth%3D5%26seed%3D2",
            "#%2Fmlp%2Fcollapse?depth=5&seed=2",
            "#/mlp/collapse?depth=5?seed=2",
            "#/mlp/collapse??depth=5&seed=2",
            "#/mlp/collapse&depth=5&seed=2",
            "#/mlp/collapse?depth=5&seed=2)",
            "#/mlp/collapse?depth=5&seed=2.",
            "#/mlp/collapse?depth=5&seed=2).",
            "#/mlp/collapse?depth=5&seed=2%20",
            "#/mlp/collapse?depth=5&seed=2%22",
            "#/mlp/collapse?depth=5&seed=2&v=1%E2%80%9D,",
            "#/mlp/collapse?depth=5&seed=2?",
            "#/mlp/collapse?&depth=5&&seed=2&",
        ] {
            assert_eq!(Route::from_hash(hash), meant, "{hash}");
            assert!(!Route::is_tidy(hash) || hash.contains("&&"), "{hash}");
        }
        for hash in ["#/mlp.", "#/mlp)", "#/mlp%20", "#/MLP/", "#mlp", "#!mlp", "#/mlp?"] {
            assert_eq!(Route::from_hash(hash), Route { slug: "mlp".into(), ..Route::default() }, "{hash}");
        }
        for tidy in [
            "",
            "#",
            "#/",
            "#/mlp",
            "#/mlp?depth=5",
            "#/mlp/collapse?depth=5&seed=2&v=1",
            "#/mlp?ask=Why%3F+So.",
        ] {
            assert!(Route::is_tidy(tidy), "{tidy}");
        }
    }

    #[test]
    fn questions_keep_their_punctuation() {
        for (hash, text) in [
            ("#/mlp?ask=Why?&seed=2", "Why?"),
            ("#/mlp?seed=2&ask=Why+not%20so?", "Why not so?"),
            ("#/mlp?seed=2&ask=So%2C+%22why%22%3F", "So, \"why\"?"),
            ("#/mlp?ask=Is+a%3Db%26c%3F&seed=2", "Is a=b&c?"),
        ] {
            let query = Route::from_hash(hash).query;
            assert_eq!((query.get("ask"), query.get("seed").unwrap_or("2")), (Some(text), "2"), "{hash}");
        }
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
        /// Keys are words. A key of punctuation alone would be taken for the end of a sentence.
        #[test]
        fn any_query_survives_the_address(query in prop::collection::vec(("[a-z_]{1,9}", ".*"), 0..5), chapter in prop::option::of("[a-z-]{1,9}")) {
            let query = query.into_iter().filter(|(key, _)| key != "v").collect();
            let route = Route { slug: "mlp".into(), chapter, query };
            prop_assert_eq!(Route::from_hash(&route.to_hash()), route);
        }
    }
}
