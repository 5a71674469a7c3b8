//! The residual stream of the model before training, and the layer norm that its first attention reads.

use super::text;
use crate::charts::{Bar, BarChart, ChartHeight, Table};
use crate::panel::PtrEq;
use crate::sections::transformer::{Config, Stream, Untrained};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use std::rc::Rc;
use yew::prelude::*;

/// The number of components in the picture of layer norm.
const SHOWN: usize = 16;
/// The height of the charts, in pixels.
const CHART_HEIGHT: f64 = 190.0;

#[derive(PartialEq, Properties)]
pub(super) struct StreamProps {
    pub(super) config: Config,
    pub(super) untrained: Option<PtrEq<Untrained>>,
}

#[component]
pub(super) fn StreamFigures(props: &StreamProps) -> Html {
    let stream = use_memo(props.untrained.clone(), |untrained| {
        untrained.as_ref().map(|untrained| untrained.0.stream.clone()).unwrap_or_default()
    });
    let mlp = props.config.mlp;
    let norm_bars = use_memo(stream.clone(), |stream| Rc::new(norm_bars(stream)));
    let stream_bars = use_memo((stream.clone(), mlp), |(stream, mlp)| Rc::new(stream_bars(stream, *mlp)));
    let (norm_table, stream_table) = (table("component", ["before", "after"], &norm_bars), {
        table("part", ["length of what it adds", "length of the stream after it"], &stream_bars)
    });
    let [before, after] = [&stream.start, &stream.normalized].map(|row| moments(row));
    let numbers = |(mean, variance): (f64, f64)| {
        format!("mean {}, variance {}", format_number(mean, 2), format_number(variance, 3))
    };
    html! {
        <ContextProvider<ChartHeight> context={ChartHeight(CHART_HEIGHT)}>
        <div class="figure-row">
            <Figure name="layer-norm" formula={text::layer_norm_formula()} table={norm_table}
                look_for={html! { <>{ format!("The vector of the window’s last character in the model before training, its first {SHOWN} components. Before: {}. After: {}, over all components.", numbers(before), numbers(after)) }</> }}>
                <BarChart name="Layer norm" x_label="component" y_label="value" groups={vec!["before".into(), "after".into()]} bars={(*norm_bars).clone()} empty="computing…" />
            </Figure>
            <Figure name="stream" table={stream_table}
                look_for={html! { <>{ "Lengths at the window’s last character, before training. Each branch adds a vector to the stream, and nothing is ever overwritten. The embedding stays readable in the last layer." }</> }}>
                <BarChart name="The residual stream" x_label="part" y_label="length" groups={vec!["what it adds".into(), "the stream after it".into()]} bars={(*stream_bars).clone()} empty="computing…" />
            </Figure>
        </div>
        </ContextProvider<ChartHeight>>
    }
}

/// Returns the mean and the variance of a vector.
fn moments(row: &[f32]) -> (f64, f64) {
    let n = row.len().max(1) as f64;
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    (mean, row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n)
}

fn norm_bars(stream: &Stream) -> Vec<Bar> {
    let pairs = stream.start.iter().zip(&stream.normalized).take(SHOWN).enumerate();
    pairs
        .map(|(i, (&x, &y))| Bar { label: (i + 1).to_string().into(), values: vec![x.into(), y.into()] })
        .collect()
}

/// Returns the lengths after the embedding and after each branch, with the length of what it adds.
fn stream_bars(stream: &Stream, mlp: bool) -> Vec<Bar> {
    let name = |branch: usize| match (mlp, branch % 2) {
        (true, 0) => format!("attn {}", branch / 2 + 1),
        (true, _) => format!("MLP {}", branch / 2 + 1),
        (false, _) => format!("attn {}", branch + 1),
    };
    let Some((start, after)) = stream.lengths.split_first() else { return Vec::new() };
    let first = Bar { label: "start".into(), values: vec![f64::from(*start), f64::from(*start)] };
    let branches = stream.added.iter().zip(after).enumerate();
    let branches = branches.map(|(i, (&added, &length))| Bar {
        label: name(i).into(),
        values: vec![added.into(), length.into()],
    });
    std::iter::once(first).chain(branches).collect()
}

fn table(first: &'static str, groups: [&'static str; 2], bars: &Rc<Vec<Bar>>) -> Callback<(), Table> {
    let bars = bars.clone();
    Callback::from(move |()| Table {
        columns: std::iter::once(first).chain(groups).map(str::to_owned).collect(),
        rows: bars
            .iter()
            .map(|bar| {
                std::iter::once(bar.label.to_string())
                    .chain(bar.values.iter().map(|value| format!("{value:.5}")))
                    .collect()
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_named_and_moments_computed() {
        let stream = Stream { lengths: vec![1.0, 2.0, 3.0], added: vec![0.5, 0.25], ..Stream::default() };
        let names =
            |mlp| stream_bars(&stream, mlp).iter().map(|bar| bar.label.to_string()).collect::<Vec<_>>();
        assert_eq!(
            (names(true), names(false)),
            (
                vec!["start".into(), "attn 1".into(), "MLP 1".into()],
                vec!["start".into(), "attn 1".into(), "attn 2".into()],
            )
        );
        assert_eq!(stream_bars(&stream, true)[2].values, [0.25, 3.0]);
        assert!(stream_bars(&Stream::default(), true).is_empty());
        assert_eq!(moments(&[1.0, 3.0]), (2.0, 1.0));
    }
}
