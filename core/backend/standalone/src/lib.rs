//! Routines for programs that were compiled ahead of time, as C functions. The archive of this crate is no library of its
//! own: `jaxrs aot` links the functions that a program calls into its object and hides their names.
//!
//! Each takes the table that the program's code finds behind its first argument. Calls are numbered; what a call is
//! stands in the table as a list of numbers, which the emitter writes (`standalone.rs` of the LLVM back end):
//!
//! | call | numbers |
//! | --- | --- |
//! | matrix product | element type, batch, m, n, k; strides (batch, row, column) of left, right and result |
//! | sort | outer, len, inner, keys, operands; element type of each |
//! | top k | element type, outer, len, inner, k, ranking |

use std::sync::{Arc, OnceLock};

use jaxrs_data::DType;
use jaxrs_kernel::{BufferId, MatMul, Operand, Ranking, Sort, TopK};
use jaxrs_routines::{matmul, slow, sort, top_k};
use jaxrs_runtime::Pool;

/// The fields of the emitter's table, of which this crate reads the last.
#[repr(C)]
pub struct Table {
    functions: [*const u8; 11],
    calls: *const *const i64,
}

/// Programs that were compiled ahead of time run on the caller's thread.
fn pool() -> &'static Arc<Pool> {
    static POOL: OnceLock<Arc<Pool>> = OnceLock::new();
    POOL.get_or_init(|| Pool::new(1))
}

/// The numbers of a call.
///
/// # Safety
///
/// The table has such a call, of `n` numbers or more, and outlives them.
unsafe fn numbers<'t>(table: *const Table, call: i64, n: usize) -> &'t [i64] {
    // SAFETY: by the caller's promise.
    let calls = unsafe { (*table).calls };
    let call = calls.wrapping_offset(call as isize);
    // SAFETY: by the caller's promise.
    let numbers = unsafe { *call };
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts(numbers, n) }
}

fn dtype(number: i64) -> DType {
    DType::from_number(number as u32).unwrap_or(DType::F32)
}

const NO_BUFFER: BufferId = BufferId(0);

fn operand(strides: &[i64]) -> Operand {
    let [batch, row, col] = [0, 1, 2].map(|k| strides[k] as isize);
    Operand {
        buffer: NO_BUFFER,
        offset: 0,
        step: None,
        batch_stride: batch,
        row_stride: row,
        col_stride: col,
    }
}

/// # Safety
///
/// The call is a matrix product of this element type, and the pointers are to its operands.
unsafe fn product<T: matmul::Element>(
    table: *const Table,
    call: i64,
    out: *mut u8,
    lhs: *const u8,
    rhs: *const u8,
) {
    // SAFETY: by the caller's promise.
    let n = unsafe { numbers(table, call, 14) };
    let [batch, rows, cols, k] = [1, 2, 3, 4].map(|i| n[i] as usize);
    let (lhs_view, rhs_view, out_view) = (operand(&n[5..]), operand(&n[8..]), operand(&n[11..]));
    let product =
        MatMul { batch, m: rows, n: cols, k, lhs: lhs_view, rhs: rhs_view, out: out_view };
    // SAFETY: by the caller's promise.
    unsafe { matmul::run_of::<T>(pool(), &product, out, lhs, rhs) };
}

/// Each element type has a function of its own, so that a program brings along what it needs and not the others.
macro_rules! product {
    ($name:ident, $element:ty) => {
        /// A matrix product.
        ///
        /// # Safety
        ///
        /// The call is one of this element type, and the pointers are to its operands.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            table: *const Table,
            call: i64,
            out: *mut u8,
            lhs: *const u8,
            rhs: *const u8,
        ) {
            // SAFETY: by the caller's promise.
            unsafe { product::<$element>(table, call, out, lhs, rhs) };
        }
    };
}

product!(jaxrs_standalone_matmul_f32, f32);
product!(jaxrs_standalone_matmul_f64, f64);
product!(jaxrs_standalone_matmul_c64, matmul::c32);
product!(jaxrs_standalone_matmul_c128, matmul::c64);

