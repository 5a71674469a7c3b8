//! Messages between a panel and the host page, as JSON. Pure.
//!
//! A panel sends `{source: "nn-lab", version: 1, type, panel, ...}` with the types `ready`, `resize`,
//! `state`, `metrics`, `curves`, `error`, `guess`, `outcome`, `record`, `statement` and `stand`. It receives `{source: "nn-lab-host", version: 1, type,
//! ...}` with the types of [`HostCommand`].

use crate::embedding::scheduler::Claim;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// The version of the messages. A message of another version is answered with an `error`.
pub const VERSION: u64 = 1;

/// The maximum length of a message. Longer ones are ignored.
const MAX_LENGTH: usize = 1024 * 1024;

/// A command from the host page, or a claim from another panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum HostCommand {
    /// Changes settings.
    Set {
        /// The new values, by field name; `null` resets a field.
        values: Map<String, Value>,
    },
    /// Presses Train or Resume.
    Train,
    /// Presses Pause.
    Pause,
    /// Presses Reset.
    Reset,
    /// Switches to the theme of the host page.
    Theme {
        /// The theme.
        theme: HostTheme,
    },
    /// Puts back the answers that the host page has kept.
    Restore {
        /// The answer sheet.
        record: Value,
    },
    /// Sets the name of the student.
    Student {
        /// The name; an empty one removes it.
        name: String,
    },
    /// The claim of another panel on the page; see [`crate::embedding::scheduler`].
    #[serde(rename = "stand")]
    Claim(Claim),
}

/// The theme of the host page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostTheme {
    /// Dark text on a light background.
    Light,
    /// Light text on a dark background.
    Dark,
}

impl HostTheme {
    /// Returns the name in addresses and messages.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The reason a message is not understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The message has another version.
    #[error("This panel speaks version {VERSION}, not {0}.")]
    OtherVersion(String),
    /// The message has no version.
    #[error("A message needs its version, which is {VERSION} here.")]
    NoVersion,
    /// The message has an unknown type, or lacks a field.
    #[error("The message was not understood: {0}.")]
    Malformed(String),
}

/// Returns a message to the host page.
pub fn written(panel: &str, kind: &str, body: Value) -> Value {
    let mut message = match body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    for (key, value) in [
        ("source", json!("nn-lab")),
        ("version", json!(VERSION)),
        ("type", json!(kind)),
        ("panel", json!(panel)),
    ] {
        message.insert(key.to_owned(), value);
    }
    Value::Object(message)
}

/// Returns a message in the format of the host page.
pub fn from_host(body: Value) -> Value {
    let mut message = match body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    message.insert("source".to_owned(), json!("nn-lab-host"));
    message.insert("version".to_owned(), json!(VERSION));
    Value::Object(message)
}

/// Reads a message. Returns `None` if it is not meant for a panel.
///
/// # Errors
///
/// Fails if the message is meant for a panel, but has another version or is malformed.
pub fn read(text: &str) -> Result<Option<HostCommand>, MessageError> {
    if text.len() > MAX_LENGTH {
        return Ok(None);
    }
    let Ok(Value::Object(mut message)) = serde_json::from_str(text) else { return Ok(None) };
    if message.remove("source").as_ref().and_then(Value::as_str) != Some("nn-lab-host") {
        return Ok(None);
    }
    match message.remove("version") {
        Some(version) if version.as_u64() == Some(VERSION) => {}
        Some(version) => return Err(MessageError::OtherVersion(version.to_string())),
        None => return Err(MessageError::NoVersion),
    }
    serde_json::from_value(Value::Object(message))
        .map(Some)
        .map_err(|error| MessageError::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::embedding::messages::*;
    use proptest::prelude::*;

    #[test]
    fn foreign_messages_are_ignored_and_malformed_ones_refused() {
        for text in ["", "null", "3", "[]", "{}", r#"{"source":"other","type":"train","version":1}"#] {
            assert_eq!(read(text), Ok(None), "{text}");
        }
        for text in [
            r#"{"source":"nn-lab-host","type":"train"}"#,
            r#"{"source":"nn-lab-host","type":"train","version":2}"#,
            r#"{"source":"nn-lab-host","type":"explode","version":1}"#,
            r#"{"source":"nn-lab-host","type":"set","version":1}"#,
            r#"{"source":"nn-lab-host","type":"theme","version":1,"theme":"neon"}"#,
            r#"{"source":"nn-lab-host","type":"set","version":1,"values":3}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(
            read(r#"{"source":"nn-lab-host","type":"train","version":1}"#),
            Ok(Some(HostCommand::Train))
        );
    }

    #[test]
    fn a_claim_reads_as_it_was_written() {
        let claim = HostCommand::Claim(Claim { by: "x".into(), wants: true, since: 3.0, new: false });
        let text = from_host(serde_json::to_value(&claim).expect("plain")).to_string();
        // The type that embed.js and older panels know.
        assert!(text.contains("\"type\":\"stand\""), "{text}");
        assert_eq!(read(&text), Ok(Some(claim)));
    }

    proptest! {
        #[test]
        fn no_message_panics(text in ".*") {
            let _ = read(&text);
            let _ = read(&format!(r#"{{"source":"nn-lab-host","version":1,{text}}}"#));
        }
    }
}
