//! Tests of whole tables.

use crate::core::data_set::table::{ColumnKind, TableOptions, TablePreview};
use crate::core::data_set::{Content, Shape};
use crate::data::own::DataFile;
use crate::data::own::table::{Table, Target, read};
use proptest::prelude::*;
use std::fmt::Write;

const IRIS: &str = "sepal length,sepal width,petal length,petal width,species
5.1,3.5,1.4,0.2,setosa
4.9,3.0,1.4,0.2,setosa
7.0,3.2,4.7,1.4,versicolor
6.4,3.2,4.5,1.5,versicolor
6.3,3.3,6.0,2.5,virginica
5.8,2.7,5.1,1.9,virginica
";

fn preview(text: &str) -> TablePreview {
    read("t.csv", text.as_bytes(), &TableOptions::default()).0
}

fn problem(text: &str, options: &TableOptions) -> String {
    let (preview, file) = read("t.csv", text.as_bytes(), options);
    assert!(file.is_none(), "{preview:?}");
    preview.problem.expect("a problem")
}

/// Returns the table in a file that can be used. Reading it with the options of the preview gives the same.
fn table(bytes: &[u8], options: &TableOptions) -> (TablePreview, DataFile, Table) {
    let (preview, file) = read("folder/My table.csv", bytes, options);
    let file = file.unwrap_or_else(|| panic!("{preview:?}"));
    let (again, same) = read("other.csv", bytes, &preview.options);
    assert_eq!(again.options, preview.options);
    assert_eq!(same.map(|file| file.card.id), Some(file.card.id.clone()));
    let (card, table) = Table::open(&file.to_bytes()).expect("a data file");
    assert_eq!(card, file.card);
    assert_eq!(table.len(), preview.n_used as usize);
    (preview, file, table)
}

fn recognized(text: &str) -> (TablePreview, DataFile, Table) {
    table(text.as_bytes(), &TableOptions::default())
}

fn has(remarks: &[String], words: &str) -> bool {
    remarks.iter().any(|remark| remark.contains(words))
}

#[test]
fn a_table_with_names_of_classes() {
    let (preview, file, table) = recognized(IRIS);
    let options = TableOptions {
        delimiter: Some(','),
        decimal: Some('.'),
        header: Some(true),
        target: Some("species".to_owned()),
        features: Some(
            ["sepal length", "sepal width", "petal length", "petal width"].map(str::to_owned).to_vec(),
        ),
        regression: Some(false),
    };
    assert_eq!(preview.options, options);
    assert_eq!((preview.n_rows, preview.n_used, preview.remarks.len()), (6, 6, 0));
    assert_eq!(preview.rows[2], ["7.0", "3.2", "4.7", "1.4", "versicolor"]);
    assert_eq!(preview.columns[0].range, Some((4.9, 7.0)));
    assert_eq!((preview.columns[4].kind, preview.columns[4].distinct), (ColumnKind::Classes, 3));
    assert_eq!((&*file.card.title, &*file.card.source), ("My table", "My table.csv"));
    assert_eq!(file.card.content.shape(), Some(Shape::Classes { features: 4, classes: 3 }));
    assert_eq!(file.card.content.classes(), ["setosa", "versicolor", "virginica"]);
    // Links to runs have this name.
    assert_eq!(file.card.id, "f4k3-9eb7656da839db35");
    assert_eq!(table.values[..5], [5.1, 3.5, 1.4, 0.2, 4.9]);
    assert_eq!(table.target, Target::Classes { n_classes: 3, labels: vec![0, 0, 1, 1, 2, 2] });
}

#[test]
fn a_number_is_predicted_if_it_is_chosen() {
    let options = TableOptions { target: Some("petal width".to_owned()), ..TableOptions::default() };
    let (preview, file, table) = table(IRIS.as_bytes(), &options);
    assert_eq!(preview.options.regression, Some(true));
    assert!(has(&preview.remarks, "these are texts: \"species\""), "{:?}", preview.remarks);
    assert_eq!(file.card.content.shape(), Some(Shape::Numbers { features: 3 }));
    assert_eq!(table.target, Target::Numbers(vec![0.2, 0.2, 1.4, 1.5, 2.5, 1.9]));
}

