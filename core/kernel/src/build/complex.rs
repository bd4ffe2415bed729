//! Complex values in bodies: they are put together and taken apart, and what is computed with them is
//! computed with their parts.

use jaxrs_data::{DType, Scalar, SmallVec};

use super::BodyBuilder;
use crate::body::{Carried, LoopKind, ValueId};
use crate::complex::{Formulas, Pair, Reals};
use crate::scalar::{Compare, ReduceOp, ScalarOp};

/// The builder, as formulas on parts see it.
struct Real<'b> {
    body: &'b mut BodyBuilder,
    dtype: DType,
}

impl Reals for Real<'_> {
    type Value = ValueId;

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn number(&mut self, value: f64) -> ValueId {
        self.body.constant(self.dtype, Scalar::Float(value))
    }

    fn op(&mut self, op: ScalarOp, args: &[ValueId]) -> ValueId {
        self.body.op(op, args)
    }

    fn is_negative(&mut self, x: ValueId) -> ValueId {
        let bits = if self.dtype == DType::F32 { DType::I32 } else { DType::I64 };
        let integer = self.body.op(ScalarOp::Bitcast(bits), &[x]);
        let zero = self.body.constant(bits, Scalar::Int(0));
        let is_signed = self.body.compare(Compare::Lt, integer, zero);
        let is_number = self.body.compare(Compare::Eq, x, x);
        self.body.op(ScalarOp::And, &[is_signed, is_number])
    }
}

/// The carried values of a loop; the parts of complex ones are carried apart.
pub(super) struct CarriedParts {
    pub(super) parts: SmallVec<[Carried; 2]>,
    pub(super) is_complex: SmallVec<[bool; 2]>,
}

impl CarriedParts {
    /// Their names inside the loop.
    pub(super) fn params(&self) -> SmallVec<[ValueId; 2]> {
        self.parts.iter().map(|c| c.param).collect()
    }

    /// Their names after it.
    pub(super) fn results(&self) -> SmallVec<[ValueId; 2]> {
        self.parts.iter().map(|c| c.result).collect()
    }
}

impl BodyBuilder {
    /// The complex number with these parts.
    pub fn complex(&mut self, re: ValueId, im: ValueId) -> ValueId {
        self.op(ScalarOp::Complex, &[re, im])
    }

    /// The parts of a complex number; the imaginary part of a real one is zero.
    pub fn parts(&mut self, z: ValueId) -> Pair<ValueId> {
        let dtype = self.dtype(z);
        if dtype.is_complex() {
            return (self.op(ScalarOp::Re, &[z]), self.op(ScalarOp::Im, &[z]));
        }
        (z, self.constant(dtype, Scalar::zero(dtype)))
    }

    /// What an operation on complex numbers comes to: operations on their parts.
    pub(super) fn complex_op(&mut self, op: ScalarOp, args: &[ValueId]) -> Option<ValueId> {
        match op {
            ScalarOp::Re | ScalarOp::Im | ScalarOp::Complex => return self.part_of_known(op, args),
            ScalarOp::Select => return self.select_parts(args),
            ScalarOp::Cast(to) => return self.cast_complex(args[0], to),
            _ => {}
        }
        let dtype = self.dtype(args[0]);
        if !dtype.is_complex() {
            return None;
        }
        let z = self.parts(args[0]);
        let w = args.get(1).map(|&w| self.parts(w));
        let mut real = Real { body: self, dtype: dtype.real_part() };
        let mut formulas = Formulas(&mut real);
        let (re, im) = match (op, w) {
            (ScalarOp::Abs, _) => return Some(formulas.magnitude(z)),
            (ScalarOp::Compare(compare), Some(w)) => return formulas.equality(compare, z, w),
            (_, None) => formulas.unary(op, z)?,
            (_, Some(w)) => formulas.binary(op, z, w)?,
        };
        Some(self.complex(re, im))
    }

