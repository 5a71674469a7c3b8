//! NumPy's files of one array (`.npy`), of which an `.npz` file is a zip archive.

use crate::data::own::pictures::array::{Array, Class, Element};

/// The maximum length of a header.
const MAX_HEADER: usize = 10_000;

/// Reads a file of one array.
///
/// # Errors
///
/// Returns a sentence if the file is damaged, or if the array has another type or order than the lab reads.
pub fn read_npy(name: &str, bytes: Vec<u8>) -> Result<Array, String> {
    let (text, start) =
        header(&bytes).ok_or("The file is cut short or damaged within its header. Save it again.")?;
    let header =
        Header::read(text).ok_or("The header of the array is not as NumPy writes it. Save it again.")?;
    let element = element(header.descr).ok_or_else(|| {
        let word: String = header.descr.chars().filter(char::is_ascii_graphic).take(20).collect();
        format!(
            "The array has elements of the type {word}; numbers are read. Save it with astype(\"uint8\")."
        )
    })?;
    if header.is_fortran && header.shape.len() > 1 {
        return Err("The array is stored in Fortran order. Save it with numpy.ascontiguousarray.".to_owned());
    }
    Array::new(name.to_owned(), header.shape, element, bytes, start)
}

/// Returns the header of a file, and the offset of its numbers.
fn header(bytes: &[u8]) -> Option<(&str, usize)> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (len, start) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        _ => return None,
    };
    let end = start + Some(len).filter(|len| *len <= MAX_HEADER)?;
    Some((std::str::from_utf8(bytes.get(start..end)?).ok()?, end))
}

/// A header: a dictionary in the syntax of Python.
struct Header<'a> {
    descr: &'a str,
    is_fortran: bool,
    shape: Vec<usize>,
}

impl<'a> Header<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            rest = match key {
                "descr" if value.starts_with('[') => {
                    // A structured type, whose name is enough for a message.
                    descr = Some("of records");
                    value.rsplit_once(']')?.1
                }
                "descr" => {
                    let (name, after) = quoted(value)?;
                    descr = Some(name);
                    after
                }
                "fortran_order" => {
                    is_fortran = Some(value.starts_with("True"));
                    value.strip_prefix("True").or_else(|| value.strip_prefix("False"))?
                }
                "shape" => {
                    let (inside, after) = value.strip_prefix('(')?.split_once(')')?;
                    let inside = inside.trim().strip_suffix(',').unwrap_or(inside.trim());
                    // Arrays of Python 2 may have long integers.
                    let number = |part: &str| part.trim().trim_end_matches('L').parse::<usize>().ok();
                    let parts = inside.split(',').filter(|_| !inside.is_empty());
                    shape = Some(parts.map(number).collect::<Option<Vec<usize>>>()?);
                    after
                }
                _ => return None,
            };
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
        }
        Some(Self { descr: descr?, is_fortran: is_fortran?, shape: shape? })
    }
}

/// Returns a text in quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.strip_prefix(quote)?.split_once(quote)
}

/// Returns the type of numbers with this description, such as `<f4`.
fn element(descr: &str) -> Option<Element> {
    let mut letters = descr.chars();
    let is_big_endian = match letters.next()? {
        '<' | '|' | '=' => false,
        '>' => true,
        _ => return None,
    };
    let class = match letters.next()? {
        'u' | 'b' => Class::Unsigned,
        'i' => Class::Signed,
        'f' => Class::Float,
        _ => return None,
    };
    let size = letters.as_str().parse().ok()?;
    let sizes: &[usize] = if class == Class::Float { &[2, 4, 8] } else { &[1, 2, 4, 8] };
    sizes.contains(&size).then_some(Element { class, size, is_big_endian })
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::data::own::pictures::numpy::*;

    /// Returns a file with one array.
    pub(crate) fn npy(descr: &str, order: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
        let header = format!("{header:<117}\n");
        [b"\x93NUMPY\x01\0".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), numbers]
            .concat()
    }

    #[test]
    fn arrays_are_read_and_cut_ones_refused() {
        let bytes = npy("|u1", "False", "(2, 3)", &[1, 2, 3, 4, 5, 6]);
        let array = read_npy("x", bytes.clone()).expect("an array");
        assert_eq!(
            (array.shape.as_slice(), array.values().collect::<Vec<_>>()),
            (&[2, 3][..], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        );
        for len in 0..bytes.len() {
            assert!(read_npy("x", bytes[..len].to_vec()).is_err(), "{len}");
        }
        let labels =
            read_npy("y", npy("<i8", "False", "(2,)", &[7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(labels.expect("an array").labels(), Ok(vec![7, 3]));
        let version_2 = b"\x93NUMPY\x02\0\x3b\0\0\0{\"shape\": (1L, ), \"fortran_order\": True, \"descr\": \"|b1\"}  \n\x01";
        assert_eq!(read_npy("x", version_2.to_vec()).expect("an array").shape, [1]);
    }

    #[test]
    fn other_arrays_are_refused_with_advice() {
        let said = |descr: &str, order: &str, shape: &str, n: usize| {
            read_npy("x", npy(descr, order, shape, &vec![0; n])).err().unwrap_or_default()
        };
        assert!(said("|u1", "True", "(2, 2)", 4).contains("Fortran order"));
        assert!(said("|O", "False", "(1,)", 8).contains("type |O"));
        assert!(said("<U5", "False", "(1,)", 20).contains("type <U5"));
        assert!(said("<c8", "False", "(1,)", 8).contains("numbers are read"));
        assert!(said("<f16", "False", "(1,)", 16).contains("<f16"));
        assert!(said("|u1", "False", "(2, 3)", 5).contains("6 bytes follow, and there are 5"));
        assert!(said("|u1", "False", "()", 1).contains("0 dimensions"));
        assert!(said("|u1", "False", "(18446744073709551615, 2)", 1).contains("damaged"));
        for (order, shape) in
            [("Maybe", "(1,)"), ("False", "(-1,)"), ("False", "(1"), ("False", "1"), ("False", "(1,,2)")]
        {
            assert!(said("|u1", order, shape, 1).contains("header"), "{order} {shape}");
        }
        let records = b"\x93NUMPY\x01\0\x4c\0{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }          \n\0\0\0\0";
        assert!(read_npy("x", records.to_vec()).is_err());
    }

    #[test]
    fn any_header_is_read_without_a_panic() {
        let valid = npy("<f4", "False", "(1, 2, 2)", &[0; 16]);
        for at in 0..valid.len() {
            for value in [0, b'\'', b'(', b'9', 0xff, b'}'] {
                let mut bytes = valid.clone();
                bytes[at] = value;
                let _ = read_npy("x", bytes).map(|array| (array.labels(), array.into_bytes()));
            }
        }
    }
}
