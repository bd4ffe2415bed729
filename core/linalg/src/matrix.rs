//! Dense matrices, row after row.

use std::ops::{Index, IndexMut, Range};

use bytemuck::Pod;

use crate::Field;

/// A matrix that owns its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<T> {
    data: Vec<T>,
    rows: usize,
    cols: usize,
}

impl<T: Field> Matrix<T> {
    /// Of zeros.
    pub fn zeros(rows: usize, cols: usize) -> Matrix<T> {
        Matrix { data: vec![T::zero(); rows * cols], rows, cols }
    }

    /// With ones on the diagonal.
    pub fn identity(rows: usize, cols: usize) -> Matrix<T> {
        Matrix::from_fn(rows, cols, |i, j| if i == j { T::one() } else { T::zero() })
    }

    /// With the elements of a slice, row after row.
    pub fn from_slice(rows: usize, cols: usize, data: &[T]) -> Matrix<T> {
        assert_eq!(data.len(), rows * cols, "elements of a {rows}x{cols} matrix");
        Matrix { data: data.to_vec(), rows, cols }
    }

    /// With rows of a length.
    pub(crate) fn from_rows<'a>(cols: usize, of: impl Iterator<Item = &'a [T]>) -> Matrix<T> {
        let mut data = Vec::with_capacity(of.size_hint().0 * cols);
        let rows = of.map(|row| data.extend_from_slice(&row[..cols])).count();
        Matrix { data, rows, cols }
    }

    /// With elements in the machine's byte order, which need not be aligned.
    pub fn from_bytes(rows: usize, cols: usize, bytes: &[u8]) -> Matrix<T> {
        let data = elements(bytes);
        assert_eq!(data.len(), rows * cols, "elements of a {rows}x{cols} matrix");
        Matrix { data, rows, cols }
    }

    /// Writes the elements' bytes, of which there are as many as given.
    pub fn write_to(&self, bytes: &mut [u8]) {
        write(&self.data, bytes);
    }

    /// With elements that a function of row and column gives.
    pub fn from_fn(
        rows: usize,
        cols: usize,
        mut element: impl FnMut(usize, usize) -> T,
    ) -> Matrix<T> {
        let mut data = Vec::with_capacity(rows * cols);
        (0..rows).for_each(|i| data.extend((0..cols).map(|j| element(i, j))));
        Matrix { data, rows, cols }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All elements, row after row.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All elements, row after row.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// A row.
    #[inline]
    pub fn row(&self, i: usize) -> &[T] {
        &self.data[i * self.cols..][..self.cols]
    }

    /// A row.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        &mut self.data[i * self.cols..][..self.cols]
    }

    /// Two rows, the first of which comes before the second.
    #[inline]
    pub fn two_rows(&mut self, i: usize, j: usize) -> (&mut [T], &mut [T]) {
        let (before, after) = self.data.split_at_mut(j * self.cols);
        (&mut before[i * self.cols..][..self.cols], &mut after[..self.cols])
    }

    /// Exchanges two rows.
    pub fn swap_rows(&mut self, i: usize, j: usize) {
        if i != j {
            let (a, b) = self.two_rows(i.min(j), i.max(j));
            a.swap_with_slice(b);
        }
    }

    /// The elements of a column in some rows.
    pub fn column(&self, j: usize, rows: Range<usize>) -> Vec<T> {
        rows.map(|i| self[(i, j)]).collect()
    }

    /// A part of it.
    pub fn block(&self, rows: Range<usize>, cols: Range<usize>) -> Matrix<T> {
        self.part(rows, cols).to_matrix()
    }

    /// The transpose.
    pub fn transpose(&self) -> Matrix<T> {
        self.view().transpose().to_matrix()
    }

    /// The conjugate transpose.
    pub fn adjoint(&self) -> Matrix<T> {
        self.view().adjoint().to_matrix()
    }

    /// Whether all elements are finite.
    pub fn is_finite(&self) -> bool {
        self.data.iter().all(|x| x.is_finite())
    }
}

impl<T: Field> Index<(usize, usize)> for Matrix<T> {
    type Output = T;
    #[inline(always)]
    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.data[i * self.cols + j]
    }
}

impl<T: Field> IndexMut<(usize, usize)> for Matrix<T> {
    #[inline(always)]
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        &mut self.data[i * self.cols + j]
    }
}

/// The elements that bytes stand for, which need not be aligned.
pub fn elements<T: Pod>(bytes: &[u8]) -> Vec<T> {
    bytemuck::allocation::pod_collect_to_vec(bytes)
}

/// Writes elements' bytes, of which there are as many as given.
pub fn write<T: Pod>(elements: &[T], bytes: &mut [u8]) {
    bytes.copy_from_slice(bytemuck::cast_slice(elements));
}
