//! The browser's cache, in which the visitor's files outlive a visit. Some pages have none, such as sandboxed
//! frames; files then last as long as the page.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response, Url};

const NAME: &str = "nn-lab-files";

// Bound by hand: a few methods of two types.
#[wasm_bindgen]
extern "C" {
    type CacheStorage;
    #[wasm_bindgen(method, catch)]
    fn open(this: &CacheStorage, name: &str) -> Result<Promise, JsValue>;

    type Cache;
    #[wasm_bindgen(method)]
    fn put(this: &Cache, url: &str, response: &Response) -> Promise;
    #[wasm_bindgen(method, js_name = match)]
    fn find(this: &Cache, url: &str) -> Promise;
    #[wasm_bindgen(method)]
    fn delete(this: &Cache, url: &str) -> Promise;
    #[wasm_bindgen(method)]
    fn keys(this: &Cache) -> Promise;

    type Answer;
    #[wasm_bindgen(method)]
    fn blob(this: &Answer) -> Promise;
}

/// Returns the stored files in a folder by their paths. Without storage there are none.
pub(super) async fn load(folder: &str) -> Vec<(String, Blob)> {
    try_load(folder).await.unwrap_or_default()
}

/// Stores a file, if the browser can.
pub(super) async fn store(path: &str, blob: &Blob) {
    // If the browser stores nothing, or its quota is exceeded, the file lasts for this visit.
    let _ = try_store(path, blob).await;
}

/// Removes a stored file.
pub(super) async fn remove(path: &str) {
    // Without storage there is nothing to remove.
    let _ = try_remove(path).await;
}

async fn cache() -> Result<Cache, JsValue> {
    // Reading the property throws in a frame without an origin. Without https it is undefined.
    let storage = Reflect::get(&gloo::utils::window(), &"caches".into())?;
    if storage.is_undefined() {
        return Err(storage);
    }
    let opened = storage.unchecked_into::<CacheStorage>().open(NAME)?;
    Ok(JsFuture::from(opened).await?.unchecked_into())
}

async fn try_load(folder: &str) -> Result<Vec<(String, Blob)>, JsValue> {
    let (cache, base) = (cache().await?, base_url()?);
    let requests: Array = JsFuture::from(cache.keys()).await?.unchecked_into();
    let mut files = Vec::new();
    for request in requests.iter() {
        let url = Reflect::get(&request, &"url".into())?.as_string().unwrap_or_default();
        // Another lab on the same host has its own folder.
        let Some(path) = url.strip_prefix(&base).filter(|path| path.starts_with(folder)) else { continue };
        let answer = JsFuture::from(cache.find(&url)).await?;
        // It may have been removed since it was listed.
        if answer.is_undefined() {
            continue;
        }
        let blob = JsFuture::from(answer.unchecked_into::<Answer>().blob()).await?.unchecked_into();
        let path = js_sys::decode_uri_component(path)?;
        files.push((String::from(path), blob));
    }
    Ok(files)
}

async fn try_store(path: &str, blob: &Blob) -> Result<(), JsValue> {
    let response = Response::new_with_opt_blob(Some(blob))?;
    JsFuture::from(cache().await?.put(&url(path)?, &response)).await?;
    Ok(())
}

async fn try_remove(path: &str) -> Result<(), JsValue> {
    JsFuture::from(cache().await?.delete(&url(path)?)).await?;
    Ok(())
}

fn url(path: &str) -> Result<String, JsValue> {
    let path = js_sys::encode_uri_component(path);
    // A slash need not be encoded, and marks the folder.
    let path = String::from(path).replace("%2F", "/");
    Ok(format!("{}{path}", base_url()?))
}

/// Returns the folder of the page, ending in a slash.
pub(super) fn base_url() -> Result<String, JsValue> {
    let base = gloo::utils::document().base_uri()?.unwrap_or_default();
    Ok(Url::new_with_base("./", &base)?.href())
}
