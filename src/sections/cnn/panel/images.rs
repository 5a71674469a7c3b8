//! The test image that several chapters look at, and the buttons that select it.

use crate::sections::cnn::{Dataset, N_CHOICES, Planes, Samples, drawn};
use crate::ui::picture::opaque;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

/// Height and width of the images.
const SIDE: usize = 32;

/// Returns the selected test image, from 1, with intensities from 0 to 1. Before the images are loaded it is a drawn
/// picture.
pub(super) fn test_image(samples: Option<&Samples>, image: u32) -> Planes {
    let index = image.saturating_sub(1) as usize;
    let of_samples = |samples: &Samples| {
        let (channels, side) = (samples.test.channels as usize, samples.test.side as usize);
        let pixels = samples.test.pixels.chunks_exact((channels * side * side).max(1)).nth(index)?;
        Some(Planes::from_bytes(channels, side, pixels))
    };
    samples.and_then(of_samples).unwrap_or_else(|| drawn(SIDE))
}

/// Returns the pixels of an image as RGBA.
pub(super) fn rgba(dataset: Dataset, image: &Planes) -> Rc<Vec<u8>> {
    let bytes: Vec<u8> = image.values.iter().map(|value| (value * 255.0).round() as u8).collect();
    Rc::new(opaque(image.channels, &bytes, dataset.is_light_on_dark()))
}

/// The buttons to the previous and the next test image.
pub(super) fn image_choice(
    samples: Option<&Samples>,
    image: u32,
    set: &Callback<(&'static str, Value)>,
) -> Html {
    let words = match samples {
        Some(samples) => {
            let label = samples.test.labels.get(image.saturating_sub(1) as usize);
            let name = label.and_then(|label| samples.info.class_names.get(usize::from(*label)));
            format!(
                "Image {image} of {}: {}",
                samples.test.labels.len(),
                name.map_or("unknown", String::as_str)
            )
        }
        None => "A drawn T-shirt, until images load".to_owned(),
    };
    let n_images = samples.map_or(N_CHOICES, |samples| samples.test.labels.len()) as u32;
    let to = |image: u32| {
        let set = set.clone();
        Callback::from(move |_: MouseEvent| set.emit(("image", image.into())))
    };
    html! {
        <div class="kernel-image" role="group" aria-label="Test image">
            <button type="button" data-action="image-back" aria-label="Previous image" disabled={image <= 1}
                onclick={to(image.saturating_sub(1).max(1))}>{ "‹" }</button>
            <button type="button" data-action="image-next" aria-label="Next image" disabled={image >= n_images}
                onclick={to(image + 1)}>{ "›" }</button>
            <span>{ words }</span>
        </div>
    }
}
