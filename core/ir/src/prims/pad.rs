//! Padding.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{Compare, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::{self, Index};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `pad(x, value)`: for each axis `(low, high, interior)`: elements put before, after and between; negative
/// `low` and `high` cut elements off.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// For each axis: low, high, interior.
    pub padding_config: SmallVec<[(i64, i64, i64); 4]>,
}

/// The size of an axis with elements between its own, if it can be counted.
fn dilated(size: usize, interior: i64) -> Option<i64> {
    let gaps = i64::try_from(size.saturating_sub(1)).ok()?;
    gaps.checked_mul(interior)?.checked_add(i64::try_from(size).ok()?)
}

impl Pad {
    fn bind(&self, cx: Cx<'_>, x: &Value, value: &Value) -> Result<Value> {
        ops::bind1(cx, self.clone(), &[x.clone(), value.clone()])
    }

    /// The operand's element that a result's coordinate along an axis shows, if any.
    fn source(&self, axis: usize, i: usize, size: usize) -> Option<usize> {
        let (low, _, interior) = self.padding_config[axis];
        let i = usize::try_from(i as i64 - low).ok()?;
        let step = interior as usize + 1;
        (i % step == 0 && i / step < size).then_some(i / step)
    }

    /// What cuts off again what was padded, up to the interior.
    fn undo(&self) -> Pad {
        let axis = |&(low, high, _): &(i64, i64, i64)| (-low, -high, 0);
        Pad { padding_config: self.padding_config.iter().map(axis).collect() }
    }

    /// The part of the result's cotangent that belongs to the operand.
    fn operand_cotangent(&self, cx: Cx<'_>, ct: &Value, operand: &Shape) -> Result<Value> {
        let zero = ops::scalar(ct.ty().dtype, 0.0);
        let cut = self.undo().bind(cx, ct, &zero)?;
        if self.padding_config.iter().all(|&(_, _, interior)| interior == 0) {
            return Ok(cut);
        }
        let strides: Shape =
            self.padding_config.iter().map(|&(_, _, interior)| interior as usize + 1).collect();
        ops::slice(cx, &cut, &vec![0; operand.rank()], cut.shape(), &strides)
    }

    /// For one example after another a padding value of its own: chosen where nothing of `x` shows.
    fn batch_value(&self, cx: Cx<'_>, x: &Value, value: &Value) -> Result<Value> {
        let padded = self.bind(cx, x, &ops::scalar(x.ty().dtype, 0.0))?;
        let whole = ops::full(cx, &x.ty().with_dtype(DType::Bool), Scalar::Bool(true))?;
        let shows = self.bind(cx, &whole, &ops::scalar(DType::Bool, 0.0))?;
        let value = ops::broadcast_in_dim(cx, value, padded.shape(), [0])?;
        ops::select(cx, &shows, &padded, &value)
    }

    /// The operand's coordinate along an axis, and the mask of where there is one, joined with `mask`.
    fn coordinate(
        &self,
        cx: &mut dyn Elements,
        axis: usize,
        i: ValueId,
        mask: &mut Option<ValueId>,
    ) -> ValueId {
        let (low, high, interior) = self.padding_config[axis];
        let size = cx.input_type(0).shape[axis];
        let b = cx.builder();
        let shifted = index::offset(b, i, -low);
        let zero = b.index(0);
        if low > 0 {
            let reached = b.compare(Compare::Ge, shifted, zero);
            *mask = index::and(b, *mask, reached);
        }
        let step = b.index(interior + 1);
        if interior > 0 {
            let gap = b.op(ScalarOp::Rem, &[shifted, step]);
            let hit = b.compare(Compare::Eq, gap, zero);
            *mask = index::and(b, *mask, hit);
        }
        let source = b.op(ScalarOp::Div, &[shifted, step]);
        if high > 0 {
            let end = b.index(size as i64);
            let inside = b.compare(Compare::Lt, source, end);
            *mask = index::and(b, *mask, inside);
        }
        source
    }
}

