//! Host arrays: constants of programs, and what the evaluators compute with.

use std::fmt;
use std::sync::Arc;

use crate::{Error, Result, Scalar, Shape, Type};

/// An immutable array in host memory, dense and row-major.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    ty: Type,
    bytes: Arc<[u8]>,
}

impl Literal {
    /// An array of the given bytes, whose number must fit the type.
    pub fn from_bytes(ty: Type, bytes: impl Into<Arc<[u8]>>) -> Result<Literal> {
        let bytes = bytes.into();
        if bytes.len() != ty.size_bytes() {
            let (needed, got) = (ty.size_bytes(), bytes.len());
            return Err(Error::internal(format_args!(
                "a literal of {ty} needs {needed} bytes, got {got}"
            )));
        }
        Ok(Literal { ty, bytes })
    }

    /// An array whose element at each row-major position the function gives, converted to the type.
    pub fn from_fn(ty: Type, mut element: impl FnMut(usize) -> Scalar) -> Literal {
        let mut bytes = Vec::with_capacity(ty.size_bytes());
        (0..ty.numel()).for_each(|position| element(position).write_bytes(ty.dtype, &mut bytes));
        Literal { ty, bytes: bytes.into() }
    }

    /// An array from elements in row-major order; their number must fit the type.
    pub fn from_scalars(ty: Type, elements: &[Scalar]) -> Literal {
        assert_eq!(elements.len(), ty.numel(), "elements for a literal of {ty}");
        Literal::from_fn(ty, |position| elements[position])
    }

    /// A strong scalar.
    pub fn scalar(dtype: crate::DType, value: Scalar) -> Literal {
        Literal::from_fn(Type::scalar(dtype), |_| value)
    }

    /// An array that repeats one value.
    pub fn full(ty: Type, value: Scalar) -> Literal {
        Literal::from_fn(ty, |_| value)
    }

    /// An `f32` array, for tests and constants.
    pub fn f32(shape: impl Into<Shape>, values: &[f32]) -> Literal {
        let ty = Type::new(crate::DType::F32, shape);
        assert_eq!(values.len(), ty.numel(), "values for a literal of {ty}");
        Literal::from_fn(ty, |position| Scalar::Float(values[position].into()))
    }

    /// The type.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The same bytes under a type of the same size.
    pub fn with_type(&self, ty: Type) -> Result<Literal> {
        Literal::from_bytes(ty, self.bytes.clone())
    }

    /// The elements' bytes, row-major.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.ty.numel()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at a row-major position.
    pub fn get(&self, position: usize) -> Scalar {
        let size = self.ty.dtype.size_bytes();
        Scalar::from_bytes(self.ty.dtype, &self.bytes[position * size..][..size])
    }

    /// The element at some coordinates.
    pub fn at(&self, index: &[usize]) -> Scalar {
        self.get(self.ty.shape.ravel(index))
    }

    /// The elements in row-major order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Scalar> + '_ {
        (0..self.len()).map(|position| self.get(position))
    }

    /// The only element of a scalar or of an array of size one.
    pub fn item(&self) -> Option<Scalar> {
        (self.len() == 1).then(|| self.get(0))
    }

    /// The elements as doubles, for tests.
    pub fn to_f64s(&self) -> Vec<f64> {
        self.iter().map(Scalar::as_f64).collect()
    }
}

/// `2.0:f32[]`, `[1, 2]:i32[2]`; nested brackets follow the shape.
impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn nest(
            lit: &Literal,
            axis: usize,
            start: usize,
            f: &mut fmt::Formatter<'_>,
        ) -> fmt::Result {
            if axis == lit.ty.rank() {
                return f.write_str(&lit.get(start).to_text(lit.ty.dtype));
            }
            let step: usize = lit.ty.shape[axis + 1..].iter().product();
            f.write_str("[")?;
            for i in 0..lit.ty.shape[axis] {
                f.write_str(if i > 0 { ", " } else { "" })?;
                nest(lit, axis + 1, start + i * step, f)?;
            }
            f.write_str("]")
        }
        nest(self, 0, 0, f)?;
        write!(f, ":{}", self.ty)
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
