//! Sorting.

use std::cmp::Ordering;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{LibraryCall, Sort as SortCall, Step};

use crate::lower::{Lowering, Steps};
use crate::prims::{Gather, IndexMode, Primitive};
use crate::rules::axes;
use crate::{Batched, Cx, Jvp, Outputs, Param, ParamReader, Params, Tangent, Value, ops};

/// Sorts operands of one shape along an axis, all permuted alike, ascending and stable, by the first
/// `num_keys` of them. NaNs come last; −0 equals 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Along which axis.
    pub dimension: usize,
    /// How many operands are compared.
    pub num_keys: usize,
    /// Whether equal elements must keep their order; they always do.
    pub is_stable: bool,
}

/// The order of two elements of one type.
fn compare(a: Scalar, b: Scalar) -> Ordering {
    let float = |a: f64, b: f64| match (a.is_nan(), b.is_nan()) {
        (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    };
    match (a, b) {
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(&b),
        (Scalar::Int(a), Scalar::Int(b)) => a.cmp(&b),
        (Scalar::Uint(a), Scalar::Uint(b)) => a.cmp(&b),
        _ => {
            let ((a, i), (b, j)) = (a.as_complex(), b.as_complex());
            float(a, b).then(float(i, j))
        }
    }
}

impl Sort {
    /// Where each element of the result comes from, as row-major positions.
    fn permutation(&self, keys: &[Literal], shape: &Shape) -> Vec<usize> {
        let (len, inner) = (shape[self.dimension], shape[self.dimension + 1..].iter().product());
        let mut sources = vec![0; shape.numel()];
        let outer: usize = shape[..self.dimension].iter().product();
        for (outer, inner_index) in (0..outer).flat_map(|i| (0..inner).map(move |j| (i, j))) {
            let at = |i: usize| (outer * len + i) * inner + inner_index;
            let mut order: Vec<usize> = (0..len).map(at).collect();
            order.sort_by(|&a, &b| {
                let orders = keys.iter().map(|key| compare(key.get(a), key.get(b)));
                orders.fold(Ordering::Equal, Ordering::then)
            });
            order.into_iter().enumerate().for_each(|(i, source)| sources[at(i)] = source);
        }
        sources
    }
}

/// Elements along an axis at positions that an array of as many axes gives.
pub(super) fn take_along(cx: Cx<'_>, along: usize, x: &Value, positions: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    let batching = axes::others(rank, &[&[along]]);
    let window = |axis: usize| if axis == along { 1 } else { x.shape()[axis].min(1) };
    let gather = Gather {
        offset_dims: smallvec![],
        collapsed_slice_dims: smallvec![along],
        start_index_map: smallvec![along],
        operand_batching_dims: batching.clone(),
        start_indices_batching_dims: batching,
        slice_sizes: (0..rank).map(window).collect(),
        mode: IndexMode::PromiseInBounds,
        fill_value: None,
    };
    ops::bind1(cx, gather, &[x.clone(), ops::expand_dim(cx, positions, rank)?])
}

impl Primitive for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn params(&self) -> Params {
        vec![
            ("dimension", Param::size(self.dimension)),
            ("is_stable", Param::Bool(self.is_stable)),
            ("num_keys", Param::size(self.num_keys)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "sort").then(|| {
            Ok(Sort {
                dimension: read.size("dimension")?,
                num_keys: read.size("num_keys")?,
                is_stable: read.bool("is_stable")?,
            })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let Some(first) = inputs.first() else {
            bail!(InvalidArgument, "sort takes 1 operand or more, got 0");
        };
        if let Some(other) = inputs.iter().find(|ty| ty.shape != first.shape) {
            bail!(Shape, "sort needs operands of one shape, got {first} and {other}");
        }
        if self.dimension >= first.rank() {
            bail!(InvalidArgument, "sort needs a dimension of {first}, got {}", self.dimension);
        }
        if self.num_keys == 0 || self.num_keys > inputs.len() {
            let (keys, count) = (self.num_keys, inputs.len());
            bail!(InvalidArgument, "sort needs 1 to {count} keys among its operands, got {keys}");
        }
        Ok(inputs.into())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let sources = self.permutation(&inputs[..self.num_keys], &inputs[0].ty().shape);
        let permuted =
            |x: &Literal| Literal::from_fn(x.ty().clone(), |position| x.get(sources[position]));
        Ok(inputs.iter().map(permuted).collect())
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let mut operands: SmallVec<[Value; 4]> = primals.into();
        operands.push(ops::iota(cx, DType::I32, primals[0].shape(), self.dimension)?);
        let mut sorted: Outputs = cx.bind(&(*self).into(), &operands)?;
        let Some(positions) = sorted.pop() else { unreachable!("sort gives what it takes") };
        let tangents: Result<SmallVec<[Tangent; 2]>> = tangents
            .iter()
            .map(|tangent| {
                tangent.map(tangent.ty(), |dx| take_along(cx, self.dimension, dx, &positions))
            })
            .collect();
        Ok(Jvp { primals: sorted, tangents: tangents? })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let operands: Result<SmallVec<[Value; 4]>> = inputs
            .iter()
            .zip(axes)
            .map(|(value, &axis)| axes::to_front(cx, size, value, axis))
            .collect();
        let sort = Sort { dimension: self.dimension + 1, ..*self };
        let outputs = cx.bind(&sort.into(), &operands?)?;
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok(Batched { outputs, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let shape = cx.input_type(0).shape.clone();
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for k in 0..cx.n_inputs() {
            inputs.push(cx.input(k)?);
            outputs.push(cx.output(k));
        }
        cx.push(Step::Library(LibraryCall::Sort(SortCall {
            outer: shape[..self.dimension].iter().product(),
            len: shape[self.dimension],
            inner: shape[self.dimension + 1..].iter().product(),
            n_keys: self.num_keys,
            inputs,
            outputs,
        })));
        Ok(())
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{DTYPES, exact, finite, hard};
        let sort = |dimension, num_keys| Sort { dimension, num_keys, is_stable: true };
        let every = |dtype| crate::prims::Sample {
            smooth: false,
            ..exact(sort(0, 1), vec![hard(dtype, &[9]), finite(DType::I32, &[9])])
        };
        let mut samples: Vec<_> = DTYPES.into_iter().map(every).collect();
        samples.extend([
            exact(sort(1, 1), vec![finite(DType::F32, &[3, 5])]),
            exact(sort(0, 1), vec![finite(DType::F32, &[5, 3]), finite(DType::F64, &[5, 3])]),
            exact(sort(1, 1), vec![finite(DType::F32, &[2, 4, 3])]),
            // Ties of the first key, decided by the second.
            crate::prims::Sample {
                smooth: false,
                ..exact(
                    sort(1, 2),
                    vec![
                        finite(DType::Bool, &[2, 6]),
                        finite(DType::F32, &[2, 6]),
                        hard(DType::F32, &[2, 6]),
                    ],
                )
            },
            exact(sort(0, 1), vec![finite(DType::F32, &[0])]),
            exact(sort(0, 1), vec![finite(DType::F32, &[1, 3])]),
        ]);
        samples
    }
}
