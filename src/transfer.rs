//! Files from the page's own server, as the page and its workers fetch them: with what has come so far, and with a plain reason
//! where one does not come, is not what was asked for, or is not whole.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

/// A server that sends nothing for so long is given up.
const PATIENCE_MS: i32 = 30_000;

/// A file that has come, in the pieces that it came in.
#[derive(Debug)]
pub struct Fetched {
    pieces: Vec<Uint8Array>,
    length: u32,
}

impl Fetched {
    /// The whole file, outside of this module's memory.
    pub fn into_array(self) -> Uint8Array {
        let all = Uint8Array::new_with_length(self.length);
        let mut at = 0;
        for piece in self.pieces {
            all.set(&piece, at);
            at += piece.length();
        }
        all
    }

    /// The whole file, within it.
    pub fn into_vec(self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.length as usize);
        self.pieces.iter().for_each(|piece| all.extend_from_slice(&piece.to_vec()));
        all
    }
}

/// Fetches a file. `progress` hears of bytes so far, and in all where that is known. An error is the end of a sentence: "the
/// server answered 404".
pub async fn fetch(url: &str, progress: impl Fn(u32, Option<u32>)) -> Result<Fetched, String> {
    let fetch = global("fetch").ok_or_else(failed)?;
    let answer = fetch.call1(&JsValue::UNDEFINED, &url.into()).map_err(|_| failed())?;
    let response: Response = patiently(answer.unchecked_into()).await?.unchecked_into();
    if !response.ok() {
        return Err(format!("the server answered {}", response.status()));
    }
    let header = |name: &str| response.headers().get(name).ok().flatten();
    // None of the lab's files is a page; hosts send their own in place of what they have not.
    if header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        return Err("the server sent a page in its place".to_owned());
    }
    let total: Option<u32> = header("content-length").and_then(|length| length.parse().ok());
    // A compressed answer tells its compressed length, which the bytes outgrow.
    let whole = total.filter(|_| header("content-encoding").is_none());
    let body = response.body().ok_or_else(|| "the answer is empty".to_owned())?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut fetched = Fetched { pieces: Vec::new(), length: 0 };
    loop {
        let read = patiently(reader.read()).await.inspect_err(|_| drop(reader.cancel()))?;
        let of = |key: &str| Reflect::get(&read, &key.into()).unwrap_or(JsValue::UNDEFINED);
        if of("done").is_truthy() {
            break;
        }
        let piece: Uint8Array = of("value").dyn_into().map_err(|_| failed())?;
        fetched.length += piece.length();
        fetched.pieces.push(piece);
        progress(fetched.length, total.filter(|&total| total >= fetched.length));
    }
    match whole {
        Some(whole) if whole != fetched.length => {
            Err(format!("only {} of {whole} bytes have come", fetched.length))
        }
        _ => Ok(fetched),
    }
}

fn failed() -> String {
    "the connection failed".to_owned()
}

fn global(name: &str) -> Option<Function> {
    Reflect::get(&js_sys::global(), &name.into()).ok()?.dyn_into().ok()
}

/// Waits for a promise, but not for ever.
async fn patiently(promise: Promise) -> Result<JsValue, String> {
    let mut timer = JsValue::UNDEFINED;
    let late = Promise::new(&mut |resolve, _| {
        if let Some(set) = global("setTimeout") {
            let result = set.call3(&JsValue::UNDEFINED, &resolve, &PATIENCE_MS.into(), &JsValue::NULL);
            timer = result.unwrap_or(JsValue::UNDEFINED);
        }
    });
    let first = JsFuture::from(Promise::race(&Array::of2(&promise, &late))).await;
    if let Some(clear) = global("clearTimeout") {
        // A timer that has run out already is cleared without complaint.
        let _ = clear.call1(&JsValue::UNDEFINED, &timer);
    }
    match first {
        Ok(late) if late.is_null() => {
            Err(format!("the server has sent nothing for {} seconds", PATIENCE_MS / 1000))
        }
        Ok(value) => Ok(value),
        Err(_) => Err(failed()),
    }
}
