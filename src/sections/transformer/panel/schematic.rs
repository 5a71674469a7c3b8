//! A diagram of the model, with the shape of the tensor after each part.

use crate::sections::transformer::{Config, PositionsChoice};
use yew::prelude::*;

const WIDTH: f64 = 340.0;
/// The x coordinate of the residual path. Branches leave it to the right and return.
const PATH: f64 = 44.0;
const BOX: (f64, f64) = (92.0, 142.0);
const ROW: f64 = 25.0;

/// A drawing that is built row by row, from top to bottom.
#[derive(Default)]
struct Drawing {
    parts: Vec<Html>,
    y: f64,
    /// The description for screen readers.
    words: Vec<String>,
}

impl Drawing {
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

    /// Adds a box, either on the path or in a branch.
    fn stage(&mut self, on_path: bool, name: &str, shape: String) {
        let (left, width) = if on_path { (14.0, 220.0) } else { BOX };
        let y = self.y;
        self.parts.push(html! {
            <rect x={left.to_string()} y={(y - 9.5).to_string()} width={width.to_string()} height="19" rx="4" />
        });
        self.text(left + 8.0, y, "stage", name.to_owned());
        self.text(240.0, y, "shape", shape.clone());
        self.words.push(format!("{name} {shape}"));
        self.y += ROW;
    }

    /// Adds a branch of boxes whose output is added to the path.
    fn branch(&mut self, stages: &[(&str, String)]) {
        let top = self.y;
        let middle = BOX.0 + 20.0;
        for (name, shape) in stages {
            self.stage(false, name, shape.clone());
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
        let words = "x + branch";
        self.parts.push(html! { <><circle cx={PATH.to_string()} cy={y.to_string()} r="7" /><path d={format!("M{} {y}h8M{PATH} {}v8", PATH - 4.0, y - 4.0)} /></> });
        self.words.push(words.to_owned());
        self.y += ROW;
    }

    fn down(&mut self) {
        let y = self.y;
        self.line((PATH, y - ROW + 9.5), (PATH, y - 9.5), true);
    }
}

/// Returns the diagram for a text of `n` characters and a vocabulary of this size.
pub(super) fn schematic(config: &Config, n: usize, vocabulary: usize) -> Html {
    let (d, h) = (config.d_model, config.heads);
    let mut drawing = Drawing { y: 14.0, ..Drawing::default() };
    let vectors = format!("[{n}, {d}]");
    drawing.stage(true, "characters, one-hot", format!("[{n}, {vocabulary}]"));
    drawing.down();
    drawing.stage(true, "embedding E", vectors.clone());
    drawing.down();
    let positions = if config.positions == PositionsChoice::None { "no positions" } else { "+ positions P" };
    drawing.stage(true, positions, vectors.clone());
    drawing.y += 8.0;
    let top = drawing.y - 20.0;
    drawing.branch(&[
        ("LayerNorm", vectors.clone()),
        ("attention weights", format!("[{h}, {n}, {n}]")),
        ("weights × V, joined, W", vectors.clone()),
    ]);
    if config.mlp {
        drawing.branch(&[
            ("LayerNorm", vectors.clone()),
            ("MLP, gelu", format!("[{n}, {}]", 4 * d)),
            ("W₂", vectors.clone()),
        ]);
    }
    let bottom = drawing.y - 12.0;
    let frame = html! {
        <rect class="block" x="4" y={top.to_string()} width={(WIDTH - 8.0).to_string()} height={(bottom - top).to_string()} rx="8" />
    };
    drawing.text(WIDTH - 44.0, bottom - 12.0, "times", format!("× {}", config.layers));
    drawing.words.push(format!("the block is repeated {} times", config.layers));
    drawing.y += 10.0;
    let y = drawing.y;
    drawing.line((PATH, bottom - 6.0), (PATH, y - 9.5), true);
    drawing.stage(true, "final LayerNorm", vectors);
    drawing.down();
    drawing.stage(
        true,
        if config.tied { "unembedding Eᵀ" } else { "unembedding U" },
        format!("[{n}, {vocabulary}]"),
    );
    drawing.down();
    drawing.stage(true, "softmax of the last row", format!("[{vocabulary}]"));
    let height = drawing.y - 8.0;
    let label = format!("The model, from top to bottom: {}.", drawing.words.join("; "));
    html! {
        <svg class="schematic" viewBox={format!("0 0 {WIDTH} {height}")} role="img" aria-label={label}>
            { frame }
            { for drawing.parts }
        </svg>
    }
}
