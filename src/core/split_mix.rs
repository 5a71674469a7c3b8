//! A small generator of reproducible numbers for pictures on the page, which links no random number library: SplitMix64
//! (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"). Experiments use `rand`.

/// The increment of the state, the golden ratio in 64 bits.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// Returns the stream that belongs to a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number from -1 to 1, without 1.
    pub fn next_signed(&mut self) -> f32 {
        let number = mixed(self.0);
        self.0 = self.0.wrapping_add(GAMMA);
        signed(number)
    }
}

/// Returns the number after the state `number`, whose bits do not tell that of its neighbors.
pub const fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(GAMMA);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns the upper 24 bits of a number as one from -1 to 1, without 1.
pub const fn signed(number: u64) -> f32 {
    (number >> 40) as f32 / (1u64 << 23) as f32 - 1.0
}

#[cfg(test)]
mod tests {
    use crate::core::split_mix::*;

    #[test]
    fn the_numbers_are_those_of_the_paper() {
        // The first outputs for the seed 1234567, as published with the reference implementation in C.
        let outputs = [0, 1, 2].map(|i: u64| mixed(1_234_567u64.wrapping_add(i.wrapping_mul(GAMMA))));
        assert_eq!(
            outputs,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn the_numbers_are_spread_over_their_range() {
        let mut numbers = SplitMix64::new(1);
        let drawn: Vec<f32> = (0..100_000).map(|_| numbers.next_signed()).collect();
        let of = |value: fn(f64) -> f64| drawn.iter().map(|x| value(f64::from(*x))).sum::<f64>() / 1e5;
        let (mean, variance) = (of(|x| x), of(|x| x * x));
        assert!(mean.abs() < 0.01 && (variance - 1.0 / 3.0).abs() < 0.01, "{mean}, {variance}");
        assert!(drawn.iter().all(|x| (-1.0..1.0).contains(x)));
    }
}
