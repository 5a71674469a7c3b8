//! The state of the page, which one reducer owns. The browser's address is its projection: written once a
//! change has settled, and read only when the page loads and when the user or a link changes the address.

use crate::app::route::Route;
use crate::core::query::Query;
use crate::for_each_section;
use crate::panel::{PanelAction, PanelState};
use crate::run::any::AnyExperiment;
use crate::sections::SECTIONS;
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use yew::prelude::*;

/// A change enters the history after this time without another one, so that Back undoes a change and not a
/// pixel.
const SETTLE_MS: u32 = 400;

/// The section and the chapter that are open, and the state of the section's panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PageState {
    pub(super) slug: String,
    pub(super) chapter: Option<String>,
    /// The query of the address, including changes that have not settled yet.
    pub(super) query: Rc<Query>,
    /// `None` if the address does not name a section.
    pub(super) panel: Option<PanelState>,
    /// True if the page has changed since the browser's address was read.
    is_edited: bool,
}

#[derive(Debug)]
pub(super) enum PageAction {
    /// The browser's address has changed.
    Navigate(Route),
    /// The visitor, or the page around this one, has changed something.
    Panel(PanelAction),
}

impl PageState {
    fn open(route: Route) -> Self {
        let panel = experiment(&route.slug).map(|experiment| PanelState::read(experiment, &route.query));
        Self {
            slug: route.slug,
            chapter: route.chapter,
            query: Rc::new(route.query),
            panel,
            is_edited: false,
        }
    }

    /// Returns the part of the address from `#` on.
    fn to_hash(&self) -> String {
        let Self { slug, chapter, query, .. } = self;
        Route { slug: slug.clone(), chapter: chapter.clone(), query: (**query).clone() }.to_hash()
    }
}

impl Reducible for PageState {
    type Action = PageAction;

    fn reduce(self: Rc<Self>, action: PageAction) -> Rc<Self> {
        Rc::new(match action {
            PageAction::Navigate(route) => match self.panel.as_ref().filter(|_| self.slug == route.slug) {
                Some(panel) => {
                    let panel = Some(panel.read_again(&route.query));
                    Self {
                        panel,
                        chapter: route.chapter,
                        query: Rc::new(route.query),
                        slug: route.slug,
                        is_edited: false,
                    }
                }
                None => Self::open(route),
            },
            PageAction::Panel(action) => {
                let (panel, query) = match (&self.panel, action) {
                    (Some(panel), action) => {
                        let (panel, query) = panel.after(action, &self.query);
                        (Some(panel), query)
                    }
                    // Without a panel, the page has only its preferences.
                    (None, PanelAction::Write(changes)) => (None, self.query.changed(&changes)),
                    (None, _) => return self,
                };
                if panel == self.panel && query == *self.query {
                    return self;
                }
                Self { panel, query: Rc::new(query), is_edited: true, ..(*self).clone() }
            }
        })
    }
}

/// Returns the state of the page. It follows the browser's address, and writes it once a change has settled.
#[hook]
pub(super) fn use_page_state() -> UseReducerHandle<PageState> {
    let page = use_reducer(|| PageState::open(current_route()));
    use_effect_with((), {
        let page = page.dispatcher();
        move |()| {
            let listener = EventListener::new(&window(), "hashchange", move |_| {
                page.dispatch(PageAction::Navigate(current_route()));
            });
            move || drop(listener)
        }
    });
    // Writing each position of a slider would fill the history, and some browsers refuse after a hundred. A
    // change that follows within the time drops the timer of the one before it, and so does a new address.
    use_effect_with((page.is_edited, page.to_hash()), |(is_edited, hash)| {
        let hash = hash.clone();
        let timer = is_edited.then(|| {
            Timeout::new(SETTLE_MS, move || {
                if let Ok(history) = window().history() {
                    // A sandboxed frame may refuse; the page works without.
                    let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&hash));
                }
            })
        });
        move || drop(timer)
    });
    page
}

fn current_route() -> Route {
    let mut route = Route::from_hash(&window().location().hash().unwrap_or_default());
    if route.slug.is_empty() {
        route.slug = SECTIONS.first().map(|section| section.slug.to_owned()).unwrap_or_default();
    }
    route
}

/// Returns the experiment of the section with this slug.
fn experiment(slug: &str) -> Option<&'static AnyExperiment> {
    macro_rules! experiments {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            match slug {
                $(<crate::sections::$module::$experiment as crate::run::Experiment>::SLUG => {
                    Some(AnyExperiment::of::<crate::sections::$module::$experiment>())
                })*
                _ => None,
            }
        };
    }
    for_each_section!(experiments)
}

#[cfg(test)]
mod tests {
    use crate::app::page_state::*;
    use crate::protocol::DeviceChoice;
    use crate::sections::mlp::Mlp;

    fn read(query: &str) -> (PanelState, Query) {
        let query = Query::parse(query);
        (PanelState::read(AnyExperiment::of::<Mlp>(), &query), query)
    }

    #[test]
    fn a_set_value_reaches_config_and_query_and_clears_the_settings_warnings() {
        let (state, query) = read("depth=banana&preset=none&theme=dark&hide=seed");
        assert_eq!(state.warnings().count(), 2);
        let (next, query) = state.after(PanelAction::Set("depth", 5.into()), &query);
        assert_eq!(query.to_string(), "preset=none&theme=dark&hide=seed&depth=5");
        assert_eq!(next.config.values().get("depth"), Some(&5.into()));
        assert_eq!(next.warnings().count(), 1, "the unknown preset is still named");
        assert_eq!(next.read_again(&query).config, next.config);
    }

    #[test]
    fn locked_settings_stay_whatever_is_chosen() {
        let (state, query) = read("depth=5&lock=depth");
        let (next, query) = state.after(PanelAction::Set("depth", 3.into()), &query);
        assert_eq!(next, state);
        let (next, query) = next.after(PanelAction::Choose(None), &query);
        assert_eq!(next.config.values().get("depth"), Some(&5.into()));
        assert_eq!(query.get("depth"), Some("5"));
    }

    #[test]
    fn every_preset_is_recognized_until_a_setting_changes() {
        let (state, query) = read("");
        for preset in state.experiment.schema.presets {
            let (chosen, query) = state.after(PanelAction::Choose(Some(preset)), &query);
            assert_eq!(chosen.preset(), Some(preset));
            assert_eq!(chosen.read_again(&query), chosen);
            let (changed, query) = chosen.after(PanelAction::Set("seed", 77.into()), &query);
            assert_eq!(changed.preset(), None);
            assert_eq!(PanelState::read(changed.experiment, &query), changed);
        }
    }

    #[test]
    fn replaced_settings_and_other_keys_arrive_together_and_equal_settings_keep_their_pointer() {
        let (state, query) = read("preset=none&depth=4&seeds=7");
        let values = Rc::new(state.experiment.schema.defaults());
        let changes = vec![("device".to_owned(), Some("cpu".to_owned())), ("seeds".to_owned(), None)];
        let (next, query) = state.after(PanelAction::Replace(values, changes), &query);
        assert_eq!(query.to_string(), "device=cpu");
        assert_eq!((next.options.device, next.warnings().count()), (DeviceChoice::Cpu, 0));
        let (again, _) = next.after(PanelAction::Write(vec![("seeds".into(), Some("3".into()))]), &query);
        assert_eq!(again.options.seeds, 3);
        assert!(Rc::ptr_eq(again.config.values(), next.config.values()));
    }
}
