//! Generalized minimal residuals (Saad & Schultz 1986), with restarts.

mod least_squares;

use jaxrs_data::{DType, Result, Scalar, Shape, Type};
use jaxrs_ir::prims::{Binary, DotGeneral, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;

use self::least_squares::solution;
use super::vectors::{Vectors, and, int, sub};
use super::{KrylovOptions, Setup};
use crate::{
    Function, ScanOptions, Scope, SolveOptions, Solver, custom_linear_solve, scan, while_loop,
};

/// The `x` of `a(x) = b`, for any linear `a`. `preconditioner` is roughly its inverse; both take and give as
/// many values as `b` has. The last result is −1 if no solution was found, else 0.
pub fn gmres(
    scope: &Scope,
    a: &Function,
    b: &[Value],
    x0: Option<&[Value]>,
    preconditioner: Option<&Function>,
    options: KrylovOptions,
) -> Result<Vec<Value>> {
    let setup = Setup::new("gmres", scope, b, x0, preconditioner, options)?;
    let v = setup.vectors;
    let solve = Solver::new("gmres", move |scope: &Scope, a: &Function, b: &[Value]| {
        run(scope, &setup, a, b)
    });
    let mut x = custom_linear_solve(scope, a, b, &solve, Some(&solve), SolveOptions::default())?;
    let norm2 = v.norm2(scope, &x)?;
    let failed = ops::compare(scope, Compare::Ne, &norm2, &norm2)?;
    x.push(ops::select(scope, &failed, &int(-1), &int(0))?);
    Ok(x)
}

/// Carries `x`, the preconditioned residual, and the count of restarts.
fn run(scope: &Scope, setup: &Setup, a: &Function, b: &[Value]) -> Result<Vec<Value>> {
    let (n, v) = (b.len(), setup.vectors);
    let atol2 = setup.atol2(scope, b)?;
    let rest = |s: &Scope, setup: &Setup, a: &Function, b: &[Value], x: &[Value]| {
        setup.precondition(s, &sub(s, b, &a.call(s, x)?)?)
    };
    let r0 = rest(scope, setup, a, b, &setup.x0)?;
    let init = [setup.x0.as_slice(), &r0, &[int(0)]].concat();
    let maxiter = setup.maxiter as i64;
    let goes_on = Function::new("gmres_cond", move |s: &Scope, c: &[Value]| {
        let is_large = ops::compare(s, Compare::Gt, &v.norm2(s, &c[n..2 * n])?, &atol2)?;
        let is_early = ops::compare(s, Compare::Lt, &c[2 * n], &int(maxiter))?;
        Ok(vec![and(s, &is_large, &is_early)?])
    });
    let (setup, a, b) = (setup.clone(), a.clone(), b.to_vec());
    let body = Function::new("gmres_body", move |s: &Scope, c: &[Value]| {
        let x = improved(s, &setup, &a, &c[..n], &c[n..2 * n])?;
        let r = rest(s, &setup, &a, &b, &x)?;
        let count = ops::add(s, &c[2 * n], &int(1))?;
        Ok([x, r, vec![count]].concat())
    });
    let mut found = while_loop(scope, &goes_on, &body, &init)?;
    found.truncate(n);
    Ok(found)
}

/// One pass between restarts: `x` moved so that the residual is smallest among all moves in the space of
/// `r, A r, A² r, …`.
fn improved(
    s: &Scope,
    setup: &Setup,
    a: &Function,
    x: &[Value],
    r: &[Value],
) -> Result<Vec<Value>> {
    let flat = Flat::of(x, setup.vectors);
    let m = setup.options.restart.clamp(1, setup.size.max(1));
    let arnoldi = Arnoldi { setup: setup.clone(), a: a.clone(), flat, m };
    let (basis, columns, norm) = arnoldi.run(s, r)?;
    let y = solution(s, setup.vectors, &columns, &norm, m)?;
    // The last vector of the basis is beyond the space.
    let inside = ops::slice_in_dim(s, &basis, 0, 0, m)?;
    let moves = ops::dot_general(s, contract(0, 0), &inside, &y)?;
    let moves = arnoldi.flat.unflattened(s, &moves)?;
    x.iter().zip(moves).map(|(x, dx)| ops::add(s, x, &dx)).collect()
}

/// The product of two arrays over one axis of each.
fn contract(lhs: usize, rhs: usize) -> DotGeneral {
    DotGeneral {
        lhs_contracting: [lhs].into_iter().collect(),
        rhs_contracting: [rhs].into_iter().collect(),
        lhs_batch: Default::default(),
        rhs_batch: Default::default(),
        preferred_element_type: None,
    }
}

/// Several arrays as one vector.
struct Flat {
    shapes: Vec<Shape>,
    v: Vectors,
}

impl Flat {
    fn of(x: &[Value], v: Vectors) -> Flat {
        Flat { shapes: x.iter().map(|x| x.shape().clone()).collect(), v }
    }

    fn size(&self) -> usize {
        self.shapes.iter().map(Shape::numel).sum()
    }

    fn flattened(&self, s: &Scope, x: &[Value]) -> Result<Value> {
        let flat = x.iter().map(|x| ops::reshape(s, x, &Shape::new(&[x.ty().numel()])));
        ops::concatenate(s, &flat.collect::<Result<Vec<_>>>()?, 0)
    }

    fn unflattened(&self, s: &Scope, x: &Value) -> Result<Vec<Value>> {
        let mut start = 0;
        let parts = self.shapes.iter().map(|shape| {
            let part = ops::slice_in_dim(s, x, 0, start, start + shape.numel())?;
            start += shape.numel();
            ops::reshape(s, &part, shape)
        });
        parts.collect()
    }
}

/// Builds an orthonormal basis of the space.
struct Arnoldi {
    setup: Setup,
    a: Function,
    flat: Flat,
    /// How many steps.
    m: usize,
}

impl Arnoldi {
    /// The basis, `m + 1` rows; what each step made of a row in terms of the basis, `m` rows; and the norm of
    /// the vector that it starts from.
    fn run(self: &Arnoldi, s: &Scope, r: &[Value]) -> Result<(Value, Value, Value)> {
        let (m, v) = (self.m, self.flat.v);
        let zeros = Type::new(v.dtype, [m + 1, self.flat.size()]);
        let zeros = ops::full(s, &zeros, Scalar::Int(0))?;
        let (first, norm) = normalized(s, v, &self.flat.flattened(s, r)?, &None)?;
        let basis = with_row(s, &zeros, &int(0), &first)?;
        let counts = ops::iota(s, DType::I32, &Shape::new(&[m]), 0)?;
        let step =
            Step { setup: self.setup.clone(), a: self.a.clone(), shapes: self.flat.shapes.clone() };
        let body =
            Function::new("arnoldi", move |s: &Scope, c: &[Value]| step.run(s, &c[0], &c[1]));
        let mut found = scan(s, &body, &[basis], &[counts], ScanOptions::default())?;
        let columns = found.remove(1);
        Ok((found.remove(0), columns, norm))
    }
}

struct Step {
    setup: Setup,
    a: Function,
    shapes: Vec<Shape>,
}

impl Step {
    /// One more vector of the basis, and what the operator made of the last one.
    fn run(&self, s: &Scope, basis: &Value, k: &Value) -> Result<Vec<Value>> {
        let v = self.setup.vectors;
        let flat = Flat { shapes: self.shapes.clone(), v };
        let last = row(s, basis, k)?;
        let image = self.a.call(s, &flat.unflattened(s, &last)?)?;
        let mut w = flat.flattened(s, &self.setup.precondition(s, &image)?)?;
        let before = v.norm2(s, std::slice::from_ref(&w))?;
        let mut h: Option<Value> = None;
        // Twice is enough (Giraud, Langou & Rozložník 2005).
        for _ in 0..2 {
            let part = ops::dot_general(s, contract(1, 0), &v.conj(s, basis)?, &w)?;
            w = ops::sub(s, &w, &ops::dot_general(s, contract(0, 0), basis, &part)?)?;
            h = Some(match h {
                Some(h) => ops::add(s, &h, &part)?,
                None => part,
            });
        }
        let next = ops::add(s, k, &int(1))?;
        let (unit, norm) = normalized(s, v, &w, &Some(before))?;
        let Some(h) = h else { return Ok(Vec::new()) };
        let h = with_row(s, &h, &next, &v.element(s, &norm)?)?;
        // Behind a breakdown there is nothing: a row of the unit matrix keeps the system regular.
        let is_there = v.norm2(s, std::slice::from_ref(&last))?;
        let is_there = ops::compare(s, Compare::Gt, &is_there, &ops::scalar_like(&is_there, 0.5))?;
        let unit_row = ops::convert(s, &is_row(s, h.shape(), k)?, v.dtype)?;
        let h = ops::select(s, &is_there, &h, &unit_row)?;
        Ok(vec![with_row(s, basis, &next, &unit)?, h])
    }
}

/// The vector at norm 1, and its norm; both zero where it is nothing but rounding of one whose squared norm
/// was `of`.
fn normalized(s: &Scope, v: Vectors, x: &Value, of: &Option<Value>) -> Result<(Value, Value)> {
    let norm2 = v.norm2(s, std::slice::from_ref(x))?;
    let norm = ops::unary(s, Unary::Sqrt, &norm2)?;
    let eps = if norm.ty().dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
    let limit = match of {
        Some(of) => ops::scale(s, &ops::unary(s, Unary::Sqrt, of)?, eps)?,
        None => ops::scalar_like(&norm, eps),
    };
    let is_large = ops::compare(s, Compare::Gt, &norm, &limit)?;
    let zero = ops::full(s, x.ty(), Scalar::Int(0))?;
    let unit = ops::div(s, x, &v.element(s, &norm)?)?;
    let unit = ops::select(s, &is_large, &unit, &zero)?;
    Ok((unit, ops::select(s, &is_large, &norm, &ops::scalar_like(&norm, 0.0))?))
}

/// Where an array's index along axis 0 is `k`.
fn is_row(s: &Scope, shape: &Shape, k: &Value) -> Result<Value> {
    ops::compare(s, Compare::Eq, &ops::iota(s, DType::I32, shape, 0)?, k)
}

/// Row `k`.
fn row(s: &Scope, x: &Value, k: &Value) -> Result<Value> {
    let zero = ops::full(s, x.ty(), Scalar::Int(0))?;
    let only = ops::select(s, &is_row(s, x.shape(), k)?, x, &zero)?;
    ops::reduce_sum(s, &only, [0])
}

/// The array with another row `k`.
fn with_row(s: &Scope, x: &Value, k: &Value, row: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    let rows = ops::broadcast_in_dim(s, row, x.shape(), 1..rank)?;
    ops::select(s, &is_row(s, x.shape(), k)?, &rows, x)
}

/// `factor` times one array plus another.
fn combined(s: &Scope, f: &Value, x: &Value, g: &Value, y: &Value) -> Result<Value> {
    ops::binary(s, Binary::Add, &ops::mul(s, f, x)?, &ops::mul(s, g, y)?)
}
