//! The tables of a file.

use jaxrs_data::{DType, ErrorKind, Result, bail};

use super::{Aval, DisabledCheck, Element, Exported, Tree};
use crate::flat::Table;

/// The field that holds the module.
pub(super) const MODULE: usize = 13;

/// The types of elements, by their numbers.
pub(super) const ELEMENTS: [Element; 30] = [
    Element::Of(DType::Bool),
    Element::Of(DType::I8),
    Element::Of(DType::I16),
    Element::Of(DType::I32),
    Element::Of(DType::I64),
    Element::Of(DType::U8),
    Element::Of(DType::U16),
    Element::Of(DType::U32),
    Element::Of(DType::U64),
    Element::Of(DType::F16),
    Element::Of(DType::F32),
    Element::Of(DType::F64),
    Element::Of(DType::C64),
    Element::Of(DType::C128),
    Element::Of(DType::BF16),
    Element::Of(DType::I4),
    Element::Of(DType::U4),
    Element::Of(DType::F8E4M3B11Fnuz),
    Element::Of(DType::F8E4M3Fn),
    Element::Of(DType::F8E4M3Fnuz),
    Element::Of(DType::F8E5M2),
    Element::Of(DType::F8E5M2Fnuz),
    Element::Float0,
    Element::Of(DType::F8E4M3),
    Element::Of(DType::F8E3M4),
    Element::Of(DType::F8E8M0Fnu),
    Element::Of(DType::F4E2M1Fn),
    Element::Key(2),
    Element::Key(4),
    Element::Key(4),
];

/// A function, with its derivatives.
pub(super) fn exported(t: &Table<'_>) -> Result<Exported> {
    // Since version 10 equal types are written once, and the numbers of those of arguments and results say which.
    let unique = avals(t, 19)?;
    let devices = t.number::<4>(18)?;
    let read = Exported {
        name: t.text(1)?,
        in_tree: tree(&required(t, 2, "in_tree")?)?,
        in_avals: chosen(t, &unique, 22, 3)?,
        out_tree: tree(&required(t, 4, "out_tree")?)?,
        out_avals: chosen(t, &unique, 23, 5)?,
        nr_devices: if devices > 0 { devices } else { t.number::<2>(6)? },
        platforms: t.texts(9)?,
        ordered_effects: effects(t, 10)?,
        unordered_effects: effects(t, 11)?,
        disabled_checks: t.tables(12)?.iter().map(disabled_check).collect::<Result<_>>()?,
        module: t.bytes(MODULE)?.to_vec(),
        calling_convention_version: t.number::<2>(14)?,
        module_kept_var_idx: t.numbers::<2>(15)?,
        uses_global_constants: t.number::<1>(16)? != 0,
        vjp: t.table(17)?.map(|vjp| exported(&vjp).map(Box::new)).transpose()?,
    };
    check(t, &read)?;
    Ok(read)
}

fn check(t: &Table<'_>, read: &Exported) -> Result<()> {
    let version = read.calling_convention_version;
    if !(9..=10).contains(&version) {
        bail!(
            Unimplemented,
            "the exported file has calling convention {version}; 9 and 10 are supported"
        );
    }
    let kept = &read.module_kept_var_idx;
    let in_order = kept.windows(2).all(|pair| pair[0] < pair[1]);
    if !in_order || kept.last().is_some_and(|&last| last >= read.in_avals.len()) {
        let n = read.in_avals.len();
        return Err(t.error(format_args!("keeps the arguments {kept:?} of {n}")));
    }
    for (what, tree, avals) in
        [("arguments", &read.in_tree, &read.in_avals), ("results", &read.out_tree, &read.out_avals)]
    {
        if tree.leaves() != avals.len() {
            let (leaves, n) = (tree.leaves(), avals.len());
            return Err(t.error(format_args!("has {n} types for {leaves} {what}")));
        }
    }
    Ok(())
}

fn required<'a>(t: &Table<'a>, field: usize, name: &str) -> Result<Table<'a>> {
    t.table(field)?.ok_or_else(|| t.error(format_args!("has no {name}")))
}

fn avals(t: &Table<'_>, field: usize) -> Result<Vec<Aval>> {
    t.tables(field)?.iter().map(aval).collect()
}

fn chosen(t: &Table<'_>, unique: &[Aval], numbers: usize, all: usize) -> Result<Vec<Aval>> {
    let numbers = t.numbers::<4>(numbers)?;
    if numbers.is_empty() {
        return avals(t, all);
    }
    let find = |k: usize| {
        let n = unique.len();
        unique.get(k).cloned().ok_or_else(|| t.error(format_args!("names type {k} of {n}")))
    };
    numbers.into_iter().map(find).collect()
}

fn aval(t: &Table<'_>) -> Result<Aval> {
    let number = t.number::<1>(2)?;
    let Some(&dtype) = ELEMENTS.get(number) else {
        let text = format_args!("the exported file has elements of unknown type {number}");
        return Err(jaxrs_data::Error::new(ErrorKind::Unimplemented, text));
    };
    Ok(Aval { dtype, shape: t.texts(1)? })
}

fn effects(t: &Table<'_>, field: usize) -> Result<Vec<String>> {
    t.tables(field)?.iter().map(|effect| effect.text(0)).collect()
}

fn disabled_check(t: &Table<'_>) -> Result<DisabledCheck> {
    match t.number::<1>(0)? {
        0 => Ok(DisabledCheck::Platform),
        1 => Ok(DisabledCheck::CustomCall(t.text(1)?)),
        2 => Ok(DisabledCheck::ShapeAssertions),
        kind => Err(t.error(format_args!("disables a check of kind {kind}"))),
    }
}

fn tree(t: &Table<'_>) -> Result<Tree> {
    let parts: Vec<Tree> = t.tables(1)?.iter().map(tree).collect::<Result<_>>()?;
    Ok(match t.number::<1>(0)? {
        0 if parts.is_empty() => Tree::Leaf,
        1 if parts.is_empty() => Tree::None,
        2 => Tree::Tuple(parts),
        3 => Tree::List(parts),
        4 => {
            let names = t.texts(2)?;
            if names.len() != parts.len() {
                let text = format_args!("has {} names of {} parts", names.len(), parts.len());
                return Err(t.error(text));
            }
            Tree::Dict(names.into_iter().zip(parts).collect())
        }
        5 => Tree::Custom(t.text(3)?, t.bytes(4)?.to_vec(), parts),
        kind => return Err(t.error(format_args!("has a tree of kind {kind}"))),
    })
}

impl Tree {
    /// How many arrays it holds.
    pub fn leaves(&self) -> usize {
        match self {
            Tree::Leaf => 1,
            Tree::None => 0,
            Tree::Tuple(parts) | Tree::List(parts) | Tree::Custom(_, _, parts) => {
                parts.iter().map(Tree::leaves).sum()
            }
            Tree::Dict(parts) => parts.iter().map(|(_, part)| part.leaves()).sum(),
        }
    }
}
