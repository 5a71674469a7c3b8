//! Files of runs: opened with a button or dropped, and saved by the browser.

use crate::charts::{Series, Table};
use crate::coursework::AnswerSheet;
use crate::panel::history::store::Edit;
use crate::run::any::AnyExperiment;
use crate::saved_runs::import::MAX_BYTES;
use crate::saved_runs::{ImportError, RunRecord, SavedRun, SavedSeries};
use crate::ui::export::download;
use crate::ui::figure::with_provenance;
use std::cell::RefCell;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;
use yew::prelude::*;

/// The maximum number of messages for files that were opened together.
const MAX_MESSAGES: usize = 5;

thread_local! {
    /// Files that are waiting for their panel to open, each with its section and its name.
    static WAITING: RefCell<Vec<(&'static str, RunFile)>> = const { RefCell::new(Vec::new()) };
}

/// The text of a file, and its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RunFile {
    name: String,
    text: AttrValue,
}

/// Files that were opened in the wrong panel, and the section that they belong to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WrongSection {
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    pub(super) files: Vec<RunFile>,
}

impl WrongSection {
    /// Leaves the files for the other panel, which reads them when it is opened.
    pub(super) fn leave(&self) {
        WAITING.with_borrow_mut(|waiting| {
            waiting.retain(|(slug, _)| *slug != self.slug);
            waiting.extend(self.files.iter().map(|file| (self.slug, file.clone())));
        });
    }
}

/// Returns the files that were left for this panel.
pub(super) fn waiting(slug: &str) -> Vec<RunFile> {
    let taken = |waiting: &mut Vec<(&'static str, RunFile)>| {
        waiting.extract_if(.., |(other, _)| *other == slug).map(|(_, file)| file).collect()
    };
    WAITING.with_borrow_mut(taken)
}

/// The receivers of opened files.
#[derive(Clone, Debug)]
pub(super) struct Receivers {
    /// Changes the list.
    pub(super) edit: Callback<Edit>,
    /// Takes files that belong to another section.
    pub(super) misplaced: Callback<Vec<WrongSection>>,
    /// Takes the result of a check of the reader's own code.
    pub(super) checked: Callback<AnswerSheet>,
}

/// Reads the files, one after the other, and adds them to the list together. Shows an error for each that cannot be
/// opened.
pub(super) fn open(files: Vec<File>, section: &'static AnyExperiment, receivers: &Receivers) {
    let receivers = receivers.clone();
    spawn_local(async move {
        let (mut read, mut refused) = (Vec::new(), Vec::new());
        for file in files {
            let (name, size) = (file.name(), file.size());
            if size > MAX_BYTES as f64 {
                refused.push(in_words(&name, ImportError::TooLong(size as usize)));
                continue;
            }
            match JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string()) {
                Some(text) => read.push(RunFile { name, text: text.into() }),
                None => refused.push(format!("{name} could not be read by the browser.")),
            }
        }
        take(read, refused, section, &receivers);
    });
}

/// Adds files to the list, and shows the errors of those that were refused before or are refused now.
pub(super) fn take(
    files: Vec<RunFile>,
    mut refused: Vec<String>,
    section: &'static AnyExperiment,
    Receivers { edit, misplaced, checked }: &Receivers,
) {
    let (mut records, mut elsewhere) = (Vec::new(), Vec::<WrongSection>::new());
    for file in files {
        match RunRecord::read(&file.text, section) {
            Ok(record) => {
                // Other runs are not an answer sheet.
                if let Ok(sheet) = AnswerSheet::read(&file.text) {
                    checked.emit(sheet);
                }
                records.push((file.name, record));
            }
            Err(ImportError::OtherSection { slug, title }) => {
                match elsewhere.iter_mut().find(|other| other.slug == slug) {
                    Some(other) => other.files.push(file),
                    None => elsewhere.push(WrongSection { slug, title, files: vec![file] }),
                }
            }
            Err(refusal) => refused.push(in_words(&file.name, refusal)),
        }
    }
    misplaced.emit(elsewhere);
    edit.emit(Edit::ClearMessages);
    if !records.is_empty() {
        edit.emit(Edit::Open(records));
    }
    let more = refused.len().saturating_sub(MAX_MESSAGES);
    for refusal in refused.into_iter().take(MAX_MESSAGES) {
        edit.emit(Edit::ShowMessage(refusal));
    }
    if more > 0 {
        edit.emit(Edit::ShowMessage(format!("{more} more files were not opened.")));
    }
}

fn in_words(name: &str, refusal: ImportError) -> String {
    match refusal {
        ImportError::OtherSection { slug, .. } => format!("{name} belongs to the section {slug}."),
        error => format!("{name} was not opened. {error}"),
    }
}

/// Saves the run as a file. Returns `None` if the browser blocks it.
pub(super) fn save(run: &SavedRun) -> Option<()> {
    download(&run.record.file_name("json"), "application/json", &run.record.to_json())
}

/// Saves all curves of the run as a table, with one row per step, one column per curve and seed, and the
/// run's settings.
pub(super) fn save_csv(run: &SavedRun, provenance: &str) -> Option<()> {
    let RunRecord { series, seeds, .. } = &*run.record;
    let column = |series: &SavedSeries, of_seed: &str| {
        let unit = if series.unit.is_empty() { String::new() } else { format!(" ({})", series.unit) };
        Series::new(format!("{}{of_seed}{unit}", series.metric), series.points.clone(), 0)
    };
    let further = seeds.iter().flat_map(|seed| seed.series.iter().map(|series| (series, seed.seed)));
    let further = further.map(|(series, seed)| column(series, &format!(" seed {seed}")));
    let series: Vec<Series> = series.iter().map(|series| column(series, "")).chain(further).collect();
    let csv = with_provenance(Table::from_series("step", &series), provenance).to_csv();
    download(&run.record.file_name("csv"), "text/csv;charset=utf-8", &csv)
}
