//! Attributes as MLIR writes them.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};

use super::cursor::Cursor;
use super::{dense, types};
use crate::tree::{Attr, Ty};

/// `{name = attribute, name}`; structures of dimension numbers are taken apart.
pub(super) fn dict(c: &mut Cursor<'_>) -> Result<Vec<(String, Attr)>> {
    let entries = c.list("{", "}", entry)?;
    Ok(entries.into_iter().flatten().collect())
}

fn entry(c: &mut Cursor<'_>) -> Result<Vec<(String, Attr)>> {
    let name = match c.peek() {
        Some(b'"') => c.string()?,
        _ => c.word()?.to_owned(),
    };
    if !c.eat("=") {
        return Ok(vec![(name, Attr::Unit)]);
    }
    let is_structure = c.peek() == Some(b'#');
    Ok(match read(c)? {
        Attr::Dict(fields) if is_structure => fields,
        attribute => vec![(name, attribute)],
    })
}

/// An attribute. A bare word that is no type is a word of some enumeration.
pub(super) fn read(c: &mut Cursor<'_>) -> Result<Attr> {
    c.nested(read_attribute)
}

/// An attribute that no type can follow: after `dim = 1 : ` come the types of an operation.
pub(super) fn read_untyped(c: &mut Cursor<'_>) -> Result<Attr> {
    match c.peek() {
        Some(b'-' | b'0'..=b'9') => {
            let text = c.number()?;
            text.parse().map(Attr::Int).map_err(|_| c.error("has a malformed number"))
        }
        _ => read(c),
    }
}

fn read_attribute(c: &mut Cursor<'_>) -> Result<Attr> {
    match c.peek() {
        Some(b'"') => {
            let text = c.string()?;
            type_of(c)?;
            Ok(Attr::Text(text))
        }
        Some(b'[') => Ok(Attr::List(c.list("[", "]", read)?)),
        Some(b'{') => Ok(Attr::Dict(dict(c)?)),
        Some(b'<') => fields(c),
        Some(b'@') => symbol(c),
        Some(b'#') => special(c),
        Some(b'(' | b'!') => Ok(Attr::Type(types::read(c)?)),
        Some(b'-' | b'0'..=b'9') => number(c),
        _ => word(c),
    }
}

/// `: type` after a number or a text, which says nothing new.
fn type_of(c: &mut Cursor<'_>) -> Result<Option<Ty>> {
    if c.eat(":") { types::read(c).map(Some) } else { Ok(None) }
}

fn number(c: &mut Cursor<'_>) -> Result<Attr> {
    let text = c.number()?;
    let is_whole = !text.contains(['.']) && (text.starts_with("0x") || !text.contains(['e', 'E']));
    // Without a type, as in the elements of a list, no colon belongs to the number.
    let ty = type_of(c)?;
    let is_float = matches!(&ty, Some(Ty::Tensor(ty)) if ty.dtype.is_float());
    if let (true, Some(digits), Some(Ty::Tensor(ty))) = (is_float, text.strip_prefix("0x"), &ty) {
        let bits = u64::from_str_radix(digits, 16).map_err(|_| c.error("has too many digits"))?;
        return Ok(Attr::Float(Scalar::from_bits(ty.dtype, bits).as_f64()));
    }
    if is_whole && !is_float {
        let number = match text.strip_prefix("0x") {
            Some(digits) => i128::from_str_radix(digits, 16),
            None => text.parse(),
        };
        return number.map(Attr::Int).map_err(|_| c.error("has too many digits"));
    }
    text.parse().map(Attr::Float).map_err(|_| c.error("has a malformed number"))
}

/// `@name`, with the parts after `::` that nested symbols have.
fn symbol(c: &mut Cursor<'_>) -> Result<Attr> {
    c.expect("@")?;
    let mut name = c.suffix()?;
    while c.eat("::") {
        c.expect("@")?;
        name = format!("{name}::{}", c.suffix()?);
    }
    Ok(Attr::Symbol(name))
}

fn word(c: &mut Cursor<'_>) -> Result<Attr> {
    let mark = c.mark();
    Ok(match c.word()? {
        "true" => Attr::Bool(true),
        "false" => Attr::Bool(false),
        "unit" => Attr::Unit,
        "dense" => Attr::Dense(dense::read(c)?),
        "array" => array(c)?,
        "dense_resource" => {
            c.back(mark);
            return Err(c.error("has an array that was left out of the text (dense_resource)"));
        }
        name @ ("loc" | "affine_map" | "opaque" | "sparse" | "strided") => {
            Attr::Other(format!("{name}{}", c.balanced()?))
        }
        "tensor" | "tuple" | "complex" | "none" => {
            c.back(mark);
            Attr::Type(types::read(c)?)
        }
        name => match types::element(name) {
            Some(dtype) => Attr::Type(Ty::Tensor(Type::scalar(dtype))),
            None => Attr::Word(name.to_owned()),
        },
    })
}

