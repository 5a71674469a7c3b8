//! Pictures from the camera, one class at a time. The camera is on only while its picture is in sight.

use crate::client::NamedBlob;
use crate::panel::own_data::parts::{count, counted, value_of};
use gloo::timers::callback::Interval;
use gloo::utils::{document, window};
use js_sys::{Array, Object, Promise, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, Element, HtmlCanvasElement};
use yew::prelude::*;

/// The time between two pictures in milliseconds.
const PAUSE_MS: u32 = 150;
/// The number of pictures of the button that takes several.
const SEVERAL: u32 = 10;
/// The width and height of a picture. A worker scales it to the size of the set.
const SIDE: f64 = 224.0;
/// The maximum number of pictures that wait to be added.
const MAX_SHOTS: usize = 1000;

// Bound by hand, because the page needs little of these interfaces.
#[wasm_bindgen]
extern "C" {
    type Devices;
    #[wasm_bindgen(method, catch, js_name = getUserMedia)]
    fn open(this: &Devices, constraints: &JsValue) -> Result<Promise, JsValue>;

    type Stream;
    #[wasm_bindgen(method, js_name = getTracks)]
    fn tracks(this: &Stream) -> Array;

    type Track;
    #[wasm_bindgen(method)]
    fn stop(this: &Track);

    #[derive(Clone)]
    type Video;
    #[wasm_bindgen(method, getter, js_name = videoWidth)]
    fn width(this: &Video) -> f64;
    #[wasm_bindgen(method, getter, js_name = videoHeight)]
    fn height(this: &Video) -> f64;
    #[wasm_bindgen(method, setter, js_name = srcObject)]
    fn set_source(this: &Video, stream: Option<&Stream>);
    #[wasm_bindgen(method, catch)]
    fn play(this: &Video) -> Result<Promise, JsValue>;

    type Context;
    #[wasm_bindgen(method, catch, js_name = drawImage)]
    #[allow(clippy::too_many_arguments, reason = "the signature is the browser's")]
    fn draw(
        this: &Context,
        video: &Video,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        to_x: f64,
        to_y: f64,
        to_width: f64,
        to_height: f64,
    ) -> Result<(), JsValue>;
}

/// A camera, which is off when this is dropped.
struct Open(Stream);

