//! The tools in which course pages are made: the snippet that each of them takes, and its configuration. Pure.

use crate::core::query::Query;
use crate::panel::share::links::{hash, path};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// A tool in which a panel is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Tool {
    #[default]
    Html,
    MkDocs,
    Sphinx,
    JupyterBook,
    Notebook,
    Marimo,
    Docusaurus,
    VitePress,
    Hugo,
    Quarto,
    Reveal,
    /// A course system whose editor removes scripts and unknown elements.
    Div,
    /// A page without scripts.
    Frame,
    H5p,
    /// The packages that course systems import.
    Package,
    Link,
}

impl Tool {
    /// All tools with their names in the page's hooks and in the menu.
    pub(super) const ALL: [(Self, &str, &str); 16] = [
        (Self::Html, "html", "HTML or Markdown"),
        (Self::MkDocs, "mkdocs", "MkDocs"),
        (Self::Sphinx, "sphinx", "Sphinx, Jupyter Book 1"),
        (Self::JupyterBook, "jupyter-book", "Jupyter Book 2"),
        (Self::Notebook, "notebook", "Jupyter notebook, VS Code"),
        (Self::Marimo, "marimo", "marimo"),
        (Self::Docusaurus, "docusaurus", "Docusaurus"),
        (Self::VitePress, "vitepress", "VitePress"),
        (Self::Hugo, "hugo", "Hugo"),
        (Self::Quarto, "quarto", "Quarto"),
        (Self::Reveal, "reveal", "reveal.js"),
        (Self::Div, "div", "Moodle or Canvas, in a text"),
        (Self::Frame, "frame", "A page without scripts"),
        (Self::H5p, "h5p", "H5P"),
        (Self::Package, "package", "SCORM or Common Cartridge package"),
        (Self::Link, "link", "Only a link"),
    ];

    /// Returns the tool with this name.
    pub(super) fn read(slug: &str) -> Self {
        Self::ALL.iter().find(|(_, known, _)| *known == slug).map_or(Self::Html, |(tool, ..)| *tool)
    }

    /// Returns the name in the page's hooks.
    pub(super) fn slug(self) -> &'static str {
        Self::ALL.iter().find(|(tool, ..)| *tool == self).map_or("html", |(_, slug, _)| slug)
    }

    /// Returns the name of the snippet for tests: the kind of text that the tool takes.
    pub(super) fn output(self) -> &'static str {
        match self {
            Self::Html => "element",
            Self::Frame => "iframe",
            Self::Link => "link",
            other => other.slug(),
        }
    }

    /// Returns the action of the button that copies the snippet.
    pub(super) fn copy_action(self) -> &'static str {
        match self {
            Self::Frame => "copy-iframe",
            Self::Link | Self::H5p => "copy-lesson-link",
            _ => "copy-element",
        }
    }

    /// Returns a sentence about the place of the snippet or what must be configured once, and the text that goes there.
    pub(super) fn setup(self, folder: &str) -> (&'static str, Option<String>) {
        let module = |key: &str| format!("{key}: '{folder}embed.js', type: 'module'");
        match self {
            Self::Html => {
                ("Nothing to configure. In Markdown, leave an empty line before and after it.", None)
            }
            Self::MkDocs => (
                "Once, in mkdocs.yml:",
                Some(format!("extra_javascript: [{{ path: {folder}embed.js, type: module }}]")),
            ),
            Self::Sphinx => ("Nothing to configure. For pages in MyST Markdown.", None),
            Self::JupyterBook => ("Nothing to configure. For pages in MyST Markdown.", None),
            Self::Notebook => (
                "Once, with the wheel that ./lab build writes:",
                Some("%pip install nn_lab-*.whl".to_owned()),
            ),
            Self::Marimo => (
                "Once, with the wheel that ./lab build writes:",
                Some("pip install nn_lab-*.whl marimo".to_owned()),
            ),
            Self::Docusaurus => (
                "For .mdx pages. Once, in docusaurus.config.js:",
                Some(format!("scripts: [{{ {} }}],", module("src"))),
            ),
            Self::VitePress => (
                "Once, in .vitepress/config.js:",
                Some(format!(
                    "head: [['script', {{ type: 'module', src: '{folder}embed.js' }}]],\nvue: {{ template: {{ compilerOptions: {{ isCustomElement: (tag) => tag === 'nn-lab' }} }} }},"
                )),
            ),
            Self::Hugo => ("Once, in hugo.toml:", Some("markup.goldmark.renderer.unsafe = true".to_owned())),
            Self::Quarto => ("Nothing to configure.", None),
            Self::Reveal => {
                ("Nothing to configure. The slide scrolls, because a panel is taller than a slide.", None)
            }
            Self::Div => (
                "Paste it into the source view of the editor. Once, an administrator adds this to all pages (Moodle: Additional HTML; Canvas: the theme's JavaScript):",
                Some(script(folder)),
            ),
            Self::Frame => ("Nothing to configure. The frame keeps its height.", None),
            Self::H5p => {
                ("Nothing to configure. Use the activity Iframe Embedder, and keep the commas.", None)
            }
            Self::Package => (
                "Moodle and ILIAS: add one as a SCORM activity. Canvas: import the Common Cartridge. The packages open the lab at its present address.",
                None,
            ),
            Self::Link => ("Nothing to configure.", None),
        }
    }
}

