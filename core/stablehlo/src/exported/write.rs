//! Programs of ours as files of `jax.export`.

use jaxrs_data::{ErrorKind, Result};

use super::read::ELEMENTS;
use super::read::MODULE;
use super::{Aval, Element, Tree};
use crate::flat::{Field, Fields, file};
use crate::tree::{Module, Ty};

/// What files say as their serialization version: JAX itself writes 3 in those of all later ones, whose readers go by the
/// fields that are there.
const SERIALIZATION_VERSION: u16 = 3;
/// That of JAX 0.10.2.
const CALLING_CONVENTION_VERSION: u16 = 10;
/// The number of a `NamedSharding`, from 1; 0 stands for none.
const NO_SHARDING: u32 = 0;

/// What a file says of a module besides what the module says itself.
pub(super) struct Export<'a> {
    /// The elements of arguments and results, where the module's may stand for others.
    pub(super) elements: Option<[&'a [Element]; 2]>,
    /// Whether a tuple is given though there is one result.
    pub(super) is_tuple: bool,
    /// The function's derivative.
    pub(super) vjp: Option<Fields>,
}

/// The file of a module whose function `@main` takes arrays: in Python a function of as many arguments, that gives an array,
/// or a tuple of several.
pub fn write_exported(module: &Module, name: &str) -> Result<Vec<u8>> {
    let is_tuple = module.function("main")?.results.len() != 1;
    Ok(file(&fields(module, name, Export { elements: None, is_tuple, vjp: None })?))
}

/// The table of a function.
pub(super) fn fields(module: &Module, name: &str, export: Export<'_>) -> Result<Fields> {
    let main = module.function("main")?;
    let mut in_avals = avals(main.body.arguments.iter().map(|(_, ty)| ty))?;
    let mut out_avals = avals(main.results.iter())?;
    for (avals, elements) in
        [&mut in_avals, &mut out_avals].into_iter().zip(export.elements.into_iter().flatten())
    {
        for (aval, &element) in avals.iter_mut().zip(elements) {
            if element == Element::Float0 {
                aval.dtype = element;
            }
        }
    }
    let leaves = |n: usize| Tree::Tuple(vec![Tree::Leaf; n]);
    let in_tree = Tree::Tuple(vec![leaves(in_avals.len()), Tree::Dict(Vec::new())]);
    let out_tree = if export.is_tuple { leaves(out_avals.len()) } else { Tree::Leaf };
    let kept = 0..in_avals.len();
    let Ok(kept) = kept.map(u16::try_from).collect::<Result<Vec<u16>, _>>() else {
        let text = format_args!("a file of jax.export has at most 65536 arguments");
        return Err(jaxrs_data::Error::new(ErrorKind::Unimplemented, text));
    };
    let mut fields: Fields = vec![
        (0, Field::U16(SERIALIZATION_VERSION)),
        (1, Field::Text(name.to_owned())),
        (2, Field::Table(tree(&in_tree))),
        (4, Field::Table(tree(&out_tree))),
        (9, Field::Texts(vec!["cpu".to_owned()])),
        (MODULE, Field::Bytes(crate::write(module)?)),
        (14, Field::U16(CALLING_CONVENTION_VERSION)),
        (15, Field::U16s(kept)),
        (18, Field::U32(1)),
    ];
    fields.extend([10, 11, 12].map(|list| (list, Field::Tables(Vec::new()))));
    let mut unique: Vec<&Aval> = Vec::new();
    for (all, shardings, numbers, sharding_numbers, avals) in
        [(3, 7, 22, 24, &in_avals), (5, 8, 23, 25, &out_avals)]
    {
        fields.push((all, Field::Tables(avals.iter().map(aval).collect::<Result<_>>()?)));
        fields.push((shardings, Field::Tables(vec![Fields::new(); avals.len()])));
        fields.push((numbers, Field::U32s(avals.iter().map(|x| number(&mut unique, x)).collect())));
        fields.push((sharding_numbers, Field::U32s(vec![NO_SHARDING; avals.len()])));
    }
    let unique = unique.into_iter().map(aval).collect::<Result<_>>()?;
    fields.extend([(19, Field::Tables(unique)), (20, Field::Tables(Vec::new()))]);
    fields.push((21, Field::Tables(Vec::new())));
    fields.extend(export.vjp.map(|vjp| (17, Field::Table(vjp))));
    Ok(fields)
}

