//! Templates of source code. A template is a whole Python or Rust file with markers in comments; the settings of a run turn
//! it into the code for exactly that run.
//!
//! ```text
//! WIDTH = 16  #= width          the literal becomes the value of `width`
//! x = x.relu()  #? relu         the line stays if the condition holds
//! #{ optimizer=sgd|momentum     the lines up to #} stay if the condition holds; blocks may be nested
//! #}
//! h = torch.tanh(a)  #@ hidden  the line implements the part `hidden` of the figure next to the code
//! ```
//!
//! A condition has one or more terms, and all of them must hold: `key=a|b`, `key!=a`, `key` (a switch that is on, a number
//! that is not 0, a list or text that is not empty) and `!key`. In Rust, markers start with `//` instead of `#`.

use crate::core::param::Values;
use serde_json::Value;
use thiserror::Error;

/// The language of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python, with comments after `#`.
    Python,
    /// Rust, with comments after `//`.
    Rust,
}

/// A line of code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The code.
    pub text: String,
    /// The parts of the figure that it implements.
    pub parts: Vec<String>,
}

/// A mistake in a template, with the number of its line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct TemplateError {
    line: usize,
    what: String,
}

impl Language {
    const fn comment(self) -> &'static str {
        match self {
            Self::Python => "#",
            Self::Rust => "//",
        }
    }

    /// Returns a value as a literal.
    fn literal(self, value: &Value) -> String {
        match (self, value) {
            (Self::Python, Value::Bool(true)) => "True".to_owned(),
            (Self::Python, Value::Bool(false)) => "False".to_owned(),
            (_, Value::Array(items)) => {
                let items: Vec<String> = items.iter().map(|item| self.literal(item)).collect();
                format!("{}[{}]", if self == Self::Rust { "&" } else { "" }, items.join(", "))
            }
            _ => value.to_string(),
        }
    }
}

/// Returns the lines of a template for these settings.
///
/// # Errors
///
/// Fails if the template names an unknown setting, or if its blocks are not closed.
pub fn specialize(template: &str, values: &Values, language: Language) -> Result<Vec<Line>, TemplateError> {
    let comment = language.comment();
    let mut lines: Vec<Line> = Vec::new();
    // For each open block, true if its lines stay.
    let mut open: Vec<bool> = Vec::new();
    for (line, text) in (1..).zip(template.lines()) {
        let fail = |what: String| TemplateError { line, what };
        let marker = text.trim_start().strip_prefix(comment);
        if let Some(condition) = marker.and_then(|marker| marker.strip_prefix('{')) {
            open.push(holds(condition, values).map_err(fail)?);
            continue;
        }
        if marker.is_some_and(|marker| marker.trim_end() == "}") {
            open.pop().ok_or_else(|| fail("closes no block".to_owned()))?;
            continue;
        }
        if open.contains(&false) {
            continue;
        }
        if let Some(kept) = line_of(text, values, language).map_err(fail)? {
            // A block that is left out leaves no gap of more than two lines.
            let blank = lines.iter().rev().take_while(|line| line.text.is_empty()).count();
            if !kept.text.is_empty() || blank < 2 {
                lines.push(kept);
            }
        }
    }
    let line = template.lines().count();
    if open.is_empty() { Ok(lines) } else { Err(TemplateError { line, what: "a block is open".to_owned() }) }
}

/// Returns the lines as one text.
pub fn join(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{}\n", line.text)).collect()
}

/// Returns a line without its markers; `None` if its condition does not hold.
fn line_of(text: &str, values: &Values, language: Language) -> Result<Option<Line>, String> {
    let comment = language.comment();
    let (mut rest, mut parts, mut value) = (text, Vec::new(), None);
    let last_marker = |text: &str| {
        let of = |kind: char| text.rfind(&format!("  {comment}{kind} ")).map(|at| (at, kind));
        ['=', '?', '@'].into_iter().filter_map(of).max()
    };
    while let Some((at, kind)) = last_marker(rest) {
        let marker = rest[at + 2 + comment.len() + 1..].trim();
        match kind {
            '=' => value = Some(values.get(marker).ok_or_else(|| unknown(marker))?),
            '?' if !holds(marker, values)? => return Ok(None),
            '?' => {}
            _ => parts = marker.split_whitespace().map(str::to_owned).collect(),
        }
        rest = rest[..at].trim_end();
    }
    let text = match value {
        Some(value) => with_literal(rest, &language.literal(value))?,
        None => rest.trim_end().to_owned(),
    };
    Ok(Some(Line { text, parts }))
}

