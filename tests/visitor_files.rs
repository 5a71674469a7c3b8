//! The files that visitors open: how archives and texts come from other programs, and what is refused by name.
#![cfg(feature = "compute")]

use nn_lab::core::LabError;
use nn_lab::core::files::FileKind;
use nn_lab::data::cifar10::RECORD;
use nn_lab::data::text::{self, Corpus, OwnText};
use nn_lab::data::visitor_files::unpack;
use nn_lab::sections::transformer::TextInfo;
use std::io::Write;

// ---------- CIFAR-10 ----------

/// Returns records with `labels` label bytes each.
fn records(n: usize, labels: usize) -> Vec<u8> {
    let label = |r: usize| if labels == 1 { (r % 10) as u8 } else { (r % 100) as u8 };
    let one = |r: usize| [vec![label(r); labels], vec![100 + (r % 90) as u8; RECORD - 1]].concat();
    (0..n).flat_map(one).collect()
}

/// Returns an entry of a tar archive, with its padding.
fn entry(name: &[u8], kind: u8, magic: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = vec![0u8; 512];
    header[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[156] = kind;
    header[257..257 + magic.len()].copy_from_slice(magic);
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

const POSIX: &[u8] = b"ustar\x0000";
const GNU: &[u8] = b"ustar  \0";
/// Archives of Unix version 7 have no magic number.
const V7: &[u8] = b"";

/// Returns an archive of a training and a test file.
fn tar(magic: &[u8]) -> Vec<u8> {
    [
        entry(b"c/data_batch_1.bin", b'0', magic, &records(3, 1)),
        entry(b"c/test_batch.bin", b'0', magic, &records(2, 1)),
        vec![0; 1024],
    ]
    .concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[track_caller]
fn assert_both(name: &str, bytes: Vec<u8>) {
    let files = unpack(FileKind::Cifar10, name, bytes).unwrap();
    let paths: Vec<_> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.len())).collect();
    let expected =
        [("user/cifar10/data_batch_1.bin", 3 * RECORD), ("user/cifar10/test_batch.bin", 2 * RECORD)];
    assert_eq!(paths, expected, "{name}");
    assert_eq!(files[0].1, records(3, 1));
}

/// Checks that a file is refused in printable words that contain `words`.
#[track_caller]
fn assert_refused(kind: FileKind, name: &str, bytes: Vec<u8>, words: &[&str]) {
    let Err(LabError::Data(text)) = unpack(kind, name, bytes) else { panic!("{name} should be refused") };
    for words in words {
        assert!(text.contains(words), "\"{text}\" does not say \"{words}\"");
    }
    let is_plain = |c: char| c.is_ascii_graphic() || " ×’".contains(c);
    assert!(text.chars().all(is_plain) && text.len() < 300, "it quotes the file: {text:?}");
}

#[test]
fn archives_are_read_as_every_program_writes_them() {
    for (name, magic) in [("posix.tar", POSIX), ("gnu.tar", GNU), ("v7.tar", V7), ("renamed", POSIX)] {
        assert_both(name, tar(magic));
        assert_both(&format!("{name}.gz"), gzip(&tar(magic)));
    }
    // Several gzip members, also an empty one at the end, as bgzip writes it; and padding, as on tapes.
    let plain = tar(POSIX);
    let (head, tail) = plain.split_at(5000);
    assert_both("members.tar.gz", [gzip(head), gzip(tail)].concat());
    let blocks: Vec<u8> = plain.chunks(700).flat_map(gzip).chain(gzip(b"")).collect();
    assert_both("blocks.tar.gz", blocks);
    assert_both("padded.tar.gz", [gzip(&plain), vec![0; 600]].concat());
}

#[test]
fn long_paths_are_read_and_limited() {
    let folder = "a-very-long-folder-name-of-a-student/".repeat(4);
    let long = |file: &str, extension: &dyn Fn(&str) -> Vec<u8>, content: &[u8]| {
        let path = format!("{folder}{file}");
        [extension(&path), entry(&path.as_bytes()[..90], b'0', GNU, content)].concat()
    };
    let gnu = |path: &str| entry(b"././@LongLink", b'L', GNU, format!("{path}\0").as_bytes());
    let pax = |path: &str| {
        let rest = format!(" path={path}\n");
        let len = rest.len() + 3;
        entry(b"PaxHeader", b'x', POSIX, format!("22 comment=irrelevant\n{len}{rest}").as_bytes())
    };
    let both = |extension: &dyn Fn(&str) -> Vec<u8>| {
        let train = long("data_batch_1.bin", extension, &records(3, 1));
        [train, long("test_batch.bin", extension, &records(2, 1)), vec![0; 1024]].concat()
    };
    assert_both("gnu.tar", both(&gnu));
    assert_both("pax.tar.gz", gzip(&both(&pax)));
    for kind in *b"Lx" {
        let endless = [entry(b"name", kind, GNU, &vec![b'a'; 100_000]), tar(GNU)].concat();
        assert_refused(FileKind::Cifar10, "a.tar", endless, &["a name of 100000 bytes", "at most 65536"]);
    }
}

#[test]
fn a_single_file_may_be_packed() {
    let files = unpack(FileKind::Cifar10, "data_batch_1.bin.gz", gzip(&records(3, 1))).unwrap();
    assert_eq!(files, [("user/cifar10/data_batch_1.bin".to_owned(), records(3, 1))]);
    let cut = gzip(&records(3, 1)[..5000]);
    assert_refused(
        FileKind::Cifar10,
        "a.bin.gz",
        cut,
        &["The file in a.bin.gz", "1 images and 1927 bytes more"],
    );
    let whole = gzip(&records(3, 1));
    assert_refused(FileKind::Cifar10, "a.bin.gz", whole[..whole.len() - 9].to_vec(), &["cut short"]);
    assert_refused(FileKind::Cifar10, "a.gz", gzip(&vec![0; 200_000_000]), &["unpacks to more than"]);
}

/// Returns a batch as Python 2 stores it, which is how the files of the data set are stored.
fn pickled(records: &[u8]) -> Vec<u8> {
    let n = records.len() / RECORD;
    let labels: Vec<u8> = records.iter().step_by(RECORD).flat_map(|label| [b'K', *label]).collect();
    let pixels: Vec<u8> = records.chunks(RECORD).flat_map(|record| record[1..].iter().copied()).collect();
    [
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x16testing batch 1 of oneq\x03U\x06labelsq\x04]q\x05(".as_slice(),
        &labels,
        b"eU\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\0\x85U\x01b\x87Rq\x09(K\x01K",
        &[n as u8],
        b"M\x00\x0c\x86cnumpy\ndtype\nq\x0aU\x02u1K\0K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T",
        &(pixels.len() as u32).to_le_bytes(),
        &pixels,
        b"tbU\x09filenamesq\x0c]q\x0d(U\x05a.pngq\x0eU\x05b.pngq\x0feu.",
    ]
    .concat()
}

#[test]
fn the_python_version_becomes_records() {
    let archive = [
        entry(b"cifar-10-batches-py/batches.meta", b'0', GNU, b"\x80\x02}(U\x0blabel_names]u."),
        entry(b"cifar-10-batches-py/data_batch_1", b'0', GNU, &pickled(&records(3, 1))),
        entry(b"cifar-10-batches-py/readme.html", b'0', GNU, b"<html>"),
        entry(b"cifar-10-batches-py/test_batch", b'0', GNU, &pickled(&records(2, 1))),
        vec![0; 1024],
    ];
    assert_both("cifar-10-python.tar.gz", gzip(&archive.concat()));
    let single = unpack(FileKind::Cifar10, "test_batch", pickled(&records(3, 1))).unwrap();
    assert_eq!(single, [("user/cifar10/test_batch.bin".to_owned(), records(3, 1))]);
    let mut wrong = records(3, 1);
    wrong[2 * RECORD] = 10;
    assert_refused(FileKind::Cifar10, "data_batch_1", pickled(&wrong), &["the label 10 before image 3 of 3"]);
    let whole = pickled(&records(3, 1));
    let cut = whole[..5000].to_vec();
    assert_refused(FileKind::Cifar10, "data_batch_1", cut, &["Python version", "cut short or damaged"]);
}

#[test]
fn other_data_sets_are_called_by_their_names() {
    let take = "The file to take is cifar-10-binary.tar.gz or cifar-10-python.tar.gz.";
    let cifar100 = ["CIFAR-100", "100 classes", take];
    // 3,073 records of 3,074 bytes are also 3,074 records of 3,073 bytes.
    for (name, n) in [("test.bin", 100), ("train.bin", 3073), ("one.bin", 1)] {
        assert_refused(FileKind::Cifar10, name, records(n, 2), &cifar100);
    }
    assert_refused(FileKind::Cifar10, "test.bin.gz", gzip(&records(100, 2)), &cifar100);
    let archive = |path: &[u8], content: &[u8]| {
        gzip(
            &[entry(b"c/readme.html", b'0', GNU, b"<html>"), entry(path, b'0', GNU, content), vec![0; 1024]]
                .concat(),
        )
    };
    let binary = archive(b"cifar-100-binary/train.bin", &records(100, 2));
    assert_refused(FileKind::Cifar10, "cifar-100-binary.tar.gz", binary, &cifar100);
    let pickle = |label: &str| [&b"\x80\x02}q\x01(U\x06"[..], label.as_bytes(), &[0xff; 3000], b"."].concat();
    let (of_ten, of_hundred) = (pickle("labels"), pickle("fine_labels"));
    assert_refused(FileKind::Cifar10, "train", of_hundred.clone(), &cifar100);
    let archive_100 = archive(b"cifar-100-python/train", &of_hundred);
    assert_refused(FileKind::Cifar10, "cifar-100-python.tar.gz", archive_100, &cifar100);
    let damaged = ["Python version of CIFAR-10", "cut short or damaged"];
    assert_refused(FileKind::Cifar10, "data_batch_1", of_ten.clone(), &damaged);
    let archive_10 = archive(b"cifar-10-batches-py/data_batch_1", &of_ten);
    let of_archive = ["data_batch_1 in cifar-10-python.tar.gz", damaged[0], damaged[1]];
    assert_refused(FileKind::Cifar10, "cifar-10-python.tar.gz", archive_10, &of_archive);
    let names = b"\x80\x02}(U\x0blabel_names]u.".to_vec();
    let names_only = ["names of CIFAR-10's classes, and no images"];
    assert_refused(FileKind::Cifar10, "batches.meta", names, &names_only);
    let other = [&b"\x80\x02]("[..], &[b'K', 1].repeat(2000), b"e."].concat();
    assert_refused(FileKind::Cifar10, "list.pkl", other, &["Python pickle, and not one of CIFAR-10", take]);
    assert_refused(FileKind::Cifar10, "a.tar", tar(b"")[..700].to_vec(), &["cut short"]);
    for (start, words) in [
        (&b"PK\x03\x04"[..], "a zip archive"),
        (&b"\x89PNG\r\n"[..], "a PNG image"),
        (&b"\x93NUMPY"[..], "a NumPy array"),
        (&b"<!DOCTYPE html><html>"[..], "a web page"),
    ] {
        let bytes = [start, &[0x9b; 5000]].concat();
        assert_refused(FileKind::Cifar10, "x", bytes, &["x should hold CIFAR-10 images", words, take]);
    }
    let nothing = archive(b"notes/a.txt", b"nothing");
    assert_refused(FileKind::Cifar10, "x.tar.gz", nothing, &["none among its 2 files", take]);
}

#[test]
fn damaged_archives_are_not_quoted() {
    let mut damaged = tar(GNU);
    // The size of the second file becomes binary.
    let second = 512 + (3 * RECORD).next_multiple_of(512);
    damaged[second + 124..second + 136].copy_from_slice(b"\x1b[31m\xff\x01\x02\x03\x04\x05\x06");
    assert_refused(FileKind::Cifar10, "x.tar", damaged, &["is damaged"]);
    let mut packed = gzip(&tar(GNU));
    let middle = packed.len() / 2;
    packed[middle..middle + 40].fill(0xa5);
    assert!(unpack(FileKind::Cifar10, "x.tar.gz", packed).is_err());
}

// ---------- Texts ----------

const LINES: &str = "It’s “schön”, für élèves: naïve café.\r\nA plain line follows.\r\n";

/// Returns a text and the same text with the line ends of the lab.
fn example() -> (String, String) {
    let text = LINES.repeat(60);
    let read = text.replace("\r\n", "\n");
    (text, read)
}

fn utf16(text: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect()
}

/// Returns the bytes of a text in Windows-1252, for the characters of the example.
fn windows_1252(text: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        c => u8::try_from(u32::from(c)).unwrap(),
    };
    text.chars().map(byte).collect()
}

