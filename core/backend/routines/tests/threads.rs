//! Products do not depend on how many threads share them.

use jaxrs_data::DType;
use jaxrs_kernel::{BufferId, MatMul, Operand};
use jaxrs_routines::matmul;
use jaxrs_runtime::Pool;

fn operand(row_stride: usize) -> Operand {
    Operand {
        buffer: BufferId(0),
        offset: 0,
        step: None,
        batch_stride: 0,
        row_stride: row_stride as isize,
        col_stride: 1,
    }
}

fn product(threads: usize, (m, k, n): (usize, usize, usize), x: &[f32], y: &[f32]) -> Vec<u32> {
    let pool = Pool::new(threads);
    let mut out = vec![0f32; m * n];
    let call = MatMul { batch: 1, m, n, k, lhs: operand(k), rhs: operand(n), out: operand(n) };
    let (to, x, y) = (out.as_mut_ptr().cast(), x.as_ptr().cast(), y.as_ptr().cast());
    // SAFETY: the buffers hold all elements of the operands.
    unsafe { matmul::run(&pool, &call, DType::F32, to, x, y) };
    out.into_iter().map(f32::to_bits).collect()
}

#[test]
fn products_do_not_depend_on_the_number_of_threads() {
    for (m, k, n) in [
        (300, 700, 300),
        (500, 2000, 100),
        (1024, 1024, 64),
        (64, 3000, 600),
        (2000, 900, 1),
        (1, 900, 4000),
        (97, 1500, 97),
        (385, 600, 40),
        (1009, 37, 503),
        (769, 2, 801),
        (130, 9000, 40),
        (310, 30000, 1),
        (2, 20000, 620),
    ] {
        let number = |i: usize| ((i * 7919 % 1009) as f32 - 504.0) / 317.0;
        let x: Vec<f32> = (0..m * k).map(number).collect();
        let y: Vec<f32> = (0..k * n).map(|i| number(i + 5)).collect();
        let alone = product(1, (m, k, n), &x, &y);
        for threads in [2, 3, 5, 8, 13] {
            let shared = product(threads, (m, k, n), &x, &y);
            let n_other = alone.iter().zip(&shared).filter(|(a, b)| a != b).count();
            assert_eq!(n_other, 0, "{threads} threads, {m}x{k} by {k}x{n}");
        }
    }
}
