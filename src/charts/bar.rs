//! Bar charts: one label on the x axis, and one bar per group at each label.

use crate::charts::{
    axes::{Names, Plot, empty_text, name_axis, px, tick_room, y_axis},
    color,
    cursor::{chart_svg, step_along, use_cursor},
    layout::{fit_text, text_width},
    measure::{pointer_in, use_chart_height, use_width},
    scale::{Scale, ScaleKind, Tick, extent, format_number, nice},
    series::Reference,
    tooltip::{TipRow, TipText, tooltip},
};
use std::rc::Rc;
use yew::prelude::*;

/// The bars at one label of the x axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    /// The label on the x axis.
    pub label: AttrValue,
    /// One value per group. A value that is not finite draws no bar.
    pub values: Vec<f64>,
}

/// The properties of a bar chart.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct BarChartProps {
    /// The chart's name, spoken by screen readers.
    pub name: AttrValue,
    /// The label of the x axis.
    pub x_label: AttrValue,
    /// The label of the y axis.
    pub y_label: AttrValue,
    /// The scale of the y axis.
    #[prop_or_default]
    pub y_scale: ScaleKind,
    /// The names of the groups, one color each.
    pub groups: Vec<AttrValue>,
    /// The bars, from left to right.
    pub bars: Rc<Vec<Bar>>,
    /// Horizontal reference lines.
    #[prop_or_default]
    pub references: Vec<Reference>,
    /// The text of a chart without data.
    #[prop_or_default]
    pub empty: AttrValue,
}

/// Grouped bars, with a cursor for pointer and keyboard.
#[component]
pub fn BarChart(props: &BarChartProps) -> Html {
    let (node, width) = use_width();
    let height = use_chart_height();
    let layout = use_memo((props.clone(), width, height), |(props, width, height)| {
        Layout::new(props, (*width, *height))
    });
    let count = props.bars.len();
    let locate = {
        let (node, plot) = (node.clone(), layout.plot);
        move |event: &MouseEvent| {
            let (x, _) = pointer_in(&node, event)?;
            let at = ((x - plot.left) / plot.width() * count as f64).max(0.0) as usize;
            Some(at.min(count.checked_sub(1)?))
        }
    };
    let step = move |key: &str, at: Option<usize>| {
        let last = count.checked_sub(1)?;
        step_along(key, at.map(|at| at.min(last)), last)
    };
    let cursor = use_cursor(locate, step, None);

    let text = cursor.at.and_then(|at| layout.reading(props, at));
    let band = cursor.at.filter(|at| *at < count).map(|at| layout.highlight(at, count));
    let about =
        format!("{}: {} for each {}. Arrow keys read values.", props.name, props.y_label, props.x_label);
    let drawing = html! { <>{ band }<Plotted {layout} /></> };
    html! {
        <div class="chart" ~style={format!("height:{height}px")} ref={node}>
            { chart_svg(&cursor, "bar chart", (width, height), about, drawing) }
            { tooltip(text.as_ref(), cursor.spoken) }
        </div>
    }
}

struct Layout {
    width: f64,
    plot: Plot,
    y: Scale,
    y_ticks: Vec<Tick>,
    names: Names,
    x_label: AttrValue,
    y_label: AttrValue,
    labels: Vec<AttrValue>,
    legend: Vec<Entry>,
    boxes: Vec<Block>,
    references: Vec<(f64, AttrValue)>,
    empty: Option<AttrValue>,
}

struct Entry {
    x: f64,
    y: f64,
    text: String,
    color: usize,
}

struct Block {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    color: usize,
    /// The value past the bar's end, if there is room.
    text: Option<String>,
    text_y: f64,
}

