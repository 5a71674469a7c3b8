//! The figure of the chapter: code next to the equations that it implements.

use crate::charts::Table;
use crate::core::notebook::notebook;
use crate::core::template::{Line, join};
use crate::panel::code::jobs::use_jobs;
use crate::panel::code::listing::Listing;
use crate::panel::code::source::{View, use_texts};
use crate::panel::code::{Lit, show_first_lit};
use crate::panel::{CopyButton, PtrEq};
use crate::protocol::DeviceChoice;
use crate::run::any::{AnyConfig, AnyExperiment};
use crate::ui::export::download;
use crate::ui::figure::Figure;
use std::rc::Rc;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// The manifest of a crate with the program for burn. It is the same in all sections.
const MANIFEST: &str = include_str!("../../../static/code/Cargo.toml");

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct CodeFigureProps {
    pub(in crate::panel) experiment: &'static AnyExperiment,
    pub(in crate::panel) config: AnyConfig,
    pub(in crate::panel) device: DeviceChoice,
    /// The equations, as a list of `CodePart`s, and drawings with `DrawnPart`s.
    pub(in crate::panel) parts: Html,
}

/// The program for the set-up on the page.
#[component]
pub(in crate::panel) fn CodeFigure(props: &CodeFigureProps) -> Html {
    let CodeFigureProps { experiment, config, device, parts } = props;
    let (slug, sources) = (experiment.slug, experiment.code.sources);
    let view = use_state_eq(|| View::PyTorch);
    let lit = use_state_eq(|| None::<AttrValue>);
    let (texts, request) = use_texts();
    let jobs = use_jobs(experiment, config, *device);
    let file = view.file(slug, sources);
    use_effect_with(file.clone(), {
        let request = request.clone();
        move |file| request.emit(file.clone())
    });
    let text = texts.get(&file).cloned().flatten();
    let values = experiment.code_values(config);
    let lines = use_memo((*view, text.clone(), values), |(view, text, values)| {
        text.clone().map(|text| text.and_then(|text| view.lines(&text, values)))
    });
    // A line of code lights equations that may be out of view.
    let list = use_node_ref();
    use_effect_with((*lit).clone(), {
        let list = list.clone();
        move |lit| {
            if lit.is_some() {
                show_first_lit(&list);
            }
        }
    });
    let light = Lit {
        part: (*lit).clone(),
        light: Callback::from({
            let lit = lit.setter();
            move |part| lit.set(part)
        }),
    };
    let tab = |to: View, words: &'static str| {
        let pressed = std::mem::discriminant(&to) == std::mem::discriminant(&*view);
        let view = view.setter();
        html! { <button type="button" class="quiet" data-view={words} aria-pressed={pressed.to_string()} onclick={move |_: MouseEvent| view.set(to)}>{ words }</button> }
    };
    let code = match &*lines {
        None => html! { <p class="code-waiting muted">{ "Loading the code…" }</p> },
        Some(Err(why)) => html! {
            <div class="notice" data-kind="error" role="alert">
                <p>{ why }{ " " }<button type="button" onclick={request.reform({ let file = file.clone(); move |_: MouseEvent| file.clone() })}>{ "Try again" }</button></p>
            </div>
        },
        Some(Ok(lines)) => {
            let lines = Rc::new(lines.clone());
            let script = join(&lines);
            html! {
                <>
                    <Listing lines={PtrEq(lines.clone())} comment={if *view == View::PyTorch { "#" } else { "//" }} label={format!("Code: {file}")} />
                    <div class="code-actions">
                        <CopyButton label="Copy" action="copy-code" text={{ let script = script.clone(); Callback::from(move |()| script.clone()) }} />
                        { downloads(*view, slug, &script) }
                        if !matches!(*view, View::Lab(_)) {
                            <button type="button" data-action="set-up" onclick={jobs.set_up_button()}>{ "Weights and batches" }</button>
                        }
                    </div>
                </>
            }
        }
    };
    let table = {
        let lines = lines.clone();
        Callback::from(move |()| table(lines.as_ref().as_ref().and_then(|lines| lines.as_ref().ok())))
    };
    let look_for = html! { "Point at a line to see what it implements. The program is for the settings of this page. With the file of weights and batches next to it, its first losses equal the lab’s, and it checks that itself." };
    html! {
        <ContextProvider<Lit> context={light}>
            <Figure name="program" picture={false} {look_for} {table}>
                <div class="code-figure">
                    <div class="code-side">
                        <div class="code-views" role="group" aria-label="Language">
                            { tab(View::PyTorch, "PyTorch") }
                            { tab(View::Burn, "burn (Rust)") }
                            { tab(View::Lab(0), "The lab itself") }
                            if let View::Lab(at) = *view {
                                { source_menu(sources, at, &view.setter()) }
                            }
                        </div>
                        { code }
                        { jobs.status().line() }
                    </div>
                    <div class="code-parts" ref={list}>{ parts.clone() }</div>
                </div>
            </Figure>
        </ContextProvider<Lit>>
    }
}

fn source_menu(sources: &'static [&'static str], at: usize, view: &UseStateSetter<View>) -> Html {
    let view = view.clone();
    let onchange = move |event: Event| {
        let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
        view.set(View::Lab(usize::try_from(index).unwrap_or_default()));
    };
    html! {
        <select aria-label="File" {onchange}>
            { for sources.iter().enumerate().map(|(index, name)| html! { <option selected={index == at}>{ *name }</option> }) }
        </select>
    }
}

/// Returns the buttons that save the code as files.
fn downloads(view: View, slug: &str, script: &str) -> Html {
    let button = |words: &'static str, file: String, kind: &'static str, text: Rc<str>| {
        let action = format!("save-{}", file.rsplit('.').next().unwrap_or_default());
        let onclick = move |_: MouseEvent| {
            // A browser that refuses says so itself.
            let _ = download(&file, kind, &text);
        };
        html! { <button type="button" data-action={action} {onclick}>{ words }</button> }
    };
    match view {
        View::PyTorch => html! {
            <>
                { button("Script", format!("nn_lab_{slug}.py"), "text/x-python", script.into()) }
                { button("Notebook", format!("nn_lab_{slug}.ipynb"), "application/x-ipynb+json", notebook(script).into()) }
            </>
        },
        View::Burn => html! {
            <>
                { button("src/main.rs", "main.rs".to_owned(), "text/rust", script.into()) }
                { button("Cargo.toml", "Cargo.toml".to_owned(), "text/plain", MANIFEST.into()) }
            </>
        },
        View::Lab(_) => Html::default(),
    }
}

/// Returns the lines and their parts.
fn table(lines: Option<&Vec<Line>>) -> Table {
    let rows = lines.into_iter().flatten().zip(1..);
    Table {
        columns: ["line", "code", "implements"].map(str::to_owned).to_vec(),
        rows: rows
            .map(|(line, n): (&Line, u32)| vec![n.to_string(), line.text.clone(), line.parts.join(" ")])
            .collect(),
    }
}
