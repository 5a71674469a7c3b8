//! The frame of a panel: its title, the run's buttons, the rail of its chapters, and what is always there.

use crate::client::{AnyRun, Pool};
use crate::core::Check;
use crate::core::chapter::{CLAIMS, Chapter, Opened, RUNS, is_picked, opened};
use crate::core::guided::{GuidedInfo, expanded};
use crate::core::schema::{Schema, Values};
use crate::core::sweep::{seed, with_seed};
use crate::panel::guided::GuidedView;
use crate::panel::history::{RunHistory, local};
use crate::panel::rail::{NextChapter, Rail};
use crate::panel::run_panel::{Failure, RunPanel};
use crate::panel::share::Share;
use crate::panel::sweep::Sweep;
use crate::panel::symbols::Symbols;
use crate::panel::{AnySettings, PtrEq, RunView};
use crate::protocol::{DeviceInfo, DeviceKind, Pace, Progress, RunState};
use crate::run::any::{AnyExperiment, AnyRecord};
use crate::saved_runs::Timestamp;
use crate::ui::checks::check_table;
use crate::ui::figure::Provenance;
use crate::ui::player::Player;
use crate::ui::readout::{MetricOutput, format_number};
use crate::ui::visibility::{HiddenByLesson, OnlyFigures, ShownSeed};
use std::rc::Rc;
use yew::prelude::*;

/// What a section puts into the frame.
#[derive(Debug)]
pub struct Page {
    pub title: &'static str,
    /// One or two sentences under the title.
    pub introduction: Html,
    /// Names of the two to four numbers that stay in sight while one reads.
    pub main_numbers: &'static str,
    /// What stands above all chapters, such as an offer to go on with a run.
    pub notice: Html,
}

/// What a chapter shows: its controls, and its figures with the text between them.
#[derive(Debug, Default)]
pub struct ChapterBody {
    pub controls: Html,
    pub figures: Html,
}

/// The frame of a panel. `body` makes a chapter by its name; it is called only for those that are open.
pub fn frame(
    lab: &AnyRun,
    settings: &AnySettings,
    page: Page,
    body: impl Fn(&'static str) -> ChapterBody,
) -> Html {
    draw(lab, settings, page, &body)
}

fn draw(
    lab: &AnyRun,
    settings: &AnySettings,
    page: Page,
    body: &dyn Fn(&'static str) -> ChapterBody,
) -> Html {
    let AnyExperiment { slug, schema, chapters, .. } = *lab.experiment;
    let device = lab.device.as_ref().map(|info| info.kind);
    let title_id = format!("{slug}-title");
    let seeds = (0..lab.records.len() as u32).map(|further| seed(&with_seed(&settings.values, further)));
    let several = (lab.records.len() > 1).then(|| seed(&settings.values));
    let view = RunView::new(lab.experiment, &settings.values, seeds.collect(), &lab.shown_records);
    let provenance = Provenance(provenance(slug, &schema, &settings.values));
    // A reader of a course page has no use for the buttons of its author.
    let query = &settings.page.query;
    let guided_infos = Rc::new(lab.experiment.guided_infos());
    let (show, alone) = expanded(&guided_infos, &settings.assignment.show);
    let (guided, no_experiment) = open_experiment(&guided_infos, query.get("experiment"));
    let guided = guided.or(alone);
    // An experiment opens its chapter, unless the address opens another one.
    let chapter_slug = settings.page.chapter.as_deref().or(guided.map(|info| info.chapter));
    let (opened, unknown) = opened(chapters, chapter_slug, &show);
    let warnings: Vec<String> =
        settings.warnings.iter().cloned().chain(unknown).chain(no_experiment).collect();
    let is_picked = is_picked(&opened, &show);
    let is_figure = is_picked && opened.iter().all(|opened| opened.only.is_some());
    let trains = opened.iter().any(|opened| opened.chapter.trains);
    let own = opened.iter().filter(|opened| chapters.contains(opened.chapter));
    html! {
        <ContextProvider<Provenance> context={provenance}>
        <ContextProvider<RunView> context={view}>
        <section class="panel" data-panel={slug} data-state={lab.state.slug()}
            data-probe={if lab.probing { "running" } else { "idle" }} data-picked={is_picked.then_some("")}
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
            { notices(&warnings, lab.probe_error.as_ref()) }
            { offer(lab, settings) }
            { page.notice }
            // What is complete without training needs no button, unless a question is asked; the page around may still train.
            <div hidden={is_figure && !trains && settings.assignment.question.is_none() && guided.is_none()} class="run-frame">
                { run_panel(lab, settings, guided, trains, if is_figure { "" } else { page.main_numbers }) }
            </div>
            <div class="panel-grid">
                if !is_picked {
                    <Rail {slug} {chapters} page={settings.page.clone()} open={opened.first().map(|opened| opened.chapter)}
                        probed={!lab.probing} trained={matches!(lab.state, RunState::Done { .. })}
                        presets={schema.presets} preset={settings.preset} choose={settings.choose.clone()}
                        guided_infos={guided_infos.clone()} experiment={guided.map(|info| info.slug)} finished={settings.finished.clone()} />
                }
                <div class="chapters">
                    { for own.map(|opened| chapter(opened, body(opened.chapter.slug), ShownSeed(several.filter(|_| opened.chapter.trains)))) }
                    { claims(lab, settings, find(&opened, &CLAIMS)) }
                    { runs(lab, settings, find(&opened, &RUNS)) }
                    if !is_picked && opened.len() == 1 {
                        <NextChapter {slug} {chapters} page={settings.page.clone()} open={opened.first().map(|opened| opened.chapter)} />
                    }
                    if !is_figure {
                        { device_line(lab.device.as_ref(), lab.pace, &lab.pool) }
                    }
                </div>
            </div>
        </section>
        </ContextProvider<RunView>>
        </ContextProvider<Provenance>>
    }
}

fn find<'a>(opened: &'a [Opened], chapter: &Chapter) -> Option<&'a Opened> {
    opened.iter().find(|opened| opened.chapter == chapter)
}

