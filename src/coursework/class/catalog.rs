//! The sections as the class view knows them: their settings and their guided experiments.

use crate::core::guided::GuidedInfo;
use crate::core::query::{Query, shorten};
use crate::core::schema::{Schema, Values};
use serde_json::Value;

/// A section of the lab.
#[derive(Clone, Debug)]
pub struct SectionInfo {
    /// The name in addresses.
    pub slug: &'static str,
    /// The settings.
    pub schema: Schema,
    /// The guided experiments.
    pub guided: Vec<GuidedInfo>,
}

impl SectionInfo {
    /// Returns the section with this name.
    pub fn find<'a>(sections: &'a [Self], slug: &str) -> Option<&'a Self> {
        sections.iter().find(|section| section.slug == slug)
    }

    /// Returns the index of a guided experiment and its description.
    pub fn experiment(&self, slug: &str) -> Option<(usize, &GuidedInfo)> {
        self.guided.iter().enumerate().find(|(_, info)| info.slug == slug)
    }

    /// Returns the settings of a run from a file.
    ///
    /// # Errors
    ///
    /// Returns a sentence if this version does not take a setting literally.
    pub fn settings(&self, values: &Values) -> Result<Values, String> {
        let is_known = |key: &String| self.schema.params.iter().any(|param| param.key == key);
        if let Some(key) = values.keys().find(|key| !is_known(key)) {
            return Err(format!("this version has no setting \"{}\"", shorten(key)));
        }
        let (values, warnings) = self.schema.read(&self.schema.defaults(), &as_query(values));
        match warnings.into_iter().next() {
            Some(warning) => Err(format!("a setting is not taken: {warning}")),
            None => Ok(values),
        }
    }

    /// Returns the settings that differ from the defaults, as an address has them. Settings that this version does not know are
    /// left out.
    pub fn query(&self, values: &Values) -> Query {
        let (values, _) = self.schema.read(&self.schema.defaults(), &as_query(values));
        self.schema.query(&values)
    }
}

/// Returns settings as an address has them, so that there is one reader of settings.
fn as_query(values: &Values) -> Query {
    values.iter().map(|(key, value)| (key.as_str(), as_text(value))).collect()
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
