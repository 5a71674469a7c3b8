//! A diagram of the model, with the shape of the tensor after each part.

use crate::sections::transformer::{Config, MaskChoice, PositionsChoice};
use yew::prelude::*;

const WIDTH: f64 = 340.0;
/// The x coordinate of the residual stream. Branches leave it to the right and return.
const PATH: f64 = 44.0;
const BOX: (f64, f64) = (92.0, 142.0);
const ROW: f64 = 24.0;

/// A part of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Embedding,
    Positions,
    NormAttention,
    Attention,
    NormMlp,
    Mlp,
    FinalNorm,
    Head,
}

impl Part {
    /// Returns the name in `data-part`.
    pub(super) const fn slug(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Positions => "positions",
            Self::NormAttention => "norm-1",
            Self::Attention => "self-attention",
            Self::NormMlp => "norm-2",
            Self::Mlp => "feed-forward",
            Self::FinalNorm => "norm-last",
            Self::Head => "head",
        }
    }

    /// Returns one sentence on the part.
    pub(super) fn about(self, config: &Config) -> &'static str {
        match self {
            Self::Embedding => {
                "Each character has one trained vector of width d. It starts the residual stream."
            }
            Self::Positions => match config.positions {
                PositionsChoice::None => {
                    "This model has no positions. Only the causal mask tells them apart."
                }
                _ => "Attention alone ignores order, so each position adds its own vector.",
            },
            Self::NormAttention | Self::NormMlp | Self::FinalNorm => {
                "Each vector gets mean 0 and variance 1, times a trained gain plus a trained bias."
            }
            Self::Attention => match config.mask {
                MaskChoice::Causal => {
                    "The only part that moves information between positions, and only forward in the text."
                }
                MaskChoice::None => {
                    "Without the mask, information also moves from later positions to earlier ones."
                }
            },
            Self::Mlp => "Works on every position separately, with 4 d hidden units and GELU.",
            Self::Head => {
                if config.tied {
                    "The dot product with every embedding gives one logit per character. It reuses the embedding’s parameters."
                } else {
                    "A matrix of its own gives one logit per character."
                }
            }
        }
    }
}

/// A drawing that is built row by row, from top to bottom.
struct Drawing<'a> {
    parts: Vec<Html>,
    y: f64,
    /// The description for screen readers.
    words: Vec<String>,
    /// The marked part, and what to call when the reader points at another.
    lit: Part,
    on_part: &'a Callback<Part>,
}

impl Drawing<'_> {
    fn text(&mut self, x: f64, y: f64, class: &'static str, text: String) {
        self.parts
            .push(html! { <text {class} x={x.to_string()} y={format!("{:.0}", y + 4.0)}>{ text }</text> });
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), arrow: bool) {
        let (x1, y1, x2, y2) = (from.0.to_string(), from.1.to_string(), to.0.to_string(), to.1.to_string());
        self.parts.push(html! { <line {x1} {y1} {x2} {y2} /> });
        if arrow {
            let (x, y) = to;
            let (dx, dy) = if from.0 == to.0 { (4.0, 6.0) } else { (6.0 * (from.0 - to.0).signum(), 4.0) };
            let points = if from.0 == to.0 {
                format!("{x},{y} {},{} {},{}", x - dx, y - dy, x + dx, y - dy)
            } else {
                format!("{x},{y} {},{} {},{}", x + dx, y - dy, x + dx, y + dy)
            };
            self.parts.push(html! { <polygon {points} /> });
        }
    }

    /// Adds a box, either on the path or in a branch. A box that belongs to a part is marked with it.
    fn stage(&mut self, on_path: bool, part: Option<Part>, name: &str, shape: String) {
        let (left, width) = if on_path { (14.0, 220.0) } else { BOX };
        let y = self.y;
        let is_lit = part == Some(self.lit);
        let onpointerenter = part.map(|part| self.on_part.reform(move |_: PointerEvent| part));
        self.parts.push(html! {
            <rect class={is_lit.then_some("lit")} x={left.to_string()} y={(y - 9.5).to_string()} width={width.to_string()} height="19" rx="4"
                data-part={part.map(Part::slug)} {onpointerenter} />
        });
        self.text(left + 8.0, y, "stage", name.to_owned());
        self.text(240.0, y, "shape", shape.clone());
        self.words.push(format!("{name} {shape}"));
        self.y += ROW;
    }

    /// Adds a branch of boxes whose output is added to the path.
    fn branch(&mut self, stages: &[(Part, &str, String)]) {
        let top = self.y;
        let middle = BOX.0 + 20.0;
        for (part, name, shape) in stages {
            self.stage(false, Some(*part), name, shape.clone());
        }
        let last = self.y - ROW;
        self.line((PATH, top - 13.0), (PATH, self.y - 8.0), true);
        self.line((PATH, top), (BOX.0, top), true);
        for i in 1..stages.len() {
            let y = top + ROW * i as f64;
            self.line((middle, y - ROW + 9.5), (middle, y - 9.5), true);
        }
        let y = self.y;
        self.line((middle, last + 9.5), (middle, y), false);
        self.line((middle, y), (PATH + 7.0, y), true);
        self.parts.push(html! { <><circle cx={PATH.to_string()} cy={y.to_string()} r="7" /><path d={format!("M{} {y}h8M{PATH} {}v8", PATH - 4.0, y - 4.0)} /></> });
        self.words.push("x + branch".to_owned());
        self.y += ROW;
    }

    fn down(&mut self) {
        let y = self.y;
        self.line((PATH, y - ROW + 9.5), (PATH, y - 9.5), true);
    }
}

