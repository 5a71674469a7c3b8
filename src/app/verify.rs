//! The page `#/verify`, which shows whether this device computes correctly, and how fast it is in each
//! section.

use crate::charts::{Table, scale::format_exact};
use crate::client::{Timed, Verified, VerifyReport, use_verification};
use crate::panel::CopyButton;
use crate::protocol::{DeviceChoice, DeviceKind, RunState};
use crate::ui::export::download;
use crate::ui::figure::with_provenance;
use crate::ui::readout::{MetricOutput, format_number, left_words, time_words};
use crate::ui::run_controls::fetching;
use gloo::utils::window;
use yew::prelude::*;

/// The columns of the report.
const DEVICES: [&str; 2] = ["CPU", "GPU"];

#[derive(Clone, PartialEq, Properties)]
pub(super) struct VerifyProps {
    pub(super) device: DeviceChoice,
}

/// The page without the navigation.
#[component]
pub(super) fn Verify(props: &VerifyProps) -> Html {
    let verification = use_verification(props.device);
    let found = verification.found();
    let active = found.state.is_active();
    let (action, label, press) = match active {
        true => ("stop", "Stop", &verification.stop),
        false => ("verify", "Verify", &verification.start),
    };
    let save = {
        let verification = verification.clone();
        Callback::from(move |_: MouseEvent| {
            let found = verification.found();
            let provenance = format!("nn-lab {} · {}", env!("CARGO_PKG_VERSION"), gpu(&found));
            let csv = with_provenance(file(&found), &provenance).to_csv();
            // A browser that blocks downloads reports that itself.
            let _ = download("nn-lab-verify.csv", "text/csv;charset=utf-8", &csv);
        })
    };
    let link = Callback::from(|()| window().location().href().unwrap_or_default());
    html! {
        <section class="panel verify" data-panel="verify" data-state={found.state.slug()}
            data-device={found.device.as_ref().map(|info| info.kind.slug())} aria-labelledby="verify-title">
            <div class="panel-head">
                <h1 id="verify-title">{ "Verify this device" }</h1>
                <div class="share"><CopyButton label="Copy link" action="copy-link" text={link} /></div>
            </div>
            <p class="lead">{ "Does this device compute correctly, and how fast does it train each section? The CPU, and the GPU if there is one, compute every layer, block and model with a known result, and time a few steps of every preset. It takes about two minutes." }</p>
            <p class="verify-actions">
                <button type="button" class="primary" data-action={action} onclick={press.reform(|_: MouseEvent| ())}>{ label }</button>
                if !active && !found.cases.is_empty() {
                    <button type="button" data-action="save-verify" onclick={save}>{ "Save as file" }</button>
                }
            </p>
            if active {
                <p class="device-line">{ status(&found) }</p>
                <progress aria-label="Progress" max={found.progress.steps.max(1).to_string()} value={found.progress.step.to_string()} />
            }
            if let RunState::Error(why) = &found.state {
                <div class="notice" data-kind="error" role="alert"><p>{ why.clone() }</p></div>
            }
            <div role="status">
                if !active && !found.cases.is_empty() {
                    <p class="notice verify-answer" data-kind={(failed(&found) > 0).then_some("error")}>{ answer(&found) }</p>
                }
            </div>
            if let Some(why) = found.device.as_ref().and_then(|info| info.fallback.clone()) {
                <p class="device-line">{ "Only the CPU is verified. " }{ why }</p>
            }
            if !found.cases.is_empty() {
                { numbers(&found) }
            }
            if !found.speeds.is_empty() {
                { speeds(&found) }
            }
            if !found.cases.is_empty() {
                { cases(&found) }
            }
        </section>
    }
}

fn status(found: &VerifyReport) -> String {
    let left = found.seconds_left.map_or_else(String::new, |left| format!(", {}", left_words(left)));
    let (device, [cases, speeds]) = found.now();
    let (case, timing) = match device {
        Some(DeviceKind::Webgpu) => ("GPU: case", "GPU: timing"),
        Some(DeviceKind::Cpu) if found.has_gpu() => ("CPU: case", "CPU: timing"),
        _ => ("Case", "Timing"),
    };
    match &found.state {
        RunState::Loading { what, bytes, total } => fetching(what, *bytes, *total),
        _ if speeds == 0 => format!("{case} {}{left}", cases + 1),
        _ => format!("{timing} steps of each preset{left}"),
    }
}

