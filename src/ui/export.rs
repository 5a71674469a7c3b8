//! Export of figures as pictures and files.

use crate::charts::layout::wrap;
use js_sys::{Array, encode_uri_component};
use std::fmt::Write;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, CssStyleDeclaration, Document, Element,
    HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement, SvgElement, Url, Window, XmlSerializer,
};

/// A self-contained picture.
pub(super) struct Picture {
    pub(super) svg: String,
    width: f64,
    height: f64,
}

const MARGIN: f64 = 16.0;

/// Pictures are at least this wide, so that the title of a small drawing has room.
const MIN_WIDTH: f64 = 320.0;

/// Returns everything drawn in `body` as one SVG with the title above and the provenance below. Its colors are
/// those of the light theme, because reports and slides are mostly white. `None` if nothing is drawn there.
pub(super) fn picture(body: &Element, title: &str, provenance: &str) -> Option<Picture> {
    in_light_theme(|| draw(body, title, provenance))
}

/// Calls `draw` while the page has its light theme. The browser computes styles when they are read, and paints
/// only after this function has returned, so the visitor does not see the change.
fn in_light_theme<T>(draw: impl FnOnce() -> Option<T>) -> Option<T> {
    const THEME: &str = "data-theme";
    let root = document()?.document_element()?;
    let before = root.get_attribute(THEME);
    root.set_attribute(THEME, "light").ok()?;
    let drawn = draw();
    // Setting an attribute of this name cannot fail.
    let _ = match before {
        Some(theme) => root.set_attribute(THEME, &theme),
        None => root.remove_attribute(THEME),
    };
    drawn
}

fn draw(body: &Element, title: &str, provenance: &str) -> Option<Picture> {
    let window = web_sys::window()?;
    let frame = body.get_bounding_client_rect();
    let style = window.get_computed_style(body).ok()??;
    let ink = style.get_property_value("color").unwrap_or_default();
    let font = style.get_property_value("font-family").unwrap_or_default();
    let text_width = frame.width().max(MIN_WIDTH);
    let width = text_width + 2.0 * MARGIN;

    // The widths that `wrap` assumes are those of 12 px type. The title has 15 px and is bold.
    let title_lines = wrap(title, text_width / 1.4);
    let provenance_lines = wrap(provenance, text_width / 0.95);
    let top = MARGIN + 20.0 * title_lines.len() as f64 + 6.0;
    let height = top + frame.height() + 16.0 * provenance_lines.len() as f64 + MARGIN;

    // Canvases come first, because SVG is drawn on top of them.
    let mut parts = String::new();
    for canvas in all(body, "canvas").iter().filter_map(|element| element.dyn_ref::<HtmlCanvasElement>()) {
        let place = place(canvas, &frame, top);
        let Ok(data) = canvas.to_data_url() else { continue };
        let smooth = if canvas.class_list().contains("smooth") { "auto" } else { "pixelated" };
        let _ = write!(
            parts,
            r#"<image {place} preserveAspectRatio="none" style="image-rendering:{smooth}" href="{data}"/>"#
        );
    }
    for svg in all(body, "svg.chart-svg") {
        let copy = svg.clone_node_with_deep(true).ok()?.dyn_into::<Element>().ok()?;
        inline_styles(&window, &svg, &copy);
        let rect = svg.get_bounding_client_rect();
        for (name, value) in [
            ("x", rect.left() - frame.left() + MARGIN),
            ("y", rect.top() - frame.top() + top),
            ("width", rect.width()),
            ("height", rect.height()),
        ] {
            copy.set_attribute(name, &format!("{value:.1}")).ok()?;
        }
        parts.push_str(&XmlSerializer::new().ok()?.serialize_to_string(&copy).ok()?);
    }
    if parts.is_empty() {
        return None;
    }

    let paper = background(&window, body);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="{}" fill="{}"><title>{}</title><rect width="100%" height="100%" fill="{}"/>"#,
        escape(&font),
        escape(&ink),
        escape(title),
        escape(&paper)
    );
    push_lines(&mut svg, &title_lines, MARGIN + 14.0, 20.0, r#"font-size="15" font-weight="600""#);
    svg.push_str(&parts);
    let below = top + frame.height() + 14.0;
    push_lines(&mut svg, &provenance_lines, below, 16.0, r#"font-size="11" opacity="0.75""#);
    svg.push_str("</svg>");
    Some(Picture { svg, width, height })
}

/// Adds lines of text from a height on down.
fn push_lines(svg: &mut String, lines: &[String], top: f64, spacing: f64, attributes: &str) {
    for (index, line) in lines.iter().enumerate() {
        let y = top + spacing * index as f64;
        // Writing to a string cannot fail.
        let _ = write!(svg, r#"<text x="{MARGIN}" y="{y}" {attributes}>{}</text>"#, escape(line));
    }
}

/// Downloads a text as a file. `None` if the browser refuses.
pub fn download(file: &str, kind: &str, text: &str) -> Option<()> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(&JsValue::from_str(text));
    download_blob(file, &Blob::new_with_str_sequence_and_options(&parts, &options).ok()?)
}

/// Downloads bytes as a file. `None` if the browser refuses.
pub fn download_bytes(file: &str, bytes: &[u8]) -> Option<()> {
    let parts = Array::of1(&js_sys::Uint8Array::from(bytes));
    download_blob(file, &Blob::new_with_u8_array_sequence(&parts).ok()?)
}

/// Downloads a blob as a file. `None` if the browser refuses.
pub fn download_blob(file: &str, blob: &Blob) -> Option<()> {
    let address = Url::create_object_url_with_blob(blob).ok()?;
    let done = click_link(&address, file);
    // The browser may not have started reading the file yet.
    gloo::timers::callback::Timeout::new(30_000, move || {
        let _ = Url::revoke_object_url(&address);
    })
    .forget();
    done
}

/// Downloads the picture as a PNG at twice its size. Drawing continues after this function returns.
pub(super) fn download_png(file: String, picture: Picture) -> Option<()> {
    const SCALE: f64 = 2.0;
    let image = HtmlImageElement::new().ok()?;
    image.set_src(&format!("data:image/svg+xml;charset=utf-8,{}", encode_uri_component(&picture.svg)));
    let canvas = document()?.create_element("canvas").ok()?.dyn_into::<HtmlCanvasElement>().ok()?;
    canvas.set_width((picture.width * SCALE) as u32);
    canvas.set_height((picture.height * SCALE) as u32);
    let context = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
    wasm_bindgen_futures::spawn_local(async move {
        let drawn = async {
            JsFuture::from(image.decode()).await.ok()?;
            let (width, height) = (picture.width * SCALE, picture.height * SCALE);
            context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height).ok()?;
            click_link(&canvas.to_data_url().ok()?, &file)
        };
        if drawn.await.is_none() {
            web_sys::console::warn_1(&JsValue::from_str("The picture could not be made."));
        }
    });
    Some(())
}