/// What follows `array`: `<i64: 1, 2>`.
fn array(c: &mut Cursor<'_>) -> Result<Attr> {
    c.expect("<")?;
    let name = c.word()?;
    let Some(dtype) = types::element(name) else { return Err(c.needs("an element type")) };
    let mut elements = Vec::new();
    if c.eat(":") {
        loop {
            elements.push(array_element(c, dtype)?);
            if !c.eat(",") {
                break;
            }
        }
    }
    c.expect(">")?;
    let ty = Type::new(dtype, &[elements.len()][..]);
    Ok(Attr::Dense(Literal::from_scalars(ty, &elements)))
}

fn array_element(c: &mut Cursor<'_>, dtype: DType) -> Result<Scalar> {
    let scalar = match read(c)? {
        Attr::Bool(flag) => Scalar::Bool(flag),
        Attr::Int(number) if dtype.is_float() => Scalar::Float(number as f64),
        Attr::Int(number) => Scalar::Int(number as i64),
        Attr::Float(number) => Scalar::Float(number),
        _ => return Err(c.needs("a number")),
    };
    Ok(scalar.cast(dtype))
}

/// `#dialect<kind word>`, `#dialect.kind<field = attribute, …>`, or anything else with a `#`.
fn special(c: &mut Cursor<'_>) -> Result<Attr> {
    c.expect("#")?;
    let name = c.word()?;
    if c.here() != Some(b'<') {
        return Ok(Attr::Other(format!("#{name}")));
    }
    match name {
        "stablehlo" | "chlo" | "mhlo" => {
            let mark = c.mark();
            c.expect("<")?;
            let word = c.try_word().and_then(|_kind| c.try_word());
            match word {
                Some(word) if c.eat(">") => Ok(Attr::Word(word.to_owned())),
                _ => {
                    c.back(mark);
                    Ok(Attr::Other(format!("#{name}{}", c.balanced()?)))
                }
            }
        }
        "stablehlo.conv" => {
            c.expect("<")?;
            let numbers = convolution(c)?;
            c.expect(">")?;
            Ok(Attr::Dict(numbers))
        }
        "stablehlo.gather" | "stablehlo.scatter" | "stablehlo.dot" => fields(c),
        _ => Ok(Attr::Other(format!("#{name}{}", c.balanced()?))),
    }
}

/// `<name = attribute, …>`
fn fields(c: &mut Cursor<'_>) -> Result<Attr> {
    let entries = c.list("<", ">", entry)?;
    Ok(Attr::Dict(entries.into_iter().flatten().collect()))
}

/// The axes of a convolution: `[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]`.
pub(super) fn convolution(c: &mut Cursor<'_>) -> Result<Vec<(String, Attr)>> {
    let mut out = Vec::new();
    axes(c, ["input_batch_dimension", "input_feature_dimension"], ['b', 'f'], "input", &mut out)?;
    c.expect("x")?;
    let names = ["kernel_input_feature_dimension", "kernel_output_feature_dimension"];
    axes(c, names, ['i', 'o'], "kernel", &mut out)?;
    c.expect("->")?;
    let names = ["output_batch_dimension", "output_feature_dimension"];
    axes(c, names, ['b', 'f'], "output", &mut out)?;
    Ok(out)
}

fn axes(
    c: &mut Cursor<'_>,
    names: [&str; 2],
    letters: [char; 2],
    of: &str,
    out: &mut Vec<(String, Attr)>,
) -> Result<()> {
    let labels = c.list("[", "]", |c| {
        let label = c.take_label();
        if label.is_empty() { Err(c.needs("the label of an axis")) } else { Ok(label) }
    })?;
    let position = |label: &str| labels.iter().position(|&other| other == label);
    for (name, letter) in names.iter().zip(letters) {
        let Some(axis) = position(&letter.to_string()) else {
            return Err(c.error(format_args!("needs an axis {letter} of the {of}")));
        };
        out.push(((*name).to_owned(), Attr::Int(axis as i128)));
    }
    let spatial = (0..labels.len().saturating_sub(2))
        .map(|k| position(&k.to_string()).map(|axis| Attr::Int(axis as i128)))
        .collect::<Option<Vec<_>>>();
    let Some(spatial) = spatial else {
        return Err(c.error(format_args!("needs the spatial axes of the {of} numbered from 0")));
    };
    out.push((format!("{of}_spatial_dimensions"), Attr::List(spatial)));
    Ok(())
}

impl<'a> Cursor<'a> {
    /// The label of an axis: a letter or a number.
    fn take_label(&mut self) -> &'a str {
        self.peek();
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '?')
    }
}
