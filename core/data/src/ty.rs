//! Array types (JAX's avals).

use std::fmt;

use crate::{DType, ErrorKind, Shape};

/// What is known of an array before it has a value: element type, shape, and whether the type is
/// weak, as a host language's own numbers are, and so gives way in promotion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The element type.
    pub dtype: DType,
    /// Whether the element type gives way to others in promotion.
    pub weak: bool,
    /// The shape.
    pub shape: Shape,
}

impl Type {
    /// A strong type.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Type {
        Type { dtype, weak: false, shape: shape.into() }
    }

    /// A strong type without axes.
    pub fn scalar(dtype: DType) -> Type {
        Type { dtype, weak: false, shape: Shape::scalar() }
    }

    /// The same type with another shape.
    #[must_use]
    pub fn with_shape(&self, shape: impl Into<Shape>) -> Type {
        Type { dtype: self.dtype, weak: self.weak, shape: shape.into() }
    }

    /// The same shape with another strong element type.
    #[must_use]
    pub fn with_dtype(&self, dtype: DType) -> Type {
        Type { dtype, weak: false, shape: self.shape.clone() }
    }

    /// The same type, weak or not.
    #[must_use]
    pub fn with_weak(&self, weak: bool) -> Type {
        Type { weak, ..self.clone() }
    }

    /// Whether two types agree in all but weakness.
    pub fn same_ignoring_weak(&self, other: &Type) -> bool {
        self.dtype == other.dtype && self.shape == other.shape
    }

    /// What kind of error it is that the other type stands where this one is needed.
    pub fn mismatch(&self, other: &Type) -> ErrorKind {
        if self.shape == other.shape { ErrorKind::Dtype } else { ErrorKind::Shape }
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.shape.numel()
    }

    /// The bytes that a dense array of this type takes.
    pub fn size_bytes(&self) -> usize {
        self.numel() * self.dtype.size_bytes()
    }
}

/// `f32[2,3]`; a weak type has a tilde before it: `~f32[]`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tilde = if self.weak { "~" } else { "" };
        write!(f, "{tilde}{}{}", self.dtype, self.shape)
    }
}
