//! Arrays with values.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{Literal, Result, Type};

use crate::HostBuffer;

/// An immutable array with a value: dense, row-major. Clones share the memory.
#[derive(Clone)]
pub struct Array {
    ty: Type,
    buffer: Arc<HostBuffer>,
}

impl Array {
    /// An array over a buffer, whose size must fit the type.
    pub fn new(ty: Type, buffer: HostBuffer) -> Array {
        debug_assert_eq!(ty.size_bytes(), buffer.len_bytes(), "the bytes of {ty}");
        Array { ty, buffer: Arc::new(buffer) }
    }

    /// An array over memory that may be shared, whose size must fit the type.
    pub fn from_shared(ty: Type, buffer: Arc<HostBuffer>) -> Array {
        debug_assert_eq!(ty.size_bytes(), buffer.len_bytes(), "the bytes of {ty}");
        Array { ty, buffer }
    }

    /// A copy of a literal.
    pub fn from_literal(literal: &Literal) -> Result<Array> {
        Ok(Array::new(literal.ty().clone(), HostBuffer::from_bytes(literal.bytes())?))
    }

    /// A copy as a literal.
    pub fn to_literal(&self) -> Result<Literal> {
        Literal::from_bytes(self.ty.clone(), self.buffer.as_bytes())
    }

    /// The type.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The memory.
    pub fn buffer(&self) -> &Arc<HostBuffer> {
        &self.buffer
    }

    /// The same memory under a type of the same size, such as a reshaped or weak one.
    #[must_use]
    pub fn with_type(&self, ty: Type) -> Array {
        debug_assert_eq!(ty.size_bytes(), self.buffer.len_bytes(), "the bytes of {ty}");
        Array { ty, buffer: self.buffer.clone() }
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({})", self.ty)
    }
}
