//! One file that a panel keeps for the next visit: the [`use_kept`] hook.

use crate::component::prelude::*;
use crate::lab::storage;
use js_sys::{Array, Uint8Array};
use std::rc::Rc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;

/// A file of an earlier visit, and the way to keep one for the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The name of what an earlier visit kept, if there is something.
    pub name: Option<String>,
    /// Keeps a file under a name, in place of what was kept.
    pub put: Callback<(String, Rc<Vec<u8>>)>,
    /// Reads what an earlier visit kept.
    pub read: Callback<Callback<Vec<u8>>>,
    /// Keeps nothing any longer.
    pub clear: Callback<()>,
}

/// The file in a folder, which ends with a slash.
#[hook]
pub fn use_kept(folder: &'static str) -> Kept {
    let found = use_state(|| None::<(String, Blob)>);
    use_effect_with((), {
        let found = found.setter();
        move |()| {
            spawn_local(async move {
                let file = storage::load(folder).await.pop();
                found.set(file.map(|(path, blob)| (path.trim_start_matches(folder).to_owned(), blob)));
            });
        }
    });
    let put = use_callback((), move |(name, bytes): (String, Rc<Vec<u8>>), ()| {
        let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
        let Ok(blob) = Blob::new_with_u8_array_sequence(&parts) else { return };
        spawn_local(async move {
            let path = format!("{folder}{name}");
            // The new one first: whatever happens between, one of the two is there.
            storage::store(&path, &blob).await;
            for (older, _) in storage::load(folder).await {
                if older != path {
                    storage::remove(&older).await;
                }
            }
        });
    });
    let read = {
        let found = found.clone();
        Callback::from(move |take: Callback<Vec<u8>>| {
            if let Some((_, blob)) = &*found {
                let blob = blob.clone();
                spawn_local(async move {
                    if let Ok(buffer) = JsFuture::from(blob.array_buffer()).await {
                        take.emit(Uint8Array::new(&buffer).to_vec());
                    }
                });
            }
        })
    };
    let clear = {
        let found = found.setter();
        Callback::from(move |()| {
            found.set(None);
            spawn_local(async move {
                for (path, _) in storage::load(folder).await {
                    storage::remove(&path).await;
                }
            });
        })
    };
    Kept { name: found.as_ref().map(|(name, _)| name.clone()), put, read, clear }
}
