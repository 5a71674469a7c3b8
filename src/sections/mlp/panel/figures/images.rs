//! Sample images with the class that a network predicts.

use crate::charts::Table;
use crate::data::classes::FASHION_MNIST;
use crate::ui::figure::Figure;
use crate::ui::picture::{Picture, photograph};
use std::rc::Rc;
use yew::prelude::*;

fn class_name(class: u8) -> &'static str {
    FASHION_MNIST.get(usize::from(class)).copied().unwrap_or("unknown")
}

#[derive(PartialEq, Properties)]
pub(super) struct ImagesProps {
    pub(super) name: AttrValue,
    pub(super) title: AttrValue,
    pub(super) side: usize,
    /// `[n, side, side]` gray values.
    pub(super) pixels: Vec<u8>,
    pub(super) labels: Vec<u8>,
    /// The predicted classes; empty before the first prediction.
    pub(super) predictions: Vec<u8>,
}

#[component]
pub(super) fn Images(props: &ImagesProps) -> Html {
    let size = (props.side * props.side).max(1);
    let thumbnail = |(i, (&label, pixels)): (usize, (&u8, &[u8]))| {
        let predicted = props.predictions.get(i).copied();
        let (verdict, mark) = match predicted {
            Some(class) if class == label => ("right", "✓"),
            Some(_) => ("wrong", "✗"),
            None => ("open", ""),
        };
        let answer = predicted.map_or("–", class_name);
        html! {
            <li data-verdict={verdict}>
                <Picture side={props.side} rgba={Rc::new(photograph(1, pixels))} label={class_name(label)} />
                <span>{ mark }{ " " }{ answer }</span>
            </li>
        }
    };
    let rows = {
        let (labels, predictions) = (props.labels.clone(), props.predictions.clone());
        Callback::from(move |()| Table {
            columns: ["image", "class", "predicted"].map(str::to_owned).to_vec(),
            rows: labels
                .iter()
                .enumerate()
                .map(|(i, &label)| {
                    let predicted = predictions.get(i).map_or("–", |&class| class_name(class));
                    vec![(i + 1).to_string(), class_name(label).to_owned(), predicted.to_owned()]
                })
                .collect(),
        })
    };
    let look_for = html! { <>{ "Test images with the class that the network predicts: ✓ marks correct predictions, ✗ errors." }</> };
    html! {
        <Figure name={props.name.clone()} title={props.title.clone()} {look_for} table={rows}>
            <ul class="samples mlp-samples">{ for props.labels.iter().zip(props.pixels.chunks(size)).enumerate().map(thumbnail) }</ul>
        </Figure>
    }
}
