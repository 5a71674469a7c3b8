//! The figures of the chapter with the user's own pictures: what the networks say about held-out pictures, and how much better they
//! are on those that they have seen.

use crate::charts::{Reference, Table, color};
use crate::panel::share::chapter_hash;
use crate::panel::{AnySettings, CurveFigure, CurveSpec};
use crate::ui::figure::Figure;
use crate::ui::picture::Picture;
use std::rc::Rc;
use yew::prelude::*;

/// The name of the chapter in addresses.
const OWN_CHAPTER: &str = "own";

/// The properties of [`HeldOut`].
#[derive(Debug, PartialEq, Properties)]
pub struct HeldOutProps {
    /// The width and height of the pictures in pixels.
    pub side: usize,
    /// Their pixels as RGBA.
    pub pictures: Rc<Vec<Rc<Vec<u8>>>>,
    /// Their classes.
    pub labels: Vec<u8>,
    /// The names of the classes.
    pub names: Vec<String>,
    /// The titles of the networks.
    pub nets: [&'static str; 2],
    /// For each network the most probable class of each picture, and its probability.
    pub answers: [Vec<Option<(u8, f32)>>; 2],
    /// The text while there are no pictures.
    pub empty: AttrValue,
}

/// Held-out pictures with their classes, and the answers of both networks.
#[component]
pub fn HeldOut(props: &HeldOutProps) -> Html {
    let HeldOutProps { names, labels, nets, answers, .. } = props;
    let name = |class: u8| names.get(usize::from(class)).map_or("unknown", String::as_str);
    let answer = |net: usize, index: usize| *answers.get(net)?.get(index)?;
    let line = |(net, title): (usize, &&'static str), index: usize, label: u8| {
        let (class, percent, is_right) = match answer(net, index) {
            Some((class, p)) => (name(class), format!("{:.0}%", 100.0 * p), class == label),
            None => ("…", String::new(), true),
        };
        html! {
            <span class="held-out-answer" data-right={is_right.to_string()} title={format!("{title}: {class} {percent}")}>
                <i ~style={format!("background:{}", color::series(net))}></i>
                if !is_right {
                    <span class="visually-hidden">{ "wrong: " }</span>
                }
                // A long name is cut, the number is not.
                <span>{ class }</span>
                { percent }
                if !is_right {
                    { " ✗" }
                }
            </span>
        }
    };
    let item = |(index, (rgba, &label)): (usize, (&Rc<Vec<u8>>, &u8))| {
        html! {
            <li>
                <Picture side={props.side} rgba={rgba.clone()} label={format!("held-out picture {}: {}", index + 1, name(label))} />
                <strong title={name(label).to_owned()}>{ name(label) }</strong>
                { for nets.iter().enumerate().map(|net| line(net, index, label)) }
            </li>
        }
    };
    let legend = |(net, title): (usize, &&'static str)| {
        let known = (0..labels.len()).filter_map(|index| Some((answer(net, index)?.0, *labels.get(index)?)));
        let (mut right, mut all) = (0, 0);
        for (answer, label) in known {
            all += 1;
            right += u32::from(answer == label);
        }
        html! {
            <span data-net={*title}>
                <i ~style={format!("background:{}", color::series(net))}></i>
                { title }{ if all > 0 { format!(": {right} of {all} right") } else { String::new() } }
            </span>
        }
    };
    let table = {
        let mut table = Table {
            columns: ["picture", "class"].into_iter().chain(*nets).map(str::to_owned).collect(),
            rows: Vec::new(),
        };
        for (index, &label) in labels.iter().enumerate() {
            let of_net = |net: usize| {
                answer(net, index).map_or_else(String::new, |(class, p)| format!("{} ({p:.3})", name(class)))
            };
            let row = [(index + 1).to_string(), name(label).to_owned()].into_iter().chain((0..2).map(of_net));
            table.rows.push(row.collect());
        }
        Callback::from(move |()| table.clone())
    };
    html! {
        <Figure name="held-out" picture={false} {table}
            look_for={html! { "Pictures that no network trains on: the class, then what each network says and how sure it is (its softmax output). ✗: wrong." }}>
            if props.pictures.is_empty() {
                <p class="muted">{ &props.empty }</p>
            } else {
                <p class="held-out-nets">{ for nets.iter().enumerate().map(legend) }</p>
                <ul class="samples held-out">{ for props.pictures.iter().zip(labels).enumerate().map(item) }</ul>
            }
        </Figure>
    }
}

/// Accuracies on training pictures and on held-out ones.
const ACCURACIES: &[CurveSpec] = &[
    CurveSpec { dashed: true, ..CurveSpec::new("train_accuracy", "training") },
    CurveSpec::new("accuracy", "held out"),
];

/// The properties of [`Overfitting`].
#[derive(Debug, PartialEq, Properties)]
pub struct OverfittingProps {
    /// The name of the horizontal axis.
    pub x_label: &'static str,
    /// The number of steps per unit of it.
    pub x_per: f64,
    /// Its end.
    pub x_max: f64,
    /// The share of the most frequent class.
    pub chance: f64,
}

/// The accuracies on both kinds of pictures over the run.
#[component]
pub fn Overfitting(props: &OverfittingProps) -> Html {
    html! {
        <CurveFigure name="overfitting" lines={ACCURACIES} x_label={props.x_label} x_per={props.x_per} y_label="accuracy"
            y_range={Some((0.0, 1.0))} x_max={Some(props.x_max)} markers={true}
            references={vec![Reference { label: "largest class".into(), y: props.chance }]}
            look_for={html! { "Dashed: on pictures that the networks train on. Solid: on held-out pictures. A wide gap is overfitting." }} />
    }
}

/// Returns what the page shows below the menu of data sets if the user's own pictures are chosen: a link to the chapter that adds
/// them.
pub fn own_link(settings: &AnySettings, slug: &str, is_chosen: bool) -> Html {
    let is_there = settings.page.chapter.as_deref() == Some(OWN_CHAPTER);
    if !is_chosen || is_there {
        return Html::default();
    }
    html! {
        <p class="try">
            <a href={chapter_hash(slug, OWN_CHAPTER, &settings.page.query)} data-action="chapter" data-to={OWN_CHAPTER}>
                { "Add or choose your own pictures" }
            </a>
        </p>
    }
}

/// Returns a callback that makes a set of pictures the data set of the settings, and sets further ones, such as more epochs, which
/// a small set needs.
pub fn choose_own(settings: &AnySettings, further: &'static [(&'static str, u32)]) -> Callback<String> {
    let set = settings.set.clone();
    Callback::from(move |data: String| {
        further.iter().for_each(|&(key, value)| set.emit((key, value.into())));
        set.emit(("data", data.into()));
        set.emit(("dataset", "own".into()));
    })
}

/// Returns the text below the figures.
pub fn own_text() -> Html {
    html! {
        <div class="prose">
            <h2>{ "Few pictures, large networks" }</h2>
            <p>
                { "A network with thousands of weights can learn a few dozen pictures by heart: it classifies them perfectly, and new ones hardly better than chance. That is overfitting, and the gap between both curves shows it. More pictures per class, with other backgrounds and light, help most; random crops and flips help a little. The seed decides which pictures are held out, so try several: with five of them, one more right answer is 20 points." }
            </p>
            <h2>{ "Held out" }</h2>
            <p>
                { "A fifth of your pictures of each class is kept apart, or the part that their files name as test pictures: no network ever trains on them, so their accuracy estimates how well it will do on pictures that you take tomorrow. That holds only if they are really new. Ten photos of one cup from nearly the same place are nearly one picture, and the test says too much." }
            </p>
            <p>{ "Your pictures stay in this browser. They are read, stored and learned here, and sent nowhere." }</p>
        </div>
    }
}
