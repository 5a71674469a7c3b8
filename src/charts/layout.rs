//! Layout: lines with no more points than pixels, labels that do not overlap, plots that fit. Pure.

/// A point in pixels.
pub type Point = (f64, f64);

/// The usual width of a letter in the charts' 12 px type, rounded up.
const LETTER: f64 = 6.6;

/// Returns the approximate width of a text, to leave room for it. Asking the browser would cost a layout each
/// time.
pub fn text_width(text: &str) -> f64 {
    text.chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | '.' | ',' | ' ' | '|' | '\'' | ':' => LETTER * 0.55,
            'm' | 'w' | 'M' | 'W' | '@' => LETTER * 1.45,
            letter if letter.is_uppercase() => LETTER * 1.15,
            _ => LETTER,
        })
        .sum()
}

/// Returns the text, shortened to fit.
pub fn fit_text(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut used = text_width("…");
    let mut fitted = String::new();
    for letter in text.chars() {
        used += text_width(letter.encode_utf8(&mut [0; 4]));
        if used > width {
            break;
        }
        fitted.push(letter);
    }
    format!("{}…", fitted.trim_end())
}

/// Breaks a text into lines that fit, each of at least one word.
pub fn wrap(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line) + text_width(word) + 5.0 <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Thins a line to what a screen can show. Of consecutive points in one pixel column only the first, the
/// lowest, the highest and the last remain, so every spike survives. `None` breaks the line. Each piece of
/// the result is an unbroken line of at least one point.
pub fn decimate(points: impl IntoIterator<Item = Option<Point>>) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    let mut column = Column::default();
    for point in points {
        match point {
            Some(point) => {
                let place = point.0.floor();
                if column.place != Some(place) {
                    column.flush(&mut piece);
                    column.place = Some(place);
                }
                column.points.push(point);
            }
            None => {
                column.flush(&mut piece);
                column.place = None;
                if !piece.is_empty() {
                    pieces.push(std::mem::take(&mut piece));
                }
            }
        }
    }
    column.flush(&mut piece);
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[derive(Default)]
struct Column {
    place: Option<f64>,
    points: Vec<Point>,
}

impl Column {
    fn flush(&mut self, line: &mut Vec<Point>) {
        if self.points.len() <= 4 {
            line.append(&mut self.points);
            return;
        }
        let by_y = |a: &&(usize, Point), b: &&(usize, Point)| a.1.1.total_cmp(&b.1.1);
        let indexed: Vec<(usize, Point)> = self.points.drain(..).enumerate().collect();
        let (min, max) = (indexed.iter().min_by(by_y), indexed.iter().max_by(by_y));
        // Points stay in order.
        let (one, other) =
            if min.map(|point| point.0) <= max.map(|point| point.0) { (min, max) } else { (max, min) };
        let mut kept: Vec<&(usize, Point)> =
            [indexed.first(), one, other, indexed.last()].into_iter().flatten().collect();
        kept.dedup_by_key(|(index, _)| *index);
        line.extend(kept.into_iter().map(|(_, point)| *point));
    }
}

/// Thins a band to one x, top and bottom per pixel column, as wide as the band is anywhere in it. Points of
/// the band are x, y of one edge, and y of the other.
pub fn decimate_band(points: impl IntoIterator<Item = Option<(f64, f64, f64)>>) -> Vec<Vec<(f64, f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64, f64)>> = vec![Vec::new()];
    for point in points {
        let Some((x, a, b)) = point else {
            pieces.push(Vec::new());
            continue;
        };
        let (top, bottom) = (a.min(b), a.max(b));
        let Some(piece) = pieces.last_mut() else { continue };
        match piece.last_mut() {
            Some(last) if last.0.floor() == x.floor() => {
                last.1 = last.1.min(top);
                last.2 = last.2.max(bottom);
            }
            _ => piece.push((x, top, bottom)),
        }
    }
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

