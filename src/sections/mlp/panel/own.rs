//! The chapter of the user's own data: the board, the importer of tables, and the text.

use super::board::Board;
use crate::client::{NamedBlob, use_data_sets};
use crate::core::data_set::table::TableOptions;
use crate::core::data_set::{DataKind, DataRequest};
use crate::panel::{PtrEq, TableImport};
use crate::sections::mlp::{Config, Dataset, Record};
use js_sys::Array;
use serde_json::Value;
use wasm_bindgen::JsValue;
use web_sys::Blob;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct OwnProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
    /// True if the data cannot be changed.
    pub(super) is_locked: bool,
    pub(super) set: Callback<(&'static str, Value)>,
}

fn choose(set: &Callback<(&'static str, Value)>) -> Callback<String> {
    let set = set.clone();
    Callback::from(move |id: String| {
        set.emit(("data", id.into()));
        set.emit(("dataset", "own".into()));
    })
}

/// The board. Points that are too many for a link become a table.
#[component]
pub(super) fn OwnBoard(props: &OwnProps) -> Html {
    let OwnProps { config, record, is_locked, set } = props;
    let sets = use_data_sets(DataKind::Table);
    let asked = use_mut_ref(|| false);
    use_effect_with(sets.prepared.clone(), {
        let (sets, asked, choose) = (sets.clone(), asked.clone(), choose(set));
        move |prepared| {
            if let Some(prepared) = prepared
                && std::mem::take(&mut *asked.borrow_mut())
            {
                sets.keep_new();
                choose.emit(prepared.card.id.clone());
            }
        }
    });
    let on_table = {
        let (ask, is_curve) = (sets.ask.clone(), config.dataset == Dataset::Curve);
        Callback::from(move |csv: String| {
            // A browser that cannot make a file of a text keeps the points on the board.
            let Ok(blob) = Blob::new_with_str_sequence(&Array::of1(&JsValue::from(csv))) else { return };
            *asked.borrow_mut() = true;
            let target = if is_curve { "y" } else { "class" };
            let options = TableOptions {
                header: Some(true),
                target: Some(target.to_owned()),
                regression: Some(is_curve),
                ..TableOptions::default()
            };
            let file = NamedBlob { name: "drawn points.csv".to_owned(), blob };
            ask.emit((DataRequest::Table(options), vec![file]));
        })
    };
    html! {
        <>
            <Board config={config.clone()} record={record.clone()} is_locked={*is_locked} set={set.clone()} {on_table} />
            if let Some(error) = &sets.error {
                <p class="notice" data-kind="warn" role="alert">{ error }</p>
            }
        </>
    }
}

/// The importer of tables.
pub(super) fn table_import(config: &Config, set: &Callback<(&'static str, Value)>) -> Html {
    html! { <TableImport data={AttrValue::from(config.data.clone())} on_data={choose(set)} /> }
}
