//! Matrices whose factors have derivatives: those of made-up matrices may be singular or have equal eigenvalues.

use jaxrs_data::{Literal, Scalar, SmallVec, Type};
use jaxrs_ir::prims::{Binary, Complex, ComplexPart, Conj, Transpose, Unary};
use jaxrs_ir::{Atom, Prim, VarId};

use super::Generator;

/// How much of a matrix is not its constant part: less than half of the distance of eigenvalues.
const MOVABLE: f64 = 0.3;

/// Whether a primitive takes a matrix, its only operand, apart.
pub(crate) fn is_factorisation(prim: &Prim) -> bool {
    let is_one = matches!(
        prim,
        Prim::Svd(_) | Prim::Qr(_) | Prim::Eig(_) | Prim::Eigh(_) | Prim::Lu(_) | Prim::Cholesky(_)
    );
    is_one || matches!(prim, Prim::Schur(_) | Prim::Hessenberg(_) | Prim::Tridiagonal(_))
}

/// Whether a primitive takes a matrix apart that may be singular, with whatever operands and derivatives.
pub(crate) fn takes_apart(prim: &Prim) -> bool {
    let solves_any = matches!(prim, Prim::TridiagonalSolve(solve) if solve.perturb_singular);
    is_factorisation(prim) || solves_any || matches!(prim, Prim::Geqrf(_) | Prim::Geqp3(_))
}

/// Whether it reads one triangle, and has derivatives that are about both.
fn is_hermitian(prim: &Prim) -> bool {
    matches!(prim, Prim::Eigh(_) | Prim::Cholesky(_) | Prim::Tridiagonal(_))
}

impl Generator<'_> {
    /// Factors of a matrix that is made of some variable, near a diagonal one of distinct numbers.
    pub(super) fn factors(&mut self, prim: &Prim, ty: &Type) -> Option<()> {
        let var = self.fitting(ty)?;
        let mut var = self.conditioned(var)?;
        if is_hermitian(prim) {
            var = self.hermitian(var)?;
        }
        let outputs = self.add(prim.clone(), &[Atom::Var(var)])?;
        if matches!(prim, Prim::Cholesky(_)) {
            // What stands above the diagonal is no one's business.
            self.vars.pop();
            let ty = self.ty(outputs[0]).clone();
            let mask = self.matrix(&ty, |i, j| (f64::from(u8::from(i >= j)), 0.0));
            self.push1(Binary::Mul, &[Atom::Var(outputs[0]), Atom::Var(mask)]);
        }
        Some(())
    }

    /// A fixed input with these elements in each matrix, their parts if they are complex. Nothing else picks it: its equal elements would be no
    /// smooth operand of a sort or of pivots.
    fn matrix(&mut self, ty: &Type, element: impl Fn(usize, usize) -> (f64, f64)) -> VarId {
        let (ty, rank) = (ty.with_weak(false), ty.rank());
        let literal = Literal::from_fn(ty.clone(), |k| {
            let index = ty.shape.unravel(k);
            let (re, im) = element(index[rank - 2], index[rank - 1]);
            match ty.dtype.is_complex() {
                true => Scalar::Complex(re, im),
                false => Scalar::Float(re).cast(ty.dtype),
            }
        });
        let var = self.input(literal, true);
        self.vars.pop();
        var
    }

    /// A diagonal matrix of 1, 2, 3…, and a little of the variable. Complex ones are nowhere real: there the phase of a
    /// reflection is not continuous.
    fn conditioned(&mut self, var: VarId) -> Option<VarId> {
        let ty = self.ty(var).clone();
        let small = self.limited(var)?;
        let n = ty.shape[ty.rank() - 2..].iter().copied().max().unwrap_or(1).max(1);
        let scale = Literal::scalar(ty.dtype, Scalar::Float(MOVABLE / n as f64).cast(ty.dtype));
        let small = self.push1(Binary::Mul, &[Atom::Var(small), Atom::Literal(scale)])?;
        let imaginary =
            |i: usize, j: usize| MOVABLE * (1 + (3 * i + 5 * j) % 7) as f64 / (14 * n) as f64;
        let real = |i: usize, j: usize| if i == j { 1.0 + i as f64 } else { 0.0 };
        let diagonal = self.matrix(&ty, |i, j| (real(i, j), imaginary(i, j)));
        self.push1(Binary::Add, &[Atom::Var(small), Atom::Var(diagonal)])
    }

    /// Parts between −1 and 1.
    fn limited(&mut self, var: VarId) -> Option<VarId> {
        if !self.ty(var).dtype.is_complex() {
            return self.push1(Unary::Tanh, &[Atom::Var(var)]);
        }
        let re = self.push1(ComplexPart::Real, &[Atom::Var(var)])?;
        let im = self.push1(ComplexPart::Imag, &[Atom::Var(var)])?;
        let re = self.push1(Unary::Tanh, &[Atom::Var(re)])?;
        let im = self.push1(Unary::Tanh, &[Atom::Var(im)])?;
        self.push1(Complex, &[Atom::Var(re), Atom::Var(im)])
    }

    /// The matrix and its adjoint, added.
    fn hermitian(&mut self, var: VarId) -> Option<VarId> {
        let ty = self.ty(var).clone();
        let conj = match ty.dtype.is_complex() {
            true => self.push1(Conj { input_dtype: ty.dtype }, &[Atom::Var(var)])?,
            false => var,
        };
        let mut permutation: SmallVec<[usize; 4]> = (0..ty.rank()).collect();
        permutation.swap(ty.rank() - 2, ty.rank() - 1);
        let adjoint = self.push1(Transpose { permutation }, &[Atom::Var(conj)])?;
        self.push1(Binary::Add, &[Atom::Var(var), Atom::Var(adjoint)])
    }
}
