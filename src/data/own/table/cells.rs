//! The value of a cell: a number, a date, a text, or nothing.

/// The value of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// No value.
    Missing,
    /// A number that is finite as `f32`.
    Number(f64),
    /// A number beyond the range of `f32`.
    Huge,
    /// A date, a time, or both.
    Date,
    /// Any other text.
    Text,
}

impl Cell {
    /// Reads a cell without spaces around it.
    pub(super) fn read(cell: &str, decimal: char) -> Self {
        if is_missing(cell) {
            return Self::Missing;
        }
        match number(cell, decimal) {
            // Rounding to `f32` may reach infinity.
            Some(value) if (value as f32).is_finite() => Self::Number(value + 0.0),
            Some(_) => Self::Huge,
            None if is_date(cell) => Self::Date,
            None => Self::Text,
        }
    }
}

/// Returns true if a cell stands for a missing value.
pub(super) fn is_missing(cell: &str) -> bool {
    const WORDS: [&str; 9] = ["na", "n/a", "nan", "null", "none", "?", "-", "#n/a", "#nv"];
    cell.is_empty() || cell.len() <= 4 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(cell))
}

/// Returns the number in a cell, which may be infinite, with this decimal separator. The other separator, spaces and
/// apostrophes may group digits by three.
pub(super) fn number(cell: &str, decimal: char) -> Option<f64> {
    // Units that spreadsheets add. A percentage is a number of percent.
    let cell = cell.trim_matches(|c: char| matches!(c, '%' | '€' | '$' | '£') || c.is_whitespace());
    // "inf" and "nan" are not numbers here, and nearly all texts end here.
    let first = cell.trim_start_matches(['+', '-', '\u{2212}']).chars().next()?;
    if !first.is_ascii_digit() && first != decimal {
        return None;
    }
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    if decimal == '.' && cell.chars().all(plain) {
        return cell.parse().ok();
    }
    let (sign, rest) = match cell.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", cell.strip_prefix('+').unwrap_or(cell)),
    };
    let (whole, fraction) = rest.split_once(decimal).unwrap_or((rest, ""));
    if !fraction.chars().all(|c| plain(c) && c != '.') {
        return None;
    }
    let other = if decimal == ',' { '.' } else { ',' };
    let text = match whole.find([other, '\'', '’', ' ', '\u{a0}', '\u{202f}']) {
        Some(at) => format!("{sign}{}.{fraction}", join_groups(whole, at)?),
        None if decimal == ',' && !rest.contains(decimal) => format!("{sign}{rest}"),
        None if whole.chars().all(|c| c.is_ascii_digit()) => format!("{sign}{whole}.{fraction}"),
        None => return None,
    };
    text.parse().ok().filter(|_| text.chars().all(plain))
}

/// Returns the digits of a number in groups of three, such as 1.234.567, whose first separator is at `at`.
fn join_groups(whole: &str, at: usize) -> Option<String> {
    let separator = whole.get(at..)?.chars().next()?;
    let mut joined = String::with_capacity(whole.len());
    for (i, group) in whole.split(separator).enumerate() {
        let is_whole_group = if i == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        if !is_whole_group || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        joined.push_str(group);
    }
    // "0,123" is a fraction, whatever the separator.
    (!joined.starts_with('0')).then_some(joined)
}

/// Returns true for dates such as 2025-12-31, 31.12.2025 and 12/31/25, with or without a time, and for times.
fn is_date(cell: &str) -> bool {
    // Rejects most texts early.
    if cell.len() > 40 || !cell.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (day, time) = cell.split_once([' ', 'T']).unwrap_or((cell, ""));
    is_day(day) && (time.is_empty() || is_time(time.trim())) || is_time(cell)
}

fn is_day(text: &str) -> bool {
    ['-', '.', '/'].into_iter().any(|separator| {
        let parts: Vec<&str> = text.split(separator).collect();
        let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
            let fits = lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| fits)
        };
        let [first, second, third] = parts[..] else { return false };
        let Some(second) = number(second, 1..=2) else { return false };
        let (day, month) = match (number(first, 4..=4), number(first, 1..=2)) {
            (Some(_), _) => (number(third, 1..=2), second),
            // The day may come first, or the month.
            (_, Some(first)) if matches!(third.len(), 2 | 4) && number(third, 2..=4).is_some() => {
                (Some(first.max(second)), first.min(second))
            }
            _ => return false,
        };
        (1..=12).contains(&month) && day.is_some_and(|day| (1..=31).contains(&day))
    })
}

