//! Transposes of collectives: what reverse mode gives inside of a named axis, against the function itself.

use jaxrs_data::{DType, Result};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    Function, Scope, all_gather, all_to_all, axis_index, pmean, ppermute, psum, psum_scatter, pvary,
};

use crate::named_axes::named;
use crate::setting::{array, call, context, grad, jit, mul, numbers, sum, unary, vmap};

/// Numbers that differ, the same each time.
fn scattered(shape: &[usize], seed: usize) -> Value {
    let n: usize = shape.iter().product();
    let values: Vec<f32> =
        (0..n).map(|k| ((k * 37 + seed * 101) % 23) as f32 * 0.25 - 2.5).collect();
    array(shape, &values)
}

/// What an example adds up from its results: other weights for each, and other ones for each example.
fn weighted(f: &Function) -> Function {
    let f = f.clone();
    unary("weighted", move |s, x| {
        let y = call(&f, s, std::slice::from_ref(x))?;
        let weights = ops::iota(s, DType::F32, &[y.ty().numel()].into(), 0)?;
        let weights = ops::offset(s, &ops::scale(s, &weights, 0.125)?, -1.0)?;
        let y = mul(s, &y, &ops::reshape(s, &weights, y.shape())?)?;
        let example = ops::convert(s, &axis_index(s, &["i"])?, DType::F32)?;
        mul(s, &sum(s, &y)?, &ops::offset(s, &ops::integer_pow(s, &example, 2)?, 1.0)?)
    })
}

/// Checks that gradients, taken by each example of axis `i`, are those of the sum of what all examples add
/// up: it is linear, so that their product with any argument is the sum there. With a further axis that has
/// no name, too.
#[track_caller]
fn check(f: impl Fn(&Scope, &Value) -> Result<Value> + Send + Sync + 'static) {
    let weighted = weighted(&unary("f", f));
    let slope = grad(&weighted);
    let ways = [
        (named(&slope, "i"), named(&weighted, "i"), [3, 6, 2].as_slice()),
        (named(&grad(&jit(&weighted)), "i"), named(&weighted, "i"), &[3, 6, 2]),
        (named(&vmap(&slope), "i"), named(&vmap(&weighted), "i"), &[3, 2, 6, 2]),
        (jit(&named(&jit(&vmap(&slope)), "i")), named(&vmap(&weighted), "i"), &[3, 2, 6, 2]),
    ];
    let root = context().root();
    for (k, (slope, value, shape)) in ways.iter().enumerate() {
        let total = |f: &Function, x: &Value| {
            numbers(&call(f, &root, std::slice::from_ref(x)).expect("it runs"))
        };
        let slope = total(slope, &scattered(shape, 0));
        for seed in 1..4 {
            let x = scattered(shape, seed);
            let expected: f64 = total(value, &x).iter().sum();
            let got: f64 = slope.iter().zip(numbers(&x)).map(|(a, b)| a * b).sum();
            let close = (got - expected).abs() < 1e-4 * (1.0 + expected.abs());
            assert!(close, "way {k}: got {got}, expected {expected}");
        }
    }
}

#[test]
fn of_reductions_and_identities() {
    check(|s, x| psum(s, x, &["i"]));
    check(|s, x| pmean(s, x, &["i"]));
    check(|s, x| pvary(s, &psum(s, x, &["i"])?, &["i"]));
}

#[test]
fn of_permutations() {
    check(|s, x| ppermute(s, x, "i", &[(0, 2), (1, 0), (2, 1)]));
    check(|s, x| ppermute(s, x, "i", &[(0, 1), (1, 0), (2, 2)]));
}

#[test]
fn of_gathering_and_scattering() {
    for axis in 0..2 {
        check(move |s, x| all_gather(s, x, &["i"], axis, true));
        check(move |s, x| all_gather(s, x, &["i"], axis + 1, false));
    }
    check(|s, x| psum_scatter(s, x, "i", 0, true));
    check(|s, x| psum_scatter(s, &ops::slice_in_dim(s, x, 0, 2, 5)?, "i", 0, false));
}

#[test]
fn of_sending_from_all_to_all() {
    for concat in 0..2 {
        check(move |s, x| all_to_all(s, x, "i", 0, concat, true));
        check(move |s, x| all_to_all(s, &ops::slice_in_dim(s, x, 0, 2, 5)?, "i", 0, concat, false));
    }
}
