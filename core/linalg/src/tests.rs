//! Every factorisation gives back what was factorised.

use super::*;

/// Numbers without a pattern, between −1 and 1.
fn random<T: Field>(rows: usize, cols: usize) -> Matrix<T> {
    let mut state = (rows * 131 + cols) as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        T::Real::of((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    };
    Matrix::from_fn(rows, cols, |_, _| T::new(next(), next()))
}

fn multiply<T: Field>(a: &Matrix<T>, b: &Matrix<T>) -> Matrix<T> {
    let sum = |i, j| (0..a.cols()).fold(T::zero(), |sum, k| sum + a[(i, k)] * b[(k, j)]);
    Matrix::from_fn(a.rows(), b.cols(), sum)
}

/// Within rounding errors, which grow with the size.
#[track_caller]
fn assert_close<T: Field>(a: &Matrix<T>, b: &Matrix<T>) {
    assert_eq!((a.rows(), a.cols()), (b.rows(), b.cols()));
    let size = T::Real::of(64.0 + 8.0 * (a.rows() + a.cols()) as f64);
    let mut worst = T::Real::ZERO;
    for (x, y) in a.as_slice().iter().zip(b.as_slice()) {
        assert!(!x.has_nan() && !y.has_nan(), "NaN in {a:?} or {b:?}");
        worst = worst.larger((*x - *y).abs());
    }
    assert!(worst <= size * T::Real::EPSILON, "{worst:?} apart");
}

fn hermitian<T: Field>(n: usize) -> Matrix<T> {
    let a = random::<T>(n, n);
    Matrix::from_fn(n, n, |i, j| a[(i, j)] + a[(j, i)].conj())
}

fn assert_unitary<T: Field>(q: &Matrix<T>) {
    assert_close(&multiply(&q.adjoint(), q), &Matrix::identity(q.cols(), q.cols()));
}

fn diagonal<T: Field>(rows: usize, cols: usize, d: &[T::Real]) -> Matrix<T> {
    Matrix::from_fn(rows, cols, |i, j| if i == j { T::real(d[i]) } else { T::zero() })
}

const SIZES: [usize; 12] = [0, 1, 2, 3, 5, 16, 31, 32, 33, 65, 67, 129];

macro_rules! for_all {
    ($($name:ident => $function:ident,)*) => {$(
        #[test]
        fn $name() {
            for n in SIZES {
                $function::<f32>(n);
                $function::<f64>(n);
                $function::<Complex<f32>>(n);
                $function::<Complex<f64>>(n);
            }
        }
    )*};
}

for_all! {
    cholesky_factors_multiply_to_the_matrix => check_cholesky,
    lu_factors_multiply_to_the_permuted_matrix => check_lu,
    triangular_systems_are_solved_in_every_way => check_triangular,
    qr_factors_multiply_to_the_matrix => check_qr,
    pivoted_qr_has_a_descending_diagonal => check_geqp3,
    eigenvectors_of_hermitian_matrices_diagonalise => check_eigh,
    singular_vectors_diagonalise => check_svd,
    schur_forms_are_similar_to_the_matrix => check_schur,
    eigenvectors_are_only_stretched => check_eig,
    hessenberg_forms_are_similar_to_the_matrix => check_hessenberg,
    tridiagonal_forms_are_similar_to_the_matrix => check_tridiagonal,
    tridiagonal_systems_are_solved => check_tridiagonal_solve,
}

fn check_cholesky<T: Field>(n: usize) {
    let b = random::<T>(n, n);
    let product = multiply(&b, &b.adjoint());
    let one = |i, j| if i == j { T::one() } else { T::zero() };
    let a = Matrix::from_fn(n, n, |i, j| {
        let x = product[(i, j)];
        T::new(x.re() / T::Real::of(n as f64), x.im() / T::Real::of(n as f64)) + one(i, j)
    });
    let mut l = a.clone();
    T::cholesky(ALONE, &mut l).unwrap();
    for i in 0..n {
        assert_eq!(l.row(i)[i + 1..], a.row(i)[i + 1..]);
        l.row_mut(i)[i + 1..].fill(T::zero());
    }
    assert_close(&multiply(&l, &l.adjoint()), &a);
    if n > 0 {
        let mut bad = a.clone();
        bad[(n - 1, n - 1)] = -T::one();
        assert_eq!(T::cholesky(ALONE, &mut bad), Err(Failed));
        let mut bad = a.clone();
        bad[(0, 0)] = T::nan();
        assert_eq!(T::cholesky(ALONE, &mut bad), Ok(()));
        assert!((0..n).all(|i| bad.row(i)[..=i].iter().all(|x| x.has_nan())));
    }
}

fn check_lu<T: Field>(n: usize) {
    for (m, n) in [(n, n), (n, n / 2), (n / 2, n)] {
        let a = random::<T>(m, n);
        let mut factors = a.clone();
        let pivots = T::lu(ALONE, &mut factors);
        let permutation = permutation_of(&pivots, m);
        let k = m.min(n);
        let l = Matrix::from_fn(m, k, |i, j| match i.cmp(&j) {
            std::cmp::Ordering::Less => T::zero(),
            std::cmp::Ordering::Equal => T::one(),
            std::cmp::Ordering::Greater => factors[(i, j)],
        });
        let u = Matrix::from_fn(k, n, |i, j| if i <= j { factors[(i, j)] } else { T::zero() });
        let permuted = Matrix::from_fn(m, n, |i, j| a[(permutation[i] as usize, j)]);
        assert_close(&multiply(&l, &u), &permuted);
        assert!(l.as_slice().iter().all(|x| x.abs() <= T::Real::of(1.5)));
    }
}

fn check_triangular<T: Field>(n: usize) {
    let mut a = random::<T>(n, n);
    for i in 0..n {
        a.row_mut(i).iter_mut().for_each(|x| *x = x.scale(T::Real::of(1.0 / n as f64)));
        a[(i, i)] += T::one();
    }
    for bits in 0..32 {
        let flag = |k: u32| bits >> k & 1 == 1;
        let [left_side, lower, transpose_a, conjugate_a, unit_diagonal] = [0, 1, 2, 3, 4].map(flag);
        let how = Triangular { left_side, lower, transpose_a, conjugate_a, unit_diagonal };
        let triangle = Matrix::from_fn(n, n, |i, j| match i.cmp(&j) {
            std::cmp::Ordering::Equal if unit_diagonal => T::one(),
            std::cmp::Ordering::Less if lower => T::zero(),
            std::cmp::Ordering::Greater if !lower => T::zero(),
            _ => a[(i, j)],
        });
        let mut op = triangle.clone();
        if transpose_a {
            op = op.transpose();
        }
        if conjugate_a {
            op = op.adjoint().transpose();
        }
        for other in [1, 3, 40] {
            let b = if left_side { random::<T>(n, other) } else { random::<T>(other, n) };
            let mut x = b.clone();
            T::triangular_solve(ALONE, &a, &mut x, how);
            let back = if left_side { multiply(&op, &x) } else { multiply(&x, &op) };
            assert_close(&back, &b);
        }
    }
}

fn check_qr<T: Field>(n: usize) {
    for (m, n) in [(n, n), (n, n / 2), (n / 2, n)] {
        let a = random::<T>(m, n);
        let mut packed = a.clone();
        let taus = T::geqrf(ALONE, &mut packed);
        let k = m.min(n);
        let r = |rows: usize| {
            Matrix::from_fn(rows, n, |i, j| if i <= j { packed[(i, j)] } else { T::zero() })
        };
        let q = T::householder_product(ALONE, &packed.block(0..m, 0..k), &taus);
        assert_unitary(&q);
        assert_close(&multiply(&q, &r(k)), &a);
        assert!((0..k).all(|i| packed[(i, i)].im() == T::Real::ZERO || i + 1 == m));
        let identity = Matrix::identity(m, m);
        let whole = T::ormqr(ALONE, &packed, &taus, &identity, true, false);
        assert_unitary(&whole);
        assert_close(&multiply(&whole, &r(m)), &a);
        assert_close(&T::ormqr(ALONE, &packed, &taus, &identity, true, true), &whole.adjoint());
        assert_close(&T::ormqr(ALONE, &packed, &taus, &identity, false, false), &whole);
    }
}

fn check_geqp3<T: Field>(n: usize) {
    for (m, n) in [(n, n), (n, n / 2), (n / 2, n)] {
        let a = random::<T>(m, n);
        let (mut packed, mut order) = (a.clone(), vec![0; n]);
        let taus = T::geqp3(&mut packed, &mut order);
        let r = Matrix::from_fn(m, n, |i, j| if i <= j { packed[(i, j)] } else { T::zero() });
        let qr = T::ormqr(ALONE, &packed, &taus, &r, true, false);
        let permuted = Matrix::from_fn(m, n, |i, j| a[(i, order[j] as usize - 1)]);
        assert_close(&qr, &permuted);
        let sizes: Vec<T::Real> = (0..m.min(n)).map(|i| r[(i, i)].abs()).collect();
        assert!(sizes.windows(2).all(|w| w[1] <= w[0] * T::Real::of(1.001)));
    }
}

fn check_eigh<T: Field>(n: usize) {
    let a = hermitian::<T>(n);
    for lower in [true, false] {
        let (w, v) = T::eigh(ALONE, &a, lower).unwrap();
        assert_unitary(&v);
        assert!(w.windows(2).all(|w| w[0] <= w[1]));
        assert_close(&multiply(&a, &v), &multiply(&v, &diagonal(n, n, &w)));
        let alone = T::eigvalsh(ALONE, &a, lower).unwrap();
        assert_close(&diagonal::<T>(n, n, &alone), &diagonal(n, n, &w));
    }
    assert_eq!(T::eigvalsh(ALONE, &Matrix::from_fn(2, 2, |_, _| T::nan()), true), Err(Failed));
}

fn check_svd<T: Field>(n: usize) {
    for (m, n) in [(n, n), (n, n / 3), (n / 2, n), (n, n.saturating_sub(1))] {
        let a = random::<T>(m, n);
        for full in [false, true] {
            let Svd { s, u, vh } = T::svd(ALONE, &a, full).unwrap();
            assert_unitary(&u);
            assert_unitary(&vh.adjoint());
            assert!(s.windows(2).all(|s| s[0] >= s[1]));
            let middle = diagonal(u.cols(), vh.rows(), &s);
            assert_close(&multiply(&multiply(&u, &middle), &vh), &a);
            let alone = T::svdvals(ALONE, &a).unwrap();
            let k = s.len();
            assert_close(&diagonal::<T>(k, k, &alone), &diagonal(k, k, &s));
        }
    }
}

fn check_schur<T: Field>(n: usize) {
    let mut a = random::<T>(n, n);
    if n > 3 {
        // An eigenvalue that stands alone.
        a.row_mut(2).fill(T::zero());
        a[(2, 2)] = T::one();
    }
    let Schur { form, vectors } = T::schur(&a).unwrap();
    assert_unitary(&vectors);
    assert_close(&multiply(&a, &vectors), &multiply(&vectors, &form));
    for i in 1..n {
        let low = if T::IS_COMPLEX { i } else { i - 1 };
        assert!(form.row(i)[..low].iter().all(|&x| x == T::zero()));
    }
}

fn check_eig<T: Field>(n: usize) {
    let a = random::<T>(n, n);
    let wide = Matrix::from_fn(n, n, |i, j| T::Complex::new(a[(i, j)].re(), a[(i, j)].im()));
    let Eig { values, left, right } = T::eig(&a, true, true).unwrap();
    let (u, v) = (left.unwrap(), right.unwrap());
    let w = Matrix::from_fn(n, n, |i, j| if i == j { values[i] } else { T::Complex::zero() });
    assert_close(&multiply(&wide, &v), &multiply(&v, &w));
    assert_close(&multiply(&u.adjoint(), &wide), &multiply(&w, &u.adjoint()));
}

fn check_hessenberg<T: Field>(n: usize) {
    let a = random::<T>(n, n);
    let mut packed = a.clone();
    let taus = T::hessenberg(&mut packed);
    let q = hessenberg::unitary(&packed, &taus);
    assert_unitary(&q);
    let h = Matrix::from_fn(n, n, |i, j| if i <= j + 1 { packed[(i, j)] } else { T::zero() });
    assert_close(&multiply(&a, &q), &multiply(&q, &h));
}

fn check_tridiagonal<T: Field>(n: usize) {
    let a = hermitian::<T>(n);
    for lower in [true, false] {
        let t = T::tridiagonal(ALONE, &mut a.clone(), lower);
        let middle = Matrix::from_fn(n, n, |i, j| match i.abs_diff(j) {
            0 => T::real(t.diagonal[i]),
            1 => T::real(t.off_diagonal[i.min(j)]),
            _ => T::zero(),
        });
        let values = |a: &Matrix<T>| diagonal::<T>(n, n, &T::eigvalsh(ALONE, a, true).unwrap());
        assert_close(&values(&a), &values(&middle));
    }
}

fn check_tridiagonal_solve<T: Field>(n: usize) {
    let (random, b) = (random::<T>(3, n), random::<T>(n, 4));
    let row = |i: usize| random.row(i).to_vec();
    let (dl, d, du) = (row(0), row(1).iter().map(|&d| d + T::one()).collect::<Vec<T>>(), row(2));
    let a = Matrix::from_fn(n, n, |i, j| match (i + 1).wrapping_sub(j) {
        0 => du[i],
        1 => d[i],
        2 => dl[i],
        _ => T::zero(),
    });
    let mut x = b.clone();
    assert!(T::tridiagonal_solve(&dl, &d, &du, &mut x));
    let size = x.as_slice().iter().fold(T::Real::ONE, |size, x| size.larger(x.abs()));
    let scaled = |m: &Matrix<T>| Matrix::from_fn(n, 4, |i, j| m[(i, j)].scale(T::Real::ONE / size));
    assert_close(&scaled(&multiply(&a, &x)), &scaled(&b));
}

/// Of a singular matrix, what is found is a vector that it takes to nothing.
#[test]
fn singular_tridiagonal_systems_give_null_vectors() {
    // 2 − 2 cos(πk / (n + 1)) are the eigenvalues of the second difference.
    for (n, k) in [(1, 1), (2, 1), (3, 2), (9, 4), (30, 30)] {
        let shift = 2.0 * (std::f64::consts::PI * k as f64 / (n + 1) as f64).cos();
        let side = vec![-1.0; n];
        let mut x = Matrix::from_fn(n, 1, |i, _| 1.0 + 0.1 * i as f64);
        f64::tridiagonal_solve_perturbed(&side, &vec![shift; n], &side, &mut x);
        let size = x.as_slice().iter().fold(0.0_f64, |size, x| size.max(x.abs()));
        assert!(size.is_finite() && size > 1e10, "{n}: {size}");
        let at = |i: usize| x.as_slice().get(i).map_or(0.0, |x| x / size);
        let residual = |i: usize| shift * at(i) - at(i.wrapping_sub(1)) - at(i + 1);
        (0..n).for_each(|i| assert!(residual(i).abs() < 1e-9, "{n}: {}", residual(i)));
    }
    let mut x = Matrix::from_fn(2, 1, |i, _| 1.0 + i as f64);
    f64::tridiagonal_solve_perturbed(&[0.0, 0.0], &[0.0, 0.0], &[0.0, 0.0], &mut x);
    assert!(x.as_slice().iter().all(|x| x.is_finite()));
}

/// Threads that take tasks in their own order.
fn shared(n: usize, task: &(dyn Fn(usize) + Sync)) {
    std::thread::scope(|scope| {
        for first in 0..3.min(n) {
            scope.spawn(move || (first..n).step_by(3).rev().for_each(task));
        }
    });
}

/// Sizes at which blocks end, where products are large enough for threads.
#[test]
fn threads_change_no_bit() {
    fn check<T: Field>(n: usize) {
        let threads = Threads::new(&shared);
        let general = random::<T>(n, n);
        let positive = Matrix::from_fn(n, n, |i, j| {
            let one = if i == j { n as f64 } else { 0.0 };
            (general[(i, j)] + general[(j, i)].conj()) + T::real(T::Real::of(one))
        });
        let with = |threads: Threads<'_>| {
            let (mut l, mut factors, mut r) = (positive.clone(), general.clone(), general.clone());
            T::cholesky(threads, &mut l).unwrap();
            let pivots = T::lu(threads, &mut factors);
            let taus = T::geqrf(threads, &mut r);
            let q = T::householder_product(threads, &r, &taus);
            let (w, v) = T::eigh(threads, &positive, true).unwrap();
            let Svd { s, u, vh } = T::svd(threads, &general, false).unwrap();
            (l, factors, pivots, q, (w, v), (s, u, vh))
        };
        assert!(with(threads) == with(ALONE));
    }
    for n in [129, 200, 257] {
        check::<f32>(n);
        check::<f64>(n);
    }
    check::<Complex<f32>>(129);
    check::<Complex<f64>>(129);
}

