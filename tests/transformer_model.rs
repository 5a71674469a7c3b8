//! Properties of the transformer.
#![cfg(feature = "compute")]

use crate::collector::values;
use burn::tensor::{Device, Tensor, TensorData};
pub(crate) use nn_lab::models::transformer::Sizes;
use nn_lab::models::transformer::{Cache, Positions, Transformer, position_scale, sinusoidal_table};
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::sections::transformer::positions::{measured_period, product_formula, wavelength};
use nn_lab::sections::transformer::{Config, PositionsChoice, param_count, sizes};
use proptest::prelude::*;

pub(crate) const SIZES: Sizes = Sizes {
    vocabulary: 11,
    context: 24,
    d_model: 16,
    n_heads: 4,
    n_layers: 2,
    d_ff: 64,
    positions: Positions::Sinusoidal,
    tied: true,
    causal: true,
};

pub(crate) fn model(sizes: Sizes) -> Transformer {
    Transformer::new(sizes, &mut WeightRng::new(3), &Device::flex())
}

pub(crate) fn one_hot(ids: &[usize]) -> Tensor<3> {
    let rows = ids.iter().flat_map(|&id| (0..11).map(move |c| f32::from(c == id)));
    Tensor::from_data(TensorData::new(rows.collect::<Vec<f32>>(), [1, ids.len(), 11]), &Device::flex())
}

pub(crate) fn largest_gap(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |max, (a, b)| max.max((a - b).abs()))
}

fn some_ids(n: usize) -> Vec<usize> {
    (0..n).map(|i| (i * 7 + i * i) % 11).collect()
}

#[test]
fn a_later_character_does_not_change_earlier_logits() {
    for positions in [Positions::Sinusoidal, Positions::Learned] {
        let model = model(Sizes { positions, ..SIZES });
        let ids = some_ids(24);
        for forward in [
            &(|ids: &[usize]| values(model.forward(one_hot(ids), 0.0))) as &dyn Fn(&[usize]) -> Vec<f32>,
            &|ids: &[usize]| values(model.inspect(one_hot(ids), None).0),
        ] {
            let before = forward(&ids);
            for changed in [1, 12, 23] {
                let mut other = ids.clone();
                other[changed] = (other[changed] + 1) % 11;
                let after = forward(&other);
                assert_eq!(before[..changed * 11], after[..changed * 11], "changed at {changed}");
                assert_ne!(before[changed * 11..], after[changed * 11..]);
            }
        }
    }
}

#[test]
fn cached_logits_agree_with_those_of_the_full_text() {
    for (positions, tied) in [(Positions::Sinusoidal, true), (Positions::Learned, false)] {
        let model = model(Sizes { positions, tied, ..SIZES });
        let ids = some_ids(24);
        let full = values(model.forward(one_hot(&ids), 0.0));
        // Pieces of all kinds: several characters, then single ones, then several again.
        let mut cache = Cache::default();
        let mut cached = Vec::new();
        for piece in [&ids[..5], &ids[5..6], &ids[6..7], &ids[7..20], &ids[20..]] {
            cached.extend(values(model.forward_cached(one_hot(piece), &mut cache)));
        }
        assert_eq!(cache.len(), 24);
        assert!(largest_gap(&full, &cached) < 1e-5, "{}", largest_gap(&full, &cached));
    }
}

#[test]
fn a_gate_switches_a_head_off_and_weights_sum_to_one() {
    let model = model(SIZES);
    let ids = one_hot(&some_ids(24));
    let (logits, weights) = model.inspect(ids.clone(), None);
    assert!(largest_gap(&values(logits.clone()), &values(model.forward(ids.clone(), 0.0))) < 1e-5);
    assert_eq!(weights.len(), 2);
    for sums in weights.iter().map(|weights| values(weights.clone().sum_dim(3))) {
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5));
    }
    let on = vec![vec![1.0; 4]; 2];
    assert_eq!(values(model.inspect(ids.clone(), Some(&on)).0), values(logits.clone()));
    let mut off = on;
    off[1][2] = 0.0;
    let (gated, gated_weights) = model.inspect(ids, Some(&off));
    assert_ne!(values(gated), values(logits));
    assert_eq!(values(gated_weights[0].clone()), values(weights[0].clone()), "the first layer is unchanged");
}

