//! The frame of a panel: its title, its chapters with their rail, and the parts that all panels share.

use crate::assignment::Guess;
use crate::charts::{ChartHeight, MaxMapHeight};
use crate::client::AnyRun;
use crate::core::LabError;
use crate::core::chapter::{CLAIMS, CODE, Chapter, Opened, RUNS, is_picked, opened};
use crate::core::guided::{GuidedInfo, expanded};
use crate::core::schema::{Schema, Values};
use crate::core::settings::{Param, Preset};
use crate::core::sweep::seed;
use crate::panel::code::{CodeFigure, CodeFiles};
use crate::panel::controls::{ControlGroup, take_main, without};
use crate::panel::history::RunHistory;
use crate::panel::run_panel::{CardSlot, RunPanel};
use crate::panel::run_status::{checks, device_line, offer, run_panel_props};
use crate::panel::run_view::RunViewProvider;
use crate::panel::share::link_for_reader;
use crate::panel::side::{self, Hint, SideSettings, side_settings};
use crate::panel::sweep::Sweep;
use crate::panel::symbols::Symbols;
use crate::panel::tabs::{Tabs, next_chapter};
use crate::panel::{AnySettings, PanelAction, Problems, PtrEq};
use crate::protocol::{DeviceKind, RunState};
use crate::run::any::AnyExperiment;
use crate::saved_runs::format;
use crate::ui::checks::check_table;
use crate::ui::figure::Provenance;
use crate::ui::visibility::{CurrentChapter, HiddenByLesson, OnlyFigures, ShownSeed};
use std::rc::Rc;
use yew::prelude::*;

/// The parts of the frame that are the same in all chapters of a section.
#[derive(Debug, Default)]
pub struct Page {
    /// All settings of the section, in groups. Every chapter offers them next to its main figure.
    pub settings: Vec<ControlGroup>,
    /// Content below the settings, such as an estimate of the cost of a run.
    pub notice: Html,
}

/// The content of a chapter. Its question comes from the section's list of chapters.
#[derive(Debug, Default)]
pub struct ChapterBody {
    /// One or two sentences below the question.
    pub lead: Html,
    /// The main figure, or a row of them: what a reader sees first. It shows something before any training.
    pub stage: Html,
    /// The keys of the settings next to the main figure, at most [`MAX_CONTROLS`](super::MAX_CONTROLS).
    pub keys: &'static [&'static str],
    /// Other content next to the main figure.
    pub aside: Html,
    /// An experiment to which the main figure invites.
    pub hint: Option<Hint>,
    /// Further figures, with the text that explains them.
    pub below: Html,
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
    let several_seeds = (run.records.len() > 1).then(|| seed(&settings.values));
    let provenance = Provenance(provenance(slug, &schema, &settings.values));
    let query = &settings.page.query;
    let guided_infos = Rc::new(run.experiment.guided_infos());
    let (show, alone) = expanded(&guided_infos, &settings.assignment.show);
    let named = query.get("experiment");
    let guided = guided_infos.iter().find(|info| Some(info.slug) == named).copied().or(alone);
    // The chapter in the address comes first, then that of the experiment.
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
    // One chapter has its question above the run bar. Several have theirs between them.
    let single = if let [single] = &*opened { Some(single) } else { None };
    let is_several = single.is_none();
    let parts = FrameParts {
        settings,
        page,
        guided,
        guided_infos: guided_infos.clone(),
        presets,
        is_picked,
        is_several,
        several_seeds,
    };
    let body =
        |chapter| if chapter == CODE.slug { code(run, settings, body(chapter)) } else { body(chapter) };
    let with_body = |opened: &&Opened| chapters.contains(opened.chapter) || *opened.chapter == CODE;
    let (lead, bodies) = parts.bodies(slug, opened.iter().filter(with_body), &body);
    let is_own = !bodies.is_empty();
    html! {
        <ContextProvider<Provenance> context={provenance}>
        <RunViewProvider experiment={run.experiment} config={settings.run_config.clone()} records={PtrEq(run.shown_records.clone())}>
        <div class="panel" data-panel={slug} data-state={run.state.slug()}
            data-probe={if run.probing { "running" } else { "idle" }} data-picked={is_picked.then_some("")}
            data-device={device.map(DeviceKind::slug)} data-asks={asks.then_some("")}>
            if !is_picked {
                <Tabs {slug} {chapters} query={query.clone()} open={single.map(|opened| opened.chapter)}
                    probed={!run.probing} trained={matches!(run.state, RunState::Done { .. })} run_seconds={run.seconds()}
                    guided_infos={guided_infos.clone()} experiment={guided.map(|info| info.slug)} work={settings.work.clone()} />
            }
            if let Some(opened) = single {
                <div class="chapter-head" data-only={opened.only.is_some().then_some("")}>
                    { heading(opened) }
                    if guided.is_none() && opened.only.is_none() {
                        <HiddenByLesson name="introduction">{ lead }</HiddenByLesson>
                    }
                </div>
            }
            <Symbols {slug} params={schema.params} values={settings.values.clone()} />
            <Problems {slug} list={problems} on_dismiss={settings.page.dispatch.reform(|()| PanelAction::Tidy)} />
            if let Some(error) = &run.probe_error {
                { probe_notice(error) }
            }
            { printed_settings(settings, &schema, slug) }
            { offer(run, settings) }
            // A figure that needs no training needs no buttons, unless a question is asked. The embedding page
            // may still train.
            <RunPanel hidden={is_figure && !trains && settings.assignment.question.is_none() && guided.is_none()}
                ..run_panel_props(run, settings, guided, trains && !is_figure, if is_figure { "" } else { run.experiment.main_metrics })>
                if !is_own {
                    <CardSlot />
                }
                <div class="chapters">
                    { bodies }
                    { claims(run, settings, find(&opened, &CLAIMS), single.is_none()) }
                    { runs(run, settings, find(&opened, &RUNS), single.is_none()) }
                    if !is_picked && opened.len() == 1 {
                        { next_chapter(slug, chapters, query, opened.first().map(|opened| opened.chapter)) }
                    }
                    if !is_figure {
                        { device_line(run.device.as_ref(), run.pace, &run.pool, run.team) }
                    }
                </div>
            </RunPanel>
        </div>
        </RunViewProvider>
        </ContextProvider<Provenance>>
    }
}

