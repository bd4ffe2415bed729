//! Operations on rows and columns.

use pulp::Arch;

use crate::{Field, Real};

/// Shorter ones are not worth a choice of instructions.
const SHORT: usize = 16;

/// `y += a x`.
pub(crate) fn axpy<T: Field>(y: &mut [T], a: T, x: &[T]) {
    #[inline(always)]
    fn run<T: Field>(y: &mut [T], a: T, x: &[T]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y += a * x;
        }
    }
    if x.len() < SHORT {
        return run(y, a, x);
    }
    Arch::new().dispatch(
        #[inline(always)]
        || run(y, a, x),
    );
}

/// `y += a x̄`.
pub(crate) fn axpy_conj<T: Field>(y: &mut [T], a: T, x: &[T]) {
    if !T::IS_COMPLEX {
        return axpy(y, a, x);
    }
    y.iter_mut().zip(x).for_each(|(y, &x)| *y += a * x.conj());
}

/// `Σ f(x) y`.
#[inline(always)]
fn sum_of_products<T: Field>(x: &[T], y: &[T], f: impl Fn(T) -> T) -> T {
    // Several sums, which do not wait for each other.
    const LANES: usize = 16;
    let mut sums = [T::zero(); LANES];
    let (x_chunks, y_chunks) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest = x_chunks.remainder().iter().zip(y_chunks.remainder());
    let tail = rest.fold(T::zero(), |sum, (&x, &y)| sum + f(x) * y);
    for (x, y) in x_chunks.zip(y_chunks) {
        for lane in 0..LANES {
            sums[lane] += f(x[lane]) * y[lane];
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + tail
}

/// `Σ x y` of slices of one length.
pub(crate) fn dot<T: Field>(x: &[T], y: &[T]) -> T {
    if x.len() < SHORT {
        return x.iter().zip(y).fold(T::zero(), |sum, (&x, &y)| sum + x * y);
    }
    Arch::new().dispatch(
        #[inline(always)]
        || sum_of_products(x, y, |x| x),
    )
}

/// `Σ x̄ y` of slices of one length.
pub(crate) fn dot_conj<T: Field>(x: &[T], y: &[T]) -> T {
    if x.len() < SHORT {
        return x.iter().zip(y).fold(T::zero(), |sum, (&x, &y)| sum + x.conj() * y);
    }
    Arch::new().dispatch(
        #[inline(always)]
        || sum_of_products(x, y, T::conj),
    )
}

/// `(x, y) = (c x + s y, c y - s x)`.
pub(crate) fn rotate<T: Field>(x: &mut [T], y: &mut [T], c: T::Real, s: T::Real) {
    #[inline(always)]
    fn run<T: Field>(x: &mut [T], y: &mut [T], c: T::Real, s: T::Real) {
        for (x, y) in x.iter_mut().zip(y) {
            (*x, *y) = (x.scale(c) + y.scale(s), y.scale(c) - x.scale(s));
        }
    }
    if x.len() < SHORT {
        return run(x, y, c, s);
    }
    Arch::new().dispatch(
        #[inline(always)]
        || run(x, y, c, s),
    );
}

/// `x *= a`.
pub(crate) fn scale<T: Field>(x: &mut [T], a: T) {
    x.iter_mut().for_each(|x| *x *= a);
}

/// The Euclidean norm, without overflow.
pub(crate) fn norm<T: Field>(x: &[T]) -> T::Real {
    // Sums of squares within these bounds have lost nothing.
    let low = T::Real::SAFE_MIN / (T::Real::EPSILON * T::Real::EPSILON);
    let sum = dot_conj(x, x).re();
    if sum > low && sum < T::Real::EPSILON / T::Real::SAFE_MIN {
        return sum.sqrt();
    }
    let largest = x.iter().fold(T::Real::ZERO, |largest, x| {
        let size = x.size();
        if size > largest || size.is_nan() { size } else { largest }
    });
    if largest == T::Real::ZERO || !largest.is_finite() {
        return largest;
    }
    let square = |x: &T| T::new(x.re() / largest, x.im() / largest).norm_sqr();
    largest * x.iter().fold(T::Real::ZERO, |sum, x| sum + square(x)).sqrt()
}