#[test]
fn texts_are_decoded_from_what_editors_write() {
    let (text, read) = example();
    for (name, bytes, remark) in [
        ("UTF-8", text.clone().into_bytes(), None),
        ("UTF-8 with a mark", [b"\xef\xbb\xbf", text.as_bytes()].concat(), None),
        ("UTF-16, little endian", utf16(&text, b"\xff\xfe", u16::to_le_bytes), Some("UTF-16")),
        ("UTF-16, big endian", utf16(&text, b"\xfe\xff", u16::to_be_bytes), Some("UTF-16")),
        ("Windows-1252", windows_1252(&text), Some("Windows-1252")),
    ] {
        let OwnText { text, remark: said } = text::read_own(&bytes).unwrap();
        assert_eq!(text, read, "{name}");
        assert_eq!(said.is_some(), remark.is_some(), "{name}: {said:?}");
        assert!(said.unwrap_or_default().contains(remark.unwrap_or_default()), "{name}");
        assert!(unpack(FileKind::Text, "a.txt", bytes).is_ok(), "{name}");
    }
    // Characters outside the basic plane are pairs of units.
    let emoji = utf16(&"😂 ha\n".repeat(500), b"\xff\xfe", u16::to_le_bytes);
    assert!(text::read_own(&emoji).unwrap().text.starts_with("😂 ha\n"));
}

