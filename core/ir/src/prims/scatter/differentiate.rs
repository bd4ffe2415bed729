//! Derivatives of scatters.

use jaxrs_data::{DType, Error, ErrorKind, Result, Scalar, Shape, SmallVec, Type, smallvec};
use jaxrs_kernel::Compare;

use super::{Scatter, ScatterKind};
use crate::prims::{Binary, Gather, not_linear};
use crate::{Cx, Jvp, Operand, Tangent, Value, ops};

impl Scatter {
    fn bind(&self, cx: Cx<'_>, x: &Value, indices: &Value, updates: &Value) -> Result<Value> {
        ops::bind1(cx, self.clone(), &[x.clone(), indices.clone(), updates.clone()])
    }

    fn with_kind(&self, kind: ScatterKind) -> Scatter {
        Scatter { kind, ..self.clone() }
    }

    /// The windows of an array that a scatter of such updates writes; zero for those that are dropped.
    fn gather(&self, cx: Cx<'_>, x: &Value, indices: &Value, updates: &Shape) -> Result<Value> {
        if x.ty().numel() == 0 {
            return ops::full(cx, &x.ty().with_shape(updates.clone()), Scalar::Int(0));
        }
        let gather = Gather {
            offset_dims: self.update_window_dims.clone(),
            collapsed_slice_dims: self.inserted_window_dims.clone(),
            start_index_map: self.scatter_dims_to_operand_dims.clone(),
            operand_batching_dims: self.operand_batching_dims.clone(),
            start_indices_batching_dims: self.scatter_indices_batching_dims.clone(),
            slice_sizes: self.windows(x.shape(), updates).sizes,
            mode: self.mode,
            fill_value: Some(0),
        };
        ops::bind1(cx, gather, &[x.clone(), indices.clone()])
    }