/// Moves labels apart. Each stays as near to its wanted position as it can with `gap` between neighbors, all
/// are between `low` and `high`, and their order is kept. If there is not enough room, the gap shrinks.
pub fn spread(wanted: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let count = wanted.len();
    if count == 0 {
        return Vec::new();
    }
    let room = (high - low).max(0.0);
    let gap = if count > 1 { gap.min(room / (count - 1) as f64) } else { 0.0 };
    let mut order: Vec<usize> = (0..count).collect();
    let place = |index: usize| {
        wanted.get(index).copied().filter(|y| y.is_finite()).unwrap_or(low).clamp(low, low + room)
    };
    order.sort_by(|a, b| place(*a).total_cmp(&place(*b)));

    // Isotonic regression by the pool-adjacent-violators algorithm: wanted positions minus the offsets in the
    // stack must not decrease, so labels that would overlap join into a block at the mean of their wanted
    // positions.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (rank, index) in order.iter().enumerate() {
        let mut block = (place(*index) - gap * rank as f64, 1);
        while let Some(last) = blocks.last().copied()
            && last.0 > block.0
        {
            blocks.pop();
            let members = last.1 + block.1;
            block = ((last.0 * last.1 as f64 + block.0 * block.1 as f64) / members as f64, members);
        }
        blocks.push(block);
    }
    let mut placed = vec![low; count];
    let mut ranks = order.iter().enumerate();
    let limit = low + room - gap * (count - 1) as f64;
    for (base, members) in blocks {
        for (rank, index) in ranks.by_ref().take(members) {
            if let Some(slot) = placed.get_mut(*index) {
                *slot = base.clamp(low, limit.max(low)) + gap * rank as f64;
            }
        }
    }
    placed
}

/// Returns the width and height of a plot of `rows` by `cols` cells, as square as there is room for.
pub fn cell_plot_size(
    available: f64,
    rows: usize,
    cols: usize,
    (min_height, max_height): (f64, f64),
) -> (f64, f64) {
    let available = available.max(1.0);
    let aspect = rows.max(1) as f64 / cols.max(1) as f64;
    let height = available * aspect;
    if height > max_height {
        // Tall grids get narrower, but columns must remain distinguishable.
        let width = (max_height / aspect).max(available.min(cols as f64 * 8.0)).max(available * 0.4);
        (width.min(available), max_height)
    } else {
        (available, height.max(min_height))
    }
}

