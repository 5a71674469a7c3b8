//! Tests of the reader of lines.

use super::*;
use crate::core::data_set::{DataId, Shape};
use rand::Rng;

const WORDS: [(&str, &str); 2] = [("a wonderful film", "positive"), ("an awful film", "negative")];

/// Returns `n` lines, of which every other one is positive.
fn sentiment(n: usize, line: impl Fn(&str, &str, usize) -> String) -> String {
    (0..n).map(|at| line(&format!("{} {at}", WORDS[at % 2].0), WORDS[at % 2].1, at)).collect()
}

#[track_caller]
fn used(text: &str) -> (LinesPreview, Lines) {
    used_with(text, &LineOptions::default())
}

#[track_caller]
fn used_with(text: &str, options: &LineOptions) -> (LinesPreview, Lines) {
    let (preview, file) = read("lines.csv", text.as_bytes(), options);
    assert_eq!(preview.problem, None);
    let (card, lines) = Lines::open(&file.expect("a file").to_bytes()).expect("it can be read");
    let id: DataId = card.id.parse().expect("a name");
    let shape = Shape::Lines {
        seq_len: lines.seq_len as u32,
        characters: lines.n_characters as u32,
        classes: lines.n_classes as u32,
    };
    assert_eq!((id.shape, card.count as usize), (shape, lines.labels.len()));
    assert_eq!(card.remarks, preview.remarks);
    (preview, lines)
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>) -> String {
    let (preview, file) = read("a.csv", bytes.as_ref(), &LineOptions::default());
    assert!(file.is_none());
    let problem = preview.problem.expect("a problem");
    assert!(problem.len() > 30, "{problem}");
    problem
}

/// Returns the text of a line, without padding.
fn text_of(lines: &Lines, card: &[char], n: usize) -> String {
    lines.line(n).iter().filter(|token| **token > 0).map(|token| card[usize::from(*token) - 1]).collect()
}

#[test]
fn fifty_lines_of_sentiment_are_read_in_every_format() {
    let formats: [fn(&str, &str, usize) -> String; 9] = [
        |text, label, _| format!("{text}, {label}\n"),
        |text, label, n| format!("{text}{}, {label}\n", if n % 3 == 0 { ", really" } else { "" }),
        |text, label, _| format!("{label}\t{text}\r\n"),
        |text, label, _| format!("\"{text}, he said: \"\"yes\"\"\",{label}\n"),
        |text, label, _| format!("{label}; {text}\r"),
        |text, label, n| format!("{n}|{text}|{label}\n"),
        |text, label, _| format!("__label__{label} {text}\n"),
        |text, label, _| format!("{text} __label__{label}\n"),
        |text, label, n| format!("{label},{text}{}\n", if n % 2 == 0 { ", or, well, so" } else { "" }),
    ];
    for (n, format) in formats.iter().enumerate() {
        let (preview, lines) = used(&sentiment(50, format));
        assert_eq!(preview.classes, [("negative".to_owned(), 25), ("positive".to_owned(), 25)], "format {n}");
        assert_eq!((lines.labels.len(), lines.n_classes, preview.skipped), (50, 2, 0), "format {n}");
        assert_eq!(lines.labels[..3], [1, 0, 1], "format {n}");
        assert!(preview.rows[0].0.starts_with("a wonderful film"), "format {n}: {:?}", preview.rows[0]);
        assert_eq!(preview.rows.len(), 8);
    }
}

#[test]
fn a_header_names_the_columns_in_any_order() {
    let rows = sentiment(20, |text, label, n| format!("{n},{label},{text}\n"));
    for header in ["id,label,text", "ID,Sentiment,Review", "nr,what,the line"] {
        let (preview, lines) = used(&format!("{header}\n{rows}"));
        let names: Vec<&str> = header.split(',').collect();
        assert_eq!(preview.columns, names);
        assert_eq!(preview.options.label.as_deref(), Some(names[1]));
        assert_eq!(preview.options.text.as_deref(), Some(names[2]));
        assert_eq!(lines.labels.len(), 20, "{header}");
    }
    // The user may choose other columns.
    let rows = sentiment(20, |text, label, n| format!("{},{label},{text},x{}\n", n % 3, n % 4));
    let options = LineOptions { label: Some("z".to_owned()), text: Some("label".to_owned()), max_len: None };
    let (preview, lines) = used_with(&format!("a,label,text,z\n{rows}"), &options);
    assert_eq!(
        (preview.options.label.as_deref(), lines.n_classes, preview.lengths),
        (Some("z"), 4, [8, 8, 8])
    );
    // A file without a header keeps its first line.
    assert_eq!(used(&sentiment(10, |text, label, _| format!("{text},{label}\n"))).1.labels.len(), 10);
}

