//! The derivatives that a file of `jax.export` may hold: for each function one of its arguments and the cotangents of its
//! results, which gives the cotangents of its arguments.

use jaxrs_data::{DType, Result, Scalar, Type};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{ClosedJaxpr, Function, Scope, function_from_jaxpr, make_jaxpr, vjp};

use super::Element;
use super::write::{Export, fields};
use crate::flat::{Fields, file};

/// What JAX calls it.
const NAME: &str = "fun_vjp_jax";

/// The file of a program, with `vjp_order` derivatives: as many times can what reads it differentiate it in reverse mode.
pub fn write_differentiable(
    program: &ClosedJaxpr,
    name: &str,
    scope: &Scope,
    vjp_order: usize,
) -> Result<Vec<u8>> {
    let inputs = program.jaxpr.in_types().skip(program.consts.len());
    let inputs: Vec<Element> = inputs.map(|ty| Element::Of(ty.dtype)).collect();
    let outputs: Vec<Element> = program.jaxpr.out_types().map(|ty| Element::Of(ty.dtype)).collect();
    let is_tuple = outputs.len() != 1;
    Ok(file(&level(program, name, scope, [&inputs, &outputs], is_tuple, vjp_order)?))
}

fn level(
    program: &ClosedJaxpr,
    name: &str,
    scope: &Scope,
    [inputs, outputs]: [&[Element]; 2],
    is_tuple: bool,
    order: usize,
) -> Result<Fields> {
    let module = crate::export(program)?;
    let vjp = if order > 0 {
        let arguments: Vec<Element> =
            inputs.iter().copied().chain(outputs.iter().copied().map(tangent)).collect();
        let results: Vec<Element> = inputs.iter().copied().map(tangent).collect();
        let pullback = pullback(program, scope)?;
        Some(level(&pullback, NAME, scope, [&arguments, &results], true, order - 1)?)
    } else {
        None
    };
    fields(&module, name, Export { elements: Some([inputs, outputs]), is_tuple, vjp })
}

/// Whether there are tangents of such elements that say something.
fn moves(dtype: DType) -> bool {
    dtype.is_float() || dtype.is_complex()
}

/// The elements of tangents.
fn tangent(element: Element) -> Element {
    match element {
        Element::Of(dtype) if moves(dtype) => element,
        _ => Element::Float0,
    }
}

/// The type of cotangents as modules have it: truths where they say nothing.
fn cotangent(ty: &Type) -> Type {
    let dtype = if moves(ty.dtype) { ty.dtype } else { DType::Bool };
    Type::new(dtype, ty.shape.clone())
}

/// From arguments and cotangents of results to cotangents of arguments.
fn pullback(program: &ClosedJaxpr, scope: &Scope) -> Result<ClosedJaxpr> {
    let inputs: Vec<Type> = program.jaxpr.in_types().skip(program.consts.len()).cloned().collect();
    let outputs: Vec<Type> = program.jaxpr.out_types().cloned().collect();
    let types: Vec<Type> = inputs.iter().cloned().chain(outputs.iter().map(cotangent)).collect();
    let (f, n) = (function_from_jaxpr("main", program.clone()), inputs.len());
    let zeros = |scope: &Scope, ty: &Type| ops::full(scope, ty, Scalar::zero(ty.dtype));
    let run = Function::new(NAME, move |scope: &Scope, given: &[Value]| {
        let (_, back) = vjp(&f, scope, &given[..n])?;
        let known = |(x, ty): (&Value, &Type)| {
            if moves(ty.dtype) { Ok(x.clone()) } else { zeros(scope, &ty.with_weak(false)) }
        };
        let cotangents = given[n..].iter().zip(&outputs).map(known).collect::<Result<Vec<_>>>()?;
        let result = |(x, ty): (Value, &Type)| {
            if moves(ty.dtype) { Ok(x) } else { zeros(scope, &cotangent(ty)) }
        };
        back.call(scope, &cotangents)?.into_iter().zip(&inputs).map(result).collect()
    });
    make_jaxpr(&run, scope, &types)
}
