//! The chapters of a section. Each answers one question. An address opens one chapter, or shows a selection
//! of figures.

use crate::core::suggest::no_such;

/// A part of a section that answers one question.
#[derive(Debug, PartialEq, Eq)]
pub struct Chapter {
    /// The name in addresses: `#/attention/saturation`.
    pub slug: &'static str,
    /// The name on the chapter's tab, of one or two words.
    pub tab: &'static str,
    /// The question that the chapter answers.
    pub title: &'static str,
    /// Names and titles of the chapter's figures.
    pub figures: &'static [(&'static str, &'static str)],
    /// Rows of metrics between the figures. The names of a row are separated by spaces.
    pub readouts: &'static [&'static str],
    /// True if the chapter shows measurements of a run. The others are complete before any training.
    pub trains: bool,
}

impl Chapter {
    /// Returns the title of one of the chapter's figures.
    pub fn figure_title(&self, name: &str) -> Option<&'static str> {
        self.figures.iter().find(|(figure, _)| *figure == name).map(|(_, title)| *title)
    }
}

/// The chapter with the set-up as a program, which every section has.
pub const CODE: Chapter = Chapter {
    slug: "code",
    tab: "Code",
    title: "What is this in code?",
    figures: &[("program", "The program for these settings")],
    readouts: &[],
    trains: false,
};

/// The chapter of checks and sweeps, which every section has.
pub const CLAIMS: Chapter = Chapter {
    slug: "claims",
    tab: "Claims",
    title: "Do the claims hold?",
    figures: &[("sweep", "Sweep over a setting")],
    readouts: &[],
    trains: true,
};

/// The chapter of saved runs, which every section has as its last.
pub const RUNS: Chapter = Chapter {
    slug: "runs",
    tab: "Runs",
    title: "How do your runs compare?",
    figures: &[("compare-runs", "Compare runs")],
    readouts: &[],
    trains: true,
};

/// Returns a section's own chapters, followed by those that every section has.
pub fn chapters(own: &'static [Chapter]) -> impl Iterator<Item = &'static Chapter> + Clone {
    own.iter().chain([&CODE, &CLAIMS, &RUNS])
}

/// A chapter that is on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The chapter.
    pub chapter: &'static Chapter,
    /// The names of the figures to show, or `None` for the whole chapter.
    pub only: Option<Vec<String>>,
}

/// The name in `show` that selects all chapters, as for printing.
pub const ALL: &str = "all";

/// Returns true if `show` selected everything that is open, so that there is no other chapter to go to.
pub fn is_picked(opened: &[Opened], show: &[String]) -> bool {
    let named =
        |opened: &Opened| opened.only.is_some() || show.iter().any(|name| name == opened.chapter.slug);
    !show.iter().any(|name| name == ALL) && opened.iter().all(named)
}

/// Returns the chapters that an address shows, in the order of the page, and a warning if there is no chapter
/// of this name.
///
/// `show` has names of chapters and figures, and others, which are ignored; it takes precedence over `chapter`,
/// the chapter to open.
pub fn opened(
    own: &'static [Chapter],
    chapter: Option<&str>,
    show: &[String],
) -> (Vec<Opened>, Option<String>) {
    let whole = |chapter| Opened { chapter, only: None };
    let all = chapters(own);
    if show.iter().any(|name| name == ALL) {
        return (all.map(whole).collect(), None);
    }
    let has = |chapter: &Chapter, name: &str| chapter.figures.iter().any(|(figure, _)| *figure == name);
    let shown = all.clone().filter_map(|chapter| {
        if show.iter().any(|name| name == chapter.slug) {
            return Some(whole(chapter));
        }
        let only: Vec<String> = show.iter().filter(|name| has(chapter, name)).cloned().collect();
        (!only.is_empty()).then_some(Opened { chapter, only: Some(only) })
    });
    let shown: Vec<Opened> = shown.collect();
    if !shown.is_empty() {
        return (shown, None);
    }
    let named = chapter.and_then(|slug| all.clone().find(|chapter| chapter.slug == slug));
    let warning = chapter.filter(|_| named.is_none()).map(|slug| {
        let known: Vec<&str> = all.clone().map(|chapter| chapter.slug).collect();
        no_such("chapter {} in this section, so the first one is open", slug, &known)
    });
    (named.or(all.clone().next()).map(whole).into_iter().collect(), warning)
}

#[cfg(test)]
mod tests {
    use crate::core::chapter::*;

    const OWN: &[Chapter] = &[
        Chapter {
            slug: "one",
            tab: "One",
            title: "One?",
            figures: &[("a", "A"), ("b", "B")],
            readouts: &[],
            trains: true,
        },
        Chapter {
            slug: "two",
            tab: "Two",
            title: "Two?",
            figures: &[("c", "C")],
            readouts: &[],
            trains: false,
        },
    ];

    fn shown(chapter: Option<&str>, show: &[&str]) -> (Vec<(&'static str, usize)>, usize) {
        let show: Vec<String> = show.iter().map(ToString::to_string).collect();
        let (opened, warning) = opened(OWN, chapter, &show);
        let short = |o: &Opened| (o.chapter.slug, o.only.as_ref().map_or(0, Vec::len));
        (opened.iter().map(short).collect(), usize::from(warning.is_some()))
    }

    #[test]
    fn an_address_opens_its_chapter_or_the_first() {
        assert_eq!(shown(None, &[]), (vec![("one", 0)], 0));
        assert_eq!(shown(Some("two"), &[]), (vec![("two", 0)], 0));
        assert_eq!(shown(Some("runs"), &[]), (vec![("runs", 0)], 0));
        assert_eq!(shown(Some("nosuch"), &[]), (vec![("one", 0)], 1));
    }

    #[test]
    fn names_show_chapters_and_figures_in_the_order_of_the_page() {
        assert_eq!(shown(None, &["c", "one"]), (vec![("one", 0), ("two", 1)], 0));
        assert_eq!(shown(Some("two"), &["b", "a", "nosuch"]), (vec![("one", 2)], 0));
        assert_eq!(shown(None, &["nosuch"]), (vec![("one", 0)], 0));
        assert_eq!(shown(None, &["all"]).0.len(), 5);
    }

    #[test]
    fn a_chapter_is_picked_only_if_show_names_everything_that_is_open() {
        let picked = |show: &[&str]| {
            let show: Vec<String> = show.iter().map(ToString::to_string).collect();
            is_picked(&opened(OWN, None, &show).0, &show)
        };
        assert!(picked(&["a"]) && picked(&["one", "c"]) && picked(&["one", "two", "claims", "runs"]));
        assert!(!picked(&[]) && !picked(&["all"]) && !picked(&["nosuch"]));
    }
}
