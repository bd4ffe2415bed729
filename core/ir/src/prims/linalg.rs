//! Linear algebra: factorisations of matrices and solvers, on the last axes of arrays.
//!
//! Each primitive implements `Matrices`, for one matrix of a batch; the rest follows from that: leading axes,
//! evaluation, steps. All run in the crate `jaxrs-linalg`. Derivatives are JAX's, by the same formulas.

mod cholesky;
mod eig;
mod eigh;
pub mod formula;
mod lu;
mod qr;
mod reduction;
mod reflectors;
mod routine;
mod svd;
mod triangular_solve;
mod tridiagonal_solve;

use std::fmt;

use jaxrs_data::{DType, Result, Shape, SmallVec, Type, bail};
use jaxrs_linalg::{Field, Threads};

use crate::prims::{Prim, Primitive, not_differentiable, not_linear};
use crate::rules::axes;
use crate::{Batched, Cx, Jvp, Operand, ParamReader, Params, Tangent, Value};

pub use cholesky::Cholesky;
pub use eig::Eig;
pub use eigh::Eigh;
pub use lu::{Lu, LuPivotsToPermutation};
pub use qr::Qr;
pub use reduction::{Hessenberg, Schur, Tridiagonal};
pub use reflectors::{Geqp3, Geqrf, HouseholderProduct, Ormqr};
pub use svd::Svd;
pub use triangular_solve::TriangularSolve;
pub use tridiagonal_solve::TridiagonalSolve;

/// What results there are: element types, and shapes without leading axes.
type Results = SmallVec<[(DType, Shape); 4]>;

/// An operation on one matrix, or several that belong together, of a batch.
trait Matrices: Clone + fmt::Debug + Into<Prim> + Send + Sync + 'static {
    /// The printed name.
    const NAME: &'static str;
    /// For each operand, how many last axes are those of a matrix or vector.
    const RANKS: &'static [usize];

    /// The parameters, for printing.
    fn params(&self) -> Params {
        Params::new()
    }

    /// Reads the parameters.
    fn read(read: &ParamReader<'_>) -> Result<Self>;

    /// Checks element types; all have to be one of those that matrices are made of.
    fn check_dtypes(&self, inputs: &[Type]) -> Result<()> {
        check_numbers(Self::NAME, inputs)
    }

    /// The results for operands of these last axes, the first of which has this element type.
    fn results(&self, dims: &[&[usize]], dtype: DType) -> Result<Results>;

    /// Computes the bytes of all results for one matrix each, whose work threads may share.
    fn compute<T: Field>(
        &self,
        threads: Threads<'_>,
        dims: &[Shape],
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    );

    /// See [`Primitive::jvp`].
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let _ = (cx, primals, tangents);
        Err(not_differentiable(self.clone().into().rules()))
    }

    /// See [`Primitive::transpose`].
    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let _ = (cx, inputs, cotangents);
        Err(not_linear(self.clone().into().rules()))
    }

    /// See [`Primitive::batch`]: by default examples are one more leading axis.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let mut operands: SmallVec<[Value; 4]> = SmallVec::new();
        for (value, &axis) in inputs.iter().zip(axes) {
            operands.push(axes::to_front(cx, size, value, axis)?);
        }
        let outputs = cx.bind(&self.clone().into(), &operands)?;
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok(Batched { outputs, axes })
    }

    /// See [`Primitive::samples`].
    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample>;
}

/// The element types that matrices are made of.
const NUMBERS: [DType; 4] = [DType::F32, DType::F64, DType::C64, DType::C128];

fn check_numbers(name: &str, inputs: &[Type]) -> Result<()> {
    let dtype = crate::rules::nary::same_dtype(name, inputs)?;
    if !NUMBERS.contains(&dtype) {
        bail!(Dtype, "{name} needs f32, f64, c64 or c128, got {}", inputs[0]);
    }
    Ok(())
}

/// The complex type with parts of a number's type.
fn complex_of(dtype: DType) -> DType {
    match dtype {
        DType::F32 => DType::C64,
        DType::F64 => DType::C128,
        complex => complex,
    }
}

/// The last axes of each operand.
type Dims<'a> = SmallVec<[&'a [usize]; 4]>;

/// The leading axes of operands, and their last ones.
fn split_shapes<'a>(
    name: &str,
    ranks: &[usize],
    inputs: &'a [Type],
) -> Result<(&'a [usize], Dims<'a>)> {
    crate::rules::nary::arity(name, inputs, ranks.len())?;
    let (mut batch, mut dims) = (None, SmallVec::new());
    for (ty, &rank) in inputs.iter().zip(ranks) {
        let Some(n_leading) = ty.rank().checked_sub(rank) else {
            bail!(Shape, "{name} needs at least {rank} axes, got {ty}");
        };
        let (leading, last) = ty.shape.split_at(n_leading);
        if *batch.get_or_insert(leading) != leading {
            let types: Vec<String> = inputs.iter().map(Type::to_string).collect();
            bail!(
                Shape,
                "{name} needs operands of the same leading axes, got {}",
                types.join(", ")
            );
        }
        dims.push(last);
    }
    Ok((batch.unwrap_or_default(), dims))
}

