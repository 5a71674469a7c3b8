//! The part of a line chart that does not depend on the cursor. It is laid out once per frame of data.

use crate::charts::{
    axes::{Plot, empty_text, px, tick_room, x_axis, y_axis},
    color,
    layout::{Point, decimate, decimate_band, fit_text, spread, text_width},
    scale::{Scale, ScaleKind, Tick, extent, nice},
    series::{LineChartProps, Series},
};
use std::rc::Rc;
use yew::prelude::*;

const LABEL_GAP: f64 = 14.0;
/// The width of bold names, relative to the text that `text_width` measures.
const BOLD: f64 = 1.08;

/// Positions of everything in the chart, in pixels.
pub(super) struct Layout {
    width: f64,
    plot: Plot,
    pub(super) x: Scale,
    pub(super) y: Scale,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    x_label: AttrValue,
    y_label: AttrValue,
    lines: Vec<Line>,
    labels: Vec<Label>,
    /// Heights of the reference lines.
    references: Vec<f64>,
    /// True if some values have no place on a logarithmic axis.
    has_omitted: bool,
    empty: Option<AttrValue>,
}

struct Line {
    path: String,
    band: String,
    dots: String,
    color: usize,
    dashed: bool,
    thin: bool,
    end: Option<Point>,
}

struct Label {
    at: Point,
    text: String,
    /// `None` for a reference line.
    color: Option<usize>,
}

impl Layout {
    pub(super) fn new(props: &LineChartProps, (width, height): (f64, f64)) -> Self {
        let series = &props.series;
        let points = || series.iter().flat_map(|series| series.points.iter());
        let bands = || series.iter().filter_map(|series| series.band.as_ref()).flat_map(|band| band.iter());
        let (x_scale, y_scale) = (props.x_scale, props.y_scale);

        let xs = points().map(|point| point.0).chain(bands().map(|point| point.0)).chain(props.x_max);
        let x_domain =
            extent(x_scale, xs).unwrap_or(if x_scale == ScaleKind::Log { (1.0, 10.0) } else { (0.0, 1.0) });
        // A single point would be an axis of no length. Start at zero instead, as steps do.
        let x_domain = if x_domain.0 == x_domain.1 && x_scale == ScaleKind::Linear && x_domain.0 > 0.0 {
            (0.0, x_domain.1)
        } else {
            x_domain
        };
        let ys = points().map(|point| point.1);
        let ys = ys.chain(bands().flat_map(|point| [point.1, point.2]));
        let ys = ys.chain(props.references.iter().map(|reference| reference.y));
        // Before the first value, a chart shows its axes from zero to somewhat above the baselines.
        let is_empty = points().next().is_none() && y_scale == ScaleKind::Linear;
        let room =
            props.references.iter().filter(|_| is_empty).flat_map(|reference| [0.0, 1.2 * reference.y]);
        let ys = ys.chain(room);
        let y_data = extent(y_scale, ys).unwrap_or(y_scale.empty_domain());
        let y_domain = props.y_range.unwrap_or_else(|| nice(y_scale, y_data, 5));

        let named = series.iter().map(|series| &series.name);
        let named = named.chain(props.references.iter().map(|reference| &reference.label));
        let names = named.map(|name| BOLD * text_width(name)).fold(0.0, f64::max);
        let names = if names > 0.0 { names.min(width * 0.4).min(150.0) } else { 0.0 };
        let mut plot =
            Plot { left: 30.0, right: (width - names - 14.0).max(60.0), top: 26.0, bottom: height - 42.0 };
        let y = Scale::new(y_scale, y_domain, (plot.bottom, plot.top));
        let y_ticks = y.ticks(5);
        plot.left = tick_room(&y_ticks).min(plot.right - 30.0);
        let x = Scale::new(x_scale, x_domain, (plot.left, plot.right));
        let wanted = (plot.width() / 64.0).clamp(2.0, 10.0) as usize;
        let x_ticks = if props.integer_x { x.whole_ticks(wanted) } else { x.ticks(wanted) };

        let lines: Vec<Line> = series.iter().map(|series| Line::new(series, &x, &y, props.markers)).collect();
        let empty = lines.iter().all(|line| line.path.is_empty() && line.band.is_empty());
        let has_omitted = points().any(|point| {
            let misplaced = |kind, value: f64| kind == ScaleKind::Log && value <= 0.0;
            misplaced(x_scale, point.0) || misplaced(y_scale, point.1)
        });
        let references: Vec<(f64, &AttrValue)> = props
            .references
            .iter()
            .filter_map(|reference| {
                let at = y.map(reference.y).filter(|at| *at >= plot.top - 1.0 && *at <= plot.bottom + 1.0)?;
                Some((at, &reference.label))
            })
            .collect();
        Self {
            width,
            plot,
            x,
            y,
            x_ticks,
            y_ticks,
            x_label: props.x_label.clone(),
            y_label: props.y_label.clone(),
            labels: labels(series, &lines, &references, plot, names),
            references: references.iter().map(|(at, _)| *at).collect(),
            lines,
            has_omitted,
            empty: empty.then(|| props.empty.clone()),
        }
    }

