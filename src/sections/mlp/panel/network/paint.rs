//! The picture on a canvas: lines whose width is |w| and whose color is the sign, and the units' maps over
//! them. Every frame redraws one canvas, which is faster than changing hundreds of SVG elements.

use super::layout::{Item, Layout, MAX_OUTPUTS};
use crate::charts::{
    ColorMap,
    canvas::{context, use_restored},
};
use crate::panel::PtrEq;
use crate::sections::mlp::{BOUNDARY_REACH, MAP_SIDE, ParamIndex, Snapshot};
use std::rc::Rc;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};
use yew::prelude::*;

/// The width of a line for |w| = 1, in pixels.
pub(super) const PIXELS_PER_UNIT: f64 = 2.5;
const MIN_LINE_WIDTH: f64 = 0.35;
const MAX_LINE_WIDTH: f64 = 9.0;
/// Both colors are visible on a light and on a dark page.
const NEGATIVE: &str = "#3a86c8";
const POSITIVE: &str = "#dd7a26";
/// The number of pixels along each side of an image.
pub(super) const IMAGE_SIDE: usize = 28;

#[derive(PartialEq, Properties)]
pub(super) struct PaintingProps {
    pub(super) net: PtrEq<Snapshot>,
    pub(super) layout: Rc<Layout>,
    /// The item under the pointer; lines that do not belong to it are faint.
    pub(super) pointed: Option<Item>,
}

#[component]
pub(super) fn Painting(props: &PaintingProps) -> Html {
    let canvas = use_node_ref();
    let maps = use_mut_ref(|| None::<HtmlCanvasElement>);
    let restored = use_restored(&canvas);
    use_effect_with((props.net.clone(), props.layout.clone(), props.pointed, restored), {
        let (canvas, maps) = (canvas.clone(), maps.clone());
        move |(net, layout, pointed, restored)| {
            if *restored > 0 {
                // The atlas lost its content, too.
                maps.borrow_mut().take();
            }
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                // Without a context the picture stays empty; the data table has the numbers.
                let _ = paint(&canvas, &mut maps.borrow_mut(), &net.0, layout, *pointed);
            }
        }
    });
    let size = format!("width:{:.0}px;height:{:.0}px", props.layout.width, props.layout.height);
    html! { <canvas ref={canvas} class="network-canvas smooth" ~style={size} aria-hidden="true"></canvas> }
}

fn paint(
    canvas: &HtmlCanvasElement,
    maps: &mut Option<HtmlCanvasElement>,
    net: &Snapshot,
    layout: &Layout,
    pointed: Option<Item>,
) -> Option<()> {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(1.0, 3.0);
    let (width, height) = ((layout.width * ratio) as u32, (layout.height * ratio) as u32);
    // Setting the size clears the canvas, even to the same size.
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    let context = context(canvas)?;
    context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, layout.width, layout.height);
    lines(&context, net, layout, pointed);
    units(&context, maps, net, layout)
}

fn lines(context: &CanvasRenderingContext2d, net: &Snapshot, layout: &Layout, pointed: Option<Item>) {
    let belongs = |param: ParamIndex| match pointed {
        None => true,
        Some(Item::Weight(other)) => other == param,
        Some(Item::Unit(layer, unit)) => {
            (param.layer == layer && param.from == Some(unit))
                || (param.layer + 1 == layer && param.to == unit)
        }
    };
    for param in layout.all_weights() {
        let (Some([a, b, c, d]), Some(w)) = (layout.line(param), net.value(param)) else { continue };
        let w = f64::from(w);
        context.set_global_alpha(if belongs(param) { 0.85 } else { 0.12 });
        context.set_stroke_style_str(if w < 0.0 { NEGATIVE } else { POSITIVE });
        context.set_line_width((w.abs() * PIXELS_PER_UNIT).clamp(MIN_LINE_WIDTH, MAX_LINE_WIDTH));
        context.begin_path();
        context.move_to(a.0, a.1);
        context.bezier_curve_to(b.0, b.1, c.0, c.1, d.0, d.1);
        context.stroke();
    }
    context.set_global_alpha(1.0);
    if layout.bundled {
        bundle(context, layout);
    }
}

/// Draws one line to each unit in place of the lines from all pixels.
fn bundle(context: &CanvasRenderingContext2d, layout: &Layout) {
    let Some((x, y)) = layout.center(0, 0) else { return };
    let half = layout.node / 2.0;
    context.set_stroke_style_str("#8a94a0");
    context.set_line_width(1.0);
    for (to_x, to_y) in layout.units(1).filter_map(|unit| layout.center(1, unit)) {
        context.begin_path();
        context.move_to(x + half, y);
        context.line_to(to_x - half, to_y);
        context.stroke();
    }
}

