//! Random functions: bits are equal, floats are close.

use jaxrs_api::random::{self, Draws};
use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, Result, Scalar};
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions, Scope};

use crate::primitives::{compare, literals};
use crate::rows::Row;

/// The row's results are ours too.
pub(crate) fn agrees(row: &Row) -> Result<(), String> {
    let context = Context::new(ContextOptions::default());
    let inputs: Vec<Value> = row.inputs.iter().map(|x| Value::literal(x.clone())).collect();
    let class = match row.op.as_str() {
        "random_normal" => Class::Elementary,
        _ => Class::Exact,
    };
    let results = call(&context.root(), row, &inputs).map(|y| vec![y]);
    compare("values", literals(results)?.iter(), &row.outputs, class)
}

fn number(dtype: DType, value: i64) -> Value {
    Value::literal(Literal::scalar(dtype, Scalar::Int(value).cast(dtype)))
}

fn call(cx: &Scope, row: &Row, inputs: &[Value]) -> Result<Value> {
    let key = inputs.first();
    match (row.op.as_str(), key) {
        ("random_split", Some(key)) => random::split(cx, key, row.int("num")),
        ("random_fold_in", Some(key)) => {
            random::fold_in(cx, key, &number(DType::U32, row.int("data")))
        }
        ("random_bits", Some(key)) => random::bits(cx, key, &row.shape(), row.dtype()),
        ("random_uniform", Some(key)) => random::uniform(
            cx,
            key,
            &row.shape(),
            row.dtype(),
            row.float("minval"),
            row.float("maxval"),
        ),
        ("random_normal", Some(key)) => random::normal(cx, key, &row.shape(), row.dtype()),
        ("random_randint", Some(key)) => {
            let (low, high) = (row.int("minval"), row.int("maxval"));
            let dtype = row.dtype();
            random::randint(cx, key, &row.shape(), &number(dtype, low), &number(dtype, high), dtype)
        }
        ("random_permutation", Some(key)) => random::permutation(cx, key, row.int("n")),
        ("random_bernoulli", Some(key)) => {
            let p = Literal::scalar(DType::F32, Scalar::Float(row.float("p")));
            random::bernoulli(cx, key, &Value::literal(p), Some(&row.shape()), "low")
        }
        ("random_categorical", Some(key)) => {
            let shape = row.shape();
            let draws = Draws { axis: -1, shape: Some(&shape), replace: true, mode: "low" };
            random::categorical(cx, key, &inputs[1], &draws)
        }
        (op, _) => panic!("no random function is called {op}"),
    }
}
