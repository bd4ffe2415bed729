//! The numbers that matrices are made of.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use bytemuck::Pod;
use num_complex::Complex;
use pulp::Simd;

use crate::Routines;

/// A real or complex number of single or double precision.
pub trait Field:
    Routines
    + Pod
    + Debug
    + PartialEq
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// What its parts are.
    type Real: Real;
    /// The complex numbers with such parts.
    type Complex: Field<Real = Self::Real>;
    /// Whether it has an imaginary part.
    const IS_COMPLEX: bool;

    /// The number with these parts; of a real number the second one is dropped.
    fn new(re: Self::Real, im: Self::Real) -> Self;
    /// The real part.
    fn re(self) -> Self::Real;
    /// The imaginary part.
    fn im(self) -> Self::Real;

    /// A real number.
    fn real(re: Self::Real) -> Self {
        Self::new(re, Self::Real::ZERO)
    }
    /// 0.
    fn zero() -> Self {
        Self::zeroed()
    }
    /// 1.
    fn one() -> Self {
        Self::real(Self::Real::ONE)
    }
    /// NaN, in both parts.
    fn nan() -> Self {
        Self::new(Self::Real::NAN, Self::Real::NAN)
    }
    /// The conjugate.
    fn conj(self) -> Self {
        Self::new(self.re(), -self.im())
    }
    /// The magnitude, without overflow.
    fn abs(self) -> Self::Real {
        if Self::IS_COMPLEX { self.re().hypot(self.im()) } else { self.re().magnitude() }
    }
    /// |re| + |im|: what LAPACK compares pivots by.
    fn size(self) -> Self::Real {
        self.re().magnitude() + self.im().magnitude()
    }
    /// |x|².
    fn norm_sqr(self) -> Self::Real {
        self.re() * self.re() + self.im() * self.im()
    }
    /// The product with a real number.
    fn scale(self, by: Self::Real) -> Self {
        Self::new(self.re() * by, self.im() * by)
    }
    /// Whether a part is NaN.
    fn has_nan(self) -> bool {
        self.re().is_nan() || self.im().is_nan()
    }
    /// Whether both parts are finite.
    fn is_finite(self) -> bool {
        let zero = (self.re() - self.re()) + (self.im() - self.im());
        zero == Self::Real::ZERO
    }
}

/// A real number of single or double precision.
pub trait Real: Field<Real = Self> + PartialOrd {
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// NaN.
    const NAN: Self;
    /// The largest relative error of a rounding; LAPACK's `eps`.
    const EPSILON: Self;
    /// The smallest normal number; LAPACK's `safmin`.
    const SAFE_MIN: Self;
    /// Several of them, as instructions take them.
    type Vector<S: Simd>: Copy;

    /// The nearest one.
    fn of(value: f64) -> Self;
    /// Itself, in double precision.
    fn to_f64(self) -> f64;
    /// √x.
    fn sqrt(self) -> Self;
    /// √(x² + y²), without overflow.
    fn hypot(self, other: Self) -> Self;
    /// The magnitude with the sign of another.
    fn copysign(self, sign: Self) -> Self;
    /// |x|.
    fn magnitude(self) -> Self;
    /// Whether it is NaN.
    fn is_nan(self) -> bool;

    /// The larger one; the other where one is NaN.
    fn larger(self, other: Self) -> Self {
        if self > other || other.is_nan() { self } else { other }
    }
    /// The smaller one; the other where one is NaN.
    fn smaller(self, other: Self) -> Self {
        if self < other || other.is_nan() { self } else { other }
    }

    /// One number in all lanes.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// `a * b + c`.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The sum of the lanes.
    fn sum<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self;
    /// Elements that are fewer than lanes, and zeros.
    fn load_some<S: Simd>(simd: S, slice: &[Self]) -> Self::Vector<S>;
    /// The first lanes.
    fn store_some<S: Simd>(simd: S, slice: &mut [Self], vector: Self::Vector<S>);
    /// Whole vectors of a slice.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>];
    /// Whole vectors of a slice.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>];
}

macro_rules! real {
    (
        $ty:ident, $vector:ident, $splat:ident, $mul_add:ident, $sum:ident, $load:ident, $store:ident,
        $vectors:ident, $vectors_mut:ident
    ) => {
        impl Field for $ty {
            type Real = $ty;
            type Complex = Complex<$ty>;
            const IS_COMPLEX: bool = false;
            #[inline(always)]
            fn new(re: $ty, _im: $ty) -> $ty {
                re
            }
            #[inline(always)]
            fn re(self) -> $ty {
                self
            }
            #[inline(always)]
            fn im(self) -> $ty {
                0.0
            }
            #[inline(always)]
            fn conj(self) -> $ty {
                self
            }
        }

        impl Field for Complex<$ty> {
            type Real = $ty;
            type Complex = Complex<$ty>;
            const IS_COMPLEX: bool = true;
            #[inline(always)]
            fn new(re: $ty, im: $ty) -> Complex<$ty> {
                Complex { re, im }
            }
            #[inline(always)]
            fn re(self) -> $ty {
                self.re
            }
            #[inline(always)]
            fn im(self) -> $ty {
                self.im
            }
        }

        impl Real for $ty {
            const ZERO: $ty = 0.0;
            const ONE: $ty = 1.0;
            const NAN: $ty = $ty::NAN;
            const EPSILON: $ty = $ty::EPSILON / 2.0;
            const SAFE_MIN: $ty = $ty::MIN_POSITIVE;
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn of(value: f64) -> $ty {
                value as $ty
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn sqrt(self) -> $ty {
                self.sqrt()
            }
            #[inline(always)]
            fn hypot(self, other: $ty) -> $ty {
                self.hypot(other)
            }
            #[inline(always)]
            fn copysign(self, sign: $ty) -> $ty {
                self.copysign(sign)
            }
            #[inline(always)]
            fn magnitude(self) -> $ty {
                self.abs()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self != self
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: $ty) -> S::$vector {
                simd.$splat(value)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(
                simd: S,
                a: S::$vector,
                b: S::$vector,
                c: S::$vector,
            ) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, vector: S::$vector) -> $ty {
                simd.$sum(vector)
            }
            #[inline(always)]
            fn load_some<S: Simd>(simd: S, slice: &[$ty]) -> S::$vector {
                simd.$load(slice)
            }
            #[inline(always)]
            fn store_some<S: Simd>(simd: S, slice: &mut [$ty], vector: S::$vector) {
                simd.$store(slice, vector);
            }
            #[inline(always)]
            fn vectors<S: Simd>(slice: &[$ty]) -> &[S::$vector] {
                S::$vectors(slice).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [$ty]) -> &mut [S::$vector] {
                S::$vectors_mut(slice).0
            }
        }
    };
}

real!(
    f32,
    f32s,
    splat_f32s,
    mul_add_e_f32s,
    reduce_sum_f32s,
    partial_load_f32s,
    partial_store_f32s,
    as_simd_f32s,
    as_mut_simd_f32s
);
real!(
    f64,
    f64s,
    splat_f64s,
    mul_add_e_f64s,
    reduce_sum_f64s,
    partial_load_f64s,
    partial_store_f64s,
    as_simd_f64s,
    as_mut_simd_f64s
);
