//! The choices for the panel of one section, and the address that follows from them. Pure.

use crate::assignment::{Assignment, KEYS};
use crate::core::chapter::{ALL, Chapter, chapters};
use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::panel::share::links;
use crate::panel::share::question::QuestionDraft;
use serde::{Deserialize, Serialize};

/// The part of a section that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// The whole section.
    #[default]
    Panel,
    /// One chapter.
    Chapter,
    /// Figures of any chapters.
    Figure,
    /// A guided experiment.
    Experiment,
}

impl Part {
    pub(super) const ALL: [(Self, &str, &str); 4] = [
        (Self::Panel, "panel", "Panel"),
        (Self::Chapter, "chapter", "Chapter"),
        (Self::Figure, "figure", "Figure"),
        (Self::Experiment, "experiment", "Experiment"),
    ];
}

/// The parts of a section, with what is open on the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) chapters: &'static [Chapter],
    pub(super) guided_infos: &'a [GuidedInfo],
    /// The open chapter.
    pub(super) chapter: Option<&'a str>,
}

/// The choices for the panel of one section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PanelDraft {
    /// The assignment of the address with which the draft was started. Another address starts another draft.
    pub(super) from: String,
    pub(super) part: Part,
    pub(super) chapter: String,
    /// The figures to show, and other names of an address.
    pub(super) figures: Vec<String>,
    pub(super) experiment: String,
    pub(super) question: QuestionDraft,
    pub(super) hide: Vec<String>,
    pub(super) lock: Vec<String>,
    pub(super) autoplay: bool,
    /// A preset in place of the present settings, or an empty string.
    pub(super) preset: String,
    /// `light` or `dark`, or an empty string.
    pub(super) theme: String,
    /// The height in pixels, or an empty string for the measured one.
    pub(super) height: String,
}

/// Returns the assignment of an address as text.
pub(super) fn assignment_of(query: &Query) -> String {
    query.keep(|key| KEYS.contains(&key) && key != "lesson").to_string()
}

impl PanelDraft {
    /// Starts a draft with the assignment of an address.
    pub(super) fn of(query: &Query, parts: &Parts<'_>) -> Self {
        let (assignment, _) = Assignment::from_query(query);
        let Assignment { show, hide, lock, autoplay, .. } = assignment;
        let mut draft = Self {
            from: assignment_of(query),
            experiment: query.get("experiment").unwrap_or_default().to_owned(),
            question: QuestionDraft::of(query),
            hide,
            lock,
            autoplay,
            ..Self::default()
        };
        let shown: Vec<String> = show.into_iter().filter(|name| name != ALL).collect();
        let experiment = shown.iter().find(|name| parts.guided_infos.iter().any(|info| info.slug == **name));
        match (experiment, &*shown) {
            (Some(name), _) => (draft.part, draft.experiment) = (Part::Experiment, name.clone()),
            (None, []) => {}
            (None, [name]) if chapters(parts.chapters).any(|chapter| chapter.slug == name) => {
                (draft.part, draft.chapter) = (Part::Chapter, name.clone());
            }
            (None, _) => (draft.part, draft.figures) = (Part::Figure, shown),
        }
        draft
    }

    /// Chooses the part to show. If it has several, what is open on the page is chosen first.
    pub(super) fn set_part(&mut self, part: Part, parts: &Parts<'_>) {
        self.part = part;
        let open = parts.chapter.and_then(|slug| chapters(parts.chapters).find(|one| one.slug == slug));
        let Some(open) = open.or(parts.chapters.first()) else { return };
        let or = |text: &mut String, default: &str| {
            if text.is_empty() {
                default.clone_into(text);
            }
        };
        match part {
            Part::Panel => {}
            Part::Chapter => or(&mut self.chapter, open.slug),
            Part::Figure if self.figures.is_empty() => {
                self.figures.extend(open.figures.first().map(|(name, _)| (*name).to_owned()));
            }
            Part::Figure => {}
            Part::Experiment => {
                let in_chapter = parts.guided_infos.iter().find(|info| info.chapter == open.slug);
                or(
                    &mut self.experiment,
                    in_chapter.or(parts.guided_infos.first()).map_or("", |info| info.slug),
                );
            }
        }
    }

    /// Returns the names to show; none for the whole section.
    fn shown(&self) -> Vec<String> {
        match self.part {
            Part::Panel => Vec::new(),
            Part::Chapter => vec![self.chapter.clone()],
            Part::Figure => self.figures.clone(),
            Part::Experiment => vec![self.experiment.clone()],
        }
    }

    /// Returns the keys of the panel's address. `now` is the present address.
    pub(super) fn query(&self, now: &Query) -> Query {
        let question = self.question.question().0.filter(|_| self.asks());
        // An open experiment would replace the question, and an experiment has settings of its own.
        let has_own = question.is_some() || self.part != Part::Panel;
        let set_up = links::set_up(now);
        let mut query = match (self.part, &*self.preset) {
            (Part::Experiment, _) => set_up.keep(|key| key == "device"),
            (_, "") => set_up.keep(|key| key != "experiment" || !has_own),
            (_, preset) => [("preset", preset)].into(),
        };
        let show: Vec<String> = self.shown().into_iter().filter(|name| !name.is_empty()).collect();
        let (hide, lock) = (self.hide.clone(), self.lock.clone());
        let assignment = Assignment { show, hide, lock, autoplay: self.autoplay, lesson: None, question };
        query.extend(assignment.to_query().iter());
        if !self.theme.is_empty() {
            query.push("theme", &*self.theme);
        }
        query
    }