    pub(super) fn jvp_rule(
        &self,
        cx: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Jvp> {
        let y = ops::bind1(cx, self.clone(), primals)?;
        let tangent = match self.kind {
            ScatterKind::Add | ScatterKind::Sub => self.bind_tangents(cx, primals, tangents)?,
            ScatterKind::Set if self.unique_indices => self.bind_tangents(cx, primals, tangents)?,
            ScatterKind::Set => self.winners(cx, primals, tangents)?,
            ScatterKind::Mul => self.product(cx, primals, tangents)?,
            ScatterKind::Min | ScatterKind::Max => self.extreme(cx, primals, &y, tangents)?,
        };
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn bind_tangents(
        &self,
        cx: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Tangent> {
        let (dx, dy) = (tangents[0].instantiate(cx)?, tangents[2].instantiate(cx)?);
        self.bind(cx, &dx, &primals[1], &dy).map(Tangent::Value)
    }

    /// The tangent where several windows may overlap: each update gets a number, and the numbers are
    /// scattered too, so that those which stay name the updates that count. The rest is linear.
    fn winners(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Tangent> {
        let (x, indices, updates) = (&primals[0], &primals[1], &primals[2]);
        let numbers = self.numbers(cx, updates.shape())?;
        let none = ops::full(cx, &Type::new(DType::I32, x.shape().clone()), Scalar::Int(0))?;
        let last = self.bind(cx, &none, indices, &numbers)?;
        let untouched = ops::compare(cx, Compare::Eq, &last, &none)?;
        let there = self.gather(cx, &last, indices, updates.shape())?;
        let wins = ops::compare(cx, Compare::Eq, &there, &numbers)?;
        let masked = |mask: &Value, tangent: &Tangent| {
            let zeros = ops::full(cx, tangent.ty(), Scalar::Int(0))?;
            match tangent {
                Tangent::Zero(_) => Ok(zeros),
                Tangent::Value(value) => ops::select(cx, mask, value, &zeros),
            }
        };
        let (dx, dy) = (masked(&untouched, &tangents[0])?, masked(&wins, &tangents[2])?);
        self.with_kind(ScatterKind::Add).bind(cx, &dx, indices, &dy).map(Tangent::Value)
    }

    /// A number from 1 for each window, in the shape of the updates.
    fn numbers(&self, cx: Cx<'_>, updates: &Shape) -> Result<Value> {
        let over = crate::rules::axes::others(updates.rank(), &[&self.update_window_dims]);
        let sizes: Shape = over.iter().map(|&dim| updates[dim]).collect();
        let count = ops::iota(cx, DType::I32, &Shape::from([sizes.numel()]), 0)?;
        let count = ops::reshape(cx, &ops::offset(cx, &count, 1.0)?, &sizes)?;
        ops::broadcast_in_dim(cx, &count, updates, over)
    }

    fn product(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Tangent> {
        let (x, indices, updates) = (&primals[0], &primals[1], &primals[2]);
        let dx = tangents[0].map(x.ty(), |dx| self.bind(cx, dx, indices, updates))?;
        let dy = tangents[2].map(x.ty(), |dy| {
            self.needs_unique()?;
            let zeros = ops::full(cx, x.ty(), Scalar::Int(0))?;
            let sum = self.with_kind(ScatterKind::Add).bind(cx, &zeros, indices, dy)?;
            ops::mul(cx, &sum, x)
        })?;
        dx.add(cx, &dy)
    }

    /// The tangent of a minimum or maximum: where several operands and updates reach it, they share it
    /// equally. What is added to the operand's tangent takes the losing operand's away.
    fn extreme(
        &self,
        cx: Cx<'_>,
        primals: &[Value],
        y: &Value,
        tangents: &[Tangent],
    ) -> Result<Tangent> {
        let (x, indices, updates) = (&primals[0], &primals[1], &primals[2]);
        let (dx, dy) = (tangents[0].instantiate(cx)?, tangents[2].instantiate(cx)?);
        let add = self.with_kind(ScatterKind::Add);
        let at = |array: &Value| self.gather(cx, array, indices, updates.shape());
        let reached = at(y)?;
        let wins = ops::compare(cx, Compare::Eq, updates, &reached)?;
        let stays = ops::compare(cx, Compare::Eq, &at(x)?, &reached)?;
        let constant = |value| ops::full(cx, updates.ty(), Scalar::Int(value));
        let (zeros, ones) = (constant(0)?, constant(1)?);
        // How many of the updates at the same place have a property.
        let count = |marks: &Value| {
            let none = ops::full(cx, x.ty(), Scalar::Int(0))?;
            at(&add.bind(cx, &none, indices, marks)?)
        };
        let winners = count(&ops::select(cx, &wins, &ones, &zeros)?)?;
        let sharers = ops::add(cx, &winners, &ops::select(cx, &stays, &ones, &zeros)?)?;
        // What is dropped counts nothing, and must have finite coefficients too.
        let some = |count: &Value| ops::binary(cx, Binary::Max, count, &ones);
        let (sharers, all) = (some(&sharers)?, some(&count(&ones)?)?);
        let share = ops::div(cx, &ones, &sharers)?;
        let won = ops::select(cx, &wins, &share, &zeros)?;
        let kept = ops::sub(cx, &ops::select(cx, &stays, &share, &zeros)?, &ones)?;
        let kept = ops::div(cx, &kept, &all)?;
        let change = ops::mul(cx, &at(&dx)?, &kept)?;
        let change = ops::add_any(cx, &change, &ops::mul(cx, &dy, &won)?)?;
        add.bind(cx, &dx, indices, &change).map(Tangent::Value)
    }

    fn needs_unique(&self) -> Result<()> {
        if self.unique_indices {
            return Ok(());
        }
        let message = "needs unique_indices for this derivative";
        Err(Error::new(ErrorKind::Unimplemented, format_args!("{} {message}", self.kind.name())))
    }

    pub(super) fn transpose_rule(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        ct: &Value,
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let Some(indices) = inputs[1].known() else { return Err(not_linear(self)) };
        let mut result: SmallVec<[Tangent; 4]> =
            inputs.iter().map(|input| Tangent::Zero(input.ty().clone())).collect();
        if inputs[0].is_linear() {
            result[0] = self.operand_cotangent(cx, indices, &inputs[2], ct)?.into();
        }
        if inputs[2].is_linear() {
            let ct = match (self.kind, inputs[0].known()) {
                (ScatterKind::Add, _) => ct.clone(),
                (ScatterKind::Sub, _) => ops::neg(cx, ct)?,
                (ScatterKind::Set, _) => self.needs_unique().map(|()| ct.clone())?,
                (ScatterKind::Mul, Some(x)) => {
                    self.needs_unique()?;
                    ops::mul(cx, ct, x)?
                }
                _ => return Err(not_linear(self)),
            };
            result[2] = self.gather(cx, &ct, indices, &inputs[2].ty().shape)?.into();
        }
        Ok(result)
    }

    fn operand_cotangent(
        &self,
        cx: Cx<'_>,
        indices: &Value,
        updates: &Operand,
        ct: &Value,
    ) -> Result<Value> {
        match (self.kind, updates.known()) {
            (ScatterKind::Add | ScatterKind::Sub, _) => Ok(ct.clone()),
            (ScatterKind::Mul, Some(updates)) => self.bind(cx, ct, indices, updates),
            // What was replaced gets nothing, however often.
            (ScatterKind::Set, _) => {
                let zeros = ops::full(cx, updates.ty(), Scalar::Int(0))?;
                self.bind(cx, ct, indices, &zeros)
            }
            _ => Err(not_linear(self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jaxrs_data::{Literal, smallvec};

    use super::*;
    use crate::Primitive;
    use crate::eager::{Eager, literal, values};
    use crate::prims::IndexMode;
    use crate::prims::sample::integers;

    /// The tangent of scattering single elements of which two meet, one ties and one is dropped.
    #[track_caller]
    fn check(kind: ScatterKind, expected: &[f32]) {
        let scatter = Scatter {
            kind,
            update_window_dims: smallvec![],
            inserted_window_dims: smallvec![0],
            scatter_dims_to_operand_dims: smallvec![0],
            operand_batching_dims: smallvec![],
            scatter_indices_batching_dims: smallvec![],
            mode: IndexMode::FillOrDrop,
            unique_indices: false,
        };
        let (x, updates) =
            (Literal::f32([3], &[1.0, 2.0, 3.0]), Literal::f32([4], &[4.0, 4.0, 2.0, 9.0]));
        let indices = integers(DType::I32, [4, 1], &[0, 0, 1, 5]);
        let tangent =
            |values: &[f32]| Tangent::Value(Value::literal(Literal::f32([values.len()], values)));
        let none = Tangent::Zero(indices.ty().clone());
        let tangents = [tangent(&[1.0, 2.0, 3.0]), none, tangent(&[1.0, 10.0, 100.0, 1000.0])];
        let jvp = scatter.jvp(&Eager, &values(&[x, indices, updates]), &tangents).unwrap();
        let got = jvp.tangents[0].instantiate(&Eager).unwrap();
        assert_eq!(*literal(&got), Literal::f32([3], expected));
    }

    /// From `jax.jvp` of JAX 0.10.2.
    #[test]
    fn the_last_update_of_a_place_has_its_tangent_and_extremes_share_theirs() {
        check(ScatterKind::Set, &[10.0, 100.0, 3.0]);
        check(ScatterKind::Add, &[12.0, 102.0, 3.0]);
        check(ScatterKind::Sub, &[-10.0, -98.0, 3.0]);
        check(ScatterKind::Max, &[5.5, 51.0, 3.0]);
    }
}
