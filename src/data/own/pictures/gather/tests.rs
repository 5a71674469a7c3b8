//! Whole sets: from the bytes of files to a data set.

use crate::core::data_set::Content;
use crate::data::own::DataFile;
use crate::data::own::pictures::collection::Collection;
use crate::data::own::pictures::container::tests::{PNG, gzip, tar, zip};
use crate::data::own::pictures::gather::*;
use crate::data::own::pictures::labeled;
use crate::data::own::pictures::numpy::tests::npy;
use crate::data::own::pictures::pickle::tests::batch;
use zip::CompressionMethod;

fn idx(shape: &[u32], numbers: &[u8]) -> Vec<u8> {
    let lens: Vec<u8> = shape.iter().flat_map(|len| len.to_be_bytes()).collect();
    [&[0, 0, 8, shape.len() as u8][..], &lens, numbers].concat()
}

fn opened(files: &[(&str, Vec<u8>)]) -> (Gathered, Result<DataFile, String>) {
    let mut gathered = Gathered::default();
    files.iter().for_each(|(path, bytes)| gathered.open(path, bytes.clone()));
    let mut set = Collection::new(1, 28);
    labeled::add(&mut set, &gathered.labeled());
    let file = set.finish("title", "source");
    (gathered, file)
}

#[track_caller]
fn summary(files: &[(&str, Vec<u8>)]) -> (u32, Option<u32>, Vec<String>) {
    let (gathered, file) = opened(files);
    assert_eq!(gathered.answer(None).problems, []);
    let card = file.expect("a set").card;
    let Content::Pictures { classes, n_test, channels: 1, side: 28 } = card.content else {
        panic!("pictures")
    };
    (card.count, n_test, classes)
}

fn images(n: u32) -> Vec<u8> {
    idx(&[n, 28, 28], &(0..n * 784).map(|i| (i % 251) as u8).collect::<Vec<_>>())
}

fn labels(n: u32) -> Vec<u8> {
    idx(&[n], &(0..n).map(|i| (i % 2) as u8).collect::<Vec<_>>())
}

#[test]
fn the_files_of_mnist_are_read_packed_or_not() {
    let digits = vec!["0".to_owned(), "1".to_owned()];
    let plain = [
        ("train-images-idx3-ubyte", images(8)),
        ("train-labels-idx1-ubyte", labels(8)),
        ("t10k-images-idx3-ubyte", images(4)),
        ("t10k-labels-idx1-ubyte", labels(4)),
    ];
    assert_eq!(summary(&plain), (12, Some(4), digits.clone()));
    let names: Vec<String> = plain.iter().map(|(name, _)| format!("{name}.gz")).collect();
    let packed: Vec<_> =
        names.iter().zip(&plain).map(|(name, (_, bytes))| (name.as_str(), gzip(bytes))).collect();
    assert_eq!(summary(&packed), (12, Some(4), digits));
    // All of them in an archive whose name tells the classes.
    let files: Vec<(&str, &[u8])> = packed.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let all = zip(&files, CompressionMethod::Stored);
    assert_eq!(summary(&[("fashion-mnist.zip", all)]).2, ["T-shirt", "Trousers"]);
    let (gathered, file) = opened(&[("train-images-idx3-ubyte.gz", gzip(&images(4)))]);
    assert!(gathered.answer(None).problems[0].1.contains("train-labels-idx1-ubyte.gz"));
    assert!(file.is_err_and(|why| why.contains("no pictures yet")));
}

#[test]
fn the_arrays_of_keras_are_read() {
    let x: Vec<u8> = (0..8 * 784).map(|i| (i % 256) as u8).collect();
    let x = |n: usize| npy("|u1", "False", &format!("({n}, 28, 28)"), &x[..n * 784]);
    let y = |n: usize| {
        let labels: Vec<u8> = (0..n as i64).flat_map(|i| (i % 2).to_le_bytes()).collect();
        npy("<i8", "False", &format!("({n}, 1)"), &labels)
    };
    let files: &[(&str, &[u8])] =
        &[("x_train.npy", &x(8)), ("y_train.npy", &y(8)), ("x_test.npy", &x(4)), ("y_test.npy", &y(4))];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        assert_eq!(summary(&[("mnist.npz", zip(files, method))]).0, 12);
    }
    let loose: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.to_vec())).collect();
    assert_eq!((summary(&loose).1, summary(&loose[..2]).1), (Some(4), None));
    let numbered: &[(&str, &[u8])] =
        &[("arr_0.npy", &x(8)), ("arr_1.npy", &y(8)), ("arr_2.npy", &x(4)), ("arr_3.npy", &y(4))];
    assert_eq!(summary(&[("d.npz", zip(numbered, CompressionMethod::Stored))]).1, Some(4));
    let fortran = npy("|u1", "True", "(2, 2, 2)", &[0; 8]);
    let (gathered, _) = opened(&[("x.npy", fortran)]);
    assert!(gathered.answer(None).problems[0].1.contains("Fortran"));
}