/// Zeros, one direction, and magnitudes that fall from row to row, at sizes that take several blocks.
#[test]
fn matrices_without_full_rank_are_factorised() {
    fn check<T: Field>(n: usize) {
        let general = random::<T>(n, n);
        let size = |i: usize| T::Real::of(0.8f64.powi(i as i32));
        let of_rank_1 = |i: usize, j: usize| general[(i, 0)] * general[(j, 0)].conj();
        for a in [
            Matrix::zeros(n, n),
            Matrix::from_fn(n, n, of_rank_1),
            Matrix::from_fn(n, n, |i, j| {
                (general[(i, j)] + general[(j, i)].conj()).scale(size(i)).scale(size(j))
            }),
        ] {
            let (w, v) = T::eigh(ALONE, &a, true).unwrap();
            assert_unitary(&v);
            assert_close(&multiply(&a, &v), &multiply(&v, &diagonal(n, n, &w)));
            let Svd { s, u, vh } = T::svd(ALONE, &a, false).unwrap();
            assert_unitary(&u);
            assert_unitary(&vh.adjoint());
            assert_close(&multiply(&multiply(&u, &diagonal(n, n, &s)), &vh), &a);
            let mut packed = a.clone();
            let taus = T::geqrf(ALONE, &mut packed);
            let r = Matrix::from_fn(n, n, |i, j| if i <= j { packed[(i, j)] } else { T::zero() });
            let q = T::householder_product(ALONE, &packed, &taus);
            assert_unitary(&q);
            assert_close(&multiply(&q, &r), &a);
        }
        let mut bad = general.clone();
        bad[(n - 1, 0)] = T::nan();
        assert!(T::eigh(ALONE, &bad, true).is_err() && T::svd(ALONE, &bad, false).is_err());
        T::lu(ALONE, &mut bad);
        assert!((0..n).any(|i| bad.row(i).iter().all(|x| x.has_nan())));
    }
    check::<f32>(97);
    check::<f64>(97);
    check::<Complex<f32>>(97);
    check::<Complex<f64>>(97);
}
