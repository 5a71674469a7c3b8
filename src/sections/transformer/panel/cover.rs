//! The picture of section 6 on the cover: the next characters of a line, by counting its pairs.

use yew::prelude::*;

/// The line whose pairs of characters are counted (Shakespeare, Hamlet, act 3, scene 1).
const LINE: &str = "to be, or not to be, that is the question: whether ’tis nobler in the mind to suffer";
/// The character whose followers are shown: words begin after it.
const BEFORE: char = ' ';
/// The number of bars.
const BARS: usize = 6;

/// Returns the characters that follow `before` in a text, with their relative frequencies, most frequent first. Equal ones
/// are in the order of their characters.
fn followers(text: &str, before: char) -> Vec<(char, f64)> {
    let mut counts: Vec<(char, u32)> = Vec::new();
    for (_, next) in text.chars().zip(text.chars().skip(1)).filter(|(c, _)| *c == before) {
        match counts.iter_mut().find(|(c, _)| *c == next) {
            Some((_, count)) => *count += 1,
            None => counts.push((next, 1)),
        }
    }
    counts.sort_by_key(|(c, count)| (std::cmp::Reverse(*count), *c));
    let total: u32 = counts.iter().map(|(_, count)| count).sum();
    counts.into_iter().map(|(c, count)| (c, f64::from(count) / f64::from(total.max(1)))).collect()
}

/// Returns the picture: a causal mask, and the bars of the next character, counted in place.
pub fn cover() -> Html {
    const CELL: f64 = 13.0;
    let cells = (0..8u32).flat_map(|q| (0..8u32).map(move |k| (q, k))).map(|(q, k)| {
        let (x, y) = (10.0 + CELL * f64::from(k), 8.0 + CELL * f64::from(q));
        let fill = if k <= q { "var(--series-0)" } else { "var(--sunken)" };
        html! { <rect x={x.to_string()} y={y.to_string()} width="11" height="11" rx="2" {fill} /> }
    });
    let followers = followers(LINE, BEFORE);
    let top = followers.first().map_or(1.0, |first| first.1);
    let bars = followers.iter().take(BARS).enumerate().map(|(i, (_, p))| {
        let y = 10.0 + 17.5 * i as f64;
        let fill = if i == 0 { "var(--series-1)" } else { "var(--series-0)" };
        html! { <rect x="140" y={y.to_string()} width={format!("{:.1}", 90.0 * p / top)} height="11" rx="2" {fill} /> }
    });
    html! { <svg class="cover-picture" viewBox="0 0 240 120" aria-hidden="true">{ for cells }{ for bars }</svg> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_are_counted() {
        assert_eq!(followers("tat to th", 't'), [(' ', 0.25), ('a', 0.25), ('h', 0.25), ('o', 0.25)]);
        let of_line = followers(LINE, BEFORE);
        assert!((of_line.iter().map(|(_, p)| p).sum::<f64>() - 1.0).abs() < 1e-12 && of_line.len() >= BARS);
        assert!(of_line[0].0 == 't' && of_line.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{of_line:?}");
        assert!(followers("", 't').is_empty());
    }
}
