//! Splits a file into rows of fields.

/// The form of a line in words, for messages.
pub(super) const EXAMPLE: &str = "Each line needs a text and a label, such as: What a lovely film, positive";

/// The prefix of a label in fastText's format.
const FAST_TEXT: &str = "__label__";

/// The delimiters in the order in which they are tried, with the part of the rows that must have one.
const DELIMITERS: [(char, f64); 4] = [('\t', 0.8), ('|', 0.8), (';', 0.8), (',', 0.5)];

/// The rows of a file.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The fields of each row.
    pub rows: Vec<Vec<String>>,
    /// The delimiter.
    pub delimiter: char,
    /// True if each row is a text and its label, in this order, and there is no header.
    pub is_labeled: bool,
    /// Sentences on what was assumed.
    pub remarks: Vec<&'static str>,
}

/// Splits a file into rows. Empty rows are left out.
///
/// # Errors
///
/// Fails if most lines have only one field. Returns a sentence for the user.
pub(super) fn split(text: &str) -> Result<Rows, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if let Some(rows) = fast_text(&text) {
        return Ok(Rows { rows, delimiter: ' ', is_labeled: true, remarks: Vec::new() });
    }
    for (delimiter, part) in DELIMITERS {
        // A line without the delimiter has one field in any case, so a count by lines rules most delimiters out quickly.
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let (n, with) = lines
            .fold((0usize, 0usize), |(n, with), line| (n + 1, with + usize::from(line.contains(delimiter))));
        // Texts in quotes may have several lines.
        if (with as f64) < 0.2 * part * n as f64 || with == 0 {
            continue;
        }
        let is_balanced = quotes_are_balanced(&text, delimiter);
        let rows = fields(&text, delimiter, is_balanced);
        let whole = rows.iter().filter(|row| row.len() > 1).count();
        if whole as f64 >= part * rows.len() as f64 {
            let remark =
                "A quotation mark is not closed, so quotation marks were read as characters of the texts.";
            let remarks = if is_balanced { Vec::new() } else { vec![remark] };
            return Ok(Rows { rows, delimiter, is_labeled: false, remarks });
        }
    }
    Err(format!("The lines of this file have no labels. {EXAMPLE}"))
}

/// Returns texts and labels if most lines have a word that starts with [`FAST_TEXT`]. The first such word is the label.
fn fast_text(text: &str) -> Option<Vec<Vec<String>>> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let labeled = lines.iter().filter(|line| line.contains(FAST_TEXT)).count();
    if labeled * 2 <= lines.len() {
        return None;
    }
    let row = |line: &&str| {
        let is_label = |word: &str| word.starts_with(FAST_TEXT);
        let mut words = line.split_whitespace();
        let label = words.clone().find_map(|word| word.strip_prefix(FAST_TEXT)).unwrap_or_default();
        let label = label.trim_matches([',', ';', '\t', '|']);
        let words: Vec<&str> = words.by_ref().filter(|word| !is_label(word)).collect();
        vec![words.join(" ").trim_start_matches([',', ';', '|', ' ']).to_owned(), label.to_owned()]
    };
    Some(lines.iter().map(row).collect())
}

/// Returns false if a quoted field does not end before the file does.
fn quotes_are_balanced(text: &str, delimiter: char) -> bool {
    let (mut starts_field, mut is_quoted) = (true, false);
    for c in text.chars() {
        match c {
            // Two quotation marks within quotes are one: the first ends the quotes, the second starts them again.
            '"' if is_quoted => (is_quoted, starts_field) = (false, true),
            '"' if starts_field => is_quoted = true,
            _ if is_quoted => {}
            c => starts_field = c == delimiter || c == '\n',
        }
    }
    !is_quoted
}

fn fields(text: &str, delimiter: char, quoted: bool) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .quoting(quoted)
        .from_reader(text.as_bytes());
    // The text is valid UTF-8 and in memory, so there are no other errors.
    let records = reader.records().map_while(Result::ok);
    let row = |record: csv::StringRecord| record.iter().map(one_line).collect::<Vec<String>>();
    records.map(row).filter(|row| row.iter().any(|field| !field.is_empty())).collect()
}

/// Returns a text with single spaces, also for line breaks, and without control characters.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::with_capacity(text.len());
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
