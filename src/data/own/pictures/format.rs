//! Recognizes files by their first bytes, and reads the size of a picture from its header, before the browser decodes it.

use crate::data::archive::{is_gzip, is_tar};
use crate::data::formats;
use crate::data::own::pictures::place::grouped;

/// The number of bytes at the start of a file that are enough to recognize it. The header of a JPEG image follows a color
/// profile and a preview, each of 64 KB or more.
pub const HEAD: usize = 262_144;
/// The maximum number of pixels of a picture, in millions. A decoded pixel takes four bytes.
pub const MAX_MEGAPIXELS: u64 = 100;
/// The maximum size of the file of a picture in bytes.
pub const MAX_PICTURE: u64 = 50_000_000;

/// The formats of pictures that browsers decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// PNG, possibly animated.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// AVIF.
    Avif,
    /// GIF.
    Gif,
    /// BMP.
    Bmp,
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture.
    Picture(Picture),
    /// A zip archive, or the arrays of an `.npz` file.
    Zip,
    /// A file that is packed with gzip.
    Gzip,
    /// A tar archive.
    Tar,
    /// An array of NumPy.
    Npy,
    /// An array of MNIST.
    Idx,
    /// A Python pickle.
    Pickle,
    /// A format that is not read, with the rest of the sentence "The file is ...".
    Refused(&'static str),
    /// Unknown.
    Other,
}

impl Picture {
    /// Returns the media type.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
        }
    }
}

