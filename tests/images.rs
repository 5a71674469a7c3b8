//! The readers of image files, and the batches made from them.
#![cfg(feature = "compute")]

use crate::collector::real_cifar10;
use chacha20::ChaCha12Rng;
use nn_lab::core::LabError;
use nn_lab::data::cifar10::{self, RECORD};
use nn_lab::data::images::{Augment, ImageDraw, ImageSet, Images, SIDE};
use proptest::prelude::*;
use rand::SeedableRng;
use std::io::Write;

/// Returns records with known pixels: `value(record, index of the byte)`.
fn records(n: usize, value: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    (0..n)
        .flat_map(|r| (0..RECORD).map(move |i| (r, i)))
        .map(|(r, i)| if i == 0 { (r % 10) as u8 } else { value(r, i - 1) })
        .collect()
}

/// Returns the message with which a file is refused.
#[track_caller]
fn refusal(name: &str, bytes: Vec<u8>) -> String {
    match cifar10::unpack(name, bytes) {
        Err(LabError::Data(text)) => text,
        other => panic!("should be refused: {:?}", other.map(|files| files.len())),
    }
}

#[track_caller]
fn refused(name: &str, bytes: Vec<u8>, because: &[&str]) {
    let text = refusal(name, bytes);
    for words in because {
        assert!(text.contains(words), "\"{text}\" does not say \"{words}\"");
    }
}