/// In a model of one attention layer, the logits are `(x - mean x) U / s` for a divisor `s` per position, so a head's direct
/// effect `e` is the difference of two such products: `e = s l - s' l'`, where `l'` are the logits without the head.
#[test]
fn direct_effects_are_the_difference_that_a_head_makes() {
    let sizes = Sizes { n_layers: 1, d_ff: 0, tied: false, ..SIZES };
    let model = model(sizes);
    let ids = one_hot(&some_ids(24));
    let (logits, effects) = model.head_effects(ids.clone());
    let full = values(logits);
    assert!(largest_gap(&full, &values(model.forward(ids.clone(), 0.0))) < 1e-5);
    let (with, weights) = model.inspect(ids.clone(), None);
    assert_eq!(
        (values(with), values(weights[0].clone())),
        (full.clone(), values(effects[0].weights.clone()))
    );
    let effects = values(effects[0].logits.clone());
    assert_eq!(effects.len(), 4 * 24 * 11);
    for head in 0..4 {
        let mut gates = vec![vec![1.0; 4]];
        gates[0][head] = 0.0;
        let without = values(model.inspect(ids.clone(), Some(&gates)).0);
        for t in 0..24 {
            let row = |of: &[f32], at: usize| of[at * 11..][..11].to_vec();
            let (e, l, other) = (row(&effects, head * 24 + t), row(&full, t), row(&without, t));
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            // Both divisors by linear regression, and the residual.
            let (ll, lo, oo) = (dot(&l, &l), dot(&l, &other), dot(&other, &other));
            let (el, eo) = (dot(&e, &l), dot(&e, &other));
            let det = ll * oo - lo * lo;
            let (s, s_other) = ((el * oo - eo * lo) / det, (el * lo - eo * ll) / det);
            let left = (0..11)
                .map(|j| (f64::from(e[j]) - s * f64::from(l[j]) + s_other * f64::from(other[j])).powi(2));
            let left = left.sum::<f64>().sqrt() / dot(&e, &e).sqrt();
            assert!(
                left < 1e-2 && s > 0.0 && s_other > 0.0,
                "head {head}, position {t}: {left}, {s}, {s_other}"
            );
        }
    }
}

#[test]
fn positions_and_embeddings_have_the_same_length() {
    for d_model in [16, 64, 384] {
        let table = sinusoidal_table(32, d_model, &Device::flex()).mul_scalar(position_scale(d_model));
        let lengths = values(table.square().sum_dim(1).sqrt());
        assert!(lengths.iter().all(|length| (length - 1.0).abs() < 1e-5), "{lengths:?}");
        let embedding = model(Sizes { d_model, n_heads: 1, ..SIZES }).embedding.val();
        let mean = values(embedding.square().sum_dim(1).sqrt()).iter().sum::<f32>() / 11.0;
        assert!((mean - 1.0).abs() < 0.15, "{mean}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_formula_agrees_with_the_parameter_count(
        layers in 1u32..4,
        heads in prop::sample::select(vec![1, 2, 4, 8]),
        d_model in prop::sample::select(vec![16, 32, 64, 96]),
        (context, vocabulary) in (8u32..40, 2usize..40),
        (learned, tied) in (any::<bool>(), any::<bool>()),
    ) {
        let positions = if learned { PositionsChoice::Learned } else { PositionsChoice::Sinusoidal };
        let config = Config { layers, heads, d_model, context, positions, tied, ..Config::default() };
        let model = model(sizes(&config, vocabulary));
        prop_assert_eq!(param_count(&config, vocabulary as u64).total(), count_params(&model) as u64);
    }
}

#[test]
fn sinusoidal_positions_agree_with_the_formula() {
    let (t, d) = (256usize, 64u32);
    let table = values(sinusoidal_table(t, d as usize, &Device::flex()));
    let at = |p: usize, j: usize| table[p * d as usize + j];
    assert_eq!((at(0, 0), at(0, 1)), (0.0, 1.0));
    assert!((at(3, 4) - (3.0 / 10_000f32.powf(4.0 / 64.0)).sin()).abs() < 1e-5);
    for dimension in [0, 1, 10, 21] {
        let wave: Vec<f32> = (0..t).map(|p| at(p, dimension)).collect();
        let period = measured_period(&wave).expect("several waves fit");
        let formula = wavelength(dimension as u32, d);
        assert!((period / formula - 1.0).abs() < 0.02, "dimension {dimension}: {period} against {formula}");
    }
    let product = |a: usize, b: usize| (0..d as usize).map(|j| at(a, j) * at(b, j)).sum::<f32>();
    assert!((f64::from(product(40, 57)) - product_formula(17.0, d)).abs() < 1e-3);
}
