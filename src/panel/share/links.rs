//! Addresses of panels. Pure, except for the page's own address.

use crate::assignment::KEYS;
use crate::core::query::Query;
use gloo::utils::window;

/// Returns the address of the page without its hash.
pub(super) fn page() -> String {
    let href = window().location().href().unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

/// Returns the folder of the page, ending in a slash.
pub(super) fn folder() -> String {
    let page = page();
    let page = page.split('?').next().unwrap_or_default();
    page.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"))
}

/// Returns the path of a section, or of one of its chapters, in an address.
pub(super) fn path(slug: &str, chapter: Option<&str>) -> String {
    chapter.map_or_else(|| slug.to_owned(), |chapter| format!("{slug}/{chapter}"))
}

/// Returns a link to a path with these keys.
fn link(path: &str, query: &Query) -> String {
    format!("{}{}", page(), hash(path, query))
}

/// Returns the part of an address from `#` on.
pub(super) fn hash(path: &str, query: &Query) -> String {
    format!("#/{path}{}{query}", if query.is_empty() { "" } else { "?" })
}

/// Returns the hash of a chapter with these keys.
pub(in crate::panel) fn chapter_hash(slug: &str, chapter: &str, query: &Query) -> String {
    hash(&path(slug, Some(chapter)), query)
}

/// Returns the keys for a link to the page itself, without the key that puts it into a frame.
fn for_reader(query: &Query) -> Query {
    query.keep(|key| key != "embed")
}

/// Returns a link to the page itself, as a reader gets it.
pub(in crate::panel) fn link_for_reader(slug: &str, chapter: Option<&str>, query: &Query) -> String {
    link(&path(slug, chapter), &for_reader(query))
}

/// The keys of the page's appearance.
const APPEARANCE: &[&str] = &["embed", "share", "theme", "v"];

/// Returns the keys of the section's set-up, without those of the assignment and of the page's appearance.
pub(super) fn set_up(query: &Query) -> Query {
    query.keep(|key| !KEYS.contains(&key) && !APPEARANCE.contains(&key))
}

/// Returns the keys of the page's appearance.
pub(super) fn appearance(query: &Query) -> Query {
    query.keep(|key| APPEARANCE.contains(&key))
}

/// Returns the address of a preview, which does not start training.
pub(super) fn preview(path: &str, query: &Query) -> String {
    let mut query = query.keep(|key| key != "autoplay");
    query.push("embed", "1");
    link(path, &query)
}

#[cfg(test)]
mod tests {
    use crate::panel::share::links::*;

    #[test]
    fn a_link_leaves_out_the_keys_of_the_frame_and_the_assignment() {
        let query = [("depth", "3"), ("embed", "1"), ("hide", "seed"), ("theme", "dark")].into();
        assert_eq!(for_reader(&query).len(), 3);
        assert_eq!(set_up(&query), [("depth", "3")].into());
        assert_eq!(appearance(&query), [("embed", "1"), ("theme", "dark")].into());
        assert_eq!(hash("mlp", &set_up(&query)), "#/mlp?depth=3");
    }
}