/// Returns the step between shown names that gives each `room` pixels: 1, 2 or 5 times a power of ten, as
/// people count.
pub fn stride(cell: f64, room: f64) -> usize {
    if !(cell > 0.0 && cell.is_finite()) {
        return 1;
    }
    let min_stride = room / cell;
    let powers = std::iter::successors(Some(1usize), |power| power.checked_mul(10));
    let strides = powers.take(9).flat_map(|power| [1, 2, 5].map(|factor| factor * power));
    strides.into_iter().find(|stride| *stride as f64 >= min_stride).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use crate::charts::layout::*;

    #[test]
    fn decimation_keeps_spikes_and_ends() {
        let mut points: Vec<Point> = (0..100_000).map(|step| (f64::from(step) / 200.0, 5.0)).collect();
        points[31_415].1 = -70.0;
        points[31_416].1 = 90.0;
        let pieces = decimate(points.iter().copied().map(Some));
        assert_eq!(pieces.len(), 1);
        let line = &pieces[0];
        assert!(line.len() <= 4 * 500, "{}", line.len());
        assert!(line.iter().any(|point| point.1 == -70.0) && line.iter().any(|point| point.1 == 90.0));
        assert_eq!(line.first(), points.first());
        assert_eq!(line.last(), points.last());
        assert!(line.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }

    #[test]
    fn decimation_leaves_short_lines_alone_and_breaks_at_gaps() {
        let line = [Some((0.0, 1.0)), Some((10.0, 2.0)), None, None, Some((20.0, 3.0)), None];
        let pieces = decimate(line);
        assert_eq!(pieces, [vec![(0.0, 1.0), (10.0, 2.0)], vec![(20.0, 3.0)]]);
        assert!(decimate([]).is_empty());
        assert!(decimate([None]).is_empty());
    }

    #[test]
    fn bands_keep_their_width() {
        let band = [
            Some((0.1, 5.0, 1.0)),
            Some((0.2, 9.0, 2.0)),
            Some((3.0, 4.0, 4.0)),
            None,
            Some((4.0, 1.0, 2.0)),
        ];
        assert_eq!(decimate_band(band), [vec![(0.1, 1.0, 9.0), (3.0, 4.0, 4.0)]]);
    }

    fn check_spread(wanted: &[f64], gap: f64, room: (f64, f64)) -> Vec<f64> {
        let placed = spread(wanted, gap, room);
        assert_eq!(placed.len(), wanted.len());
        assert!(placed.iter().all(|y| *y >= room.0 - 1e-9 && *y <= room.1.max(room.0) + 1e-9), "{placed:?}");
        let mut sorted = placed.clone();
        sorted.sort_by(f64::total_cmp);
        let fits = gap * wanted.len().saturating_sub(1) as f64 <= room.1 - room.0;
        assert!(!fits || sorted.windows(2).all(|pair| pair[1] - pair[0] >= gap - 1e-9), "{placed:?}");
        placed
    }

    #[test]
    fn labels_stay_apart() {
        assert_eq!(check_spread(&[10.0, 90.0], 14.0, (0.0, 100.0)), [10.0, 90.0]);
        assert_eq!(check_spread(&[50.0, 50.0], 14.0, (0.0, 100.0)), [43.0, 57.0]);
        assert_eq!(check_spread(&[60.0, 50.0], 14.0, (0.0, 100.0)), [62.0, 48.0]);
        assert_eq!(check_spread(&[100.0, 100.0], 14.0, (0.0, 100.0)), [100.0 - 14.0, 100.0]);
        check_spread(&[0.0, 0.0, 1.0, 99.0, 99.5], 14.0, (0.0, 100.0));
        check_spread(&[50.0; 40], 14.0, (0.0, 100.0));
        check_spread(&[f64::NAN, f64::INFINITY, -1e9], 14.0, (0.0, 100.0));
        check_spread(&[], 14.0, (0.0, 100.0));
        check_spread(&[3.0], 14.0, (5.0, 5.0));
    }

    #[test]
    fn plots_fit() {
        assert_eq!(cell_plot_size(300.0, 10, 10, (100.0, 340.0)), (300.0, 300.0));
        assert_eq!(cell_plot_size(600.0, 10, 10, (100.0, 300.0)), (300.0, 300.0));
        assert_eq!(cell_plot_size(600.0, 1, 100, (100.0, 300.0)), (600.0, 100.0));
        let (width, height) = cell_plot_size(300.0, 0, 0, (100.0, 340.0));
        assert!(width > 0.0 && height > 0.0);
    }

    #[test]
    fn texts_are_cut() {
        assert_eq!(fit_text("loss", 100.0), "loss");
        let cut = fit_text("a very long name of a series", 60.0);
        assert!(cut.ends_with('…') && text_width(&cut) <= 60.0, "{cut}");
        assert_eq!(fit_text("loss", 0.0), "…");
    }

    #[test]
    fn texts_are_wrapped() {
        assert_eq!(wrap("", 100.0), Vec::<String>::new());
        let lines = wrap("depth=3 width=64 rate=0.01 seed=1", 100.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| text_width(line) <= 100.0), "{lines:?}");
        assert_eq!(lines.join(" "), "depth=3 width=64 rate=0.01 seed=1");
    }

    #[test]
    fn strides_leave_room() {
        assert_eq!(stride(20.0, 14.0), 1);
        assert_eq!(stride(5.0, 14.0), 5);
        assert_eq!(stride(0.1, 14.0), 200);
        assert_eq!(stride(0.0, 14.0), 1);
        assert_eq!(stride(f64::NAN, 14.0), 1);
    }
}