#[test]
fn delimiters_decimals_and_encodings_of_spreadsheets() {
    let german =
        "Länge;Breite;Preis\r\n1,5;2;1.234,50\r\n2,5;3;2.000,00\r\n3,5;4;12,25\r\n4,5;5;7,00\r\n;;\r\n";
    let (preview, _, from_utf8) = recognized(german);
    assert_eq!(
        (preview.options.delimiter, preview.options.decimal, preview.options.header),
        (Some(';'), Some(','), Some(true))
    );
    assert_eq!((preview.n_rows, preview.columns[0].name.as_str()), (4, "Länge"));
    assert_eq!(from_utf8.target, Target::Numbers(vec![1234.5, 2000.0, 12.25, 7.0]));
    let windows: Vec<u8> = german.chars().map(|c| c as u8).collect();
    let marked = [b"\xef\xbb\xbf", german.as_bytes()].concat();
    let units: Vec<u8> = german.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [&b"\xff\xfe"[..], &units].concat();
    let declared = format!("sep=;\r\n{german}").into_bytes();
    for (bytes, remark) in [(windows, "Windows-1252"), (marked, ""), (utf16, "UTF-16"), (declared, "")] {
        let (other, _, table) = table(&bytes, &TableOptions::default());
        assert_eq!(table, from_utf8);
        assert_eq!(other.columns, preview.columns);
        assert!(remark.is_empty() || has(&other.remarks, remark), "{:?}", other.remarks);
    }
    let with_tabs = recognized(&german.replace(';', "\t"));
    assert_eq!((with_tabs.0.options.delimiter, with_tabs.2), (Some('\t'), from_utf8));
}

