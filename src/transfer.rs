//! Downloads from the page's own server, for the page and its workers: with progress, and with a plain reason
//! if a file does not arrive, is not the requested one, or is incomplete.

#[cfg(feature = "page")]
use js_sys::WebAssembly::{self, Module};
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use thiserror::Error;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

/// The time without any data after which a download fails.
const TIMEOUT_MS: i32 = 30_000;

/// A downloaded file, in the pieces in which it arrived.
#[derive(Debug)]
pub struct Fetched {
    pieces: Vec<Uint8Array>,
    length: u32,
}

impl Fetched {
    /// Returns the whole file as a JavaScript array, outside of wasm memory.
    #[cfg(feature = "page")]
    fn into_array(self) -> Uint8Array {
        let all = Uint8Array::new_with_length(self.length);
        let mut at = 0;
        for piece in self.pieces {
            all.set(&piece, at);
            at += piece.length();
        }
        all
    }

    /// Returns the whole file.
    pub fn into_vec(self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.length as usize);
        self.pieces.iter().for_each(|piece| all.extend_from_slice(&piece.to_vec()));
        all
    }
}

/// The reason a download failed. The message is the end of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The connection failed.
    #[error("the connection failed")]
    Connection,
    /// The server answered with this status.
    #[error("the server answered {0}")]
    Status(u16),
    /// The server answered with an HTML page.
    #[error("the server sent a page in its place")]
    Page,
    /// The answer has no body.
    #[error("the answer is empty")]
    Empty,
    /// The connection ended early.
    #[error("only {received} of {expected} bytes have come")]
    Incomplete {
        /// The number of bytes received.
        received: u32,
        /// The number of bytes that the server announced.
        expected: u32,
    },
    /// The file is not what its name says.
    #[error("its file came damaged")]
    Damaged,
    /// The server sent nothing for too long.
    #[error("the server has sent nothing for {} seconds", TIMEOUT_MS / 1000)]
    Timeout,
}

/// Fetches a file. `progress` takes the bytes received so far, and the total if it is known.
///
/// # Errors
///
/// Fails if the server is not reached, answers with an error or with an HTML page, or stops sending.
pub async fn fetch(url: &str, progress: impl Fn(u32, Option<u32>)) -> Result<Fetched, FetchError> {
    read(&open(url).await?, progress).await
}

/// Fetches a WebAssembly module, which the browser compiles while it arrives. `progress` is that of [`fetch`].
///
/// # Errors
///
/// Fails as [`fetch`] does, and if the file is not a module.
#[cfg(feature = "page")]
pub async fn fetch_module(url: &str, progress: impl Fn(u32, Option<u32>)) -> Result<Module, FetchError> {
    let response = open(url).await?;
    // The browser compiles nothing of another type while it arrives.
    let is_wasm = header(&response, "content-type").is_some_and(|kind| kind.starts_with("application/wasm"));
    let compiled = if is_wasm {
        // Both copies come from one download. The browser keeps what it compiled of the first one for the next visit.
        let copy = response.clone().map_err(|_| FetchError::Connection)?;
        let answered: Promise = Promise::resolve(&response).unchecked_into();
        let compiling = JsFuture::from(WebAssembly::compile_streaming(&answered));
        read(&copy, progress).await?;
        compiling.await
    } else {
        JsFuture::from(WebAssembly::compile(&read(&response, progress).await?.into_array())).await
    };
    compiled.map(JsCast::unchecked_into).map_err(|_| FetchError::Damaged)
}

/// Asks for a file, and returns the answer when it begins.
async fn open(url: &str) -> Result<Response, FetchError> {
    let fetch = global("fetch").ok_or(FetchError::Connection)?;
    let answer = fetch.call1(&JsValue::UNDEFINED, &url.into()).map_err(|_| FetchError::Connection)?;
    let response: Response = with_timeout(answer.unchecked_into()).await?.unchecked_into();
    if !response.ok() {
        return Err(FetchError::Status(response.status()));
    }
    // No file of the lab is an HTML page; some hosts send one in place of a missing file.
    if header(&response, "content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(FetchError::Page);
    }
    Ok(response)
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).ok().flatten()
}

/// Reads an answer to its end.
async fn read(response: &Response, progress: impl Fn(u32, Option<u32>)) -> Result<Fetched, FetchError> {
    let total: Option<u32> = header(response, "content-length").and_then(|length| length.parse().ok());
    // The length of a compressed answer is that of the compressed bytes.
    let whole = total.filter(|_| header(response, "content-encoding").is_none());
    let body = response.body().ok_or(FetchError::Empty)?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut fetched = Fetched { pieces: Vec::new(), length: 0 };
    loop {
        let read = with_timeout(reader.read()).await.inspect_err(|_| drop(reader.cancel()))?;
        let of = |key: &str| Reflect::get(&read, &key.into()).unwrap_or(JsValue::UNDEFINED);
        if of("done").is_truthy() {
            break;
        }
        let piece: Uint8Array = of("value").dyn_into().map_err(|_| FetchError::Connection)?;
        fetched.length += piece.length();
        fetched.pieces.push(piece);
        progress(fetched.length, total.filter(|&total| total >= fetched.length));
    }
    match whole {
        Some(expected) if expected != fetched.length => {
            Err(FetchError::Incomplete { received: fetched.length, expected })
        }
        _ => Ok(fetched),
    }
}

fn global(name: &str) -> Option<Function> {
    Reflect::get(&js_sys::global(), &name.into()).ok()?.dyn_into().ok()
}

/// Waits for a promise, but not longer than the timeout.
async fn with_timeout(promise: Promise) -> Result<JsValue, FetchError> {
    let mut timer = JsValue::UNDEFINED;
    let late = Promise::new(&mut |resolve, _| {
        if let Some(set) = global("setTimeout") {
            let result = set.call3(&JsValue::UNDEFINED, &resolve, &TIMEOUT_MS.into(), &JsValue::NULL);
            timer = result.unwrap_or(JsValue::UNDEFINED);
        }
    });
    let first = JsFuture::from(Promise::race(&Array::of2(&promise, &late))).await;
    if let Some(clear) = global("clearTimeout") {
        // Clearing a timer that has already fired does nothing.
        let _ = clear.call1(&JsValue::UNDEFINED, &timer);
    }
    match first {
        Ok(late) if late.is_null() => Err(FetchError::Timeout),
        Ok(value) => Ok(value),
        Err(_) => Err(FetchError::Connection),
    }
}
