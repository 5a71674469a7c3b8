//! Lists of numbers that a visitor types.

use crate::core::number::{NumberError, is_digits, is_space};
use crate::core::query::shorten;

/// Returns the items of a list that a visitor typed, with a point in place of a decimal comma.
///
/// Semicolons separate items, or else spaces, or else commas. A comma inside of an item is a decimal point, except in a
/// list of `whole` numbers or of names, where it always separates. So `0,1; 0,5`, `0,1 0,5`, `0,1, 0,5` and `0.1,0.5`
/// all have two items.
///
/// # Errors
///
/// Fails if nothing but a comma separates digits, and it could be part of a number: `0,5`, or `0,05` and `1,024` in a list
/// of whole numbers.
pub fn list_items(text: &str, whole: bool) -> Result<Vec<String>, NumberError> {
    let text = text.trim_matches(is_space).replace('−', "-");
    let trimmed = |item: &str| item.trim_matches(is_space).trim_matches(',').to_owned();
    let with_point = |item: &str| trimmed(item).replace(',', ".");
    let between_commas = |text: &str| -> Result<Vec<String>, NumberError> {
        let items: Vec<String> = text.split(',').map(trimmed).collect();
        let is_fraction = |item: &String| item.len() > 1 && item.starts_with('0') && is_digits(item);
        let is_one_number = !whole
            && matches!(items.as_slice(), [a, b] if is_digits(a.trim_start_matches('-')) && is_digits(b));
        if is_one_number || items.iter().skip(1).any(is_fraction) {
            return Err(NumberError::CommaInList(shorten(text)));
        }
        Ok(items)
    };
    let items = if text.contains(';') {
        text.split(';').map(with_point).collect()
    } else if whole {
        let parts: Vec<Vec<String>> = text
            .split(is_space)
            .map(|part| between_commas(part.trim_matches(',')))
            .collect::<Result<_, _>>()?;
        parts.concat()
    } else if text.contains(is_space) {
        text.split(is_space).map(with_point).collect()
    } else {
        between_commas(&text)?
    };
    Ok(items.into_iter().filter(|item| !item.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_decimal_commas() {
        let items = |text: &str, whole: bool| list_items(text, whole).map(|items| items.join("|"));
        for text in [
            "0,1; 0,5",
            "0,1;0,5",
            "0,1 0,5",
            "0,1, 0,5",
            "0.1,0.5",
            "0.1, 0.5",
            " 0.1  0,5 ",
            "0.1\u{a0}0.5",
        ] {
            assert_eq!(items(text, false).as_deref(), Ok("0.1|0.5"), "{text}");
        }
        for text in ["2,4,8", "2, 4, 8", "2 4 8", "2, 4,8", "2; 4; 8", "2,,4 , 8,"] {
            assert_eq!(items(text, true).as_deref(), Ok("2|4|8"), "{text}");
        }
        assert_eq!(items("0.1..0.9/5", false).as_deref(), Ok("0.1..0.9/5"));
        assert_eq!(items("0,1..0,9/5;2", false).as_deref(), Ok("0.1..0.9/5|2"));
        assert_eq!(items("−1;2", false).as_deref(), Ok("-1|2"));
        assert_eq!(items("", true).as_deref(), Ok(""));
        for (text, whole) in [
            ("0,5", false),
            ("0,05", false),
            ("1,5", false),
            ("0,05", true),
            ("1,024", true),
            ("0.1,05", false),
        ] {
            assert!(matches!(list_items(text, whole), Err(NumberError::CommaInList(_))), "{text}");
        }
    }
}
