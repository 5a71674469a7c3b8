//! Strips: stacked bands of colored cells that share their columns, with a mark on one column. They suit
//! wide, flat data, such as the state of a cell over time.

use crate::charts::{
    color::ColorMap,
    cursor::{enters_grid, pick_hint, readout, step_along, use_cursor},
    grid::Grid,
    heatmap::cells::Cells,
    scale::format_number,
};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

/// A band of cells. All bands have the same number of columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// The short label left of the band.
    pub label: AttrValue,
    /// The band's name in readings.
    pub name: AttrValue,
    /// The values of the cells.
    pub grid: Grid,
    /// The color map.
    pub map: ColorMap,
    /// The values at the ends of the color map.
    pub range: (f64, f64),
    /// In pixels.
    pub height: f64,
}

/// The properties of strips.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct StripsProps {
    /// The name of the strips, spoken by screen readers.
    pub name: AttrValue,
    /// The bands, from top to bottom.
    pub bands: Vec<Band>,
    /// The meaning of a column, such as a position. Columns are numbered from 0.
    pub x_label: AttrValue,
    /// The meaning of a row, for bands with several.
    #[prop_or_default]
    pub y_label: AttrValue,
    /// The texts under the first and the last column.
    #[prop_or_default]
    pub ends: (AttrValue, AttrValue),
    /// The marked column.
    #[prop_or_default]
    pub mark: Option<usize>,
    /// Receives the column that was clicked, or chosen with Enter.
    #[prop_or_default]
    pub on_pick: Option<Callback<usize>>,
    /// The text of strips without data.
    #[prop_or_default]
    pub empty: AttrValue,
}

/// Band, row and column.
type Cell = (usize, usize, usize);

/// Bands of cells with a cursor that reads them.
#[component]
pub fn Strips(props: &StripsProps) -> Html {
    let sizes: Rc<[_]> = props.bands.iter().map(|band| (band.grid.rows, band.grid.cols)).collect();
    let locate = {
        let sizes = sizes.clone();
        move |event: &MouseEvent| pointed(event, &sizes)
    };
    let on_pick = props.on_pick.as_ref().map(|on_pick| on_pick.reform(|((_, _, col), _)| col));
    let cursor = use_cursor(locate, move |key: &str, at| step(key, at, &sizes), on_pick);

    // The cursor may outlive the bands that it was put on.
    let at = cursor.at.filter(|cell| value(&props.bands, *cell).is_some());
    let hint = pick_hint(&cursor, "chooses a column");
    let about = format!("{}. Arrow keys read cells.{hint}", props.name);
    html! {
        <div class="chart strips">
            { readout(at.and_then(|cell| reading(props, cell)), cursor.spoken) }
            <div class="strip-bands" role="application" aria-roledescription="heatmap" aria-label={about} tabindex="0"
                data-pick={cursor.data_pick()} onpointerdown={cursor.onpointermove.clone()} onpointermove={cursor.onpointermove}
                onpointerleave={cursor.onpointerleave} onclick={cursor.onclick} onkeydown={cursor.onkeydown}>
                if props.bands.is_empty() {
                    <p class="strip-empty">{ props.empty.clone() }</p>
                }
                { for props.bands.iter().enumerate().map(|(index, band)| strip(index, band, props.mark, at)) }
            </div>
            if !props.bands.is_empty() {
                <div class="strip-ends" aria-hidden="true">
                    <span>{ props.ends.0.clone() }</span><span>{ props.x_label.clone() }</span><span>{ props.ends.1.clone() }</span>
                </div>
            }
        </div>
    }
}

fn strip(index: usize, band: &Band, mark: Option<usize>, cursor: Option<Cell>) -> Html {
    let Grid { rows, cols, .. } = band.grid;
    let percent = |at: usize, of: usize| 100.0 * at as f64 / of.max(1) as f64;
    let column = |class: &'static str, row: usize, height: f64, col: usize| {
        let place = format!(
            "left:{:.3}%;width:{:.3}%;top:{:.3}%;height:{height:.3}%",
            percent(col, cols),
            percent(1, cols),
            percent(row, rows)
        );
        html! { <i {class} ~style={place}></i> }
    };
    let cursor = cursor.filter(|(of, _, _)| *of == index);
    html! {
        <div class="strip" key={index}>
            <span class="strip-label" aria-hidden="true">{ band.label.clone() }</span>
            <div class="strip-cells" data-band={index.to_string()} ~style={format!("height:{:.0}px", band.height)}>
                <Cells grid={band.grid.clone()} map={band.map} range={band.range} flip={false} smooth={false} place={"inset:0;width:100%;height:100%".to_owned()} />
                { mark.filter(|mark| *mark < cols).map(|mark| column("strip-mark", 0, 100.0, mark)) }
                { cursor.map(|(_, row, col)| column("strip-cursor", row, percent(1, rows), col)) }
            </div>
            <span class="strip-range" aria-hidden="true">{ range_words(band.range) }</span>
        </div>
    }
}

