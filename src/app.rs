//! Navigation, routing, theme and embed mode.

mod address_bar;
mod class;
mod cover;
mod embed;
pub mod lesson;
mod page_state;
pub mod route;
mod verify;

use crate::app::page_state::{PageAction, PageState, use_page_state};
use crate::app::route::Route;
use crate::assignment::Assignment;
use crate::client;
use crate::core::guided::expanded;
use crate::core::query::Query;
use crate::core::suggest::{nearest, no_such};
use crate::coursework::lesson::PAGE as LESSON;
use crate::for_each_section;
use crate::panel::{PanelAction, PanelProps, Problems, Share, device, page_problems};
use crate::sections::{SECTIONS, Section};
use crate::ui::file_drag::use_drop_guard;
use crate::ui::menu::Menu;
use crate::ui::show_current;
use crate::ui::theme::set_theme;
use crate::ui::visibility::HiddenByLesson;
use gloo::utils::{document, window};
use std::rc::Rc;
use yew::prelude::*;

/// Values in the address and words on the page; the first is the default.
type Options = &'static [(&'static str, &'static str)];
const DEVICES: Options = &[("auto", "Automatic"), ("webgpu", "WebGPU"), ("cpu", "CPU")];
const THEMES: Options = &[("auto", "Automatic"), ("light", "Light"), ("dark", "Dark")];

/// The page that `scripts/about.sh` writes: versions, licenses, how to cite the lab.
const ABOUT: &str = "about.html";

/// Fetches the worker of the section in the address: while the page is drawn, the connection is free.
pub fn prefetch_worker() {
    let route = Route::from_hash(&window().location().hash().unwrap_or_default());
    if SECTIONS.iter().any(|section| section.slug == route.slug) {
        client::prefetch_worker(device(&route.query));
    }
}

/// The whole page.
#[component]
pub fn App() -> Html {
    use_drop_guard();
    let page = use_page_state();
    let sections_nav = use_node_ref();
    use_effect_with(page.slug.clone(), {
        let nav = sections_nav.clone();
        move |_| show_current(&nav)
    });
    let dispatch = use_callback((), {
        let page = page.dispatcher();
        move |action: PanelAction, ()| page.dispatch(PageAction::Panel(action))
    });
    let PageState { slug, chapter, query, panel: state, .. } = &*page;
    let section = SECTIONS.iter().find(|section| section.slug == *slug);
    let title = section.map_or_else(|| page_title(slug), |found| found.title);
    use_effect_with(title, |title| {
        let name = "Neural network lab";
        // A lesson sets its own title.
        if *title == page_title(LESSON) {
            return;
        }
        document().set_title(&if title.is_empty() { name.to_owned() } else { format!("{title} – {name}") });
    });
    use_effect_with(slug == "about", |is_about| {
        if *is_about {
            // A separate document, so that it adds nothing to the app. Back returns to the previous page.
            let _ = window().location().replace(ABOUT);
        }
    });
    use_effect_with(query.get("theme").unwrap_or("auto").to_owned(), |theme| set_theme(theme));

    let (Some(section), Some(state)) = (section, state) else {
        let known = ["", "verify", "about", "class", LESSON].contains(&slug.as_str());
        let problems = if known { page_problems(slug, query) } else { vec![no_section(slug)] };
        let on_dismiss = dispatch.reform(|()| PanelAction::Tidy);
        let content = html! {
            <>
                <Problems key={slug.clone()} slug={slug.clone()} list={problems} {on_dismiss} can_dismiss={known} />
                if slug.is_empty() {
                    { cover::cover(query) }
                } else if slug == "verify" {
                    <verify::Verify device={device(query)} />
                } else if slug == "class" {
                    <class::ClassView device={device(query)} />
                } else if slug == LESSON {
                    <lesson::LessonPage query={query.clone()} />
                } else if !known {
                    { sections(slug, query) }
                }
            </>
        };
        let is_embedded = query.get("embed") == Some("1");
        return if is_embedded {
            html! { <main class="embed">{ content }</main> }
        } else {
            shell(&page, &dispatch, sections_nav, content)
        };
    };
    let props = PanelProps {
        chapter: chapter.clone(),
        query: query.clone(),
        given: page.given.clone(),
        state: state.clone(),
        dispatch: dispatch.clone(),
    };
    // Each section's panel is a separate component: switching drops the old one with its runs.
    let panel = panel(section.slug, props);
    let content = if query.get("embed") == Some("1") {
        let guided_infos = state.experiment.guided_infos();
        let query = Rc::new(embed::in_the_lab(query, expanded(&guided_infos, &state.assignment.show).1));
        let share = (page.query.get("share") == Some("1")).then(|| {
            html! { <Share experiment={state.experiment} query={page.query.clone()} chapter={chapter.clone()} /> }
        });
        html! { <embed::Embed slug={section.slug} chapter={chapter.clone()} {query} {share}>{ panel }</embed::Embed> }
    } else {
        shell(&page, &dispatch, sections_nav, panel)
    };
    html! {
        <ContextProvider<Rc<Assignment>> context={state.assignment.clone()}>
            { content }
        </ContextProvider<Rc<Assignment>>>
    }
}

