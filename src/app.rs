//! Navigation, routing, theme and embed mode.

mod embed;
pub mod route;
mod verify;

use crate::app::route::Route;
use crate::assignment::Assignment;
use crate::core::query::{Changes, Query};
use crate::for_each_section;
use crate::panel::PanelProps;
use crate::protocol::DeviceChoice;
use crate::sections::SECTIONS;
use crate::ui::theme::set_theme;
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use gloo::utils::{document, window};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use yew::prelude::*;

/// A settings change enters the history once it has rested this long, so that Back undoes a change and not a pixel.
const SETTLE_MS: u32 = 400;

/// Values in the address and words on the page; the first is the default.
type Options = &'static [(&'static str, &'static str)];
const DEVICES: Options = &[("auto", "Automatic"), ("webgpu", "WebGPU"), ("cpu", "CPU")];
const THEMES: Options = &[("auto", "Automatic"), ("light", "Light"), ("dark", "Dark")];

/// The page that `scripts/about.sh` writes: versions, licenses, how to cite the lab.
const ABOUT: &str = "about.html";

/// The whole page.
#[component]
pub fn App() -> Html {
    let route = use_route();
    let theme = route.query.get("theme").unwrap_or("auto").to_owned();
    use_effect_with(theme.clone(), |theme| set_theme(theme));
    if route.slug == "about" {
        // A page of its own, so that the app carries nothing of it; Back leads to where the visitor was before.
        let _ = window().location().replace(ABOUT);
    }
    let device = match route.query.get("device") {
        Some("webgpu") => DeviceChoice::Webgpu,
        Some("cpu") => DeviceChoice::Cpu,
        _ => DeviceChoice::Auto,
    };
    if route.slug == "verify" {
        set_title("Verify this device");
        return html! { <Shell {route}><verify::Verify {device} /></Shell> };
    }
    let Some(section) = SECTIONS.iter().find(|section| section.slug == route.slug) else {
        return html! { <Shell {route}><Unknown /></Shell> };
    };
    set_title(section.title);
    let props = PanelProps {
        chapter: route.chapter.clone(),
        query: route.query.clone(),
        on_query: {
            let route = route.clone();
            Callback::from(move |changes: Changes| route.change(&changes))
        },
        device,
    };
    // A panel of its own for each section: switching drops the old one with its runs.
    let panel = panel(section.slug, props);
    let (assignment, mut warnings) = Assignment::from_query(&route.query);
    if route.query.get("v").is_some() {
        warnings.push("This link is from a newer version of the lab. Keys that this version does not know were ignored; reload the page to get the newest version.".to_owned());
    }
    let panel = html! {
        <ContextProvider<Rc<Assignment>> context={Rc::new(assignment)}>
            if !warnings.is_empty() {
                <div class="notice" data-kind="warn" role="status">{ for warnings.iter().map(|text| html! { <p>{ text }</p> }) }</div>
            }
            { panel }
        </ContextProvider<Rc<Assignment>>>
    };
    if route.query.get("embed") == Some("1") {
        html! { <embed::Embed slug={section.slug} chapter={route.chapter.clone()} query={route.query.clone()}>{ panel }</embed::Embed> }
    } else {
        html! { <Shell {route}>{ panel }</Shell> }
    }
}

fn panel(slug: &str, props: PanelProps) -> Html {
    macro_rules! panels {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            match slug {
                $(<crate::sections::$module::$experiment as crate::run::Experiment>::SLUG => {
                    html! { <crate::sections::$module::$panel key={slug.to_owned()} ..props /> }
                })*
                _ => Html::default(),
            }
        };
    }
    for_each_section!(panels)
}

/// The address as state, and the way to change it.
#[derive(Clone, PartialEq)]
struct Router {
    slug: String,
    chapter: Option<String>,
    query: Rc<Query>,
    go: Callback<Route>,
}

impl Router {
    /// Sets some keys and removes others; the rest of the address stays.
    fn change(&self, changes: &Changes) {
        let (slug, chapter) = (self.slug.clone(), self.chapter.clone());
        self.go.emit(Route { slug, chapter, query: self.query.changed(changes) });
    }

    fn on_choice(&self, key: &'static str, default: &'static str) -> Callback<Event> {
        let route = self.clone();
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
            route.change(&vec![(key.to_owned(), (value != default).then_some(value))]);
        })
    }
}