/// Checks that a matrix is square.
fn check_square(name: &str, dims: &[usize]) -> Result<usize> {
    match dims {
        [m, n] if m == n => Ok(*n),
        _ => bail!(Shape, "{name} needs square matrices, got {}", Shape::from(dims)),
    }
}

fn shape(sizes: &[usize]) -> Shape {
    sizes.into()
}

macro_rules! primitives {
    ($($prim:ident,)*) => {$(
        impl Primitive for $prim {
            fn name(&self) -> &'static str {
                <$prim as Matrices>::NAME
            }

            fn params(&self) -> Params {
                Matrices::params(self)
            }

            fn parse(name: &str, params: &[(String, crate::Param)]) -> Option<Result<Self>> {
                (name == <$prim as Matrices>::NAME)
                    .then(|| <$prim as Matrices>::read(&ParamReader::new(name, params)))
            }

            fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
                routine::output_types(self, inputs)
            }

            fn evaluate(
                &self,
                inputs: &[jaxrs_data::Literal],
            ) -> Result<SmallVec<[jaxrs_data::Literal; 2]>> {
                routine::evaluate(self, inputs)
            }

            fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
                Matrices::jvp(self, cx, primals, tangents)
            }

            fn transpose(
                &self,
                cx: Cx<'_>,
                inputs: &[Operand],
                cotangents: &[Tangent],
            ) -> Result<SmallVec<[Tangent; 4]>> {
                Matrices::transpose(self, cx, inputs, cotangents)
            }

            fn batch(
                &self,
                cx: Cx<'_>,
                size: usize,
                inputs: &[Value],
                axes: &[Option<usize>],
            ) -> Result<Batched> {
                Matrices::batch(self, cx, size, inputs, axes)
            }

            fn lowering(&self, _inputs: &[Type]) -> crate::lower::Lowering {
                crate::lower::Lowering::Steps
            }

            fn steps(&self, cx: &mut dyn crate::lower::Steps) -> Result<()> {
                routine::steps(self, cx)
            }

            #[cfg(any(test, feature = "testing"))]
            fn samples() -> Vec<crate::prims::Sample> {
                <$prim as Matrices>::samples()
            }
        }
    )*};
}

primitives! {
    Cholesky,
    Lu,
    LuPivotsToPermutation,
    TriangularSolve,
    TridiagonalSolve,
    Qr,
    Geqrf,
    Geqp3,
    HouseholderProduct,
    Ormqr,
    Eigh,
    Eig,
    Svd,
    Schur,
    Hessenberg,
    Tridiagonal,
}

/// Operands that samples share.
#[cfg(any(test, feature = "testing"))]
mod operands {
    use jaxrs_data::tolerance::Class;
    use jaxrs_data::{DType, Literal, Scalar, Type};

    use crate::prims::sample::{exact, finite};
    use crate::prims::{Prim, Sample};

    /// Matrices that are far from singular: random ones with a larger diagonal.
    pub(super) fn regular(dtype: DType, shape: &[usize]) -> Literal {
        let own = finite(dtype, shape);
        let ty = Type::new(dtype, shape);
        Literal::from_fn(ty.clone(), |position| {
            let index = ty.shape.unravel(position);
            let (i, j) = (index[index.len() - 2], index[index.len() - 1]);
            let (re, im) = own.get(position).as_complex();
            let more = if i == j { 5.0 + i as f64 / 2.0 } else { 0.0 };
            match dtype.is_complex() {
                true => Scalar::Complex(re + more, im),
                false => Scalar::Float(re + more),
            }
        })
    }

    /// Hermitian matrices with eigenvalues that are far apart and positive.
    pub(super) fn positive(dtype: DType, shape: &[usize]) -> Literal {
        let ty = Type::new(dtype, shape);
        Literal::from_fn(ty.clone(), |position| {
            let index = ty.shape.unravel(position);
            let (i, j) = (index[index.len() - 2] as f64, index[index.len() - 1] as f64);
            let more = index[..index.len() - 2].iter().sum::<usize>() as f64;
            let im = if i == j { 0.0 } else { 0.25 * (i - j) };
            let re = if i == j { 3.0 + 2.0 * i + more } else { 1.0 / (1.0 + i + j) };
            if dtype.is_complex() { Scalar::Complex(re, im) } else { Scalar::Float(re) }
        })
    }

    pub(super) fn sample(prim: impl Into<Prim>, inputs: Vec<Literal>, smooth: bool) -> Sample {
        Sample { class: Class::Accumulated, smooth, ..exact(prim, inputs) }
    }

    /// Shapes of square matrices, some of them empty.
    pub(super) const SQUARE: [&[usize]; 6] =
        [&[3, 3], &[2, 4, 4], &[1, 1], &[0, 0], &[0, 2, 2], &[2, 0, 0]];

    /// Shapes of matrices, some of them empty.
    pub(super) const ANY: [&[usize]; 8] =
        [&[3, 3], &[4, 2], &[2, 4], &[2, 3, 2], &[1, 1], &[0, 3], &[3, 0], &[0, 2, 3]];

    /// A matrix with a NaN.
    pub(super) fn with_nan(dtype: DType, n: usize) -> Literal {
        let own = positive(dtype, &[n, n]);
        Literal::from_fn(own.ty().clone(), |position| match position {
            0 => Scalar::Float(f64::NAN).cast(dtype),
            _ => own.get(position),
        })
    }
}