#[test]
fn what_is_no_text_is_refused_without_quoting_it() {
    let text = example().0;
    let refused = |bytes: Vec<u8>, words: &[&str]| assert_refused(FileKind::Text, "a", bytes, words);
    let mut odd = utf16(&text, b"\xff\xfe", u16::to_le_bytes);
    odd.push(b'x');
    refused(odd, &["UTF-16", "cut short"]);
    refused(utf16(&text, b"", u16::to_le_bytes), &["zero bytes", "UTF-16 without a byte order mark"]);
    let mut damaged = text.clone().into_bytes();
    damaged[1000] = 0xff;
    refused(damaged, &["UTF-8 text, but damaged", "byte 1001"]);
    // Russian in Windows-1251: nearly all letters are above 127.
    refused(
        "\u{cf}\u{f0}\u{e8} ".chars().map(|c| c as u8).cycle().take(3000).collect(),
        &["is not text in UTF-8"],
    );
    refused([windows_1252(&text), vec![7]].concat(), &["is not text in UTF-8"]);
    for (start, words) in [
        (&b"PK\x03\x04"[..], "a zip archive"),
        (&b"%PDF-1.7\n"[..], "a PDF document"),
        (&b"\x89PNG\r\n"[..], "a PNG image"),
    ] {
        refused([start, &[0, 0xff, 0x1b, 0x5b].repeat(800)].concat(), &[words, "UTF-8"]);
    }
}

