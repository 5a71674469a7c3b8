//! Archives as students make them, damaged ones, and archives that would fill the memory.

use crate::data::own::pictures::container::*;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The first bytes of a PNG image.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x02\x08\x02\0\0\0";

/// Returns a zip archive.
pub(crate) fn zip(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(method);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, options).expect("into memory");
        zip.write_all(bytes).expect("into memory");
    }
    zip.finish().expect("into memory").into_inner()
}

/// Returns a tar archive.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).expect("into memory");
    }
    tar.into_inner().expect("into memory")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("into memory");
    writer.finish().expect("into memory")
}

fn opened(path: &str, bytes: &[u8]) -> Result<Opened, String> {
    open(path, kind(bytes), bytes.to_vec(), &mut MAX_UNPACKED.clone())
}

fn paths(opened: &Opened) -> Vec<&str> {
    opened.files.iter().map(|(path, _)| path.as_str()).collect()
}

const FILES: &[(&str, &[u8])] = &[
    ("cats/1.png", PNG),
    ("__MACOSX/cats/._1.png", b"x"),
    ("cats/.DS_Store", b"x"),
    ("readme.txt", b"x"),
    ("dogs/2.png", PNG),
];

#[test]
fn archives_of_folders_are_read() {
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let opened = opened("a/pets.zip", &zip(FILES, method)).expect("an archive");
        assert_eq!(paths(&opened), ["a/pets/cats/1.png", "a/pets/dogs/2.png"]);
        assert_eq!((opened.files[1].1.as_slice(), opened.problems.len()), (PNG, 0));
    }
    for (name, bytes) in
        [("pets.tar", tar(FILES)), ("pets.tar.gz", gzip(&tar(FILES))), ("pets.tgz", gzip(&tar(FILES)))]
    {
        assert_eq!(paths(&opened(name, &bytes).expect("an archive")), ["pets/cats/1.png", "pets/dogs/2.png"]);
    }
    let single = opened("train-images-idx3-ubyte.gz", &gzip(b"\0\0\x08\x01\0\0\0\0")).expect("a file");
    assert_eq!(paths(&single), ["train-images-idx3-ubyte"]);
}

#[test]
fn a_wrong_file_is_told_and_the_others_are_read() {
    let files: &[(&str, &[u8])] = &[
        ("a/1.png", PNG),
        ("a/2.heic", b"\0\0\0\x18ftypheic"),
        ("a/3.doc", b"some words"),
        ("a/4.bin", b"x"),
    ];
    let opened = opened("x.zip", &zip(files, CompressionMethod::Deflated)).expect("an archive");
    assert_eq!(paths(&opened), ["x/a/1.png", "x/a/4.bin"]);
    assert_eq!(
        opened.problems.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
        ["x/a/2.heic", "x/a/3.doc"]
    );
    assert!(opened.problems[0].1.contains("HEIC"));
}

#[test]
fn damaged_archives_are_refused() {
    let whole = zip(FILES, CompressionMethod::Deflated);
    for len in 0..whole.len() {
        // Bytes at the end may belong to a comment, so a short cut can be harmless.
        if let Err(why) = open("x.zip", Kind::Zip, whole[..len].to_vec(), &mut 1000) {
            assert!(why.contains("cut short or damaged"), "{why}");
        }
    }
    assert!(open("x.zip", Kind::Zip, whole[..whole.len() / 2].to_vec(), &mut 1000).is_err());
    let mut changed = zip(&[("a/1.png", &[PNG, &[7; 100]].concat())], CompressionMethod::Stored);
    changed[80] ^= 1;
    let opened_changed = opened("x.zip", &changed).expect("an archive");
    assert!(opened_changed.problems[0].1.contains("damaged in the archive"), "{opened_changed:?}");
    let packed = gzip(&tar(FILES));
    assert!(opened("x.tar.gz", &packed[..packed.len() / 2]).is_err_and(|why| why.contains("cut short")));
}

/// Returns the archive with its entries marked as packed with another method, or as encrypted.
fn marked(at_central: usize, at_local: usize, value: u8) -> Vec<u8> {
    let mut bytes = zip(&[("a/1.png", PNG)], CompressionMethod::Stored);
    let central = bytes.windows(4).rposition(|part| part == b"PK\x01\x02").expect("a directory");
    bytes[at_local] = value;
    bytes[central + at_central] = value;
    bytes
}

#[test]
fn unknown_methods_and_passwords_are_told() {
    let said = |bytes: Vec<u8>| opened("x.zip", &bytes).expect("an archive").problems[0].1.clone();
    assert!(said(marked(10, 8, 14)).contains("Deflate"), "LZMA");
    assert!(said(marked(8, 6, 1)).contains("password"));
}

#[test]
fn bombs_are_not_unpacked() {
    let said = |bytes: &[u8]| opened("x.zip", bytes).err().unwrap_or_default();
    // A picture of 60 MB of zeros in 60 KB.
    let zeros = [PNG, &vec![0; 60_000_000]].concat();
    let bomb = zip(&[("a/1.png", &zeros)], CompressionMethod::Deflated);
    assert!(bomb.len() < 100_000 && said(&bomb).contains("100 times smaller"), "{}", said(&bomb));
    // The same, with a size in the directory that is a lie.
    let mut lie = bomb.clone();
    let central = lie.windows(4).rposition(|part| part == b"PK\x01\x02").expect("a directory");
    for at in [central + 24, 22] {
        lie[at..at + 4].copy_from_slice(&1000u32.to_le_bytes());
    }
    let lying = opened("x.zip", &lie).expect("an archive");
    assert!(lying.files.is_empty() && lying.problems.len() == 1, "{:?}", paths(&lying));
    // More than the limit in all, and more than the limit in one picture.
    let mut little = 1_000_000;
    let large = zip(&[("a/1.npy", &[0x93; 2_000_000])], CompressionMethod::Stored);
    assert!(open("x.zip", Kind::Zip, large, &mut little).is_err_and(|why| why.contains("400 MB")));
    let picture = zip(&[("a/1.png", &zeros), ("a/2.png", PNG)], CompressionMethod::Stored);
    let opened_picture = opened("x.zip", &picture).expect("an archive");
    assert!(opened_picture.problems[0].1.contains("60 MB") && opened_picture.files.len() == 1);
    // A gzip file of 500 MB of zeros.
    let zeros = vec![0; 1_000_000];
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..500).for_each(|_| writer.write_all(&zeros).expect("into memory"));
    let gz = writer.finish().expect("into memory");
    assert!(opened("x.gz", &gz).is_err_and(|why| why.contains("unpacks to more than 400000000")));
}

#[test]
fn too_many_files_are_refused_before_they_are_listed() {
    let mut end = b"PK\x03\x04".to_vec();
    end.extend(b"PK\x06\x06");
    end.extend([0; 28]);
    end.extend(5_000_000u64.to_le_bytes());
    end.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0");
    assert!(opened("x.zip", &end).is_err_and(|why| why.contains("5,000,000 files")));
    let many: Vec<String> = (0..80_001).map(|i| format!("{i}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(opened("x.tar", &tar(&many)).is_err_and(|why| why.contains("80,001 files")));
}

#[test]
fn any_archive_is_read_without_a_panic() {
    let valid = zip(FILES, CompressionMethod::Deflated);
    for at in 0..valid.len() {
        for value in [0, 1, 0x7f, 0xff, valid[at] ^ 0x55] {
            let mut bytes = valid.clone();
            bytes[at] = value;
            let _ = open("x.zip", Kind::Zip, bytes, &mut 100_000);
        }
    }
}
