//! A position that the reader moves or plays: a slider with Back, Play and Forward.

use gloo::timers::callback::Timeout;
use gloo::utils::window;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The properties of a player.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct PlayerProps {
    /// The value of `data-player`, for tests.
    pub name: &'static str,
    /// The meaning of the position.
    pub label: AttrValue,
    /// The current position.
    pub at: usize,
    /// The number of positions.
    pub count: usize,
    /// Receives a new position.
    pub on_move: Callback<usize>,
    /// The position in words, such as "step 120 of 800".
    pub words: AttrValue,
    /// The time between positions during play.
    #[prop_or(150)]
    pub interval_ms: u32,
}

/// A player moved by slider, arrow keys and buttons. It cannot play if the reader prefers reduced motion.
#[component]
pub fn Player(props: &PlayerProps) -> Html {
    let PlayerProps { at, count, .. } = *props;
    let last = count.saturating_sub(1);
    let playing = use_state_eq(|| false);
    use_effect_with((*playing, at, count, props.interval_ms), {
        let (playing, on_move) = (playing.setter(), props.on_move.clone());
        move |&(is_playing, at, _, interval_ms)| {
            let next = is_playing.then(|| {
                Timeout::new(interval_ms, move || {
                    if at < last && !prefers_reduced_motion() {
                        on_move.emit(at + 1);
                    } else {
                        playing.set(false);
                    }
                })
            });
            move || drop(next)
        }
    });
    let go = |to: usize| {
        let (on_move, playing) = (props.on_move.clone(), playing.setter());
        Callback::from(move |_: MouseEvent| {
            playing.set(false);
            on_move.emit(to);
        })
    };
    let play = {
        let (on_move, playing, is_playing) = (props.on_move.clone(), playing.setter(), *playing);
        Callback::from(move |_: MouseEvent| {
            if !is_playing && at >= last {
                on_move.emit(0);
            }
            playing.set(!is_playing);
        })
    };
    let oninput = {
        let (on_move, playing) = (props.on_move.clone(), playing.setter());
        Callback::from(move |event: InputEvent| {
            let to = event.target_unchecked_into::<HtmlInputElement>().value_as_number();
            playing.set(false);
            // NaN and values out of range are clamped.
            on_move.emit((to.max(0.0) as usize).min(last));
        })
    };
    let still = count < 2;
    html! {
        <div class="player" role="group" aria-label={props.label.clone()} data-player={props.name}>
            <button type="button" data-action="back" aria-label="Back" title="Back" disabled={still || at == 0} onclick={go(at.saturating_sub(1))}>{ "‹" }</button>
            if !prefers_reduced_motion() {
                <button type="button" data-action="play" aria-label={if *playing { "Stop playing" } else { "Play" }}
                    title={if *playing { "Stop playing" } else { "Play" }} disabled={still} onclick={play}>{ if *playing { "❚❚" } else { "▶" } }</button>
            }
            <button type="button" data-action="forward" aria-label="Forward" title="Forward" disabled={still || at >= last} onclick={go((at + 1).min(last))}>{ "›" }</button>
            <label>
                <span class="player-label">{ props.label.clone() }</span>
                <input type="range" min="0" max={last.to_string()} step="1" value={at.min(last).to_string()} disabled={still}
                    aria-valuetext={props.words.clone()} {oninput} />
            </label>
            <span class="player-words">{ props.words.clone() }</span>
        </div>
    }
}

/// Returns true if the reader's system asks for reduced motion.
pub fn prefers_reduced_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}