/// Everything that the chapters of a frame have in common.
struct FrameParts<'a> {
    settings: &'a AnySettings,
    page: Page,
    guided: Option<GuidedInfo>,
    guided_infos: Rc<Vec<GuidedInfo>>,
    presets: &'static [Preset],
    is_picked: bool,
    is_several: bool,
    several_seeds: Option<u64>,
}

impl FrameParts<'_> {
    /// Returns true if all settings of a chapter are behind the heading. A figure alone stays small: it shows its
    /// settings only if its author has left a few. An experiment alone sets them up itself.
    fn folds(&self, opened: &Opened, keys: &[&str]) -> bool {
        const FEW: usize = 3;
        let shown = keys.iter().filter(|key| !self.settings.assignment.hides(key)).count();
        opened.only.is_some() && (self.guided.is_some() || shown > FEW)
    }

    /// Returns the lead of the last chapter, and all chapters.
    fn bodies<'b>(
        &self,
        slug: &str,
        opened: impl Iterator<Item = &'b Opened>,
        body: &dyn Fn(&'static str) -> ChapterBody,
    ) -> (Html, Vec<Html>) {
        let (mut shown, mut lead) = (Vec::new(), Html::default());
        let settings = self.settings;
        let mut bodies = Vec::new();
        for opened in opened {
            let body = body(opened.chapter.slug);
            let keys = if self.folds(opened, body.keys) { &[][..] } else { body.keys };
            let main = take_main(&self.page.settings, keys, &mut shown);
            bodies.push((opened, body, main));
        }
        let more = without(&self.page.settings, &shown);
        let draw = |(index, (opened, body, main)): (usize, (&Opened, ChapterBody, Vec<ControlGroup>))| {
            lead = body.lead;
            // The settings that are not next to any figure are with the first.
            let is_first = index == 0;
            let side = SideSettings {
                main,
                more: if is_first { more.clone() } else { Vec::new() },
                presets: if is_first { self.presets } else { &[] },
                can_reset: !self.is_picked,
            };
            let hint = body.hint.filter(|_| self.guided.is_none() && !self.is_picked);
            let parts = ChapterParts {
                heading: if self.is_several {
                    html! { <>{ heading(opened) }{ lead.clone() }</> }
                } else {
                    Html::default()
                },
                stage: body.stage,
                side: html! {
                    <>
                        if is_first {
                            <CardSlot />
                        }
                        { side_settings(settings, side) }
                        { body.aside }
                        if is_first {
                            { self.page.notice.clone() }
                        }
                        { hint.map(|words| side::hint(settings, slug, words, &self.guided_infos)) }
                    </>
                },
                below: body.below,
            };
            chapter(opened, parts, ShownSeed(self.several_seeds.filter(|_| opened.chapter.trains)))
        };
        let bodies = bodies.into_iter().enumerate().map(draw).collect();
        (lead, bodies)
    }
}

/// Returns the reason why the settings could not be probed.
fn probe_notice(error: &LabError) -> Html {
    let (kind, role) =
        if matches!(error, LabError::NoData(_)) { (None, "status") } else { (Some("error"), "alert") };
    html! { <div class="notice" data-kind={kind} {role}><p>{ error.to_string() }</p></div> }
}