#[test]
fn lines_are_padded_at_the_start_and_cut_at_the_end() {
    let long = "abc".repeat(100);
    let text = format!("ab, x\nc, y\n{long}, x\nb a, y\n");
    let (preview, lines) = used(&text);
    assert_eq!((lines.seq_len, preview.lengths), (200, [1, 3, 300]));
    assert!(preview.remarks.iter().any(|remark| remark.contains("1 lines are cut to their first 200")));
    // Space, a, b, c.
    assert_eq!((lines.n_characters, &lines.line(0)[197..], lines.line(0)[0]), (5, &[0, 2, 3][..], 0));
    assert_eq!((lines.line(2)[0], lines.line(2)[199], lines.line(4).len()), (2, 3, 0));
    let options = LineOptions { max_len: Some(2), ..LineOptions::default() };
    let (preview, lines) = used_with(&text, &options);
    assert_eq!((lines.seq_len, lines.line(1), lines.line(3)), (2, &[0, 4][..], &[3, 1][..]));
    assert_eq!(preview.options.max_len, Some(2));
    for max_len in [0, 1, u32::MAX] {
        used_with(&text, &LineOptions { max_len: Some(max_len), ..LineOptions::default() });
    }
}

#[test]
fn rare_characters_are_folded() {
    let letter = |n: usize| char::from_u32(0x4e00 + n as u32).expect("a letter");
    let line = |n: usize| format!("common {}{}, {}\n", letter(n), letter(300), ["x", "y"][n % 2]);
    let text: String = (0..200).map(line).collect();
    let (preview, file) = read("a.csv", text.as_bytes(), &LineOptions::default());
    let (card, lines) = Lines::open(&file.expect("a file").to_bytes()).expect("lines");
    let Content::Lines { characters, .. } = &card.content else { panic!("lines") };
    assert_eq!((characters.len(), lines.n_characters, characters.last()), (159, 160, Some(&FOLDED)));
    assert_eq!(text_of(&lines, characters, 0), format!("common {}{}", letter(0), letter(300)));
    assert_eq!(text_of(&lines, characters, 199), format!("common {FOLDED}{}", letter(300)));
    // "common " has 5 kinds, and one letter is in every line, which leaves 152 of 158 places.
    assert!(
        preview.remarks.iter().any(|remark| remark.starts_with("48 characters of rare kinds")),
        "{preview:?}"
    );
}

