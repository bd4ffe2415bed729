//! Reflectors `H = I − τ v vᴴ` with `v₀ = 1`, as LAPACK stores them.

use std::ops::Range;

use crate::{ALONE, Field, Matrix, Real, Threads, matvec, product, vector};

/// Reflectors that are applied together.
pub(crate) const BLOCK: usize = 32;

/// The reflector with `Hᴴ [alpha; x] = [beta; 0]`, `beta` real: `x` becomes what follows the 1 in `v`. Gives
/// `beta` and τ (LAPACK's `larfg`).
pub(crate) fn reflector<T: Field>(alpha: T, x: &mut [T]) -> (T, T) {
    let zero = T::Real::ZERO;
    let mut alpha = alpha;
    let mut norm = vector::norm(x);
    if norm == zero && alpha.im() == zero {
        return (alpha, T::zero());
    }
    let length = |alpha: T, norm: T::Real| {
        let size = alpha.re().hypot(alpha.im()).hypot(norm);
        T::Real::ZERO - size.copysign(alpha.re())
    };
    let mut beta = length(alpha, norm);
    let (small, mut scalings) = (T::Real::SAFE_MIN / T::Real::EPSILON, 0);
    while beta.magnitude() < small && scalings < 20 {
        scalings += 1;
        vector::scale(x, T::real(T::Real::ONE / small));
        alpha = alpha.scale(T::Real::ONE / small);
        norm = vector::norm(x);
        beta = length(alpha, norm);
    }
    let tau = T::new((beta - alpha.re()) / beta, zero - alpha.im() / beta);
    vector::scale(x, T::one() / (alpha - T::real(beta)));
    (0..scalings).for_each(|_| beta *= small);
    (T::real(beta), tau)
}

/// `A ← (I − τ v vᴴ) A` in some rows and columns.
pub(crate) fn apply_left<T: Field>(
    a: &mut Matrix<T>,
    (rows, cols): (Range<usize>, Range<usize>),
    v: &[T],
    tau: T,
) {
    if tau == T::zero() || cols.is_empty() {
        return;
    }
    let mut products = vec![T::zero(); cols.len()];
    matvec::adjoint_times(a, (rows.clone(), cols.clone()), v, &mut products);
    products.iter_mut().for_each(|x| *x = x.conj());
    for (i, &v) in rows.zip(v) {
        vector::axpy(&mut a.row_mut(i)[cols.clone()], -(tau * v), &products);
    }
}

/// `A ← A (I − τ v vᴴ)` in some rows and columns.
pub(crate) fn apply_right<T: Field>(
    a: &mut Matrix<T>,
    (rows, cols): (Range<usize>, Range<usize>),
    v: &[T],
    tau: T,
) {
    if tau == T::zero() {
        return;
    }
    let conjugate: Vec<T> = v.iter().map(|v| v.conj()).collect();
    let mut products = vec![T::zero(); rows.len()];
    matvec::times(a, (rows.clone(), cols.clone()), v, &mut products);
    for (i, product) in rows.zip(products) {
        vector::axpy(&mut a.row_mut(i)[cols.clone()], -(tau * product), &conjugate);
    }
}

/// Several reflectors in the columns of a matrix: `H₁ H₂ … = I − V T Vᴴ`.
pub(crate) struct Block<T> {
    /// With the zeros and ones.
    v: Matrix<T>,
    /// Upper triangular.
    t: Matrix<T>,
}

impl<T: Field> Block<T> {
    /// The reflectors whose vectors lie below `(first + i, column + i)`; where `v` begins with its 1 is that
    /// element.
    pub(crate) fn new(a: &Matrix<T>, first: usize, column: usize, taus: &[T]) -> Block<T> {
        let (m, k) = (a.rows() - first, taus.len());
        let element = |i: usize, j: usize| match i.cmp(&j) {
            std::cmp::Ordering::Less => T::zero(),
            std::cmp::Ordering::Equal => T::one(),
            std::cmp::Ordering::Greater => a[(first + i, column + j)],
        };
        let v = Matrix::from_fn(m, k, element);
        let mut t = Matrix::zeros(k, k);
        // Schreiber & Van Loan 1989: column i is −τᵢ T Vᴴ vᵢ.
        let adjoint = v.adjoint();
        for i in 0..k {
            let own: Vec<T> = adjoint.row(i).iter().map(|x| x.conj()).collect();
            let products: Vec<T> =
                (0..i).map(|j| vector::dot(&adjoint.row(j)[i..], &own[i..])).collect();
            for row in 0..i {
                let sum = (row..i).fold(T::zero(), |sum, j| sum + t[(row, j)] * products[j]);
                t[(row, i)] = -(taus[i] * sum);
            }
            t[(i, i)] = taus[i];
        }
        Block { v, t }
    }

    /// `C ← (I − V T Vᴴ) C`, or with `Tᴴ` for the inverse, in the rows from `first` and some columns.
    pub(crate) fn apply_left(
        &self,
        threads: Threads<'_>,
        c: &mut Matrix<T>,
        first: usize,
        cols: Range<usize>,
        inverse: bool,
    ) {
        let (m, k) = (self.v.rows(), self.v.cols());
        if cols.is_empty() || k == 0 {
            return;
        }
        let right = product::right(c.part(first..first + m, cols.clone()));
        let products: Matrix<T> =
            product::product(threads, &product::left(self.v.view().adjoint()), &right);
        let t = if inverse { self.t.view().adjoint() } else { self.t.view() };
        let right = product::right(products.view());
        let products: Matrix<T> = product::product(threads, &product::left(t), &right);
        let (left, right) = (product::left(self.v.view()), product::right(products.view()));
        product::subtract(threads, c, (first, cols.start), &left, &right);
    }

    /// Ready to be applied to one matrix after another.
    pub(crate) fn packed(&self) -> Packed<T::Real> {
        Packed {
            v: product::left(self.v.view()),
            adjoint: product::left(self.v.view().adjoint()),
            t: product::left(self.t.view()),
            t_adjoint: product::left(self.t.view().adjoint()),
            rows: self.v.rows(),
        }
    }
}

/// Reflectors of a block in the order in which products read them.
pub(crate) struct Packed<R> {
    v: product::Left<R>,
    adjoint: product::Left<R>,
    t: product::Left<R>,
    t_adjoint: product::Left<R>,
    rows: usize,
}

impl<R: Real> Packed<R> {
    /// `C ← (I − V T Vᴴ) C`, or with `Tᴴ` for the inverse, in the rows from `first`.
    pub(crate) fn apply<T: Field<Real = R>>(&self, c: &mut Matrix<T>, first: usize, inverse: bool) {
        let cols = 0..c.cols();
        let right = product::right(c.part(first..first + self.rows, cols));
        let products: Matrix<T> = product::product(ALONE, &self.adjoint, &right);
        let t = if inverse { &self.t_adjoint } else { &self.t };
        let products: Matrix<T> = product::product(ALONE, t, &product::right(products.view()));
        product::subtract(ALONE, c, (first, 0), &self.v, &product::right(products.view()));
    }
}
