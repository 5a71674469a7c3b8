//! Small pictures on a canvas, which the browser enlarges.

use crate::charts::{ColorMap, canvas};
use std::rc::Rc;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

/// The properties of a picture.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct PictureProps {
    /// The width and height in pixels.
    pub side: usize,
    /// `[side, side, 4]`: red, green, blue and opacity.
    pub rgba: Rc<Vec<u8>>,
    /// A description of the picture.
    pub label: AttrValue,
}

/// A square picture.
#[component]
pub fn Picture(props: &PictureProps) -> Html {
    let node = use_node_ref();
    let restored = canvas::use_restored(&node);
    use_effect_with((props.rgba.clone(), props.side, restored), {
        let node = node.clone();
        move |(rgba, side, _)| {
            let side = *side as u32;
            // Only a detached canvas refuses, and that is not visible.
            let _ = node
                .cast::<HtmlCanvasElement>()
                .and_then(|canvas| canvas::put_pixels(&canvas, rgba, side, side));
        }
    });
    let side = props.side.to_string();
    html! {
        <canvas ref={node} class="picture" width={side.clone()} height={side} role="img" aria-label={props.label.clone()}
            title={props.label.clone()}></canvas>
    }
}

/// Returns planes of gray, or of red, green and blue, as RGBA pixels. Gray is inverted, because the data sets
/// store dark objects on a light ground as light on dark.
pub fn photograph(channels: usize, pixels: &[u8]) -> Vec<u8> {
    opaque(channels, pixels, true)
}

/// Returns planes of gray, or of red, green and blue, as RGBA pixels. Gray is inverted if `inverts`.
pub fn opaque(channels: usize, pixels: &[u8], inverts: bool) -> Vec<u8> {
    let plane = pixels.len() / channels.max(1);
    let at = |channel: usize, i: usize| pixels.get(channel * plane + i).copied().unwrap_or(0);
    let pixel = |i: usize| match channels {
        3 => [at(0, i), at(1, i), at(2, i), 255],
        _ => {
            let gray = if inverts { 255 - at(0, i) } else { at(0, i) };
            [gray, gray, gray, 255]
        }
    };
    (0..plane).flat_map(pixel).collect()
}

/// Returns values as RGBA pixels. Each picture has its own color range, so that weak maps are visible, too.
pub fn colored(map: ColorMap, values: &[f32]) -> Vec<u8> {
    map.paint(values, map.range(None, values))
}

#[cfg(test)]
mod tests {
    use crate::ui::picture::*;

    #[test]
    fn planes_become_pixels() {
        assert_eq!(photograph(3, &[1, 2, 3, 4, 5, 6]), [1, 3, 5, 255, 2, 4, 6, 255]);
        assert_eq!(photograph(1, &[0, 255]), [255, 255, 255, 255, 0, 0, 0, 255]);
        assert_eq!(opaque(1, &[0, 255], false), [0, 0, 0, 255, 255, 255, 255, 255]);
        assert!(photograph(0, &[]).is_empty());
        assert_eq!(colored(ColorMap::Sequential, &[0.0, 1.0]).len(), 8);
    }
}
