//! Loss, accuracy, confusion matrices and misclassified images.

use super::PtrEq;
use super::data::{Captioned, gallery};
use crate::charts::{ChartHeight, ColorMap, Grid, Heatmap, Reference, Table};
use crate::panel::{ACCURACY, CurveFigure, LOSS};
use crate::sections::cnn::{CONV, Config, Dataset, Misclassified, Record, SEPARABLE};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct TrainProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

#[component]
pub(super) fn TrainFigures(props: &TrainProps) -> Html {
    let TrainProps { config, record } = props;
    let record = &record.0;
    // Before the run, the length of the axis follows from the number of images.
    let n_train = record.samples.as_ref().map_or(config.n_train, |samples| samples.n_train);
    let planned = n_train / config.batch_size.clamp(1, n_train.max(1));
    let per_epoch = if record.steps_per_epoch() > 0 { record.steps_per_epoch() } else { planned };
    let (per_epoch, epochs) = (f64::from(per_epoch.max(1)), f64::from(config.epochs));
    let shape = config.picture_shape();
    let [by_chance, loss] =
        if config.dataset == Dataset::Own { ["largest class", "equal probabilities"] } else { ["chance"; 2] };
    let reference = |label: &'static str, y: f64| vec![Reference { label: label.into(), y }];
    html! {
        <ContextProvider<ChartHeight> context={ChartHeight(150.0)}>
            <div class="figure-row">
                <CurveFigure name="loss" lines={LOSS} y_label="cross-entropy (nats)"
                    look_for={html! { "Training loss per mini-batch. Both networks see the same batches, so a difficult batch shows in both curves." }}
                    references={reference(loss, shape.uniform_loss())} x_max={Some(per_epoch * epochs)} />
                <CurveFigure name="accuracy" lines={ACCURACY} x_label="epoch" x_per={per_epoch}
                    look_for={html! { "Accuracy on the test set, before training and after every epoch." }}
                    y_label="accuracy" y_range={Some((0.0, 1.0))} references={reference(by_chance, record.chance(config))} x_max={Some(epochs)} markers={true} />
            </div>
        </ContextProvider<ChartHeight>>
    }
}

/// The confusion matrices of both networks.
#[component]
pub(super) fn Confusions(props: &TrainProps) -> Html {
    let TrainProps { config, record } = props;
    let tested = [CONV, SEPARABLE].map(|arm| record.0.tested(arm));
    // Equal counts keep their pointer, so that the matrices are not drawn again.
    let counts = use_memo(tested, |tested| tested.each_ref().map(|(confusion, _)| confusion.clone()));
    let names = record.0.class_names(config);
    let net = |slug: &'static str, title: &'static str, confusion: &Rc<Vec<u32>>| {
        html! {
            <Confusion {slug} {title} names={names.clone()} confusion={confusion.clone()} />
        }
    };
    let [conv, separable] = &*counts;
    html! {
        <div class="figure-row">
            { net("conv", "standard CNN", conv) }
            { net("separable", "separable CNN", separable) }
        </div>
    }
}

/// Images that the networks misclassify.
#[component]
pub(super) fn MisclassifiedFigures(props: &TrainProps) -> Html {
    let TrainProps { config, record } = props;
    let [conv, separable] = [CONV, SEPARABLE].map(|arm| record.0.tested(arm));
    let names = record.0.class_names(config);
    html! {
        <div class="figure-row">
            { misclassified_figure(("conv", "standard CNN"), config.dataset, &names, &conv) }
            { misclassified_figure(("separable", "separable CNN"), config.dataset, &names, &separable) }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ConfusionProps {
    slug: &'static str,
    title: &'static str,
    names: Vec<String>,
    /// The number of images, `[class, predicted]`.
    confusion: Rc<Vec<u32>>,
}

/// The confusion matrix of a network. It changes once per epoch.
#[component]
fn Confusion(props: &ConfusionProps) -> Html {
    let names: Rc<Vec<AttrValue>> =
        use_memo(props.names.clone(), |names| names.iter().cloned().map(AttrValue::from).collect());
    let values =
        use_memo(props.confusion.clone(), |counts| counts.iter().map(|&n| n as f32).collect::<Vec<_>>());
    // The matrix of a run stays while the settings change to a data set with another number of classes.
    let side = values.len().isqrt();
    let numbers = || Rc::new((1..=side).map(|class| AttrValue::from(format!("class {class}"))).collect());
    let names = if names.len() == side { names } else { numbers() };
    let grid = Grid { rows: side, cols: side, values };
    let table = {
        let (grid, names) = (grid.clone(), names.clone());
        Callback::from(move |()| Table::from_named_grid("class", &grid, &names, &names))
    };
    let look_for = html! { <>{ "Rows: true class; columns: predicted class. A perfect network has counts on the diagonal only. Before training, the network is tested on the first 200 test images." }</> };
    html! {
            <Figure name={format!("confusion-{}", props.slug)} title={format!("Confusion matrix, {}", props.title)} {look_for} {table}>
                <Heatmap name={format!("confusion-{}", props.slug)} {grid} map={ColorMap::Sequential} x_label="predicted" y_label="class"
                    row_names={names.clone()} col_names={names} value_label="images" empty="Loading the images…" />
            </Figure>
    }
}

fn misclassified_figure(
    (slug, title): (&str, &str),
    dataset: Dataset,
    names: &[String],
    (confusion, misclassified): &(Rc<Vec<u32>>, Rc<Misclassified>),
) -> Html {
    let name = |class: u8| names.get(usize::from(class)).map_or("unknown", String::as_str);
    let answers = || misclassified.pictures.labels.iter().zip(&misclassified.answers);
    let captions = answers().map(|(&label, &(answer, sure))| Captioned {
        label: format!("{}, taken for {}", name(label), name(answer)).into(),
        caption: html! { <>{ name(label) }<br /><b>{ format!("✗ {}", name(answer)) }</b><br />{ format!("softmax {:.0}%", 100.0 * sure) }</> },
    });
    let rows = answers()
        .map(|(&label, &(answer, sure))| {
            vec![name(label).to_owned(), name(answer).to_owned(), format!("{sure:.3}")]
        })
        .collect();
    let table = Table { columns: ["class", "predicted", "softmax output"].map(str::to_owned).to_vec(), rows };
    let look_for = html! { <>{ "The first test images that the network misclassifies: true class, predicted class, and the softmax output of the predicted class. That output is not the chance of being right: trained networks are often overconfident (Guo et al. 2017)." }</> };
    html! {
        <Figure name={format!("wrong-{slug}")} title={format!("Misclassified images, {title}")} {look_for}
            table={Callback::from(move |()| table.clone())}>
            if misclassified.answers.is_empty() {
                <p class="cnn-empty">{ if confusion.is_empty() { "Loading the images…" } else { "It misclassifies none of the test images." } }</p>
            } else {
                { gallery(dataset, &misclassified.pictures, captions) }
            }
        </Figure>
    }
}
