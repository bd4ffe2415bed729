//! The derivative of a solution, by the equation for the adjoint (L. S. Pontryagin et al. 1962; R. T. Q. Chen et al.
//! 2018): state, cotangent of the state, and those of times and arguments go back together.

use jaxrs_data::{Error, Result};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, ScanOptions, Scope, custom_vjp, scan, vjp};

use super::flat::Flat;
use super::{Adjoint, OdeOptions, Problem, integrate, odeint};
use crate::numpy;
use crate::numpy::index::Index;
use crate::numpy::shapes::{part, part_along};

/// The solution as a function of the first state, times and arguments, with its derivative.
pub(super) fn with_backsolve(flat: &Flat, options: OdeOptions) -> Function {
    let value = {
        let flat = flat.clone();
        Function::new("odeint", move |cx: &Scope, x: &[Value]| {
            Ok(vec![integrate(cx, &flat, x, options)?])
        })
    };
    let forward = {
        let flat = flat.clone();
        Function::new("odeint_fwd", move |cx: &Scope, x: &[Value]| {
            let states = integrate(cx, &flat, x, options)?;
            Ok([vec![states.clone(), states], x[1..].to_vec()].concat())
        })
    };
    let backward = {
        let flat = flat.clone();
        Function::new("odeint_bwd", move |cx: &Scope, x: &[Value]| backwards(cx, &flat, x, options))
    };
    custom_vjp(&value, &forward, &backward, 1)
}

/// Which arguments have cotangents.
fn is_inexact(x: &Value) -> bool {
    x.ty().dtype.is_inexact()
}

/// From (states, times, arguments…, cotangents of states) the cotangents of (first state, times, arguments…).
fn backwards(cx: &Scope, flat: &Flat, x: &[Value], options: OdeOptions) -> Result<Vec<Value>> {
    let [states, times, rest @ ..] = x else {
        return Err(Error::internal("odeint lost its residuals"));
    };
    let Some((cotangents, arguments)) = rest.split_last() else {
        return Err(Error::internal("odeint lost its cotangent"));
    };
    let last = [Index::At(-1)];
    let zero = ops::full(
        cx,
        &times.ty().with_shape(jaxrs_data::Shape::scalar()),
        jaxrs_data::Scalar::Int(0),
    )?;
    let sums =
        arguments.iter().filter(|x| is_inexact(x)).map(|x| numpy::full_like(cx, x, 0.0, None));
    let sums = sums.collect::<Result<Vec<_>>>()?;
    let carry = [vec![part(cx, cotangents, &last)?, zero], sums].concat();
    let n_carry = carry.len();
    let back = |x: &Value, start, stop| part_along(cx, x, 0, start, stop);
    let rows = [
        back(states, Some(1), None)?,
        back(times, Some(1), None)?,
        back(times, None, Some(-1))?,
        back(cotangents, Some(1), None)?,
        back(cotangents, None, Some(-1))?,
    ];
    let body = between(flat.clone(), arguments.to_vec(), options);
    let reversed = ScanOptions { reverse: true, ..ScanOptions::default() };
    let results = scan(cx, &body, &carry, &rows, reversed)?;
    let first = numpy::expand_dims(cx, &results[1], &[0])?;
    let of_times = numpy::concatenate(cx, &[first, results[n_carry].clone()], 0)?;
    let mut sums = results[2..n_carry].iter().cloned();
    let mut all = vec![results[0].clone(), of_times];
    for argument in arguments {
        if is_inexact(argument) {
            all.push(sums.next().ok_or_else(|| Error::internal("odeint lost a cotangent"))?);
        }
    }
    Ok(all)
}

/// From one time back to the one before.
fn between(flat: Flat, arguments: Vec<Value>, options: OdeOptions) -> Function {
    Function::new("odeint_back", move |cx: &Scope, inputs: &[Value]| {
        let n_carry = inputs.len() - 5;
        let (carry, row) = inputs.split_at(n_carry);
        let [state, now, before, cotangent, cotangent_before] = row else {
            return Err(Error::internal("odeint lost a row"));
        };
        // What moving this time does.
        let slope = flat.call(cx, state, now, &arguments)?;
        let of_time = numpy::real(cx, &numpy::dot(cx, &slope, cotangent)?)?;
        let of_time = crate::operands::convert(cx, &of_time, now.ty().dtype, false)?;
        let start = numpy::subtract(cx, &carry[1], &of_time)?;
        let augmented =
            [vec![state.clone(), carry[0].clone(), start], carry[2..].to_vec()].concat();
        let times = numpy::stack(cx, &[ops::neg(cx, now)?, ops::neg(cx, before)?], 0)?;
        let function = dynamics(flat.clone(), augmented.len());
        let problem = Problem {
            function: &function,
            state: &augmented,
            times: &times,
            arguments: &arguments,
        };
        let options = OdeOptions { adjoint: Adjoint::Backsolve, ..options };
        let solved = odeint(cx, &problem, options)?;
        let ends =
            solved[1..].iter().map(|x| part(cx, x, &[Index::At(1)])).collect::<Result<Vec<_>>>()?;
        let mut next = ends;
        next[0] = numpy::add(cx, &next[0], cotangent_before)?;
        next.push(of_time);
        Ok(next)
    })
}

/// The equation of (state, its cotangent, those of time and of arguments), in negative time.
fn dynamics(flat: Flat, n_parts: usize) -> Function {
    Function::new("odeint_adjoint", move |cx: &Scope, inputs: &[Value]| {
        let (parts, rest) = inputs.split_at(n_parts);
        let Some((time, arguments)) = rest.split_first() else {
            return Err(Error::internal("odeint lost its time"));
        };
        let flat = flat.clone();
        let of_all = Function::new("odeint_slope", move |cx: &Scope, x: &[Value]| match x {
            [y, t, arguments @ ..] => Ok(vec![flat.call(cx, y, t, arguments)?]),
            _ => Err(Error::internal("a slope needs a state and a time")),
        });
        let point = [vec![parts[0].clone(), ops::neg(cx, time)?], arguments.to_vec()].concat();
        let (slope, pullback) = vjp(&of_all, cx, &point)?;
        let cotangents = pullback.call(cx, &[parts[1].clone()])?;
        let mut results = vec![ops::neg(cx, &slope[0])?];
        let inexact = point.iter().zip(cotangents).filter(|(x, _)| is_inexact(x));
        results.extend(inexact.map(|(_, cotangent)| cotangent));
        Ok(results)
    })
}
