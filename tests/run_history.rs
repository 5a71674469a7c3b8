//! The list of saved runs: limits, deleting, renaming, and storing.

use crate::run_record::{example_record, stored};
use nn_lab::saved_runs::history::{MAX_OPENED, MAX_UNPINNED, STORED_POINTS};
use nn_lab::saved_runs::{History, Origin, RemovalCause, RunRecord, format};
use nn_lab::sections::mlp::Mlp;
use nn_lab::sections::rnn::Rnn;
use std::rc::Rc;

#[test]
fn ten_unpinned_runs_and_all_pinned_runs_are_kept() {
    let mut history = History::default();
    for id in 0..4 {
        history.add(id, example_record());
    }
    history.pin(1, true);
    for _ in 0..20 {
        // All request the same id.
        history.add(7, example_record());
    }
    let names: Vec<_> = history.runs.iter().map(|run| run.name.as_str()).collect();
    assert_eq!(names.len(), MAX_UNPINNED + 1);
    assert_eq!((names.first(), names.last()), (Some(&"Run 2"), Some(&"Run 24")));
    let mut ids: Vec<_> = history.runs.iter().map(|run| run.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), names.len());
    history.pin(1, false);
    assert_eq!(history.runs.len(), MAX_UNPINNED);
    assert!(history.get(1).is_none(), "the oldest goes when it is pinned no longer");
}

/// Returns files of the same run, with numbers as names.
fn files(numbers: std::ops::Range<usize>) -> Vec<(String, RunRecord)> {
    numbers.map(|number| (format!("{number}.json"), example_record())).collect()
}

#[test]
fn opened_files_never_displace_runs_of_this_panel() {
    let mut history = History::default();
    for id in 0..MAX_UNPINNED as u64 {
        history.add(id, example_record());
    }
    history.open(100, files(0..MAX_OPENED));
    assert_eq!((history.runs.len(), history.removed()), (MAX_UNPINNED + MAX_OPENED, None));
    // One file more removes the oldest file, one run more the oldest run; both can be restored.
    history.open(900, files(900..901));
    let removed = |history: &History| {
        let removed = history.removed().expect("it is remembered");
        (removed.cause, removed.runs().map(|run| run.name.clone()).collect::<Vec<_>>())
    };
    assert_eq!(removed(&history), (RemovalCause::Limit, vec!["0".to_owned()]));
    history.add(200, example_record());
    assert_eq!(removed(&history), (RemovalCause::Limit, vec!["Run 1".to_owned()]));
    history.undo();
    assert_eq!(history.runs.first().map(|run| (run.name.as_str(), run.pinned)), Some(("Run 1", true)));
    let own = |history: &History| history.runs.iter().filter(|run| run.origin == Origin::Here).count();
    assert_eq!((own(&history), history.removed()), (MAX_UNPINNED + 1, None));
    // A full store first gives up opened files.
    let mut stored = history.clone();
    for _ in 0..MAX_OPENED {
        assert_eq!(stored.drop_oldest(), Some(Origin::File));
    }
    assert_eq!((own(&stored), stored.drop_oldest()), (MAX_UNPINNED + 1, Some(Origin::Here)));
    // All of them are stored, with the names of their files.
    let (read, warnings) = stored_list(&history);
    assert_eq!((read.runs.len(), warnings.len()), (history.runs.len(), 0));
    assert!(read.get(101).is_some_and(|run| run.name == "1" && run.origin == Origin::File));
    // All opened files are removed and restored at once.
    history.delete_opened();
    assert_eq!(history.runs.len(), own(&history));
    history.undo();
    assert_eq!(history.runs.len(), MAX_UNPINNED + 1 + MAX_OPENED);
}

fn stored_list(history: &History) -> (History, Vec<String>) {
    stored::<Mlp>(&history.to_text())
}

#[test]
fn a_run_of_another_version_says_that_its_numbers_will_differ() {
    let of = |version: &str| RunRecord { lab_version: version.to_owned(), ..example_record() };
    assert_eq!(format::rerun_note(&of("0.2.0"), "0.2.0"), None);
    assert_eq!(
        format::rerun_note(&of("0.1.0"), "0.2.0").as_deref(),
        Some(
            "This run was written by version 0.1.0. Version 0.2.0 draws other initial weights, so the numbers will differ."
        )
    );
    for (wrote, now) in [("0.2.0", "0.3.0"), ("0.9.1", "0.2.0"), ("\u{7}x", "0.2.0"), ("0.1.0", "0.1.1")] {
        let note = format::rerun_note(&of(wrote), now).unwrap_or_default();
        assert!(note.ends_with("the numbers may differ.") && !note.contains('\u{7}'), "{note}");
    }
    let note = format::rerun_note(&of(&"9".repeat(500)), "0.2.0").unwrap_or_default();
    assert!(note.len() < 120, "{note}");
}

