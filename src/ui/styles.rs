//! Styles that are computed at run time.

use gloo::utils::document;
use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// The properties of styles.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct StylesProps {
    /// The text of the stylesheet.
    pub rules: AttrValue,
}

/// Applies a stylesheet while mounted. The page's policy (`index.html`) refuses style elements, so a script
/// adopts the sheet.
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

/// Adds a stylesheet to the document and returns it. `None` if the browser does not support constructed
/// stylesheets; the page then goes without them.
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
        // Setting sheets that were constructed here cannot fail.
        let _ = Reflect::set(&document, &NAME.into(), &change(&Array::from(&sheets)));
    }
}
