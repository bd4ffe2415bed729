//! What primitives that hold programs have in common: operands and results by their flags, and
//! rearranged programs.

use std::sync::Arc;

use jaxrs_data::{Error, Literal, Result, SmallVec, Type, bail};

use crate::{Atom, Cx, Jaxpr, Operand, Prim, Residual, Tangent, Value, ops};

/// Whether values of a type have tangents at all.
pub fn is_differentiable(ty: &Type) -> bool {
    ty.dtype.is_float() || ty.dtype.is_complex()
}

/// The items whose flag is set.
pub fn chosen<T: Clone>(items: &[T], flags: &[bool]) -> Vec<T> {
    items.iter().zip(flags).filter(|&(_, &flag)| flag).map(|(item, _)| item.clone()).collect()
}

/// The items whose flag is not set.
pub fn others<T: Clone>(items: &[T], flags: &[bool]) -> Vec<T> {
    items.iter().zip(flags).filter(|&(_, &flag)| !flag).map(|(item, _)| item.clone()).collect()
}

/// Which tangents are not known zeros.
pub fn nonzero(tangents: &[Tangent]) -> Vec<bool> {
    tangents.iter().map(|tangent| !tangent.is_zero()).collect()
}

/// The tangents that are not known zeros.
pub fn values(tangents: &[Tangent]) -> impl Iterator<Item = Value> + '_ {
    tangents.iter().filter_map(Tangent::value).cloned()
}

/// The tangents whose flag is set, as arrays.
pub fn instantiated(cx: Cx<'_>, tangents: &[Tangent], flags: &[bool]) -> Result<Vec<Value>> {
    let wanted = tangents.iter().zip(flags).filter(|&(_, &flag)| flag);
    wanted.map(|(tangent, _)| tangent.instantiate(cx)).collect()
}

/// A tangent for each primal: the next one where the flag is set, else zero.
pub fn spread(
    primals: &[Value],
    tangents: impl IntoIterator<Item = Value>,
    flags: &[bool],
) -> SmallVec<[Tangent; 2]> {
    let mut tangents = tangents.into_iter();
    let pairs = primals.iter().zip(flags);
    pairs
        .map(|(primal, &flag)| match if flag { tangents.next() } else { None } {
            Some(tangent) => Tangent::Value(tangent),
            None => Tangent::Zero(primal.ty().clone()),
        })
        .collect()
}

/// Flags that are set where any is.
pub fn union(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(a, b)| a | b).collect()
}

/// Whether each flag that is set in `a` is in `b`.
pub fn is_subset(a: &[bool], b: &[bool]) -> bool {
    a.iter().zip(b).all(|(a, b)| !a | b)
}

/// Operands that are known, in order.
pub fn known(operands: &[Operand]) -> Vec<Value> {
    operands.iter().filter_map(|operand| operand.known().cloned()).collect()
}

/// Which operands are linear.
pub fn linear(operands: &[Operand]) -> Vec<bool> {
    operands.iter().map(Operand::is_linear).collect()
}

/// A cotangent for each operand: the next one where it is linear, else zero.
pub fn cotangents(
    operands: &[Operand],
    found: impl IntoIterator<Item = Value>,
) -> SmallVec<[Tangent; 4]> {
    let mut found = found.into_iter();
    operands
        .iter()
        .map(|operand| match if operand.is_linear() { found.next() } else { None } {
            Some(cotangent) => Tangent::Value(cotangent),
            None => Tangent::Zero(operand.ty().clone()),
        })
        .collect()
}

/// The values of residuals, from operands and what the primal program saved.
pub fn residuals(which: &[Residual], operands: &[Value], saved: &[Value]) -> Vec<Value> {
    which
        .iter()
        .map(|residual| match *residual {
            Residual::Input(k) => operands[k].clone(),
            Residual::Saved(k) => saved[k].clone(),
        })
        .collect()
}

/// The program with the inputs of which the flag is not set before the others.
pub fn known_first(cx: Cx<'_>, jaxpr: &Arc<Jaxpr>, linear: &[bool]) -> Result<Arc<Jaxpr>> {
    if linear.is_sorted() {
        return Ok(jaxpr.clone());
    }
    let types: Vec<Type> = jaxpr.in_types().cloned().collect();
    let in_types = [others(&types, linear), chosen(&types, linear)].concat();
    let n_known = linear.iter().filter(|&&linear| !linear).count();
    cx.stage(&in_types, &mut |cx, inputs| {
        let (known, rest) = inputs.split_at(n_known);
        cx.eval_jaxpr(jaxpr, &interleaved(known, rest, linear))
    })
}

/// Items of two lists, the second where the flag is set.
pub fn interleaved<T: Clone>(unset: &[T], set: &[T], flags: &[bool]) -> Vec<T> {
    let (mut unset, mut set) = (unset.iter(), set.iter());
    flags.iter().filter_map(|&flag| if flag { set.next() } else { unset.next() }).cloned().collect()
}

/// The program that gives only the results whose flag is set.
pub fn with_outputs(jaxpr: &Arc<Jaxpr>, flags: &[bool]) -> Arc<Jaxpr> {
    if flags.iter().all(|&flag| flag) {
        return jaxpr.clone();
    }
    let mut program = (**jaxpr).clone();
    program.outputs = chosen(&jaxpr.outputs, flags);
    live(&program)
}