fn click_link(address: &str, file: &str) -> Option<()> {
    let document = document()?;
    let link = document.create_element("a").ok()?.dyn_into::<HtmlAnchorElement>().ok()?;
    link.set_href(address);
    link.set_download(file);
    let body = document.body()?;
    body.append_child(&link).ok()?;
    link.click();
    link.remove();
    Some(())
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn all(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = root.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

fn place(element: &Element, frame: &web_sys::DomRect, top: f64) -> String {
    let rect = element.get_bounding_client_rect();
    format!(
        r#"x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}""#,
        rect.left() - frame.left() + MARGIN,
        rect.top() - frame.top() + top,
        rect.width(),
        rect.height()
    )
}

/// Returns the nearest background up the tree that is not transparent.
fn background(window: &Window, element: &Element) -> String {
    let mut at = Some(element.clone());
    while let Some(element) = at {
        let style = window.get_computed_style(&element).ok().flatten();
        let color =
            style.and_then(|style| style.get_property_value("background-color").ok()).unwrap_or_default();
        if !color.is_empty() && color != "transparent" && color != "rgba(0, 0, 0, 0)" {
            return color;
        }
        at = element.parent_element();
    }
    "white".to_owned()
}

/// The CSS properties that determine a drawing's appearance.
const STYLES: [&str; 14] = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "opacity",
    "font-size",
    "font-weight",
    "font-style",
    "font-family",
    "paint-order",
];

/// Inlines the styles of `shown` into `copy`, and removes parts that belong only on the page, such as the
/// cursor.
fn inline_styles(window: &Window, shown: &Element, copy: &Element) {
    let (ours, theirs) = (all(shown, "*"), all(copy, "*"));
    for (shown, copy) in ours.iter().zip(&theirs) {
        if copy.get_attribute("data-export").as_deref() == Some("no") {
            copy.remove();
            continue;
        }
        if !matches!(shown.local_name().as_str(), "g" | "svg" | "title")
            && let Ok(Some(style)) = window.get_computed_style(shown)
            && let Some(copy) = copy.dyn_ref::<SvgElement>()
        {
            // The page's policy refuses style attributes, but not style properties.
            copy.style().set_css_text(&style_text(&style));
        }
        let _ = copy.remove_attribute("class");
    }
    for name in ["class", "style", "role", "tabindex", "aria-roledescription", "aria-label"] {
        let _ = copy.remove_attribute(name);
    }
}

fn style_text(style: &CssStyleDeclaration) -> String {
    STYLES
        .iter()
        .filter_map(|name| {
            let value = style.get_property_value(name).ok().filter(|value| !value.is_empty())?;
            Some(format!("{name}:{value}"))
        })
        .collect::<Vec<_>>()
        .join(";")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use crate::ui::export::*;

    #[test]
    fn texts_are_escaped() {
        assert_eq!(escape("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
    }
}
