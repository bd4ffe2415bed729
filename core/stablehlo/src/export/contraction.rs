//! Sums of products.

use jaxrs_data::{DType, Result, Type};
use jaxrs_ir::prims::{ConvGeneralDilated, DotGeneral};
use jaxrs_ir::{Prim, Value, ops};

use super::Outputs;
use super::emitter::{Emitter, Named, int, ints, word};
use super::windows::padding;
use crate::tree::Attr;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    let (name, attributes) = match prim {
        Prim::DotGeneral(p) => ("dot_general", dot(p)),
        Prim::ConvGeneralDilated(p) => ("convolution", convolution(p)),
        _ => return None,
    };
    Some(product(e, name, x, &out[0], attributes).map(|y| vec![y]))
}

/// Products in a type that XLA has them in: truth values are 0 and 1 and add up to whether any is, and numbers of few bits
/// are widened, which changes no product.
fn product(
    e: &Emitter<'_>,
    name: &str,
    x: &[Value],
    out: &Type,
    attributes: Vec<Named>,
) -> Result<Value> {
    let compute = match out.dtype {
        dtype if dtype.is_bool() || dtype.is_narrow_integer() => DType::I32,
        dtype if dtype.is_float() && dtype.bits() <= 16 => DType::F32,
        dtype => dtype,
    };
    let x = x.iter().map(|x| ops::convert(e, x, compute)).collect::<Result<Vec<_>>>()?;
    let y = e.op1(name, &x, &out.with_dtype(compute), attributes)?;
    ops::convert(e, &y, out.dtype)
}

/// As exact as the operands' own type is.
fn precision() -> Named {
    ("precision_config", Attr::List(vec![word("DEFAULT"), word("DEFAULT")]))
}

fn dot(p: &DotGeneral) -> Vec<Named> {
    vec![
        ("lhs_batching_dimensions", ints(p.lhs_batch.iter().copied())),
        ("rhs_batching_dimensions", ints(p.rhs_batch.iter().copied())),
        ("lhs_contracting_dimensions", ints(p.lhs_contracting.iter().copied())),
        ("rhs_contracting_dimensions", ints(p.rhs_contracting.iter().copied())),
        precision(),
    ]
}

fn convolution(p: &ConvGeneralDilated) -> Vec<Named> {
    let numbers = &p.dimension_numbers;
    let (lhs, rhs, out) = (&numbers.lhs_spec, &numbers.rhs_spec, &numbers.out_spec);
    let spatial = |spec: &[usize]| ints(spec[2..].iter().copied());
    vec![
        ("input_batch_dimension", int(lhs[0])),
        ("input_feature_dimension", int(lhs[1])),
        ("input_spatial_dimensions", spatial(lhs)),
        ("kernel_output_feature_dimension", int(rhs[0])),
        ("kernel_input_feature_dimension", int(rhs[1])),
        ("kernel_spatial_dimensions", spatial(rhs)),
        ("output_batch_dimension", int(out[0])),
        ("output_feature_dimension", int(out[1])),
        ("output_spatial_dimensions", spatial(out)),
        ("window_strides", ints(p.window_strides.iter().copied())),
        ("padding", padding(&p.padding)),
        ("lhs_dilation", ints(p.lhs_dilation.iter().copied())),
        ("rhs_dilation", ints(p.rhs_dilation.iter().copied())),
        ("window_reversal", Attr::List(vec![Attr::Bool(false); p.window_strides.len()])),
        ("feature_group_count", int(p.feature_group_count)),
        ("batch_group_count", int(p.batch_group_count)),
        precision(),
    ]
}