/// Returns the title of a page that is not a section.
fn page_title(slug: &str) -> &'static str {
    match slug {
        "verify" => "Verify this device",
        "class" => "Class view",
        LESSON => "Lesson",
        _ => "",
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

/// Returns a panel with the navigation, as it is shown outside of a frame.
fn shell(page: &PageState, dispatch: &Callback<PanelAction>, nav: NodeRef, children: Html) -> Html {
    let query: &Query = &page.query;
    // The device and the theme stay when the section changes; settings belong to their section.
    let href = |slug: &str| {
        let query = query.keep(|key| ["device", "theme"].contains(&key));
        Route { slug: slug.to_owned(), chapter: None, query }.to_hash()
    };
    let link = |section: &Section| {
        let current = section.slug == page.slug;
        let href = href(section.slug);
        html! {
            <li><a {href} title={section.subtitle} aria-current={current.then_some("page")}>
                { section.title }
            </a></li>
        }
    };
    let device = query.get("device").unwrap_or_default();
    let device = DEVICES.iter().find(|(value, _)| *value == device).or(DEVICES.first());
    html! {
        <div class="shell">
            <header>
                <a class="brand" href={href("")}>{ "Neural network lab" }</a>
                <nav aria-label="Sections" ref={nav}><ul>{ for SECTIONS.iter().map(link) }</ul></nav>
                <div class="tools">
                    <Menu class="preferences" summary={preferences(device.map_or("", |(value, words)| if *value == "auto" { "Device" } else { words }))}>
                        { choice("Device", "device", DEVICES, query, dispatch) }
                        { choice("Theme", "theme", THEMES, query, dispatch) }
                    </Menu>
                    if let Some(state) = &page.panel {
                        <HiddenByLesson name="share">
                            <Share experiment={state.experiment} query={page.query.clone()} chapter={page.chapter.clone()} />
                        </HiddenByLesson>
                    }
                </div>
            </header>
            <main>{ children }</main>
            <footer>
                <a href={href("verify")}>{ "Verify this device" }</a>{ " · " }
                <a href={href("class")}>{ "Class view" }</a>{ " · " }
                // That page has no script: its styles select the theme by the fragment of the address.
                <a href={format!("{ABOUT}#{}", query.get("theme").unwrap_or_default())}>{ "About, licenses, how to cite" }</a>
            </footer>
        </div>
    }
}

/// Returns the content of the button that opens the preferences. Its name starts with the words in sight.
fn preferences(words: &'static str) -> Html {
    html! {
        <>{ words }<span class="visually-hidden">{ ": device and theme" }</span><span aria-hidden="true">{ " ▾" }</span></>
    }
}

/// Returns the menu of a preference, which is the value of `key` in the address.
fn choice(
    label: &'static str,
    key: &'static str,
    options: Options,
    query: &Query,
    dispatch: &Callback<PanelAction>,
) -> Html {
    let default = options.first().map_or("", |(value, _)| *value);
    let current = query.get(key).unwrap_or(default);
    let onchange = dispatch.reform(move |event: Event| {
        let value = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
        PanelAction::Write(vec![(key.to_owned(), (value != default).then_some(value))])
    });
    let option = |(value, words): &(&'static str, &'static str)| {
        html! { <option value={*value} selected={*value == current}>{ *words }</option> }
    };
    html! {
        <label data-param={key}>{ label }{ " " }
            <select {onchange}>{ for options.iter().map(option) }</select>
        </label>
    }
}

/// Returns the sentence about an address without a section.
fn no_section(slug: &str) -> String {
    let known: Vec<&str> = SECTIONS.iter().map(|section| section.slug).collect();
    no_such("section {} at this address", slug, &known)
}

/// Returns links to the sections, with the keys of the address for the one that was probably meant.
fn sections(slug: &str, query: &Query) -> Html {
    let near = nearest(slug, SECTIONS.iter().map(|section| section.slug));
    let link = |section: &Section| {
        let query = if near == Some(section.slug) { query.clone() } else { Query::default() };
        let href = Route { slug: section.slug.to_owned(), chapter: None, query }.to_hash();
        html! { <li><a {href}>{ section.title }</a></li> }
    };
    html! {
        <>
            <p>{ "The lab has these sections:" }</p>
            <ul>{ for SECTIONS.iter().map(link) }</ul>
        </>
    }
}