impl Drop for Open {
    fn drop(&mut self) {
        for track in self.0.tracks() {
            track.unchecked_into::<Track>().stop();
        }
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct CameraProps {
    /// Receives the pictures, whose folder is their class.
    pub(super) on_files: Callback<Vec<NamedBlob>>,
}

/// The button that opens the camera, and the camera.
#[component]
pub(super) fn Camera(props: &CameraProps) -> Html {
    let is_on = use_state_eq(|| false);
    let error = use_state_eq(|| None::<&'static str>);
    let start = {
        let (is_on, error) = (is_on.setter(), error.setter());
        Callback::from(move |_: MouseEvent| {
            error.set(None);
            is_on.set(true);
        })
    };
    let on_end = {
        let (is_on, error) = (is_on.setter(), error.setter());
        Callback::from(move |why: Option<&'static str>| {
            error.set(why);
            is_on.set(false);
        })
    };
    html! {
        <div class="own-camera">
            if *is_on {
                <Shots on_files={props.on_files.clone()} {on_end} />
            } else {
                <button type="button" data-action="open-camera" onclick={start}>{ "Take pictures with the camera" }</button>
            }
            <div role="alert">
                if let Some(error) = *error { <p class="notice" data-kind="error" data-camera-error="">{ error }</p> }
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ShotsProps {
    on_files: Callback<Vec<NamedBlob>>,
    /// Called when the camera is to be closed, with the reason if it could not be opened.
    on_end: Callback<Option<&'static str>>,
}

/// The picture of the camera, with buttons to take pictures.
#[component]
fn Shots(props: &ShotsProps) -> Html {
    let (video, canvas) = (use_node_ref(), use_node_ref());
    let is_ready = use_state_eq(|| false);
    let class = use_state_eq(|| "class 1".to_owned());
    let shots = use_mut_ref(Vec::<(String, Blob)>::new);
    // The number of pictures of each class.
    let counts = use_state_eq(Vec::<(String, u32)>::new);
    use_effect_with((), {
        let (video, is_ready, on_end) = (video.clone(), is_ready.setter(), props.on_end.clone());
        move |()| {
            // The camera, until this component is gone. It may open afterwards.
            let open = Rc::new(RefCell::new(Some(None::<Open>)));
            let kept = open.clone();
            spawn_local(async move {
                match open_camera().await {
                    Ok(camera) => {
                        let Some(video) =
                            video.cast::<Element>().map(|video| video.unchecked_into::<Video>())
                        else {
                            return;
                        };
                        let mut kept = kept.borrow_mut();
                        if let Some(kept) = &mut *kept {
                            video.set_source(Some(&camera.0));
                            // A browser that does not play it shows no picture, which is in sight.
                            let _ = video.play();
                            *kept = Some(camera);
                            is_ready.set(true);
                        }
                    }
                    Err(why) => {
                        if kept.borrow().is_some() {
                            on_end.emit(Some(why));
                        }
                    }
                }
            });
            move || drop(open.borrow_mut().take())
        }
    });
    // True while a button is held.
    let timer = use_mut_ref(|| None::<(bool, Interval)>);
    let take = {
        let (video, canvas, class, shots, counts) =
            (video.clone(), canvas.clone(), (*class).clone(), shots.clone(), counts.setter());
        Rc::new(move || {
            let _ = take(&video, &canvas, &class, &shots, &counts);
        })
    };
    // Takes pictures until the timer is dropped, or `limit` of them.
    let begin = {
        let (timer, take) = (timer.clone(), take);
        move |limit: u32| {
            take();
            let (own, take, mut left) = (Rc::downgrade(&timer), take.clone(), limit - 1);
            let interval = Interval::new(PAUSE_MS, move || {
                take();
                left -= 1;
                if let (0, Some(timer)) = (left, own.upgrade()) {
                    // Dropped after this call, because it is running.
                    spawn_local(async move { drop(timer.borrow_mut().take()) });
                }
            });
            timer.borrow_mut().replace((limit == u32::MAX, interval));
        }
    };
    // A press also ends a series, and takes over from it. A key that is held is reported many times.
    let hold = {
        let (begin, timer) = (begin.clone(), timer.clone());
        move || {
            let is_held = matches!(&*timer.borrow(), Some((true, _)));
            if !is_held {
                begin(u32::MAX);
            }
        }
    };
    let is_key = |event: &KeyboardEvent| matches!(event.key().as_str(), " " | "Enter");
    let release = {
        let timer = timer.clone();
        move || drop(timer.borrow_mut().take_if(|(is_held, _)| *is_held))
    };
    let on_press = {
        let hold = hold.clone();
        Callback::from(move |event: PointerEvent| {
            event.prevent_default();
            hold();
        })
    };
    let on_key = Callback::from(move |event: KeyboardEvent| {
        if is_key(&event) {
            event.prevent_default();
            hold();
        }
    });
    fn on<E: 'static>(action: &(impl Fn() + Clone + 'static)) -> Callback<E> {
        let action = action.clone();
        Callback::from(move |_: E| action())
    }
    let several = Callback::from(move |_: MouseEvent| begin(SEVERAL));
    let discard = {
        let (shots, counts) = (shots.clone(), counts.setter());
        move || {
            shots.borrow_mut().clear();
            counts.set(Vec::new());
        }
    };
    let add = {
        let (shots, discard, on_files) = (shots.clone(), discard.clone(), props.on_files.clone());
        move || {
            let shots = shots.take();
            let named = |(at, (class, blob)): (usize, (String, Blob))| NamedBlob {
                name: format!("{class}/camera-{:03}.png", at + 1),
                blob,
            };
            on_files.emit(shots.into_iter().enumerate().map(named).collect());
            discard();
        }
    };
    let close = props.on_end.reform(|_: MouseEvent| None);
    let oninput = {
        let class = class.setter();
        Callback::from(move |event: InputEvent| class.set(value_of(&event)))
    };
    let total: u32 = counts.iter().map(|(_, count)| count).sum();
    let is_idle = !*is_ready || class.trim().is_empty();
    html! {
        <>
            <p role="status">{ if *is_ready { "The camera is on." } else { "Waiting for the camera…" } }</p>
            <div class="own-camera-parts">
                <video ref={video} playsinline=true muted=true aria-label="Picture of the camera" />
                <canvas ref={canvas} width={SIDE.to_string()} height={SIDE.to_string()} hidden=true />
                <div>
                    <label>{ "Class of the next pictures " }
                        <input type="text" data-camera-class="" maxlength="60" value={(*class).clone()} {oninput} /></label>
                    <p class="own-buttons">
                        <button type="button" data-action="hold-camera" disabled={is_idle} onpointerdown={on_press} onkeydown={on_key}
                            onpointerup={on(&release)} onpointerleave={on(&release)} onpointercancel={on(&release)}
                            onkeyup={on(&release)} onblur={on(&release)}>{ "Hold to take" }</button>
                        <button type="button" data-action="take-several" disabled={is_idle} onclick={several}>{ format!("Take {SEVERAL}") }</button>
                    </p>
                    <p role="status" data-shots={total.to_string()}>
                        { if total == 0 { "No pictures yet.".to_owned() } else { counted(counts.iter().map(|(name, count)| (name.as_str(), *count))) } }
                    </p>
                    <p class="own-buttons">
                        <button type="button" class="primary" data-action="add-shots" disabled={total == 0} onclick={on(&add)}>{ format!("Add {}", count(total, "picture")) }</button>
                        <button type="button" data-action="discard-shots" disabled={total == 0} onclick={on(&discard)}>{ "Discard" }</button>
                        <button type="button" data-action="close-camera" onclick={close}>{ "Close the camera" }</button>
                    </p>
                </div>
            </div>
        </>
    }
}

/// Takes a picture: the square in the middle. `None` if there is no picture yet.
fn take(
    video: &NodeRef,
    canvas: &NodeRef,
    class: &str,
    shots: &Rc<RefCell<Vec<(String, Blob)>>>,
    counts: &UseStateSetter<Vec<(String, u32)>>,
) -> Option<()> {
    let video = video.cast::<Element>()?.unchecked_into::<Video>();
    let canvas = canvas.cast::<HtmlCanvasElement>()?;
    let (width, height) = (video.width(), video.height());
    let side = width.min(height);
    if side < 1.0 || shots.borrow().len() >= MAX_SHOTS {
        return None;
    }
    let context = canvas.get_context("2d").ok()??.unchecked_into::<Context>();
    let (x, y) = ((width - side) / 2.0, (height - side) / 2.0);
    context.draw(&video, x, y, side, side, 0.0, 0.0, SIDE, SIDE).ok()?;
    // A folder cannot contain the character that separates folders.
    let class = class.trim().replace('/', "-");
    let (shots, counts) = (shots.clone(), counts.clone());
    let done = Closure::once_into_js(move |blob: Option<Blob>| {
        let Some(blob) = blob else { return };
        let mut shots = shots.borrow_mut();
        shots.push((class, blob));
        let mut all = Vec::<(String, u32)>::new();
        for (class, _) in &*shots {
            match all.iter_mut().find(|(name, _)| name == class) {
                Some((_, count)) => *count += 1,
                None => all.push((class.clone(), 1)),
            }
        }
        counts.set(all);
    });
    canvas.to_blob(done.unchecked_ref()).ok()
}

/// Opens the camera. Fails with a sentence.
async fn open_camera() -> Result<Open, &'static str> {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap_or_default();
    let devices = get(window().navigator().as_ref(), "mediaDevices");
    if !devices.is_object() {
        return Err(
            "Browsers give the camera only to pages that were loaded with https. Open the lab that way, or choose files.",
        );
    }
    let constraints = Object::new();
    // Setting a property of a new object cannot fail.
    let _ = Reflect::set(&constraints, &"video".into(), &JsValue::TRUE);
    let opened = async {
        let opening = devices.unchecked_ref::<Devices>().open(&constraints)?;
        JsFuture::from(opening).await
    };
    let error = match opened.await {
        Ok(stream) => return Ok(Open(stream.unchecked_into())),
        Err(error) => get(&error, "name").as_string().unwrap_or_default(),
    };
    Err(match &*error {
        "NotAllowedError" | "SecurityError" if is_framed() => {
            "The page around this frame does not allow the camera, or it was refused. Open the lab in a tab of its own, or choose files."
        }
        "NotAllowedError" | "SecurityError" => {
            "The camera was refused. Allow it in the browser’s settings for this page, or choose files."
        }
        "NotFoundError" | "OverconstrainedError" => {
            "This device has no camera that the browser finds. Choose files instead."
        }
        "NotReadableError" | "AbortError" => {
            "The camera is used by another program. Close it, and try again."
        }
        _ => "The camera could not be opened. Choose files instead.",
    })
}

/// Returns true if the lab is in a frame of another page.
fn is_framed() -> bool {
    let of = |name: &str| Reflect::get(&window(), &name.into()).ok();
    document().default_view().is_some() && of("top") != of("self")
}