#[test]
fn aligned_columns_without_a_header() {
    let (preview, _, table) = recognized("  1.0   2  a\n 10.0  20  b\n  3.0\t4  a\n  5.0   6  b\n");
    assert_eq!((preview.options.delimiter, preview.options.header), (Some(' '), Some(false)));
    assert_eq!(preview.options.target.as_deref(), Some("column 3"));
    assert_eq!(table.values, [1.0, 2.0, 10.0, 20.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn headers_of_other_programs() {
    let of = |text: &str| {
        let (preview, _, table) = recognized(text);
        (preview.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>(), table.values)
    };
    let values = vec![1.5, 2.5, 3.5, 4.5];
    let numpy = of("# x,y\n1.5,10\n2.5,2\n3.5,3\n4.5,40\n");
    assert_eq!(numpy, (vec!["x".to_owned(), "y".to_owned()], values.clone()));
    let r = of("\"a b\" y\n\"1\" 1.5 10\n\"2\" 2.5 2\n\"3\" 3.5 3\n\"4\" 4.5 40\n");
    assert_eq!(r.0, ["column 1", "a b", "y"].map(str::to_owned), "a header of two names over three columns");
    let pandas = of(",x,y\n0,1.5,10\n1,2.5,2\n2,3.5,3\n3,4.5,40\n");
    assert_eq!(pandas, (["column 1", "x", "y"].map(str::to_owned).to_vec(), values.clone()));
    let kaggle = of("#,x,y\n1,1.5,10\n2,2.5,2\n3,3.5,3\n4,4.5,40\n");
    assert_eq!(kaggle, (["#", "x", "y"].map(str::to_owned).to_vec(), values.clone()));
    let excel = of("My measurements\n\nx,y,,\n1.5,10,,\n2.5,2,,\n3.5,3,,\n4.5,40,,\n,,,\n");
    assert_eq!(excel, (vec!["x".to_owned(), "y".to_owned()], values));
}

#[test]
fn names_are_only_text() {
    let text = "<img src=x onerror=alert(1)>,a,a,,\"<b>\n</b>\"\n1,2,3.5,4,<script>\n2,3,1.5,6,<script>\n3,5,5.5,9,x\n9,7,7.5,3,x\n";
    let (preview, file, _) = recognized(text);
    let names: Vec<&str> = preview.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["<img src=x onerror=alert(1)>", "a", "a 2", "column 4", "<b> </b>"]);
    assert_eq!(file.card.content.classes(), ["<script>", "x"]);
}

#[test]
fn rows_that_do_not_fit_are_listed_and_skipped() {
    let text =
        "x,y,class\n1,2,a\n1,2\n3,4,b\n1,2,3,4\n5,,a\n6,7,b\n8,oops,a\n1e400,1,b\n9,1,a\n2,2,NA\n4,4,b,\n";
    let (preview, file, table) = recognized(text);
    let expected = [
        "2 rows with too few or too many cells were skipped: lines 3 and 5.",
        "2 rows without a value in a column that is used were skipped: lines 6 and 11.",
        "1 row with a text where a number is needed was skipped: line 8.",
        "1 row with a number too large for 32 bits (above 3.4e38) was skipped: line 9.",
    ];
    // With eight values, one text makes a column of texts.
    let options = TableOptions { features: Some(vec!["x".to_owned()]), ..TableOptions::default() };
    assert!(has(&preview.remarks, "such as \"oops\""), "{:?}", preview.remarks);
    assert_eq!((preview.n_rows, preview.n_used, table.values.len()), (11, 7, 7));
    assert_eq!(file.card.remarks, preview.remarks);
    assert!(
        problem(text, &TableOptions { features: Some(vec!["y".to_owned()]), ..options })
            .contains("has texts")
    );
    let more: String =
        (0..20).map(|i| format!("{i},{},{}\n", i * 7 % 5, if i % 3 == 0 { "a" } else { "b" })).collect();
    let (preview, ..) = recognized(&format!("{text}{more}"));
    for sentence in expected {
        assert!(preview.remarks.iter().any(|remark| remark == sentence), "{sentence} {:#?}", preview.remarks);
    }
    assert_eq!((preview.n_rows, preview.n_used), (31, 25));
}

#[test]
fn a_missing_quotation_mark_is_reported() {
    let rows: String = (0..10).map(|i| format!("{i}.5,{},b\n", i * i)).collect();
    for cell in ["1,\"2,a", "1,2,\"a"] {
        let preview = preview(&format!("x,y,z\n{rows}{cell}\n{rows}"));
        assert!(has(&preview.remarks, "probably missing in line 12"), "{:?}", preview.remarks);
        assert_eq!(preview.n_rows, 11);
    }
    let sentence = problem(&format!("x,y,\"z\n{rows}"), &TableOptions::default());
    assert!(sentence.contains("missing in the first row"), "{sentence}");
    let fine = recognized("x,note\n1,\"a,\nb, c\"\n2,\"d\n\"\n3,\"d\"\n4,\"a,\nb, c\"\n");
    assert_eq!((fine.0.n_used, fine.0.remarks.len()), (4, 0));
}

#[test]
fn dates_constants_and_counters_are_no_features() {
    let mut text = "id,date,unit,empty,name,x,y\n".to_owned();
    for i in 0..30 {
        let _ = writeln!(text, "{},{}.12.2025,cm,,n{i},{},{}", i + 1, i + 1, i * i % 7, i * 31 % 17);
    }
    let (preview, file, _) = recognized(&text);
    use ColumnKind::{Constant, Date, Empty, Number, Text};
    let kinds: Vec<ColumnKind> = preview.columns.iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [Number, Date, Constant, Empty, Text, Number, Number]);
    assert_eq!(preview.options.features, Some(vec!["x".to_owned()]));
    for words in
        ["rows: \"id\"", "dates: \"date\"", "texts: \"name\"", "every row: \"unit\"", "values: \"empty\""]
    {
        assert!(has(&preview.remarks, words), "{words} {:?}", preview.remarks);
    }
    assert_eq!(file.card.content.shape(), Some(Shape::Numbers { features: 1 }));
    let target = |name: &str| TableOptions { target: Some(name.to_owned()), ..TableOptions::default() };
    assert!(problem(&text, &target("unit")).contains("same value in every row"));
    assert!(problem(&text, &target("date")).contains("dates"));
    assert!(problem(&text, &target("empty")).contains("no values"));
    assert!(problem(&text, &target("name")).contains("has 30 different values"));
}

#[test]
fn few_whole_numbers_are_classes() {
    let rows: String = (0..40).map(|i| format!("{}.5,{}\n", i * 3 % 11, 10 - i % 3)).collect();
    let (preview, file, table) = recognized(&format!("x,y\n{rows}"));
    assert_eq!(preview.options.regression, Some(false));
    assert_eq!(file.card.content.classes(), ["8", "9", "10"], "in the order of numbers");
    assert!(matches!(&table.target, Target::Classes { labels, .. } if labels.starts_with(&[2, 1, 0])));
    let options = TableOptions { regression: Some(true), ..TableOptions::default() };
    assert!(matches!(self::table(format!("x,y\n{rows}").as_bytes(), &options).2.target, Target::Numbers(_)));
    // The function XOR.
    let (_, file, _) = recognized("a,b,out\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n");
    assert_eq!(file.card.content.shape(), Some(Shape::Classes { features: 2, classes: 2 }));
    // A curve whose input counts up.
    let (_, file, _) = recognized("t,y\n1,0.5\n2,0.7\n3,0.1\n4,0.2\n5,0.9\n");
    assert_eq!(file.card.content.shape(), Some(Shape::Numbers { features: 1 }));
}

#[test]
fn wrong_numbers_of_classes_rows_and_columns() {
    let any = TableOptions::default();
    let rows = |n: usize, class: &dyn Fn(usize) -> String| -> String {
        (0..n).map(|i| format!("{}.5,{}\n", i % 50, class(i))).collect()
    };
    let classes = TableOptions { regression: Some(false), ..TableOptions::default() };
    let ten_thousand = format!("x,label\n{}", rows(10_000, &|i| format!("name {i}")));
    assert!(problem(&ten_thousand, &any).contains("has 10,000 different values"));
    let numbers = format!("x,y\n{}", rows(10_000, &|i| (i * 7919 % 10_007).to_string()));
    let sentence = problem(&numbers, &classes);
    assert!(sentence.contains("has 10,000 different values") && sentence.contains("Predict it as a number"));
    let one = format!("x,class\n{}", rows(20, &|i| if i == 3 { "NA" } else { "yes" }.to_owned()));
    assert!(problem(&one, &any).contains("same value in every row"));
    let one_left = "x,class\n1,a\n2,a\n3,a\n,b\n,b\n4,a\n";
    assert!(problem(one_left, &any).contains("have the class \"a\""));
    let single = "x,class\n1,a\n2,a\n3,a\n4,b\n";
    assert!(problem(single, &any).contains("class \"b\" in the column \"class\" has only one row"));
    assert!(problem("x,y\n1,2\n2,3\n3,5\n", &any).contains("has 3 rows, and at least 4 are needed"));
    assert!(problem("x,y\n1,2\n2,3\n3,5\n,5\n", &any).contains("Only 3 rows can be used"));
    assert!(problem("x\n1\n2\n3\n4\n", &any).contains("only one column"));
    assert!(problem("a,b\n", &any).contains("has 0 rows"), "{}", problem("a,b\n", &any));
    assert!(problem("", &any).contains("empty"));
    assert!(problem("name,class\na,b\nc,b\nd,e\nf,e\n", &any).contains("no column of numbers"));
    let wide: String = (0..1001).map(|i| format!("{i},")).collect();
    assert!(problem(&format!("{wide}1\n{wide}2\n"), &any).contains("1,002 columns"));
    let ragged: String = (0..30).map(|i| format!("{}\n", "1.5,".repeat(i % 7 + 1))).collect();
    assert!(problem(&ragged, &any).contains("Choose another delimiter"), "{}", problem(&ragged, &any));
    let none = TableOptions { features: Some(Vec::new()), ..TableOptions::default() };
    assert!(problem(IRIS, &none).contains("at least one column"));
    let text = TableOptions { regression: Some(true), ..TableOptions::default() };
    assert!(problem(IRIS, &text).contains("cannot be predicted as a number"));
}

#[test]
fn at_most_64_features_and_100_000_rows() {
    let row = |i: usize| -> String { (0..70).map(|j| format!("{}.5,", (i * 31 + j * 7) % 97)).collect() };
    let wide: String = (0..20).map(|i| format!("{}{}\n", row(i), i % 2)).collect();
    let (preview, file, _) = recognized(&wide);
    assert_eq!(file.card.content.shape(), Some(Shape::Classes { features: 64, classes: 2 }));
    assert!(
        has(&preview.remarks, "70 columns could be predicted from; the first 64"),
        "{:?}",
        preview.remarks
    );
    let features = preview.columns[..65].iter().map(|column| column.name.clone()).collect();
    let options = TableOptions { features: Some(features), ..TableOptions::default() };
    assert!(problem(&wide, &options).contains("65 columns are chosen"));
    let long: String = (0..100_001).map(|i| format!("{}.5,{}\n", i * 7 % 1009, i * 31 % 5003)).collect();
    let (preview, file, _) = recognized(&long);
    assert_eq!((preview.n_rows, file.card.count), (100_000, 100_000));
    assert!(has(&preview.remarks, "more than 100,000 rows"), "{:?}", preview.remarks);
}

#[test]
fn former_options_of_another_file_do_no_harm() {
    let options = TableOptions {
        delimiter: Some('x'),
        decimal: Some('?'),
        target: Some("speceis".to_owned()),
        features: Some(vec!["sepal length".to_owned(), "weight".to_owned(), "species".to_owned()]),
        ..TableOptions::default()
    };
    let (preview, file) = read("t.csv", IRIS.as_bytes(), &options);
    assert!(
        has(&preview.remarks, "no column \"speceis\" now; there is \"species\""),
        "{:?}",
        preview.remarks
    );
    assert!(has(&preview.remarks, "no column \"weight\" now."), "{:?}", preview.remarks);
    let file = file.expect("a table");
    assert!(matches!(file.card.content, Content::Table { features, .. } if features == ["sepal length"]));
}

#[test]
fn large_numbers_and_unclear_ones() {
    let (preview, file, table) = recognized("x,y\n1e38,0.5\n-3e38,1e-44\n0,2.5\n7,-1e30\n");
    assert_eq!((preview.n_used, file.card.remarks.len()), (4, 0));
    assert!(table.values.iter().all(|value| value.is_finite()));
    let (preview, _, table) = recognized("x;y\n1.234;5\n2.345;1\n3.456;9\n4.567;8\n");
    assert!(has(&preview.remarks, "1.234 and similar numbers were read with a decimal point"));
    assert_eq!(table.values[0], 1.234);
    let options = TableOptions { decimal: Some(','), ..TableOptions::default() };
    assert_eq!(self::table(b"x;y\n1.234;5\n2.345;1\n3.456;9\n4.567;8\n", &options).2.values[0], 1234.0);
}

fn any_options() -> impl Strategy<Value = TableOptions> {
    let character =
        || proptest::option::of(proptest::sample::select(vec![',', ';', '\t', ' ', '|', '.', 'é', '"']));
    let name = || {
        proptest::sample::select(vec!["column 1", "column 2", "a", "b", "species", ""])
            .prop_map(str::to_owned)
    };
    (
        character(),
        character(),
        any::<Option<bool>>(),
        proptest::option::of(name()),
        proptest::option::of(proptest::collection::vec(name(), 0..4)),
        any::<Option<bool>>(),
    )
        .prop_map(|(delimiter, decimal, header, target, features, regression)| TableOptions {
            delimiter,
            decimal,
            header,
            target,
            features,
            regression,
        })
}

/// Reads bytes, and checks what holds for any table.
fn check(bytes: &[u8], options: &TableOptions) {
    let (preview, file) = read("t.csv", bytes, options);
    assert_eq!(preview.problem.is_some(), file.is_none());
    if let Some(file) = file {
        let (_, table) = Table::open(&file.to_bytes()).expect("a data file");
        assert_eq!(table.values.len(), table.len() * table.n_features);
        let [train, test] = table.split(1);
        assert!(!test.is_empty() && train.len() + test.len() == table.len());
        let again = read("t.csv", bytes, &preview.options).1.expect("the same table");
        assert_eq!(again.card.id, file.card.id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), options in any_options()) {
        check(&bytes, &options);
    }

    #[test]
    fn random_cells_are_read_or_refused(
        text in "([0-9]{1,3}[.,;\t| \"#-]{0,2}|a|NA|1e400|b|\n|\r\n|2025-01-0[1-9]|é|\"){0,120}",
        options in any_options(),
    ) {
        check(text.as_bytes(), &options);
    }

    #[test]
    fn random_tables_are_read_or_refused(
        rows in proptest::collection::vec(("[0-9]{1,2}(.[0-9])?", "[0-9]{1,2}(,[0-9])?", "[abc1\"#]|NA|"), 0..30),
        delimiter in proptest::sample::select(vec![",", ";", "\t", " ", "|"]),
        options in any_options(),
    ) {
        let text: String = rows.iter().map(|(a, b, c)| [a, b, c].map(String::as_str).join(delimiter) + "\n").collect();
        check(text.as_bytes(), &options);
    }
}
