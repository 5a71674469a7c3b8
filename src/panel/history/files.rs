//! Files of runs: opened with a button or by drop, saved by the browser.

use crate::charts::{Series, Table};
use crate::panel::history::store::Edit;
use crate::run::any::AnyExperiment;
use crate::saved_runs::import::MAX_BYTES;
use crate::saved_runs::{ImportError, Kept, KeptSeries, Origin, RunRecord};
use crate::ui::export::download;
use crate::ui::figure::with_provenance;
use std::cell::RefCell;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;
use yew::prelude::*;

thread_local! {
    /// A file on its way to the panel that it belongs to.
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
    /// Leaves the file for the other panel, which takes it when it is opened.
    pub(super) fn leave(&self) {
        WAITING.set(Some((self.slug, self.text.to_string())));
    }
}

/// The file that was left for this panel.
pub(super) fn waiting(slug: &str) -> Option<String> {
    let is_ours = WAITING.with_borrow(|waiting| waiting.as_ref().is_some_and(|(other, _)| *other == slug));
    is_ours.then(|| WAITING.take()).flatten().map(|(_, text)| text)
}

/// Reads the file and adds it to the list, or says why that is not done.
pub(super) fn open(
    file: &File,
    section: &'static AnyExperiment,
    edit: &Callback<Edit>,
    misplaced: &Callback<Option<WrongSection>>,
) {
    let (name, size) = (file.name(), file.size());
    if size > MAX_BYTES as f64 {
        misplaced.emit(None);
        edit.emit(Edit::Say(in_words(&name, ImportError::TooLong(size as usize))));
        return;
    }
    let (text, edit, misplaced) = (file.text(), edit.clone(), misplaced.clone());
    spawn_local(async move {
        match JsFuture::from(text).await.ok().and_then(|text| text.as_string()) {
            Some(text) => take(&name, text, section, &edit, &misplaced),
            None => edit.emit(Edit::Say(format!("{name} could not be read by the browser."))),
        }
    });
}

/// Adds the text of a file to the list, or says why not.
pub(super) fn take(
    name: &str,
    text: String,
    section: &'static AnyExperiment,
    edit: &Callback<Edit>,
    misplaced: &Callback<Option<WrongSection>>,
) {
    misplaced.emit(None);
    edit.emit(Edit::Cancel);
    match RunRecord::read(&text, section) {
        Ok(evidence) => edit.emit(Edit::Add(Origin::File, Box::new(evidence))),
        Err(ImportError::OtherSection { slug, title }) => {
            misplaced.emit(Some(WrongSection { slug, title, text: text.into() }));
        }
        Err(refusal) => edit.emit(Edit::Say(in_words(name, refusal))),
    }
}

fn in_words(name: &str, refusal: ImportError) -> String {
    match refusal {
        ImportError::OtherSection { slug, .. } => format!("{name} belongs to the section {slug}."),
        error => format!("{name} was not opened. {error}"),
    }
}

/// Hands over the run as a file. `None` if the browser does not let the page do that.
pub(super) fn save(run: &Kept) -> Option<()> {
    download(&run.evidence.file_name("json"), "application/json", &run.evidence.to_json())
}

/// Hands over all curves of the run as one table: a row a step, a column a curve of every seed, and the run's settings.
pub(super) fn save_csv(run: &Kept, provenance: &str) -> Option<()> {
    let RunRecord { series, seeds, .. } = &*run.evidence;
    let column = |series: &KeptSeries, of_seed: &str| {
        let unit = if series.unit.is_empty() { String::new() } else { format!(" ({})", series.unit) };
        Series::new(format!("{}{of_seed}{unit}", series.metric), series.points.clone(), 0)
    };
    let further = seeds.iter().flat_map(|seed| seed.series.iter().map(|series| (series, seed.seed)));
    let further = further.map(|(series, seed)| column(series, &format!(" seed {seed}")));
    let series: Vec<Series> = series.iter().map(|series| column(series, "")).chain(further).collect();
    let csv = with_provenance(Table::from_series("step", &series), provenance).to_csv();
    download(&run.evidence.file_name("csv"), "text/csv;charset=utf-8", &csv)
}
