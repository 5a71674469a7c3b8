//! Formatting of numbers: on axes, for reading, and for machines. Pure.

/// Returns a tick's label, as precise as the distance between ticks needs: `0.01`, `1e-5`, `12k`.
pub fn format_tick(value: f64, step: f64) -> String {
    if !value.is_finite() {
        return format_number(value, 3);
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    let step = if step.is_finite() && step != 0.0 { step.abs() } else { size };
    if size >= 1e9 || size < 9.999e-4 && step < 9.999e-4 {
        let digits = (size.log10().floor() - step.log10().floor()).clamp(0.0, 6.0) as usize;
        return tidy_exponent(&format!("{value:.digits$e}"));
    }
    let (divisor, suffix) = match size {
        size if size >= 1e6 => (1e6, "M"),
        size if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let places = (-(step / divisor).log10().floor()).clamp(0.0, 9.0) as usize;
    let text = trim_zeros(&format!("{:.places$}", value / divisor));
    // A value that rounds to zero has no sign.
    if text == "-0" { "0".to_owned() } else { format!("{}{suffix}", minus(text)) }
}

/// Returns a number for reading: `digits` significant digits, whole parts never shortened, thousands
/// separated by commas, very small and very large numbers as powers of ten, and words for NaN and
/// infinities.
pub fn format_number(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "not a number".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "infinite" } else { "minus infinite" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = digits.clamp(1, 15);
    let size = value.abs();
    if !(1e-4..1e9).contains(&size) {
        return tidy_exponent(&format!("{value:.*e}", digits - 1));
    }
    let places = (digits as f64 - 1.0 - size.log10().floor()).clamp(0.0, 18.0) as usize;
    let text = format!("{value:.places$}");
    let text = if value.fract() == 0.0 { trim_zeros(&text) } else { text };
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("−", rest),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Returns a number for machines and tables: the shortest text that parses to the same number.
pub fn format_exact(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    let size = value.abs();
    let short = value as f32;
    // A value that was an f32 is written as one: 0.3, not 0.30000001192092896.
    let is_short = f64::from(short) == value;
    match (size != 0.0 && !(1e-4..1e15).contains(&size), is_short) {
        (true, true) => format!("{short:e}"),
        (true, false) => format!("{value:e}"),
        (false, true) => format!("{short}"),
        (false, false) => format!("{value}"),
    }
}

/// Removes zeros from the mantissa: `1.50e-5` becomes `1.5e-5`.
fn tidy_exponent(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, power)) => minus(format!("{}e{power}", trim_zeros(mantissa))),
        None => minus(text.to_owned()),
    }
}

fn trim_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// Replaces a leading hyphen with a minus sign, which is as wide as a digit. An exponent keeps its hyphen, as
/// in code.
fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::format::*;

    #[test]
    fn ticks_read_well() {
        assert_eq!(format_tick(0.01, 0.01), "0.01");
        assert_eq!(format_tick(1e-5, 1e-5), "1e-5");
        assert_eq!(format_tick(12_000.0, 1000.0), "12k");
        assert_eq!(format_tick(12_500.0, 500.0), "12.5k");
        assert_eq!(format_tick(-1500.0, 500.0), "−1500");
        assert_eq!(format_tick(2e6, 1e6), "2M");
        assert_eq!(format_tick(1e9, 1e9), "1e9");
        assert_eq!(format_tick(-0.001, 0.1), "0");
        assert_eq!(format_tick(f64::NAN, 1.0), "not a number");
    }

    #[test]
    fn numbers_read_well() {
        for (value, digits, text) in [
            (0.0, 3, "0"),
            (0.123_456, 3, "0.123"),
            (0.5, 3, "0.500"),
            (12.0, 3, "12"),
            (-2.5, 3, "−2.50"),
            (99.96, 3, "100.0"),
            (999.0, 3, "999"),
            (1234.0, 3, "1,234"),
            (-36_736.0, 12, "−36,736"),
            (1_234_567.0, 3, "1,234,567"),
            (12_345.6, 3, "12,346"),
            (1.2e-7, 3, "1.2e-7"),
            (70_125_507_860.0, 3, "7.01e10"),
            (1.234_5e15, 3, "1.23e15"),
            (f64::NAN, 3, "not a number"),
            (f64::INFINITY, 3, "infinite"),
            (f64::NEG_INFINITY, 3, "minus infinite"),
        ] {
            assert_eq!(format_number(value, digits), text);
        }
    }

    #[test]
    fn exact_numbers_read_back() {
        assert_eq!(format_exact(f64::from(0.3_f32)), "0.3");
        assert_eq!(format_exact(0.1 + 0.2), "0.30000000000000004");
        assert_eq!(format_exact(1e-7), "1e-7");
        assert_eq!(format_exact(200.0), "200");
        assert_eq!(format_exact(f64::NAN), "NaN");
    }
}
