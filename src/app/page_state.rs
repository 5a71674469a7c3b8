//! The state of the page, which one reducer owns. The browser's address is its projection: written once a
//! change has settled, and read only when the page loads and when the user or a link changes the address.

use crate::app::address_bar::{AddressBar, Arrival, Shown};
use crate::app::route::Route;
use crate::core::chapter::chapters;
use crate::core::query::Query;
use crate::for_each_section;
use crate::panel::{PanelAction, PanelState, page_tidied};
use crate::run::any::AnyExperiment;
use std::rc::Rc;
use yew::prelude::*;

/// The section and the chapter that are open, and the state of the section's panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PageState {
    pub(super) slug: String,
    pub(super) chapter: Option<String>,
    /// The query of the address, including changes that have not settled yet.
    pub(super) query: Rc<Query>,
    /// The settings in the address with which the section was opened.
    pub(super) given: Rc<Query>,
    /// `None` if the address does not name a section.
    pub(super) panel: Option<PanelState>,
    /// The number of navigations so far.
    arrivals: u32,
    /// The identity of the state after the last navigation.
    arrived_as: Rc<str>,
}

#[derive(Debug)]
pub(super) enum PageAction {
    /// The browser's address has changed.
    Navigate(Arrival),
    /// The visitor, or the page around this one, has changed something.
    Panel(PanelAction),
}

impl PageState {
    fn open(arrival: Arrival) -> Self {
        let Arrival { route, given } = arrival;
        let panel = experiment(&route.slug).map(|experiment| PanelState::read(experiment, &route.query));
        let given = given
            .unwrap_or_else(|| panel.as_ref().map(|panel| panel.given(&route.query)).unwrap_or_default());
        Self::new(route, panel, Rc::new(given))
    }

    fn new(route: Route, panel: Option<PanelState>, given: Rc<Query>) -> Self {
        let Route { slug, chapter, query } = route;
        Self { slug, chapter, query: Rc::new(query), given, panel, arrivals: 0, arrived_as: Rc::from("") }
    }

    /// Returns the state at another address.
    fn navigate(&self, arrival: Arrival) -> Self {
        let Arrival { route, given } = arrival;
        let Some(panel) = self.panel.as_ref().filter(|_| self.slug == route.slug) else {
            return Self::open(Arrival { route, given });
        };
        let next = panel.read_again(&route.query);
        let given = match given {
            Some(given) => Rc::new(given),
            // A link of the page itself has the present settings. Any other link has settings of its own.
            None if next.config == panel.config => self.given.clone(),
            None => Rc::new(next.given(&route.query)),
        };
        Self::new(route, Some(next), given)
    }

    /// Returns the state, marked as the one after a navigation.
    fn arrived(self, arrivals: u32) -> Self {
        let arrived_as = Rc::from(self.identity());
        Self { arrivals, arrived_as, ..self }
    }

    /// Returns the part of the address from `#` on.
    fn to_hash(&self) -> String {
        self.hash_of((*self.query).clone())
    }

    fn hash_of(&self, query: Query) -> String {
        Route { slug: self.slug.clone(), chapter: self.chapter.clone(), query }.to_hash()
    }

    /// Returns a text that is equal for equal states. Addresses of one state may differ in the order of their
    /// keys, and in settings that are written although they have their default.
    fn identity(&self) -> String {
        let query = match &self.panel {
            Some(panel) => panel.canonical(&self.query),
            None => (*self.query).clone(),
        };
        let mut pairs: Vec<(&str, &str)> = query.iter().collect();
        pairs.sort_unstable();
        self.hash_of(pairs.into_iter().collect())
    }

    /// Returns the state as its address needs it.
    fn shown(&self) -> Shown {
        Shown {
            arrivals: self.arrivals,
            arrived_as: self.arrived_as.clone(),
            identity: self.identity(),
            hash: self.to_hash(),
            given: self.given.clone(),
        }
    }
}

impl Reducible for PageState {
    type Action = PageAction;

    fn reduce(self: Rc<Self>, action: PageAction) -> Rc<Self> {
        Rc::new(match action {
            PageAction::Navigate(arrival) => self.navigate(arrival).arrived(self.arrivals + 1),
            PageAction::Panel(action) => {
                let is_tidy = matches!(action, PanelAction::Tidy);
                let (panel, query) = match (&self.panel, action) {
                    (Some(panel), action) => {
                        let (panel, query) = panel.after(action, &self.query);
                        (Some(panel), query)
                    }
                    // Without a panel, the page has only its preferences.
                    (None, PanelAction::Write(changes)) => (None, self.query.changed(&changes)),
                    (None, PanelAction::Tidy) => (None, page_tidied(&self.slug, &self.query)),
                    (None, _) => return self,
                };
                let exists = |slug: &String| {
                    let own = panel.as_ref().map_or(&[][..], |panel| panel.experiment.chapters);
                    chapters(own).any(|chapter| chapter.slug == slug)
                };
                let chapter = self.chapter.clone().filter(|slug| !is_tidy || exists(slug));
                if panel == self.panel && query == *self.query && chapter == self.chapter {
                    return self;
                }
                Self { panel, chapter, query: Rc::new(query), ..(*self).clone() }
            }
        })
    }
}

