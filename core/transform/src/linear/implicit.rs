//! Solutions of equations, whose derivatives follow from the equation: nobody goes through the solver.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, Type, bail};
use jaxrs_ir::prims::{CustomLinearSolve, Operator};
use jaxrs_ir::{Context as _, Value, ops};

use super::{Solver, linear_transpose};
use crate::bind::is_differentiable;
use crate::frame::during;
use crate::{ClosedJaxpr, Function, Scope, custom_jvp, linearize};

/// What is known of an equation and its solver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SolveOptions {
    /// Whether the linear function is its own transpose; its solver solves the transposed equation too then.
    pub symmetric: bool,
    /// Whether solvers give further results behind the solution, which have no derivative.
    pub has_aux: bool,
}

/// The `x` of `matvec(x) = b`, as `solve` finds it. Derivatives are those of the solution: reverse mode needs
/// `transpose_solve`, which is given the transpose of `matvec`, or a symmetric `matvec`.
pub fn custom_linear_solve(
    scope: &Scope,
    matvec: &Function,
    b: &[Value],
    solve: &Solver,
    transpose_solve: Option<&Solver>,
    options: SolveOptions,
) -> Result<Vec<Value>> {
    let what = "custom_linear_solve";
    let types: Vec<Type> = b.iter().map(|value| value.ty().clone()).collect();
    let trace = |role: &str, function: &Function, has_aux: bool| {
        let traced = scope.trace(function, &types).map_err(during(what, function.name()))?;
        check_like(what, role, &traced, &types, has_aux)?;
        Ok::<ClosedJaxpr, Error>(traced)
    };
    let there = trace("matvec", matvec, false)?;
    let solved = trace("solve", &solve.of(matvec), options.has_aux)?;
    let back = match transpose_solve.or(options.symmetric.then_some(solve)) {
        None => None,
        Some(solve) if options.symmetric => {
            Some((there.clone(), trace("transpose_solve", &solve.of(matvec), options.has_aux)?))
        }
        Some(solve) => {
            let vecmat = linear_transpose(matvec, &types);
            let solved = trace("transpose_solve", &solve.of(&vecmat), options.has_aux)?;
            Some((trace("the transpose of matvec", &vecmat, false)?, solved))
        }
    };
    let mut operands = there.consts.clone();
    operands.extend(back.iter().flat_map(|(vecmat, _)| vecmat.consts.iter().cloned()));
    operands.extend_from_slice(&solved.consts);
    operands.extend(back.iter().flat_map(|(_, solved)| solved.consts.iter().cloned()));
    operands.extend_from_slice(b);
    let back = back.map(|(vecmat, solved)| (operator(vecmat), operator(solved)));
    let prim = CustomLinearSolve::new(operator(there), operator(solved), back)?;
    Ok(scope.bind(&prim.into(), &operands)?.into_vec())
}

fn operator(traced: ClosedJaxpr) -> Operator {
    Operator { jaxpr: traced.jaxpr, num_consts: traced.consts.len() }
}

/// A function of an equation gives values like the unknown, and others behind them where they are expected.
fn check_like(
    what: &str,
    role: &str,
    traced: &ClosedJaxpr,
    types: &[Type],
    has_aux: bool,
) -> Result<()> {
    let n = traced.jaxpr.outputs.len();
    let fits = if has_aux { n >= types.len() } else { n == types.len() };
    if !fits {
        bail!(
            InvalidArgument,
            "{what} needs {} results of {role}, one for each value of the unknown, got {n}",
            types.len()
        );
    }
    for (k, (ty, got)) in types.iter().zip(traced.jaxpr.out_types()).enumerate() {
        if ty.shape != got.shape {
            bail!(Shape, "{what} needs a result of {role} like {ty} as result {k}, got {got}");
        }
        if ty.dtype != got.dtype {
            bail!(Dtype, "{what} needs a result of {role} like {ty} as result {k}, got {got}");
        }
    }
    Ok(())
}