#[test]
fn characters_outside_the_vocabulary_are_told() {
    let common: String = ('!'..='~').chain('À'..='ÿ').collect();
    let rare: String = (0x4e00..0x4e00 + 300).filter_map(char::from_u32).collect();
    let corpus = Corpus::new(&(common.repeat(2) + &rare));
    let info = TextInfo {
        train: corpus.train.len() as u32,
        validation: corpus.validation.len() as u32,
        vocabulary: corpus.vocabulary.chars().to_vec(),
        folded: (corpus.folded.0 as u32, corpus.folded.1 as u32),
        ..TextInfo::default()
    };
    // 158 of the frequent characters leave room for one of the rare ones, and for the one that replaces the rest.
    let share = format!("{:.0}%", 100.0 * 299.0 / (2.0 * 158.0 + 300.0));
    let said = info.remarks();
    assert_eq!(said.len(), 1);
    for words in [&*share, "299 rare kinds", "vocabulary of 160 characters", "�"] {
        assert!(said[0].contains(words), "{said:?} does not say {words}");
    }
    let (few, utf16) = (TextInfo { folded: (1, 1), train: 5000, ..info }, Some("UTF-16.".to_owned()));
    assert!(few.remarks()[0].starts_with("0.02% "), "{:?}", few.remarks());
    assert_eq!(TextInfo { folded: (0, 0), remark: utf16, ..few }.remarks(), ["UTF-16."]);
}
