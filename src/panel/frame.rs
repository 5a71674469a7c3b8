//! The frame of a panel: its title, its chapters with their rail, and the parts that all panels share.

use crate::assignment::{Assignment, Guess};
use crate::client::AnyRun;
use crate::core::chapter::{CLAIMS, Chapter, Opened, RUNS, is_picked, opened};
use crate::core::guided::expanded;
use crate::core::schema::{Schema, Values};
use crate::core::settings::Param;
use crate::core::sweep::seed;
use crate::panel::controls::{ControlGroup, control_groups, keep_first, shown_controls};
use crate::panel::history::RunHistory;
use crate::panel::rail::{Rail, Reset, next_chapter};
use crate::panel::run_status::{checks, device_line, offer, run_panel};
use crate::panel::run_view::RunViewProvider;
use crate::panel::share::{Share, link_for_reader};
use crate::panel::sweep::Sweep;
use crate::panel::symbols::Symbols;
use crate::panel::{AnySettings, PanelAction, PanelProps, Problems, PtrEq};
use crate::protocol::{DeviceKind, RunState};
use crate::run::any::AnyExperiment;
use crate::saved_runs::format;
use crate::ui::checks::check_table;
use crate::ui::figure::Provenance;
use crate::ui::visibility::{CurrentChapter, HiddenByLesson, OnlyFigures, ShownSeed};
use std::rc::Rc;
use yew::prelude::*;

/// The parts of the frame that a section provides.
#[derive(Debug)]
pub struct Page {
    /// The title of the panel.
    pub title: &'static str,
    /// One or two sentences under the title.
    pub introduction: Html,
    /// Content above all chapters, such as an estimate of the cost of a run.
    pub notice: Html,
}

/// The content of a chapter: its controls, and its figures with the text between them.
#[derive(Debug, Default)]
pub struct ChapterBody {
    /// The controls.
    pub controls: Vec<ControlGroup>,
    /// The figures with their text.
    pub figures: Html,
}

