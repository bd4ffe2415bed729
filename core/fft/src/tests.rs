//! Transforms against their defining sums.

use num_complex::Complex;

use super::{Kind, Plan};

type C = Complex<f64>;

fn numbers(n: usize) -> Vec<C> {
    let part = |k: usize| ((k * 37 + 11) % 101) as f64 / 50.0 - 1.0;
    (0..n).map(|k| C::new(part(k), part(k + 7))).collect()
}

/// The sum along one axis of `[outer, n, inner]`.
fn along(x: &[C], n: usize, inner: usize, sign: f64) -> Vec<C> {
    (0..x.len())
        .map(|at| {
            let (outer, k, i) = (at / (n * inner), at / inner % n, at % inner);
            let term = |j: usize| {
                let angle = sign * std::f64::consts::TAU * (j * k % n) as f64 / n as f64;
                x[(outer * n + j) * inner + i] * C::from_polar(1.0, angle)
            };
            (0..n).map(term).sum()
        })
        .collect()
}

fn complex(x: &[C], lengths: &[usize], sign: f64) -> Vec<C> {
    let mut inner = 1;
    let mut y = x.to_vec();
    for &n in lengths.iter().rev() {
        y = along(&y, n, inner, sign);
        inner *= n;
    }
    y
}

fn run<B: bytemuck::Pod>(kind: Kind, lengths: &[usize], x: &[u8], len: usize) -> Vec<B> {
    let mut y = vec![B::zeroed(); len];
    let plan = Plan::<f64>::new(kind, lengths);
    // The second run finds the memory of the first.
    plan.run(x, bytemuck::cast_slice_mut(&mut y));
    plan.run(x, bytemuck::cast_slice_mut(&mut y));
    y
}

#[track_caller]
fn check(got: &[C], expected: &[C]) {
    assert_eq!(got.len(), expected.len());
    for (k, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).norm() < 1e-10, "{k}: {a} instead of {b}");
    }
}

const LENGTHS: [&[usize]; 9] =
    [&[1], &[2], &[3], &[8], &[15], &[4, 6], &[5, 3], &[3, 40, 2], &[2, 3, 5]];

#[test]
fn complex_transforms_are_the_sums_that_define_them() {
    for lengths in LENGTHS {
        let n: usize = lengths.iter().product();
        let x = numbers(2 * n);
        let y: Vec<C> = run(Kind::Fft, lengths, bytemuck::cast_slice(&x), 2 * n);
        check(&y, &complex(&x, lengths, -1.0));
        let back: Vec<C> = run(Kind::Ifft, lengths, bytemuck::cast_slice(&y), 2 * n);
        check(&back, &x);
    }
}

#[test]
fn real_transforms_give_half_the_spectrum_and_take_it_back() {
    for lengths in LENGTHS {
        let n: usize = lengths.iter().product();
        let last = lengths[lengths.len() - 1];
        let half = last / 2 + 1;
        let x: Vec<f64> = numbers(2 * n).iter().map(|v| v.re).collect();
        let whole: Vec<C> = x.iter().map(|&v| C::new(v, 0.0)).collect();
        let whole = complex(&whole, lengths, -1.0);
        let expected: Vec<C> =
            whole.chunks_exact(last).flat_map(|row| row[..half].to_vec()).collect();
        let y: Vec<C> = run(Kind::Rfft, lengths, bytemuck::cast_slice(&x), expected.len());
        check(&y, &expected);
        let back: Vec<f64> = run(Kind::Irfft, lengths, bytemuck::cast_slice(&y), 2 * n);
        let real = |x: &[f64]| x.iter().map(|&v| C::new(v, 0.0)).collect::<Vec<C>>();
        check(&real(&back), &real(&x));
    }
}

#[test]
fn arrays_that_lie_askew_and_empty_ones_are_taken() {
    let x = numbers(4);
    let mut askew = vec![0u8];
    askew.extend_from_slice(bytemuck::cast_slice(&x));
    let y: Vec<C> = run(Kind::Fft, &[4], &askew[1..], 4);
    check(&y, &complex(&x, &[4], -1.0));
    for kind in [Kind::Fft, Kind::Ifft, Kind::Irfft] {
        assert!(run::<C>(kind, &[0], &[], 0).is_empty());
    }
}
