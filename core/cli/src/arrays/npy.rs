//! Arrays in NumPy's `.npy` files (format version 1.0 to 3.0, C order, little-endian).
//!
//! Source of the format: NumPy enhancement proposal 1. Element types that NumPy lacks are raw bytes there (`V2`), so a
//! reader has to be told which they are.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};

const MAGIC: &[u8] = b"\x93NUMPY";

/// NumPy's word for an element type; raw bytes where it has none.
fn descr(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "|b1",
        DType::I2 | DType::I4 | DType::I8 => "|i1",
        DType::U2 | DType::U4 | DType::U8 => "|u1",
        DType::I16 => "<i2",
        DType::U16 => "<u2",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::I64 => "<i8",
        DType::U64 => "<u8",
        DType::F16 => "<f2",
        DType::BF16 => "<V2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
        _ => "|V1",
    }
}

/// The file of an array.
pub(super) fn write(literal: &Literal) -> Vec<u8> {
    let ty = literal.ty();
    let dims: String = ty.shape.iter().map(|dim| format!("{dim}, ")).collect();
    let dims = if ty.rank() == 1 {
        dims.trim_end().to_owned()
    } else {
        dims.trim_end_matches(", ").to_owned()
    };
    let descr = descr(ty.dtype);
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}");
    // The elements begin at a multiple of 64.
    let len = (MAGIC.len() + 4 + header.len() + 1).next_multiple_of(64) - MAGIC.len() - 4;
    header.push_str(&" ".repeat(len - header.len() - 1));
    header.push('\n');
    let mut out =
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    literal.iter().for_each(|element| write_element(element, ty.dtype, &mut out));
    out
}

fn write_element(element: Scalar, dtype: DType, out: &mut Vec<u8>) {
    // Numbers of less than 8 bits are extended, as NumPy's one byte has them.
    match dtype {
        DType::I2 | DType::I4 => out.push(element.as_i64() as i8 as u8),
        _ => element.write_bytes(dtype, out),
    }
}

/// The array in a file, of an element type that the file's agrees with.
pub(super) fn read(bytes: &[u8], dtype: DType) -> Result<Literal> {
    let Some((version, rest)) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_at_checked(2))
    else {
        bail!(InvalidArgument, "is no .npy file: it does not begin with NumPy's mark");
    };
    let wide = version[0] > 1;
    let length_bytes = if wide { 4 } else { 2 };
    let Some((length, rest)) = rest.split_at_checked(length_bytes) else {
        bail!(InvalidArgument, "ends within its header");
    };
    let length = length.iter().rev().fold(0usize, |n, &byte| n << 8 | usize::from(byte));
    let Some((header, data)) = rest.split_at_checked(length) else {
        bail!(InvalidArgument, "ends within its header");
    };
    let header = String::from_utf8_lossy(header);
    let shape = check_header(&header, dtype)?;
    elements(data, Type::new(dtype, shape))
}

fn check_header(header: &str, dtype: DType) -> Result<Shape> {
    let after =
        |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start_matches([':', ' ']));
    let got = after("'descr'")
        .and_then(|rest| rest.strip_prefix('\''))
        .and_then(|r| r.split('\'').next());
    let Some(got) = got else { bail!(InvalidArgument, "has a header without descr: {header}") };
    let need = descr(dtype);
    let same = got.trim_start_matches(['<', '|', '=']) == need.trim_start_matches(['<', '|']);
    if !same || got.starts_with('>') {
        bail!(Dtype, "holds elements '{got}', but {dtype} is '{need}'");
    }
    if after("'fortran_order'").is_some_and(|rest| rest.starts_with("True")) {
        bail!(Unimplemented, "lies in Fortran order; C order is needed");
    }
    let dims =
        after("'shape'").and_then(|rest| rest.strip_prefix('(')).and_then(|r| r.split(')').next());
    let Some(dims) = dims else { bail!(InvalidArgument, "has a header without shape: {header}") };
    let dims: Option<Vec<i64>> = dims
        .split(',')
        .map(str::trim)
        .filter(|dim| !dim.is_empty())
        .map(|dim| dim.trim_end_matches('L').parse().ok())
        .collect();
    match dims {
        Some(dims) => Shape::from_user(".npy", &dims, dtype.size_bytes()),
        None => bail!(InvalidArgument, "has a header with a malformed shape: {header}"),
    }
}

fn elements(data: &[u8], ty: Type) -> Result<Literal> {
    let (size, n, dtype) = (ty.dtype.size_bytes(), ty.numel(), ty.dtype);
    if data.len() != size * n {
        bail!(InvalidArgument, "has {} bytes of elements, but {ty} takes {}", data.len(), size * n);
    }
    Ok(Literal::from_fn(ty, |k| element(&data[k * size..][..size], dtype)))
}

fn element(bytes: &[u8], dtype: DType) -> Scalar {
    match (dtype, bytes) {
        (DType::Bool, [byte]) => Scalar::Bool(*byte != 0),
        (DType::I2 | DType::I4, [byte]) => Scalar::Int(i64::from(*byte as i8)),
        _ => Scalar::from_bytes(dtype, bytes),
    }
}
