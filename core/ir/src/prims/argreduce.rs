//! Positions of the largest and smallest element.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare, LoopKind, ReduceOp, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering, identity};
use crate::prims::Primitive;
use crate::rules::index::Index;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `argmax` or `argmin` along one axis, which disappears: the first position of the extreme element; the
/// first NaN, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArgReduce {
    /// Whether the largest is wanted.
    pub is_max: bool,
    /// Along which axis.
    pub axis: usize,
    /// The element type of the result.
    pub index_dtype: DType,
}

impl ArgReduce {
    /// Whether an element comes before the best one so far.
    fn is_better(self, x: Scalar, best: Scalar) -> bool {
        let is_nan = |v: Scalar| matches!(v, Scalar::Float(v) if v.is_nan());
        if is_nan(x) || is_nan(best) {
            return is_nan(x) && !is_nan(best);
        }
        let (greater, lesser) = if self.is_max { (x, best) } else { (best, x) };
        match (greater, lesser) {
            (Scalar::Int(a), Scalar::Int(b)) => a > b,
            (Scalar::Uint(a), Scalar::Uint(b)) => a > b,
            (Scalar::Bool(a), Scalar::Bool(b)) => a & !b,
            (a, b) => a.as_f64() > b.as_f64(),
        }
    }

    /// As [`ArgReduce::is_better`], in a kernel.
    fn code(self, b: &mut BodyBuilder, x: ValueId, best: ValueId) -> ValueId {
        let compare = if self.is_max { Compare::Gt } else { Compare::Lt };
        let is_better = b.compare(compare, x, best);
        if !b.dtype(x).is_float() {
            return is_better;
        }
        let is_nan = b.compare(Compare::Ne, x, x);
        let was_number = b.compare(Compare::Eq, best, best);
        let is_first_nan = b.op(ScalarOp::And, &[is_nan, was_number]);
        b.op(ScalarOp::Or, &[is_better, is_first_nan])
    }
}

impl Primitive for ArgReduce {
    fn name(&self) -> &'static str {
        if self.is_max { "argmax" } else { "argmin" }
    }

    fn params(&self) -> Params {
        vec![("axes", Param::sizes(&[self.axis])), ("index_dtype", Param::DType(self.index_dtype))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<ArgReduce>> {
        let is_max = match name {
            "argmax" => true,
            "argmin" => false,
            _ => return None,
        };
        let reader = ParamReader::new(name, params);
        let read = || {
            let axes: Index1 = reader.sizes("axes")?;
            let [axis] = *axes else {
                return Err(reader.error(format_args!("needs one axis, got {}", axes.len())));
            };
            Ok(ArgReduce { is_max, axis, index_dtype: reader.dtype("index_dtype")? })
        };
        Some(read())
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let (name, axis) = (self.name(), self.axis);
        nary::arity(name, inputs, 1)?;
        let x = &inputs[0];
        if !x.dtype.is_ordered() {
            bail!(Dtype, "{name} does not take {x}");
        }
        if !self.index_dtype.is_integer() {
            bail!(Dtype, "{name} needs an integer index_dtype, got {}", self.index_dtype);
        }
        match x.shape.get(axis) {
            None => bail!(InvalidArgument, "{name} needs an axis below {}, got {axis}", x.rank()),
            Some(0) => bail!(Shape, "{name} needs an element along axis {axis}, got {x}"),
            Some(_) => Ok(smallvec![Type::new(self.index_dtype, x.shape.without(axis))]),
        }
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let out = self.output_types(&[x.ty().clone()])?.swap_remove(0);
        let n = x.ty().shape[self.axis];
        Ok(smallvec![Literal::from_fn(out.clone(), |position| {
            let mut index = out.shape.unravel(position);
            index.insert(self.axis, 0);
            let mut best = 0;
            for i in 1..n {
                let at = |i: usize, index: &mut Index1| {
                    index[self.axis] = i;
                    x.at(index)
                };
                if self.is_better(at(i, &mut index), at(best, &mut index)) {
                    best = i;
                }
            }
            Scalar::Int(best as i64)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, examples) = linear::example(inputs, axes)?;
        let axis = self.axis + usize::from(self.axis >= examples);
        let y = ops::bind1(cx, ArgReduce { axis, ..*self }, &[x])?;
        Ok(linear::batched(y, examples - usize::from(axis < examples)))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Reduction
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let x = cx.input_type(0).clone();
        let compute = nary::compute_dtype(x.dtype);
        let worst = identity(if self.is_max { ReduceOp::Max } else { ReduceOp::Min }, compute);
        let b = cx.builder();
        let inits = [b.constant(compute, worst), b.index(0)];
        let trips = x.shape[self.axis];
        let results = cx.counted(LoopKind::Sequential, trips, &inits, &mut |cx, i, carried| {
            let mut at = Index::from_slice(index);
            at.insert(self.axis, i);
            let element = cx.operand(0, &at)?;
            let b = cx.builder();
            let element = b.cast(element, compute);
            let is_better = self.code(b, element, carried[0]);
            Ok(smallvec![
                b.select(is_better, element, carried[0]),
                b.select(is_better, i, carried[1]),
            ])
        })?;
        Ok(cx.builder().cast(results[1], self.index_dtype))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::{Sample, sample};
        let mut samples = Vec::new();
        for dtype in sample::DTYPES.into_iter().filter(|dtype| !dtype.is_complex()) {
            for (shape, axis) in [(&[3, 11][..], 1), (&[9, 2], 0), (&[1], 0), (&[0, 2], 1)] {
                for is_max in [true, false] {
                    let prim = ArgReduce { is_max, axis, index_dtype: DType::I32 };
                    for x in [sample::hard(dtype, shape), sample::finite(dtype, shape)] {
                        samples.push(Sample { smooth: false, ..sample::exact(prim, vec![x]) });
                    }
                }
            }
        }
        let narrow = ArgReduce { is_max: true, axis: 0, index_dtype: DType::U8 };
        samples.push(sample::exact(narrow, vec![sample::finite(DType::F32, &[7])]));
        samples
    }
}

/// Coordinates of one element.
type Index1 = SmallVec<[usize; 4]>;
