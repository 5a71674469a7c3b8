//! Files of runs are read: what is asked of one, and the sentence that says why another is not opened.

use crate::core::schema::{Schema, Values};
use crate::core::settings::Param;
use crate::run::any::AnyExperiment;
use crate::saved_runs::run_record::{RunRecord, SCHEMA, SCHEMA_VERSION, as_text};
use crate::sections::SECTIONS;
use serde_json::Value;

/// The largest file that is read. A run of 20,000 steps with thirty curves has less than half of it.
pub const MAX_BYTES: usize = 16_000_000;
/// The most lists and objects, and the most values, that a file of that length is read with: each takes many times its bytes
/// in memory. Half a million points have half of it.
const MAX_LISTS: usize = 1_000_000;
const MAX_OBJECTS: usize = 50_000;
const MAX_VALUES: usize = 3_000_000;
const MAX_SERIES: usize = 500;
const MAX_SEEDS: usize = 10;
const MAX_POINTS: usize = 100_000;
const MAX_CHECKS: usize = 200;
const MAX_CHARS: usize = 2000;

/// Why a file is not opened.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportError {
    /// In a sentence: what was expected, and what was found.
    Words(String),
    /// It is a good file of another section: its slug and title.
    OtherSection(&'static str, &'static str),
}

impl RunRecord {
    /// The settings of the run, if this lab takes them as they are.
    pub fn settings(&self, schema: &Schema) -> Result<Values, String> {
        let known = |key: &String| schema.params.iter().any(|param| param.key == key);
        if let Some(key) = self.config.keys().find(|key| !known(key)) {
            return Err(format!("It has a setting {}, which this section does not know.", shown(key)));
        }
        // By way of an address: one reader for both, and one set of bounds.
        let query = self.config.iter().map(|(key, value)| (key.as_str(), as_text(value))).collect();
        let (values, warnings) = schema.read(&schema.defaults(), &query);
        match warnings.first() {
            None => Ok(values),
            Some(warning) => Err(format!("One of its settings is not taken here: {warning}")),
        }
    }

    /// Reads a file of a section.
    pub fn read(text: &str, section: &AnyExperiment) -> Result<Self, ImportError> {
        if text.len() > MAX_BYTES {
            return Err(too_long(text.len()));
        }
        fits_memory(text).map_err(ImportError::Words)?;
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let found = if text.trim().is_empty() { "nothing".to_owned() } else { format!("this: {error}") };
            words(format!("A file of a run is JSON; found was {found}."))
        })?;
        Self::from_value(value, section)
    }

    /// The same of what has been parsed already.
    pub fn from_value(value: Value, section: &AnyExperiment) -> Result<Self, ImportError> {
        let field = |name: &str| value.get(name);
        let schema = field("schema").and_then(Value::as_str);
        if schema != Some(SCHEMA) {
            let found = schema.map_or("none".to_owned(), shown);
            return Err(words(format!(
                "This is not a file of a run: expected was the schema \"{SCHEMA}\", found was {found}."
            )));
        }
        let version = field("schema_version").and_then(Value::as_u64);
        if version != Some(SCHEMA_VERSION) {
            let found =
                field("schema_version").map_or("none".to_owned(), |version| shown(&version.to_string()));
            let by = field("lab_version").and_then(Value::as_str).map_or(String::new(), |version| {
                format!(" It was written by version {} of the lab.", shown(version))
            });
            return Err(words(format!(
                "The file has another form: expected was schema version {SCHEMA_VERSION}, found was {found}.{by}"
            )));
        }
        let slug = field("section").and_then(Value::as_str).unwrap_or_default();
        let Some(known) = SECTIONS.iter().find(|known| known.slug == slug) else {
            let slugs: Vec<_> = SECTIONS.iter().map(|section| section.slug).collect();
            return Err(words(format!(
                "The file belongs to no section of this lab: expected was one of {}, found was {}.",
                slugs.join(", "),
                shown(slug)
            )));
        };
        if known.slug != section.slug {
            return Err(ImportError::OtherSection(known.slug, known.title));
        }
        let seed = field("seed").cloned();
        let evidence: Self = serde_json::from_value(value)
            .map_err(|error| words(format!("The file is damaged: {}.", shown(&error.to_string()))))?;
        if seed.as_ref() != evidence.config.get("seed") {
            return Err(words("The file is damaged: the seed at its head is not that of its settings."));
        }
        evidence.validate(&section.schema).map_err(ImportError::Words)?;
        Ok(evidence)
    }

    /// What the types alone do not hold.
    fn validate(&self, schema: &Schema) -> Result<(), String> {
        self.settings(schema)?;
        for change in &self.changes {
            let param = schema.params.iter().find(|param| param.key == change.key);
            let read = param.map(|param: &Param| param.read(&as_text(&change.value)));
            if !matches!(read, Some((Some(_), None))) {
                let key = shown(&change.key);
                return Err(format!("It says that {key} was changed to something that is not taken here."));
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
                return Err(format!(
                    "The file is damaged: the steps of {} are not in order.",
                    shown(&series.metric)
                ));
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
            return Err("The file is damaged: the run ended before it began.".to_owned());
        }
        Ok(())
    }
}

fn at_most(what: &str, found: usize, most: usize) -> Result<(), String> {
    if found <= most {
        return Ok(());
    }
    Err(format!("The file has too much in it: expected were at most {most} {what}, found were {found}."))
}

/// Whether the text can be read without filling the memory. Brackets and commas inside of texts count, too; a file of a run
/// has few of them.
fn fits_memory(text: &str) -> Result<(), String> {
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

/// What is said of a file that is too long to be read.
pub fn too_long(bytes: usize) -> ImportError {
    words(format!(
        "The file is too long: expected were at most {} MB, found were {:.1} MB.",
        MAX_BYTES / 1_000_000,
        bytes as f64 / 1e6
    ))
}

fn words(text: impl Into<String>) -> ImportError {
    ImportError::Words(text.into())
}

/// Part of a file, cut so that it fits into a sentence.
fn shown(text: &str) -> String {
    const MOST: usize = 120;
    let cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
