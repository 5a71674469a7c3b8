//! The text of a file, ready to be read record by record.

use crate::data::own::table::words::grouped;
use crate::data::{formats, text};
use std::borrow::Cow;

/// The maximum size of a file in bytes.
const MAX_BYTES: usize = 100_000_000;
/// The maximum length of a line in bytes. A longer one has too many cells for the memory.
const MAX_LINE: usize = 1_000_000;
/// The part of a file in which delimiter, header and decimal separator are recognized, in bytes.
const SAMPLE: usize = 256 * 1024;

/// The text of a file.
#[derive(Debug)]
pub(super) struct Source<'a> {
    text: Cow<'a, str>,
    /// The delimiter that the first line declares, as Excel writes it: `sep=;`.
    pub(super) declared: Option<char>,
    /// The number of the first line of the text in the file.
    first_line: u64,
    /// The character that starts a comment, if the file has comments.
    comment: Option<u8>,
    /// Sentences for the user.
    pub(super) remarks: Vec<String>,
}

impl<'a> Source<'a> {
    /// Decodes a file.
    ///
    /// # Errors
    ///
    /// Returns a sentence with advice if it is not a text, is empty or too large.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!(
                "This file has {:.0} MB; the maximum is 100 MB. Save the rows and columns that you need in a new file.",
                bytes.len() as f64 / 1e6
            ));
        }
        if let Some(format) = formats::name_of(bytes) {
            return Err(if format.starts_with("packed") {
                format!("This file is {format}. Unpack it, and open the table that is in it.")
            } else {
                format!(
                    "This file is not a table of text but {format}. Open it in its own program, such as a spreadsheet program, save the table as CSV, and open that file here."
                )
            });
        }
        let (text, remark) = text::decode(bytes).map_err(|error| error.to_string())?;
        let text = match text {
            // Old spreadsheets for the Mac end lines this way.
            text if text.contains('\r') && !text.contains('\n') => text.replace('\r', "\n").into(),
            text => text,
        };
        if text.trim().is_empty() {
            return Err("This file is empty. Choose a file with a table.".to_owned());
        }
        if text.trim_start().starts_with(['{', '[']) && text.trim_end().ends_with(['}', ']']) {
            return Err("This file is JSON, not rows and columns. Save the table as CSV.".to_owned());
        }
        if let Some(line) = text.lines().position(|line| line.len() > MAX_LINE) {
            return Err(format!(
                "Line {} has more than 1,000,000 characters, so this file is probably not a table. Choose a file with a line per row.",
                grouped(line + 1)
            ));
        }
        let mut source = Self {
            text,
            declared: None,
            first_line: 1,
            comment: None,
            remarks: remark.into_iter().collect(),
        };
        source.remove_declaration();
        source.recognize_comments();
        Ok(source)
    }

    fn remove_declaration(&mut self) {
        let (first, rest) = self.text.split_once('\n').unwrap_or((&self.text, ""));
        let line = first.trim_end_matches('\r').trim_matches('"');
        let declared = line.strip_prefix("sep=").or_else(|| line.strip_prefix("SEP="));
        let mut characters = declared.unwrap_or_default().chars();
        if let (Some(delimiter), None) = (characters.next(), characters.next()) {
            self.text = match &self.text {
                Cow::Borrowed(text) => Cow::Borrowed(text.split_once('\n').map_or("", |(_, rest)| rest)),
                Cow::Owned(_) => Cow::Owned(rest.to_owned()),
            };
            self.declared = Some(delimiter);
            self.first_line = 2;
        }
    }

    /// Lines with `#` are comments if most lines have none: colors start with it, too.
    fn recognize_comments(&mut self) {
        if !self.text.starts_with('#') && !self.text.contains("\n#") {
            return;
        }
        let marked = self.text.lines().filter(|line| line.starts_with('#')).count();
        let all = self.text.lines().filter(|line| !line.trim().is_empty()).count();
        if marked > 0 && marked * 2 < all {
            self.comment = Some(b'#');
            // A single one before the first record may have the names of the columns.
            if marked > 1 || self.comment_header().is_none() {
                self.remarks.push("Lines that start with # were skipped as comments.".to_owned());
            }
        }
    }

    /// Returns the last of the comments before the first record without its `#`: NumPy writes the names of the columns there.
    pub(super) fn comment_header(&self) -> Option<&str> {
        let leading = self.text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        leading.take_while(|line| line.starts_with('#')).last().and_then(|line| line.strip_prefix('#'))
    }

    /// Makes one space of each run of spaces and tabs, so that spaces can separate cells.
    pub(super) fn collapse_spaces(&mut self) {
        self.text = collapse(&self.text).into();
    }

    /// Returns the start of the file, and true if that is all of it.
    pub(super) fn sample(&self) -> (&str, bool) {
        let end = self.text.floor_char_boundary(SAMPLE);
        let rest = self.text.get(end..).unwrap_or_default();
        match rest.find('\n') {
            Some(at) => (self.text.get(..end + at).unwrap_or_default(), false),
            None => (&self.text, true),
        }
    }

    /// Returns a reader of a part of the text.
    pub(super) fn reader<'t>(&self, text: &'t str, delimiter: char) -> csv::Reader<&'t [u8]> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .comment(self.comment)
            .from_reader(text.as_bytes())
    }

    /// Calls `visit` with each record, its line in the file, and true if it has several lines, until that returns false.
    pub(super) fn each_record(
        &self,
        delimiter: char,
        mut visit: impl FnMut(&csv::StringRecord, u64, bool) -> bool,
    ) {
        let mut reader = self.reader(&self.text, delimiter);
        let bytes = self.text.as_bytes();
        let mut record = csv::StringRecord::new();
        let (mut line, mut end) = (self.first_line, 0);
        // Reading from memory fails only if a record is not UTF-8.
        while matches!(reader.read_record(&mut record), Ok(true)) {
            // The reader's own line numbers do not tell empty lines and comments from the record after them.
            let start = self.record_start(end);
            line += line_breaks(bytes.get(end..start));
            end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX).min(bytes.len());
            let body = bytes.get(start..end).unwrap_or_default().trim_ascii_end();
            if !visit(&record, line, body.contains(&b'\n')) {
                break;
            }
            line += line_breaks(bytes.get(start..end));
        }
    }

    /// Returns the offset of the next record.
    fn record_start(&self, mut at: usize) -> usize {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at) {
                Some(b'\r' | b'\n') => at += 1,
                Some(byte) if Some(*byte) == self.comment => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                }
                _ => return at,
            }
        }
    }
}

