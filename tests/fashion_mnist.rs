//! The reader of the image file: accepted files, and refused files with the reason.
#![cfg(feature = "compute")]

use nn_lab::core::LabError;
use nn_lab::core::settings::{Param, Settings};
use nn_lab::data::fashion_mnist::{Images, read};
use nn_lab::sections::{cnn, mlp};

fn file() -> Vec<u8> {
    std::fs::read("static/data/fashion-mnist.bin").expect("the file is in the project")
}

#[track_caller]
fn refused(bytes: &[u8], because: &str) {
    match read(bytes) {
        Err(LabError::Data(text)) => assert!(text.contains(because), "{text}"),
        other => panic!("should be refused: {:?}", other.map(|images| images.n_classes)),
    }
}

#[test]
fn the_shipped_file_is_balanced_and_complete() {
    let Images { train, test, d_in, n_classes } = read(&file()).expect("it can be read");
    assert_eq!((d_in, n_classes, train.labels.len(), test.labels.len()), (784, 10, 10_000, 2_000));
    assert_eq!((train.pixels.len(), test.pixels.len()), (7_840_000, 1_568_000));
    for (split, each) in [(&train, 1000), (&test, 200)] {
        for class in 0..10 {
            assert_eq!(split.labels.iter().filter(|&&label| label == class).count(), each, "class {class}");
        }
    }
    // The published mean of the training set's gray levels is 72.9 of 255.
    let mean = train.pixels.iter().map(|&p| f64::from(p)).sum::<f64>() / train.pixels.len() as f64;
    assert!((mean - 72.9).abs() < 3.0, "{mean}");
    assert_eq!(train.pixels.iter().max(), Some(&255));
}

/// The settings say where they stand how many images there are, and how many shades of gray.
#[test]
fn the_settings_say_the_size_of_the_data_set() {
    let Images { train, test, .. } = read(&file()).expect("it can be read");
    let mut levels: Vec<u8> = train.pixels.iter().chain(&test.pixels).copied().collect();
    levels.sort_unstable();
    levels.dedup();
    let thousands = |n: usize| format!("{},{:03}", n / 1000, n % 1000);
    let [n_train, n_test] = [&train, &test].map(|split| thousands(split.labels.len()));
    let shades = format!("{} shades of gray", levels.len());
    let help = |params: &'static [Param], key: &str| {
        params.iter().find(|param| param.key == key).map(|param| param.help).expect("a setting")
    };
    for (params, key, words) in [
        (cnn::Config::PARAMS, "n_train", vec![&n_train]),
        (cnn::Config::PARAMS, "n_test", vec![&n_test]),
        (cnn::Config::PARAMS, "dataset", vec![&shades]),
        (mlp::Config::PARAMS, "dataset", vec![&n_train, &n_test, &shades]),
    ] {
        let help = help(params, key);
        assert!(words.iter().all(|words| help.contains(&**words)), "{key}: {help}, not {words:?}");
    }
}

#[test]
fn a_damaged_file_is_refused_with_the_reason() {
    let good = file();
    refused(b"", "begins with");
    refused(b"<!doctype html>", "should begin with NNLABIMG");
    refused(&good[..20], "at least");
    refused(&good[..good.len() / 2], "cut short or damaged");
    let mut foreign = good.clone();
    foreign[8] = 9;
    refused(&foreign, "version 9");
    let mut sized = good.clone();
    sized[20] = 64;
    refused(&sized, "28x28x1");
    let mut counted = good.clone();
    counted[12] = counted[12].wrapping_add(1);
    refused(&counted, "should unpack to");
    let mut sum = good;
    let last = sum.len() - 1;
    sum[last] ^= 1;
    refused(&sum, "checksum");
}