/// A root of `function`, as `solve` finds it from `guess`. Its derivative with respect to what `function`
/// captures follows from the equation `function(x) = 0`: `tangent_solve` is given `function` linearized there,
/// and solves for a right hand side.
pub fn custom_root(
    scope: &Scope,
    function: &Function,
    guess: &[Value],
    solve: &Solver,
    tangent_solve: &Solver,
    has_aux: bool,
) -> Result<Vec<Value>> {
    let what = "custom_root";
    let types: Vec<Type> = guess.iter().map(|value| value.ty().clone()).collect();
    let trace = |role: &str, function: &Function, types: &[Type], has_aux: bool| {
        let traced = scope.trace(function, types).map_err(during(what, function.name()))?;
        check_like(what, role, &traced, &types[..guess.len()], has_aux)?;
        Ok::<ClosedJaxpr, Error>(traced)
    };
    let (f, tangent_solver) = (function.clone(), tangent_solve.clone());
    let n = guess.len();
    let at_root = Function::new(tangent_solve.name().clone(), move |s: &Scope, x: &[Value]| {
        let (_, linear) = linearize(&f, s, &x[..n])?;
        tangent_solver.call(s, &linear, &x[n..])
    });
    let f = trace("f", function, &types, false)?;
    let solved = trace("solve", &solve.of(function), &types, has_aux)?;
    let both = [types.as_slice(), &types].concat();
    let tangent = trace("tangent_solve", &at_root, &both, false)?;
    let operands = [&f.consts, &solved.consts, &tangent.consts, guess].concat();
    let programs = Programs { f: operator(f), solve: operator(solved), tangent: operator(tangent) };
    Arc::new(programs).function().call(scope, &operands)
}

/// The programs of a root that is looked for. All that they captured are operands: of the function, of the
/// solver, of what solves for tangents; then comes the guess.
struct Programs {
    f: Operator,
    solve: Operator,
    tangent: Operator,
}

impl Programs {
    fn function(self: &Arc<Programs>) -> Function {
        let (programs, differentiated) = (self.clone(), self.clone());
        let base = Function::new("custom_root", move |scope: &Scope, operands: &[Value]| {
            let [_, of_solve, _, guess] = programs.split(operands);
            scope.eval_jaxpr(&programs.solve.jaxpr, &[of_solve, guess].concat())
        });
        let rule = Function::new("custom_root_jvp", move |scope: &Scope, operands: &[Value]| {
            differentiated.jvp(scope, operands)
        });
        custom_jvp(&base, &rule)
    }

    fn split<'a, T>(&self, operands: &'a [T]) -> [&'a [T]; 4] {
        let (of_f, rest) = operands.split_at(self.f.num_consts);
        let (of_solve, rest) = rest.split_at(self.solve.num_consts);
        let (of_tangent, guess) = rest.split_at(self.tangent.num_consts);
        [of_f, of_solve, of_tangent, guess]
    }

    /// `F(m, u(m)) = 0` gives `∂u = −(∂₁F)⁻¹ ∂₀F`.
    fn jvp(self: &Arc<Programs>, scope: &Scope, operands: &[Value]) -> Result<Vec<Value>> {
        let (primals, tangents) = operands.split_at(operands.len() / 2);
        let [of_f, _, of_tangent, guess] = self.split(primals);
        let [moves, ..] = self.split(tangents);
        let mut outputs = self.function().call(scope, primals)?;
        let root = outputs.get(..guess.len()).ok_or_else(no_root)?.to_vec();
        let moved = self.moved(scope, of_f, moves, &root)?;
        let found = [of_tangent, &root, &moved].concat();
        let found = scope.eval_jaxpr(&self.tangent.jaxpr, &found)?;
        let aux = outputs[root.len()..].to_vec();
        for tangent in &found {
            outputs.push(ops::neg(scope, tangent)?);
        }
        for value in &aux {
            outputs.push(jaxrs_ir::Tangent::Zero(value.ty().clone()).instantiate(scope)?);
        }
        Ok(outputs)
    }

    /// `∂₀F` applied to tangents of what the function captured.
    fn moved(
        &self,
        scope: &Scope,
        captured: &[Value],
        tangents: &[Value],
        root: &[Value],
    ) -> Result<Vec<Value>> {
        let mut has_tangent: Vec<bool> =
            captured.iter().map(|value| is_differentiable(value.ty())).collect();
        let moving = tangents.iter().zip(&has_tangent).filter(|&(_, &has)| has);
        let moving: Vec<Value> = moving.map(|(tangent, _)| tangent.clone()).collect();
        has_tangent.extend(root.iter().map(|_| false));
        let n = root.len();
        let both = scope.jvp_jaxpr(&self.f.jaxpr, &has_tangent, &vec![true; n])?;
        let results = scope.eval_jaxpr(&both.jaxpr, &[captured, root, &moving].concat())?;
        Ok(results[n..].to_vec())
    }
}

#[cold]
fn no_root() -> Error {
    Error::new(ErrorKind::Internal, "custom_root gave fewer values than its guess has")
}
