//! Running an operation by name.

use jaxrs_data::{Error, ErrorKind, Result, SmallVec, bail};
use jaxrs_ir::{Outputs, Value};
use jaxrs_transform::Scope;

use super::{Attr, Attribute, Op, resolve};

/// Runs an operation by name, with attributes by name.
pub fn apply(
    cx: &Scope,
    name: &str,
    operands: &[Value],
    attrs: &[(&str, Attr<'_>)],
) -> Result<Outputs> {
    let Some(op) = resolve(name) else {
        bail!(InvalidArgument, "there is no operation {name:?}");
    };
    check_operands(op, operands.len())?;
    (op.run)(cx, operands, &complete(op, attrs)?)
}

fn check_operands(op: &Op, got: usize) -> Result<()> {
    let fixed = op.operands.iter().filter(|operand| !operand.variadic).count();
    let open = fixed < op.operands.len();
    if got < fixed || (got > fixed && !open) {
        let least = if open { "at least " } else { "" };
        bail!(InvalidArgument, "{} takes {least}{fixed} operands, got {got}", op.name);
    }
    Ok(())
}

/// The attributes in order, defaults filled in.
fn complete<'a>(op: &Op, given: &[(&str, Attr<'a>)]) -> Result<SmallVec<[Attr<'a>; 8]>> {
    let known = |name: &str| op.attributes.iter().any(|attribute| attribute.name == name);
    if let Some((name, _)) = given.iter().find(|(name, _)| !known(name)) {
        let names: Vec<&str> = op.attributes.iter().map(|attribute| attribute.name).collect();
        bail!(
            InvalidArgument,
            "{} has no attribute {name:?}; it has [{}]",
            op.name,
            names.join(", ")
        );
    }
    let value = |attribute: &Attribute| {
        let Some((_, attr)) = given.iter().find(|(name, _)| *name == attribute.name) else {
            return attribute.default.ok_or_else(|| missing(op, attribute));
        };
        attr.coerced(attribute.kind).ok_or_else(|| wrong_kind(op, attribute, attr))
    };
    op.attributes.iter().map(value).collect()
}

#[cold]
fn missing(op: &Op, attribute: &Attribute) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format_args!("{} needs the attribute {:?}", op.name, attribute.name),
    )
}

#[cold]
fn wrong_kind(op: &Op, attribute: &Attribute, got: &Attr<'_>) -> Error {
    let (name, needed) = (attribute.name, attribute.kind);
    Error::new(
        ErrorKind::InvalidArgument,
        format_args!("{} needs a {needed:?} for the attribute {name:?}, got {got:?}", op.name),
    )
}