#[test]
fn cifar10_is_read_in_both_versions() {
    let pixels = vec![9; 4 * 3072];
    let python = batch(&[3, 9, 3, 9], &pixels);
    let records: Vec<u8> =
        [3, 9, 3, 9].iter().flat_map(|&label| [vec![label], vec![9; 3072]].concat()).collect();
    let meta = b"\x80\x02}(U\x0blabel_names]u.";
    let archive = |ending: &str, bytes: &[u8]| {
        let names = [format!("c/data_batch_1{ending}"), format!("c/test_batch{ending}")];
        gzip(&tar(&[
            (&names[0], bytes),
            (&names[1], bytes),
            ("c/batches.meta", meta),
            ("c/readme.html", b"<html>"),
        ]))
    };
    let classes = vec!["Cat".to_owned(), "Truck".to_owned()];
    assert_eq!(summary(&[("cifar-10-python.tar.gz", archive("", &python))]), (8, Some(4), classes.clone()));
    assert_eq!(
        summary(&[("cifar-10-binary.tar.gz", archive(".bin", &records))]),
        (8, Some(4), classes.clone())
    );
    assert_eq!(summary(&[("data_batch_1", python), ("data_batch_2.bin", records)]), (8, None, classes));
    let (gathered, _) =
        opened(&[("train", b"\x80\x02}(U\x0bfine_labels]u.".to_vec()), ("x.bin", vec![1; 5000])]);
    let problems = gathered.answer(None).problems;
    assert!(
        problems[0].1.contains("CIFAR-100") && problems[1].1.contains("x.bin should hold CIFAR-10 images")
    );
}

#[test]
fn pictures_of_archives_wait_for_the_decoder_and_the_rest_is_told() {
    let inner = zip(&[("a/1.png", PNG)], CompressionMethod::Stored);
    let files: &[(&str, &[u8])] = &[
        ("cats/1.png", PNG),
        ("dogs/<img src=x>.png", PNG),
        ("more.zip", &inner),
        ("t.tar", &tar(&[("x.png", PNG)])),
    ];
    let mut gathered = Gathered::default();
    gathered.open("pets.zip", zip(files, CompressionMethod::Deflated));
    let paths: Vec<_> = gathered.pictures.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["pets/cats/1.png", "pets/dogs/<img src=x>.png"]);
    let answer = gathered.answer(Some("No.".to_owned()));
    assert_eq!((answer.skipped, answer.problems.len(), answer.problem), (2, 2, Some("No.".to_owned())));
    assert!(answer.problems.iter().all(|(_, why)| why.contains("archive in an archive")));
    gathered.open("empty.zip", zip(&[], CompressionMethod::Stored));
    gathered.open("a\u{7}.txt", b"words".to_vec());
    gathered.open(".hidden", b"words".to_vec());
    for i in 0..200 {
        gathered.open(&format!("{i}.txt"), b"words".to_vec());
    }
    let answer = gathered.answer(None);
    assert_eq!((answer.skipped, answer.problems.len()), (204, 100));
    assert_eq!(answer.problems[3].0, "a.txt");
    assert!(answer.problems[2].1.contains("empty zip"));
}

#[test]
fn random_bytes_are_refused() {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    let starts: [&[u8]; 10] = [
        b"",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\x93NUMPY\x01\0",
        b"\0\0\x08\x03\0\0",
        b"\x80\x02}",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF",
        b"GIF89a",
    ];
    for round in 0..5000 {
        let len = usize::from(next()) * 4;
        let bytes: Vec<u8> = starts[round % 10].iter().copied().chain((0..len).map(|_| next())).collect();
        let (gathered, file) = opened(&[(if round % 3 == 0 { "x.bin" } else { "x" }, bytes)]);
        assert!(file.is_err());
        assert!(gathered.answer(None).problems.iter().all(|(_, why)| why.ends_with('.') && why.len() < 300));
    }
}

#[test]
fn a_set_is_called_like_its_folder() {
    let title = |paths: &[&str]| title(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>());
    assert_eq!(title(&["pets/cats/1.jpg", "pets/dogs/2.jpg"]), "pets");
    assert_eq!(title(&["pets.zip"]), "pets");
    assert_eq!(title(&["cats/1.jpg", "dogs/2.jpg"]), "Pictures");
    assert_eq!((title(&[]), title(&[""])), ("Pictures".to_owned(), "Pictures".to_owned()));
}
