//! Files of runs: opened with a button or dropped, and saved by the browser.

use crate::charts::{Series, Table};
use crate::panel::history::store::Edit;
use crate::run::any::AnyExperiment;
use crate::saved_runs::import::MAX_BYTES;
use crate::saved_runs::{ImportError, Origin, RunRecord, SavedRun, SavedSeries};
use crate::ui::export::download;
use crate::ui::figure::with_provenance;
use std::cell::RefCell;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;
use yew::prelude::*;

thread_local! {
    /// A file that is waiting for its panel to open.
    static WAITING: RefCell<Option<(&'static str, String)>> = const { RefCell::new(None) };
}

/// A file that was opened in the wrong panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WrongSection {
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    text: AttrValue,
}

impl WrongSection {
    /// Leaves the file for the other panel, which reads it when it is opened.
    pub(super) fn leave(&self) {
        WAITING.set(Some((self.slug, self.text.to_string())));
    }
}

/// Returns the file that was left for this panel.
pub(super) fn waiting(slug: &str) -> Option<String> {
    let is_ours = WAITING.with_borrow(|waiting| waiting.as_ref().is_some_and(|(other, _)| *other == slug));
    is_ours.then(|| WAITING.take()).flatten().map(|(_, text)| text)
}

/// Reads the file and adds it to the list, or shows an error.
pub(super) fn open(
    file: &File,
    section: &'static AnyExperiment,
    edit: &Callback<Edit>,
    misplaced: &Callback<Option<WrongSection>>,
) {
    let (name, size) = (file.name(), file.size());
    if size > MAX_BYTES as f64 {
        misplaced.emit(None);
        edit.emit(Edit::ShowMessage(in_words(&name, ImportError::TooLong(size as usize))));
        return;
    }
    let (text, edit, misplaced) = (file.text(), edit.clone(), misplaced.clone());
    spawn_local(async move {
        match JsFuture::from(text).await.ok().and_then(|text| text.as_string()) {
            Some(text) => take(&name, text, section, &edit, &misplaced),
            None => edit.emit(Edit::ShowMessage(format!("{name} could not be read by the browser."))),
        }
    });
}

/// Adds the text of a file to the list, or shows an error.
pub(super) fn take(
    name: &str,
    text: String,
    section: &'static AnyExperiment,
    edit: &Callback<Edit>,
    misplaced: &Callback<Option<WrongSection>>,
) {
    misplaced.emit(None);
    edit.emit(Edit::ClearMessages);
    match RunRecord::read(&text, section) {
        Ok(record) => edit.emit(Edit::Add(Origin::File, Box::new(record))),
        Err(ImportError::OtherSection { slug, title }) => {
            misplaced.emit(Some(WrongSection { slug, title, text: text.into() }));
        }
        Err(refusal) => edit.emit(Edit::ShowMessage(in_words(name, refusal))),
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
