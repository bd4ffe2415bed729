//! Shapes.

use std::fmt;
use std::ops::{Deref, DerefMut};

use smallvec::SmallVec;

use crate::{Result, bail};

/// The sizes of an array along its axes; row-major where it lies in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// The shape of a scalar.
    pub fn scalar() -> Shape {
        Shape::default()
    }

    /// A shape from sizes.
    pub fn new(dims: &[usize]) -> Shape {
        Shape(SmallVec::from_slice(dims))
    }

    /// Reads a shape as a caller gives it: no negative size, and a total that can be addressed.
    pub fn from_user(operation: &str, dims: &[i64], elem_bytes: usize) -> Result<Shape> {
        let mut total = elem_bytes.max(1);
        for (axis, &dim) in dims.iter().enumerate() {
            let Ok(dim) = usize::try_from(dim) else {
                bail!(Shape, "{operation} needs sizes of at least 0, got {dim} for axis {axis}");
            };
            // Zero sizes must not hide an overflow of the others, so they count as one.
            total = match total.checked_mul(dim.max(1)) {
                Some(total) if total <= isize::MAX as usize => total,
                _ => bail!(
                    Shape,
                    "{operation} got shape {dims:?}, which has more bytes than memory can address"
                ),
            };
        }
        Ok(dims.iter().map(|&dim| dim as usize).collect())
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.0.iter().product()
    }

    /// Row-major strides, in elements.
    pub fn strides(&self) -> SmallVec<[usize; 4]> {
        let mut strides: SmallVec<[usize; 4]> = SmallVec::from_elem(1, self.rank());
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.0[axis];
        }
        strides
    }

    /// The same shape without one axis.
    pub fn without(&self, axis: usize) -> Shape {
        self.0.iter().enumerate().filter(|&(i, _)| i != axis).map(|(_, &dim)| dim).collect()
    }

    /// The same shape with a size inserted before `axis`.
    pub fn with(&self, axis: usize, dim: usize) -> Shape {
        let mut dims = self.0.clone();
        dims.insert(axis, dim);
        Shape(dims)
    }

    /// The coordinates of the element at a row-major position.
    pub fn unravel(&self, mut position: usize) -> SmallVec<[usize; 4]> {
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.rank());
        for axis in (0..self.rank()).rev() {
            index[axis] = position % self.0[axis];
            position /= self.0[axis];
        }
        index
    }

    /// The row-major position of the element at some coordinates.
    pub fn ravel(&self, index: &[usize]) -> usize {
        index.iter().zip(&self.0).fold(0, |position, (&i, &dim)| position * dim + i)
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl DerefMut for Shape {
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.0
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Shape {
        Shape(dims.into_iter().collect())
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Shape {
        Shape::new(dims)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Shape {
        Shape::new(&dims)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, dim) in self.0.iter().enumerate() {
            if axis > 0 {
                f.write_str(",")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}