fn line_breaks(bytes: Option<&[u8]>) -> u64 {
    bytes.unwrap_or_default().iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

/// Returns a text with one space for each run of spaces and tabs outside quotes, and none at the ends of lines.
pub(super) fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    let (mut quoted, mut gap) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let at_start = collapsed.is_empty() || collapsed.ends_with('\n');
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                collapsed.push_str("\"\"");
                characters.next();
            }
            '"' if quoted => {
                quoted = false;
                collapsed.push(c);
            }
            _ if quoted => collapsed.push(c),
            ' ' | '\t' => gap = true,
            '\r' | '\n' => {
                gap = false;
                collapsed.push(c);
            }
            _ => {
                quoted = c == '"' && (gap || at_start);
                if gap && !at_start {
                    collapsed.push(' ');
                }
                gap = false;
                collapsed.push(c);
            }
        }
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use crate::data::own::table::source::*;

    fn lines(text: &str) -> Vec<(String, u64, bool)> {
        let source = Source::new(text.as_bytes()).expect("a text");
        let mut lines = Vec::new();
        source.each_record(',', |record, line, spans| {
            lines.push((record.get(0).unwrap_or_default().to_owned(), line, spans));
            true
        });
        lines
    }

    #[test]
    fn records_know_their_lines() {
        let expected = [("a", 1, false), ("b\nc", 4, true), ("d", 6, false), ("e", 7, false)];
        let expected = expected.map(|(text, line, spans)| (text.to_owned(), line, spans));
        let text = "a,1\n\n# comment\n\"b\nc\",1\nd,2\ne,3";
        assert_eq!(lines(text), expected);
        let windows: Vec<u64> =
            lines(&text.replace('\n', "\r\n")).into_iter().map(|(_, line, _)| line).collect();
        assert_eq!(windows, [1, 4, 6, 7]);
        let mac: Vec<u64> = lines(&text.replace('\n', "\r")).into_iter().map(|(_, line, _)| line).collect();
        assert_eq!(mac, [1, 4, 6, 7]);
        let declared: Vec<u64> = lines("sep=,\r\na,1\r\nb,2").into_iter().map(|(_, line, _)| line).collect();
        assert_eq!(declared, [2, 3]);
    }

    #[test]
    fn spaces_collapse_outside_quotes() {
        assert_eq!(collapse("  a \t b  \n\"c  d\"   e\r\n"), "a b\n\"c  d\" e\r\n");
        assert_eq!(collapse("\"a \"\"  b\"  5\"   c"), "\"a \"\"  b\" 5\" c");
    }

    #[test]
    fn other_files_are_refused_in_their_own_words() {
        let refusal = |bytes: &[u8]| Source::new(bytes).err().unwrap_or_default();
        assert!(refusal(b"").contains("empty"));
        assert!(refusal(b" \n\n ").contains("empty"));
        assert!(refusal(b"PK\x03\x04...").contains("save the table as CSV"), "a workbook");
        assert!(refusal(b"\x1f\x8b...").contains("is packed with gzip. Unpack it"));
        assert!(refusal(format!("a,b\n{}", ",".repeat(MAX_LINE + 1)).as_bytes()).contains("Line 2 has more"));
        assert!(refusal(b"{\"a\": [1, 2]}").contains("JSON"));
        assert!(refusal(&[1, 2, 0, 3]).contains("zero bytes"));
        assert!(refusal(&vec![b'1'; MAX_BYTES + 1]).contains("maximum is 100 MB"));
    }

    #[test]
    fn colors_are_not_comments() {
        assert_eq!(lines("#ff0000,1\n#00ff00,2\n").len(), 2);
        assert_eq!(lines("# a\n1,2\n3,4\n").len(), 2);
    }
}
