//! Four numbers in a vector register. Elsewhere, the compiler finds vector instructions by itself; this type is for
//! the loops where it does not.

pub(crate) use four::Lanes;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod four {
    use core::arch::wasm32::{
        f32x4, f32x4_add, f32x4_eq, f32x4_extract_lane, f32x4_gt, f32x4_max, f32x4_mul, f32x4_splat,
        f32x4_sub, i32x4_shuffle, v128, v128_and, v128_andnot,
    };

    /// Four numbers.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Lanes(v128);

    impl Lanes {
        /// Returns the same number four times.
        #[inline(always)]
        pub(crate) fn splat(x: f32) -> Self {
            Self(f32x4_splat(x))
        }

        #[inline(always)]
        pub(crate) fn load(x: &[f32; 4]) -> Self {
            Self(f32x4(x[0], x[1], x[2], x[3]))
        }

        #[inline(always)]
        pub(crate) fn numbers(self) -> [f32; 4] {
            let Self(x) = self;
            [
                f32x4_extract_lane::<0>(x),
                f32x4_extract_lane::<1>(x),
                f32x4_extract_lane::<2>(x),
                f32x4_extract_lane::<3>(x),
            ]
        }

        /// Returns `self a + b`, rounded twice.
        #[inline(always)]
        pub(crate) fn multiply_add(self, a: Self, b: Self) -> Self {
            Self(f32x4_add(f32x4_mul(self.0, a.0), b.0))
        }

        #[inline(always)]
        pub(crate) fn multiply(self, b: Self) -> Self {
            Self(f32x4_mul(self.0, b.0))
        }

        #[inline(always)]
        pub(crate) fn add(self, b: Self) -> Self {
            Self(f32x4_add(self.0, b.0))
        }

        #[inline(always)]
        pub(crate) fn subtract(self, b: Self) -> Self {
            Self(f32x4_sub(self.0, b.0))
        }

        /// Returns the elements of `self` at even positions and those of `b` at odd ones, first and second half.
        #[inline(always)]
        pub(crate) fn interleave(self, b: Self) -> [Self; 2] {
            [Self(i32x4_shuffle::<0, 4, 1, 5>(self.0, b.0)), Self(i32x4_shuffle::<2, 6, 3, 7>(self.0, b.0))]
        }

        /// Returns the elements at even positions of `self` and then of `b`, and those at odd ones.
        #[inline(always)]
        pub(crate) fn halves(self, b: Self) -> [Self; 2] {
            [Self(i32x4_shuffle::<0, 2, 4, 6>(self.0, b.0)), Self(i32x4_shuffle::<1, 3, 5, 7>(self.0, b.0))]
        }

        /// Returns the greater of each pair, and NaN if one of them is.
        #[inline(always)]
        pub(crate) fn maximum(self, b: Self) -> Self {
            Self(f32x4_max(self.0, b.0))
        }

        /// Returns each element where `a` is greater than `b`, and 0 elsewhere.
        #[inline(always)]
        pub(crate) fn where_greater(self, a: Self, b: Self) -> Self {
            Self(v128_and(self.0, f32x4_gt(a.0, b.0)))
        }

        /// Returns each element where `a` equals `b` with 0 elsewhere, and the other elements likewise.
        #[inline(always)]
        pub(crate) fn split_where_equal(self, a: Self, b: Self) -> [Self; 2] {
            let is_equal = f32x4_eq(a.0, b.0);
            [Self(v128_and(self.0, is_equal)), Self(v128_andnot(self.0, is_equal))]
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod four {
    use std::array::from_fn;

    /// Four numbers.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Lanes([f32; 4]);

    impl Lanes {
        /// Returns the same number four times.
        #[inline(always)]
        pub(crate) fn splat(x: f32) -> Self {
            Self([x; 4])
        }

        #[inline(always)]
        pub(crate) fn load(x: &[f32; 4]) -> Self {
            Self(*x)
        }

        #[inline(always)]
        pub(crate) fn numbers(self) -> [f32; 4] {
            self.0
        }

        /// Returns `self a + b`, rounded twice.
        #[inline(always)]
        pub(crate) fn multiply_add(self, a: Self, b: Self) -> Self {
            Self(from_fn(|i| self.0[i] * a.0[i] + b.0[i]))
        }

        #[inline(always)]
        pub(crate) fn multiply(self, b: Self) -> Self {
            Self(from_fn(|i| self.0[i] * b.0[i]))
        }

        #[inline(always)]
        pub(crate) fn add(self, b: Self) -> Self {
            Self(from_fn(|i| self.0[i] + b.0[i]))
        }

        #[inline(always)]
        pub(crate) fn subtract(self, b: Self) -> Self {
            Self(from_fn(|i| self.0[i] - b.0[i]))
        }

        /// Returns the elements of `self` at even positions and those of `b` at odd ones, first and second half.
        #[inline(always)]
        pub(crate) fn interleave(self, b: Self) -> [Self; 2] {
            let (Self(a), Self(b)) = (self, b);
            [Self([a[0], b[0], a[1], b[1]]), Self([a[2], b[2], a[3], b[3]])]
        }

        /// Returns the elements at even positions of `self` and then of `b`, and those at odd ones.
        #[inline(always)]
        pub(crate) fn halves(self, b: Self) -> [Self; 2] {
            let (Self(a), Self(b)) = (self, b);
            [Self([a[0], a[2], b[0], b[2]]), Self([a[1], a[3], b[1], b[3]])]
        }

        /// Returns the greater of each pair, and NaN if one of them is.
        #[inline(always)]
        pub(crate) fn maximum(self, b: Self) -> Self {
            let greater = |a: f32, b: f32| if a > b || a.is_nan() { a } else { b };
            Self(from_fn(|i| greater(self.0[i], b.0[i])))
        }

        /// Returns each element where `a` is greater than `b`, and 0 elsewhere.
        #[inline(always)]
        pub(crate) fn where_greater(self, a: Self, b: Self) -> Self {
            Self(from_fn(|i| if a.0[i] > b.0[i] { self.0[i] } else { 0.0 }))
        }

        /// Returns each element where `a` equals `b` with 0 elsewhere, and the other elements likewise.
        #[inline(always)]
        pub(crate) fn split_where_equal(self, a: Self, b: Self) -> [Self; 2] {
            let part = |i: usize, equal: bool| if (a.0[i] == b.0[i]) == equal { self.0[i] } else { 0.0 };
            [Self(from_fn(|i| part(i, true))), Self(from_fn(|i| part(i, false)))]
        }
    }
}
