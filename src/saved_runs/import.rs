//! Reading files of runs: the requirements on a file, and the reasons for refusing one.

use crate::core::schema::{Schema, Values};
use crate::core::settings::Param;
use crate::run::any::AnyExperiment;
use crate::saved_runs::run_record::{RunRecord, SCHEMA, SCHEMA_VERSION, as_text};
use crate::sections::SECTIONS;
use serde_json::Value;
use thiserror::Error;

/// The maximum length of a file in bytes. A run of 20,000 steps with thirty curves needs less than half of
/// it.
pub const MAX_BYTES: usize = 16_000_000;
// The maximum numbers of lists, objects and values in a file of that length, each of which takes many times
// its bytes in memory. Half a million points need half of it.
const MAX_LISTS: usize = 1_000_000;
const MAX_OBJECTS: usize = 50_000;
const MAX_VALUES: usize = 3_000_000;
const MAX_SERIES: usize = 500;
const MAX_SEEDS: usize = 10;
const MAX_POINTS: usize = 100_000;
const MAX_CHECKS: usize = 200;
const MAX_CHARS: usize = 2000;

/// The reason a file of a run is not opened. Texts from the file are shortened.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ImportError {
    /// The file has more than [`MAX_BYTES`] bytes.
    #[error(
        "The file is too long: expected at most {} MB, found {:.1} MB.",
        MAX_BYTES / 1_000_000,
        *.0 as f64 / 1e6
    )]
    TooLong(usize),
    /// The file has too many items of a kind.
    #[error("The file has too much in it: expected at most {max} {what}, found {found}.")]
    TooMany {
        /// The kind of item.
        what: &'static str,
        /// The number of items.
        found: usize,
        /// The maximum number of items.
        max: usize,
    },
    /// The file is not JSON.
    #[error("A file of a run is JSON; found {0}.")]
    NotJson(String),
    /// The file has another schema.
    #[error("This is not a file of a run: expected the schema \"{SCHEMA}\", found {0}.")]
    OtherSchema(String),
    /// The file has another version.
    #[error(
        "The file has another form: expected schema version {SCHEMA_VERSION}, found {found}.{}",
        .lab_version.as_ref().map_or(String::new(), |version| format!(" It was written by version {version} of the lab."))
    )]
    OtherVersion {
        /// The version of the file format.
        found: String,
        /// The version of the lab that wrote the file.
        lab_version: Option<String>,
    },
    /// The lab has no such section.
    #[error(
        "The file belongs to no section of this lab: expected one of {}, found {}.",
        SECTIONS.iter().map(|section| section.slug).collect::<Vec<_>>().join(", "),
        .0
    )]
    UnknownSection(String),
    /// The file is valid, but belongs to another section.
    #[error("It belongs to the section {slug}.")]
    OtherSection {
        /// The section's name in addresses.
        slug: &'static str,
        /// The section's title.
        title: &'static str,
    },
    /// The run has a setting that the section does not have.
    #[error("It has a setting {0}, which this section does not know.")]
    UnknownSetting(String),
    /// The section does not take a setting's value; the text is its warning.
    #[error("One of its settings is not taken here: {0}")]
    Setting(String),
    /// The section does not take the value to which a setting was changed during the run.
    #[error("It says that {0} was changed to something that is not taken here.")]
    Change(String),
    /// The file contradicts itself or lacks something.
    #[error("The file is damaged: {0}.")]
    Damaged(String),
    /// The entry of a stored list is damaged.
    #[error("{0}.")]
    NotStored(String),
}

impl RunRecord {
    /// Returns the settings of the run.
    ///
    /// # Errors
    ///
    /// Fails if the section does not take a setting literally.
    pub fn settings(&self, schema: &Schema) -> Result<Values, ImportError> {
        let known = |key: &String| schema.params.iter().any(|param| param.key == key);
        if let Some(key) = self.config.keys().find(|key| !known(key)) {
            return Err(ImportError::UnknownSetting(shortened(key)));
        }
        // Settings are read like an address, so that there is one reader and one set of bounds.
        let query = self.config.iter().map(|(key, value)| (key.as_str(), as_text(value))).collect();
        let (values, warnings) = schema.read(&schema.defaults(), &query);
        warnings.into_iter().next().map_or(Ok(values), |warning| Err(ImportError::Setting(warning)))
    }

