//! Making variables fit: conversions and movements of elements are steps as good as others.

use jaxrs_data::{Literal, Scalar, Shape, SmallVec, Type};
use jaxrs_ir::prims::{
    BroadcastInDim, Complex, ComplexPart, ConvertElementType, Reshape, Slice, Unary,
};
use jaxrs_ir::{Atom, VarId};

use super::Generator;

impl Generator<'_> {
    /// A variable of this type: one that there is, or what one is made into.
    pub(super) fn fitting(&mut self, ty: &Type) -> Option<VarId> {
        let same: Vec<VarId> =
            self.vars.iter().copied().filter(|&var| self.ty(var).same_ignoring_weak(ty)).collect();
        if !same.is_empty() && self.random.percent(80) {
            return Some(*self.random.of(&same));
        }
        (0..3).find_map(|_| {
            let var = self.pick();
            self.adapted(var, ty)
        })
    }

    /// The variable made into another type.
    pub(super) fn adapted(&mut self, var: VarId, ty: &Type) -> Option<VarId> {
        let var = self.with_dtype(var, ty)?;
        self.with_shape(var, &ty.shape)
    }

    fn with_dtype(&mut self, var: VarId, ty: &Type) -> Option<VarId> {
        let (from, to) = (self.ty(var).dtype, ty.dtype);
        if from == to {
            return Some(var);
        }
        if from.is_key() || to.is_key() {
            return None;
        }
        let atom = Atom::Var(var);
        if from.is_complex() && to == from.real_part() {
            return self.push1(ComplexPart::Real, &[atom]);
        }
        if to.is_complex() && from == to.real_part() {
            return self.push1(Complex, &[atom.clone(), atom]);
        }
        // A smooth program would lose its derivative.
        if self.catalogue.is_smooth() && from.is_inexact() != to.is_inexact() {
            return None;
        }
        let atom = match from.is_complex() {
            true => Atom::Var(self.push1(ComplexPart::Real, &[atom])?),
            false => atom,
        };
        self.push1(ConvertElementType { new_dtype: to, weak_type: false }, &[atom])
    }

    fn with_shape(&mut self, var: VarId, shape: &Shape) -> Option<VarId> {
        let have = self.ty(var).shape.clone();
        if have == *shape {
            return Some(var);
        }
        let (n, needed) = (have.numel(), shape.numel());
        if (n == 0 && needed > 0) || needed > super::LARGEST {
            return None;
        }
        if n == 1 || (n > 0 && needed % n == 0 && have.rank() <= 1) {
            return self.repeated(var, shape);
        }
        let mut flat = self.reshaped(var, &[n])?;
        if n < needed {
            flat = self.repeated(flat, &Shape::new(&[needed.div_ceil(n) * n]))?;
        }
        if self.ty(flat).numel() > needed {
            let n = self.ty(flat).numel();
            let start = self.random.below(n - needed + 1);
            let slice = Slice {
                start_indices: SmallVec::from_slice(&[start]),
                limit_indices: SmallVec::from_slice(&[start + needed]),
                strides: SmallVec::from_slice(&[1]),
            };
            flat = self.push1(slice, &[Atom::Var(flat)])?;
        }
        self.reshaped(flat, shape)
    }

    fn reshaped(&mut self, var: VarId, sizes: &[usize]) -> Option<VarId> {
        if self.ty(var).shape[..] == *sizes {
            return Some(var);
        }
        self.push1(Reshape { new_sizes: Shape::new(sizes) }, &[Atom::Var(var)])
    }

    /// The elements again and again, as often as they fit in.
    fn repeated(&mut self, var: VarId, shape: &Shape) -> Option<VarId> {
        let n = self.ty(var).numel();
        let flat = self.reshaped(var, &[n])?;
        let times = shape.numel() / n;
        let broadcast = BroadcastInDim {
            shape: Shape::new(&[times, n]),
            broadcast_dimensions: SmallVec::from_slice(&[1]),
        };
        let var = self.push1(broadcast, &[Atom::Var(flat)])?;
        self.reshaped(var, shape)
    }

    /// The variable, or its hyperbolic tangent where values could grow without bound from step to step,
    /// which would only test the size of numbers.
    pub(super) fn bounded(&mut self, var: VarId) -> Option<VarId> {
        let dtype = self.ty(var).dtype;
        match dtype.is_float() && !dtype.is_narrow() {
            true => self.push1(Unary::Tanh, &[Atom::Var(var)]),
            false => Some(var),
        }
    }

    /// A scalar written in place.
    pub(super) fn number(ty: &Type, value: i64) -> Atom {
        Atom::Literal(Literal::scalar(ty.dtype, Scalar::Int(value).cast(ty.dtype)))
    }
}