/// Returns the kind of a file from its first bytes.
pub fn kind(head: &[u8]) -> Kind {
    let starts = |magic: &[u8]| head.starts_with(magic);
    match head {
        _ if starts(b"\x89PNG\r\n\x1a\n") => Kind::Picture(Picture::Png),
        _ if starts(b"\xff\xd8\xff") => Kind::Picture(Picture::Jpeg),
        _ if starts(b"GIF87a") || starts(b"GIF89a") => Kind::Picture(Picture::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::Picture(Picture::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => of_brands(head),
        // The size of the header distinguishes it from other files that start with these two letters.
        [b'B', b'M', ..] if matches!(u32_le(head, 14), Some(12 | 40 | 52 | 56 | 64 | 108 | 124)) => {
            Kind::Picture(Picture::Bmp)
        }
        _ if starts(b"PK\x03\x04") => Kind::Zip,
        _ if starts(b"PK\x05\x06") => Kind::Refused("an empty zip archive."),
        _ if is_gzip(head) => Kind::Gzip,
        _ if starts(b"\x93NUMPY") => Kind::Npy,
        // The type of the numbers, and one to four dimensions.
        [0, 0, 8 | 9 | 11 | 12 | 13 | 14, 1..=4, ..] => Kind::Idx,
        _ if starts(b"II*\0") || starts(b"MM\0*") => {
            Kind::Refused("a TIFF image, which browsers do not decode. Save it as PNG or JPEG.")
        }
        _ if starts(b"%PDF") => Kind::Refused("a PDF document. Save the pictures in it as PNG or JPEG."),
        _ if starts(b"8BPS") => Kind::Refused("a Photoshop document. Save it as PNG or JPEG."),
        _ if starts(b"7z\xbc\xaf") || starts(b"Rar!") => {
            Kind::Refused("an archive of a kind that the lab does not unpack. Pack the folder as zip.")
        }
        _ if is_svg(head) => Kind::Refused("an SVG drawing, which has no pixels. Save it as PNG."),
        _ if is_tar(head) => Kind::Tar,
        _ if formats::is_pickle(head) => Kind::Pickle,
        _ => Kind::Other,
    }
}

/// Returns the kind of a file of the ISO base media file format, which lists the formats that can read it as four letters each.
fn of_brands(head: &[u8]) -> Kind {
    let len = u32_be(head, 0).unwrap_or(0) as usize;
    let brands = head.get(8..len.clamp(8, head.len().max(8)).min(8 + 200)).unwrap_or_default();
    let has = |names: &[&[u8]]| brands.chunks_exact(4).any(|brand| names.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        Kind::Picture(Picture::Avif)
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Kind::Refused(
            "a HEIC photo, which most browsers do not decode. Save it as JPEG; an iPhone takes JPEG photos with the setting “Most Compatible”.",
        )
    } else {
        Kind::Refused("a video. Save single frames as PNG or JPEG.")
    }
}

fn is_svg(head: &[u8]) -> bool {
    let start = head.get(..head.len().min(1000)).unwrap_or_default();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    start.first() == Some(&b'<') && contains(start, b"<svg")
}

/// Returns the sentence for a file that is not a picture, or `None` for a picture or an archive.
pub fn refusal(name: &str, head: &[u8], kind: Kind) -> Option<String> {
    match kind {
        Kind::Refused(what) => Some(format!("The file is {what}")),
        _ if head.is_empty() => Some("The file is empty.".to_owned()),
        Kind::Other => Some(match formats::name_of(head) {
            Some(format) => format!("The file is not a picture, but {format}."),
            None if is_picture_name(name) => {
                "The file has the name of a picture, but not the content of one. It may be damaged."
                    .to_owned()
            }
            None => "The file is not a picture. PNG, JPEG, WebP and AVIF are read.".to_owned(),
        }),
        _ => None,
    }
}

/// Returns true if the name ends like the name of a picture that browsers decode.
pub fn is_picture_name(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or_default();
    ["png", "jpg", "jpeg", "jfif", "webp", "avif", "gif", "bmp", "apng"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// Checks a picture before it is decoded; `len` is the size of its file.
///
/// # Errors
///
/// Returns a sentence if the picture is too large.
pub fn check_size(format: Picture, head: &[u8], len: u64) -> Result<(), String> {
    if len > MAX_PICTURE {
        let (megabytes, max) = (len / 1_000_000, MAX_PICTURE / 1_000_000);
        return Err(format!(
            "The file has {megabytes} MB; pictures of at most {max} MB are read. Save it smaller."
        ));
    }
    match size(format, head) {
        Some((width, height)) if width == 0 || height == 0 => Err("The picture has no pixels.".to_owned()),
        Some((width, height)) if u64::from(width) * u64::from(height) > MAX_MEGAPIXELS * 1_000_000 => {
            Err(format!(
                "The picture has {} × {} pixels; at most {MAX_MEGAPIXELS} million are decoded. Save it smaller: the network sees 32 × 32.",
                grouped(width.into()),
                grouped(height.into()),
            ))
        }
        _ => Ok(()),
    }
}

/// Returns width and height as the header of a picture says, or `None` if `head` does not contain them.
pub fn size(format: Picture, head: &[u8]) -> Option<(u32, u32)> {
    match format {
        Picture::Png => (head.get(12..16)? == b"IHDR").then_some((u32_be(head, 16)?, u32_be(head, 20)?)),
        Picture::Gif => Some((u16_le(head, 6)?, u16_le(head, 8)?)),
        Picture::Bmp if u32_le(head, 14)? == 12 => Some((u16_le(head, 18)?, u16_le(head, 20)?)),
        // Negative heights mean that the rows are stored from the top.
        Picture::Bmp => {
            Some(((u32_le(head, 18)? as i32).unsigned_abs(), (u32_le(head, 22)? as i32).unsigned_abs()))
        }
        Picture::Webp => match head.get(12..16)? {
            b"VP8X" => Some((u24_le(head, 24)? + 1, u24_le(head, 27)? + 1)),
            b"VP8L" => {
                let bits = u32_le(head, 21)?;
                Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
            }
            b"VP8 " => Some((u16_le(head, 26)? & 0x3fff, u16_le(head, 28)? & 0x3fff)),
            _ => None,
        },
        Picture::Avif => {
            // The property "image spatial extents". A picture may have several, such as of its preview.
            let boxes = head.windows(4).enumerate().filter(|(_, name)| *name == b"ispe").map(|(at, _)| at);
            let sizes = boxes.filter_map(|at| Some((u32_be(head, at + 8)?, u32_be(head, at + 12)?)));
            sizes.max_by_key(|(width, height)| u64::from(*width) * u64::from(*height))
        }
        Picture::Jpeg => jpeg_size(head),
    }
}

/// Follows the segments of a JPEG image up to the start of its frame. A preview is inside a segment, which is skipped.
fn jpeg_size(head: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let (mark, code) = (*head.get(at)?, *head.get(at + 1)?);
        match code {
            _ if mark != 0xff => return None,
            // Fill bytes, and markers without content.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xcf if !matches!(code, 0xc4 | 0xc8 | 0xcc) => {
                return Some((u16_be(head, at + 7)?, u16_be(head, at + 5)?));
            }
            0xd9 | 0xda => return None,
            _ => at += 2 + usize::try_from(u16_be(head, at + 2)?).ok()?.max(2),
        }
    }
}

/// Returns true if the picture is animated, as far as its first bytes tell.
pub fn is_animated(format: Picture, head: &[u8]) -> bool {
    match format {
        Picture::Gif => contains(head, b"NETSCAPE2.0"),
        Picture::Png => {
            // The number of frames precedes the first data.
            let at = head.windows(4).position(|name| matches!(name, b"acTL" | b"IDAT"));
            at.is_some_and(|at| head.get(at..at + 4) == Some(b"acTL") && u32_be(head, at + 4) > Some(1))
        }
        Picture::Webp => {
            head.get(12..16) == Some(b"VP8X") && head.get(20).is_some_and(|flags| flags & 2 != 0)
        }
        Picture::Avif => head.get(8..12) == Some(b"avis"),
        Picture::Jpeg | Picture::Bmp => false,
    }
}

fn contains(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|part| part == words)
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}

fn u16_be(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u16::from_be_bytes).map(u32::from)
}