    /// The part of a number that was put together here or is constant; a number put together from both
    /// parts of one.
    fn part_of_known(&mut self, op: ScalarOp, args: &[ValueId]) -> Option<ValueId> {
        let definition = |value: ValueId| self.facts[value.0 as usize].definition.as_ref();
        if op == ScalarOp::Complex {
            if let (Some(re), Some(im)) = (self.as_constant(args[0]), self.as_constant(args[1])) {
                let dtype = op.result(&[self.dtype(args[0])]);
                return Some(self.constant(dtype, Scalar::Complex(re.as_f64(), im.as_f64())));
            }
            let (Some((ScalarOp::Re, z)), Some((ScalarOp::Im, w))) =
                (definition(args[0]), definition(args[1]))
            else {
                return None;
            };
            return (z[0] == w[0]).then_some(z[0]);
        }
        let k = usize::from(op == ScalarOp::Im);
        if let Some((ScalarOp::Complex, parts)) = definition(args[0]) {
            return Some(parts[k]);
        }
        let (re, im) = self.as_constant(args[0])?.as_complex();
        let dtype = self.dtype(args[0]).real_part();
        Some(self.constant(dtype, Scalar::Float([re, im][k])))
    }

    /// A selection among numbers whose parts are there already is one among these.
    fn select_parts(&mut self, args: &[ValueId]) -> Option<ValueId> {
        let is_apart = |value: ValueId| {
            if self.as_constant(value).is_some() {
                return false;
            }
            let definition = self.facts[value.0 as usize].definition.as_ref();
            definition.is_some_and(|(op, _)| *op == ScalarOp::Complex)
        };
        if !is_apart(args[1]) && !is_apart(args[2]) {
            return None;
        }
        let (z, w) = (self.parts(args[1]), self.parts(args[2]));
        let (re, im) = (self.select(args[0], z.0, w.0), self.select(args[0], z.1, w.1));
        Some(self.complex(re, im))
    }

    fn cast_complex(&mut self, z: ValueId, to: DType) -> Option<ValueId> {
        let from = self.dtype(z);
        if !from.is_complex() && !to.is_complex() {
            return None;
        }
        let part = to.real_part();
        if !from.is_complex() {
            let (re, im) = (self.cast(z, part), self.constant(part, Scalar::zero(part)));
            return Some(self.complex(re, im));
        }
        let (re, im) = self.parts(z);
        let re = self.cast(re, part);
        if !to.is_complex() {
            return Some(re);
        }
        let im = self.cast(im, part);
        Some(self.complex(re, im))
    }

    /// Loops carry the parts of complex values: each value, or its parts.
    pub(super) fn apart(&mut self, values: &[ValueId]) -> SmallVec<[ValueId; 2]> {
        let mut apart = SmallVec::new();
        for &value in values {
            if self.dtype(value).is_complex() {
                let (re, im) = self.parts(value);
                apart.extend([re, im]);
            } else {
                apart.push(value);
            }
        }
        apart
    }

    /// The values of which these are the parts, by which of them are complex.
    pub(super) fn joined(
        &mut self,
        apart: &[ValueId],
        is_complex: &[bool],
    ) -> SmallVec<[ValueId; 2]> {
        let mut parts = apart.iter().copied();
        let mut joined = SmallVec::new();
        for &is_complex in is_complex {
            match (parts.next(), is_complex) {
                (Some(value), false) => joined.push(value),
                (Some(re), true) => {
                    let im = parts.next().unwrap_or(re);
                    joined.push(self.complex(re, im));
                }
                (None, _) => {}
            }
        }
        joined
    }

    /// How a loop that carries complex values runs: sums are sums of parts; what else combines complex
    /// numbers is not done part by part, so that one iteration follows another.
    pub(super) fn kind_of_parts(
        kind: LoopKind,
        is_complex: &[bool],
    ) -> (LoopKind, Option<SmallVec<[ReduceOp; 2]>>) {
        let LoopKind::Reduce(ops) = kind else { return (kind, None) };
        let pairs = || ops.iter().copied().zip(is_complex.iter().copied());
        if pairs().any(|(op, is_complex)| is_complex && op != ReduceOp::Add) {
            return (LoopKind::Sequential, Some(ops));
        }
        let parts = pairs().flat_map(|(op, is_complex)| vec![op; 1 + usize::from(is_complex)]);
        (LoopKind::Reduce(parts.collect()), None)
    }
}