impl Layout {
    fn new(props: &BarChartProps, (width, height): (f64, f64)) -> Self {
        let count = props.bars.len().max(1);
        let per_bar = props.bars.iter().map(|bar| bar.values.len()).max().unwrap_or(0).max(1);
        let (legend, rows) = legend(&props.groups, width);
        let values = || props.bars.iter().flat_map(|bar| bar.values.iter().copied());
        let empty = extent(props.y_scale, values()).is_none();
        let wanted = values().chain(props.references.iter().map(|reference| reference.y));
        let data = extent(props.y_scale, wanted).unwrap_or(props.y_scale.empty_domain());
        let domain = match props.y_scale {
            // A bar's length is its value, so it starts at zero.
            ScaleKind::Linear => nice(props.y_scale, (data.0.min(0.0), data.1.max(0.0)), 5),
            // There is no zero. The shortest bar keeps some length.
            ScaleKind::Log => nice(props.y_scale, (data.0 * 0.6, data.1), 5),
        };
        let mut plot = Plot {
            left: 30.0,
            right: (width - 10.0).max(60.0),
            top: 26.0 + 18.0 * rows as f64,
            bottom: height,
        };
        // The labels of the ticks do not depend on the height, so they can be measured before it is known.
        let y_ticks = Scale::new(props.y_scale, domain, (1.0, 0.0)).ticks(5);
        plot.left = tick_room(&y_ticks).min(plot.right - 30.0);
        let cell = plot.width() / count as f64;
        let names = Names::fit(props.bars.iter().map(|bar| bar.label.as_str()), cell);
        plot.bottom = height - names.height - 26.0;
        let y = Scale::new(props.y_scale, domain, (plot.bottom, plot.top));
        let floor = y.map(0.0).unwrap_or(plot.bottom);
        let gap = (cell * 0.2).min(16.0);
        let bar_width = (cell - gap) / per_bar as f64;
        let boxes = props.bars.iter().enumerate().flat_map(|(index, bar)| {
            let left = plot.left + cell * index as f64 + gap / 2.0;
            bar.values.iter().enumerate().filter_map(move |(group, value)| {
                let top = y.map(*value)?;
                Some(Block {
                    x: left + bar_width * group as f64,
                    y: top.min(floor),
                    width: (bar_width - 1.0).max(bar_width * 0.7),
                    height: (top - floor).abs().max(1.0),
                    color: group,
                    text_y: if top > floor { top + 12.0 } else { top - 4.0 },
                    text: Some(format_number(*value, 3)).filter(|text| text_width(text) + 4.0 < bar_width),
                })
            })
        });
        let references = props
            .references
            .iter()
            .filter_map(|reference| Some((y.map(reference.y)?, reference.label.clone())));
        Self {
            width,
            plot,
            y,
            y_ticks,
            names,
            x_label: props.x_label.clone(),
            y_label: props.y_label.clone(),
            labels: props.bars.iter().map(|bar| bar.label.clone()).collect(),
            legend,
            boxes: boxes.collect(),
            references: references.collect(),
            empty: empty.then(|| props.empty.clone()),
        }
    }

    fn reading(&self, props: &BarChartProps, at: usize) -> Option<TipText> {
        let bar = props.bars.get(at)?;
        let rows = bar.values.iter().enumerate().map(|(group, value)| TipRow {
            color: Some(group),
            name: props.groups.get(group).cloned().unwrap_or_default(),
            value: format_number(*value, 4),
        });
        let x_fraction = (at as f64 + 0.5) / props.bars.len().max(1) as f64;
        // A number needs the axis's name; a name does not.
        let numeric = bar.label.parse::<f64>().is_ok();
        let head = if numeric { format!("{} {}", props.x_label, bar.label) } else { bar.label.to_string() };
        Some(TipText { head, rows: rows.collect(), x_fraction })
    }

    fn highlight(&self, at: usize, count: usize) -> Html {
        let cell = self.plot.width() / count.max(1) as f64;
        html! {
            <rect
                class="cursor-band"
                data-export="no"
                x={px(self.plot.left + cell * at as f64)}
                y={px(self.plot.top)}
                width={px(cell)}
                height={px(self.plot.height())}
            />
        }
    }
}

/// Returns the groups' names next to their colors, and the number of rows they take. A single group has no
/// legend.
fn legend(groups: &[AttrValue], width: f64) -> (Vec<Entry>, usize) {
    if groups.len() < 2 {
        return (Vec::new(), 0);
    }
    let (mut entries, mut x, mut row) = (Vec::new(), 0.0, 1);
    for (color, group) in groups.iter().enumerate() {
        let text = fit_text(group, width - 20.0);
        let room = text_width(&text) + 32.0;
        if x > 0.0 && x + room - 14.0 > width {
            (x, row) = (0.0, row + 1);
        }
        entries.push(Entry { x, y: 12.0 + 18.0 * row as f64, text, color });
        x += room;
    }
    (entries, row)
}

