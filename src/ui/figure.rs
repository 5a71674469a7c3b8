//! A figure: one idea, the things to look for, and its export as a picture or table.

use crate::charts::Table;
use crate::ui::menu::Menu;
use crate::ui::visibility::{CurrentChapter, ShownSeed, use_assignment, use_only_figures};
use crate::ui::{export, use_unique};
use web_sys::Element;
use yew::prelude::*;

/// The properties of a figure.
#[derive(Clone, Properties, PartialEq)]
pub struct FigureProps {
    /// The value of `data-figure`, for tests and course authors, and the name of exported files.
    pub name: AttrValue,
    /// The title, if it depends on the settings. By default it is the title that the chapter declares.
    #[prop_or_default]
    pub title: Option<AttrValue>,
    /// One or two sentences that say what to look for.
    #[prop_or_default]
    pub look_for: Html,
    /// The formula below the title.
    #[prop_or_default]
    pub formula: Html,
    /// Returns the figure's data as a table. Called only on demand.
    pub table: Callback<(), Table>,
    /// The drawing.
    pub children: Html,
    /// True if the figure shows every seed of a run with several.
    #[prop_or(false)]
    pub all_seeds: bool,
    /// True if the figure has a drawing that can be saved as a picture. Text and tables can be copied
    /// instead.
    #[prop_or(true)]
    pub picture: bool,
    /// Provenance for exported files, in place of the panel's settings.
    #[prop_or_default]
    pub provenance: Option<AttrValue>,
}

/// Settings and version for exported files. Every panel provides them to its figures as a context.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Provenance(pub AttrValue);