/// Returns the question of a chapter. It is the only title on the page.
fn heading(opened: &Opened) -> Html {
    let Chapter { slug, title, .. } = opened.chapter;
    html! {
        <h1 id={format!("chapter-{slug}")} tabindex="-1" class={classes!("chapter-title", opened.only.is_some().then_some("visually-hidden"))}>{ *title }</h1>
    }
}

fn find<'a>(opened: &'a [Opened], chapter: &Chapter) -> Option<&'a Opened> {
    opened.iter().find(|opened| opened.chapter == chapter)
}

/// The parts of a chapter, as they are arranged on the page.
struct ChapterParts {
    heading: Html,
    stage: Html,
    side: Html,
    below: Html,
}

/// Returns a chapter: its main figure, what is next to it, and the text and figures below.
fn chapter(opened: &Opened, parts: ChapterParts, seed: ShownSeed) -> Html {
    let slug = opened.chapter.slug;
    let only = OnlyFigures(opened.only.clone().map(Rc::from));
    // Single figures in a course page stay small.
    let (height, map_height) = match only.0.as_deref() {
        None => (ChartHeight::STAGE, None),
        Some([_]) => (ChartHeight::ALONE, Some(200.0)),
        Some(_) => (ChartHeight(190.0), Some(170.0)),
    };
    let map_height = map_height.map(MaxMapHeight);
    html! {
        <ContextProvider<CurrentChapter> key={slug} context={CurrentChapter(opened.chapter)}>
        <ContextProvider<OnlyFigures> context={only.clone()}>
        <ContextProvider<ShownSeed> context={seed}>
            <section class="chapter" data-chapter={slug} data-only={only.0.is_some().then_some("")} aria-labelledby={format!("chapter-{slug}")}>
                { parts.heading }
                <div class="chapter-body">
                    <ContextProvider<ChartHeight> context={height}>
                        <div class="stage figures">{ limited(map_height, parts.stage) }</div>
                    </ContextProvider<ChartHeight>>
                    <div class="side">{ parts.side }</div>
                    <div class="below figures">{ limited(map_height, parts.below) }</div>
                </div>
            </section>
        </ContextProvider<ShownSeed>>
        </ContextProvider<OnlyFigures>>
        </ContextProvider<CurrentChapter>>
    }
}

/// Returns figures whose maps are at most this tall.
fn limited(height: Option<MaxMapHeight>, figures: Html) -> Html {
    let Some(height) = height else { return figures };
    html! { <ContextProvider<MaxMapHeight> context={height}>{ figures }</ContextProvider<MaxMapHeight>> }
}

/// Returns the chapter of code. The section provides its lead, its equations as the main figure, and its settings.
fn code(run: &AnyRun, settings: &AnySettings, own: ChapterBody) -> ChapterBody {
    let (experiment, config, device) = (run.experiment, settings.run_config.clone(), settings.options.device);
    ChapterBody {
        stage: html! { <CodeFigure {experiment} config={config.clone()} {device} parts={own.stage} /> },
        below: html! {
            <>
                { own.below }
                <CodeFiles {experiment} {config} {device} saved={run.saved.clone()} start_from={run.start_from.clone()} />
            </>
        },
        ..own
    }
}

/// Returns the chapter of checks and sweeps. It is rendered even while another chapter is open, so that a
/// sweep continues.
fn claims(run: &AnyRun, settings: &AnySettings, opened: Option<&Opened>, has_heading: bool) -> Html {
    let is_open = opened.is_some();
    let is_whole = opened.is_some_and(|opened| opened.only.is_none());
    html! {
        <section class="chapter" data-chapter={is_open.then_some(CLAIMS.slug)} hidden={!is_open} aria-label={CLAIMS.title}>
            if let Some(opened) = opened.filter(|_| has_heading && is_whole) {
                { heading(opened) }
            }
            if is_whole {
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
fn runs(run: &AnyRun, settings: &AnySettings, opened: Option<&Opened>, has_heading: bool) -> Html {
    let is_open = opened.is_some();
    html! {
        <section class="chapter" data-chapter={is_open.then_some(RUNS.slug)} hidden={!is_open} aria-label={RUNS.title}>
            if let Some(opened) = opened.filter(|_| has_heading) {
                { heading(opened) }
            }
            <HiddenByLesson name="history">
                <RunHistory page={settings.page.clone()} section={run.experiment} config={settings.run_config.clone()} records={PtrEq(run.records.clone())}
                    state={run.state.clone()} run={run.run} progress={run.progress} device={run.device.clone()}
                    train={run.train.clone()} work={settings.work.clone()} {is_open} />
            </HiddenByLesson>
        </section>
    }
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
