//! Samples: repeated indices, indices out of bounds and below zero, shared batches, nothing stored.

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, Scalar, Shape};

use super::*;
use crate::prims::sample::{exact, finite, integers};
use crate::prims::{DotGeneral, Sample};

const DTYPES: [DType; 9] = [
    DType::F32,
    DType::F64,
    DType::C64,
    DType::C128,
    DType::F16,
    DType::BF16,
    DType::I32,
    DType::U8,
    DType::I64,
];

fn sums(prim: impl Into<Prim>, inputs: Vec<Literal>) -> Sample {
    Sample { class: Class::Accumulated, ..exact(prim, inputs) }
}

/// Indices into axes of these sizes, some out of bounds and some repeated.
fn indices(batch: &[usize], nse: usize, sizes: &[usize]) -> Literal {
    let shape: Shape = batch.iter().chain(&[nse, sizes.len()]).copied().collect();
    let value = |k: usize| {
        let (element, axis) = (k / sizes.len(), k % sizes.len());
        match element % 5 {
            3 => sizes[axis] as i64,
            4 => -((element / 5 % sizes[axis]) as i64) - 1,
            _ => ((element * 7 / 3 + axis * 2) % sizes[axis]) as i64,
        }
    };
    let values: Vec<i64> = (0..shape.numel()).map(value).collect();
    integers(DType::I32, shape, &values)
}

fn dot(lhs: (&[usize], &[usize]), rhs: (&[usize], &[usize])) -> DotGeneral {
    DotGeneral {
        lhs_contracting: lhs.0.into(),
        rhs_contracting: rhs.0.into(),
        lhs_batch: lhs.1.into(),
        rhs_batch: rhs.1.into(),
        preferred_element_type: None,
    }
}

