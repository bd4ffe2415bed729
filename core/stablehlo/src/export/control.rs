//! Calls, branches and loops.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{Composite, Cond, DynamicSlice, DynamicUpdateSlice, Scan, While};
use jaxrs_ir::{Jaxpr, Prim, Value, ops};
use jaxrs_kernel::Compare as Cmp;

use super::Outputs;
use super::emitter::{Emitter, word};
use crate::tree::Attr;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    Some(match prim {
        Prim::RngUniform(_) => uniform(e, x, &out[0]).map(|y| vec![y]),
        Prim::Call(call) => e.call(&call.name, &call.jaxpr, x, out),
        Prim::Composite(p) => composite(e, p, x, out),
        Prim::CustomJvp(_) | Prim::CustomVjp(_) | Prim::CustomVmap(_) => {
            e.call(prim.name(), prim.inlined()?, x, out)
        }
        Prim::Cond(p) => cond(e, p, x, out),
        Prim::While(p) => while_loop(e, p, x),
        Prim::Scan(p) => scan(e, p, x, out),
        _ => e.eval(prim.inlined()?, x),
    })
}

/// Numbers of the generator of whoever runs the program.
fn uniform(e: &Emitter<'_>, x: &[Value], out: &Type) -> Result<Value> {
    let sizes: Vec<Scalar> = out.shape.iter().map(|&size| Scalar::Int(size as i64)).collect();
    let shape = Literal::from_scalars(Type::new(DType::I64, [sizes.len()]), &sizes);
    let operands = [x, &[Value::literal(shape)]].concat();
    e.op1("rng", &operands, out, vec![("rng_distribution", word("UNIFORM"))])
}

fn composite(e: &Emitter<'_>, p: &Composite, x: &[Value], out: &[Type]) -> Result<Outputs> {
    let decomposition = e.callee(&p.name, &p.jaxpr)?;
    // A composite's name has a dialect before a dot.
    let name = if p.name.contains('.') { p.name.to_string() } else { format!("jaxrs.{}", p.name) };
    let mut said = Vec::new();
    if !p.attributes.is_empty() {
        said.push(("attributes".to_owned(), Attr::Text(p.attributes.to_string())));
    }
    named(e, &name, p.version.into(), said, decomposition, x, out)
}

/// A call of a function under a name that others may have a routine for.
pub(super) fn named(
    e: &Emitter<'_>,
    name: &str,
    version: i128,
    attributes: Vec<(String, Attr)>,
    decomposition: String,
    x: &[Value],
    out: &[Type],
) -> Result<Outputs> {
    let attributes = vec![
        ("name", Attr::Text(name.to_owned())),
        ("composite_attributes", Attr::Dict(attributes)),
        ("decomposition", Attr::Symbol(decomposition)),
        ("version", Attr::Int(version)),
    ];
    e.op("stablehlo.composite", x, out, attributes, vec![])
}

fn scalar(dtype: DType, value: i64) -> Value {
    Value::literal(Literal::scalar(dtype, Scalar::Int(value)))
}

/// For any number that is none, both take the last branch.
fn cond(e: &Emitter<'_>, p: &Cond, x: &[Value], out: &[Type]) -> Result<Outputs> {
    let index = ops::convert(e, &x[0], DType::I32)?;
    let region = |branch: &Arc<Jaxpr>| e.region(&[], |e, _| e.eval(branch, &x[1..]));
    let regions = p.branches.iter().map(region).collect::<Result<_>>()?;
    e.op("stablehlo.case", &[index], out, vec![], regions)
}

fn types(x: &[Value]) -> Vec<Type> {
    x.iter().map(|x| x.ty().clone()).collect()
}

/// Constants are seen from inside.
fn while_loop(e: &Emitter<'_>, p: &While, x: &[Value]) -> Result<Outputs> {
    let (cond_consts, rest) = x.split_at(p.cond_nconsts);
    let (body_consts, carry) = rest.split_at(p.body_nconsts);
    repeat(
        e,
        carry,
        |e, carry| Ok(e.eval(&p.cond_jaxpr, &[cond_consts, carry].concat())?.swap_remove(0)),
        |e, carry| e.eval(&p.body_jaxpr, &[body_consts, carry].concat()),
    )
}

