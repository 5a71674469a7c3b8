//! Sample images with their labels.

use super::PtrEq;
use crate::charts::Table;
use crate::sections::cnn::{Dataset, Pictures, Samples};
use crate::ui::figure::Figure;
use crate::ui::picture::{Picture, opaque};
use crate::ui::readout::format_number;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct DataProps {
    pub(super) samples: Option<PtrEq<Samples>>,
}

/// Training images, without and with data augmentation.
#[component]
pub(super) fn Data(props: &DataProps) -> Html {
    let samples = props.samples.as_ref().map(|samples| &*samples.0);
    let look_for = html! {
        if let Some(samples) = samples {
            { facts(samples) }
        }
    };
    let table = {
        let table = samples.map(samples_table).unwrap_or_default();
        Callback::from(move |()| table.clone())
    };
    html! {
        <Figure name="samples" {look_for} {table}>
            if let Some(samples) = samples {
                { gallery(samples.info.dataset, &samples.train, labels(samples, &samples.train)) }
                if !samples.augmented.labels.is_empty() {
                    <p class="cnn-words">{ "The same images after data augmentation, as the networks see them; different in every epoch:" }</p>
                    { gallery(samples.info.dataset, &samples.augmented, labels(samples, &samples.augmented)) }
                }
            } else {
                <p class="cnn-empty">{ "Loading the images…" }</p>
            }
        </Figure>
    }
}

fn facts(samples: &Samples) -> String {
    let list =
        |values: &[f32]| values.iter().map(|value| format!("{value:.3}")).collect::<Vec<_>>().join(", ");
    let channels = if samples.train.channels == 3 { "red, green and blue" } else { "gray" };
    format!(
        "{} training images and {} test images, 32 × 32. The networks see (value − mean) / standard deviation, both computed from the \
         training images: mean {}, standard deviation {} ({channels}, between 0 and 1).",
        format_number(samples.n_train.into(), 12),
        format_number(samples.n_test.into(), 12),
        list(&samples.mean),
        list(&samples.std)
    )
}

fn samples_table(samples: &Samples) -> Table {
    let names = &samples.info.class_names;
    let row = |(index, &label): (usize, &u8)| {
        let name = names.get(usize::from(label)).map_or("unknown", String::as_str);
        vec![(index + 1).to_string(), label.to_string(), name.to_owned()]
    };
    Table {
        columns: ["image", "label", "class"].map(str::to_owned).to_vec(),
        rows: samples.train.labels.iter().enumerate().map(row).collect(),
    }
}

fn labels<'a>(samples: &'a Samples, pictures: &'a Pictures) -> impl Iterator<Item = Captioned> + 'a {
    let names = &samples.info.class_names;
    pictures.labels.iter().map(move |&label| {
        let name = names.get(usize::from(label)).map_or("unknown", String::as_str).to_owned();
        Captioned { label: name.clone().into(), caption: html! { name } }
    })
}

/// The texts of a picture.
pub(super) struct Captioned {
    /// The alternative text.
    pub(super) label: AttrValue,
    pub(super) caption: Html,
}

/// Pictures with their captions.
pub(super) fn gallery(
    dataset: Dataset,
    pictures: &Pictures,
    captions: impl Iterator<Item = Captioned>,
) -> Html {
    let item = |(rgba, text): (Rc<Vec<u8>>, Captioned)| {
        html! { <li><Picture side={pictures.side as usize} {rgba} label={text.label} /><span>{ text.caption }</span></li> }
    };
    html! { <ul class="samples cnn-samples">{ for rgba_images(dataset, pictures).zip(captions).map(item) }</ul> }
}

/// Returns the pixels of each picture as RGBA.
pub(super) fn rgba_images(dataset: Dataset, pictures: &Pictures) -> impl Iterator<Item = Rc<Vec<u8>>> {
    let (channels, inverts) = (pictures.channels as usize, dataset.is_light_on_dark());
    let size = channels * (pictures.side * pictures.side) as usize;
    pictures.pixels.chunks_exact(size.max(1)).map(move |pixels| Rc::new(opaque(channels, pixels, inverts)))
}
