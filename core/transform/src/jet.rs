//! Taylor mode: derivatives of any order along a curve.
//!
//! The function's program is walked with a truncated series for each value: derivatives of order 1, 2, … along
//! the curve. Products, quotients and what holds programs have rules of their own. Any other operation goes by
//! its forward derivative: of `y = f(x)`, `y'` is a program of `x` and `x'`, and the series of `y'` to one order
//! less is all of that of `y` but for its start (compare Griewank & Walther, Evaluating Derivatives, ch. 13).

mod control;
mod rules;
mod series;

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::{Tangent, Value, ops};

use self::rules::eval;
use self::series::Series;
use crate::frame::during;
use crate::jvp::check_tangent;
use crate::{Function, Scope};

/// How far `jet` goes, and what terms of series are.
#[derive(Clone, Copy, Debug)]
pub struct JetOptions {
    /// The order of the last term.
    pub order: usize,
    /// Whether terms are derivatives, or else coefficients of powers: derivatives over factorials.
    pub factorial_scaled: bool,
}

/// `(x…, terms of x…) → (y…, terms of y…)`: values and series of a function along a curve. All terms of the
/// first argument come first, from order 1 on, then those of the next; so it is with results. Terms of what is
/// of no float or complex type are there, and ignored or zero.
pub fn jet(function: &Function, options: JetOptions) -> Function {
    let function = function.clone();
    Function::new(format!("jet({})", function.name()), move |scope: &Scope, inputs: &[Value]| {
        let order = options.order;
        if !inputs.len().is_multiple_of(order + 1) {
            bail!(
                InvalidArgument,
                "jet of order {order} takes {} values for each argument, got {} values in all",
                order + 1,
                inputs.len()
            );
        }
        let (primals, terms) = inputs.split_at(inputs.len() / (order + 1));
        let during = during("jet", function.name());
        let types: Vec<Type> = primals.iter().map(|value| value.ty().clone()).collect();
        let mut arguments = Vec::with_capacity(primals.len());
        for (k, primal) in primals.iter().enumerate() {
            let terms = &terms[k * order..][..order];
            for term in terms {
                check_tangent("jet", k, primal.ty(), term.ty())?;
            }
            let terms = terms.iter().cloned().map(Tangent::Value).collect();
            arguments.push(scaled(scope, Series::new(primal.clone(), terms), options, false)?);
        }
        let traced = scope.trace(&function, &types).map_err(&during)?;
        let consts = traced.consts.iter().map(|value| Series::constant(value, order));
        let all: Vec<Series> = consts.chain(arguments).collect();
        let results = eval(scope, &traced.jaxpr, &all, order).map_err(&during)?;
        let mut outputs: Vec<Value> = results.iter().map(|series| series.primal.clone()).collect();
        for series in results {
            for term in scaled(scope, series, options, true)?.terms {
                outputs.push(term.instantiate(scope)?);
            }
        }
        Ok(outputs)
    })
}

/// Derivatives from coefficients, or `back`.
fn scaled(scope: &Scope, series: Series, options: JetOptions, back: bool) -> Result<Series> {
    if options.factorial_scaled {
        return Ok(series);
    }
    let mut factorial = 1.0;
    let mut terms = Vec::with_capacity(series.terms.len());
    for (k, term) in series.terms.into_iter().enumerate() {
        factorial *= (k + 1) as f64;
        let factor = if back { 1.0 / factorial } else { factorial };
        let ty = term.ty().clone();
        terms.push(term.map(&ty, |value| ops::scale(scope, value, factor))?);
    }
    Ok(Series { primal: series.primal, terms })
}