/// Returns the diagram for windows of `n` characters and a vocabulary of this size. The part `lit` is marked.
pub(super) fn schematic(
    config: &Config,
    n: usize,
    vocabulary: usize,
    lit: Part,
    on_part: &Callback<Part>,
) -> Html {
    let (d, h) = (config.d_model, config.heads);
    let mut drawing = Drawing { parts: Vec::new(), y: 12.0, words: Vec::new(), lit, on_part };
    let vectors = format!("[{n}, {d}]");
    drawing.stage(true, None, "characters, one-hot", format!("[{n}, {vocabulary}]"));
    drawing.down();
    drawing.stage(true, Some(Part::Embedding), "embedding E", vectors.clone());
    drawing.down();
    let positions = if config.positions == PositionsChoice::None { "no positions" } else { "+ positions P" };
    drawing.stage(true, Some(Part::Positions), positions, vectors.clone());
    drawing.y += 6.0;
    let top = drawing.y - 18.0;
    drawing.branch(&[
        (Part::NormAttention, "layer norm", vectors.clone()),
        (Part::Attention, "attention weights", format!("[{h}, {n}, {n}]")),
        (Part::Attention, "weights × V, joined, W", vectors.clone()),
    ]);
    if config.mlp {
        drawing.branch(&[
            (Part::NormMlp, "layer norm", vectors.clone()),
            (Part::Mlp, "MLP, GELU", format!("[{n}, {}]", 4 * d)),
            (Part::Mlp, "W₂", vectors.clone()),
        ]);
    }
    let bottom = drawing.y - 12.0;
    let frame = html! {
        <rect class="block" x="4" y={top.to_string()} width={(WIDTH - 8.0).to_string()} height={(bottom - top).to_string()} rx="8" />
    };
    drawing.text(WIDTH - 44.0, bottom - 12.0, "times", format!("× {}", config.layers));
    drawing.words.push(format!("the block is repeated {} times", config.layers));
    drawing.y += 8.0;
    let y = drawing.y;
    drawing.line((PATH, bottom - 6.0), (PATH, y - 9.5), true);
    drawing.stage(true, Some(Part::FinalNorm), "last layer norm", vectors);
    drawing.down();
    let head = if config.tied { "head Eᵀ" } else { "head U" };
    drawing.stage(true, Some(Part::Head), head, format!("[{n}, {vocabulary}]"));
    drawing.down();
    drawing.stage(true, Some(Part::Head), "softmax of each row", format!("[{n}, {vocabulary}]"));
    let height = drawing.y - 8.0;
    let label = format!("The model, from top to bottom: {}.", drawing.words.join("; "));
    html! {
        <svg class="schematic" viewBox={format!("0 0 {WIDTH} {height}")} role="img" aria-label={label}>
            { frame }
            { for drawing.parts }
        </svg>
    }
}