#[hook]
fn use_route() -> Router {
    let route = use_state(current_route);
    let pending = use_mut_ref(|| None::<Timeout>);
    use_effect_with((), {
        let (route, pending) = (route.clone(), pending.clone());
        move |()| {
            let listener = EventListener::new(&window(), "hashchange", move |_| {
                pending.borrow_mut().take();
                route.set(current_route());
            });
            move || drop(listener)
        }
    });
    let go = {
        let setter = route.setter();
        Callback::from(move |route: Route| {
            let hash = route.to_hash();
            setter.set(route);
            // Writing each position of a slider would fill the history, and some browsers refuse after a hundred.
            let write = Timeout::new(SETTLE_MS, move || {
                if let Ok(history) = window().history() {
                    // A sandboxed frame may refuse; the page works without.
                    let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&hash));
                }
            });
            pending.borrow_mut().replace(write);
        })
    };
    let query = Rc::new(route.query.clone());
    Router { slug: route.slug.clone(), chapter: route.chapter.clone(), query, go }
}

fn current_route() -> Route {
    let mut route = Route::from_hash(&window().location().hash().unwrap_or_default());
    if route.slug.is_empty() {
        route.slug = SECTIONS.first().map(|section| section.slug.to_owned()).unwrap_or_default();
    }
    route
}

fn set_title(title: &str) {
    document().set_title(&format!("{title} – Neural network lab"));
}

#[derive(Properties, PartialEq)]
struct ShellProps {
    route: Router,
    children: Html,
}

/// What surrounds a panel on the page of its own.
#[component]
fn Shell(props: &ShellProps) -> Html {
    let route = &props.route;
    // The device and the theme stay when the section changes; settings belong to their section.
    let href = |slug: &str| {
        let query = route.query.keep(|key| ["device", "theme"].contains(&key));
        Route { slug: slug.to_owned(), chapter: None, query }.to_hash()
    };
    let link = |section: &crate::sections::Section| {
        let current = section.slug == route.slug;
        let href = href(section.slug);
        html! {
            <li><a {href} title={section.subtitle} aria-current={current.then_some("page")}>
                <strong>{ section.title }</strong><span>{ section.subtitle }</span>
            </a></li>
        }
    };
    html! {
        <div class="shell">
            <header>
                <h1><a href="#/">{ "Neural network lab" }</a></h1>
                <nav aria-label="Sections"><ul>{ for SECTIONS.iter().map(link) }</ul></nav>
                <div class="preferences">
                    <Choice label="Device" name="device" value={route.query.get("device").unwrap_or("auto").to_owned()}
                        options={DEVICES}
                        on_change={route.on_choice("device", "auto")} />
                    <Choice label="Theme" name="theme" value={route.query.get("theme").unwrap_or("auto").to_owned()}
                        options={THEMES}
                        on_change={route.on_choice("theme", "auto")} />
                </div>
            </header>
            <main>{ props.children.clone() }</main>
            <footer>
                <a href={href("verify")}>{ "Verify this device" }</a>{ " · " }
                // That page has no script: the theme is the part of the address that its styles look at.
                <a href={format!("{ABOUT}#{}", route.query.get("theme").unwrap_or_default())}>{ "About, licenses, how to cite" }</a>
            </footer>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ChoiceProps {
    label: AttrValue,
    name: AttrValue,
    value: String,
    options: Options,
    on_change: Callback<Event>,
}

/// A preference of the page.
#[component]
fn Choice(props: &ChoiceProps) -> Html {
    let option = |(value, label): &(&'static str, &'static str)| {
        html! { <option value={*value} selected={*value == props.value}>{ *label }</option> }
    };
    html! {
        <label data-param={props.name.clone()}>{ &props.label }{ " " }
            <select onchange={props.on_change.clone()}>{ for props.options.iter().map(option) }</select>
        </label>
    }
}

/// What an address without a section shows.
#[component]
fn Unknown() -> Html {
    html! {
        <div class="notice" data-kind="warn" role="alert">
            <p>{ "There is no section at this address. These are here:" }</p>
            <ul>{ for SECTIONS.iter().map(|s| html! { <li><a href={format!("#/{}", s.slug)}>{ s.title }</a></li> }) }</ul>
        </div>
    }
}