/// A matrix product, in a program that has them of several element types.
///
/// # Safety
///
/// The call is one, and the pointers are to its operands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jaxrs_standalone_matmul(
    table: *const Table,
    call: i64,
    out: *mut u8,
    lhs: *const u8,
    rhs: *const u8,
) {
    // SAFETY: by the caller's promise.
    let element = unsafe { numbers(table, call, 1) }[0];
    let of = match dtype(element) {
        DType::F32 => jaxrs_standalone_matmul_f32,
        DType::C64 => jaxrs_standalone_matmul_c64,
        DType::C128 => jaxrs_standalone_matmul_c128,
        _ => jaxrs_standalone_matmul_f64,
    };
    // SAFETY: by the caller's promise.
    unsafe { of(table, call, out, lhs, rhs) };
}

/// A sort.
///
/// # Safety
///
/// The call is one, and the pointers are to its operands and results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jaxrs_standalone_sort(
    table: *const Table,
    call: i64,
    pointers: *const *mut u8,
) {
    // SAFETY: by the caller's promise.
    let n = unsafe { numbers(table, call, 5) };
    let [outer, len, inner, n_keys, n_operands] = [0, 1, 2, 3, 4].map(|i| n[i] as usize);
    // SAFETY: an element type follows for each operand.
    let dtypes = &unsafe { numbers(table, call, 5 + n_operands) }[5..];
    let dtypes: Vec<DType> = dtypes.iter().map(|&number| dtype(number)).collect();
    let buffers = vec![NO_BUFFER; n_operands];
    let all = Sort { outer, len, inner, n_keys, inputs: buffers.clone(), outputs: buffers };
    // SAFETY: there is a pointer for each operand and each result.
    let pointers = unsafe { std::slice::from_raw_parts(pointers, 2 * n_operands) };
    // SAFETY: by the caller's promise.
    unsafe { sort::run(pool(), &all, &dtypes, pointers) };
}

/// A selection of the first elements.
///
/// # Safety
///
/// The call is one, and the pointers are to its operand and results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jaxrs_standalone_top_k(
    table: *const Table,
    call: i64,
    pointers: *const *mut u8,
) {
    // SAFETY: by the caller's promise.
    let n = unsafe { numbers(table, call, 6) };
    let [outer, len, inner, k] = [1, 2, 3, 4].map(|i| n[i] as usize);
    let ranking = match n[5] {
        0 => Ranking::Total,
        1 => Ranking::Largest,
        _ => Ranking::Smallest,
    };
    let (input, values, positions) = (NO_BUFFER, NO_BUFFER, NO_BUFFER);
    let top = TopK { outer, len, inner, k, ranking, input, values, positions };
    // SAFETY: there are three pointers, by the caller's promise.
    let pointers = unsafe { &*pointers.cast::<[*mut u8; 3]>() };
    // SAFETY: by the caller's promise.
    unsafe { top_k::run(pool(), &top, dtype(n[0]), pointers) };
}

macro_rules! by_element {
    ($unary:ident, $binary:ident, $float:ty) => {
        /// A function of one operand, in place.
        ///
        /// # Safety
        ///
        /// There are `n` values.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $unary(number: i32, values: *mut $float, n: i64) {
            // SAFETY: by the caller's promise.
            let values = unsafe { std::slice::from_raw_parts_mut(values, n as usize) };
            slow::each(slow::UNARY[number as usize], values);
        }

        /// A function of two operands, in place of the left one.
        ///
        /// # Safety
        ///
        /// There are `n` values on both sides.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $binary(number: i32, a: *mut $float, b: *const $float, n: i64) {
            // SAFETY: by the caller's promise.
            let a = unsafe { std::slice::from_raw_parts_mut(a, n as usize) };
            // SAFETY: by the caller's promise.
            let b = unsafe { std::slice::from_raw_parts(b, n as usize) };
            slow::each_pair(slow::BINARY[number as usize], a, b);
        }
    };
}

by_element!(jaxrs_standalone_unary_f32, jaxrs_standalone_binary_f32, f32);
by_element!(jaxrs_standalone_unary_f64, jaxrs_standalone_binary_f64, f64);
