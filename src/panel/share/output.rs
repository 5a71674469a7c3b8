//! The snippet for the chosen tool, with the button that copies it, and the menu of tools.

use crate::panel::copy_button::CopyButton;
use crate::panel::share::editor::{Editor, menu};
use crate::panel::share::tool::Tool;
use yew::prelude::*;

/// The page of the site that lists the names of all settings, figures and metrics.
const NAMES: &str = "names.html";

/// Returns the menu of tools, and what must be configured for the chosen one.
pub(super) fn tools(editor: &Editor, folder: &str) -> Html {
    let now = editor.drafts.tool;
    let options =
        Tool::ALL.into_iter().map(|(tool, slug, words)| (slug.to_owned(), words.to_owned(), tool == now));
    let onchange = editor.on_value::<Event>(|drafts, value| drafts.tool = Tool::read(&value));
    let (sentence, code) = now.setup(folder);
    html! {
        <fieldset class="share-where"><legend>{ "Where" }</legend>
            { menu("Tool", "tool", options, onchange) }
            <p class="muted">{ sentence }</p>
            if let Some(code) = code {
                <pre data-setup="" tabindex="0">{ code }</pre>
            }
            <p class="muted"><a href={NAMES} target="_blank" rel="noopener">{ "Names of all settings, figures and metrics" }</a></p>
        </fieldset>
    }
}

/// Returns the snippet with the button that copies it.
pub(super) fn output(tool: Tool, text: String) -> Html {
    let copied = text.clone();
    let label = match tool {
        Tool::Link => "Link",
        Tool::H5p => "Address to enter",
        Tool::Notebook | Tool::Marimo => "Code for a cell",
        _ => "Paste this into your page",
    };
    html! {
        <div class="share-output">
            <label>{ label }<textarea readonly={true} rows="4" spellcheck="false" data-output={tool.output()} value={text} /></label>
            <CopyButton key={tool.slug()} label="Copy" action={tool.copy_action()} text={Callback::from(move |()| copied.clone())} />
        </div>
    }
}
