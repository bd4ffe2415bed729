//! Spectra that are clustered, graded, or known beforehand.

use super::secular::Secular;
use super::*;

fn noise(n: usize) -> Vec<f64> {
    let mut state = n as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// Diagonals, and what lies beside them.
fn matrices(n: usize) -> Vec<(&'static str, Vec<f64>, Vec<f64>)> {
    let random = (noise(n), noise(n + 1)[1..n].to_vec());
    let middle = (n / 2) as f64;
    let wilkinson = |i: usize| (i as f64 - middle).abs();
    let scaled = |x: &[f64], by: f64| x.iter().map(|x| x * by).collect::<Vec<f64>>();
    let glued: Vec<f64> = (1..n).map(|i| if i % 21 == 0 { 1e-8 } else { 1.0 }).collect();
    vec![
        ("random", random.0.clone(), random.1.clone()),
        ("small", scaled(&random.0, 1e-12), scaled(&random.1, 1e-12)),
        ("second differences", vec![2.0; n], vec![-1.0; n - 1]),
        ("Wilkinson's", (0..n).map(wilkinson).collect(), vec![1.0; n - 1]),
        ("glued", (0..n).map(|i| (i % 21) as f64 - 10.0).map(f64::abs).collect(), glued),
        ("zero", vec![0.0; n], vec![0.0; n - 1]),
        ("one", vec![1.0; n], vec![0.0; n - 1]),
        ("nearly one", vec![1.0; n], vec![1e-9; n - 1]),
        ("without a diagonal", vec![0.0; n], vec![1.0; n - 1]),
        (
            "graded",
            (0..n).map(|i| 0.7f64.powi(i as i32)).collect(),
            (1..n).map(|i| 0.6f64.powi(i as i32)).collect(),
        ),
        (
            "in two parts",
            (0..n).map(|i| if i < n / 2 { 1.0 } else { 1e-20 }).collect(),
            (1..n).map(|i| if i < n / 2 { 0.5 } else { 1e-21 }).collect(),
        ),
    ]
}

fn check<R: Real>(name: &str, d: &[f64], e: &[f64]) {
    let n = d.len();
    let (d, e): (Vec<R>, Vec<R>) =
        (d.iter().map(|&d| R::of(d)).collect(), e.iter().map(|&e| R::of(e)).collect());
    let Spectrum { values, vectors, order } = spectrum(ALONE, d.clone(), e.clone()).unwrap();
    assert!(values.windows(2).all(|v| v[0] <= v[1]), "{name}: {values:?}");
    let (d, e): (Vec<f64>, Vec<f64>) =
        (d.iter().map(|d| d.to_f64()).collect(), e.iter().map(|e| e.to_f64()).collect());
    let size = d.iter().chain(&e).fold(0.0, |size: f64, x| size.max(x.abs()));
    let bound = (8.0 + n as f64) * R::EPSILON.to_f64();
    let row = |j: usize| -> Vec<f64> { vectors.row(order[j]).iter().map(|x| x.to_f64()).collect() };
    for (j, value) in values.iter().enumerate() {
        let (own, value) = (row(j), value.to_f64());
        for i in 0..n {
            let before = if i > 0 { e[i - 1] * own[i - 1] } else { 0.0 };
            let after = if i + 1 < n { e[i] * own[i + 1] } else { 0.0 };
            let residual = before + (d[i] - value) * own[i] + after;
            assert!(residual.abs() <= bound * size, "{name} {n}: {residual} at {i} of {j}");
        }
        for other in 0..=j {
            let product: f64 = row(other).iter().zip(&own).map(|(x, y)| x * y).sum();
            let wanted = if other == j { 1.0 } else { 0.0 };
            assert!((product - wanted).abs() <= bound, "{name} {n}: {product} of {other} and {j}");
        }
    }
}

#[test]
fn vectors_are_orthogonal_and_diagonalise() {
    for n in [1, 2, 25, 26, 51, 130] {
        for (name, d, e) in matrices(n) {
            check::<f32>(name, &d, &e);
            check::<f64>(name, &d, &e);
        }
    }
}

#[test]
fn eigenvalues_of_second_differences_are_squares_of_sines() {
    let n = 200;
    let values = spectrum(ALONE, vec![2.0; n], vec![-1.0; n - 1]).unwrap().values;
    for (j, value) in values.iter().enumerate() {
        let angle = (j + 1) as f64 * std::f64::consts::PI / (2 * (n + 1)) as f64;
        assert!((value - 4.0 * angle.sin().powi(2)).abs() < 4e-15, "{value} {j}");
    }
}

/// What is not a number ends, too.
#[test]
fn what_is_not_a_number_comes_to_an_end() {
    let mut d = noise(60);
    d[31] = f64::NAN;
    let _ = spectrum(ALONE, d, noise(59));
}

/// Poles that are close, weights that are tiny: of each root the sign of `f` changes at its neighbours.
#[test]
fn roots_lie_where_signs_change() {
    let poles = [-1.0, -1.0 + 1e-12, 0.0, 1e-14, 0.5, 0.5 + 1e-3, 7.0];
    for squares in [[0.1; 7], [1e-20, 0.3, 1e-25, 0.1, 0.2, 1e-14, 1e-18], [1e-30; 7]] {
        for rho in [1e-10, 1.0, 1e6] {
            let equation = Secular { poles: &poles, squares: &squares, rho, precision: 1e-15 };
            for j in 0..poles.len() {
                let root = equation.root(j);
                let above = poles[j] - root.pole;
                assert!(root.distance > above, "{root:?} {j}");
                assert!(j + 1 == poles.len() || root.distance < poles[j + 1] - root.pole);
                let f = |distance: f64| {
                    let term = |(d, s): (&f64, &f64)| s / ((d - root.pole) - distance);
                    1.0 / rho + poles.iter().zip(&squares).map(term).sum::<f64>()
                };
                let step = 1e-12 * root.distance.abs();
                assert!(f(root.distance - step) < 0.0 && f(root.distance + step) > 0.0, "{j}");
            }
        }
    }
}