    /// Returns the position of x as a fraction of the chart's width.
    pub(super) fn x_fraction(&self, x: f64) -> f64 {
        self.x.map(x).map_or(0.0, |at| at / self.width.max(1.0))
    }

    /// Draws the cursor's line and its dots.
    pub(super) fn cursor(&self, x: f64, dots: &[(f64, f64, usize)]) -> Html {
        let Some(at) = self.x.map(x).map(px) else {
            return Html::default();
        };
        let dots = dots.iter().filter_map(|(x, y, color)| {
            let (x, y) = (self.x.map(*x)?, self.y.map(*y)?);
            let inside = y >= self.plot.top - 2.0 && y <= self.plot.bottom + 2.0;
            let style = format!("fill:{}", color::series(*color));
            inside.then(|| html! { <circle class="cursor-dot" cx={px(x)} cy={px(y)} r="4" ~style={style} /> })
        });
        html! {
            <g class="cursor" data-export="no">
                <line x1={at.clone()} x2={at} y1={px(self.plot.top)} y2={px(self.plot.bottom)} />
                { for dots }
            </g>
        }
    }
}

impl Line {
    fn new(series: &Series, x: &Scale, y: &Scale, markers: bool) -> Self {
        let place = |(at, value): &(f64, f64)| Some((x.map(*at)?, y.map(*value)?));
        let pieces = decimate(series.points.iter().map(place));
        let count: usize = pieces.iter().map(Vec::len).sum();
        let mut path = String::new();
        let mut dots = String::new();
        for piece in &pieces {
            for (index, (x, y)) in piece.iter().enumerate() {
                path.push_str(&format!("{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' }));
                // A line of no length with round ends is a dot, so one path draws all dots.
                if markers && count <= 400 || piece.len() == 1 {
                    dots.push_str(&format!("M{x:.1} {y:.1}h0"));
                }
            }
        }
        let band = series.band.as_ref().map(|band| {
            let place = |(at, low, high): &(f64, f64, f64)| Some((x.map(*at)?, y.map(*low)?, y.map(*high)?));
            decimate_band(band.iter().map(place)).iter().map(|piece| outline(piece)).collect()
        });
        Self {
            path,
            band: band.unwrap_or_default(),
            dots,
            color: series.color,
            dashed: series.dashed,
            thin: series.thin,
            end: pieces.last().and_then(|piece| piece.last()).copied(),
        }
    }

    fn view(&self) -> Html {
        let stroke = format!("stroke:{}", color::series(self.color));
        html! {
            <>
                if !self.band.is_empty() {
                    <path class="band" ~style={format!("fill:{}", color::series(self.color))} d={self.band.clone()} />
                }
                <path
                    class={classes!("line", self.thin.then_some("thin"))}
                    ~style={stroke.clone()}
                    stroke-dasharray={self.dashed.then_some("6 4")}
                    d={self.path.clone()}
                />
                if !self.dots.is_empty() {
                    <path class="dots" ~style={stroke} d={self.dots.clone()} />
                }
            </>
        }
    }
}

/// Returns the outline of a band: along the top, and back along the bottom.
fn outline(piece: &[(f64, f64, f64)]) -> String {
    let top = piece.iter().map(|(x, top, _)| format!("{x:.1} {top:.1}"));
    let bottom = piece.iter().rev().map(|(x, _, bottom)| format!("{x:.1} {bottom:.1}"));
    format!("M{}Z", top.chain(bottom).collect::<Vec<_>>().join("L"))
}

/// Returns the names at the right ends of series and reference lines, moved apart where they would overlap.
fn labels(
    series: &[Series],
    lines: &[Line],
    references: &[(f64, &AttrValue)],
    plot: Plot,
    room: f64,
) -> Vec<Label> {
    let of_series = series
        .iter()
        .zip(lines)
        .filter(|(series, _)| !series.name.is_empty())
        .filter_map(|(series, line)| Some((&series.name, Some(series.color), line.end?)));
    let of_references = references.iter().map(|(y, label)| (*label, None, (plot.right, *y)));
    let ends: Vec<(&AttrValue, Option<usize>, Point)> = of_series.chain(of_references).collect();
    let wanted: Vec<f64> = ends.iter().map(|(_, _, end)| end.1).collect();
    let placed = spread(&wanted, LABEL_GAP, (plot.top + 2.0, plot.bottom - 2.0));
    let place = |((name, color, end), y): ((&AttrValue, Option<usize>, Point), f64)| Label {
        at: (end.0.clamp(plot.left, plot.right) + 7.0, y + 4.0),
        // Half a pixel more, so that rounding never cuts a name that fits.
        text: fit_text(name, room / BOLD + 0.5),
        color,
    };
    ends.into_iter().zip(placed).map(place).collect()
}

#[derive(Properties)]
pub(super) struct PlottedProps {
    pub(super) layout: Rc<Layout>,
}

impl PartialEq for PlottedProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.layout, &other.layout)
    }
}

