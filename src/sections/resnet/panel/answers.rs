//! The answers of both networks for one test image of each class.

use super::PtrEq;
use crate::charts::Table;
use crate::charts::color;
use crate::charts::scale::format_exact;
use crate::run::Experiment;
use crate::sections::resnet::{Dataset, N_CLASSES, PLAIN, RESIDUAL, ResNet, Samples};
use crate::ui::figure::Figure;
use crate::ui::picture::{Picture, photograph};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct AnswersProps {
    pub(super) dataset: Dataset,
    pub(super) samples: Option<PtrEq<Samples>>,
    /// For each network the probabilities of the classes, image by image.
    pub(super) answers: [Option<PtrEq<Vec<f32>>>; 2],
}

/// One row per class and, for each network, one column per image.
#[component]
pub(super) fn AnswersFigure(props: &AnswersProps) -> Html {
    let names = props.dataset.class_names();
    let pictures = use_memo(props.samples.clone(), |samples| {
        samples.as_ref().map_or_else(Vec::new, |samples| photographs(samples))
    });
    let side = props.samples.as_ref().map_or(1, |samples| samples.side as usize);
    let table = {
        let answers = props.answers.clone();
        Callback::from(move |()| answers_table(names, &answers))
    };
    let thumbnail = |(index, rgba): (usize, &Rc<Vec<u8>>)| {
        let label = names.get(index).copied().unwrap_or_default();
        html! { <Picture {side} rgba={rgba.clone()} label={format!("test image: {label}")} /> }
    };
    let head =
        || html! { <div class="answers-images">{ for pictures.iter().enumerate().map(thumbnail) }</div> };
    let row = |(class, name): (usize, &&'static str)| {
        html! {
            <>
                <span class="answers-class">{ *name }</span>
                { cells(props, PLAIN, class) }
                { cells(props, RESIDUAL, class) }
            </>
        }
    };
    let title = |net: usize| {
        let name = ResNet::ARMS.get(net).map_or("", |arm| arm.title);
        html! { <span class="answers-net"><i ~style={format!("background:{}", color::series(net))}></i>{ name }</span> }
    };
    html! {
        <Figure name="answers" picture={false} {table}
            look_for={html! { "Columns: one test image per class. Rows: classes. The stronger the color, the more probable the class; outlined cells are correct." }}>
            if props.samples.is_some() {
                <div class="answers" role="img" aria-label={description(&props.answers)}>
                    <span></span>{ title(PLAIN) }{ title(RESIDUAL) }
                    <span></span>{ head() }{ head() }
                    { for names.iter().enumerate().map(row) }
                </div>
            } else {
                <p class="muted">{ missing(props.dataset) }</p>
            }
        </Figure>
    }
}

fn missing(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::FashionMnist => "Loading the test images…",
        Dataset::Cifar10 => "There are no CIFAR-10 images here yet. Add their files under “more settings”.",
    }
}

/// Returns one picture per image.
fn photographs(samples: &Samples) -> Vec<Rc<Vec<u8>>> {
    let (channels, side) = (samples.channels as usize, samples.side as usize);
    let image = |pixels: &[u8]| Rc::new(photograph(channels, pixels));
    samples.pixels.chunks_exact((channels * side * side).max(1)).map(image).collect()
}

/// The probabilities of a class for all images.
fn cells(props: &AnswersProps, net: usize, class: usize) -> Html {
    let answers = props.answers.get(net).and_then(Option::as_ref);
    let cell = |image: usize| {
        let p =
            answers.and_then(|answers| answers.get(image * N_CLASSES + class)).copied().unwrap_or_default();
        let style =
            format!("background:color-mix(in srgb,{} {:.0}%,var(--sunken))", color::series(net), 100.0 * p);
        html! { <i data-right={(image == class).then_some("")} data-value={format_exact(p.into())} ~style={style}></i> }
    };
    html! { <div class="answers-cells">{ for (0..N_CLASSES).map(cell) }</div> }
}

/// Returns the number of images whose most probable class is right.
fn correct(answers: &[f32]) -> usize {
    let is_right = |(class, image): &(usize, &[f32])| {
        let own = image.get(*class).copied().unwrap_or(f32::NAN);
        // Equal probabilities are no answer.
        image.iter().enumerate().all(|(other, p)| other == *class || *p < own)
    };
    answers.chunks(N_CLASSES).enumerate().filter(is_right).count()
}

/// Returns the alternative text.
fn description(answers: &[Option<PtrEq<Vec<f32>>>; 2]) -> String {
    let of = |(net, answers): (usize, &Option<PtrEq<Vec<f32>>>)| {
        let (arm, answers) = (ResNet::ARMS.get(net)?, answers.as_ref()?);
        Some(format!("The {} is right on {} of {N_CLASSES} images.", arm.net, correct(answers)))
    };
    answers.iter().enumerate().filter_map(of).collect::<Vec<_>>().join(" ")
}

fn answers_table(names: &[&'static str], answers: &[Option<PtrEq<Vec<f32>>>; 2]) -> Table {
    let columns = ["network", "image"].into_iter().chain(names.iter().copied()).map(str::to_owned).collect();
    let rows = answers.iter().enumerate().flat_map(|(net, answers)| {
        let title = ResNet::ARMS.get(net).map_or("", |arm| arm.title);
        let images = answers.as_ref().map_or(&[][..], |answers| answers.as_slice()).chunks(N_CLASSES);
        images.zip(names).map(move |(image, name)| {
            let mut row = vec![title.to_owned(), (*name).to_owned()];
            row.extend(image.iter().map(|p| format_exact((*p).into())));
            row
        })
    });
    Table { columns, rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_probabilities_are_not_right() {
        assert_eq!(correct(&[0.1; 100]), 0);
        let mut answers = vec![0.1; 100];
        answers[0] = 0.2;
        answers[11] = 0.2;
        answers[20] = 0.2;
        assert_eq!(correct(&answers), 2);
        assert_eq!(correct(&[]), 0);
    }
}
