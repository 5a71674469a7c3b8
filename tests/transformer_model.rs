//! Properties of the transformer.
#![cfg(feature = "compute")]

use crate::collector::values;
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::models::transformer::{Cache, Positions, Sizes, Transformer, sinusoidal_table};
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