/// The program with what depends on the flagged inputs kept apart: no equation has a result that does and
/// one that does not. And which results depend on them.
pub fn separated(cx: Cx<'_>, jaxpr: &Jaxpr, flags: &[bool]) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
    let in_types: Vec<Type> = jaxpr.in_types().cloned().collect();
    let mut depends = Vec::new();
    let program = cx.stage(&in_types, &mut |cx, inputs| {
        let marked = inputs.iter().cloned().zip(flags.iter().copied()).collect();
        let outputs: Marked = eval_separately(cx, jaxpr, marked)?;
        depends = outputs.iter().map(|(_, flag)| *flag).collect();
        Ok(outputs.into_iter().map(|(value, _)| value).collect())
    })?;
    Ok((program, depends))
}

/// Values, and whether each depends on what is kept apart.
type Marked = Vec<(Value, bool)>;

fn eval_separately(cx: Cx<'_>, jaxpr: &Jaxpr, inputs: Marked) -> Result<Marked> {
    let mut values: Vec<Option<(Value, bool)>> = vec![None; jaxpr.types.len()];
    for (var, input) in jaxpr.invars.iter().zip(inputs) {
        values[var.0 as usize] = Some(input);
    }
    let read = |values: &[Option<(Value, bool)>], atom: &Atom| match atom {
        Atom::Literal(literal) => Ok((Value::literal(literal.clone()), false)),
        Atom::Var(var) => values[var.0 as usize]
            .clone()
            .ok_or_else(|| Error::internal("a variable is used before its equation")),
    };
    for eqn in &jaxpr.eqns {
        let operands =
            eqn.inputs.iter().map(|atom| read(&values, atom)).collect::<Result<Marked>>()?;
        for (var, output) in eqn.outputs.iter().zip(bind_separately(cx, &eqn.prim, operands)?) {
            values[var.0 as usize] = Some(output);
        }
    }
    jaxpr.outputs.iter().map(|atom| read(&values, atom)).collect()
}

fn bind_separately(cx: Cx<'_>, prim: &Prim, operands: Marked) -> Result<Marked> {
    let any = operands.iter().any(|(_, flag)| *flag);
    if any && operands.iter().any(|(_, flag)| !*flag) {
        if let Some(jaxpr) = prim.taken_apart() {
            return eval_separately(cx, jaxpr, operands);
        }
        let (inputs, flags): (Vec<Value>, Vec<bool>) = operands.iter().cloned().unzip();
        if let Some((outputs, depends)) = prim.split(cx, cx, &inputs, &flags)? {
            return Ok(outputs.into_iter().zip(depends).collect());
        }
    }
    let inputs: Vec<Value> = operands.into_iter().map(|(value, _)| value).collect();
    Ok(cx.bind(prim, &inputs)?.into_iter().map(|value| (value, any)).collect())
}

/// The opposite flags.
pub fn not(flags: &[bool]) -> Vec<bool> {
    flags.iter().map(|flag| !flag).collect()
}

/// The program without equations that no result needs.
pub fn live(jaxpr: &Jaxpr) -> Arc<Jaxpr> {
    Arc::new(jaxpr.without_dead_code(&vec![true; jaxpr.invars.len()]))
}

/// Checks operands against the inputs of a program, and gives its result types.
pub fn output_types(name: &str, jaxpr: &Jaxpr, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
    if inputs.len() != jaxpr.invars.len() {
        bail!(
            InvalidArgument,
            "{name} takes {} operands, got {}",
            jaxpr.invars.len(),
            inputs.len()
        );
    }
    check_inputs(name, jaxpr.in_types(), inputs, 0)?;
    Ok(jaxpr.out_types().cloned().collect())
}

/// Checks operand types, of which the first is operand `first`.
pub fn check_inputs<'a>(
    name: &str,
    needed: impl Iterator<Item = &'a Type>,
    got: &[Type],
    first: usize,
) -> Result<()> {
    for (k, (needed, got)) in needed.zip(got).enumerate() {
        if !needed.same_ignoring_weak(got) {
            bail!(InvalidArgument, "{name} needs {needed} as operand {}, got {got}", first + k);
        }
    }
    Ok(())
}

/// Runs a program plainly.
pub fn evaluate(jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
    Ok(crate::evaluate::evaluate(jaxpr, inputs)?.into())
}

/// Operands with their examples along axis 0, where they have any.
pub fn batched_first(
    cx: Cx<'_>,
    inputs: &[Value],
    axes: &[Option<usize>],
) -> Result<(Vec<Value>, Vec<bool>)> {
    let mut values = Vec::with_capacity(inputs.len());
    for (value, axis) in inputs.iter().zip(axes) {
        values.push(match *axis {
            Some(axis) => ops::move_axis(cx, value, axis, 0)?,
            None => value.clone(),
        });
    }
    Ok((values, axes.iter().map(Option::is_some).collect()))
}

/// The value repeated for each of `size` examples, along axis 0.
pub fn repeated(cx: Cx<'_>, size: usize, value: &Value) -> Result<Value> {
    let rank = value.ty().rank();
    ops::broadcast_in_dim(cx, value, &value.shape().with(0, size), 1..=rank)
}

/// Axis 0 where the flag is set.
pub fn leading(flags: &[bool]) -> SmallVec<[Option<usize>; 2]> {
    flags.iter().map(|&flag| flag.then_some(0)).collect()
}
