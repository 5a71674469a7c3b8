//! Addresses and snippets of HTML. Pure, except for the page's own address.

use crate::assignment::KEYS;
use crate::core::query::Query;
use gloo::utils::window;

/// Returns the address of the page without its hash.
fn page() -> String {
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
pub(super) fn link(path: &str, query: &Query) -> String {
    format!("{}{}", page(), hash(path, query))
}

fn hash(path: &str, query: &Query) -> String {
    format!("#/{path}{}{query}", if query.is_empty() { "" } else { "?" })
}

/// Returns the hash of a chapter with these keys.
pub(in crate::panel) fn chapter_hash(slug: &str, chapter: &str, query: &Query) -> String {
    hash(&path(slug, Some(chapter)), query)
}

/// Returns the keys for a link to the page itself, without the key that puts it into a frame.
pub(super) fn for_reader(query: &Query) -> Query {
    query.keep(|key| key != "embed")
}

/// Returns a link to the page itself, as a reader gets it.
pub(in crate::panel) fn link_for_reader(slug: &str, chapter: Option<&str>, query: &Query) -> String {
    link(&path(slug, chapter), &for_reader(query))
}

/// Returns the keys of the section's set-up, without those of the assignment and of the page's appearance.
pub(super) fn set_up(query: &Query) -> Query {
    let other = |key: &str| KEYS.contains(&key) || ["embed", "theme", "v"].contains(&key);
    query.keep(|key| !other(key))
}

/// Returns the address of a preview, which does not start training.
pub(super) fn preview(path: &str, query: &Query) -> String {
    let mut query = query.keep(|key| key != "autoplay");
    query.push("embed", "1");
    link(path, &query)
}

/// Returns a frame of a fixed height, for pages that allow no scripts: the measured one, if it is known.
pub(super) fn iframe(path: &str, title: &str, height: Option<u32>, query: &Query) -> String {
    let height = height.unwrap_or(900);
    let mut query = query.clone();
    query.push("embed", "1");
    let src = link(path, &query);
    format!(
        "<iframe src=\"{}\" title=\"{}\" width=\"100%\" height=\"{height}\" frameborder=\"0\" loading=\"lazy\"></iframe>",
        escape(&src),
        escape(title),
    )
}

/// Returns the custom element, which adapts its height, with its script.
///
/// `height` is the height until the panel has reported its own, so that the page does not jump. The link in the
/// element is shown where the script does not run.
pub(super) fn element(
    folder: &str,
    slug: &str,
    chapter: Option<&str>,
    height: Option<u32>,
    query: &Query,
) -> String {
    let height = height.map(|height| height.to_string());
    let attributes: String = chapter
        .map(|chapter| ("chapter", chapter))
        .into_iter()
        .chain(height.as_deref().map(|height| ("height", height)))
        .chain(query.iter())
        .map(|(key, value)| format!(" {}=\"{}\"", key.replace('_', "-"), escape(value)))
        .collect();
    let link = format!("{folder}{}", hash(&path(slug, chapter), query));
    format!(
        "<script type=\"module\" src=\"{}embed.js\"></script>\n<nn-lab panel=\"{slug}\"{attributes}><a href=\"{}\">Open the panel</a></nn-lab>",
        escape(folder),
        escape(&link),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use crate::panel::share::links::*;

    #[test]
    fn values_are_escaped_in_html() {
        let html = element(
            "https://lab.example/",
            "rnn",
            Some("memory"),
            Some(812),
            &[("seq_len", "20"), ("ask", "a \"b\" <c> & d")].into(),
        );
        assert!(html.contains(" panel=\"rnn\" chapter=\"memory\" height=\"812\""), "{html}");
        assert!(html.contains(" seq-len=\"20\""), "{html}");
        assert!(
            html.contains("<a href=\"https://lab.example/#/rnn/memory?seq_len=20&amp;ask=a%20%22b%22"),
            "{html}"
        );
        assert!(html.contains("ask=\"a &quot;b&quot; &lt;c&gt; &amp; d\""), "{html}");
    }

    #[test]
    fn a_link_leaves_out_the_keys_of_the_frame_and_the_assignment() {
        let query = [("depth", "3"), ("embed", "1"), ("hide", "seed"), ("theme", "dark")].into();
        assert_eq!(for_reader(&query).len(), 3);
        assert_eq!(set_up(&query), [("depth", "3")].into());
        assert_eq!(hash("mlp", &set_up(&query)), "#/mlp?depth=3");
    }
}
