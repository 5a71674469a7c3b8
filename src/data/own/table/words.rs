//! Names from the user's file as the page shows them, and phrases for remarks.

use std::collections::HashSet;

/// The maximum number of characters of a name.
const MAX_NAME: usize = 60;
/// The maximum number of lines or names that a remark lists.
const MAX_LISTED: usize = 5;

/// Returns a name in one line without control characters, at most 60 characters long.
pub(super) fn clean(name: &str) -> String {
    let mut cleaned = String::new();
    let mut characters = 0;
    for word in name.split(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c)) {
        if word.is_empty() || characters >= MAX_NAME {
            continue;
        }
        if !cleaned.is_empty() {
            cleaned.push(' ');
            characters += 1;
        }
        cleaned.extend(word.chars().take(MAX_NAME.saturating_sub(characters)));
        characters = cleaned.chars().count();
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// Returns true for characters that change the direction of a text or have no width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns cleaned names that all differ: equal ones get a number, and empty ones are called `column 3`, for example.
pub(super) fn distinct_names<'a>(names: impl IntoIterator<Item = &'a str>, what: &str) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut distinct = Vec::new();
    for (i, name) in names.into_iter().enumerate() {
        let name = Some(clean(name)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("{what} {}", i + 1));
        let mut candidate = name.clone();
        let mut number = 2u32;
        while taken.contains(&candidate) {
            candidate = format!("{name} {number}");
            number = number.saturating_add(1);
        }
        taken.insert(candidate.clone());
        distinct.push(candidate);
    }
    distinct
}

/// Returns a number with commas between groups of three digits.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 6);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number of things, such as "1 row" or "2,000 rows".
pub(super) fn count_of(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Returns quoted names as a list, such as `"a", "b" and 7 others`.
pub(super) fn name_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(MAX_LISTED).map(|name| format!("\"{name}\"")).collect();
    list(&quoted, names.len())
}

fn list(first: &[String], total: usize) -> String {
    let others = total.saturating_sub(first.len());
    match first {
        _ if others > 0 => format!("{} and {} more", first.join(", "), grouped(others)),
        [.., _, _] => {
            let (last, before) =
                first.split_last().map_or(("", first), |(last, before)| (last.as_str(), before));
            format!("{} and {last}", before.join(", "))
        }
        _ => first.concat(),
    }
}

/// Lines of a file, of which the first few are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lines {
    /// The number of lines.
    pub(super) count: usize,
    first: Vec<String>,
}

impl Lines {
    /// Adds a line.
    pub(super) fn add(&mut self, line: u64) {
        self.count += 1;
        if self.first.len() < MAX_LISTED {
            self.first.push(line.to_string());
        }
    }

    /// Returns a list, such as "line 4" or "lines 4, 7 and 12".
    pub(super) fn list(&self) -> String {
        format!("line{} {}", if self.count == 1 { "" } else { "s" }, list(&self.first, self.count))
    }

    /// Returns a remark if there are lines: "2 rows {what} were skipped: lines 4 and 7."
    pub(super) fn remark(&self, what: &str) -> Option<String> {
        let were = if self.count == 1 { "was" } else { "were" };
        (self.count > 0)
            .then(|| format!("{} {what} {were} skipped: {}.", count_of(self.count, "row"), self.list()))
    }
}

#[cfg(test)]
mod tests {
    use crate::data::own::table::words::*;

    #[test]
    fn names_are_text_in_one_line() {
        assert_eq!(clean("  <b>Big</b>\n\u{7}name\u{202e} "), "<b>Big</b> name");
        assert_eq!(clean(&"ä".repeat(500)).chars().count(), 60);
        assert_eq!(clean(&"a ".repeat(500)).chars().count(), 59);
        let names = distinct_names(["a", "a", "", "a 2", "column 3"], "column");
        assert_eq!(names, ["a", "a 2", "column 3", "a 2 2", "column 3 2"]);
    }

    #[test]
    fn lists_are_short() {
        let mut lines = Lines::default();
        assert_eq!(lines.remark("x"), None);
        lines.add(4);
        assert_eq!(
            lines.remark("without a value").as_deref(),
            Some("1 row without a value was skipped: line 4.")
        );
        lines.add(7);
        assert_eq!(lines.list(), "lines 4 and 7");
        (0..12_000).for_each(|line| lines.add(line));
        assert_eq!(lines.list(), "lines 4, 7, 0, 1, 2 and 11,997 more");
        assert_eq!(name_list(&["a"]), "\"a\"");
        assert_eq!(count_of(1_234_567, "row"), "1,234,567 rows");
    }
}