    /// Reads a file of a section.
    ///
    /// # Errors
    ///
    /// Fails if the text is too long, is not a file of a run of this section, or is damaged.
    pub fn read(text: &str, section: &AnyExperiment) -> Result<Self, ImportError> {
        if text.len() > MAX_BYTES {
            return Err(ImportError::TooLong(text.len()));
        }
        check_memory(text)?;
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let found = if text.trim().is_empty() { "nothing".to_owned() } else { format!("this: {error}") };
            ImportError::NotJson(found)
        })?;
        Self::from_value(value, section)
    }

    /// Reads a file of a section that is already parsed as JSON.
    ///
    /// # Errors
    ///
    /// Fails if the value is not a run of this section, or is damaged.
    pub fn from_value(value: Value, section: &AnyExperiment) -> Result<Self, ImportError> {
        let field = |name: &str| value.get(name);
        let schema = field("schema").and_then(Value::as_str);
        if schema != Some(SCHEMA) {
            return Err(ImportError::OtherSchema(schema.map_or("none".to_owned(), shortened)));
        }
        let version = field("schema_version").and_then(Value::as_u64);
        if version != Some(SCHEMA_VERSION) {
            return Err(ImportError::OtherVersion {
                found: field("schema_version")
                    .map_or("none".to_owned(), |version| shortened(&version.to_string())),
                lab_version: field("lab_version").and_then(Value::as_str).map(shortened),
            });
        }
        let slug = field("section").and_then(Value::as_str).unwrap_or_default();
        let Some(known) = SECTIONS.iter().find(|known| known.slug == slug) else {
            return Err(ImportError::UnknownSection(shortened(slug)));
        };
        if known.slug != section.slug {
            return Err(ImportError::OtherSection { slug: known.slug, title: known.title });
        }
        let seed = field("seed").cloned();
        let record: Self = serde_json::from_value(value)
            .map_err(|error| ImportError::Damaged(shortened(&error.to_string())))?;
        if seed.as_ref() != record.config.get("seed") {
            return Err(ImportError::Damaged("the seed at its head is not that of its settings".to_owned()));
        }
        record.validate(&section.schema)?;
        Ok(record)
    }

    /// Checks the invariants that the types do not ensure.
    fn validate(&self, schema: &Schema) -> Result<(), ImportError> {
        self.settings(schema)?;
        for change in &self.changes {
            let param = schema.params.iter().find(|param| param.key == change.key);
            let read = param.map(|param: &Param| param.read(&as_text(&change.value)));
            if !matches!(read, Some((Some(_), None))) {
                return Err(ImportError::Change(shortened(&change.key)));
            }
        }
        at_most("series", self.series.len(), MAX_SERIES)?;
        at_most("checks", self.checks.len(), MAX_CHECKS)?;
        at_most("changes", self.changes.len(), MAX_POINTS)?;
        at_most("seeds", self.seeds.len(), MAX_SEEDS)?;
        at_most("numbers", self.metrics.len(), MAX_SERIES)?;
        let all = || self.series.iter().chain(self.seeds.iter().flat_map(|of| &of.series));
        at_most("series", all().count(), MAX_SEEDS * MAX_SERIES)?;
        for series in all() {
            at_most("points in a series", series.points.len(), MAX_POINTS)?;
            if !series.points.is_sorted_by(|a, b| a.0 < b.0) {
                let metric = shortened(&series.metric);
                return Err(ImportError::Damaged(format!("the steps of {metric} are not in order")));
            }
        }
        let own = [&self.lab_version, &self.device.name].into_iter().chain(&self.device.fallback);
        let texts = own
            .chain(all().flat_map(|series| [&series.metric, &series.title, &series.unit]))
            .chain(self.checks.iter().flat_map(|check| [&check.claim, &check.expected, &check.measured]));
        for text in texts {
            at_most("letters in a text", text.chars().count(), MAX_CHARS)?;
        }
        if self.finished < self.begun {
            return Err(ImportError::Damaged("the run ended before it began".to_owned()));
        }
        Ok(())
    }
}

fn at_most(what: &'static str, found: usize, max: usize) -> Result<(), ImportError> {
    if found <= max { Ok(()) } else { Err(ImportError::TooMany { what, found, max }) }
}

/// Checks that the parsed text will fit into memory. Brackets and commas inside of strings count, too; a file
/// of a run has few of them.
///
/// # Errors
///
/// Fails with [`ImportError::TooMany`] if it will not.
pub fn check_memory(text: &str) -> Result<(), ImportError> {
    let (mut lists, mut objects, mut values) = (0, 0, 0);
    for byte in text.bytes() {
        lists += usize::from(byte == b'[');
        objects += usize::from(byte == b'{');
        values += usize::from(byte == b',');
    }
    at_most("lists", lists, MAX_LISTS)?;
    at_most("objects", objects, MAX_OBJECTS)?;
    at_most("values", values, MAX_VALUES)
}

/// Returns part of a text from a file, short enough for a sentence.
fn shortened(text: &str) -> String {
    const MAX: usize = 120;
    let cut: String = text.chars().take(MAX).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
