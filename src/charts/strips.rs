//! Strips: bands of colored cells one above the other that share their columns, with a mark on one column. For what is
//! wide and flat, such as the units of a cell or a state over time.

use crate::charts::{
    heatmap::{ColorMap, Grid, cells::Cells},
    scale::format_number,
    tooltip::Cursor,
};
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

/// One band: as many rows as its grid has, and as many columns as all others.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// What stands left of it, short.
    pub label: AttrValue,
    /// What the cursor calls it.
    pub name: AttrValue,
    pub grid: Grid,
    pub map: ColorMap,
    /// The values at the ends of the color map.
    pub range: (f64, f64),
    /// In pixels.
    pub height: f64,
}

#[derive(Clone, Properties, PartialEq, Debug)]
pub struct StripsProps {
    /// What the strips are called; read out by screen readers.
    pub name: AttrValue,
    pub bands: Vec<Band>,
    /// What a column is, such as a position; they are numbered from 0.
    pub x_label: AttrValue,
    /// What a row of a band is, where it has several.
    #[prop_or_default]
    pub y_label: AttrValue,
    /// What stands under the first and the last column.
    #[prop_or_default]
    pub ends: (AttrValue, AttrValue),
    /// The column that is marked.
    #[prop_or_default]
    pub mark: Option<usize>,
    /// Told which column was clicked, or chosen with Enter.
    #[prop_or_default]
    pub on_pick: Option<Callback<usize>>,
    #[prop_or_default]
    pub empty: AttrValue,
}

/// Band, row and column.
type Place = (usize, usize, usize);

/// Bands of cells with a cursor that reads them.
#[component]
pub fn Strips(props: &StripsProps) -> Html {
    let cursor = use_state_eq(|| None::<Cursor<Place>>);
    let at = cursor.map(|cursor| cursor.at).filter(|place| value(&props.bands, *place).is_some());
    let pick = {
        let on_pick = props.on_pick.clone();
        move |place: Option<Place>| {
            if let (Some((_, _, col)), Some(on_pick)) = (place, &on_pick) {
                on_pick.emit(col);
            }
        }
    };
    let onkeydown = {
        let (cursor, sizes, pick) = (cursor.setter(), sizes(&props.bands), pick.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" => cursor.set(None),
            "Enter" => pick(at),
            key => {
                if let Some(at) = step(key, at, &sizes) {
                    event.prevent_default();
                    cursor.set(Some(Cursor { at, by_key: true }));
                }
            }
        })
    };
    let onpointerleave = {
        let cursor = cursor.setter();
        Callback::from(move |_: PointerEvent| cursor.set(None))
    };
    let onpointermove = {
        let (cursor, sizes) = (cursor.setter(), sizes(&props.bands));
        Callback::from(move |event: PointerEvent| {
            let at = pointed(&event, &sizes);
            cursor.set(at.map(|at| Cursor { at, by_key: false }));
        })
    };
    let onclick = Callback::from(move |_: MouseEvent| pick(at));
    let spoken = cursor.is_some_and(|cursor| cursor.by_key);
    let hint = if props.on_pick.is_some() { " Enter chooses a column." } else { "" };
    let about = format!("{}. Arrow keys read cells.{hint}", props.name);
    html! {
        <div class="chart strips">
            <div class="chart-readout" aria-live={if spoken { "polite" } else { "off" }}>
                { at.and_then(|place| reading(props, place)).unwrap_or_default() }
            </div>
            <div class="strip-bands" role="application" aria-roledescription="heatmap" aria-label={about} tabindex="0"
                data-pick={props.on_pick.as_ref().map(|_| "")} onpointerdown={onpointermove.clone()} {onpointermove} {onpointerleave} {onclick} {onkeydown}>
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

fn strip(index: usize, band: &Band, mark: Option<usize>, cursor: Option<Place>) -> Html {
    let Grid { rows, cols, .. } = band.grid;
    let share = |at: usize, of: usize| 100.0 * at as f64 / of.max(1) as f64;
    let column = |class: &'static str, row: usize, height: f64, col: usize| {
        let place = format!(
            "left:{:.3}%;width:{:.3}%;top:{:.3}%;height:{height:.3}%",
            share(col, cols),
            share(1, cols),
            share(row, rows)
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
                { cursor.map(|(_, row, col)| column("strip-cursor", row, share(1, rows), col)) }
            </div>
            <span class="strip-range" aria-hidden="true">{ range_words(band.range) }</span>
        </div>
    }
}

/// The ends of a color map, in a few characters.
fn range_words((low, high): (f64, f64)) -> String {
    if low == -high {
        format!("±{}", format_number(high, 2).trim_end_matches('0').trim_end_matches('.'))
    } else {
        format!("{}–{}", format_number(low, 2), format_number(high, 2))
    }
}

fn sizes(bands: &[Band]) -> Vec<(usize, usize)> {
    bands.iter().map(|band| (band.grid.rows, band.grid.cols)).collect()
}

fn value(bands: &[Band], (band, row, col): Place) -> Option<f32> {
    bands.get(band)?.grid.at(row, col)
}

fn reading(props: &StripsProps, place: Place) -> Option<String> {
    let value = format_number(value(&props.bands, place)?.into(), 4);
    let (band, row, col) = place;
    let band = props.bands.get(band)?;
    let row = if band.grid.rows > 1 { format!(", {} {row}", props.y_label) } else { String::new() };
    Some(format!("{} {value} at {} {col}{row}", band.name, props.x_label))
}

/// The cell that the pointer is over.
fn pointed(event: &PointerEvent, sizes: &[(usize, usize)]) -> Option<Place> {
    let band = event.target()?.dyn_into::<Element>().ok()?.closest("[data-band]").ok()??;
    let frame = band.get_bounding_client_rect();
    let index = band.get_attribute("data-band")?.parse::<usize>().ok()?;
    let (rows, cols) = *sizes.get(index)?;
    let cell = |at: f64, size: f64, count: usize| {
        // A cast from a float saturates: what is left of the first cell is the first.
        Some(((at / size.max(1.0) * count as f64) as usize).min(count.checked_sub(1)?))
    };
    let row = cell(f64::from(event.client_y()) - frame.top(), frame.height(), rows)?;
    Some((index, row, cell(f64::from(event.client_x()) - frame.left(), frame.width(), cols)?))
}

/// Where a key moves the cursor: up and down also from band to band.
fn step(key: &str, at: Option<Place>, sizes: &[(usize, usize)]) -> Option<Place> {
    let rows = |band: usize| sizes.get(band).map_or(0, |(rows, _)| *rows);
    let Some((band, row, col)) = at else {
        let arrow = matches!(key, "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home");
        return (arrow && !sizes.is_empty()).then_some((0, 0, 0));
    };
    let last = sizes.get(band)?.1.checked_sub(1)?;
    match key {
        "ArrowLeft" => Some((band, row, col.saturating_sub(1))),
        "ArrowRight" => Some((band, row, (col + 1).min(last))),
        "Home" => Some((band, row, 0)),
        "End" => Some((band, row, last)),
        "ArrowUp" if row > 0 => Some((band, row - 1, col)),
        "ArrowUp" => Some(match band.checked_sub(1) {
            Some(above) => (above, rows(above).saturating_sub(1), col),
            None => (band, row, col),
        }),
        "ArrowDown" if row + 1 < rows(band) => Some((band, row + 1, col)),
        "ArrowDown" if band + 1 < sizes.len() => Some((band + 1, 0, col)),
        "ArrowDown" => Some((band, row, col)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::strips::*;
    use std::rc::Rc;

    #[test]
    fn keys_walk_from_band_to_band() {
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
