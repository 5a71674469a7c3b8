//! Addresses and snippets of HTML. Pure but for the page's own address.

use crate::assignment::KEYS;
use gloo::utils::window;

/// Where the page is, without what follows `#`.
fn page() -> String {
    let href = window().location().href().unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

/// The folder of the page, with a slash at its end.
pub(super) fn folder() -> String {
    let page = page();
    let page = page.split('?').next().unwrap_or_default();
    page.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"))
}

/// A link to a section with these keys.
pub(super) fn link(slug: &str, query: &[(String, String)]) -> String {
    format!("{}{}", page(), hash(slug, query))
}

fn hash(slug: &str, query: &[(String, String)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("#/{slug}{}{query}", if query.is_empty() { "" } else { "?" })
}

/// What of an address belongs into a link to the page itself: all but that it is in a frame.
pub(super) fn for_reader(query: &[(String, String)]) -> Vec<(String, String)> {
    query.iter().filter(|(key, _)| key != "embed").cloned().collect()
}

/// What of an address is the section's set-up: neither the lesson nor how the page looks.
pub(super) fn set_up(query: &[(String, String)]) -> Vec<(String, String)> {
    let other = |key: &str| KEYS.contains(&key) || ["embed", "theme", "v"].contains(&key);
    query.iter().filter(|(key, _)| !other(key)).cloned().collect()
}

/// A frame of a fixed height, for pages that allow no scripts.
pub(super) fn iframe(slug: &str, title: &str, query: &[(String, String)]) -> String {
    let mut query = query.to_vec();
    query.push(("embed".to_owned(), "1".to_owned()));
    let src = link(slug, &query);
    format!(
        "<iframe src=\"{}\" title=\"{}\" width=\"100%\" height=\"900\" style=\"border:0\" loading=\"lazy\"></iframe>",
        escape(&src),
        escape(title),
    )
}

/// The element that sizes itself, with the script that knows it.
pub(super) fn element(folder: &str, slug: &str, query: &[(String, String)]) -> String {
    let attributes: String = query
        .iter()
        .map(|(key, value)| format!(" {}=\"{}\"", key.replace('_', "-"), escape(value)))
        .collect();
    format!(
        "<script type=\"module\" src=\"{}embed.js\"></script>\n<nn-lab panel=\"{slug}\"{attributes}></nn-lab>",
        escape(folder),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use crate::panel::share::links::*;

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn what_is_written_into_html_stays_inside_its_attribute() {
        let html =
            element("https://lab.example/", "rnn", &[pair("seq_len", "20"), pair("ask", "a \"b\" <c> & d")]);
        assert!(html.contains(" seq-len=\"20\""), "{html}");
        assert!(html.contains("ask=\"a &quot;b&quot; &lt;c&gt; &amp; d\""), "{html}");
    }

    #[test]
    fn a_link_leaves_out_what_is_not_the_readers() {
        let query = [pair("depth", "3"), pair("embed", "1"), pair("hide", "seed"), pair("theme", "dark")];
        assert_eq!(for_reader(&query).len(), 3);
        assert_eq!(set_up(&query), [pair("depth", "3")]);
        assert_eq!(hash("mlp", &set_up(&query)), "#/mlp?depth=3");
    }
}