/// Returns a tar archive in blocks of 512 bytes.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in files {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = if name.ends_with('/') { b'5' } else { b'0' };
        header[257..262].copy_from_slice(b"ustar");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// Returns a gzip file with a file name in its header.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer =
        flate2::GzBuilder::new().filename("archive.tar").write(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn archive() -> Vec<u8> {
    let (train, test) = (records(3, |r, i| (r + i) as u8), records(2, |r, _| r as u8));
    gzip(&tar(&[
        ("cifar-10-batches-bin/", b""),
        ("cifar-10-batches-bin/data_batch_1.bin", &train),
        ("cifar-10-batches-bin/readme.html", b"<html>"),
        ("cifar-10-batches-bin/test_batch.bin", &test),
    ]))
}

#[test]
fn records_round_trip() {
    let (a, b) = (records(3, |r, i| (r * 7 + i) as u8), records(12, |_, i| (i / 1024) as u8));
    let set = cifar10::read(&[&a, &b], 100).unwrap();
    assert_eq!((set.channels, set.side, set.len(), set.pixels.len()), (3, 32, 15, 15 * 3072));
    assert_eq!(set.labels, [0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    assert_eq!(set.image(2)[5], 19);
    assert_eq!((set.image(3)[0], set.image(3)[1024], set.image(3)[3071]), (0, 1, 2), "red, green, blue");
    assert!(set.image(15).is_empty());
    assert_eq!(cifar10::read(&[&a, &b], 4).unwrap().labels, [0, 1, 2, 0]);
    assert!(
        cifar10::is_test("user/cifar10/test_batch.bin") && !cifar10::is_test("data/cifar10/data_batch_5.bin")
    );
}

#[test]
fn unpacking_an_archive_returns_its_bin_files() {
    let files = cifar10::unpack("cifar-10-binary.tar.gz", archive()).unwrap();
    let names: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.len())).collect();
    assert_eq!(names, [("data_batch_1.bin", 3 * RECORD), ("test_batch.bin", 2 * RECORD)]);
    assert_eq!(files[0].1, records(3, |r, i| (r + i) as u8));
    // A renamed archive is recognized by its first bytes.
    assert_eq!(cifar10::unpack("download", archive()).unwrap(), files);
}

#[test]
fn the_message_for_an_invalid_file_says_what_was_expected_and_found() {
    let good = records(4, |_, _| 1);
    refused("a.bin", vec![], &["a.bin", "3073 bytes each", "has 0 bytes"]);
    refused("a.bin", good[..3 * RECORD + 2000].to_vec(), &["11219 bytes", "3 images and 2000 bytes more"]);
    refused("a.bin", [good.as_slice(), &[0]].concat(), &["4 images and 1 bytes more"]);
    refused("a.bin", records(60_001, |_, _| 0), &["60000 at most", "holds 60001"]);
    let mut mislabeled = good.clone();
    mislabeled[2 * RECORD] = 10;
    refused("a.bin", mislabeled.clone(), &["a label from 0 to 9", "the label 10 before image 3 of 4"]);
    assert!(cifar10::read(&[&good, &mislabeled], 2).is_err(), "a bad file is refused whole");
}

#[test]
fn the_message_for_an_invalid_archive_says_what_was_expected_and_found() {
    // The content decides: a browser may have unpacked it.
    assert!(cifar10::unpack("x.tar.gz", records(1, |_, _| 1)).is_ok());
    refused("x.tar.gz", vec![], &["3073 bytes each", "has 0 bytes"]);
    refused("x.tar.gz", vec![0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 0, 0], &["is damaged"]);
    let whole = archive();
    refused("x.tar.gz", whole[..whole.len() / 2].to_vec(), &["cut short"]);
    refused("x.tar.gz", whole[..whole.len() - 3].to_vec(), &["cut short"]);
    let mut sum = whole.clone();
    let at = sum.len() - 6;
    sum[at] ^= 1;
    refused("x.tar.gz", sum, &["checksum"]);
    refused("x.tar.gz", gzip(&[b'a'; 600]), &["The file in x.tar.gz", "has 600 bytes"]);
    refused(
        "x.tar.gz",
        gzip(&tar(&[("cifar-10-batches/train", b"something")])),
        &["has none", "cifar-10-binary.tar.gz"],
    );
    refused(
        "x.tar.gz",
        gzip(&tar(&[("data_batch_1.bin", &[1; 5000])])),
        &["data_batch_1.bin in x.tar.gz", "1 images and 1927 bytes more"],
    );
    let cut = tar(&[("data_batch_1.bin", &records(2, |_, _| 1))]);
    refused("x.tar.gz", gzip(&cut[..4000]), &["cut short"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_reader_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..4000), gz: bool, at in 0usize..2000, value: u8) {
        let _ = cifar10::unpack(if gz { "x.tar.gz" } else { "x.bin" }, bytes);
        let mut damaged = archive();
        let at = at % damaged.len();
        damaged[at] = value;
        let _ = cifar10::unpack("x.tar.gz", damaged);
    }

    #[test]
    fn crops_and_flips_move_pixels_and_nothing_else(seed in 0u64..1000, crop: bool, flip: bool) {
        // After any shift, the single bright pixel is still there or outside the image.
        let mut pixels = vec![0; 32 * 32];
        pixels[10 * 32 + 12] = 255;
        let set = ImageSet { channels: 1, side: 32, pixels, labels: vec![3], class_names: vec!["x".to_owned()] };
        let stats = set.channel_stats();
        let (values, labels) = set.augmented(&[ImageDraw::new(0, &mut ChaCha12Rng::seed_from_u64(seed))], &stats, Augment { crop, flip });
        prop_assert_eq!(labels, vec![3]);
        let top = values.iter().copied().fold(f32::MIN, f32::max);
        let bright: Vec<_> = values.iter().enumerate().filter(|(_, v)| **v == top).map(|(i, _)| (i / 32, i % 32)).collect();
        prop_assert_eq!(bright.len(), 1);
        let (row, col) = bright[0];
        let reach = if crop { 4 } else { 0 };
        let near = |a: usize, b: usize| a.abs_diff(b) <= reach;
        prop_assert!(near(row, 10) && (near(col, 12) || (flip && near(col, 31 - 12))), "{:?}", bright);
    }
}

#[test]
fn augmentation_is_seeded_and_produces_every_shift_and_flip() {
    let mut pixels = vec![0; 32 * 32];
    pixels[16 * 32 + 10] = 255;
    let set = ImageSet { channels: 1, side: 32, pixels, labels: vec![0], class_names: vec!["x".to_owned()] };
    let stats = set.channel_stats();
    let draw = |seed| {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let both = Augment { crop: true, flip: true };
        (0..2000)
            .map(|_| {
                set.augmented(&[ImageDraw::new(0, &mut rng)], &stats, both)
                    .0
                    .iter()
                    .position(|v| *v > 1.0)
                    .unwrap()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let places: std::collections::BTreeSet<_> = draw(1).into_iter().collect();
    assert_eq!(places.len(), 9 * 9 * 2, "nine rows, nine columns, both ways");
}

/// The help of "Random flip" says: with probability 1/2.
#[test]
fn an_image_is_mirrored_with_probability_one_half() {
    let mut pixels = vec![0; 32 * 32];
    pixels[16 * 32 + 10] = 255;
    let set = ImageSet { channels: 1, side: 32, pixels, labels: vec![0], class_names: vec!["x".to_owned()] };
    let (stats, flip) = (set.channel_stats(), Augment { crop: false, flip: true });
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let (mut mirrored, mut changes, mut last) = (0, 0, false);
    for _ in 0..10_000 {
        let (values, _) = set.augmented(&[ImageDraw::new(0, &mut rng)], &stats, flip);
        let is_mirrored = values.iter().position(|value| *value > 1.0) == Some(16 * 32 + 21);
        mirrored += usize::from(is_mirrored);
        changes += usize::from(is_mirrored != last);
        last = is_mirrored;
    }
    // Four standard deviations of a fair coin are 200 of 10,000. Every other time would change each time.
    assert!(mirrored.abs_diff(5000) < 200 && changes.abs_diff(5000) < 200, "{mirrored}, {changes}");
}

#[test]
fn normalized_training_batches_have_mean_0_and_standard_deviation_1() {
    let bytes = std::fs::read("static/data/fashion-mnist.bin").unwrap();
    let images = Images::fashion_mnist(&bytes, 2000, 500).unwrap();
    assert_eq!((images.train.len(), images.test.len(), images.train.side), (2000, 500, SIDE));
    assert_eq!((images.train.class_names[9].as_str(), images.train.channels), ("Boot", 1));
    let all: Vec<_> = (0..2000).collect();
    let (values, labels) = images.train.batch(&all, &images.stats);
    assert_eq!((values.len(), labels.len()), (2000 * 1024, 2000));
    let n = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
    assert!(mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-3, "{mean}, {variance}");
    // The 28 x 28 pixels have a black border of two pixels on each side.
    let image = images.train.image(7);
    let border = |i: usize| !(2..30).contains(&(i / 32)) || !(2..30).contains(&(i % 32));
    assert!(image.iter().enumerate().all(|(i, &v)| !border(i) || v == 0));
    let plain = nn_lab::data::fashion_mnist::read(&bytes).unwrap().train;
    let inside: Vec<u8> = image.iter().enumerate().filter(|(i, _)| !border(*i)).map(|(_, &v)| v).collect();
    assert_eq!(inside, plain.pixels[7 * 784..8 * 784]);
    // Indices that do not exist are skipped.
    assert_eq!(images.train.batch(&[1, 99_999], &images.stats).1.len(), 1);
}

#[test]
fn the_original_cifar10_has_the_published_statistics() {
    let Some(files) = real_cifar10() else { return };
    let file = |name: &str| &*files[&format!("user/cifar10/{name}")];
    let images = Images::cifar10(&[file("train_3000.bin")], &[file("test_500.bin")], 10_000, 10_000).unwrap();
    assert_eq!((images.train.len(), images.test.len(), images.train.channels), (3000, 500, 3));
    for class in 0..10 {
        assert!((200..400).contains(&images.train.labels.iter().filter(|&&label| label == class).count()));
    }
    // Of all 50,000 training images the means are 0.491, 0.482, 0.447, and the deviations 0.247, 0.243,
    // 0.262.
    for (measured, published) in images.stats.mean.iter().zip([0.491, 0.482, 0.447]) {
        assert!((measured - published).abs() < 0.015, "{measured} against {published}");
    }
    for (measured, published) in images.stats.std.iter().zip([0.247, 0.243, 0.262]) {
        assert!((measured - published).abs() < 0.015, "{measured} against {published}");
    }
    // The same records read from an archive are the same images.
    let (head, tail) = file("train_3000.bin").split_at(1000 * RECORD);
    let packed = gzip(&tar(&[
        ("c/data_batch_1.bin", head),
        ("c/data_batch_2.bin", tail),
        ("c/test_batch.bin", file("test_500.bin")),
    ]));
    let unpacked = cifar10::unpack("cifar-10-binary.tar.gz", packed).unwrap();
    let again =
        Images::cifar10(&[&unpacked[0].1, &unpacked[1].1], &[&unpacked[2].1], 10_000, 10_000).unwrap();
    assert_eq!(again, images);
    refused("train.bin", file("train_3000.bin")[..1_000_000].to_vec(), &["325 images and 1275 bytes more"]);
}
