//! Notebooks for Jupyter, from scripts in the percent format: `# %% title` starts a cell of code, and `# %% [markdown]` one of
//! text, whose lines are comments.

use serde_json::{Value, json};

const MARKER: &str = "# %%";
const MARKDOWN: &str = "[markdown]";

/// Returns a script as a notebook, in version 4.5 of its format.
pub fn notebook(script: &str) -> String {
    let mut cells: Vec<(bool, Vec<&str>)> = Vec::new();
    for line in script.lines() {
        match line.strip_prefix(MARKER) {
            Some(title) => cells.push((title.contains(MARKDOWN), Vec::new())),
            None => match cells.last_mut() {
                Some((_, lines)) => lines.push(line),
                None => cells.push((false, vec![line])),
            },
        }
    }
    let cells: Vec<Value> = cells
        .iter()
        .map(|(is_text, lines)| (*is_text, source(*is_text, lines)))
        .filter(|(_, source)| !source.is_empty())
        .enumerate()
        .map(|(number, (is_text, source))| cell(number, is_text, &source))
        .collect();
    let book = json!({
        "cells": cells,
        "metadata": {
            "kernelspec": { "display_name": "Python 3", "language": "python", "name": "python3" },
            "language_info": { "name": "python" },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    format!("{book:#}\n")
}

/// Returns the text of a cell, without blank lines around it.
fn source(is_text: bool, lines: &[&str]) -> String {
    let uncommented = |line: &str| line.strip_prefix('#').map_or(line, str::trim_start).to_owned();
    let lines: Vec<String> =
        lines.iter().map(|line| if is_text { uncommented(line) } else { (*line).to_owned() }).collect();
    lines.join("\n").trim_matches('\n').trim_end().to_owned()
}

fn cell(number: usize, is_text: bool, source: &str) -> Value {
    let id = format!("cell-{number}");
    if is_text {
        json!({ "cell_type": "markdown", "id": id, "metadata": {}, "source": source })
    } else {
        json!({ "cell_type": "code", "execution_count": null, "id": id, "metadata": {}, "outputs": [], "source": source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_start_at_their_markers() {
        let script = "# %% [markdown]\n# # Title\n#\n# Text.\n\n# %% Imports\nimport torch\n\n\n# %%\nx = 1\n# a comment\n";
        let book: Value = serde_json::from_str(&notebook(script)).expect("JSON");
        let cells = book["cells"].as_array().expect("cells");
        let of = |number: usize| (cells[number]["cell_type"].as_str(), cells[number]["source"].as_str());
        assert_eq!(cells.len(), 3);
        assert_eq!(of(0), (Some("markdown"), Some("# Title\n\nText.")));
        assert_eq!(of(1), (Some("code"), Some("import torch")));
        assert_eq!(of(2), (Some("code"), Some("x = 1\n# a comment")));
    }
}
