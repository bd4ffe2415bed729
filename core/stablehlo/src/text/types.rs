//! Types as MLIR writes them.

use jaxrs_data::{DType, Error, ErrorKind, Result, Shape, Type};

use super::cursor::Cursor;
use crate::tree::Ty;

/// The names of element types; the first of a type is the one that is written. `index` counts as 64 bits.
const ELEMENTS: &[(&str, DType)] = &[
    ("i1", DType::Bool),
    ("i2", DType::I2),
    ("si2", DType::I2),
    ("i4", DType::I4),
    ("si4", DType::I4),
    ("i8", DType::I8),
    ("si8", DType::I8),
    ("i16", DType::I16),
    ("si16", DType::I16),
    ("i32", DType::I32),
    ("si32", DType::I32),
    ("i64", DType::I64),
    ("si64", DType::I64),
    ("index", DType::I64),
    ("ui2", DType::U2),
    ("ui4", DType::U4),
    ("ui8", DType::U8),
    ("ui16", DType::U16),
    ("ui32", DType::U32),
    ("ui64", DType::U64),
    ("f16", DType::F16),
    ("bf16", DType::BF16),
    ("f32", DType::F32),
    ("f64", DType::F64),
    ("complex<f32>", DType::C64),
    ("complex<f64>", DType::C128),
    ("f4E2M1FN", DType::F4E2M1Fn),
    ("f6E2M3FN", DType::F6E2M3Fn),
    ("f6E3M2FN", DType::F6E3M2Fn),
    ("f8E3M4", DType::F8E3M4),
    ("f8E4M3", DType::F8E4M3),
    ("f8E4M3B11FNUZ", DType::F8E4M3B11Fnuz),
    ("f8E4M3FN", DType::F8E4M3Fn),
    ("f8E4M3FNUZ", DType::F8E4M3Fnuz),
    ("f8E5M2", DType::F8E5M2),
    ("f8E5M2FNUZ", DType::F8E5M2Fnuz),
    ("f8E8M0FNU", DType::F8E8M0Fnu),
];

/// The element type of a name of MLIR's.
pub(crate) fn element(name: &str) -> Option<DType> {
    ELEMENTS.iter().find(|(other, _)| *other == name).map(|(_, dtype)| *dtype)
}

/// The name of an element type; keys have none.
pub(crate) fn element_name(dtype: DType) -> Option<&'static str> {
    ELEMENTS.iter().find(|(_, other)| *other == dtype).map(|(name, _)| *name)
}

/// The complex type with parts of some type.
pub(crate) fn complex(part: DType) -> Option<DType> {
    match part {
        DType::F32 => Some(DType::C64),
        DType::F64 => Some(DType::C128),
        _ => None,
    }
}

/// A type.
pub(super) fn read(c: &mut Cursor<'_>) -> Result<Ty> {
    c.nested(read_type)
}

fn read_type(c: &mut Cursor<'_>) -> Result<Ty> {
    if c.peek() == Some(b'(') {
        let inputs = c.list("(", ")", read)?;
        c.expect("->")?;
        return Ok(Ty::Function(inputs, results(c)?));
    }
    if c.eat("!") {
        let name = c.word()?.to_owned();
        let arguments = if c.here() == Some(b'<') { c.balanced()? } else { "" };
        let is_token = name == "stablehlo.token";
        return Ok(if is_token { Ty::Token } else { Ty::Other(format!("!{name}{arguments}")) });
    }
    let mark = c.mark();
    match c.word()? {
        "tensor" => tensor(c),
        "tuple" => Ok(Ty::Tuple(c.list("<", ">", read)?)),
        "complex" => {
            c.back(mark);
            Ok(Ty::Tensor(Type::scalar(element_type(c)?)))
        }
        "none" => Ok(Ty::Other("none".to_owned())),
        name => match element(name) {
            Some(dtype) => Ok(Ty::Tensor(Type::scalar(dtype))),
            None => {
                c.back(mark);
                Err(c.needs("a type"))
            }
        },
    }
}

/// The results of a function type: one, or several in parentheses.
pub(super) fn results(c: &mut Cursor<'_>) -> Result<Vec<Ty>> {
    if c.peek() == Some(b'(') { c.list("(", ")", read) } else { Ok(vec![read(c)?]) }
}

/// What follows `tensor`: `<2x3xf32>`, or `<?x3xf32>` where a size is not known.
fn tensor(c: &mut Cursor<'_>) -> Result<Ty> {
    c.expect("<")?;
    let mut dims = Vec::new();
    loop {
        match c.peek() {
            Some(b'0'..=b'9') => {
                let digits = c.take_while(|c| c.is_ascii_digit());
                let dim = digits.parse().map_err(|_| c.error("has a size beyond 64 bits"))?;
                dims.push(Some(dim));
            }
            Some(b'?') => {
                c.expect("?")?;
                dims.push(None);
            }
            Some(b'*') => return Err(unranked(c)),
            _ => break,
        }
        c.expect_x()?;
    }
    let dtype = element_type(c)?;
    if c.eat(",") {
        // An encoding says nothing about values.
        super::attributes::read(c)?;
    }
    c.expect(">")?;
    array(dtype, &dims).map_err(|error| c.error(error))
}

/// The type of arrays with these sizes.
pub(crate) fn array(dtype: DType, dims: &[Option<i64>]) -> Result<Ty> {
    // Those that are not known hold one element, as far as limits on sizes go.
    let known: Vec<i64> = dims.iter().map(|dim| dim.unwrap_or(1)).collect();
    let shape = Shape::from_user("a tensor type", &known, dtype.size_bytes())?;
    if dims.iter().all(Option::is_some) {
        return Ok(Ty::Tensor(Type::new(dtype, shape)));
    }
    let sizes = shape.iter().zip(dims).map(|(&size, dim)| dim.map(|_| size)).collect();
    Ok(Ty::Dynamic(dtype, sizes))
}

fn unranked(c: &mut Cursor<'_>) -> Error {
    let place = c.place();
    let need = "needs types of known rank, got one without";
    Error::new(ErrorKind::Unimplemented, format_args!("{place}: {need}"))
}

fn element_type(c: &mut Cursor<'_>) -> Result<DType> {
    let mark = c.mark();
    let name = c.word()?;
    let found = if name == "complex" {
        c.expect("<")?;
        let part = element_type(c)?;
        c.expect(">")?;
        complex(part)
    } else {
        element(name)
    };
    found.ok_or_else(|| {
        c.back(mark);
        c.needs("an element type")
    })
}

impl Cursor<'_> {
    /// The `x` between sizes.
    fn expect_x(&mut self) -> Result<()> {
        if self.here() == Some(b'x') {
            self.back(self.mark() + 1);
            return Ok(());
        }
        Err(self.needs("'x' after a size"))
    }
}
