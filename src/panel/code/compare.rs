//! Tensors that the visitor's own program computed, compared with the lab's without Python.

use crate::panel::code::jobs::{Jobs, Status};
use crate::panel::code::weights::bytes_of;
use crate::protocol::{ComparedTensor, FileAnswer, FileRequest};
use crate::ui::readout::format_number;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Differences up to this count as agreement: single precision, and sums in another order.
const TOLERANCE: f32 = 1e-4;

/// Returns the field for a file, and the table of the last comparison.
pub(super) fn compare(
    jobs: &Jobs,
    compared: &Option<Rc<Vec<ComparedTensor>>>,
    set: &Callback<Option<Rc<Vec<ComparedTensor>>>>,
) -> Html {
    let onchange = {
        let (jobs, set) = (jobs.clone(), set.clone());
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
            input.set_value("");
            let (jobs, set) = (jobs.clone(), set.clone());
            spawn_local(async move {
                let Some(bytes) = bytes_of(&file).await else {
                    return jobs.say(Status::Failed("The file could not be read.".to_owned()));
                };
                jobs.start(0, None, &FileRequest::Compare(bytes), move |answer| {
                    let FileAnswer::Compared(rows) = answer else { return Status::None };
                    let words = verdict(&rows);
                    set.emit(Some(Rc::new(rows)));
                    Status::Done(words)
                });
            });
        })
    };
    html! {
        <>
            <label class="file-button">
                <input type="file" accept=".safetensors" data-open="compare" {onchange} />
                <span>{ "Compare a file…" }</span>
            </label>
            { compared.as_ref().map(|rows| table(rows)) }
        </>
    }
}

fn agrees(row: &ComparedTensor) -> bool {
    matches!(row.difference, Ok(difference) if difference <= TOLERANCE)
}

/// Returns the result in a sentence.
fn verdict(rows: &[ComparedTensor]) -> String {
    let agreeing = rows.iter().filter(|row| agrees(row)).count();
    match rows.len() {
        0 => "The file has no tensors.".to_owned(),
        all if all == agreeing => format!("All {all} tensors agree with the lab’s."),
        all => format!("{agreeing} of {all} tensors agree with the lab’s."),
    }
}

fn table(rows: &[ComparedTensor]) -> Html {
    let row = |row: &ComparedTensor| {
        let difference = match &row.difference {
            Ok(difference) => format_number(f64::from(*difference), 2),
            Err(why) => why.clone(),
        };
        html! {
            <tr data-agrees={agrees(row).then_some("")}>
                <th scope="row"><code>{ &row.name }</code></th>
                <td>{ if agrees(row) { "agrees" } else { "differs" } }</td>
                <td>{ difference }</td>
            </tr>
        }
    };
    html! {
        <div class="code-compared" role="region" tabindex="0" aria-label="Compared tensors">
            <table>
                <thead><tr><th scope="col">{ "tensor" }</th><th scope="col">{ "result" }</th><th scope="col">{ "largest difference, relative to the largest number" }</th></tr></thead>
                <tbody>{ for rows.iter().map(row) }</tbody>
            </table>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_counts_what_agrees() {
        let row = |difference| ComparedTensor { name: "a".to_owned(), difference };
        let all = [row(Ok(1e-6)), row(Ok(0.5)), row(Err("it has the value NaN".to_owned()))];
        assert_eq!(verdict(&all), "1 of 3 tensors agree with the lab’s.");
        assert_eq!(verdict(&all[..1]), "All 1 tensors agree with the lab’s.");
        assert_eq!(verdict(&[]), "The file has no tensors.");
    }
}
