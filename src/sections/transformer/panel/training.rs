//! The loss with its baselines, and the text.

use super::chars::visible;
use super::text;
use crate::charts::Reference;
use crate::panel::{CurveFigure, CurveSpec, PtrEq};
use crate::sections::transformer::TextInfo;
use crate::ui::readout::format_number;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct LossProps {
    pub(super) steps: u32,
    pub(super) info: Option<PtrEq<TextInfo>>,
}

const LOSSES: &[CurveSpec] = &[
    CurveSpec::new("loss_train", "training"),
    CurveSpec { color: 1, ..CurveSpec::new("loss_val", "validation") },
];

/// Returns the baselines as reference lines of a chart.
pub(super) fn baselines(info: Option<&PtrEq<TextInfo>>) -> Vec<Reference> {
    let line = |label: &'static str, y: f64| Reference { label: label.into(), y };
    info.map_or_else(Vec::new, |text| {
        let uniform = line("uniform", text.0.uniform);
        // If all tokens are equally frequent, the three baselines are equal.
        if text.0.order_unknown.is_some() {
            return vec![uniform];
        }
        vec![uniform, line("unigram", text.0.unigram), line("bigram", text.0.bigram)]
    })
}

#[component]
pub(super) fn LossFigure(props: &LossProps) -> Html {
    let references = baselines(props.info.as_ref());
    html! {
        <CurveFigure name="loss" lines={LOSSES} y_label="loss (nats per character)" formula={text::loss_formula()} {references}
            look_for={html! { <>{ "The dotted lines are baselines: uniform, unigram (how often each character occurs) and bigram (which character came before). Unigram and bigram are counted in the training part and measured on the same held-out characters as the model. Below the bigram baseline, the model uses more than one character of context." }</> }}
            x_max={Some(f64::from(props.steps))} empty="Curves appear here while the model trains." />
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct TextProps {
    pub(super) info: Option<PtrEq<TextInfo>>,
}

/// The training text.
#[component]
pub(super) fn TextFigure(props: &TextProps) -> Html {
    let Some(PtrEq(info)) = &props.info else {
        return html! { <p class="muted">{ "Reading the text…" }</p> };
    };
    let split = match info.order_unknown {
        None => format!(
            "{} for training, the last {} for validation; {} distinct characters: ",
            format_number(f64::from(info.train), 9),
            format_number(f64::from(info.validation), 9),
            info.vocabulary.len()
        ),
        Some(_) => format!(
            "A new batch at every step; {} tokens for validation; {} distinct tokens: ",
            format_number(f64::from(info.validation), 9),
            info.vocabulary.len()
        ),
    };
    let title = match info.order_unknown {
        None => {
            format!("{}: {} characters", info.name, format_number(f64::from(info.train + info.validation), 9))
        }
        Some(_) => info.name.clone(),
    };
    let folded = match info.folded {
        (0, _) => String::new(),
        (chars, kinds) => format!(" {chars} characters of {kinds} rare kinds are read as �."),
    };
    let vocabulary: String = info.vocabulary.iter().map(|&c| visible(c)).collect();
    html! {
        <div class="about-text">
            <h2>{ title }</h2>
            <p>
                { split }
                <code class="vocabulary">{ vocabulary }</code>{ "." }{ folded }
            </p>
            <pre class="first-lines" tabindex="0" role="region" aria-label="The first lines of the text">{ info.first_lines.clone() }</pre>
        </div>
    }
}
