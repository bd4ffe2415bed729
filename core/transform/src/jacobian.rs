//! Matrices of derivatives.

use jaxrs_data::{DType, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::ConvertElementType;
use jaxrs_ir::{MappedAxis, Tangent, Value, ops};
use jaxrs_kernel::Compare;

use crate::batch::map;
use crate::frame::during;
use crate::grad::{tangents_of, types};
use crate::jvp::push_forward;
use crate::linearize::Linearized;
use crate::{DiffOptions, Function, Scope};

/// The Jacobian, column by column through forward mode: for each output and, within it, each argument,
/// an array whose shape is the output's followed by the argument's. Then `aux…`.
pub fn jacfwd(function: &Function, options: DiffOptions) -> Function {
    let function = function.clone();
    Function::new(format!("jacfwd({})", function.name()), move |scope: &Scope, inputs: &[Value]| {
        let argnums = forward_arguments(&options, inputs)?;
        let mut aux = Vec::new();
        // By argument, then by output.
        let mut columns: Vec<Vec<Value>> = Vec::new();
        for &k in &argnums {
            let mut results = columns_for(scope, &function, inputs, k)?;
            let n = options.n_outputs("jacfwd", results.len())?;
            aux = results.split_off(n).into_iter().map(|(primal, _)| primal).collect();
            for (primal, _) in results.iter().filter(|_| options.holomorphic) {
                options.check_output("jacfwd", primal.ty())?;
            }
            let column = results.into_iter().map(|(primal, tangent)| {
                let shape = joined(primal.shape(), inputs[k].shape());
                as_weak_as(scope, &ops::reshape(scope, &tangent, &shape)?, primal.ty())
            });
            columns.push(column.collect::<Result<_>>()?);
        }
        let n_outputs = columns.first().map_or(0, Vec::len);
        let blocks =
            (0..n_outputs).flat_map(|output| columns.iter().map(move |c| c[output].clone()));
        Ok(blocks.chain(aux).collect())
    })
}

/// The arguments of forward mode, which are real unless the function is holomorphic.
fn forward_arguments(options: &DiffOptions, inputs: &[Value]) -> Result<Vec<usize>> {
    let options = DiffOptions { allow_int: false, ..options.clone() };
    let argnums = options.arguments("jacfwd", &types(inputs))?;
    for &k in argnums.iter().filter(|_| !options.holomorphic) {
        let ty = inputs[k].ty();
        if ty.dtype.is_complex() {
            bail!(
                Dtype,
                "jacfwd needs real arguments unless the function is holomorphic, got {ty} for argument {k}"
            );
        }
    }
    Ok(argnums)
}

/// For each output its value and, with examples along the last axis, its tangents for all unit tangents
/// of one argument.
fn columns_for(
    scope: &Scope,
    function: &Function,
    inputs: &[Value],
    k: usize,
) -> Result<Vec<(Value, Value)>> {
    let size = inputs[k].ty().numel();
    let (primals, inner) = (inputs.to_vec(), function.clone());
    let forward = Function::new(function.name().clone(), move |scope: &Scope, unit: &[Value]| {
        let zero = |value: &Value| Tangent::Zero(value.ty().clone());
        let mut tangents: Vec<Tangent> = primals.iter().map(zero).collect();
        tangents[k] = Tangent::Value(unit[0].clone());
        let (mut outputs, tangents) = push_forward(scope, &inner, &primals, &tangents)?;
        for tangent in tangents {
            outputs.push(tangent.instantiate(scope)?);
        }
        Ok(outputs)
    });
    let basis = unit_vectors(scope, inputs[k].ty())?;
    let mut results = map(scope, &forward, &MappedAxis::unnamed(size), &[basis], &[Some(0)])?;
    let tangents = results.split_off(results.len() / 2);
    let mut pairs = Vec::with_capacity(tangents.len());
    for ((primal, axis), (tangent, tangent_axis)) in results.into_iter().zip(tangents) {
        // Host state may have made a value depend on the example; any one of them is its value.
        let primal = match axis {
            Some(axis) => {
                let first = ops::slice_in_dim(scope, &primal, axis, 0, 1)?;
                ops::squeeze(scope, &first, [axis])?
            }
            None => primal,
        };
        let rank = primal.ty().rank();
        let tangent = match tangent_axis {
            Some(axis) => ops::move_axis(scope, &tangent, axis, rank)?,
            None => {
                let shape = primal.shape().with(rank, size);
                ops::broadcast_in_dim(scope, &tangent, &shape, 0..rank)?
            }
        };
        pairs.push((primal, tangent));
    }
    Ok(pairs)
}

/// As [`jacfwd`], row by row through reverse mode.
pub fn jacrev(function: &Function, options: DiffOptions) -> Function {
    let function = function.clone();
    Function::new(format!("jacrev({})", function.name()), move |scope: &Scope, inputs: &[Value]| {
        let argnums = options.arguments("jacrev", &types(inputs))?;
        let has_tangent = tangents_of(&argnums, inputs);
        let linearized = Linearized::new(scope, &function, inputs, &has_tangent)
            .map_err(during("jacrev", function.name()))?;
        let n = options.n_outputs("jacrev", linearized.outputs.len())?;
        let aux = linearized.outputs[n..].to_vec();
        let outputs = linearized.outputs[..n].to_vec();
        for output in &outputs {
            options.check_output("jacrev", output.ty())?;
        }
        let linearized = std::sync::Arc::new(linearized);
        let mut blocks = Vec::new();
        for (k, output) in outputs.iter().enumerate() {
            let rows = rows_for(scope, &linearized, k)?;
            // Rows come in the order of inputs, which argnums need not be in.
            let order: Vec<usize> = (0..inputs.len()).filter(|&k| has_tangent[k]).collect();
            for argnum in &argnums {
                let shape = joined(output.shape(), inputs[*argnum].shape());
                if !has_tangent[*argnum] {
                    let dtype = inputs[*argnum].ty().dtype;
                    blocks.push(ops::full(scope, &Type::new(dtype, shape), Scalar::zero(dtype))?);
                    continue;
                }
                let position = order.iter().position(|k| k == argnum).unwrap_or_default();
                let block = ops::reshape(scope, &rows[position], &shape)?;
                blocks.push(as_weak_as(scope, &block, inputs[*argnum].ty())?);
            }
        }
        blocks.extend(aux);
        Ok(blocks)
    })
}

/// For each differentiated argument, with examples along axis 0, its cotangents for all unit cotangents
/// of one output.
fn rows_for(
    scope: &Scope,
    linearized: &std::sync::Arc<Linearized>,
    k: usize,
) -> Result<Vec<Value>> {
    let output = linearized.outputs[k].ty().clone();
    let size = output.numel();
    let inner = linearized.clone();
    let backward = Function::new("vjp", move |scope: &Scope, unit: &[Value]| {
        let zero = |value: &Value| Tangent::Zero(value.ty().clone());
        let mut cotangents: Vec<Tangent> = inner.outputs.iter().map(zero).collect();
        cotangents[k] = Tangent::Value(unit[0].clone());
        let pulled = inner.pull_back(scope, &cotangents)?;
        pulled.iter().map(|cotangent| cotangent.instantiate(scope)).collect()
    });
    let basis = unit_vectors(scope, &output)?;
    let results = map(scope, &backward, &MappedAxis::unnamed(size), &[basis], &[Some(0)])?;
    results
        .iter()
        .map(|(value, axis)| crate::batch::batched_first(scope, size, value, *axis))
        .collect()
}

/// Second derivatives: `jacfwd(jacrev(function))`.
pub fn hessian(function: &Function, options: DiffOptions) -> Function {
    jacfwd(&jacrev(function, options.clone()), options)
}

/// All unit vectors of a type, along a new axis 0.
fn unit_vectors(scope: &Scope, ty: &Type) -> Result<Value> {
    let n = ty.numel();
    let square = Shape::new(&[n, n]);
    let rows = ops::iota(scope, DType::I32, &square, 0)?;
    let columns = ops::iota(scope, DType::I32, &square, 1)?;
    let diagonal = ops::compare(scope, Compare::Eq, &rows, &columns)?;
    let convert = ConvertElementType { new_dtype: ty.dtype, weak_type: ty.weak };
    let units = ops::bind1(scope, convert, std::slice::from_ref(&diagonal))?;
    ops::reshape(scope, &units, &ty.shape.with(0, n))
}

/// The value, weak if a type is.
fn as_weak_as(scope: &Scope, value: &Value, ty: &Type) -> Result<Value> {
    if value.ty().weak == ty.weak {
        return Ok(value.clone());
    }
    let convert = ConvertElementType { new_dtype: value.ty().dtype, weak_type: ty.weak };
    ops::bind1(scope, convert, std::slice::from_ref(value))
}

fn joined(outer: &Shape, inner: &Shape) -> Shape {
    outer.iter().chain(inner.iter()).copied().collect()
}
