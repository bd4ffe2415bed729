//! Times of factorisations at the sizes that benchmarks use, for work on them:
//! `cargo run --release -p jaxrs-linalg --example time [part of a name] [number of threads]`.
#![allow(clippy::print_stdout, reason = "the times are what it is for")]

use std::hint::black_box;
use std::time::Instant;

use jaxrs_linalg::{Complex, Field, Matrix, Real, Routines, Threads, Triangular};
use jaxrs_runtime::{Allocator, Pool};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let n_threads = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(1);
    let time = |name: &str, flops: f64, run: &mut dyn FnMut()| {
        if name.contains(&filter) {
            report(name, flops, run);
        }
    };
    let pool = Pool::new(n_threads);
    let run = |n: usize, task: &(dyn Fn(usize) + Sync)| pool.for_each(n, task);
    let threads = Threads::new(&run);
    of_type::<f32>("f32", threads, &time);
    of_type::<f64>("f64", threads, &time);
    of_type::<Complex<f32>>("c64", threads, &time);
    of_type::<Complex<f64>>("c128", threads, &time);
    small_matrices(threads, &time);
}

/// The shortest of several runs, and how long this thread ran on average.
fn report(name: &str, flops: f64, run: &mut dyn FnMut()) {
    let start = Instant::now();
    let (own, mut best, mut runs) = (own_time(), f64::INFINITY, 0);
    while runs < 5 || start.elapsed().as_secs_f64() < 0.7 {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    let mean = own.and_then(|own| Some((own_time()? - own) / f64::from(runs)));
    let (best_ms, mean_ms) = (best * 1e3, mean.unwrap_or(f64::NAN) * 1e3);
    println!(
        "{name:24} {best_ms:9.3} ms {:8.1} GFLOP/s  mean {mean_ms:9.3} ms",
        flops / best / 1e9
    );
}

/// How long this thread has run, where Linux says it: in ticks, so that only long times are exact.
fn own_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? * 1e-9)
}

type Timer<'a> = dyn Fn(&str, f64, &mut dyn FnMut()) + 'a;

fn of_type<T: Field>(dtype: &str, threads: Threads<'_>, time: &Timer<'_>) {
    let cube = |n: usize| (n * n * n) as f64 * if T::IS_COMPLEX { 4.0 } else { 1.0 };
    let positive = Matrix::<T>::from_fn(1024, 1024, |i, j| {
        let one = if i == j { 1.0 } else { 0.0 };
        T::real(T::Real::of(1.0 / (1.0 + i.abs_diff(j) as f64) + one))
    });
    time(&format!("cholesky_{dtype}_1024"), cube(1024) / 3.0, &mut || {
        let mut a = positive.clone();
        let _ = black_box(T::cholesky(threads, &mut a));
    });
    let general = random::<T>(1024, 1024);
    time(&format!("lu_{dtype}_1024"), cube(1024) * 2.0 / 3.0, &mut || {
        black_box(T::lu(threads, &mut general.clone()));
    });
    let how = Triangular {
        left_side: true,
        lower: true,
        transpose_a: false,
        conjugate_a: false,
        unit_diagonal: false,
    };
    let vector = random::<T>(1024, 1);
    time(&format!("trsv_{dtype}_1024"), 1024.0 * 1024.0, &mut || {
        T::triangular_solve(threads, &positive, &mut vector.clone(), how);
    });
    time(&format!("trsm_{dtype}_1024"), cube(1024), &mut || {
        T::triangular_solve(threads, &positive, &mut general.clone(), how);
    });
    let general = random::<T>(512, 512);
    time(&format!("qr_{dtype}_512"), cube(512) * 8.0 / 3.0, &mut || {
        let mut a = general.clone();
        let taus = T::geqrf(threads, &mut a);
        black_box(T::householder_product(threads, &a, &taus));
    });
    let hermitian = Matrix::from_fn(512, 512, |i, j| general[(i, j)] + general[(j, i)].conj());
    time(&format!("eigh_{dtype}_512"), cube(512) * 9.0, &mut || {
        let _ = black_box(T::eigh(threads, &hermitian, true));
    });
    let general = random::<T>(256, 256);
    time(&format!("svd_{dtype}_256"), cube(256) * 22.0, &mut || {
        let _ = black_box(T::svd(threads, &general, false));
    });
    let general = random::<T>(128, 128);
    time(&format!("eig_{dtype}_128"), cube(128) * 25.0, &mut || {
        let _ = black_box(T::eig(&general, false, true));
    });
}

fn small_matrices(threads: Threads<'_>, time: &Timer<'_>) {
    for n in [4, 16, 32] {
        let a = Matrix::<f32>::from_fn(n, n, |i, j| {
            1.0 / (1.0 + i.abs_diff(j) as f32) + if i == j { 1.5 } else { 0.0 }
        });
        let cube = (n * n * n) as f64 * 1000.0;
        time(&format!("cholesky_f32_{n}_x1000"), cube / 3.0, &mut || {
            for _ in 0..1000 {
                let _ = black_box(f32::cholesky(threads, &mut black_box(&a).clone()));
            }
        });
        time(&format!("lu_f32_{n}_x1000"), cube * 2.0 / 3.0, &mut || {
            (0..1000).for_each(|_| drop(black_box(f32::lu(threads, &mut black_box(&a).clone()))));
        });
        time(&format!("eigh_f32_{n}_x1000"), cube * 9.0, &mut || {
            for _ in 0..1000 {
                let _ = black_box(f32::eigh(threads, black_box(&a), true));
            }
        });
        time(&format!("svd_f32_{n}_x1000"), cube * 22.0, &mut || {
            for _ in 0..1000 {
                let _ = black_box(f32::svd(threads, black_box(&a), false));
            }
        });
    }
}

/// Numbers without a pattern, between −½ and ½.
fn random<T: Field>(rows: usize, cols: usize) -> Matrix<T> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        T::Real::of((state >> 11) as f64 / (1u64 << 53) as f64 - 0.5)
    };
    Matrix::from_fn(rows, cols, |_, _| T::new(next(), next()))
}