/// A panel, or a lesson, that is shown in another page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Embedded<'a> {
    /// The folder of the lab, with a slash at its end.
    pub(super) folder: &'a str,
    /// The address of the lab's page without its hash.
    pub(super) page: &'a str,
    /// The name of the section, or `lesson`.
    pub(super) panel: &'a str,
    /// The chapter to open.
    pub(super) chapter: Option<&'a str>,
    /// The title of a frame.
    pub(super) title: &'a str,
    /// The height of the panel in pixels, if it is known.
    pub(super) height: Option<u32>,
    /// The keys of the address.
    pub(super) query: &'a Query,
}

/// The keys of the element and the widget that are not settings of the panel.
const FRAME: &[&str] = &["theme", "height", "label"];

impl Embedded<'_> {
    /// Returns the text to paste into a page of the tool. Packages are files, so theirs is the link in them.
    pub(super) fn snippet(&self, tool: Tool) -> String {
        let with_script = || format!("{}\n{}", script(self.folder), self.element());
        match tool {
            Tool::Html | Tool::Hugo => with_script(),
            Tool::MkDocs | Tool::Docusaurus | Tool::VitePress => self.element(),
            Tool::Sphinx => format!("```{{raw}} html\n{}\n```", with_script()),
            Tool::Quarto => format!("```{{=html}}\n{}\n```", with_script()),
            Tool::JupyterBook => format!(":::{{anywidget}} {}embed.js\n{}\n:::", self.folder, self.json()),
            Tool::Notebook => format!("from nn_lab import Lab\n\n{}", self.python()),
            Tool::Marimo => {
                format!("import marimo as mo\nfrom nn_lab import Lab\n\nmo.ui.anywidget({})", self.python())
            }
            Tool::Reveal => {
                format!("<div style=\"height: 600px; overflow: auto\">\n{}\n</div>", with_script())
            }
            Tool::Div => self.div(),
            Tool::Frame => self.frame(),
            Tool::H5p | Tool::Package => self.in_frame(),
            Tool::Link => self.link(),
        }
    }

    /// Returns the link for a reader.
    pub(super) fn link(&self) -> String {
        format!("{}{}", self.page, hash(&path(self.panel, self.chapter), self.query))
    }

    /// Returns the address for a frame.
    pub(super) fn in_frame(&self) -> String {
        let mut query = self.query.clone();
        query.push("embed", "1");
        format!("{}{}", self.page, hash(&path(self.panel, self.chapter), &query))
    }

    fn frame(&self) -> String {
        format!(
            "<iframe src=\"{}\" title=\"{}\" width=\"100%\" height=\"{}\" frameborder=\"0\" loading=\"lazy\"></iframe>",
            escape(&self.in_frame()),
            escape(self.title),
            self.height.unwrap_or(900),
        )
    }

    /// Returns the attributes of the element. `height` is used until the panel has reported its own, so that the page does
    /// not jump.
    fn attributes(&self, prefix: &str) -> String {
        let height = self.height.map(|height| height.to_string());
        [("panel", self.panel)]
            .into_iter()
            .chain(self.chapter.map(|chapter| ("chapter", chapter)))
            .chain(height.as_deref().map(|height| ("height", height)))
            .chain(self.query.iter())
            .map(|(key, value)| format!(" {prefix}{}=\"{}\"", key.replace('_', "-"), escape(value)))
            .collect()
    }

    /// Returns the link in the element, which is shown where the script does not run.
    fn fallback(&self) -> String {
        let link = format!("{}{}", self.folder, hash(&path(self.panel, self.chapter), self.query));
        format!("<a href=\"{}\">Open the panel</a>", escape(&link))
    }

    fn element(&self) -> String {
        format!("<nn-lab{}>{}</nn-lab>", self.attributes(""), self.fallback())
    }

    fn div(&self) -> String {
        format!("<div class=\"nn-lab\"{}>{}</div>", self.attributes("data-"), self.fallback())
    }

    /// Returns the traits of the widget: numbers as numbers, and everything else as text.
    fn json(&self) -> String {
        let mut traits =
            Map::from_iter([("panel".to_owned(), self.panel.into()), ("lab".to_owned(), self.folder.into())]);
        if let Some(chapter) = self.chapter {
            traits.insert("chapter".to_owned(), chapter.into());
        }
        if let Some(height) = self.height {
            traits.insert("height".to_owned(), height.into());
        }
        let mut settings = Map::new();
        for (key, value) in self.query.iter() {
            let place = if FRAME.contains(&key) { &mut traits } else { &mut settings };
            place.insert(key.to_owned(), number_or_text(value));
        }
        if !settings.is_empty() {
            traits.insert("settings".to_owned(), settings.into());
        }
        Value::from(traits).to_string()
    }

    fn python(&self) -> String {
        let height = self.height.map(|height| height.to_string());
        let pairs = self.chapter.map(|chapter| ("chapter", chapter)).into_iter();
        let pairs = pairs.chain(height.as_deref().map(|height| ("height", height))).chain(self.query.iter());
        // JSON's texts and numbers are also Python's.
        let arguments: String =
            pairs.map(|(key, value)| format!(", {key}={}", number_or_text(value))).collect();
        format!("Lab({}{arguments})", Value::from(self.panel))
    }
}

