//! Guided experiments: a question, a set-up, a prediction, and an answer that is computed from what was measured.

/// One guided experiment of a section with settings `C` and records `R`.
#[derive(Debug)]
pub struct GuidedExperiment<C: 'static, R: 'static> {
    /// Its name in addresses: `#/rnn?experiment=forget-bias`. No chapter and no figure of the section has the same.
    pub slug: &'static str,
    /// The chapter whose figures show it.
    pub chapter: &'static str,
    /// The figures of that chapter that go with it when it stands alone in a course page.
    pub figures: &'static [&'static str],
    /// What is asked, in one sentence.
    pub question: &'static str,
    /// The settings that differ from the defaults, written as in an address.
    pub values: &'static [(&'static str, &'static str)],
    /// Whether the answer needs a run; what the probe measures is there without one.
    pub trains: bool,
    pub prediction: Prediction,
    /// The answer, once everything that it rests on has been measured.
    pub answer: fn(&C, &R) -> Option<Answer>,
    /// Why it comes out so, in two or three sentences.
    pub reason: &'static str,
    /// Where the reason can be read up: title and address.
    pub source: (&'static str, &'static str),
}

/// What a student predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prediction {
    /// The value of one of the section's numbers.
    Number { metric: &'static str },
    /// One of some answers.
    Choice(&'static [&'static str]),
    /// One of the section's curves over the steps of the run, on an axis with these ends.
    Curve { metric: &'static str, low: f64, high: f64 },
}

/// What the measurement says.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// In words that differ with the outcome and name the numbers that they rest on.
    pub words: String,
    /// Which of the offered answers came out, by its place; `None` where none of them did, or none was offered.
    pub choice: Option<usize>,
    /// The numbers that the words rest on, by name.
    pub numbers: Vec<(&'static str, f64)>,
}

/// A share in the words of an answer.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// All of an experiment that does not depend on the section's types.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuidedInfo {
    pub slug: &'static str,
    pub chapter: &'static str,
    pub figures: &'static [&'static str],
    pub question: &'static str,
    pub values: &'static [(&'static str, &'static str)],
    pub trains: bool,
    pub prediction: Prediction,
    pub reason: &'static str,
    pub source: (&'static str, &'static str),
}

impl<C, R> GuidedExperiment<C, R> {
    /// What the page shows of it before anything has been measured.
    pub fn info(&self) -> GuidedInfo {
        GuidedInfo {
            slug: self.slug,
            chapter: self.chapter,
            figures: self.figures,
            question: self.question,
            values: self.values,
            trains: self.trains,
            prediction: self.prediction,
            reason: self.reason,
            source: self.source,
        }
    }
}

/// What names in `show` come to: an experiment brings its figures, or its whole chapter where it names none. Also the
/// first experiment that is named.
pub fn expanded(guided_infos: &[GuidedInfo], show: &[String]) -> (Vec<String>, Option<GuidedInfo>) {
    let named = |name: &String| guided_infos.iter().find(|info| info.slug == name).copied();
    let names = show.iter().flat_map(|name| match named(name) {
        None => vec![name.clone()],
        Some(GuidedInfo { figures: [], chapter, .. }) => vec![chapter.to_owned()],
        Some(GuidedInfo { figures, .. }) => figures.iter().map(ToString::to_string).collect(),
    });
    (names.collect(), show.iter().find_map(named))
}

#[cfg(test)]
mod tests {
    use crate::core::guided::*;

    const OUTLINE: GuidedInfo = GuidedInfo {
        slug: "bias",
        chapter: "memory",
        figures: &["loss", "gates"],
        question: "Does it matter?",
        values: &[],
        trains: true,
        prediction: Prediction::Choice(&["yes", "no"]),
        reason: "",
        source: ("", ""),
    };

    #[test]
    fn an_experiment_alone_brings_its_figures() {
        let whole = GuidedInfo { slug: "whole", figures: &[], ..OUTLINE };
        let show = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let (names, info) = expanded(&[OUTLINE, whole], &names);
            (names.join(" "), info.map(|info| info.slug))
        };
        assert_eq!(show(&["bias"]), ("loss gates".to_owned(), Some("bias")));
        assert_eq!(show(&["cell", "whole"]), ("cell memory".to_owned(), Some("whole")));
        assert_eq!(show(&["cell"]), ("cell".to_owned(), None));
    }
}
