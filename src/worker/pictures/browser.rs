//! The browser's decoders and canvases.
//!
//! Their interfaces are bound by hand: web-sys has them behind features that nothing else needs, and each of them would
//! recompile burn.

use crate::data::own::pictures::format::{HEAD, Picture};
use crate::data::own::pictures::raw::Raw;
use crate::worker::messages::Blob;
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::Clamped;
use wasm_bindgen::prelude::*;

/// The width of the canvas on which a picture is scaled.
const CANVAS: u32 = 2048;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(blob: &Blob, options: &Object) -> Result<Promise, JsValue>;

    /// A blob, of which a part can be taken.
    #[wasm_bindgen(js_name = Blob)]
    type Whole;
    #[wasm_bindgen(method)]
    fn slice(this: &Whole, start: f64, end: f64, media_type: &str) -> Blob;

    /// A decoded picture.
    pub(super) type ImageBitmap;
    #[wasm_bindgen(method, getter)]
    pub(super) fn width(this: &ImageBitmap) -> u32;
    #[wasm_bindgen(method, getter)]
    pub(super) fn height(this: &ImageBitmap) -> u32;
    #[wasm_bindgen(method)]
    pub(super) fn close(this: &ImageBitmap);

    type OffscreenCanvas;
    #[wasm_bindgen(constructor, catch)]
    fn new(width: u32, height: u32) -> Result<OffscreenCanvas, JsValue>;
    #[wasm_bindgen(method, js_name = getContext, catch)]
    fn get_context(this: &OffscreenCanvas, kind: &str, options: &Object) -> Result<Option<Context>, JsValue>;

    #[wasm_bindgen(js_name = OffscreenCanvasRenderingContext2D)]
    type Context;
    #[wasm_bindgen(method, setter, js_name = imageSmoothingQuality)]
    fn set_image_smoothing_quality(this: &Context, quality: &str);
    #[wasm_bindgen(method, setter, js_name = fillStyle)]
    fn set_fill_style(this: &Context, style: &str);
    #[wasm_bindgen(method, js_name = fillRect)]
    fn fill_rect(this: &Context, x: u32, y: u32, width: u32, height: u32);
    #[wasm_bindgen(method, js_name = drawImage, catch)]
    fn draw_image(
        this: &Context,
        image: &JsValue,
        from_x: u32,
        from_y: u32,
        from_width: u32,
        from_height: u32,
        x: u32,
        y: u32,
        width: u32,
        height: u32,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, js_name = getImageData, catch)]
    fn get_image_data(this: &Context, x: u32, y: u32, width: u32, height: u32) -> Result<ImageData, JsValue>;

    type ImageData;
    #[wasm_bindgen(method, getter)]
    fn data(this: &ImageData) -> Clamped<Vec<u8>>;
}

fn options(pairs: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (key, value) in pairs {
        // Setting a property of a new object does not fail.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object
}

/// A picture that has not been decoded.
pub(super) enum Source {
    /// A file of the user, which stays outside of the worker's memory.
    File(Blob),
    /// A file of an archive.
    Bytes(Vec<u8>),
}

impl Source {
    /// Returns the first bytes, and the number of all.
    pub(super) async fn head(&self) -> Result<(Vec<u8>, u64), JsValue> {
        Ok(match self {
            Self::File(blob) => (part(blob, HEAD as f64, "").read().await?, blob.size()),
            Self::Bytes(bytes) => (bytes.get(..HEAD).unwrap_or(bytes).to_vec(), bytes.len() as u64),
        })
    }

    /// Starts to decode the picture. The media type is that of its content, whatever its name is.
    pub(super) fn decode(&self, format: Picture) -> Result<Promise, JsValue> {
        let typed = match self {
            Self::File(blob) => part(blob, blob.size() as f64, format.mime()),
            Self::Bytes(bytes) => part(&Blob::of(bytes)?, bytes.len() as f64, format.mime()),
        };
        // Photos of phones are stored with the rotation that a viewer should apply.
        create_image_bitmap(&typed, &options(&[("imageOrientation", "from-image".into())]))
    }
}

/// Returns the first bytes of a blob as a blob of a type. The bytes are not copied.
pub(super) fn part(blob: &Blob, end: f64, media_type: &str) -> Blob {
    blob.unchecked_ref::<Whole>().slice(0.0, end, media_type)
}

/// Two canvases, between which a picture is halved until it is small.
pub(super) struct Scaler {
    canvases: [(OffscreenCanvas, Context); 2],
    side: u32,
}

impl Scaler {
    pub(super) fn new(side: u32) -> Option<Self> {
        let canvas = |width: u32| {
            let canvas = OffscreenCanvas::new(width, width).ok()?;
            // The pixels are read after each picture, so they should not be in the memory of a GPU.
            let context =
                canvas.get_context("2d", &options(&[("willReadFrequently", true.into())])).ok()??;
            context.set_fill_style("white");
            Some((canvas, context))
        };
        Some(Self { canvases: [canvas(CANVAS)?, canvas(CANVAS / 2)?], side })
    }

    /// Returns the largest square in the center of a picture, on white, in at most four times the final size: a browser that
    /// makes a picture much smaller at once may skip most of its pixels. The rest is averaged exactly.
    pub(super) fn square(&self, bitmap: &ImageBitmap) -> Option<Raw> {
        let [(mut from, mut context), (mut other, mut other_context)] =
            self.canvases.each_ref().map(|(a, b)| (a, b));
        let fine = 4 * self.side;
        let (width, height) = (bitmap.width(), bitmap.height());
        let crop = width.min(height);
        let mut size = if crop > fine { (crop / 2).min(CANVAS) } else { crop.max(self.side) };
        context.fill_rect(0, 0, size, size);
        // At half the size, interpolating between two pixels is their mean, and several times faster than the best filter.
        let is_halved = crop > fine && crop <= 2 * size + 1;
        context.set_image_smoothing_quality(if is_halved { "low" } else { "high" });
        let (x, y) = ((width - crop) / 2, (height - crop) / 2);
        context.draw_image(bitmap, x, y, crop, crop, 0, 0, size, size).ok()?;
        context.set_image_smoothing_quality("low");
        other_context.set_image_smoothing_quality("low");
        while size > fine {
            let half = size / 2;
            other_context.draw_image(from, 0, 0, size, size, 0, 0, half, half).ok()?;
            size = half;
            std::mem::swap(&mut from, &mut other);
            std::mem::swap(&mut context, &mut other_context);
        }
        let Clamped(data) = context.get_image_data(0, 0, size, size).ok()?.data();
        Raw::of_interleaved(3, 4, size as usize, size as usize, &data)
    }
}
