//! Addresses that the lab does not understand completely: each part has its sentence, and the rest opens.
#![cfg(feature = "page")]

use nn_lab::core::query::Query;
use nn_lab::coursework::lesson::PAGE;
use nn_lab::panel::{PanelAction, PanelState, page_problems};
use nn_lab::run::any::AnyExperiment;
use nn_lab::sections::mlp::Mlp;
use nn_lab::sections::rnn::Rnn;
use nn_lab::sections::transformer::Transformer;
use std::path::Path;

fn said(query: &str) -> Vec<String> {
    PanelState::read(AnyExperiment::of::<Mlp>(), &Query::parse(query)).warnings().cloned().collect()
}

#[test]
fn each_unknown_key_value_and_name_has_its_sentence() {
    for (query, words) in [
        ("depht=5", "There is no setting “depht”. Did you mean “depth”?"),
        ("seq-len=5", "There is no setting “seq-len”."),
        ("batch-size=5", "There is no setting “batch-size”. Did you mean “batch_size”?"),
        ("device=gpu", "There is no device “gpu”. Did you mean “webgpu”? Known: auto, webgpu, cpu."),
        ("device=toaster", "There is no device “toaster”. Known: auto, webgpu, cpu."),
        ("theme=neon", "There is no theme “neon”. Known: auto, light, dark."),
        ("embed=7", "There is no value “7” of embed. Known: 0, 1."),
        ("hide=nope", "There is no control, figure or part “nope” to hide."),
        (
            "hide=train,preset",
            "There is no control, figure or part “preset” to hide. Did you mean “presets”?",
        ),
        ("lock=seed,dept", "There is no setting “dept” to lock. Did you mean “depth”?"),
        (
            "show=loss,colapse",
            "There is no chapter, figure or experiment “colapse” to show. Did you mean “collapse”?",
        ),
        ("experiment=moon", "There is no experiment “moon” in this section. Did you mean “moons”?"),
        ("preset=nope", "There is no preset “nope” in this section. Known: overfit, curve."),
        ("sweep=depht:2", "There is no setting “depht” to sweep over. Did you mean “depth”?"),
        (
            "sweep=depth:2,4&measure=acuracy",
            "There is no quantity “acuracy” to measure. Did you mean “accuracy”?",
        ),
        ("sweep2=depth:2", "sweep2 needs a sweep; it was ignored."),
        (
            "ask=Why%3F&ask_guess=number&ask_metric=accuracy",
            "There is no metric “accuracy” in this section. Did you mean “accuracy_linear”?",
        ),
        ("ask_guess=number", "ask_guess needs a question in ask; it was ignored."),
        (
            "activation=rellu",
            "activation=rellu is not one of relu, gelu, tanh, sigmoid, identity; it was ignored. Did you mean “relu”?",
        ),
        ("width=99999", "width=99999 was set to 256: it takes whole numbers from 1 to 256."),
    ] {
        assert_eq!(said(query), [words], "{query}");
    }
}

#[test]
fn what_exists_is_not_reported() {
    for query in [
        "",
        "depth=5&seed=2&v=1&device=cpu&theme=dark&embed=1&share=1&seeds=3",
        "hide=train,stop,presets,loss,depth,seeds,sweep,defaults&lock=depth,seeds&autoplay=1",
        "show=all",
        "show=loss,collapse,straight-line&experiment=moons",
        "activation=ReLU&bias=True",
        "sweep=depth:2,4&sweep2=width:2,8&measure=accuracy",
        "ask=Why%3F&ask_guess=number&ask_metric=loss_linear,step,grad_norm_3",
    ] {
        // The version is removed when the address is read.
        let query = query.replace("&v=1", "");
        assert_eq!(said(&query), [""; 0], "{query}");
    }
    // The keys of a newer version are not known yet.
    assert_eq!(said("v=9&layers=3").len(), 1);
}

#[test]
fn a_tidied_address_has_no_problems_and_the_same_settings() {
    let query = Query::parse(
        "depht=5&depth=7&width=99999&preset=nope&device=gpu&theme=neon&hide=nope,loss&lock=x,depth&show=y&\
         experiment=none&measure=loss&seeds=7&ask=Why%3F&ask_guess=song&embed=1&autoplay=maybe",
    );
    let state = PanelState::read(AnyExperiment::of::<Mlp>(), &query);
    assert!(state.warnings().count() > 10);
    let (next, query) = state.after(PanelAction::Tidy, &query);
    assert_eq!(next.warnings().collect::<Vec<_>>(), [""; 0], "{query}");
    assert_eq!(query.to_string(), "embed=1&depth=7&width=256&hide=loss&lock=depth&ask=Why%3F");
    assert_eq!(next.config, state.config);
    // A sweep that cannot start is removed, too.
    let query = Query::parse("sweep=seqlen:2&measure=loss");
    let state = PanelState::read(AnyExperiment::of::<Rnn>(), &query);
    let (next, query) = state.after(PanelAction::Tidy, &query);
    assert_eq!((next.warnings().count(), query.len()), (0, 0));
}

/// A question may ask for a metric that a panel shows, even if no experiment declares it.
#[test]
fn the_metrics_of_panels_can_be_asked_for() {
    fn visit(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                visit(&path, found);
            } else if path.to_string_lossy().contains("panel") {
                let text = std::fs::read_to_string(&path).expect("a file");
                for start in ["Metric::new(\"", "MetricOutput metric=\""] {
                    let names = text.split(start).skip(1).filter_map(|rest| rest.split('"').next());
                    found.extend(names.map(|name| (path.display().to_string(), name.to_owned())));
                }
            }
        }
    }
    let mut found = Vec::new();
    visit(Path::new("src"), &mut found);
    assert!(found.len() >= 8);
    for (path, name) in found {
        let query = Query::from([("ask", "Why?"), ("ask_guess", "number"), ("ask_metric", &name)]);
        let state = PanelState::read(AnyExperiment::of::<Transformer>(), &query);
        assert_eq!(state.warnings().collect::<Vec<_>>(), [""; 0], "{path}: {name}");
    }
}

/// A key that the code reads but the list of keys lacks would be reported as unknown.
#[test]
fn every_key_that_is_read_is_known() {
    fn visit(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                visit(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a file");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                let keys = text.split("query.get(\"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(keys.map(|key| (path.display().to_string(), key.to_owned())));
            }
        }
    }
    let mut found = Vec::new();
    visit(Path::new("src"), &mut found);
    assert!(found.len() >= 15);
    for (path, key) in found {
        let said = said(&format!("{key}=x"));
        let unknown = format!("There is no setting “{key}”");
        // The page of a lesson has keys of its own.
        let on_lesson = page_problems(PAGE, &Query::from([(&*key, "x")]));
        if path.contains("lesson") && !on_lesson.iter().any(|words| words.starts_with(&unknown)) {
            continue;
        }
        assert!(!said.iter().any(|words| words.starts_with(&unknown)), "{path} reads {key}: {said:?}");
    }
}
