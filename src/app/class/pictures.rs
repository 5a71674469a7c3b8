//! The first predictions of the class, question by question, also in large for a wall.

use crate::app::class::drawing::drawing;
use crate::app::class::modal::Modal;
use crate::coursework::class::picture::Picture;
use crate::coursework::class::{Board, Column};
use crate::panel::PtrEq;
use yew::prelude::*;

/// The height of curves on the page, in pixels.
const HEIGHT: f64 = 230.0;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct PicturesProps {
    pub(super) board: PtrEq<Board>,
}

/// A drawing per question.
#[component]
pub(super) fn Pictures(props: &PicturesProps) -> Html {
    let board = props.board.clone();
    let large = use_state_eq(|| None::<String>);
    let pictures = use_memo(board.clone(), |board| {
        (0..board.columns.len()).map(|at| Picture::new(board, at)).collect::<Vec<_>>()
    });
    let figure = |(column, picture): (&Column, &Picture)| {
        if *picture == Picture::Nothing {
            return Html::default();
        }
        let show = {
            let (large, id) = (large.setter(), column.id.clone());
            Callback::from(move |_: MouseEvent| large.set(Some(id.clone())))
        };
        html! {
            <figure class="class-picture" data-picture={column.id.clone()}>
                <figcaption>
                    <h3>{ column.question.clone() }</h3>
                    <small class="muted">{ column.id.clone() }</small>
                </figcaption>
                { drawing(picture, &column.id, HEIGHT) }
                <p class="muted">{ picture.sentence() }</p>
                <button type="button" data-action="show-large" onclick={show} aria-label={format!("Show large: {}", column.question)}>{ "Show large" }</button>
            </figure>
        }
    };
    let shown = large.as_ref().and_then(|id| {
        let at = board.column(id)?;
        Some((board.columns.get(at)?, pictures.get(at)?))
    });
    let on_close = {
        let large = large.setter();
        Callback::from(move |()| large.set(None))
    };
    html! {
        <section class="class-pictures" aria-labelledby="class-pictures-title">
            <h2 id="class-pictures-title">{ "First predictions" }</h2>
            <div class="class-grid">{ for board.columns.iter().zip(&*pictures).map(figure) }</div>
            if let Some((column, picture)) = shown {
                <Modal title={column.question.clone()} class="class-large" {on_close}>
                    <div data-large={column.id.clone()}>{ drawing(picture, &column.id, wall_height()) }</div>
                    <p>{ picture.sentence() }</p>
                </Modal>
            }
        </section>
    }
}

/// Returns the height of curves that fill the window.
fn wall_height() -> f64 {
    let height = gloo::utils::window().inner_height().ok().and_then(|height| height.as_f64());
    (height.unwrap_or(600.0) - 190.0).max(HEIGHT)
}