/// Replaces the literal after the last ` = `.
fn with_literal(text: &str, literal: &str) -> Result<String, String> {
    let at = text.rfind(" = ").ok_or_else(|| "there is no \" = \" before a literal".to_owned())? + 3;
    let (start, old) = text.split_at(at);
    let closing = match old.trim_start_matches('&').chars().next() {
        Some('[') => old.find(']').map(|at| at + 1),
        Some('"') => old[1..].find('"').map(|at| at + 2),
        _ => old.find([',', ';', ')', ' ']),
    };
    Ok(format!("{start}{literal}{}", &old[closing.unwrap_or(old.len())..]))
}

fn unknown(key: &str) -> String {
    format!("there is no setting {key}")
}

/// Returns true if all terms of a condition hold.
fn holds(condition: &str, values: &Values) -> Result<bool, String> {
    let mut all = true;
    for term in condition.split_whitespace() {
        all &= term_holds(term, values)?;
    }
    Ok(all)
}

fn term_holds(term: &str, values: &Values) -> Result<bool, String> {
    let get = |key: &str| values.get(key).ok_or_else(|| unknown(key));
    let is = |value: &Value, options: &str| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        options.split('|').any(|option| option == text)
    };
    if let Some((key, options)) = term.split_once("!=") {
        return Ok(!is(get(key)?, options));
    }
    if let Some((key, options)) = term.split_once('=') {
        return Ok(is(get(key)?, options));
    }
    match term.strip_prefix('!') {
        Some(key) => Ok(!is_on(get(key)?)),
        None => Ok(is_on(get(term)?)),
    }
}

fn is_on(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Values {
        let value = json!({ "width": 64, "rate": 1.0, "relu": true, "kind": "b", "list": [3, 4], "zero": 0 });
        serde_json::from_value(value).expect("an object")
    }

    fn python(template: &str) -> String {
        join(&specialize(template, &values(), Language::Python).expect("a valid template"))
    }

    #[test]
    fn literals_become_the_values_of_the_settings() {
        assert_eq!(python("WIDTH = 16  #= width"), "WIDTH = 64\n");
        assert_eq!(python("ON = False  # a comment  #= relu"), "ON = True  # a comment\n");
        assert_eq!(python("f(a, kind = \"a\")  #= kind"), "f(a, kind = \"b\")\n");
        assert_eq!(python("DIMS = [1, 2]  #= list"), "DIMS = [3, 4]\n");
        let rust = |line| join(&specialize(line, &values(), Language::Rust).expect("a valid template"));
        assert_eq!(rust("const W: usize = 16;  //= width"), "const W: usize = 64;\n");
        assert_eq!(rust("const R: f64 = 2.0; // per step  //= rate"), "const R: f64 = 1.0; // per step\n");
        assert_eq!(rust("const D: &[usize] = &[1];  //= list"), "const D: &[usize] = &[3, 4];\n");
    }

    #[test]
    fn lines_and_blocks_stay_if_their_conditions_hold() {
        let kept = |condition: &str| !python(&format!("x  #? {condition}")).is_empty();
        assert!(
            kept("relu") && kept("kind=a|b") && kept("kind!=a relu") && kept("!zero") && kept("width=64")
        );
        assert!(!kept("!relu") && !kept("kind=a") && !kept("kind=b zero") && !kept("width!=64"));
        assert_eq!(python("a\n#{ zero\nb\n#{ relu\nc\n#}\n#}\n#{ relu\n  d\n#}\n"), "a\n  d\n");
        assert_eq!(python("a\n\n\n#{ zero\nb\n#}\n\n\nc"), "a\n\n\nc\n", "no gap is left");
    }

    #[test]
    fn lines_name_the_parts_that_they_implement() {
        let lines = specialize("h = 16  #= width  #? relu  #@ one two\ny", &values(), Language::Python);
        let lines = lines.expect("a valid template");
        assert_eq!(lines[0], Line { text: "h = 64".to_owned(), parts: vec!["one".into(), "two".into()] });
        assert_eq!(lines[1], Line { text: "y".to_owned(), parts: Vec::new() });
    }

    #[test]
    fn mistakes_are_found() {
        let error =
            |template| specialize(template, &values(), Language::Python).expect_err("a mistake").to_string();
        assert_eq!(error("a\nb = 1  #= other"), "line 2: there is no setting other");
        assert_eq!(error("a  #? other=1"), "line 1: there is no setting other");
        assert_eq!(error("a\n#{ relu\nb"), "line 3: a block is open");
        assert_eq!(error("#}"), "line 1: closes no block");
        assert_eq!(error("b  #= width"), "line 1: there is no \" = \" before a literal");
    }
}