/// Returns the frame of a panel. `body` returns the content of a chapter by its name; it is called only for
/// open chapters.
pub fn frame(
    run: &AnyRun,
    settings: &AnySettings,
    page: Page,
    body: impl Fn(&'static str) -> ChapterBody,
) -> Html {
    draw(run, settings, page, &body)
}

fn draw(
    run: &AnyRun,
    settings: &AnySettings,
    page: Page,
    body: &dyn Fn(&'static str) -> ChapterBody,
) -> Html {
    let AnyExperiment { slug, schema, chapters, .. } = *run.experiment;
    let device = run.device.as_ref().map(|info| info.kind);
    let title_id = format!("{slug}-title");
    let several = (run.records.len() > 1).then(|| seed(&settings.values));
    let provenance = Provenance(provenance(slug, &schema, &settings.values));
    // A reader of a course page does not need the buttons of its author.
    let query = &settings.page.query;
    let guided_infos = Rc::new(run.experiment.guided_infos());
    let (show, alone) = expanded(&guided_infos, &settings.assignment.show);
    let named = query.get("experiment");
    let guided = guided_infos.iter().find(|info| Some(info.slug) == named).copied().or(alone);
    // An experiment opens its chapter, unless the address opens a different one.
    let chapter_slug = settings.page.chapter.as_deref().or(guided.map(|info| info.chapter));
    let (opened, no_chapter) = opened(chapters, chapter_slug, &show);
    let asks = guided.is_some()
        || settings.assignment.question.as_ref().is_some_and(|question| question.guess != Guess::None);
    let presets = if asks && !*settings.background.predicted { &[] } else { schema.presets };
    let state = &settings.page.state;
    // The chapter of the sweep says itself why it cannot start.
    let said = state.sweep_warning().filter(|_| find(&opened, &CLAIMS).is_some());
    let problems: Vec<String> =
        state.warnings().filter(|words| Some(*words) != said).cloned().chain(no_chapter).collect();
    let is_picked = is_picked(&opened, &show);
    let is_figure = is_picked && opened.iter().all(|opened| opened.only.is_some());
    let trains = opened.iter().any(|opened| opened.chapter.trains);
    let own = opened.iter().filter(|opened| chapters.contains(opened.chapter));
    let mut shown = Vec::new();
    let bodies = own.map(|opened| {
        let mut body = body(opened.chapter.slug);
        keep_first(&mut body.controls, &mut shown);
        (opened, body)
    });
    let bodies: Vec<_> = bodies.collect();
    html! {
        <ContextProvider<Provenance> context={provenance}>
        <RunViewProvider experiment={run.experiment} config={settings.run_config.clone()} records={PtrEq(run.shown_records.clone())}>
        <section class="panel" data-panel={slug} data-state={run.state.slug()}
            data-probe={if run.probing { "running" } else { "idle" }} data-picked={is_picked.then_some("")}
            data-device={device.map(DeviceKind::slug)} aria-labelledby={title_id.clone()}>
            <div class={if is_figure { "visually-hidden" } else { "panel-head" }}>
                <h2 id={title_id}>{ page.title }</h2>
                if !is_figure && (query.get("embed") != Some("1") || query.get("share") == Some("1")) {
                    <HiddenByLesson name="share">
                        <Share {slug} query={settings.page.query.clone()} params={schema.params}
                            presets={schema.presets} {chapters} guided_infos={guided_infos.clone()} chapter={settings.page.chapter.clone()} />
                    </HiddenByLesson>
                }
            </div>
            if !is_picked {
                <HiddenByLesson name="introduction">{ page.introduction }</HiddenByLesson>
            }
            <Symbols {slug} params={schema.params} values={settings.values.clone()} />
            <Problems {slug} list={problems} on_dismiss={settings.page.dispatch.reform(|()| PanelAction::Tidy)} />
            if let Some(error) = &run.probe_error {
                <div class="notice" data-kind="error" role="alert"><p>{ error }</p></div>
            }
            { printed_settings(settings, &schema, slug) }
            { offer(run, settings) }
            { page.notice }
            // A figure that needs no training needs no buttons, unless a question is asked. The embedding
            // page may still train.
            <div hidden={is_figure && !trains && settings.assignment.question.is_none() && guided.is_none()} class="run-frame">
                { run_panel(run, settings, guided, trains && !is_figure, if is_figure { "" } else { run.experiment.main_metrics }) }
            </div>
            <div class="panel-grid">
                if !is_picked {
                    <Rail {slug} {chapters} query={settings.page.query.clone()} open={opened.first().map(|opened| opened.chapter)}
                        probed={!run.probing} trained={matches!(run.state, RunState::Done { .. })}
                        {presets} preset={state.preset()} choose={settings.choose.clone()}
                        guided_infos={guided_infos.clone()} experiment={guided.map(|info| info.slug)} finished={settings.finished.clone()}
                        reset={reset(settings)} />
                }
                <div class="chapters">
                    { for bodies.into_iter().map(|(opened, body)| chapter(settings, opened, body, ShownSeed(several.filter(|_| opened.chapter.trains)))) }
                    { claims(run, settings, find(&opened, &CLAIMS)) }
                    { runs(run, settings, find(&opened, &RUNS)) }
                    if !is_picked && opened.len() == 1 {
                        { next_chapter(slug, chapters, query, opened.first().map(|opened| opened.chapter)) }
                    }
                    if !is_figure {
                        { device_line(run.device.as_ref(), run.pace, &run.pool) }
                    }
                </div>
            </div>
        </section>
        </RunViewProvider>
        </ContextProvider<Provenance>>
    }
}

fn find<'a>(opened: &'a [Opened], chapter: &Chapter) -> Option<&'a Opened> {
    opened.iter().find(|opened| opened.chapter == chapter)
}

/// Returns a chapter: its question, and its controls next to its figures.
fn chapter(settings: &AnySettings, opened: &Opened, body: ChapterBody, seed: ShownSeed) -> Html {
    let Chapter { slug, title, .. } = opened.chapter;
    let only = OnlyFigures(opened.only.clone().map(Rc::from));
    let has_controls = !body.controls.is_empty();
    // A single figure stays small: its controls are folded, unless its author has left only a few.
    const FEW: usize = 3;
    let is_short = shown_controls(&settings.assignment, &body.controls).is_some_and(|shown| shown <= FEW);
    html! {
        <ContextProvider<CurrentChapter> key={*slug} context={CurrentChapter(opened.chapter)}>
        <ContextProvider<OnlyFigures> context={only.clone()}>
        <ContextProvider<ShownSeed> context={seed}>
            <section class="chapter" data-chapter={*slug} data-only={only.0.is_some().then_some("")} aria-labelledby={format!("chapter-{slug}")}>
                <h3 id={format!("chapter-{slug}")} tabindex="-1" class={only.0.is_some().then_some("visually-hidden")}>{ *title }</h3>
                <div class="chapter-body" data-controls={has_controls.then_some("")}>
                    if has_controls {
                        <HiddenByLesson name="settings"><Controls is_short={only.0.is_some() && is_short} folded={only.0.is_some()}>{ control_groups(settings, body.controls) }</Controls></HiddenByLesson>
                    }
                    <div class="figures">{ body.figures }</div>
                </div>
            </section>
        </ContextProvider<ShownSeed>>
        </ContextProvider<OnlyFigures>>
        </ContextProvider<CurrentChapter>>
    }
}