/// Axes, lines and labels.
#[component]
pub(super) fn Plotted(props: &PlottedProps) -> Html {
    let layout = &*props.layout;
    let plot = layout.plot;
    let references = layout.references.iter().map(|y| {
        html! { <line class="reference" x1={px(plot.left)} x2={px(plot.right)} y1={px(*y)} y2={px(*y)} /> }
    });
    let labels = layout.labels.iter().map(|label| {
        let style = label.color.map(|color| format!("fill:{}", color::series(color))).unwrap_or_default();
        html! {
            <text class="line-label" ~style={style} x={px(label.at.0)} y={px(label.at.1)}>{ label.text.clone() }</text>
        }
    });
    // A nested svg clips what is outside a fixed y range. A clip path would need an id.
    let (x, y) = (px(plot.left - 3.0), px(plot.top - 3.0));
    let (width, height) = (px(plot.width() + 6.0), px(plot.height() + 6.0));
    let view_box = format!("{x} {y} {width} {height}");
    html! {
        <g>
            { y_axis(plot, &layout.y, &layout.y_ticks, &layout.y_label, layout.width) }
            { x_axis(plot, &layout.x, &layout.x_ticks, &layout.x_label) }
            <svg {x} {y} {width} {height} viewBox={view_box}>
                { for layout.lines.iter().map(Line::view) }
            </svg>
            { for references }
            { for labels }
            if let Some(text) = &layout.empty {
                { empty_text(plot, text) }
            }
            if layout.has_omitted {
                <text class="chart-note" x={px(plot.right)} y={px(plot.top + 12.0)} text-anchor="end">
                    { fit_text("values ≤ 0 are not shown", plot.width()) }
                </text>
            }
        </g>
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::line_plot::*;

    fn props(points: Vec<(f64, f64)>, scale: ScaleKind) -> LineChartProps {
        yew::props!(LineChartProps {
            name: "test",
            x_label: "step",
            y_label: "loss",
            y_scale: scale,
            series: vec![Series::new("loss", Rc::new(points), 0)],
        })
    }

    #[test]
    fn anything_can_be_laid_out() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1e300, 1e-300];
        for scale in [ScaleKind::Linear, ScaleKind::Log] {
            for width in [0.0, 1.0, 120.0, 320.0, 4000.0] {
                Layout::new(&props(vec![], scale), (width, 250.0));
                for x in bad {
                    for y in bad {
                        let layout =
                            Layout::new(&props(vec![(x, y), (1.0, 2.0), (2.0, 2.0)], scale), (width, 250.0));
                        assert!(
                            !layout.lines[0].path.contains("NaN") && !layout.lines[0].path.contains("inf")
                        );
                        assert!(layout.empty.is_none());
                    }
                }
            }
        }
    }

    #[test]
    fn a_log_axis_reports_omitted_values() {
        assert!(
            Layout::new(&props(vec![(0.0, 0.0), (1.0, 1.0)], ScaleKind::Log), (400.0, 250.0)).has_omitted
        );
        assert!(
            !Layout::new(&props(vec![(0.0, 0.0), (1.0, 1.0)], ScaleKind::Linear), (400.0, 250.0)).has_omitted
        );
        assert!(Layout::new(&props(vec![(0.0, 0.0)], ScaleKind::Log), (400.0, 250.0)).empty.is_some());
    }

    #[test]
    fn long_runs_stay_small() {
        let points = (0..50_000).map(|step| (f64::from(step), f64::from(step % 97))).collect();
        let layout = Layout::new(&props(points, ScaleKind::Linear), (700.0, 250.0));
        assert!(layout.lines[0].path.len() < 40_000, "{}", layout.lines[0].path.len());
    }
}
