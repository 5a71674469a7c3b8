//! Styles that are known only while the page runs.

use gloo::utils::document;
use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub struct StylesProps {
    /// Rules, as a file of styles has them.
    pub rules: AttrValue,
}

/// Rules that hold as long as this is shown. As a sheet that a script makes: the page's policy (`index.html`) refuses what
/// stands in a style element.
#[component]
pub fn Styles(props: &StylesProps) -> Html {
    use_effect_with(props.rules.clone(), |rules| {
        let sheet = adopt(rules);
        move || {
            if let Some(sheet) = sheet {
                change_sheets(|sheets| sheets.filter(&mut |other, _, _| !js_sys::Object::is(&other, &sheet)));
            }
        }
    });
    Html::default()
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = CSSStyleSheet)]
    type Sheet;
    #[wasm_bindgen(constructor, js_class = "CSSStyleSheet", catch)]
    fn new() -> Result<Sheet, JsValue>;
    #[wasm_bindgen(method, js_name = replaceSync, catch)]
    fn replace(this: &Sheet, rules: &str) -> Result<(), JsValue>;
}

/// A sheet with these rules, which hold from now on. A browser that knows no such sheets shows the page without them.
fn adopt(rules: &str) -> Option<JsValue> {
    let sheet = Sheet::new().ok()?;
    sheet.replace(rules).ok()?;
    let sheet = JsValue::from(sheet);
    change_sheets(|sheets| sheets.concat(&Array::of1(&sheet)));
    Some(sheet)
}

fn change_sheets(change: impl FnOnce(&Array) -> Array) {
    const NAME: &str = "adoptedStyleSheets";
    let document = document();
    if let Ok(sheets) = Reflect::get(&document, &NAME.into()) {
        // Nothing can be wrong with sheets that were made here.
        let _ = Reflect::set(&document, &NAME.into(), &change(&Array::from(&sheets)));
    }
}