/// Paints the maps of all units one below another on a separate canvas, and copies each to its position.
fn units(
    context: &CanvasRenderingContext2d,
    maps: &mut Option<HtmlCanvasElement>,
    net: &Snapshot,
    layout: &Layout,
) -> Option<()> {
    let side = if has_images(net) { IMAGE_SIDE } else { MAP_SIDE };
    let drawn: Vec<(usize, usize)> = layout.all_units().collect();
    let mut pixels = Vec::with_capacity(drawn.len() * side * side * 4);
    for &(layer, unit) in &drawn {
        pixels.extend(picture(net, layer, unit));
        pixels.resize(pixels.len().next_multiple_of(side * side * 4).max(4), 0);
    }
    let height = (side * drawn.len().max(1)) as u32;
    let atlas = match maps {
        Some(atlas) => atlas,
        None => {
            let element = web_sys::window()?.document()?.create_element("canvas").ok()?;
            maps.insert(element.dyn_into::<HtmlCanvasElement>().ok()?)
        }
    };
    if (atlas.width(), atlas.height()) != (side as u32, height) {
        atlas.set_width(side as u32);
        atlas.set_height(height);
    }
    pixels.resize(side * height as usize * 4, 0);
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), side as u32, height).ok()?;
    self::context(atlas)?.put_image_data(&image, 0.0, 0.0).ok()?;
    context.set_stroke_style_str("#808a96");
    context.set_line_width(1.0);
    let (side, node) = (side as f64, layout.node);
    for (index, &(layer, unit)) in drawn.iter().enumerate() {
        let Some((x, y)) = layout.center(layer, unit) else { continue };
        let (left, top) = (x - node / 2.0, y - node / 2.0);
        // A unit without a map is a gray box.
        context.set_fill_style_str("#9aa4b055");
        context.fill_rect(left, top, node, node);
        let from = side * index as f64;
        context
            .draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                atlas, 0.0, from, side, side, left, top, node, node,
            )
            .ok()?;
        context.stroke_rect(left, top, node, node);
    }
    Some(())
}

/// Returns a unit's map as RGBA from the top, or for images the weights of a unit of the first layer.
/// Transparent if there is none.
fn picture(net: &Snapshot, layer: usize, unit: usize) -> Vec<u8> {
    if has_images(net) {
        let weights = if layer == 1 { template(net, unit) } else { Vec::new() };
        return if weights.is_empty() {
            vec![0; IMAGE_SIDE * IMAGE_SIDE * 4]
        } else {
            ColorMap::Diverging.paint(&weights, ColorMap::Diverging.range(None, &weights))
        };
    }
    let values = map(net, layer, unit);
    if values.is_empty() {
        return vec![0; MAP_SIDE * MAP_SIDE * 4];
    }
    let pixels = ColorMap::Diverging.paint(&values, ColorMap::Diverging.range(None, &values));
    pixels.rchunks(MAP_SIDE * 4).flatten().copied().collect()
}

/// Returns true if the inputs of a network are the pixels of an image, which is larger than any table is wide.
pub(super) fn has_images(net: &Snapshot) -> bool {
    net.width(0) >= IMAGE_SIDE * IMAGE_SIDE
}

/// Returns the activation of a unit on the grid, row by row from the bottom. An input is its own activation. Many features
/// are drawn as one unit, which has no map.
pub(super) fn map(net: &Snapshot, layer: usize, unit: usize) -> Vec<f32> {
    if layer == 0 {
        let of_plane = |unit| if unit == 0 { [0.0, 1.0, 0.0] } else { [0.0, 0.0, 1.0] };
        let [middle, along_x, along_y] = match net.inputs.get(unit) {
            _ if net.width(0) > MAX_OUTPUTS => return Vec::new(),
            Some(input) => *input,
            None => of_plane(unit),
        };
        let at = |i: usize| ((i as f32 + 0.5) / MAP_SIDE as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
        let cell = |i: usize| middle + along_x * at(i % MAP_SIDE) + along_y * at(i / MAP_SIDE);
        return (0..MAP_SIDE * MAP_SIDE).map(cell).collect();
    }
    let Some((cells, (low, high))) = net.map(layer, unit) else { return Vec::new() };
    cells.iter().map(|&cell| low + f32::from(cell) / 255.0 * (high - low)).collect()
}

/// Returns the weights from every pixel to a unit of the first layer.
pub(super) fn template(net: &Snapshot, unit: usize) -> Vec<f32> {
    let d_out = net.width(1).max(1);
    net.params.iter().take(net.width(0) * d_out).skip(unit).step_by(d_out).copied().collect()
}
