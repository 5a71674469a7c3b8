//! Names and equations of units, and the table of all parameters.

use super::paint;
use crate::charts::Table;
use crate::sections::mlp::{ActivationChoice, NONLINEAR, ParamIndex, Snapshot};
use crate::ui::readout::format_number;
use std::fmt::Write;

/// Formats a weight for a sentence.
pub(super) fn short(value: f32) -> String {
    format_number(f64::from(value), 3)
}

/// The maximum number of terms of a sum that are written out.
const MAX_TERMS: usize = 5;

/// Returns the name of a unit, with the range of its map for screen readers.
pub(super) fn unit_words(net: &Snapshot, bundled: bool, layer: usize, unit: usize) -> String {
    if bundled && layer == 0 {
        return format!(
            "inputs: {} {}",
            net.width(0),
            if paint::has_images(net) { "pixels" } else { "features" }
        );
    }
    let mut words = net.unit_name(layer, unit);
    if let Some((_, (low, high))) = net.map(layer, unit) {
        let _ = write!(words, ", from {} to {} over the plane", short(low), short(high));
    }
    words
}

pub(super) fn subscript(number: usize) -> String {
    let digit = |c: char| char::from_u32('₀' as u32 + c.to_digit(10).unwrap_or(0)).unwrap_or(c);
    number.to_string().chars().map(digit).collect()
}

/// Returns the equation of a unit, such as `h₃ = ReLU(0.41 x₁ − 1.20 x₂ + 0.300)`. A long sum has its largest
/// terms only.
pub(super) fn equation(
    net: &Snapshot,
    arm: usize,
    activation: ActivationChoice,
    layer: usize,
    unit: usize,
) -> String {
    let Some(of) = layer.checked_sub(1) else { return format!("x{}", subscript(unit + 1)) };
    let input = if of == 0 { 'x' } else { 'h' };
    let param = |from| ParamIndex { layer: of, from, to: unit };
    let mut terms: Vec<(usize, f32)> =
        (0..net.width(of)).filter_map(|from| Some((from, net.value(param(Some(from)))?))).collect();
    let all = terms.len();
    if all > MAX_TERMS {
        terms.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        terms.truncate(MAX_TERMS - 1);
    }
    let mut sum = String::new();
    let mut add = |value: f32, factor: &str| {
        let sign = match (value < 0.0, sum.is_empty()) {
            (true, true) => "−",
            (true, false) => " − ",
            (false, true) => "",
            (false, false) => " + ",
        };
        let _ = write!(sum, "{sign}{}{factor}", short(value.abs()));
    };
    for (from, value) in &terms {
        add(*value, &format!(" {input}{}", subscript(from + 1)));
    }
    if let Some(bias) = net.value(param(None)) {
        add(bias, "");
    }
    if all > terms.len() {
        let _ = write!(sum, " + {} smaller terms", all - terms.len());
    }
    let name = format!("{}{}", if layer == net.layers() { 'z' } else { 'h' }, subscript(unit + 1));
    let function = match activation {
        _ if arm != NONLINEAR || layer == net.layers() => return format!("{name} = {sum}"),
        ActivationChoice::Identity => return format!("{name} = {sum}"),
        ActivationChoice::Relu => "ReLU",
        ActivationChoice::Gelu => "GELU",
        ActivationChoice::Tanh => "tanh",
        ActivationChoice::Sigmoid => "sigmoid",
    };
    format!("{name} = {function}({sum})")
}

/// Returns the table of all weights and biases.
pub(super) fn table(net: &Snapshot) -> Table {
    let row = |(index, value): (usize, &f32)| {
        let param = net.param_at(index)?;
        let from = param.from.map_or_else(|| "bias".to_owned(), |from| net.unit_name(param.layer, from));
        let to = net.unit_name(param.layer + 1, param.to);
        Some(vec![(param.layer + 1).to_string(), from, to, value.to_string()])
    };
    Table {
        columns: ["layer", "from", "to", "value"].map(str::to_owned).to_vec(),
        rows: net.params.iter().enumerate().filter_map(row).collect(),
    }
}

/// Returns a sentence if a unit has the same value everywhere, such as a ReLU that never fires.
pub(super) fn remark(net: &Snapshot, layer: usize, unit: usize) -> Option<&'static str> {
    let values = paint::map(net, layer, unit);
    let first = values.first()?;
    (layer > 0 && values.iter().all(|value| value == first))
        .then_some("It has the same value everywhere here.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sections::mlp::LINEAR;

    fn net() -> Snapshot {
        let params = vec![0.5, -1.0, 0.25, 2.0, 0.1, -0.2, 1.5, -0.5, 0.0];
        Snapshot { dims: vec![2, 2, 1], has_bias: true, params, ..Snapshot::default() }
    }

    #[test]
    fn equations_have_the_units_numbers() {
        let of = |arm, layer, unit| equation(&net(), arm, ActivationChoice::Relu, layer, unit);
        assert_eq!(of(NONLINEAR, 1, 0), "h₁ = ReLU(0.500 x₁ + 0.250 x₂ + 0.100)");
        assert_eq!(of(NONLINEAR, 1, 1), "h₂ = ReLU(−1 x₁ + 2 x₂ − 0.200)");
        assert_eq!(of(LINEAR, 1, 0), "h₁ = 0.500 x₁ + 0.250 x₂ + 0.100");
        assert_eq!(of(NONLINEAR, 2, 0), "z₁ = 1.50 h₁ − 0.500 h₂ + 0");
        assert_eq!(of(NONLINEAR, 0, 1), "x₂");
    }

    #[test]
    fn a_long_sum_is_cut_to_its_largest_terms() {
        let params = (0..12).map(|n| n as f32).collect();
        let net = Snapshot { dims: vec![12, 1], has_bias: false, params, ..Snapshot::default() };
        let words = equation(&net, NONLINEAR, ActivationChoice::Tanh, 1, 0);
        assert_eq!(words, "z₁ = 11 x₁₂ + 10 x₁₁ + 9 x₁₀ + 8 x₉ + 8 smaller terms");
    }

    #[test]
    fn the_table_lists_everything() {
        let table = table(&net());
        assert_eq!(table.rows.len(), 9);
        assert_eq!(table.rows[1], ["1", "input 1", "hidden unit 2 of layer 1", "-1"]);
        assert_eq!(table.rows[5], ["1", "bias", "hidden unit 2 of layer 1", "-0.2"]);
    }
}