impl std::fmt::Debug for FigureProps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FigureProps").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A chart with its caption, its data as a table, and exports.
#[component]
pub fn Figure(props: &FigureProps) -> Html {
    let (assignment, only) = (use_assignment(), use_only_figures());
    let chapter = use_context::<CurrentChapter>();
    let title = props.title.clone().unwrap_or_else(|| {
        chapter.and_then(|chapter| chapter.0.figure_title(&props.name)).unwrap_or_default().into()
    });
    let body = use_node_ref();
    // The number of times that an item of the menu was chosen.
    let closed = use_state_eq(|| 0u32);
    let opened = use_state_eq(|| false);
    let warning = use_state_eq(|| None::<String>);
    let number = use_unique();
    let id = format!("figure-{number}");
    let seed = use_context::<ShownSeed>().and_then(|shown| shown.0).filter(|_| !props.all_seeds);
    let provenance = use_context::<Provenance>().unwrap_or_default().0;
    let provenance = props.provenance.clone().unwrap_or(provenance);
    let hidden = assignment.hides(&props.name) || !only.shows(&props.name);
    let close = {
        let closed = closed.clone();
        move || closed.set(closed.wrapping_add(1))
    };
    let export = |kind: Kind| {
        let (props, body, close, warning) = (props.clone(), body.clone(), close.clone(), warning.setter());
        let (title, provenance) = (title.clone(), provenance.clone());
        Callback::from(move |_: MouseEvent| {
            close();
            warning.set(kind.export(&props, &title, &provenance, &body));
        })
    };
    let toggle = {
        let (opened, close) = (opened.clone(), close.clone());
        Callback::from(move |_: MouseEvent| {
            close();
            opened.set(!*opened);
        })
    };
    if hidden {
        return Html::default();
    }
    let has = |part: &Html| *part != Html::default();
    html! {
        <figure class="figure" data-figure={props.name.clone()} aria-labelledby={id.clone()}>
            <div class="figure-head">
                <h2 id={id}>
                    { title.clone() }
                    if let Some(seed) = seed {
                        <small class="shown-seed">{ format!(" seed {seed}") }</small>
                    }
                </h2>
                <Menu summary={html! { "⋯" }} label={format!("Data and export: {title}")} closes_with={*closed}>
                    <button type="button" data-export="table" aria-expanded={opened.to_string()} onclick={toggle.clone()}>
                        { if *opened { "Hide the table" } else { "Data as table" } }
                    </button>
                    <button type="button" data-export="csv" onclick={export(Kind::Csv)}>{ "CSV file" }</button>
                    if props.picture {
                        <button type="button" data-export="svg" onclick={export(Kind::Svg)}>{ "SVG picture" }</button>
                        <button type="button" data-export="png" onclick={export(Kind::Png)}>{ "PNG picture" }</button>
                    }
                </Menu>
            </div>
            <div class="figure-body" ref={body}>{ props.children.clone() }</div>
            if has(&props.look_for) || has(&props.formula) {
                <figcaption>
                    if has(&props.look_for) {
                        <div class="look-for">{ props.look_for.clone() }</div>
                    }
                    if has(&props.formula) {
                        <div class="formula">{ props.formula.clone() }</div>
                    }
                </figcaption>
            }
            <div role="status">
                if let Some(words) = &*warning {
                    <p class="notice" data-kind="warn">{ words.clone() }</p>
                }
            </div>
            if *opened {
                { data_table(props, &title, toggle) }
            }
        </figure>
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Csv,
    Svg,
    Png,
}

impl Kind {
    /// Downloads the figure's data or picture. Returns a message for the visitor if that failed.
    fn export(self, props: &FigureProps, title: &str, provenance: &str, body: &NodeRef) -> Option<String> {
        let file = format!("nn-lab-{}", props.name);
        let done = if let Self::Csv = self {
            let csv = with_provenance(props.table.emit(()), provenance).to_csv();
            export::download(&format!("{file}.csv"), "text/csv;charset=utf-8", &csv)
        } else {
            let picture = body.cast::<Element>().and_then(|body| export::picture(&body, title, provenance));
            let Some(picture) = picture else {
                return Some("There is nothing to export yet.".to_owned());
            };
            match self {
                Self::Png => export::download_png(format!("{file}.png"), picture),
                _ => export::download(&format!("{file}.svg"), "image/svg+xml", &picture.svg),
            }
        };
        done.is_none().then(|| "This browser blocked the download.".to_owned())
    }
}

/// Returns the table with the run's settings as a last column, so that files of several runs can be combined.
pub fn with_provenance(mut table: Table, provenance: &str) -> Table {
    if !provenance.is_empty() {
        table.columns.push("run".to_owned());
        table.rows.iter_mut().for_each(|row| row.push(provenance.to_owned()));
    }
    table
}

/// Limits of the table on the page. The CSV file has everything.
const MAX_ROWS: usize = 400;
const MAX_COLUMNS: usize = 65;

fn data_table(props: &FigureProps, title: &AttrValue, close: Callback<MouseEvent>) -> Html {
    let full = props.table.emit(());
    let table = full.thinned(MAX_ROWS, MAX_COLUMNS);
    let (rows, columns) = (table.rows.len(), table.columns.len());
    let thinned = rows < full.rows.len() || columns < full.columns.len();
    let row = |cells: &Vec<String>| {
        let cells = cells.iter().enumerate().map(|(index, cell)| match index {
            0 => html! { <th scope="row">{ cell.clone() }</th> },
            _ => html! { <td>{ cell.clone() }</td> },
        });
        html! { <tr>{ for cells }</tr> }
    };
    html! {
        <div class="twin">
            <div class="twin-head">
                if thinned {
                    <p>
                        { format!("{rows} of {} rows and {columns} of {} columns; the CSV file has all.", full.rows.len(), full.columns.len()) }
                    </p>
                }
                <button type="button" onclick={close}>{ "Hide the table" }</button>
            </div>
            // The table scrolls, so the keyboard must be able to reach it.
            <div class="twin-scroll" role="region" tabindex="0" aria-label={format!("Data: {title}")}>
                <table data-table={props.name.clone()}>
                    <caption class="visually-hidden">{ title.clone() }</caption>
                    <thead>
                        <tr>{ for table.columns.iter().map(|name| html! { <th scope="col">{ name.clone() }</th> }) }</tr>
                    </thead>
                    <tbody>{ for table.rows.iter().map(row) }</tbody>
                </table>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use crate::ui::figure::*;

    #[test]
    fn exported_tables_contain_the_settings() {
        let table = Table { columns: vec!["step".into()], rows: vec![vec!["0".into()], vec!["1".into()]] };
        assert_eq!(with_provenance(table.clone(), ""), table);
        assert_eq!(
            with_provenance(table, "depth=3, seed=1").to_csv(),
            "step,run\r\n0,\"depth=3, seed=1\"\r\n1,\"depth=3, seed=1\"\r\n"
        );
    }
}