/// Returns the state of the page. It follows the browser's address, which in turn follows it.
#[hook]
pub(super) fn use_page_state() -> UseReducerHandle<PageState> {
    let opened = use_memo((), |()| AddressBar::open());
    let (bar, arrival) = &*opened;
    let page = {
        let arrival = arrival.clone();
        use_reducer(move || PageState::open(arrival).arrived(0))
    };
    use_effect_with((), {
        let (page, bar) = (page.dispatcher(), bar.clone());
        move |()| {
            let listeners =
                AddressBar::listen(&bar, move |arrival| page.dispatch(PageAction::Navigate(arrival)));
            move || drop(listeners)
        }
    });
    use_effect_with(page.shown(), {
        let bar = bar.clone();
        move |shown| AddressBar::follow(&bar, shown)
    });
    page
}

/// Returns the experiment of the section with this slug.
pub(super) fn experiment(slug: &str) -> Option<&'static AnyExperiment> {
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

    fn arrival(hash: &str, given: Option<&str>) -> Arrival {
        Arrival { route: crate::app::route::Route::from_hash(hash), given: given.map(Query::parse) }
    }

    #[test]
    fn equal_states_have_one_identity_whatever_their_address() {
        let of = |hash: &str| PageState::open(arrival(hash, None)).identity();
        assert_eq!(of("#/mlp?depth=3&seed=2&device=cpu"), of("#/mlp?device=cpu&seed=2"));
        assert_eq!(of("#/mlp?width=99999"), of("#/mlp?width=256"));
        assert_ne!(of("#/mlp?depth=4"), of("#/mlp"));
        assert_ne!(of("#/mlp/collapse"), of("#/mlp"));
        assert_ne!(of("#/mlp?sweep=depth:2"), of("#/mlp"));
    }

    #[test]
    fn the_given_settings_are_those_of_a_link_and_not_those_of_the_visitor() {
        let opened = PageState::open(arrival("#/mlp?depth=6&device=cpu", None)).arrived(0);
        assert_eq!(opened.given.to_string(), "depth=6");
        let changed = Rc::new(opened).reduce(PageAction::Panel(PanelAction::Set("depth", 9.into())));
        assert_eq!((changed.query.get("depth"), changed.given.to_string().as_str()), (Some("9"), "depth=6"));
        assert_ne!(changed.identity(), *changed.arrived_as);
        // A link of the page itself has the settings of the visitor; another link has its own.
        let chapter = changed.navigate(arrival("#/mlp/collapse?depth=9&device=cpu", None));
        assert_eq!(chapter.given.to_string(), "depth=6");
        assert_eq!(changed.navigate(arrival("#/mlp?depth=2", None)).given.to_string(), "depth=2");
        // An entry that the page has written knows what was given.
        assert_eq!(changed.navigate(arrival("#/mlp?depth=2", Some("depth=7"))).given.to_string(), "depth=7");
        assert_eq!(changed.navigate(arrival("#/rnn?depth=2", None)).given.to_string(), "");
        let restore = PanelAction::Restore(changed.given.clone());
        assert_eq!(changed.reduce(PageAction::Panel(restore)).query.to_string(), "device=cpu&depth=6");
    }

    #[test]
    fn an_unknown_chapter_is_tidied_away() {
        let page = Rc::new(PageState::open(arrival("#/mlp/nowhere?depht=2&depth=4", None)));
        let page = page.reduce(PageAction::Panel(PanelAction::Tidy));
        assert_eq!(page.to_hash(), "#/mlp?depth=4&v=1");
        let page = Rc::new(PageState::open(arrival("#/mlp/collapse?depht=2", None)));
        assert_eq!(page.reduce(PageAction::Panel(PanelAction::Tidy)).to_hash(), "#/mlp/collapse");
        let page = Rc::new(PageState::open(arrival("#/verify?device=gpu&theme=dark", None)));
        assert_eq!(page.reduce(PageAction::Panel(PanelAction::Tidy)).to_hash(), "#/verify?theme=dark&v=1");
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