    /// Returns the chapter in the panel's address: the open one, unless names are shown.
    pub(super) fn path_chapter(&self, open: Option<&str>) -> Option<String> {
        open.filter(|_| self.shown().iter().all(String::is_empty)).map(str::to_owned)
    }

    /// Returns true if a question may be asked. An experiment has its own.
    pub(super) fn asks(&self) -> bool {
        self.part != Part::Experiment
    }

    /// Returns the entered height, if it is one.
    pub(super) fn height(&self) -> Option<u32> {
        self.height.trim().parse().ok().filter(|height| (100..=10_000).contains(height))
    }

    /// Returns the access of a student to a setting.
    pub(super) fn access(&self, key: &str) -> Access {
        let has = |list: &[String]| list.iter().any(|known| known == key);
        match (has(&self.hide), has(&self.lock)) {
            (true, _) => Access::Hidden,
            (false, true) => Access::Locked,
            (false, false) => Access::Free,
        }
    }

    pub(super) fn set_access(&mut self, key: &str, access: Access) {
        // A hidden setting is also locked, since a preset would change it without the student noticing.
        set_listed(&mut self.hide, key, access == Access::Hidden);
        set_listed(&mut self.lock, key, access != Access::Free);
    }
}

/// Adds a name to a list, or removes it.
pub(super) fn set_listed(list: &mut Vec<String>, name: &str, is_listed: bool) {
    list.retain(|known| known != name);
    if is_listed {
        list.push(name.to_owned());
    }
}

/// The access of a student to a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Free,
    Locked,
    Hidden,
}

impl Access {
    pub(super) const ALL: [(Self, &str); 3] =
        [(Self::Free, "editable"), (Self::Locked, "locked"), (Self::Hidden, "hidden")];

    pub(super) fn read(slug: &str) -> Self {
        Self::ALL.into_iter().find(|(_, known)| *known == slug).map_or(Self::Free, |(access, _)| access)
    }
}

#[cfg(test)]
mod tests {
    use crate::panel::share::draft::*;

    const OWN: &[Chapter] = &[Chapter {
        slug: "memory",
        tab: "Memory",
        title: "Memory?",
        figures: &[("loss", "Loss"), ("gates", "Gates")],
        readouts: &[],
        trains: true,
    }];

    fn of(query: &Query) -> PanelDraft {
        PanelDraft::of(query, &Parts { chapters: OWN, guided_infos: &[], chapter: None })
    }

    #[test]
    fn hidden_settings_are_locked_and_free_again_when_they_are_shown() {
        let mut draft = of(&Query::from([("lock", "seed"), ("depth", "3"), ("theme", "dark")]));
        assert_eq!(draft.access("seed"), Access::Locked);
        draft.set_access("depth", Access::Hidden);
        let now = Query::from([("depth", "3"), ("theme", "dark"), ("embed", "1"), ("share", "1")]);
        assert_eq!(draft.query(&now).to_string(), "depth=3&hide=depth&lock=seed,depth");
        draft.set_access("depth", Access::Free);
        draft.set_access("seed", Access::Free);
        assert_eq!(draft.query(&now).to_string(), "depth=3");
    }

    #[test]
    fn an_address_gives_its_parts_to_the_draft() {
        let part = |query: &str| of(&Query::parse(query)).part;
        assert_eq!(part("depth=3&show=all"), Part::Panel);
        assert_eq!(part("show=memory"), Part::Chapter);
        assert_eq!(part("show=memory,loss"), Part::Figure);
        for query in ["show=memory", "show=loss,gates", "autoplay=1", "ask=Why"] {
            assert_eq!(of(&Query::parse(query)).query(&Query::default()).to_string(), query);
        }
    }

    #[test]
    fn a_part_is_chosen_with_what_is_open() {
        let mut draft = PanelDraft::default();
        let parts = Parts { chapters: OWN, guided_infos: &[], chapter: Some("runs") };
        assert_eq!(draft.path_chapter(Some("runs")).as_deref(), Some("runs"));
        draft.set_part(Part::Chapter, &parts);
        assert_eq!((&*draft.chapter, draft.path_chapter(Some("runs"))), ("runs", None));
        draft.set_part(Part::Figure, &Parts { chapter: None, ..parts });
        let now = Query::from([("experiment", "bias"), ("depth", "3")]);
        assert_eq!(draft.query(&now).to_string(), "depth=3&show=loss");
        draft.part = Part::Panel;
        assert_eq!(draft.query(&now).to_string(), "experiment=bias&depth=3");
        draft.question.text = "Why?".to_owned();
        draft.preset = "short".to_owned();
        assert_eq!(draft.query(&now).to_string(), "preset=short&ask=Why?".replace('?', "%3F"));
    }
}
