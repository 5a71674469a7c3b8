//! Messages between a panel and the page around it, as JSON. Pure.
//!
//! A panel says `{source: "nn-lab", version: 1, type, panel, ...}` with the types `ready`, `resize`, `state`,
//! `metrics`, `error`, `guess` and `stand`. It hears `{source: "nn-lab-host", version: 1, type, ...}` with
//! the types of [`HostCommand`].

use crate::embedding::scheduler::Claim;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The version of these messages. A message of another version is answered with an `error`.
pub const VERSION: u64 = 1;

/// Longer messages are not read.
const MAX_LENGTH: usize = 64 * 1024;

/// What the page around, or another panel, may ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum HostCommand {
    /// Change settings, by the names of the fields; `null` sets one back.
    Set {
        values: Map<String, Value>,
    },
    /// Press Train, or Resume.
    Train,
    Pause,
    Reset,
    /// Go over to the theme of the page around.
    Theme {
        theme: HostTheme,
    },
    /// What another panel on the page wants; see [`crate::embedding::scheduler`].
    #[serde(rename = "stand")]
    Claim(Claim),
}

/// The theme of the page around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostTheme {
    Light,
    Dark,
}

impl HostTheme {
    /// As addresses and messages have it.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A message to the page around.
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

/// A message as the page around would send it.
pub fn from_host(body: Value) -> Value {
    let mut message = match body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    message.insert("source".to_owned(), json!("nn-lab-host"));
    message.insert("version".to_owned(), json!(VERSION));
    Value::Object(message)
}

/// Reads a message: `None` if it is not meant for a panel, `Err` if it is and cannot be understood.
pub fn read(text: &str) -> Result<Option<HostCommand>, String> {
    if text.len() > MAX_LENGTH {
        return Ok(None);
    }
    let Ok(Value::Object(mut message)) = serde_json::from_str(text) else { return Ok(None) };
    if message.remove("source").as_ref().and_then(Value::as_str) != Some("nn-lab-host") {
        return Ok(None);
    }
    match message.remove("version") {
        Some(version) if version.as_u64() == Some(VERSION) => {}
        Some(version) => return Err(format!("This panel speaks version {VERSION}, not {version}.")),
        None => return Err(format!("A message needs its version, which is {VERSION} here.")),
    }
    serde_json::from_value(Value::Object(message))
        .map(Some)
        .map_err(|error| format!("The message was not understood: {error}."))
}

#[cfg(test)]
mod tests {
    use crate::embedding::messages::*;
    use proptest::prelude::*;

    #[test]
    fn foreign_messages_are_left_alone_and_wrong_ones_are_told() {
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
    fn what_one_panel_says_another_hears() {
        let wish = HostCommand::Claim(Claim { by: "x".into(), wants: true, since: 3.0, new: false });
        let said = from_host(serde_json::to_value(&wish).expect("plain")).to_string();
        // As embed.js and older panels know it.
        assert!(said.contains("\"type\":\"stand\""), "{said}");
        assert_eq!(read(&said), Ok(Some(wish)));
    }

    proptest! {
        #[test]
        fn nothing_heard_panics(text in ".*") {
            let _ = read(&text);
            let _ = read(&format!(r#"{{"source":"nn-lab-host","version":1,{text}}}"#));
        }
    }
}
