//! A sentence whose words the visitor reorders: its attention map and outputs before and after.

use crate::charts::{ColorMap, Grid, Heatmap, Table};
use crate::sections::attention::{OrderSource, WORDS, attend, differences, is_rounding};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

/// The order of the words, the word that was picked to be swapped, and what tells the layer about the order.
#[derive(Clone, Debug, PartialEq)]
struct OrderState {
    order: Vec<usize>,
    picked: Option<usize>,
    source: OrderSource,
}

/// "dog" and "man" have changed places.
const MAN_BITES_DOG: [usize; WORDS.len()] = [0, 1, 5, 3, 4, 2];

impl Default for OrderState {
    fn default() -> Self {
        Self { order: MAN_BITES_DOG.to_vec(), picked: None, source: OrderSource::Nothing }
    }
}

enum Action {
    /// Picks the word at a position, or swaps it with the one that is picked.
    Pick(usize),
    /// Moves each word to the next position.
    Rotate,
    /// Restores the order of the sentence.
    Restore,
    Tell(OrderSource),
}

impl Reducible for OrderState {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            Action::Pick(position) => match next.picked.take() {
                Some(other) if other != position => next.order.swap(other, position),
                Some(_) => {}
                None => next.picked = Some(position),
            },
            Action::Rotate => next.order.rotate_right(1),
            Action::Restore => next = Self { order: (0..WORDS.len()).collect(), picked: None, ..next },
            Action::Tell(source) => next.source = source,
        }
        Rc::new(next)
    }
}

/// Returns the words in an order.
fn words(order: &[usize]) -> Rc<Vec<AttrValue>> {
    let word = |index: &usize| AttrValue::from(WORDS.get(*index).copied().unwrap_or_default());
    Rc::new(order.iter().map(word).collect())
}

const SOURCES: [(OrderSource, &str, &str); 3] = [
    (OrderSource::Nothing, "nothing", "Nothing"),
    (OrderSource::Positions, "positions", "Position encodings"),
    (OrderSource::CausalMask, "causal", "A causal mask"),
];

/// The sentence, its map, and the map after words were swapped.
#[component]
pub(super) fn OrderFigure() -> Html {
    let state = use_reducer(OrderState::default);
    let OrderState { order, picked, source } = &*state;
    let original: Vec<usize> = (0..WORDS.len()).collect();
    let (before, after) = (attend(&original, *source), attend(order, *source));
    let changes = differences(order, *source);
    let largest = changes.iter().copied().fold(0.0, f32::max);
    let act = |action: fn() -> Action| {
        let dispatcher = state.dispatcher();
        Callback::from(move |_: MouseEvent| dispatcher.dispatch(action()))
    };
    let pick = |position: usize| {
        let dispatcher = state.dispatcher();
        Callback::from(move |_: MouseEvent| dispatcher.dispatch(Action::Pick(position)))
    };
    let button = |(position, word): (usize, &AttrValue)| {
        html! {
            <button type="button" key={word.to_string()} data-word={position.to_string()} aria-pressed={(*picked == Some(position)).to_string()} onclick={pick(position)}>{ word.clone() }</button>
        }
    };
    let tell = |(of, slug, label): &(OrderSource, &'static str, &'static str)| {
        let (of, dispatcher) = (*of, state.dispatcher());
        let onchange = Callback::from(move |_: Event| dispatcher.dispatch(Action::Tell(of)));
        html! {
            <label><input type="radio" name="order-source" data-order-source={*slug} checked={*source == of} {onchange} />{ " " }{ *label }</label>
        }
    };
    let map = |title: &'static str, order: &[usize], weights: &[f32]| {
        let n = order.len();
        let grid = Grid { rows: n, cols: n, values: Rc::new(weights.to_vec()) };
        html! {
            <div class="order-map">
                <p class="head-title">{ title }</p>
                <Heatmap name={title} {grid} map={ColorMap::Sequential} range={Some((0.0, 1.0))} x_label="key" y_label="query" value_label="weight"
                    row_names={words(order)} col_names={words(order)} color_bar={false} max_height={180.0} />
            </div>
        }
    };
    let table = {
        let (order, changes, before, after) = (order.clone(), changes.clone(), before.clone(), after.clone());
        Callback::from(move |()| outputs(&order, &changes, &before.outputs, &after.outputs))
    };
    let verdict = match is_rounding(largest) {
        true => "Rounding only: the layer cannot tell the two sentences apart.",
        false => "The layer can tell the two sentences apart.",
    };
    let change = |(word, change): (&AttrValue, &f32)| {
        html! { <tr><th scope="row">{ word.clone() }</th><td data-change={word.to_string()} data-value={change.to_string()}>{ difference(*change) }</td></tr> }
    };
    let look_for = html! { "A layer of eight dimensions with fixed random weights, computed on this page in 32-bit arithmetic. Click two words to swap them. Without positions and mask, rows and columns of the map move with the words, and so do the outputs (permutation equivariance)." };
    let names = words(order);
    html! {
        <Figure name="order" {look_for} {table}>
            <div class="order-figure">
                <div class="order-words">
                    <div role="group" aria-label="Words: choose two to swap them">{ for names.iter().enumerate().map(button) }</div>
                    <button type="button" class="quiet" data-action="order-rotate" onclick={act(|| Action::Rotate)}>{ "Rotate" }</button>
                    <button type="button" class="quiet" data-action="order-restore" onclick={act(|| Action::Restore)}>{ "Original order" }</button>
                </div>
                <div class="order-maps">
                    { map("Original order", &original, &before.weights) }
                    { map("New order", order, &after.weights) }
                    <div class="order-result">
                        <fieldset class="order-source"><legend>{ "The layer sees the order from" }</legend>{ for SOURCES.iter().map(tell) }</fieldset>
                        <table>
                            <caption>{ "Change of each word’s output" }</caption>
                            <tbody>{ for names.iter().zip(&changes).map(change) }</tbody>
                        </table>
                        <p class="order-verdict" role="status"><strong data-order="difference" data-value={largest.to_string()}>{ format!("Largest: {}. ", difference(largest)) }</strong>{ verdict }</p>
                    </div>
                </div>
            </div>
        </Figure>
    }
}