impl Primitive for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn params(&self) -> Params {
        let axis = |&(low, high, interior): &(i64, i64, i64)| vec![low, high, interior];
        vec![("padding_config", Param::IntLists(self.padding_config.iter().map(axis).collect()))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        let axis = |list: &Vec<i64>| match list[..] {
            [low, high, interior] => Ok((low, high, interior)),
            _ => Err(read.error(format_args!("needs (low, high, interior), got {list:?}"))),
        };
        (name == "pad").then(|| {
            let config = read.int_lists("padding_config")?;
            Ok(Pad { padding_config: config.iter().map(axis).collect::<Result<_>>()? })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let (x, config) = (&inputs[0], &self.padding_config);
        nary::same_dtype(self.name(), inputs)?;
        if inputs[1].rank() != 0 {
            bail!(Shape, "pad needs a scalar as padding value, got {}", inputs[1]);
        }
        if config.len() != x.rank() {
            bail!(Shape, "pad needs (low, high, interior) for each axis of {x}, got {config:?}");
        }
        let mut shape = Shape::scalar();
        for (axis, &(low, high, interior)) in config.iter().enumerate() {
            if interior < 0 {
                bail!(InvalidArgument, "pad needs interior of at least 0, got {:?}", config[axis]);
            }
            let sane = |amount: i64| amount.unsigned_abs() < 1 << 62;
            let size = dilated(x.shape[axis], interior)
                .filter(|_| sane(low) && sane(high) && sane(interior))
                .and_then(|size| size.checked_add(low)?.checked_add(high))
                .and_then(|size| usize::try_from(size).ok());
            let Some(size) = size else {
                let config = config[axis];
                bail!(Shape, "pad of axis {axis} of {x} by {config:?} leaves no valid size");
            };
            shape = shape.with(axis, size);
        }
        axes::check_addressable(self.name(), &shape, x.dtype)?;
        Ok(smallvec![x.with_shape(shape).with_weak(x.weak && inputs[1].weak)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (x, value) = (&inputs[0], inputs[1].get(0));
        let out = self.output_types(&[x.ty().clone(), inputs[1].ty().clone()])?.swap_remove(0);
        let shape = out.shape.clone();
        Ok(smallvec![Literal::from_fn(out, |position| {
            let index = shape.unravel(position);
            let sizes = x.ty().shape.iter().enumerate();
            let from: Option<Shape> =
                sizes.map(|(axis, &size)| self.source(axis, index[axis], size)).collect();
            from.map_or(value, |from| x.at(&from))
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = self.bind(cx, &primals[0], &primals[1])?;
        let dx = tangents[0].instantiate(cx)?;
        let tangent = match &tangents[1] {
            Tangent::Zero(ty) => self.bind(cx, &dx, &ops::scalar(ty.dtype, 0.0))?,
            Tangent::Value(value) => self.bind(cx, &dx, value)?,
        };
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent.into()] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        let x = self.operand_cotangent(cx, ct, &inputs[0].ty().shape)?;
        let value = match &inputs[1] {
            Operand::Known(value) => Tangent::Zero(value.ty().clone()),
            // All that does not belong to the operand is padding.
            Operand::Linear(_) => {
                let (all, own) = (ops::reduce_sum_all(cx, ct)?, ops::reduce_sum_all(cx, &x)?);
                ops::sub(cx, &all, &own)?.into()
            }
        };
        let x = match &inputs[0] {
            Operand::Known(known) => Tangent::Zero(known.ty().clone()),
            Operand::Linear(_) => x.into(),
        };
        Ok(smallvec![x, value])
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let x = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let mut batched = self.clone();
        batched.padding_config.insert(0, (0, 0, 0));
        let y = match axes[1] {
            None => batched.bind(cx, &x, &inputs[1])?,
            Some(_) => batched.batch_value(cx, &x, &inputs[1])?,
        };
        Ok(linear::batched(y, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let (mut operand, mut mask) = (Index::new(), None);
        for (axis, &i) in index.iter().enumerate() {
            operand.push(self.coordinate(cx, axis, i, &mut mask));
        }
        let Some(mask) = mask else { return cx.operand(0, &operand) };
        let element = cx.operand_where(0, &operand, mask)?;
        let value = cx.operand(1, &[])?;
        let zero = Scalar::zero(cx.input_type(1).dtype);
        // What is masked out is zero already. A zero of the other sign is not the same.
        if cx.builder().as_constant(value).is_some_and(|known| is_same_zero(known, zero)) {
            return Ok(element);
        }
        Ok(index::select(cx.builder(), mask, element, value))
    }

    fn cost(&self) -> u32 {
        2
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{DTYPES, exact, finite, hard};
        let pad = |config: &[(i64, i64, i64)]| Pad { padding_config: config.into() };
        let float = |config: &[(i64, i64, i64)], shape: &[usize]| {
            exact(pad(config), vec![finite(DType::F32, shape), finite(DType::F32, &[])])
        };
        let every = |dtype| crate::prims::Sample {
            smooth: false,
            ..exact(pad(&[(1, 0, 1), (0, 2, 0)]), vec![hard(dtype, &[2, 3]), hard(dtype, &[])])
        };
        let mut samples: Vec<_> = DTYPES.into_iter().map(every).collect();
        samples.extend([
            float(&[(-1, 2, 0)], &[4]),
            float(&[(2, -1, 2), (-1, -1, 1)], &[3, 4]),
            float(&[(-3, 1, 2)], &[3]),
            float(&[(1, 1, 1)], &[0]),
            float(&[(-2, -1, 0)], &[3]),
            float(&[], &[]),
            float(&[(0, 0, 3), (1, 1, 0)], &[1, 2]),
        ]);
        samples
    }
}

fn is_same_zero(value: Scalar, zero: Scalar) -> bool {
    match value {
        Scalar::Float(value) => value.to_bits() == 0,
        Scalar::Complex(re, im) => re.to_bits() == 0 && im.to_bits() == 0,
        _ => value == zero,
    }
}