/// Shape, batches of data, batches of indices, number of sparse axes.
type Form = (&'static [usize], &'static [usize], &'static [usize], usize);

const FORMS: [Form; 8] = [
    (&[3, 4], &[], &[], 2),
    (&[5], &[], &[], 1),
    (&[3, 2], &[], &[], 1),
    (&[2, 3, 2], &[2], &[2], 1),
    (&[2, 3, 4], &[2], &[1], 2),
    (&[2, 3, 4], &[1], &[2], 2),
    (&[2, 3], &[2], &[2], 0),
    (&[2, 1, 3], &[1], &[1], 2),
];

fn data(dtype: DType, form: &Form, nse: usize) -> Literal {
    let (shape, batch, indices, n_sparse) = form;
    let dense = &shape[indices.len() + n_sparse..];
    let shape: Vec<usize> = batch.iter().chain(&[nse]).chain(dense).copied().collect();
    finite(dtype, &shape)
}

fn form_indices(form: &Form, nse: usize) -> Literal {
    let (shape, _, batch, n_sparse) = form;
    if *n_sparse == 0 {
        let shape: Vec<usize> = batch.iter().chain(&[nse, 0]).copied().collect();
        return integers(DType::I32, &*shape, &[]);
    }
    indices(batch, nse, &shape[batch.len()..batch.len() + n_sparse])
}

/// Columns and where rows start, of `nse` elements of which the last `spare` are in no row.
fn compressed(rows: usize, cols: usize, nse: usize, spare: usize) -> [Literal; 2] {
    let columns: Vec<i64> = (0..nse).map(|k| (k * 5 % cols) as i64).collect();
    let stored = nse.saturating_sub(spare);
    let starts: Vec<i64> = (0..=rows).map(|row| (row * stored / rows.max(1)) as i64).collect();
    [integers(DType::I32, [nse], &columns), integers(DType::I32, [rows + 1], &starts)]
}

/// `[1, …]` of an array without batches.
fn as_batch(x: &Literal) -> Literal {
    let shape = x.ty().shape.with(0, 1);
    Literal::from_fn(x.ty().with_shape(shape), |k| x.get(k))
}

/// Rows and columns, some repeated and some counted from the end. None is out of bounds: such elements are
/// dropped where they are written, but read as the nearest, so that the rules of `coo` are not adjoint.
fn rows_and_columns(rows: usize, cols: usize, nse: usize) -> [Literal; 2] {
    let part = |size: usize| {
        let index = |k: usize| (k * 7 / 3 % size) as i64 - if k % 3 == 2 { size as i64 } else { 0 };
        integers(DType::I32, [nse], &(0..nse).map(index).collect::<Vec<i64>>())
    };
    [part(rows), part(cols)]
}

pub(super) fn to_dense() -> Vec<Sample> {
    let of =
        |layout, shape: &[usize]| SparseToDense { layout, info: SparseInfo::of(shape), any: false };
    let mut samples = Vec::new();
    for dtype in DTYPES {
        let form = &FORMS[0];
        let prim = of(SparseLayout::Bcoo, form.0);
        samples.push(sums(prim, vec![data(dtype, form, 6), form_indices(form, 6)]));
    }
    for form in &FORMS {
        for nse in [0, 6] {
            let prim = of(SparseLayout::Bcoo, form.0);
            samples.push(sums(prim, vec![data(DType::F32, form, nse), form_indices(form, nse)]));
        }
    }
    let elements = || finite(DType::F32, &[6]);
    for any in [false, true] {
        let matrix = |layout| SparseToDense { any, ..of(layout, &[3, 4]) };
        let [columns, starts] = compressed(3, 4, 6, 0);
        samples.push(sums(matrix(SparseLayout::Csr), vec![elements(), columns, starts]));
        let [columns, starts] = compressed(3, 4, 6, 1);
        let bcsr = vec![elements(), columns.clone(), starts.clone()];
        samples.push(sums(matrix(SparseLayout::Bcsr), bcsr));
        let [row, col] = rows_and_columns(3, 4, 6);
        samples.push(sums(matrix(SparseLayout::Coo), vec![elements(), row, col]));
        let batched = SparseToDense { any, ..of(SparseLayout::Bcsr, &[2, 3, 4]) };
        let batches = vec![finite(DType::F32, &[2, 6]), as_batch(&columns), as_batch(&starts)];
        samples.push(sums(batched, batches));
    }
    let dense = SparseToDense { any: true, ..of(SparseLayout::Dense, &[2, 3]) };
    samples.push(exact(dense, vec![finite(DType::F32, &[2, 3])]));
    samples
}

pub(super) fn from_dense() -> Vec<Sample> {
    // Some elements are zero, one of them is −0, and one is NaN.
    let holes = |dtype: DType, shape: &[usize]| {
        let x = finite(dtype, shape);
        Literal::from_fn(x.ty().clone(), |k| match k % 4 {
            1 => Scalar::Int(0).cast(dtype),
            2 if dtype.is_float() => Scalar::Float(-0.0),
            _ => x.get(k),
        })
    };
    let prim = |layout, nse, n_batch, n_dense| SparseFromDense {
        layout,
        nse,
        n_batch,
        n_dense,
        index_dtype: DType::I32,
    };
    let mut samples = Vec::new();
    // Around zeros, whether an element is stored is no smooth function.
    let rough = |prim: SparseFromDense, x| Sample { smooth: false, ..exact(prim, vec![x]) };
    for dtype in DTYPES.into_iter().chain([DType::Bool]) {
        samples.push(rough(prim(SparseLayout::Bcoo, 5, 0, 0), holes(dtype, &[3, 4])));
    }
    for (shape, n_batch, n_dense) in [
        (&[4][..], 0, 0),
        (&[3, 2], 0, 1),
        (&[2, 3, 2], 1, 1),
        (&[2, 3, 2], 1, 0),
        (&[2, 3], 1, 1),
        (&[2], 1, 0),
        (&[0, 3], 0, 0),
        (&[1, 1], 0, 0),
        (&[], 0, 0),
    ] {
        for nse in [0, 1, 9] {
            let x = holes(DType::F32, shape);
            samples.push(rough(prim(SparseLayout::Bcoo, nse, n_batch, n_dense), x));
        }
    }
    for layout in [SparseLayout::Bcsr, SparseLayout::Coo, SparseLayout::Csr] {
        for nse in [0, 4, 14] {
            samples.push(rough(prim(layout, nse, 0, 0), holes(DType::F32, &[3, 4])));
        }
        samples.push(exact(prim(layout, 8, 0, 0), vec![finite(DType::F32, &[2, 4])]));
    }
    samples.push(rough(prim(SparseLayout::Bcsr, 5, 1, 1), holes(DType::F32, &[2, 3, 2, 2])));
    samples.push(exact(prim(SparseLayout::Bcoo, 6, 0, 0), vec![finite(DType::F32, &[2, 3])]));
    samples
}

pub(super) fn extract() -> Vec<Sample> {
    let mut samples = Vec::new();
    for assume_unique in [true, false] {
        let prim = SparseExtract { layout: SparseLayout::Bcoo, assume_unique };
        for dtype in DTYPES.into_iter().chain([DType::Bool]) {
            let x = finite(dtype, &[3, 4]);
            samples.push(exact(prim, vec![form_indices(&FORMS[0], 6), x]));
        }
        for form in &FORMS {
            for nse in [0, 6] {
                let x = finite(DType::F32, form.0);
                samples.push(exact(prim, vec![form_indices(form, nse), x]));
            }
        }
    }
    let bcsr = SparseExtract { layout: SparseLayout::Bcsr, assume_unique: true };
    let [columns, starts] = compressed(3, 4, 6, 1);
    samples.push(exact(bcsr, vec![columns.clone(), starts.clone(), finite(DType::F32, &[3, 4])]));
    let batches = vec![as_batch(&columns), as_batch(&starts), finite(DType::F32, &[2, 3, 4])];
    samples.push(exact(bcsr, batches));
    samples
}

pub(super) fn transpose() -> Vec<Sample> {
    let permutations: [(&[usize], usize); 4] =
        [(&[1, 0], 0), (&[0, 2, 1], 4), (&[0, 2, 1], 5), (&[0, 1, 2], 3)];
    let sample = |dtype, (permutation, form): (&[usize], usize), nse| {
        let form = &FORMS[form];
        let info = SparseInfo::of(form.0);
        let prim = BcooTranspose { permutation: permutation.into(), info };
        exact(prim, vec![data(dtype, form, nse), form_indices(form, nse)])
    };
    let mut samples: Vec<Sample> =
        DTYPES.into_iter().map(|dtype| sample(dtype, permutations[0], 6)).collect();
    for permutation in permutations {
        samples.extend([0, 6].map(|nse| sample(DType::F32, permutation, nse)));
    }
    samples
}

/// Each form with the indices in another order.
fn arranged(make: impl Fn(SparseInfo) -> Prim, class: Class) -> Vec<Sample> {
    let sample = |dtype, form: &Form, nse| {
        let inputs = vec![data(dtype, form, nse), form_indices(form, nse)];
        Sample { class, ..exact(make(SparseInfo::of(form.0)), inputs) }
    };
    let types = DTYPES.into_iter().map(|dtype| sample(dtype, &FORMS[0], 7));
    let forms = FORMS.iter().flat_map(|form| [0, 7].map(|nse| sample(DType::F32, form, nse)));
    types.chain(forms).collect()
}

pub(super) fn sort_indices() -> Vec<Sample> {
    arranged(|info| BcooSortIndices { info }.into(), Class::Exact)
}

pub(super) fn sum_duplicates() -> Vec<Sample> {
    let sums =
        |nse| arranged(move |info| BcooSumDuplicates { info, nse }.into(), Class::Accumulated);
    [sums(3), sums(9), sums(0)].concat()
}

pub(super) fn dot_general() -> Vec<Sample> {
    let prim =
        |layout, form: &Form, dot| SparseDotGeneral { layout, dot, info: SparseInfo::of(form.0) };
    let bcoo = |dtype, form: usize, nse, dot, rhs: &[usize]| {
        let form = &FORMS[form];
        let inputs = vec![data(dtype, form, nse), form_indices(form, nse), finite(dtype, rhs)];
        sums(prim(SparseLayout::Bcoo, form, dot), inputs)
    };
    let none: &[usize] = &[];
    let mut samples = Vec::new();
    for dtype in DTYPES {
        samples.push(bcoo(dtype, 0, 6, dot((&[1], none), (&[0], none)), &[4, 2]));
    }
    type Case = (usize, DotGeneral, &'static [usize]);
    let cases: [Case; 14] = [
        (0, dot((&[1], none), (&[0], none)), &[4]),
        (0, dot((&[0], none), (&[1], none)), &[2, 3]),
        (0, dot((&[0, 1], none), (&[1, 0], none)), &[4, 3]),
        (0, dot((none, none), (none, none)), &[2]),
        (1, dot((&[0], none), (&[0], none)), &[5]),
        (2, dot((&[0], none), (&[0], none)), &[3, 2]),
        (3, dot((&[1], &[0]), (&[1], &[0])), &[2, 3, 2]),
        (3, dot((&[0], none), (&[1], none)), &[3, 2]),
        (4, dot((&[2], &[0]), (&[0], &[1])), &[4, 2]),
        (4, dot((&[2], none), (&[0], none)), &[4, 2]),
        (5, dot((&[0, 1], none), (&[0, 1], none)), &[2, 3]),
        (5, dot((&[1, 2], none), (&[0, 1], none)), &[3, 4]),
        (6, dot((none, &[0]), (none, &[0])), &[2, 2]),
        (7, dot((&[2], none), (&[0], none)), &[3]),
    ];
    for (form, dot, rhs) in &cases {
        samples.extend([0, 6].map(|nse| bcoo(DType::F32, *form, nse, dot.clone(), rhs)));
    }
    let wide =
        DotGeneral { preferred_element_type: Some(DType::F64), ..dot((&[1], none), (&[0], none)) };
    samples.push(bcoo(DType::F32, 0, 6, wide, &[4, 2]));
    let [columns, starts] = compressed(3, 4, 6, 1);
    for (met, rhs) in [(1, &[4, 2][..]), (0, &[3]), (1, &[4])] {
        let inputs = vec![
            finite(DType::F32, &[6]),
            columns.clone(),
            starts.clone(),
            finite(DType::F32, rhs),
        ];
        let dot = dot((&[met], none), (&[0], none));
        samples.push(sums(prim(SparseLayout::Bcsr, &FORMS[0], dot), inputs));
    }
    samples
}

pub(super) fn sampled() -> Vec<Sample> {
    let none: &[usize] = &[];
    let sample = |dtype, dot, lhs: &[usize], rhs: &[usize], at: Literal| {
        sums(BcooDotGeneralSampled { dot }, vec![finite(dtype, lhs), finite(dtype, rhs), at])
    };
    let product = || dot((&[1], none), (&[0], none));
    let at = |nse| indices(&[], nse, &[3, 4]);
    let mut samples: Vec<Sample> =
        DTYPES.into_iter().map(|dtype| sample(dtype, product(), &[3, 2], &[2, 4], at(6))).collect();
    let (f, outer) = (DType::F32, dot((none, none), (none, none)));
    samples.push(sample(f, product(), &[3, 2], &[2, 4], at(0)));
    samples.push(sample(f, outer, &[3], &[4], at(6)));
    samples.push(sample(f, dot((&[0], none), (&[1], none)), &[2, 3], &[4, 2], at(6)));
    samples.push(sample(f, product(), &[3, 2], &[2, 4], indices(&[], 6, &[3])));
    samples.push(sample(f, product(), &[3, 2], &[2, 4], indices(&[1], 6, &[4])));
    let batched = dot((&[2], &[0]), (&[1], &[0]));
    samples.push(sample(f, batched, &[2, 3, 2], &[2, 2, 4], indices(&[2], 6, &[3, 4])));
    samples
}

pub(super) fn spdot() -> Vec<Sample> {
    let none: &[usize] = &[];
    // Negative indices do not count from the end here.
    let clean = |x: Literal| {
        let least = |k| Scalar::Int((x.get(k).as_f64() as i64).max(0));
        Literal::from_fn(x.ty().clone(), least)
    };
    let sample = |dtype, dot, lhs: &Form, rhs: &Form| {
        let prim = BcooSpdotGeneral { dot, lhs: SparseInfo::of(lhs.0), rhs: SparseInfo::of(rhs.0) };
        let inputs = vec![
            data(dtype, lhs, 4),
            clean(form_indices(lhs, 4)),
            data(dtype, rhs, 6),
            clean(form_indices(rhs, 6)),
        ];
        sums(prim, inputs)
    };
    let (matrix, other): (Form, Form) = ((&[3, 4], &[], &[], 2), (&[4, 2], &[], &[], 2));
    let (vector, batches): (Form, Form) = ((&[4], &[], &[], 1), (&[2, 3, 4], &[2], &[1], 2));
    let product = || dot((&[1], none), (&[0], none));
    let mut samples: Vec<Sample> =
        DTYPES.into_iter().map(|dtype| sample(dtype, product(), &matrix, &other)).collect();
    let f = DType::F32;
    samples.push(sample(f, product(), &matrix, &vector));
    samples.push(sample(f, dot((&[0], none), (&[0], none)), &vector, &vector));
    samples.push(sample(f, dot((none, none), (none, none)), &vector, &vector));
    samples.push(sample(f, dot((&[1, 0], none), (&[1, 0], none)), &matrix, &matrix));
    samples.push(sample(f, dot((&[2], &[0]), (&[2], &[0])), &batches, &batches));
    samples.push(sample(f, dot((&[2], none), (&[0], none)), &batches, &vector));
    samples
}

pub(super) fn matmul() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (matrix, transpose) in [(false, false), (false, true), (true, false), (true, true)] {
        let rows = if transpose { 3 } else { 4 };
        let shape: &[usize] = if matrix { &[rows, 2] } else { &[rows] };
        let dtypes = if matrix { &DTYPES[..3] } else { &DTYPES[..] };
        for (layout, &dtype) in [SparseLayout::Coo, SparseLayout::Csr]
            .into_iter()
            .flat_map(|layout| dtypes.iter().map(move |dtype| (layout, dtype)))
        {
            for nse in [0, 6] {
                let [first, second] = match layout {
                    SparseLayout::Coo => rows_and_columns(3, 4, nse),
                    _ => compressed(3, 4, nse, 0),
                };
                let info = SparseInfo::of(&[3, 4]);
                let prim = SparseMatmul { layout, matrix, transpose, info };
                let inputs = vec![finite(dtype, &[nse]), first, second, finite(dtype, shape)];
                samples.push(sums(prim, inputs));
            }
        }
    }
    samples
}

pub(super) fn solve() -> Vec<Sample> {
    // The first row has a zero on the diagonal, so that rows are exchanged.
    let columns = integers(DType::I32, [7], &[1, 2, 0, 1, 2, 1, 2]);
    let starts = integers(DType::I32, [4], &[0, 2, 5, 7]);
    let numbers = [0.75, -1.5, 2.0, 0.25, 1.0, -0.5, 3.0];
    let prim = || Spsolve { tol: "1e-06".into(), reorder: 1 };
    let sample = |dtype: DType| {
        let value = |k: usize| match dtype.is_complex() {
            true => Scalar::Complex(numbers[k], numbers[(k + 2) % 7] / 4.0),
            false => Scalar::Float(numbers[k]),
        };
        let data = Literal::from_fn(jaxrs_data::Type::new(dtype, [7]), value);
        sums(prim(), vec![data, columns.clone(), starts.clone(), finite(dtype, &[3])])
    };
    let mut samples: Vec<Sample> =
        [DType::F32, DType::F64, DType::C64, DType::C128].into_iter().map(sample).collect();
    let one = vec![
        finite(DType::F64, &[1]),
        integers(DType::I32, [1], &[0]),
        integers(DType::I32, [2], &[0, 1]),
        finite(DType::F64, &[1]),
    ];
    samples.push(sums(prim(), one));
    let none = vec![
        finite(DType::F32, &[0]),
        integers(DType::I32, [0], &[]),
        integers(DType::I32, [1], &[0]),
        finite(DType::F32, &[0]),
    ];
    samples.push(sums(prim(), none));
    samples
}