/// The number of a type among those that are not equal.
fn number<'a>(unique: &mut Vec<&'a Aval>, aval: &'a Aval) -> u32 {
    let known = unique.iter().position(|other| *other == aval);
    known.unwrap_or_else(|| {
        unique.push(aval);
        unique.len() - 1
    }) as u32
}

fn avals<'t>(types: impl Iterator<Item = &'t Ty>) -> Result<Vec<Aval>> {
    let aval = |ty: &Ty| match ty {
        Ty::Tensor(ty) => Ok(Aval {
            dtype: Element::Of(ty.dtype),
            shape: ty.shape.iter().map(usize::to_string).collect(),
        }),
        other => {
            let text = format_args!("a file of jax.export has arrays only, got {other:?}");
            Err(jaxrs_data::Error::new(ErrorKind::Unimplemented, text))
        }
    };
    types.map(aval).collect()
}

fn aval(aval: &Aval) -> Result<Fields> {
    let Some(dtype) = ELEMENTS.iter().position(|other| *other == aval.dtype) else {
        let text = format_args!("a file of jax.export has no elements of {:?}", aval.dtype);
        return Err(jaxrs_data::Error::new(ErrorKind::Unimplemented, text));
    };
    /// Memory of the device.
    const DEVICE: u8 = 1;
    let shape = Field::Texts(aval.shape.clone());
    Ok(vec![(0, Field::U8(0)), (1, shape), (2, Field::U8(dtype as u8)), (3, Field::U8(DEVICE))])
}

fn tree(tree: &Tree) -> Fields {
    let (kind, parts): (u8, Vec<&Tree>) = match tree {
        Tree::Leaf => (0, Vec::new()),
        Tree::None => (1, Vec::new()),
        Tree::Tuple(parts) => (2, parts.iter().collect()),
        Tree::List(parts) => (3, parts.iter().collect()),
        Tree::Dict(parts) => (4, parts.iter().map(|(_, part)| part).collect()),
        Tree::Custom(_, _, parts) => (5, parts.iter().collect()),
    };
    let mut fields = vec![(0, Field::U8(kind))];
    if !parts.is_empty() {
        fields.push((1, Field::Tables(parts.into_iter().map(self::tree).collect())));
    }
    match tree {
        Tree::Dict(parts) if !parts.is_empty() => {
            fields.push((2, Field::Texts(parts.iter().map(|(name, _)| name.clone()).collect())));
        }
        Tree::Custom(name, beside, _) => {
            fields.push((3, Field::Text(name.clone())));
            fields.push((4, Field::Bytes(beside.clone())));
        }
        _ => {}
    }
    fields
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests that fail may panic")]
mod tests {
    use super::*;
    use crate::exported::{is_exported, read_exported};

    /// Before version 10 each argument and result has a type of its own, before version 5 the number of devices has two bytes.
    #[test]
    fn files_of_older_versions_are_read() {
        let text = "func.func @main(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {\n \
                    %0 = stablehlo.add %a, %b : tensor<3xf32>\n return %0 : tensor<3xf32>\n}";
        let module = crate::parse(text).unwrap();
        let new = fields(&module, "sum", Export { elements: None, is_tuple: false, vjp: None });
        let new = new.unwrap();
        let mut old: Fields = new.iter().filter(|(number, _)| *number < 18).cloned().collect();
        old.push((6, Field::U16(1)));
        let (old, new) = (file(&old), file(&new));
        assert!(is_exported(&old) && old.len() < new.len());
        assert_eq!(read_exported(&old).unwrap(), read_exported(&new).unwrap());
    }
}
