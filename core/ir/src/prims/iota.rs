//! Counting.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value};

/// An array whose elements are their own position along one axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Iota {
    /// The element type.
    pub dtype: DType,
    /// The shape.
    pub shape: Shape,
    /// Along which axis to count.
    pub dimension: usize,
}

impl Primitive for Iota {
    fn name(&self) -> &'static str {
        "iota"
    }

    fn params(&self) -> Params {
        vec![
            ("dimension", Param::size(self.dimension)),
            ("dtype", Param::DType(self.dtype)),
            ("shape", Param::sizes(&self.shape)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "iota").then(|| {
            Ok(Iota {
                dtype: read.dtype("dtype")?,
                shape: read.sizes("shape")?,
                dimension: read.size("dimension")?,
            })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 0)?;
        if !self.dtype.is_number() {
            bail!(Dtype, "iota needs a numeric element type, got bool");
        }
        if self.dimension >= self.shape.rank() {
            bail!(
                InvalidArgument,
                "iota needs a dimension of shape {}, got {}",
                self.shape,
                self.dimension
            );
        }
        axes::check_addressable(self.name(), &self.shape, self.dtype)?;
        Ok(smallvec![Type::new(self.dtype, self.shape.clone())])
    }

    fn evaluate(&self, _inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = Type::new(self.dtype, self.shape.clone());
        Ok(smallvec![Literal::from_fn(out, |position| {
            Scalar::Int(self.shape.unravel(position)[self.dimension] as i64).cast(self.dtype)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(self.clone(), cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        _axes: &[Option<usize>],
    ) -> Result<Batched> {
        // There is no operand, so nothing differs between examples.
        Ok(Batched { outputs: cx.bind(&self.clone().into(), inputs)?, axes: smallvec![None] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        Ok(cx.builder().cast(index[self.dimension], self.dtype))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{DTYPES, exact};
        let iota = |dtype, shape: &[usize], dimension| {
            exact(Iota { dtype, shape: shape.into(), dimension }, vec![])
        };
        let numbers = DTYPES.into_iter().filter(|dtype| !dtype.is_bool());
        let mut samples: Vec<_> = numbers.map(|dtype| iota(dtype, &[2, 3], 1)).collect();
        samples.extend([
            // The counts beyond 255 wrap or round.
            iota(DType::U8, &[300], 0),
            iota(DType::BF16, &[300], 0),
            iota(DType::I32, &[0], 0),
            iota(DType::I32, &[2, 3, 4], 1),
        ]);
        samples
    }
}
