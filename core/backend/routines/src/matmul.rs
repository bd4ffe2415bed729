//! Matrix products.

use gemm::Parallelism;
pub use gemm::{c32, c64};
use jaxrs_data::DType;
use jaxrs_kernel::{MatMul, Operand};
use jaxrs_runtime::Pool;

/// Pointers that tasks on other threads use; they write to different panels.
#[derive(Clone, Copy)]
struct Operands<T> {
    out: *mut T,
    lhs: *const T,
    rhs: *const T,
}

// SAFETY: tasks read the operands and write to panels of their own.
unsafe impl<T> Sync for Operands<T> {}

/// Multiplications that a task should have for threads to pay: some 20 µs.
const TASK_PRODUCTS: usize = 1 << 20;

/// An element type of products.
pub trait Element: Copy + Sync + 'static {
    /// Nothing.
    const ZERO: Self;
    /// One.
    const ONE: Self;
}

impl Element for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
}

impl Element for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
}

impl Element for c32 {
    const ZERO: c32 = c32::new(0.0, 0.0);
    const ONE: c32 = c32::new(1.0, 0.0);
}

impl Element for c64 {
    const ZERO: c64 = c64::new(0.0, 0.0);
    const ONE: c64 = c64::new(1.0, 0.0);
}

/// Runs a call.
///
/// # Safety
///
/// The pointers are to element (0, 0, 0) of each operand, in buffers that hold all its elements.
pub unsafe fn run(
    pool: &Pool,
    m: &MatMul,
    dtype: DType,
    out: *mut u8,
    lhs: *const u8,
    rhs: *const u8,
) {
    let of = match dtype {
        DType::F32 => run_of::<f32>,
        DType::C64 => run_of::<c32>,
        DType::C128 => run_of::<c64>,
        _ => run_of::<f64>,
    };
    // SAFETY: by the caller's promise.
    unsafe { of(pool, m, out, lhs, rhs) };
}

/// Runs a call of an element type.
///
/// # Safety
///
/// As for [`run`], with elements of this type.
pub unsafe fn run_of<T: Element>(
    pool: &Pool,
    m: &MatMul,
    out: *mut u8,
    lhs: *const u8,
    rhs: *const u8,
) {
    let operands = Operands::<T> { out: out.cast(), lhs: lhs.cast(), rhs: rhs.cast() };
    // SAFETY: by the caller's promise.
    unsafe { products(pool, m, operands, T::ZERO, T::ONE) };
}

/// # Safety
///
/// As for [`run`].
unsafe fn products<T: Copy + Sync + 'static>(
    pool: &Pool,
    m: &MatMul,
    at: Operands<T>,
    zero: T,
    one: T,
) {
    if m.batch == 0 || m.m == 0 || m.n == 0 {
        return;
    }
    let one_product = m.m * m.n * m.k.max(1);
    if m.batch > 1 {
        let grain = (TASK_PRODUCTS / one_product).max(1);
        pool.parallel_for(m.batch, grain, &|begin, end| {
            for b in begin..end {
                // SAFETY: by the caller's promise; batches write to different elements.
                unsafe { panel(m, &at, b, (0, m.m), (0, m.n), zero, one) };
            }
        });
        return;
    }
    // Panels are cut along the larger side. Of each element the kernels add up the same terms in the same order,
    // wherever panels are cut, but for small results, up to 64 by 64 or of 256 elements: no panel is as small.
    const STEP: usize = 16;
    let along_rows = m.m >= m.n;
    let (extent, other) = if along_rows { (m.m, m.n) } else { (m.n, m.m) };
    let least: usize = if other < 3 { 304 } else { 112 };
    let step_products = STEP * one_product / extent;
    let grain = (TASK_PRODUCTS / step_products.max(1)).max(least / STEP);
    pool.parallel_for_even(extent.div_ceil(STEP), grain, &|begin, end| {
        let (begin, mut end) = (begin * STEP, end * STEP);
        // What is too small at the end belongs to the panel before it.
        if begin > 0 && begin + least > extent {
            return;
        }
        if end + least > extent {
            end = extent;
        }
        let (rows, cols) =
            if along_rows { ((begin, end), (0, m.n)) } else { ((0, m.m), (begin, end)) };
        // SAFETY: by the caller's promise; panels are different elements.
        unsafe { panel(m, &at, 0, rows, cols, zero, one) };
    });
}

fn offset(operand: &Operand, batch: usize, row: usize, col: usize) -> isize {
    batch as isize * operand.batch_stride
        + row as isize * operand.row_stride
        + col as isize * operand.col_stride
}

/// # Safety
///
/// As for [`run`]; the ranges lie within the product.
unsafe fn panel<T: Copy + 'static>(
    m: &MatMul,
    at: &Operands<T>,
    batch: usize,
    rows: (usize, usize),
    cols: (usize, usize),
    zero: T,
    one: T,
) {
    let out = at.out.wrapping_offset(offset(&m.out, batch, rows.0, cols.0));
    let lhs = at.lhs.wrapping_offset(offset(&m.lhs, batch, rows.0, 0));
    let rhs = at.rhs.wrapping_offset(offset(&m.rhs, batch, 0, cols.0));
    let (n_rows, n_cols) = (rows.1 - rows.0, cols.1 - cols.0);
    // SAFETY: by the caller's promise.
    unsafe {
        gemm::gemm(
            n_rows,
            n_cols,
            m.k,
            out,
            m.out.col_stride,
            m.out.row_stride,
            false,
            lhs,
            m.lhs.col_stride,
            m.lhs.row_stride,
            rhs,
            m.rhs.col_stride,
            m.rhs.row_stride,
            zero,
            one,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
