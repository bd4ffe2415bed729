//! Biconjugate gradients, stabilized (van der Vorst 1992).

use jaxrs_data::{Literal, Result, Scalar, Type};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;

use super::vectors::{add_scaled, and, choose, int, is_zero, or, sub};
use super::{KrylovOptions, Setup};
use crate::{Function, Scope, SolveOptions, Solver, custom_linear_solve, while_loop};

/// The `x` of `a(x) = b`, for any linear `a`. `preconditioner` is roughly its inverse; both take and give as
/// many values as `b` has.
pub fn bicgstab(
    scope: &Scope,
    a: &Function,
    b: &[Value],
    x0: Option<&[Value]>,
    preconditioner: Option<&Function>,
    options: KrylovOptions,
) -> Result<Vec<Value>> {
    let setup = Setup::new("bicgstab", scope, b, x0, preconditioner, options)?;
    let solve = Solver::new("bicgstab", move |scope: &Scope, a: &Function, b: &[Value]| {
        run(scope, &setup, a, b)
    });
    custom_linear_solve(scope, a, b, &solve, Some(&solve), SolveOptions::default())
}

/// Carries the vectors `x`, `r`, `p`, `q`, the numbers `alpha`, `omega`, `rho`, and the count, which is
/// negative after a breakdown.
fn run(scope: &Scope, setup: &Setup, a: &Function, b: &[Value]) -> Result<Vec<Value>> {
    let (n, v) = (b.len(), setup.vectors);
    let atol2 = setup.atol2(scope, b)?;
    let r0 = sub(scope, b, &a.call(scope, &setup.x0)?)?;
    let one = Value::literal(Literal::full(Type::scalar(v.dtype), Scalar::one(v.dtype)));
    let numbers = [one.clone(), one.clone(), one, int(0)];
    let init = [setup.x0.as_slice(), &r0, &r0, &r0, &numbers].concat();
    let maxiter = setup.maxiter as i64;
    let limit = atol2.clone();
    let goes_on = Function::new("bicgstab_cond", move |s: &Scope, c: &[Value]| {
        let count = &c[4 * n + 3];
        let is_large = ops::compare(s, Compare::Gt, &v.norm2(s, &c[n..2 * n])?, &limit)?;
        let is_early = ops::compare(s, Compare::Lt, count, &int(maxiter))?;
        let is_sound = ops::compare(s, Compare::Ge, count, &int(0))?;
        Ok(vec![and(s, &and(s, &is_large, &is_early)?, &is_sound)?])
    });
    let step = Step { setup: setup.clone(), a: a.clone(), shadow: r0, atol2, n };
    let body = Function::new("bicgstab_body", move |s: &Scope, c: &[Value]| step.run(s, c));
    let mut found = while_loop(scope, &goes_on, &body, &init)?;
    found.truncate(n);
    Ok(found)
}

struct Step {
    setup: Setup,
    a: Function,
    /// The first residual, which the others are made orthogonal to.
    shadow: Vec<Value>,
    atol2: Value,
    n: usize,
}

impl Step {
    fn run(&self, s: &Scope, c: &[Value]) -> Result<Vec<Value>> {
        let (n, v) = (self.n, self.setup.vectors);
        let vector = |k: usize| &c[k * n..][..n];
        let (x, r, p, q) = (vector(0), vector(1), vector(2), vector(3));
        let [alpha, omega, rho, count] = &c[4 * n..] else { return Ok(c.to_vec()) };
        let next_rho = v.dot(s, &self.shadow, r)?;
        let ratio = ops::div(s, &next_rho, rho)?;
        let beta = ops::div(s, &ops::mul(s, &ratio, alpha)?, omega)?;
        let p = add_scaled(s, p, Binary::Sub, omega, q)?;
        let p = add_scaled(s, r, Binary::Add, &beta, &p)?;
        let towards = self.setup.precondition(s, &p)?;
        let q = self.a.call(s, &towards)?;
        let alpha = ops::div(s, &next_rho, &v.dot(s, &self.shadow, &q)?)?;
        let half = add_scaled(s, r, Binary::Sub, &alpha, &q)?;
        let is_there = ops::compare(s, Compare::Lt, &v.norm2(s, &half)?, &self.atol2)?;
        let across = self.setup.precondition(s, &half)?;
        let t = self.a.call(s, &across)?;
        let omega = ops::div(s, &v.dot(s, &t, &half)?, &v.dot(s, &t, &t)?)?;
        let near = add_scaled(s, x, Binary::Add, &alpha, &towards)?;
        let far = add_scaled(s, &near, Binary::Add, &omega, &across)?;
        let x = choose(s, &is_there, &near, &far)?;
        let rest = add_scaled(s, &half, Binary::Sub, &omega, &t)?;
        let r = choose(s, &is_there, &half, &rest)?;
        let is_stuck = or(s, &is_zero(s, &omega)?, &is_zero(s, &alpha)?)?;
        let count = ops::select(s, &is_stuck, &int(-11), &ops::add(s, count, &int(1))?)?;
        let count = ops::select(s, &is_zero(s, &next_rho)?, &int(-10), &count)?;
        Ok([x, r, p, q, vec![alpha, omega, next_rho, count]].concat())
    }
}