fn u16_le(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u16::from_le_bytes).map(u32::from)
}

fn u24_le(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(|[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]))
}

fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u32::from_be_bytes)
}

fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    part(bytes, at).map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use crate::data::own::pictures::format::*;

    fn png(width: u32, height: u32, rest: &[u8]) -> Vec<u8> {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", size.as_slice(), &[8, 2, 0, 0, 0, 1, 2, 3, 4], rest].concat()
    }

    /// A JPEG image whose preview in a segment has another size.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let preview =
            [b"\xff\xe1\0\x12Exif\0\0".as_slice(), &[0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 1, 0]].concat();
        let frame =
            [&[0xff, 0xff, 0xc2, 0, 17, 8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[4]].concat();
        [&[0xff, 0xd8][..], &preview, &frame].concat()
    }

    fn webp(kind: &[u8; 4], rest: &[u8]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP".as_slice(), kind, &[0; 4], rest].concat()
    }

    fn ftyp(brands: &[&[u8; 4]], rest: &[u8]) -> Vec<u8> {
        let brands: Vec<u8> = brands.iter().flat_map(|brand| **brand).collect();
        let len = (8 + brands.len() as u32).to_be_bytes();
        [&len[..], b"ftyp", &brands, rest].concat()
    }

    fn bmp(header: u32, rest: &[u8]) -> Vec<u8> {
        [&b"BM\0\0\0\0\0\0\0\0\0\0\0\0"[..], &header.to_le_bytes(), rest].concat()
    }

    fn all() -> Vec<(Picture, Vec<u8>, (u32, u32))> {
        let avif = ftyp(
            &[b"mif1", b"\0\0\0\0", b"avif"],
            b"ispe\0\0\0\0\0\0\0\x02\0\0\0\x03ispe\0\0\0\0\0\0\x01\0\0\0\0\x09",
        );
        vec![
            (Picture::Png, png(300, 200, b""), (300, 200)),
            (Picture::Jpeg, jpeg(4000, 3000), (4000, 3000)),
            (Picture::Webp, webp(b"VP8X", &[0, 0, 0, 0, 9, 0, 0, 255, 0, 1]), (10, 65_792)),
            (Picture::Webp, webp(b"VP8L", &[0x2f, 0x63, 0xc0, 0x0c, 0]), (100, 52)),
            (Picture::Webp, webp(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 100, 0, 50, 0x40]), (100, 50)),
            (Picture::Avif, avif, (256, 9)),
            (Picture::Gif, b"GIF89a\x0a\0\x05\x01".to_vec(), (10, 261)),
            (Picture::Bmp, bmp(40, &[7, 0, 0, 0, 0xfb, 255, 255, 255]), (7, 5)),
            (Picture::Bmp, bmp(12, &[7, 0, 5, 0]), (7, 5)),
        ]
    }

    #[test]
    fn pictures_are_recognized_with_their_size() {
        for (format, bytes, expected) in all() {
            assert_eq!(kind(&bytes), Kind::Picture(format));
            assert_eq!(size(format, &bytes), Some(expected), "{format:?}");
            for len in 0..bytes.len() {
                let cut = &bytes[..len];
                let _ = (kind(cut), is_animated(format, cut), refusal("x.png", cut, kind(cut)));
                let found = size(format, cut);
                assert!(
                    found.is_none() || found == Some(expected) || format == Picture::Avif,
                    "{format:?} {len}"
                );
            }
        }
    }

    #[test]
    fn large_pictures_are_refused_before_they_are_decoded() {
        let check = |bytes: &[u8], len| check_size(Picture::Png, bytes, len);
        assert!(check(&png(12_000, 12_000, b""), 1000).is_err_and(|text| text.contains("12,000 × 12,000")));
        assert_eq!(check(&png(4000, 3000, b""), 1000), Ok(()));
        assert!(check(&png(u32::MAX, u32::MAX, b""), 1000).is_err());
        assert!(check(&png(0, 5, b""), 1000).is_err_and(|text| text.contains("no pixels")));
        assert!(check(&png(1, 1, b""), 60_000_000).is_err_and(|text| text.contains("60 MB")));
        assert!(check_size(Picture::Jpeg, &jpeg(60_000, 60_000), 1).is_err());
    }

    #[test]
    fn animations_are_recognized() {
        assert!(is_animated(Picture::Png, &png(1, 1, b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0")));
        assert!(!is_animated(Picture::Png, &png(1, 1, b"\0\0\0\x08acTL\0\0\0\x01\0\0\0\0")));
        assert!(!is_animated(Picture::Png, &png(1, 1, b"\0\0\0\x08IDATacTL\0\0\0\x02")));
        assert!(is_animated(Picture::Gif, b"GIF89a\x0a\0\x05\x01!\xff\x0bNETSCAPE2.0"));
        assert!(
            is_animated(Picture::Webp, &webp(b"VP8X", &[2]))
                && !is_animated(Picture::Webp, &webp(b"VP8L", &[2]))
        );
        assert!(is_animated(Picture::Avif, &ftyp(&[b"avis"], b"")));
    }

    #[test]
    fn other_formats_are_refused_by_name() {
        let said = |bytes: &[u8]| refusal("x.jpg", bytes, kind(bytes)).unwrap_or_default();
        for (bytes, words) in [
            (ftyp(&[b"heic", b"\0\0\0\0", b"mif1"], b""), "HEIC"),
            (ftyp(&[b"isom"], b""), "video"),
            (b"II*\0....".to_vec(), "TIFF"),
            (b"%PDF-1.7".to_vec(), "PDF"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg>".to_vec(), "SVG"),
            (b"Rar!".to_vec(), "archive"),
            (b"<!doctype html><p>".to_vec(), "a web page"),
            (b"PK\x05\x06".to_vec(), "empty zip"),
            (b"some words".to_vec(), "name of a picture, but not the content"),
            (Vec::new(), "empty"),
        ] {
            assert!(said(&bytes).contains(words), "{words}: {}", said(&bytes));
        }
        assert!(
            refusal("x.txt", b"some words", Kind::Other).is_some_and(|text| text.contains("not a picture"))
        );
        assert_eq!(said(b"PK\x03\x04"), "");
        assert_eq!(kind(b"BM, the start of a text about something else"), Kind::Other);
        assert_eq!((kind(&[0, 0, 8, 3]), kind(&[0, 0, 8, 9])), (Kind::Idx, Kind::Other));
        assert!(is_picture_name("A.JPEG") && !is_picture_name("a.txt"));
    }
}