#[derive(Properties)]
struct PlottedProps {
    layout: Rc<Layout>,
}

impl PartialEq for PlottedProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.layout, &other.layout)
    }
}

#[component]
fn Plotted(props: &PlottedProps) -> Html {
    let layout = &*props.layout;
    let plot = layout.plot;
    let name = |index: usize| layout.labels.get(index).map(|name| name.to_string()).unwrap_or_default();
    let legend = layout.legend.iter().map(|entry| {
        let style = format!("fill:{}", color::series(entry.color));
        html! {
            <g>
                <rect ~style={style} x={px(entry.x)} y={px(entry.y - 9.0)} width="10" height="10" rx="2" />
                <text class="tick" x={px(entry.x + 15.0)} y={px(entry.y)}>{ entry.text.clone() }</text>
            </g>
        }
    });
    let boxes = layout.boxes.iter().map(|bar| {
        let style = format!("fill:{}", color::series(bar.color));
        let (x, y, width, height) = (px(bar.x), px(bar.y), px(bar.width), px(bar.height));
        html! {
            <>
                <rect class="bar" ~style={style} {x} {y} {width} {height} />
                if let Some(text) = &bar.text {
                    <text class="bar-value" x={px(bar.x + bar.width / 2.0)} y={px(bar.text_y)} text-anchor="middle">
                        { text.clone() }
                    </text>
                }
            </>
        }
    });
    let references = layout.references.iter().map(|(y, label)| {
        html! {
            <g class="reference">
                <line x1={px(plot.left)} x2={px(plot.right)} y1={px(*y)} y2={px(*y)} />
                <text x={px(plot.right - 4.0)} y={px(y - 5.0)} text-anchor="end">
                    { fit_text(label, plot.width() - 8.0) }
                </text>
            </g>
        }
    });
    let floor = px(layout.y.map(0.0).unwrap_or(plot.bottom));
    html! {
        <g>
            { y_axis(plot, &layout.y, &layout.y_ticks, &layout.y_label, layout.width) }
            { for legend }
            { for boxes }
            <line class="axis-line" x1={px(plot.left)} x2={px(plot.right)} y1={floor.clone()} y2={floor} />
            { name_axis(plot, layout.labels.len(), layout.names, name, &layout.x_label) }
            { for references }
            if let Some(text) = &layout.empty {
                { empty_text(plot, text) }
            }
        </g>
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::bar::*;

    fn props(values: Vec<Vec<f64>>, scale: ScaleKind) -> BarChartProps {
        let bars = values.into_iter().map(|values| Bar { label: "layer".into(), values }).collect();
        yew::props!(BarChartProps {
            name: "test",
            x_label: "layer",
            y_label: "norm",
            y_scale: scale,
            groups: vec!["measured".into(), "predicted".into()],
            bars: Rc::new(bars),
        })
    }

    #[test]
    fn anything_can_be_laid_out() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1e300, 1e-300];
        for scale in [ScaleKind::Linear, ScaleKind::Log] {
            for width in [0.0, 120.0, 320.0, 4000.0] {
                assert!(Layout::new(&props(vec![], scale), (width, 250.0)).empty.is_some());
                assert!(Layout::new(&props(vec![vec![]; 3], scale), (width, 250.0)).empty.is_some());
                for value in bad {
                    let layout =
                        Layout::new(&props(vec![vec![value, 1.0], vec![2.0]], scale), (width, 250.0));
                    assert!(layout.empty.is_none());
                    for bar in &layout.boxes {
                        assert!(
                            [bar.x, bar.y, bar.width, bar.height].iter().all(|number| number.is_finite())
                        );
                        assert!(bar.height >= 0.0 && bar.width >= 0.0);
                    }
                }
            }
        }
    }

    #[test]
    fn bars_start_at_zero() {
        let layout = Layout::new(&props(vec![vec![1.0, -1.0]], ScaleKind::Linear), (400.0, 250.0));
        let floor = layout.y.map(0.0).unwrap_or_default();
        assert!((layout.boxes[0].y + layout.boxes[0].height - floor).abs() < 1e-6);
        assert!((layout.boxes[1].y - floor).abs() < 1e-6);
    }
}