fn disagrees(case: &Verified) -> bool {
    case.outcomes.iter().any(|outcome| !outcome.agrees())
}

fn failed(found: &VerifyReport) -> usize {
    found.cases.iter().filter(|case| disagrees(case)).count()
}

/// Returns the number of cases that the GPU has computed.
fn on_gpu(found: &VerifyReport) -> usize {
    found.cases.iter().filter(|case| case.outcomes.len() > 1).count()
}

/// Returns the name of the GPU, or of the CPU if no GPU has been verified.
fn gpu(found: &VerifyReport) -> &str {
    match &found.device {
        Some(info) if on_gpu(found) > 0 => &info.name,
        _ => "the CPU",
    }
}

/// Returns the verdict.
fn answer(found: &VerifyReport) -> String {
    let (all, failed) = (found.cases.len(), failed(found));
    let fails = |device: usize| {
        found.cases.iter().any(|case| case.outcomes.get(device).is_some_and(|outcome| !outcome.agrees()))
    };
    let stopped = if found.state == (RunState::Done { stopped: false }) { "" } else { "It ended early. " };
    if failed == 0 {
        let agree = match on_gpu(found) {
            0 => "agree on the CPU".to_owned(),
            of_gpu if of_gpu == all => format!("agree on {} and on the CPU", gpu(found)),
            of_gpu => format!("agree on the CPU, and the first {of_gpu} on {}", gpu(found)),
        };
        return format!("{stopped}All {all} cases {agree}.");
    }
    let (whose, instead) = match (fails(0), fails(1)) {
        (true, true) => ("both devices", ""),
        (true, false) => ("the CPU", ""),
        _ => (gpu(found), " Choose the CPU as the device."),
    };
    format!("{stopped}{failed} of {all} cases disagree on {whose}: do not trust its results.{instead}")
}

fn devices(found: &VerifyReport) -> impl Iterator<Item = &'static str> {
    DEVICES.into_iter().take(if found.has_gpu() { 2 } else { 1 })
}

/// Returns one entry per device, `None` if it has no result yet.
fn padded<'a, T>(found: &VerifyReport, entries: &'a [T]) -> impl Iterator<Item = Option<&'a T>> + use<'a, T> {
    (0..devices(found).count()).map(|device| entries.get(device))
}

fn numbers(found: &VerifyReport) -> Html {
    let ratios = found.cases.iter().flat_map(|case| &case.outcomes).map(|outcome| f64::from(outcome.ratio()));
    let worst = ratios.fold(0.0, f64::max);
    let number = |metric: &'static str, title: &'static str, value: f64| {
        html! {
            <div class="readout">
                <span class="readout-label">{ title }</span>
                <span class="readout-value"><MetricOutput {metric} value={value}>{ format_number(value, 2) }</MetricOutput></span>
            </div>
        }
    };
    html! {
        <div class="readouts">
            { number("verify_cases", "Cases", found.cases.len() as f64) }
            { number("verify_failed", "Cases that disagree", failed(found) as f64) }
            { number("verify_worst", "Greatest error / tolerance", worst) }
        </div>
    }
}

/// Returns a table in a box that scrolls. The keyboard can reach the box.
fn table(title: &'static str, columns: Vec<String>, rows: Html) -> Html {
    html! {
        <div class="twin-scroll" role="region" tabindex="0" aria-label={title}>
            <table class="checks">
                <caption>{ title }</caption>
                <thead><tr>{ for columns.into_iter().map(|name| html! { <th scope="col">{ name }</th> }) }</tr></thead>
                <tbody>{ rows }</tbody>
            </table>
        </div>
    }
}

fn cell(text: String) -> Html {
    html! { <td>{ text }</td> }
}

