//! The answers of both networks for one test image of each class.

use super::PtrEq;
use crate::charts::Table;
use crate::charts::color;
use crate::charts::scale::format_exact;
use crate::run::Experiment;
use crate::sections::resnet::{Config, Dataset, PLAIN, Pictures, RESIDUAL, ResNet, Samples};
use crate::ui::figure::Figure;
use crate::ui::picture::{Picture, opaque};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct AnswersProps {
    pub(super) config: Config,
    pub(super) samples: Option<PtrEq<Samples>>,
    /// For each network the probabilities of the classes, image by image.
    pub(super) answers: [Option<PtrEq<Vec<f32>>>; 2],
}

/// One row per class and, for each network, one column per image.
#[component]
pub(super) fn AnswersFigure(props: &AnswersProps) -> Html {
    let samples = props.samples.as_ref().map(|samples| &*samples.0);
    let names: &[String] = samples.map_or(&[], |samples| &samples.info.class_names);
    let labels: &[u8] = samples.map_or(&[], |samples| &samples.per_class.labels);
    let name_of = |label: u8| names.get(usize::from(label)).map_or("", String::as_str);
    let pictures = use_memo(props.samples.clone(), |samples| {
        samples
            .as_ref()
            .map_or_else(Vec::new, |samples| photographs(samples.0.info.dataset, &samples.0.per_class))
    });
    let side = samples.map_or(1, |samples| samples.per_class.side as usize);
    let table = {
        let (answers, names, labels) = (props.answers.clone(), names.to_vec(), labels.to_vec());
        Callback::from(move |()| answers_table(&names, &labels, &answers))
    };
    let thumbnail = |(rgba, &label): (&Rc<Vec<u8>>, &u8)| {
        let label = name_of(label);
        html! { <Picture {side} rgba={rgba.clone()} label={format!("test image: {label}")} /> }
    };
    let head =
        || html! { <div class="answers-images">{ for pictures.iter().zip(labels).map(thumbnail) }</div> };
    let row = |(class, name): (usize, &String)| {
        html! {
            <>
                <span class="answers-class" title={name.clone()}>{ name }</span>
                { cells(props, labels, PLAIN, class) }
                { cells(props, labels, RESIDUAL, class) }
            </>
        }
    };
    let title = |net: usize| {
        let name = ResNet::ARMS.get(net).map_or("", |arm| arm.title);
        html! { <span class="answers-net"><i ~style={format!("background:{}", color::series(net))}></i>{ name }</span> }
    };
    let own_title = (samples.is_some() && labels.len() != 10)
        .then(|| AttrValue::from(format!("Answers to {} test images", labels.len())));
    html! {
        <Figure name="answers" title={own_title} picture={false} {table}
            look_for={html! { "Columns: one test image per class. Rows: classes. The stronger the color, the more probable the class; outlined cells are correct." }}>
            if props.samples.is_some() {
                <div class="answers" role="img" aria-label={description(names.len(), labels, &props.answers)}>
                    <span></span>{ title(PLAIN) }{ title(RESIDUAL) }
                    <span></span>{ head() }{ head() }
                    { for names.iter().enumerate().map(row) }
                </div>
            } else {
                <p class="muted">{ missing(&props.config) }</p>
            }
        </Figure>
    }
}

/// Returns the reason why there are no pictures.
pub(super) fn missing(config: &Config) -> &'static str {
    match config.dataset {
        Dataset::FashionMnist => "Loading the test images…",
        Dataset::Cifar10 => "There are no CIFAR-10 images here yet. Add their files under “more settings”.",
        Dataset::Own if config.data.is_empty() => {
            "There are no pictures of yours yet. Add some in the chapter “Your pictures”, at least four of two classes."
        }
        Dataset::Own => "Loading your pictures…",
    }
}

/// Returns one picture per image.
pub(super) fn photographs(dataset: Dataset, pictures: &Pictures) -> Vec<Rc<Vec<u8>>> {
    let (channels, side) = (pictures.channels as usize, pictures.side as usize);
    let image = |pixels: &[u8]| Rc::new(opaque(channels, pixels, dataset.is_light_on_dark()));
    pictures.pixels.chunks_exact((channels * side * side).max(1)).map(image).collect()
}

/// The probabilities of a class for all images.
fn cells(props: &AnswersProps, labels: &[u8], net: usize, class: usize) -> Html {
    let n_classes = props.samples.as_ref().map_or(1, |samples| samples.0.info.class_names.len());
    let answers = props.answers.get(net).and_then(Option::as_ref);
    let cell = |(image, &label): (usize, &u8)| {
        let p =
            answers.and_then(|answers| answers.get(image * n_classes + class)).copied().unwrap_or_default();
        let style =
            format!("background:color-mix(in srgb,{} {:.0}%,var(--sunken))", color::series(net), 100.0 * p);
        html! { <i data-right={(usize::from(label) == class).then_some("")} data-value={format_exact(p.into())} ~style={style}></i> }
    };
    html! { <div class="answers-cells">{ for labels.iter().enumerate().map(cell) }</div> }
}

/// Returns the number of images whose most probable class is right.
fn correct(answers: &[f32], n_classes: usize, labels: &[u8]) -> usize {
    let is_right = |(image, label): &(&[f32], &u8)| {
        let class = usize::from(**label);
        let own = image.get(class).copied().unwrap_or(f32::NAN);
        // Equal probabilities are no answer.
        image.iter().enumerate().all(|(other, p)| other == class || *p < own)
    };
    answers.chunks(n_classes.max(1)).zip(labels).filter(is_right).count()
}

/// Returns the alternative text.
fn description(n_classes: usize, labels: &[u8], answers: &[Option<PtrEq<Vec<f32>>>; 2]) -> String {
    let n = labels.len();
    let of = |(net, answers): (usize, &Option<PtrEq<Vec<f32>>>)| {
        let (arm, answers) = (ResNet::ARMS.get(net)?, answers.as_ref()?);
        Some(format!("The {} is right on {} of {n} images.", arm.net, correct(answers, n_classes, labels)))
    };
    answers.iter().enumerate().filter_map(of).collect::<Vec<_>>().join(" ")
}

fn answers_table(names: &[String], labels: &[u8], answers: &[Option<PtrEq<Vec<f32>>>; 2]) -> Table {
    let columns =
        ["network", "image"].into_iter().chain(names.iter().map(String::as_str)).map(str::to_owned).collect();
    let rows = answers.iter().enumerate().flat_map(|(net, answers)| {
        let title = ResNet::ARMS.get(net).map_or("", |arm| arm.title);
        let images =
            answers.as_ref().map_or(&[][..], |answers| answers.as_slice()).chunks(names.len().max(1));
        images.zip(labels).map(move |(image, &label)| {
            let mut row = vec![title.to_owned(), names.get(usize::from(label)).cloned().unwrap_or_default()];
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
        let labels: Vec<u8> = (0..10).collect();
        assert_eq!(correct(&[0.1; 100], 10, &labels), 0);
        let mut answers = vec![0.1; 100];
        answers[0] = 0.2;
        answers[11] = 0.2;
        answers[20] = 0.2;
        assert_eq!(correct(&answers, 10, &labels), 2);
        assert_eq!(correct(&[], 10, &labels), 0);
        // Without a held-out image of the first class, the only image is of the second one.
        assert_eq!(correct(&[0.2, 0.8], 2, &[1]), 1);
    }
}
