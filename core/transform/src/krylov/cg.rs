//! Conjugate gradients (Hestenes & Stiefel 1952).

use jaxrs_data::Result;
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;

use super::vectors::{add_scaled, and, int, sub};
use super::{KrylovOptions, Setup};
use crate::{Function, Scope, SolveOptions, Solver, custom_linear_solve, while_loop};

/// The `x` of `a(x) = b`, for `a` that is Hermitian and positive definite. `preconditioner` is roughly the
/// inverse of `a`; both take and give as many values as `b` has.
pub fn cg(
    scope: &Scope,
    a: &Function,
    b: &[Value],
    x0: Option<&[Value]>,
    preconditioner: Option<&Function>,
    options: KrylovOptions,
) -> Result<Vec<Value>> {
    let setup = Setup::new("cg", scope, b, x0, preconditioner, options)?;
    // A real operator that is Hermitian is symmetric.
    let options = SolveOptions { symmetric: !setup.vectors.is_complex(), has_aux: false };
    let solve =
        Solver::new("cg", move |scope: &Scope, a: &Function, b: &[Value]| run(scope, &setup, a, b));
    custom_linear_solve(scope, a, b, &solve, Some(&solve), options)
}

/// Carries `x`, the residual `r`, the direction `p`, `gamma = r · M r`, and the count.
fn run(scope: &Scope, setup: &Setup, a: &Function, b: &[Value]) -> Result<Vec<Value>> {
    let (n, v) = (b.len(), setup.vectors);
    let atol2 = setup.atol2(scope, b)?;
    let r0 = sub(scope, b, &a.call(scope, &setup.x0)?)?;
    let p0 = setup.precondition(scope, &r0)?;
    let gamma0 = v.element(scope, &v.real_dot(scope, &r0, &p0)?)?;
    let init = [setup.x0.as_slice(), &r0, &p0, &[gamma0, int(0)]].concat();
    let maxiter = setup.maxiter as i64;
    let goes_on = Function::new("cg_cond", move |s: &Scope, c: &[Value]| {
        let is_large = ops::compare(s, Compare::Gt, &v.norm2(s, &c[n..2 * n])?, &atol2)?;
        let is_early = ops::compare(s, Compare::Lt, &c[3 * n + 1], &int(maxiter))?;
        Ok(vec![and(s, &is_large, &is_early)?])
    });
    let (setup, a) = (setup.clone(), a.clone());
    let body = Function::new("cg_body", move |s: &Scope, c: &[Value]| {
        let (x, r, p, gamma) = (&c[..n], &c[n..2 * n], &c[2 * n..3 * n], &c[3 * n]);
        let ap = a.call(s, p)?;
        let along = v.element(s, &v.real_dot(s, p, &ap)?)?;
        let alpha = ops::div(s, gamma, &along)?;
        let x = add_scaled(s, x, Binary::Add, &alpha, p)?;
        let r = add_scaled(s, r, Binary::Sub, &alpha, &ap)?;
        let z = setup.precondition(s, &r)?;
        let next = v.element(s, &v.real_dot(s, &r, &z)?)?;
        let beta = ops::div(s, &next, gamma)?;
        let p = add_scaled(s, &z, Binary::Add, &beta, p)?;
        let count = ops::add(s, &c[3 * n + 1], &int(1))?;
        Ok([x, r, p, vec![next, count]].concat())
    });
    let mut found = while_loop(scope, &goes_on, &body, &init)?;
    found.truncate(n);
    Ok(found)
}