/// Returns a number if it is written in the same way as the text, so that nothing changes.
fn number_or_text(text: &str) -> Value {
    let number = serde_json::from_str::<Number>(text).ok();
    number.filter(|number| number.to_string() == text).map_or_else(|| text.into(), Value::from)
}

fn script(folder: &str) -> String {
    format!("<script type=\"module\" src=\"{}embed.js\"></script>", escape(folder))
}

/// Escapes a text for an attribute. Line breaks would end a paragraph of Markdown, and braces are code for Vue, Liquid and
/// Hugo.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('{', "&#123;")
        .replace('\n', "&#10;")
}

#[cfg(test)]
mod tests {
    use crate::panel::share::tool::*;

    fn of<'a>(panel: &'a str, chapter: Option<&'a str>, query: &'a Query) -> Embedded<'a> {
        Embedded {
            folder: "https://lab.example/",
            page: "https://lab.example/index.html",
            panel,
            chapter,
            title: "A \"panel\"",
            height: Some(812),
            query,
        }
    }

    #[test]
    fn values_are_escaped_in_html() {
        let query = [("seq_len", "20"), ("ask", "a \"b\" <c> & {{d}}\n\ne")].into();
        let html = of("rnn", Some("memory"), &query).snippet(Tool::Html);
        assert!(html.starts_with("<script type=\"module\" src=\"https://lab.example/embed.js\"></script>\n<nn-lab panel=\"rnn\" chapter=\"memory\" height=\"812\" seq-len=\"20\""), "{html}");
        assert!(
            html.contains("<a href=\"https://lab.example/#/rnn/memory?seq_len=20&amp;ask=a%20%22b%22"),
            "{html}"
        );
        assert!(
            html.contains("ask=\"a &quot;b&quot; &lt;c&gt; &amp; &#123;&#123;d}}&#10;&#10;e\""),
            "{html}"
        );
        for tool in [Tool::MkDocs, Tool::Docusaurus, Tool::VitePress, Tool::Div] {
            let html = of("rnn", None, &query).snippet(tool);
            assert!(!html.contains('\n') && !html.contains("{{") && !html.contains("<script"), "{html}");
        }
    }

    #[test]
    fn each_tool_gets_its_own_snippet() {
        let query = Query::from([("seq_len", "50"), ("show", "memory,loss"), ("theme", "dark")]);
        let panel = of("rnn", None, &query);
        let element = panel.element();
        let html = panel.snippet(Tool::Html);
        assert_eq!(panel.snippet(Tool::MkDocs), element);
        assert_eq!(panel.snippet(Tool::Hugo), html);
        assert_eq!(panel.snippet(Tool::Sphinx), format!("```{{raw}} html\n{html}\n```"));
        assert_eq!(panel.snippet(Tool::Quarto), format!("```{{=html}}\n{html}\n```"));
        assert!(panel.snippet(Tool::Reveal).contains("overflow: auto\">\n<script"));
        assert_eq!(
            panel.snippet(Tool::JupyterBook),
            ":::{anywidget} https://lab.example/embed.js\n{\"height\":812,\"lab\":\"https://lab.example/\",\"panel\":\"rnn\",\"settings\":{\"seq_len\":50,\"show\":\"memory,loss\"},\"theme\":\"dark\"}\n:::"
        );
        let python = "Lab(\"rnn\", height=812, seq_len=50, show=\"memory,loss\", theme=\"dark\")";
        assert_eq!(panel.snippet(Tool::Notebook), format!("from nn_lab import Lab\n\n{python}"));
        assert!(panel.snippet(Tool::Marimo).ends_with(&format!("mo.ui.anywidget({python})")));
        assert!(panel.snippet(Tool::Div).starts_with("<div class=\"nn-lab\" data-panel=\"rnn\" data-height=\"812\" data-seq-len=\"50\" data-show=\"memory,loss\""));
        assert_eq!(
            panel.snippet(Tool::Frame),
            "<iframe src=\"https://lab.example/index.html#/rnn?seq_len=50&amp;show=memory,loss&amp;theme=dark&amp;embed=1\" title=\"A &quot;panel&quot;\" width=\"100%\" height=\"812\" frameborder=\"0\" loading=\"lazy\"></iframe>"
        );
        let framed = "https://lab.example/index.html#/rnn?seq_len=50&show=memory,loss&theme=dark&embed=1";
        assert_eq!(panel.snippet(Tool::H5p), framed);
        assert_eq!(panel.snippet(Tool::Package), framed);
        assert_eq!(panel.snippet(Tool::Link), framed.replace("&embed=1", ""));
    }

    #[test]
    fn texts_stay_texts_in_code() {
        let query = [("ask_answer", "1e3"), ("ask", "Say \"no\"\\\n"), ("seed", "01"), ("x", "-0.5")].into();
        let panel = Embedded { height: None, ..of("mlp", None, &query) };
        assert_eq!(
            panel.python(),
            "Lab(\"mlp\", ask_answer=\"1e3\", ask=\"Say \\\"no\\\"\\\\\\n\", seed=\"01\", x=-0.5)"
        );
        assert!(panel.json().contains("\"seed\":\"01\",\"x\":-0.5"), "{}", panel.json());
    }

    #[test]
    fn every_tool_has_a_name_and_a_sentence() {
        for (tool, slug, _) in Tool::ALL {
            assert_eq!(Tool::read(slug), tool);
            assert!(!tool.setup("https://lab.example/").0.is_empty());
        }
        assert_eq!(Tool::read("nosuch"), Tool::Html);
    }
}