#[test]
fn bad_files_get_a_sentence_each() {
    assert!(refused("").contains("is empty") && refused("\n \n").contains("is empty"));
    assert!(refused("one\ntwo\nthree\nfour\nfive\n").contains("have no labels"));
    assert!(refused("a, x\nb, x\nc, x\nd, x\ne, x\n").contains("same label, “x”"));
    assert!(refused("a, x\nb, y\n").contains("only 2 lines"));
    assert!(
        refused((0..40).map(|n| format!("text {n}, label {n}\n")).collect::<String>())
            .contains("40 different labels")
    );
    assert!(refused(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").contains("PNG"));
    assert!(refused([0, 1, 2, 3].repeat(100)).contains("zero bytes"));
    assert!(refused(vec![b'a'; 100_000_000]).contains("100.0 MB"));
    assert!(refused("text,label\n").len() > 10);
    let (preview, _) = read("a.csv", "text,label\n<b>x</b>,1\n".as_bytes(), &LineOptions::default());
    assert_eq!(preview.rows, [("<b>x</b>".to_owned(), "1".to_owned())]);
}

#[test]
fn lines_without_a_label_are_skipped_and_counted() {
    let text =
        sentiment(20, |text, label, _| format!("{text},{label}\n")) + "no label\n,positive\na text,\n\n";
    let (preview, lines) = used(&text);
    assert_eq!((lines.labels.len(), preview.skipped), (20, 3));
    assert!(preview.remarks.iter().any(|remark| remark.starts_with("3 lines were skipped")));
}

#[test]
fn an_open_quotation_mark_does_not_swallow_the_file() {
    let text = "\"never closed, negative\n".to_owned()
        + &sentiment(20, |text, label, _| format!("{text}, {label}\n"));
    let (preview, lines) = used(&text);
    assert_eq!(lines.labels.len(), 21);
    assert!(preview.remarks[0].contains("not closed"), "{:?}", preview.remarks);
}

#[test]
fn other_encodings_and_many_lines_are_read() {
    let text = sentiment(20, |text, label, _| format!("{text} é,{label}\n"));
    let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let (preview, file) = read("a.csv", &bytes, &LineOptions::default());
    assert!(file.is_some() && preview.remarks[0].contains("Windows-1252"), "{preview:?}");
    let (preview, lines) = used(&sentiment(30_000, |text, label, n| format!("{text} {n},{label}\n")));
    assert_eq!(lines.labels.len(), 20_000);
    assert!(
        preview.remarks.iter().any(|remark| remark.contains("20000 of the 30000")),
        "{:?}",
        preview.remarks
    );
    assert_eq!(preview.classes.iter().map(|(_, n)| n).sum::<u32>(), 20_000);
}

#[test]
fn a_fifth_of_each_class_is_held_out() {
    let text = sentiment(40, |text, label, n| format!("{text},{}\n", if n < 10 { "rare" } else { label }));
    let (_, lines) = used(&text);
    let [train, test] = lines.split(1);
    assert_eq!((train.len(), test.len()), (32, 8));
    let mut all = [train.clone(), test.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..40).collect::<Vec<_>>());
    for class in 0..3 {
        assert!(test.iter().any(|n| lines.labels[*n] == class), "class {class} is held out");
    }
    assert_eq!(lines.split(1), [train.clone(), test]);
    assert_ne!(lines.split(2)[0], train);
    // A class with one line is only trained on.
    let (preview, lines) = used("a, x\nb, x\nc, x\nd, y\n");
    let [_, test] = lines.split(1);
    assert!(test.iter().all(|n| lines.labels[*n] == 0) && test.len() == 1);
    assert!(preview.remarks.iter().any(|remark| remark.contains("“y” has a single line")));
}

#[test]
fn damaged_data_files_are_refused() {
    let text = sentiment(10, |text, label, _| format!("{text},{label}\n"));
    let file = read("a.csv", text.as_bytes(), &LineOptions::default()).1.expect("a file");
    let bytes = file.to_bytes();
    assert!(Lines::open(&bytes).is_ok());
    assert!(Lines::open(&bytes[..bytes.len() - 1]).is_err());
    let mut wrong = bytes.clone();
    *wrong.last_mut().expect("bytes") = 255;
    assert!(Lines::open(&wrong).is_err());
    let mut wrong = bytes;
    let at = wrong.len() - file.content.len();
    wrong[at] = 2;
    assert!(Lines::open(&wrong).is_err());
}

#[test]
fn random_bytes_never_panic() {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let alphabet = b"ab,;|\t\"\n\r _label:\xc3\xa9\xff\0x";
    for round in 0..3000 {
        let len = rng.random_range(0..200usize);
        let bytes: Vec<u8> = (0..len)
            .map(|_| match round % 3 {
                0 => rng.next_u32() as u8,
                _ => alphabet[rng.random_range(0..if round % 3 == 1 { 16 } else { alphabet.len() })],
            })
            .collect();
        let options = LineOptions {
            max_len: (round % 5 == 0).then_some(round % 7),
            text: (round % 4 == 0).then(|| "column 1".to_owned()),
            label: (round % 6 == 0).then(|| "column 2".to_owned()),
        };
        let (preview, file) = read("a.csv", &bytes, &options);
        assert_eq!(preview.problem.is_some(), file.is_none());
        if let Some(file) = file {
            Lines::open(&file.to_bytes()).expect("what was written can be read").1.split(1);
        }
    }
}