#[test]
fn undo_restores_a_deleted_run_to_its_position() {
    let mut history = History::default();
    for id in 1..=3 {
        history.add(id, example_record());
    }
    history.delete(2);
    history.delete(99);
    let removed = |history: &History| {
        history.removed().map(|removed| (removed.cause, removed.runs().map(|run| run.id).collect::<Vec<_>>()))
    };
    assert_eq!(removed(&history), Some((RemovalCause::Deleted, vec![2])));
    assert_eq!(history.runs.len(), 2);
    history.undo();
    assert_eq!(history.runs.iter().map(|run| run.id).collect::<Vec<_>>(), [1, 2, 3]);
    history.undo();
    assert_eq!(history.runs.len(), 3);
}

#[test]
fn runs_can_be_renamed_but_files_cannot() {
    let mut history = History::default();
    let ours = history.add(1, example_record());
    history.open(2, vec![("Ana's run.json".to_owned(), example_record())]);
    let file = 2;
    let name = |history: &History, id| history.get(id).expect("there").name.clone();
    assert_eq!(name(&history, file), "Ana's run");
    history.open(
        9,
        vec![("Ana's run.json".to_owned(), example_record()), (".json".to_owned(), example_record())],
    );
    assert_eq!([name(&history, 9), name(&history, 10)], ["Ana's run (2)", "File"]);
    let long = format!("{}.json", "ä".repeat(90));
    history.open(20, vec![(long.clone(), example_record()), (long, example_record())]);
    assert_eq!(name(&history, 21), format!("{} (2)", "ä".repeat(55)), "it is stored completely");
    history.rename(ours, "  deep\u{7} one ");
    history.rename(file, "mine");
    assert_eq!(name(&history, ours), "deep one");
    assert_eq!(name(&history, file), "Ana's run");
    history.rename(ours, "   ");
    assert_eq!(name(&history, ours), "deep one");
    history.rename(ours, &"ä".repeat(500));
    assert_eq!(name(&history, ours).chars().count(), 60);
    let next = history.add(3, example_record());
    assert_eq!(history.before(next).map(|run| run.id), Some(ours), "a file is no run of this panel");
}

#[test]
fn a_damaged_run_in_storage_does_not_affect_the_others() {
    let mut history = History::default();
    for id in 1..=3 {
        history.add(id, example_record());
    }
    let text = history.to_text();
    let damaged = text.replacen("\"depth\":3", "\"depth\":0", 2).replacen("\"depth\":0", "\"depth\":3", 1);
    let (read, warnings) = stored::<Mlp>(&damaged);
    assert_eq!(read.runs.iter().map(|run| run.id).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("Stored run 2"), "{warnings:?}");
    for text in ["", "{", "[]", "{\"version\":9,\"runs\":[]}", "{\"version\":1}", "null"] {
        let (read, warnings) = stored::<Mlp>(text);
        assert_eq!((read.runs.len(), warnings.len()), (0, 1), "{text}");
    }
    let (_, warnings) = stored::<Rnn>(&text);
    assert_eq!(warnings.len(), 3, "runs of another section");
}

#[test]
fn long_series_are_stored_thinned_with_their_original_length() {
    let mut long = example_record();
    let points: Vec<_> = (1..=20_000).map(|step| (f64::from(step), 1.0)).collect();
    long.series[0].points = Rc::new(points);
    let mut history = History::default();
    history.add(1, long.clone());
    let (read, warnings) = stored::<Mlp>(&history.to_text());
    assert!(warnings.is_empty());
    let series = &read.runs[0].record.series[0];
    assert!(series.points.len() <= STORED_POINTS && series.points.len() > STORED_POINTS / 2);
    assert_eq!(series.thinned_from, Some(20_000));
    assert_eq!((series.points[0].0, series.points[series.points.len() - 1].0), (1.0, 20_000.0));
    assert_eq!(read.runs[0].record.series[1].thinned_from, None);
    // A run that this window has in full stays complete when another window stores something.
    let followed = history.follow(read);
    assert_eq!(followed.runs[0].record.series[0].points.len(), 20_000);
    // A hundred runs of a default length fit into the five megabytes that browsers allow.
    let mut usual = example_record();
    usual.series.truncate(2);
    for series in &mut usual.series {
        series.points =
            Rc::new((1..=1500).map(|step| (f64::from(step), f64::from(1.0f32 / step as f32))).collect());
    }
    assert!(usual.to_json().len() < 80_000, "{}", usual.to_json().len());
}