/// Returns the duration of each preset.
fn speeds(found: &VerifyReport) -> Html {
    let mut columns: Vec<String> = ["Section", "Preset", "Steps"].map(str::to_owned).into();
    columns.extend(
        devices(found).flat_map(|name| [format!("{name}: ms per step"), format!("{name}: whole run")]),
    );
    let row = |timed: &Timed| {
        let speed = &timed.speed;
        let preset =
            if speed.preset.is_empty() { String::new() } else { format!("?preset={}", speed.preset) };
        let name = if speed.title.is_empty() { "Defaults" } else { &speed.title };
        let of_device = |(i, ms): (usize, Option<&Option<f32>>)| {
            let [ms, run] = match (ms, timed.run_seconds(i)) {
                (Some(Some(ms)), Some(seconds)) => [format_number((*ms).into(), 2), time_words(seconds)],
                (Some(_), _) => ["not timed".to_owned(), "–".to_owned()],
                (None, _) => ["–".to_owned(), "–".to_owned()],
            };
            html! { <>{ cell(ms) }{ cell(run) }</> }
        };
        html! {
            <tr>
                <td>{ speed.section.clone() }</td>
                <th scope="row"><a href={format!("#/{}{preset}", speed.slug)}>{ name.to_owned() }</a></th>
                { cell(if speed.steps == 0 { "–".to_owned() } else { speed.steps.to_string() }) }
                { for padded(found, &timed.step_ms).enumerate().map(of_device) }
            </tr>
        }
    };
    html! {
        <>
            { table("Estimated training time of each preset", columns, html! { <>{ for found.speeds.iter().map(row) }</> }) }
            <p class="device-line">{ "Estimated from a few timed steps, without evaluation. A step is one of all networks of a run. Larger presets are not timed where a step of the defaults takes over 2 s, nor when two minutes are over. Large batches are timed on the CPU with a part of the batch." }</p>
        </>
    }
}

fn cases(found: &VerifyReport) -> Html {
    let mut columns: Vec<String> = ["Group", "Case", "Reference"].map(str::to_owned).into();
    columns.extend(
        devices(found).flat_map(|name| [format!("{name}: greatest error"), format!("{name}: tolerance")]),
    );
    columns.extend(["Why this tolerance", "Verdict"].map(str::to_owned));
    let row = |verified: &Verified| {
        let case = &verified.case;
        let number = |value: f32| format_number(value.into(), 2);
        let of_device = padded(found, &verified.outcomes).map(|outcome| {
            let Some(outcome) = outcome else {
                return html! { <>{ cell("–".to_owned()) }{ cell("–".to_owned()) }</> };
            };
            let error = outcome.error.map_or_else(|| outcome.place.clone(), number);
            html! { <><td title={outcome.place.clone()}>{ error }</td>{ cell(number(outcome.tolerance)) }</> }
        });
        let (slug, verdict) = match verified {
            all if !disagrees(all) => ("holds", "✓ agrees"),
            all if all.outcomes.iter().any(|outcome| outcome.error.is_none()) => {
                ("fails", "✗ could not be checked")
            }
            _ => ("fails", "✗ disagrees"),
        };
        html! {
            <tr data-check-verdict={slug}>
                { cell(case.group.clone()) }
                <th scope="row">{ case.what.clone() }</th>
                { cell(case.reference.clone()) }
                { for of_device }
                { cell(case.why.clone()) }
                <td class="verdict">{ verdict }</td>
            </tr>
        }
    };
    // Cases that disagree come first.
    let (wrong, right): (Vec<_>, Vec<_>) = found.cases.iter().partition(|case| disagrees(case));
    let rows = html! { <>{ for wrong.into_iter().chain(right).map(row) }</> };
    html! {
        <>
            { table("Cases", columns, rows) }
            <p class="device-line">{ "Errors are relative to the largest number of a tensor, or to 1 where all are smaller." }</p>
        </>
    }
}

/// Returns all results, with one row per case and device.
fn file(found: &VerifyReport) -> Table {
    let columns = ["group", "what", "reference", "device", "value", "unit", "tolerance", "why", "agrees"];
    let mut rows = Vec::new();
    let mut push = |row: [&str; 9]| rows.push(row.map(str::to_owned).into());
    for Verified { case, outcomes } in &found.cases {
        for (outcome, device) in outcomes.iter().zip(DEVICES) {
            let error =
                outcome.error.map_or_else(|| outcome.place.clone(), |error| format_exact(error.into()));
            let tolerance = format_exact(outcome.tolerance.into());
            let agrees = if outcome.agrees() { "yes" } else { "no" };
            push([
                &case.group,
                &case.what,
                &case.reference,
                device,
                &error,
                "relative error",
                &tolerance,
                &case.why,
                agrees,
            ]);
        }
    }
    for Timed { speed, step_ms } in &found.speeds {
        for (ms, device) in step_ms.iter().zip(DEVICES) {
            let ms = ms.map_or_else(String::new, |ms| format_exact(ms.into()));
            let steps = format!("{} steps", speed.steps);
            push([&speed.section, &speed.title, "timed here", device, &ms, "ms per step", "", &steps, ""]);
        }
    }
    Table { columns: columns.map(str::to_owned).into(), rows }
}