/// A chapter: its question, and its controls beside its figures.
fn chapter(opened: &Opened, body: ChapterBody, seed: ShownSeed) -> Html {
    let Chapter { slug, title, .. } = opened.chapter;
    let only = OnlyFigures(opened.only.clone().map(Rc::from));
    let has_controls = body.controls != Html::default();
    html! {
        <ContextProvider<OnlyFigures> key={*slug} context={only.clone()}>
        <ContextProvider<ShownSeed> context={seed}>
            <section class="chapter" data-chapter={*slug} data-only={only.0.is_some().then_some("")} aria-labelledby={format!("chapter-{slug}")}>
                <h3 id={format!("chapter-{slug}")} tabindex="-1" class={only.0.is_some().then_some("visually-hidden")}>{ *title }</h3>
                <div class="chapter-body" data-controls={has_controls.then_some("")}>
                    if has_controls {
                        <HiddenByLesson name="settings"><Controls always={only.0.is_some()}>{ body.controls }</Controls></HiddenByLesson>
                    }
                    <div class="figures">{ body.figures }</div>
                </div>
            </section>
        </ContextProvider<ShownSeed>>
        </ContextProvider<OnlyFigures>>
    }
}

/// The chapter of checks and sweeps. A sweep goes on while another chapter is open.
fn claims(lab: &AnyRun, settings: &AnySettings, opened: Option<&Opened>) -> Html {
    let is_open = opened.is_some();
    let is_whole = opened.is_some_and(|opened| opened.only.is_none());
    html! {
        <section class="chapter" data-chapter={is_open.then_some(CLAIMS.slug)} hidden={!is_open} aria-label={CLAIMS.title}>
            if is_whole {
                <h3 id="chapter-claims" tabindex="-1">{ CLAIMS.title }</h3>
                <HiddenByLesson name="checks">{ check_table(&checks(lab, &settings.values)) }</HiddenByLesson>
            }
            <HiddenByLesson name="sweep">
                <Sweep page={settings.page.clone()} experiment={lab.experiment} config={settings.values.clone()} seeds={settings.options.seeds}
                    device={lab.device.clone()} busy={lab.state.is_active()} {is_open} background={settings.background.clone()} />
            </HiddenByLesson>
        </section>
    }
}

/// The chapter of saved runs. They are gathered while another chapter is open.
fn runs(lab: &AnyRun, settings: &AnySettings, opened: Option<&Opened>) -> Html {
    let is_open = opened.is_some();
    html! {
        <section class="chapter" data-chapter={is_open.then_some(RUNS.slug)} hidden={!is_open} aria-label={RUNS.title}>
            if is_open {
                <h3 id="chapter-runs" tabindex="-1">{ RUNS.title }</h3>
            }
            <HiddenByLesson name="history">
                <RunHistory page={settings.page.clone()} section={lab.experiment} config={settings.values.clone()} records={PtrEq(lab.records.clone())}
                    state={lab.state.clone()} run={lab.run} progress={lab.progress} device={lab.device.clone()}
                    train={lab.train.clone()} {is_open} />
            </HiddenByLesson>
        </section>
    }
}

/// The controls of a chapter. On a narrow page they start closed, so that the figures are not far below the buttons.
#[component]
fn Controls(props: &ControlsProps) -> Html {
    const WIDE_PX: f64 = 900.0;
    let open = use_state(|| {
        let width = gloo::utils::window().inner_width().ok().and_then(|width| width.as_f64());
        width.is_none_or(|width| width >= WIDE_PX)
    });
    html! {
        <details class="controls" open={*open || props.always}>
            <summary>{ "Settings" }</summary>
            { props.children.clone() }
        </details>
    }
}