fn is_time(text: &str) -> bool {
    let text = text.strip_suffix("AM").or_else(|| text.strip_suffix("PM")).unwrap_or(text).trim_end();
    let text = text.strip_suffix('Z').unwrap_or(text);
    // A time zone, such as +01:00.
    let text = text.split(['+', '-']).next().unwrap_or_default();
    let mut parts = text.split(':');
    let mut next = || parts.next().map(|part| part.trim_end());
    let is_number = |part: &str| part.len() <= 2 && part.parse::<u32>().is_ok_and(|number| number < 61);
    let is_second = |part: &str| {
        let (whole, fraction) = part.split_once(['.', ',']).unwrap_or((part, ""));
        is_number(whole) && fraction.bytes().all(|byte| byte.is_ascii_digit())
    };
    match [next(), next(), next(), next()] {
        [Some(hour), Some(minute), second, None] => {
            is_number(hour) && is_number(minute) && second.is_none_or(is_second)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::data::own::table::cells::*;

    #[test]
    fn numbers_are_read_with_either_decimal_separator() {
        let point = [
            ("1", 1.0),
            ("-1.5", -1.5),
            ("+.5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1,234.5", 1234.5),
            ("1,234,567", 1_234_567.0),
            ("1'234.5", 1234.5),
            ("\u{2212}2", -2.0),
            ("12 345", 12345.0),
            ("007", 7.0),
            ("12 %", 12.0),
            ("$1,234.50", 1234.5),
        ];
        for (text, value) in point {
            assert_eq!(Cell::read(text, '.'), Cell::Number(value), "{text}");
        }
        let comma = [
            ("1", 1.0),
            ("-1,5", -1.5),
            (",5", 0.5),
            ("1.234,5", 1234.5),
            ("1.234.567", 1_234_567.0),
            ("1.234", 1234.0),
            ("1 234,5", 1234.5),
            ("2,5E-1", 0.25),
            ("1e3", 1000.0),
            ("-4", -4.0),
            ("1.234,50 €", 1234.5),
        ];
        for (text, value) in comma {
            assert_eq!(Cell::read(text, ','), Cell::Number(value), "{text}");
        }
    }

    #[test]
    fn other_cells_are_not_numbers() {
        for text in
            ["a", "1a", "1,5", "1,2,3", "0,123", "1.2.3", "--1", "1-2", "1,23,456", "e5", "12 cm", "0x10"]
        {
            assert_eq!(Cell::read(text, '.'), Cell::Text, "{text}");
        }
        for text in
            ["inf", "-inf", "infinity", "1.5", "0.123", "1.23,4", "1,5,5", "1,5.5", ",", "+", "1,234.567"]
        {
            assert_eq!(Cell::read(text, ','), Cell::Text, "{text}");
        }
        for text in ["1e400", "-1e39", "3.5e38"] {
            assert_eq!(Cell::read(text, '.'), Cell::Huge, "{text}");
        }
        for text in ["", "NA", "n/a", "NaN", "null", "None", "?", "-", "#N/A"] {
            assert_eq!(Cell::read(text, '.'), Cell::Missing, "{text}");
        }
    }

    #[test]
    fn dates_and_times_are_recognized() {
        let dates = [
            "2025-12-31",
            "2025/1/2",
            "31.12.2025",
            "1.2.25",
            "12/31/2025",
            "31-12-2025",
            "2025-12-31T10:00:00Z",
            "2025-12-31 10:00:00.123+01:00",
            "12/31/2025 10:15 PM",
            "14:30",
            "14:30:05",
        ];
        for text in dates {
            assert_eq!(Cell::read(text, '.'), Cell::Date, "{text}");
            assert_eq!(Cell::read(text, ','), Cell::Date, "{text}");
        }
        for text in
            ["2025-13-31", "32.12.2025", "13/31/2025", "1-2", "1/2/3/4", "2025-12-31 x", "14:75", "1:2:3:4"]
        {
            assert_eq!(Cell::read(text, '.'), Cell::Text, "{text}");
        }
    }
}
