//! The model as a diagram and as a list: each part with its equation and its parameters. Pointing at a part marks it in both.

use super::schematic::{Part, schematic};
use crate::charts::Table;
use crate::panel::PtrEq;
use crate::sections::transformer::{Config, PositionsChoice, TextInfo, param_count};
use crate::ui::figure::Figure;
use crate::ui::math::{math, tex};
use crate::ui::readout::format_number;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct BlockProps {
    pub(super) config: Config,
    pub(super) info: Option<PtrEq<TextInfo>>,
}

/// A part of the model, as a row of the list.
struct Row {
    part: Part,
    name: &'static str,
    equation: Html,
    /// The number of parameters in all blocks together.
    params: u64,
}

/// Returns the parts of the model, from input to output.
fn rows(config: &Config, vocabulary: u64) -> Vec<Row> {
    let count = param_count(config, vocabulary);
    let (d, layers) = (u64::from(config.d_model), u64::from(config.layers));
    let row =
        |part, name, equation: &'static str, params| Row { part, name, equation: math(equation), params };
    let mut rows = vec![
        row(Part::Embedding, "embedding", tex!(r"x = E_c"), count.embedding),
        row(
            Part::Positions,
            "position",
            match config.positions {
                PositionsChoice::Sinusoidal => tex!(r"x \leftarrow x + \sqrt{2/d}\, \mathrm{PE}(p)"),
                PositionsChoice::Learned => tex!(r"x \leftarrow x + P_p"),
                PositionsChoice::None => tex!(r"x"),
            },
            count.positions,
        ),
        row(Part::NormAttention, "layer norm", tex!(r"\mathrm{LN}(x)"), layers * 2 * d),
        row(
            Part::Attention,
            "self-attention",
            tex!(r"x \leftarrow x + \mathrm{Attn}(\mathrm{LN}(x))"),
            layers * (4 * d * d + 4 * d),
        ),
    ];
    if config.mlp {
        rows.push(row(Part::NormMlp, "layer norm", tex!(r"\mathrm{LN}(x)"), layers * 2 * d));
        rows.push(row(
            Part::Mlp,
            "MLP",
            tex!(r"x \leftarrow x + \mathrm{MLP}(\mathrm{LN}(x))"),
            layers * (8 * d * d + 5 * d),
        ));
    }
    rows.push(row(Part::FinalNorm, "last layer norm", tex!(r"\mathrm{LN}(x)"), count.norm));
    let head = if config.tied { tex!(r"\mathrm{softmax}(x E^\top)") } else { tex!(r"\mathrm{softmax}(x U)") };
    rows.push(row(Part::Head, "head", head, count.head));
    rows
}

#[component]
pub(super) fn BlockFigure(props: &BlockProps) -> Html {
    let config = &props.config;
    let chosen = use_state_eq(|| Part::Attention);
    let vocabulary = props.info.as_ref().map_or(62, |info| info.0.vocabulary.len());
    let rows = rows(config, vocabulary as u64);
    let total: u64 = rows.iter().map(|row| row.params).sum();
    let on_part = use_callback((), {
        let chosen = chosen.setter();
        move |part: Part, ()| chosen.set(part)
    });
    let table = {
        let config = config.clone();
        Callback::from(move |()| Table {
            columns: ["part", "parameters"].map(str::to_owned).to_vec(),
            rows: self::rows(&config, vocabulary as u64)
                .iter()
                .map(|row| vec![row.name.to_owned(), row.params.to_string()])
                .collect(),
        })
    };
    let line = |row: &Row| {
        let (on_part, part) = (on_part.clone(), row.part);
        let is_chosen = part == *chosen;
        let by_pointer = {
            let on_part = on_part.clone();
            move |_: PointerEvent| on_part.emit(part)
        };
        html! {
            <tr class={is_chosen.then_some("lit")} data-part={part.slug()} data-lit={is_chosen.then_some("")} onpointerenter={by_pointer}>
                <th scope="row"><button type="button" class="quiet" onclick={move |_| on_part.emit(part)}>{ row.name }</button></th>
                <td>{ row.equation.clone() }</td>
                <td>{ if row.params > 0 { format_number(row.params as f64, 12) } else { "0".to_owned() } }</td>
            </tr>
        }
    };
    let blocks = if config.layers == 1 { "1 block".to_owned() } else { format!("{} blocks", config.layers) };
    html! {
        <Figure name="block" picture={false} {table}>
            <div class="block-figure">
                { schematic(config, config.context as usize, vocabulary, *chosen, &on_part) }
                <div>
                    <table class="parts">
                        <thead><tr><th scope="col">{ "part" }</th><th scope="col">{ "equation" }</th><th scope="col">{ "parameters" }</th></tr></thead>
                        <tbody>{ for rows.iter().map(line) }</tbody>
                        <tfoot><tr><th scope="row">{ format!("all, {blocks}") }</th><td></td><td>{ format_number(total as f64, 12) }</td></tr></tfoot>
                    </table>
                    <p class="part-about muted">{ chosen.about(config) }</p>
                </div>
            </div>
        </Figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_sum_to_the_formula() {
        for (mlp, tied, positions) in [
            (true, true, PositionsChoice::Sinusoidal),
            (false, true, PositionsChoice::Learned),
            (true, false, PositionsChoice::None),
        ] {
            let config = Config { mlp, tied, positions, ..Config::default() };
            let sum: u64 = rows(&config, 62).iter().map(|row| row.params).sum();
            assert_eq!(sum, param_count(&config, 62).total());
        }
    }
}