/// Returns the ends of a color map in a few characters.
fn range_words((low, high): (f64, f64)) -> String {
    if low == -high {
        format!("±{}", format_number(high, 2).trim_end_matches('0').trim_end_matches('.'))
    } else {
        format!("{}–{}", format_number(low, 2), format_number(high, 2))
    }
}

fn value(bands: &[Band], (band, row, col): Cell) -> Option<f32> {
    bands.get(band)?.grid.at(row, col)
}

fn reading(props: &StripsProps, cell: Cell) -> Option<String> {
    let value = format_number(value(&props.bands, cell)?.into(), 4);
    let (band, row, col) = cell;
    let band = props.bands.get(band)?;
    let row = if band.grid.rows > 1 { format!(", {} {row}", props.y_label) } else { String::new() };
    Some(format!("{} {value} at {} {col}{row}", band.name, props.x_label))
}

/// Returns the cell under the pointer.
fn pointed(event: &MouseEvent, sizes: &[(usize, usize)]) -> Option<Cell> {
    let band = event.target()?.dyn_into::<Element>().ok()?.closest("[data-band]").ok()??;
    let frame = band.get_bounding_client_rect();
    let index = band.get_attribute("data-band")?.parse::<usize>().ok()?;
    let (rows, cols) = *sizes.get(index)?;
    let index_at = |at: f64, size: f64, count: usize| {
        // A cast from a float saturates, so a pointer left of the first cell is on the first.
        Some(((at / size.max(1.0) * count as f64) as usize).min(count.checked_sub(1)?))
    };
    let row = index_at(f64::from(event.client_y()) - frame.top(), frame.height(), rows)?;
    Some((index, row, index_at(f64::from(event.client_x()) - frame.left(), frame.width(), cols)?))
}

/// Returns the cell that a key moves the cursor to. Up and down also move from band to band.
fn step(key: &str, at: Option<Cell>, sizes: &[(usize, usize)]) -> Option<Cell> {
    let rows = |band: usize| sizes.get(band).map_or(0, |(rows, _)| *rows);
    let Some((band, row, col)) = at else {
        return (enters_grid(key) && !sizes.is_empty()).then_some((0, 0, 0));
    };
    let last = sizes.get(band)?.1.checked_sub(1)?;
    match key {
        "ArrowUp" if row > 0 => Some((band, row - 1, col)),
        "ArrowUp" => Some(match band.checked_sub(1) {
            Some(above) => (above, rows(above).saturating_sub(1), col),
            None => (band, row, col),
        }),
        "ArrowDown" if row + 1 < rows(band) => Some((band, row + 1, col)),
        "ArrowDown" if band + 1 < sizes.len() => Some((band + 1, 0, col)),
        "ArrowDown" => Some((band, row, col)),
        key => Some((band, row, step_along(key, Some(col), last)?)),
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::strips::*;

    #[test]
    fn keys_move_from_band_to_band() {
        let sizes = [(1, 3), (2, 3)];
        let walk = |keys: &[&str]| keys.iter().fold(None, |at, key| step(key, at, &sizes).or(at));
        assert_eq!(walk(&["a"]), None);
        assert_eq!(walk(&["ArrowDown"]), Some((0, 0, 0)));
        assert_eq!(walk(&["ArrowDown", "End", "ArrowRight", "ArrowDown"]), Some((1, 0, 2)));
        assert_eq!(walk(&["Home", "ArrowDown", "ArrowDown", "ArrowDown"]), Some((1, 1, 0)));
        assert_eq!(walk(&["Home", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowLeft"]), Some((0, 0, 0)));
        assert_eq!(step("Home", None, &[]), None);
    }

    #[test]
    fn the_cursor_reads_a_cell() {
        let band = Band {
            label: "f".into(),
            name: "forget gate".into(),
            grid: Grid { rows: 1, cols: 2, values: Rc::new(vec![0.25, 0.5]) },
            map: ColorMap::Sequential,
            range: (0.0, 1.0),
            height: 12.0,
        };
        let wide = Band { grid: Grid { rows: 2, cols: 1, values: Rc::new(vec![1.0, -2.0]) }, ..band.clone() };
        let props = yew::props!(StripsProps {
            name: "test",
            bands: vec![band, wide],
            x_label: "position",
            y_label: "unit"
        });
        assert_eq!(reading(&props, (0, 0, 1)).as_deref(), Some("forget gate 0.5000 at position 1"));
        assert_eq!(reading(&props, (1, 1, 0)).as_deref(), Some("forget gate −2 at position 0, unit 1"));
        assert_eq!(reading(&props, (1, 0, 1)), None);
        assert_eq!((range_words((0.0, 1.0)), range_words((-1.5, 1.5))), ("0–1".into(), "±1.5".into()));
    }
}