#[derive(PartialEq, Properties)]
struct ControlsProps {
    /// Whether they are open at any width: beside a single figure.
    always: bool,
    children: Html,
}

/// The claims, held against what was measured with every seed.
fn checks(lab: &AnyRun, values: &Values) -> Vec<Check> {
    let of_seed =
        |(further, record): (u32, &AnyRecord)| lab.experiment.checks(&with_seed(values, further), record);
    let seeds: Vec<Vec<Check>> = (0..).zip(&*lab.records).map(of_seed).collect();
    let checks = Check::of_seeds(&seeds).into_iter();
    checks.map(|check| if lab.state.is_active() { check.while_training() } else { check }).collect()
}

/// The nets that failed while others did not: their numbers, and sentences that name them.
fn failures(lab: &AnyRun, values: &Values) -> Vec<Failure> {
    let nets = lab.experiment.arms;
    if matches!(lab.state, RunState::Error(_)) {
        return Vec::new();
    }
    let lost: Vec<&RunState> = lab.arms.iter().filter(|arm| arm.is_lost).map(|arm| &arm.state).collect();
    let failed = lab.arms.iter().enumerate().filter_map(|(index, arm)| {
        let RunState::Error(why) = &arm.state else { return None };
        // Those that were lost were so together, and one sentence is enough.
        if arm.is_lost && lost.len() > 1 {
            let first = lost.first().is_some_and(|first| std::ptr::eq(*first, &arm.state));
            let sentence = format!("{} networks have ended. {why}", lost.len()).into();
            return first.then_some(Failure { index, sentence, is_lost: true });
        }
        let net = nets.get(index % nets.len().max(1)).map_or("net", |arm| arm.net);
        let further = (index / nets.len().max(1)) as u32;
        let which = match lab.records.len() {
            1 => format!("The {net}"),
            _ => format!("The {net} with seed {}", seed(&with_seed(values, further))),
        };
        let sentence = format!("{which} has ended. {why}").into();
        Some(Failure { index, sentence, is_lost: arm.is_lost })
    });
    failed.collect()
}

/// That some nets still load while others train already.
fn still_loading(lab: &AnyRun) -> Option<AttrValue> {
    let loading = lab.arms.iter().filter(|arm| matches!(arm.state, RunState::Loading { .. })).count();
    let verb = if loading == 1 { "is" } else { "are" };
    (lab.state == RunState::Running && loading > 0)
        .then(|| format!("{loading} of {} networks {verb} still loading", lab.arms.len()).into())
}

/// The run controls of a panel's experiment, and what goes with them.
fn run_panel(
    lab: &AnyRun,
    settings: &AnySettings,
    guided: Option<GuidedInfo>,
    trains: bool,
    main_numbers: &'static str,
) -> Html {
    let (experiment, records) = (lab.experiment, lab.records.clone());
    let guided = guided.map(|info| GuidedView::new(info, lab, settings));
    let replays = experiment.replays && trains;
    let replay = if replays { replay(&lab.replay_steps, lab.shown, &lab.show) } else { Html::default() };
    let mark = Rc::as_ptr(&records) as usize;
    html! {
        <RunPanel slug={experiment.slug} params={experiment.schema.params} write={settings.page.on_query.clone()} {mark} {main_numbers} {guided} {replay}
            series={Callback::from(move |()| records.first().map_or_else(Vec::new, |record| experiment.series(record)))} loading={still_loading(lab)} background={settings.background.clone()}
            state={lab.state.clone()} progress={lab.progress} steps_per_sec={lab.pace.steps_per_sec}
            seeds={settings.options.seeds} failures={failures(lab, &settings.values)} on_retry={lab.retry.clone()}
            lost_at={lab.lost_at} on_go_on={lab.go_on.clone()}
            on_train={lab.train.clone()} on_pause={lab.pause.clone()} on_resume={lab.resume.clone()}
            on_step={lab.step.clone()} on_stop={lab.stop.clone()} on_reset={lab.reset.clone()} />
    }
}

/// The slider over the run's earlier states. At its right end it follows the run.
fn replay(steps: &[u32], shown: Option<u32>, show: &Callback<Option<u32>>) -> Html {
    let last = steps.len().saturating_sub(1);
    let at = shown.map_or(last, |shown| steps.partition_point(|step| *step <= shown).saturating_sub(1));
    let words = match (steps.get(at), shown) {
        (None, _) => "starts with training".to_owned(),
        (Some(step), Some(_)) => format!("showing step {step}"),
        (Some(_), None) => "showing now".to_owned(),
    };
    let on_move = {
        let steps = steps.to_vec();
        show.reform(move |at: usize| steps.get(at).copied().filter(|_| at < last))
    };
    html! {
        <HiddenByLesson name="replay">
            <div class="replay" data-shown={shown.map(|step| step.to_string())}>
                <Player name="replay" label="Replay" {at} count={steps.len()} {on_move} {words} />
            </div>
        </HiddenByLesson>
    }
}

