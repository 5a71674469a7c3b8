//! The image that the visitor drags, and the buttons that shift it.

use crate::sections::cnn::Shift;
use crate::ui::picture::Picture;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

/// The maximum shift in pixels.
const MAX_SHIFT: i32 = 8;

#[derive(PartialEq, Properties)]
pub(super) struct ImagePadProps {
    pub(super) side: usize,
    pub(super) rgba: Rc<Vec<u8>>,
    pub(super) shift: Shift,
    pub(super) on_shift: Callback<Shift>,
}

/// The start of a drag: the pointer's position in CSS pixels, and the shift at that time.
type Start = (i32, i32, Shift);

/// The shifted image, moved by mouse, finger or arrow keys.
#[component]
pub(super) fn ImagePad(props: &ImagePadProps) -> Html {
    let ImagePadProps { side, rgba, shift, on_shift } = props;
    let start = use_mut_ref(|| None::<Start>);
    let pad = use_node_ref();
    let onpointerdown = {
        let (start, shift, pad) = (start.clone(), *shift, pad.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(pad) = pad.cast::<Element>() {
                // Without capture the drag only ends at the edge of the picture.
                let _ = pad.set_pointer_capture(event.pointer_id());
            }
            *start.borrow_mut() = Some((event.client_x(), event.client_y(), shift));
        })
    };
    let onpointermove = {
        let (start, side, on_shift, pad) = (start.clone(), *side as f64, on_shift.clone(), pad.clone());
        Callback::from(move |event: PointerEvent| {
            let Some((x, y, from)) = *start.borrow() else { return };
            let Some(pad) = pad.cast::<Element>() else { return };
            let pixels = |distance: i32| {
                let width = pad.get_bounding_client_rect().width().max(1.0);
                (f64::from(distance) * side / width).round() as i32
            };
            let (right, down) = (pixels(event.client_x() - x), pixels(event.client_y() - y));
            on_shift.emit(Shift { down: from.down + down, right: from.right + right }.limited(MAX_SHIFT));
        })
    };
    let end = Callback::from(move |_: PointerEvent| *start.borrow_mut() = None);
    let onkeydown = {
        let (shift, on_shift) = (*shift, on_shift.clone());
        Callback::from(move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowLeft" => moved(shift, 0, -1),
                "ArrowRight" => moved(shift, 0, 1),
                "ArrowUp" => moved(shift, -1, 0),
                "ArrowDown" => moved(shift, 1, 0),
                "Home" => Shift::default(),
                _ => return,
            };
            event.prevent_default();
            on_shift.emit(to);
        })
    };
    html! {
        <div ref={pad} class="shift-cell shift-pad" data-map="image" data-when="after" data-action="shift-image" tabindex="0" role="application"
            aria-roledescription="image" aria-label={format!("The image, shifted by {}. Arrow keys shift it.", words(*shift))}
            {onpointerdown} {onpointermove} onpointerup={end.clone()} onpointercancel={end} {onkeydown}>
            <Picture side={*side} rgba={rgba.clone()} label="the shifted image: drag it" />
        </div>
    }
}

fn moved(shift: Shift, down: i32, right: i32) -> Shift {
    Shift { down: shift.down + down, right: shift.right + right }.limited(MAX_SHIFT)
}

/// Returns the shift in words.
fn words(shift: Shift) -> String {
    let part = |pixels: i32, [positive, negative]: [&str; 2]| {
        format!("{} {}", pixels.abs(), if pixels < 0 { negative } else { positive })
    };
    format!("{}, {}", part(shift.right, ["right", "left"]), part(shift.down, ["down", "up"]))
}

/// Four arrows around a button that resets the shift.
pub(super) fn shift_buttons(shift: Shift, on_shift: &Callback<Shift>) -> Html {
    let button = |name: &'static str, sign: &'static str, label: &'static str, to: Shift| {
        let onclick = on_shift.reform(move |_: MouseEvent| to);
        html! {
            <button type="button" data-action={format!("shift-{name}")} aria-label={label} title={label} disabled={to == shift} {onclick}>{ sign }</button>
        }
    };
    html! {
        <div class="shift-buttons" role="group" aria-label="Shift the image">
            { button("left", "←", "Shift left", moved(shift, 0, -1)) }
            { button("up", "↑", "Shift up", moved(shift, -1, 0)) }
            { button("down", "↓", "Shift down", moved(shift, 1, 0)) }
            { button("right", "→", "Shift right", moved(shift, 0, 1)) }
            { button("reset", "Reset", "Reset the shift", Shift::default()) }
            <output data-shift={format!("{} {}", shift.down, shift.right)}>{ words(shift) }</output>
        </div>
    }
}