/// Writes a difference in few characters.
fn difference(number: f32) -> String {
    match number {
        small if small < f32::MIN_POSITIVE => "0".to_owned(),
        small if small < 1e-3 => format!("{small:.1e}"),
        large => format!("{large:.2}"),
    }
}

/// Returns the output of each word in both orders.
fn outputs(order: &[usize], changes: &[f32], before: &[[f32; 8]], after: &[[f32; 8]]) -> Table {
    let mut columns = vec!["word".to_owned(), "largest change".to_owned()];
    columns.extend((1..=8).map(|dim| format!("before {dim}")));
    columns.extend((1..=8).map(|dim| format!("after {dim}")));
    let row = |((word, change), after): ((&usize, &f32), &[f32; 8])| {
        let name = WORDS.get(*word).copied().unwrap_or_default();
        let mut row = vec![name.to_owned(), change.to_string()];
        row.extend(before.get(*word).into_iter().flatten().chain(after).map(f32::to_string));
        row
    };
    Table { columns, rows: order.iter().zip(changes).zip(after).map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clicks_swap_two_words() {
        let at = |actions: Vec<Action>| {
            actions.into_iter().fold(Rc::new(OrderState::default()), |state, action| state.reduce(action))
        };
        assert_eq!(at(vec![Action::Pick(2), Action::Pick(5)]).order, [0, 1, 2, 3, 4, 5]);
        let twice = at(vec![Action::Restore, Action::Pick(1), Action::Pick(1)]);
        assert_eq!((twice.order[1], twice.picked), (1, None));
        assert_eq!(at(vec![Action::Restore, Action::Rotate]).order, [5, 0, 1, 2, 3, 4]);
        let told = at(vec![Action::Tell(OrderSource::Positions), Action::Restore]);
        assert_eq!(told.source, OrderSource::Positions);
    }

    #[test]
    fn differences_are_short() {
        assert_eq!(
            (difference(0.0), difference(1.19e-7), difference(0.456)),
            ("0".into(), "1.2e-7".into(), "0.46".into())
        );
    }
}
