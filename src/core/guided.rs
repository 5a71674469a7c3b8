//! Guided experiments: a question, a setup, a prediction, and an answer computed from the measurements.

/// A guided experiment of a section with settings `C` and records `R`.
pub type GuidedExperiment<C, R> = Guided<fn(&C, &R) -> Option<Answer>>;

/// A guided experiment without its answer, which depends on the section's types.
pub type GuidedInfo = Guided<()>;

/// A guided experiment whose answer has the type `A`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guided<A> {
    /// The name in addresses: `#/rnn?experiment=forget-bias`. It differs from the names of the section's
    /// chapters and figures.
    pub slug: &'static str,
    /// The chapter whose figures show the experiment.
    pub chapter: &'static str,
    /// The figures of that chapter to show when the experiment is embedded alone; all of them if empty.
    pub figures: &'static [&'static str],
    /// The question, in one sentence.
    pub question: &'static str,
    /// The settings that differ from the defaults, written as in an address.
    pub values: &'static [(&'static str, &'static str)],
    /// True if the answer needs a run. The measurements of the probe are there without one.
    pub trains: bool,
    /// The kind of prediction.
    pub prediction: Prediction,
    /// Returns the answer, or `None` before everything it needs is measured.
    pub answer: A,
    /// The explanation, in two or three sentences.
    pub reason: &'static str,
    /// The title and the URL of a source for the explanation.
    pub source: (&'static str, &'static str),
}

/// The quantity that a student predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prediction {
    /// The value of one of the section's metrics.
    Number {
        /// The name of the metric.
        metric: &'static str,
    },
    /// One of these answers.
    Choice(&'static [&'static str]),
    /// One of the section's curves over the steps of the run.
    Curve {
        /// The name of the curve.
        metric: &'static str,
        /// The minimum of the y axis.
        low: f64,
        /// The maximum of the y axis.
        high: f64,
    },
}

/// The answer that the measurements give.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The answer in words, which depend on the outcome and quote the numbers.
    pub words: String,
    /// The index of the offered answer that is right; `None` if none of them is, or none was offered.
    pub choice: Option<usize>,
    /// The numbers that the words quote, by name.
    pub numbers: Vec<(&'static str, f64)>,
}

/// Returns a fraction in percent, for the words of an answer.
pub fn percent(fraction: f64) -> String {
    format!("{:.1}%", 100.0 * fraction)
}

impl<A> Guided<A> {
    /// Returns the experiment without its answer.
    pub fn info(&self) -> GuidedInfo {
        Guided {
            slug: self.slug,
            chapter: self.chapter,
            figures: self.figures,
            question: self.question,
            values: self.values,
            trains: self.trains,
            prediction: self.prediction,
            answer: (),
            reason: self.reason,
            source: self.source,
        }
    }
}

/// Replaces the experiments named in `show` by their figures, or by their chapter if they have none. Also
/// returns the first experiment that is named.
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

    const INFO: GuidedInfo = GuidedInfo {
        slug: "bias",
        chapter: "memory",
        figures: &["loss", "gates"],
        question: "Does it matter?",
        values: &[],
        trains: true,
        prediction: Prediction::Choice(&["yes", "no"]),
        answer: (),
        reason: "",
        source: ("", ""),
    };

    #[test]
    fn an_experiment_is_replaced_by_its_figures() {
        let whole = GuidedInfo { slug: "whole", figures: &[], ..INFO };
        let show = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let (names, info) = expanded(&[INFO, whole], &names);
            (names.join(" "), info.map(|info| info.slug))
        };
        assert_eq!(show(&["bias"]), ("loss gates".to_owned(), Some("bias")));
        assert_eq!(show(&["cell", "whole"]), ("cell memory".to_owned(), Some("whole")));
        assert_eq!(show(&["cell"]), ("cell".to_owned(), None));
    }
}