/// The experiment that an address names, or a sentence where there is none of this name.
fn open_experiment(guided_infos: &[GuidedInfo], name: Option<&str>) -> (Option<GuidedInfo>, Option<String>) {
    let Some(name) = name else { return (None, None) };
    let found = guided_infos.iter().find(|info| info.slug == name).copied();
    let warning = || {
        let name: String = name.chars().take(40).collect();
        let known: Vec<&str> = guided_infos.iter().map(|info| info.slug).collect();
        format!("There is no experiment {name} in this section; there are: {}.", known.join(", "))
    };
    (found, found.is_none().then(warning))
}

/// The run that an earlier page has left, while nothing else goes on.
fn offer(lab: &AnyRun, settings: &AnySettings) -> Html {
    let Some(found) = lab.unfinished.found.as_ref().filter(|_| lab.state == RunState::Idle) else {
        return Html::default();
    };
    let resume = {
        let (write, resume, changes) =
            (settings.page.on_query.clone(), lab.unfinished.resume.clone(), found.changes.clone());
        Callback::from(move |_: MouseEvent| {
            write.emit(changes.clone());
            resume.emit(());
        })
    };
    let forget = lab.unfinished.forget.reform(|_: MouseEvent| ());
    let Progress { step, steps } = found.progress;
    let when = local(Timestamp(found.saved_at as i64));
    html! {
        <div class="notice" data-offer="" role="status">
            <p>{ format!("An unfinished run was saved at step {} of {} ({when}).", format_number(step.into(), 1), format_number(steps.into(), 1)) }</p>
            <button type="button" data-action="continue" onclick={resume}>{ "Resume" }</button>{ " " }
            <button type="button" data-action="forget" onclick={forget}>{ "Discard" }</button>
        </div>
    }
}

/// What went wrong with the address or the probe, if anything.
fn notices(warnings: &[String], error: Option<&String>) -> Html {
    html! {
        <>
            if !warnings.is_empty() {
                <div class="notice" data-kind="warn" role="status">
                    { for warnings.iter().map(|text| html! { <p>{ text }</p> }) }
                </div>
            }
            if let Some(error) = error {
                <div class="notice" data-kind="error" role="alert"><p>{ error }</p></div>
            }
        </>
    }
}

/// Which device computes, and why it is not another; and how long a step keeps the worker.
fn device_line(device: Option<&DeviceInfo>, pace: Pace, pool: &Pool) -> Html {
    let Some(info) = device else {
        return html! { <p class="device-line">{ "Device: loading…" }</p> };
    };
    let kind = match info.kind {
        DeviceKind::Webgpu => "WebGPU",
        DeviceKind::Cpu => "CPU",
    };
    html! {
        <p class="device-line">
            { "Device: " }<strong>{ kind }</strong>{ format!(" ({}).", info.name) }
            if let Some(why) = &info.fallback {
                <span class="fallback">{ format!(" {why}") }</span>
            }
            if pace.enqueue_ms.is_finite() && pace.enqueue_ms > 0.0 {
                { if info.kind == DeviceKind::Webgpu { " Time to queue a step: " } else { " Time per step: " } }
                <MetricOutput metric="enqueue_ms" value={f64::from(pace.enqueue_ms)}>
                    { format!("{} ms", format_number(pace.enqueue_ms.into(), 2)) }
                </MetricOutput>{ "." }
            }
            if pool.memory > 0.0 {
                { if pool.workers > 1 { format!(" {} workers, one per core, use ", pool.workers) } else { " The worker uses ".to_owned() } }
                <MetricOutput metric="worker_memory" value={pool.memory}>{ format!("{:.0} MB", pool.memory / 1e6) }</MetricOutput>
                { " of memory." }
            }
            if let Some(why) = &pool.single_worker_reason {
                <span class="fallback">{ format!(" {why}") }</span>
            }
        </p>
    }
}

/// The settings that differ from the defaults, for exports.
fn provenance(slug: &str, schema: &Schema, values: &Values) -> AttrValue {
    let query: Vec<String> =
        schema.query(values).iter().map(|(key, value)| format!("{key}={value}")).collect();
    let settings = if query.is_empty() { "default settings".to_owned() } else { query.join(" ") };
    AttrValue::from(format!("nn-lab {} · {slug} · {settings}", env!("CARGO_PKG_VERSION")))
}