/// A loop that steps while something holds.
pub(super) fn repeat(
    e: &Emitter<'_>,
    carry: &[Value],
    holds: impl FnOnce(&Emitter<'_>, &[Value]) -> Result<Value>,
    step: impl FnOnce(&Emitter<'_>, &[Value]) -> Result<Vec<Value>>,
) -> Result<Outputs> {
    let types = types(carry);
    let condition = e.region(&types, |e, carry| Ok(vec![holds(e, carry)?]))?;
    let body = e.region(&types, step)?;
    e.op("stablehlo.while", carry, &types, vec![], vec![condition, body])
}

/// A loop that steps so many times, given the number of the step.
pub(super) fn count(
    e: &Emitter<'_>,
    n: usize,
    carry: &[Value],
    step: impl FnOnce(&Emitter<'_>, &Value, &[Value]) -> Result<Vec<Value>>,
) -> Result<Outputs> {
    let start = [&[scalar(DType::I64, 0)], carry].concat();
    let n = scalar(DType::I64, n as i64);
    let mut out = repeat(
        e,
        &start,
        |e, carry| ops::compare(e, Cmp::Lt, &carry[0], &n),
        |e, carry| {
            let next = ops::add(e, &carry[0], &scalar(DType::I64, 1))?;
            Ok([vec![next], step(e, &carry[0], &carry[1..])?].concat())
        },
    )?;
    out.remove(0);
    Ok(out)
}

/// A counting loop that reads slices and writes them.
fn scan(e: &Emitter<'_>, p: &Scan, x: &[Value], out: &[Type]) -> Result<Outputs> {
    let (consts, rest) = x.split_at(p.num_consts);
    let (init, xs) = rest.split_at(p.num_carry);
    let empty = |ty: &Type| {
        ops::bind1(e, jaxrs_ir::prims::Empty { dtype: ty.dtype, shape: ty.shape.clone() }, &[])
    };
    let ys = out[p.num_carry..].iter().map(empty).collect::<Result<Vec<_>>>()?;
    let carry = [init, &ys[..]].concat();
    if p.length == 0 {
        return Ok(carry);
    }
    count(e, p.length, &carry, |e, k, carry| {
        let (carry, ys) = carry.split_at(p.num_carry);
        let last = scalar(DType::I64, p.length as i64 - 1);
        let k = if p.reverse { ops::sub(e, &last, k)? } else { k.clone() };
        let rows = xs.iter().map(|x| row(e, x, &k)).collect::<Result<Vec<_>>>()?;
        let mut next = e.eval(&p.jaxpr, &[consts, carry, &rows[..]].concat())?;
        let written = next.split_off(p.num_carry);
        for (y, row) in ys.iter().zip(written) {
            next.push(write_row(e, y, &row, &k)?);
        }
        Ok(next)
    })
}

/// The start of a row.
fn start(k: &Value, rank: usize) -> Vec<Value> {
    (0..rank).map(|axis| if axis == 0 { k.clone() } else { scalar(DType::I64, 0) }).collect()
}

fn row(e: &Emitter<'_>, x: &Value, k: &Value) -> Result<Value> {
    let mut sizes = x.shape().to_vec();
    sizes[0] = 1;
    let operands = [std::slice::from_ref(x), &start(k, sizes.len())].concat();
    let row = ops::bind1(e, DynamicSlice { slice_sizes: sizes.as_slice().into() }, &operands)?;
    ops::reshape(e, &row, &sizes[1..].into())
}

fn write_row(e: &Emitter<'_>, y: &Value, row: &Value, k: &Value) -> Result<Value> {
    let row = ops::expand_dim(e, row, 0)?;
    let operands = [&[y.clone(), row], &start(k, y.ty().rank())[..]].concat();
    ops::bind1(e, DynamicUpdateSlice, &operands)
}