/// Returns the chapter of checks and sweeps. It is rendered even while another chapter is open, so that a
/// sweep continues.
fn claims(run: &AnyRun, settings: &AnySettings, opened: Option<&Opened>) -> Html {
    let is_open = opened.is_some();
    let is_whole = opened.is_some_and(|opened| opened.only.is_none());
    html! {
        <section class="chapter" data-chapter={is_open.then_some(CLAIMS.slug)} hidden={!is_open} aria-label={CLAIMS.title}>
            if is_whole {
                <h3 id="chapter-claims" tabindex="-1">{ CLAIMS.title }</h3>
                <HiddenByLesson name="checks">{ check_table(&checks(run, settings)) }</HiddenByLesson>
            }
            <HiddenByLesson name="sweep">
                <Sweep page={settings.page.clone()} experiment={run.experiment} config={settings.run_config.clone()} seeds={settings.options.seeds}
                    device={run.device.clone()} busy={run.state.is_active()} {is_open} background={settings.background.clone()} />
            </HiddenByLesson>
        </section>
    }
}

/// Returns the chapter of saved runs. It is rendered even while another chapter is open, so that runs are
/// saved.
fn runs(run: &AnyRun, settings: &AnySettings, opened: Option<&Opened>) -> Html {
    let is_open = opened.is_some();
    html! {
        <section class="chapter" data-chapter={is_open.then_some(RUNS.slug)} hidden={!is_open} aria-label={RUNS.title}>
            if is_open {
                <h3 id="chapter-runs" tabindex="-1">{ RUNS.title }</h3>
            }
            <HiddenByLesson name="history">
                <RunHistory page={settings.page.clone()} section={run.experiment} config={settings.run_config.clone()} records={PtrEq(run.records.clone())}
                    state={run.state.clone()} run={run.run} progress={run.progress} device={run.device.clone()}
                    train={run.train.clone()} {is_open} />
            </HiddenByLesson>
        </section>
    }
}

/// The controls of a chapter. On a narrow page they are collapsed at first, so that the figures are near the
/// buttons.
#[component]
fn Controls(props: &ControlsProps) -> Html {
    const WIDE_PX: f64 = 900.0;
    let open = use_state(|| {
        let width = gloo::utils::window().inner_width().ok().and_then(|width| width.as_f64());
        width.is_none_or(|width| width >= WIDE_PX)
    });
    html! {
        <details class="controls" data-short={props.is_short.then_some("")} open={props.is_short || (*open && !props.folded)}>
            <summary>{ "Settings" }</summary>
            { props.children.clone() }
        </details>
    }
}

#[derive(PartialEq, Properties)]
struct ControlsProps {
    /// True if they are so few that they need no heading and are always open.
    is_short: bool,
    /// True if they are collapsed at first at any width.
    folded: bool,
    children: Html,
}

/// Returns the ways to reset the settings.
fn reset(settings: &AnySettings) -> Reset {
    let PanelProps { given, query, state, dispatch, .. } = &settings.page;
    let schema = settings.schema;
    let (_, base, _) = schema.base(given);
    let has_given = !given.is_empty() && schema.read(&base, given).0 != schema.defaults();
    let restore = {
        let given = given.clone();
        has_given.then(|| dispatch.reform(move |_: MouseEvent| PanelAction::Restore(given.clone())))
    };
    // An author decides what the settings of an assignment are, so a student does not leave them by a reset.
    let is_assigned = query.get("embed") == Some("1") || *state.assignment != Assignment::default();
    Reset { restore, is_assigned }
}

/// Returns what a printed page shows in place of its controls: the settings, and a link to the page with them.
fn printed_settings(settings: &AnySettings, schema: &Schema, slug: &str) -> Html {
    let of = |param: &Param| {
        let value = settings.values.get(param.key)?;
        Some(format!("{}: {}", param.label, format::value(param, value)))
    };
    let all: Vec<String> = schema.params.iter().filter_map(of).collect();
    let link = link_for_reader(slug, settings.page.chapter.as_deref(), &settings.page.query);
    html! {
        <div class="print-only" data-print="settings">
            <p>{ format!("Settings: {}.", all.join("; ")) }</p>
            <p>{ format!("nn-lab {}, {link}", env!("CARGO_PKG_VERSION")) }</p>
        </div>
    }
}

/// Returns the settings that differ from the defaults, for exports.
fn provenance(slug: &str, schema: &Schema, values: &Values) -> AttrValue {
    let query: Vec<String> =
        schema.query(values).iter().map(|(key, value)| format!("{key}={value}")).collect();
    let settings = if query.is_empty() { "default settings".to_owned() } else { query.join(" ") };
    AttrValue::from(format!("nn-lab {} · {slug} · {settings}", env!("CARGO_PKG_VERSION")))
}
