//! Operations: regions, blocks and values.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result};

use super::bytes::Bytes;
use super::{Tables, properties};
use crate::tree::{Attr, Func, Module, Op, Region, Ty, ValueId};

/// How deep regions may be nested.
const MAX_DEPTH: usize = 200;

/// What comes with an operation, as bits of a mask.
mod has {
    pub(super) const ATTRIBUTES: u8 = 0x01;
    pub(super) const RESULTS: u8 = 0x02;
    pub(super) const OPERANDS: u8 = 0x04;
    pub(super) const SUCCESSORS: u8 = 0x08;
    pub(super) const REGIONS: u8 = 0x10;
    pub(super) const USE_ORDERS: u8 = 0x20;
    pub(super) const PROPERTIES: u8 = 0x40;
}

/// The values known where an operation stands, by their numbers there. A region has the numbers of all its own values
/// from its beginning on, so that regions inside of it come after them.
#[derive(Default)]
struct Values {
    known: Vec<Option<ValueId>>,
    /// The number that the next value of the region gets.
    next: usize,
}

struct Reader<'t, 'a> {
    tables: &'t Tables<'a>,
    values: Values,
    n_values: usize,
    version: u64,
    depth: usize,
}

/// Reads the one operation of a file, a module.
pub(super) fn module(tables: &Tables<'_>, mut bytes: Bytes<'_>, version: u64) -> Result<Module> {
    let mut reader = Reader { tables, values: Values::default(), n_values: 0, version, depth: 0 };
    let ops = reader.block(&mut bytes, &mut Vec::new())?;
    let mut module = Module::default();
    for op in ops {
        collect(op, &mut module)?;
    }
    if module.functions.is_empty() {
        return Err(bytes.error("holds no function"));
    }
    Ok(module)
}

/// The functions of an operation: a module's, or it is one.
fn collect(op: Op, module: &mut Module) -> Result<()> {
    match op.name.as_str() {
        "builtin.module" => op
            .regions
            .iter()
            .flat_map(|region| region.ops.clone())
            .try_for_each(|op| collect(op, module)),
        "func.func" => {
            let name = op.word("sym_name")?.to_owned();
            let Some(Attr::Type(Ty::Function(_, results))) = op.attribute("function_type") else {
                return Err(op.error(ErrorKind::InvalidArgument, "needs a function_type"));
            };
            let (results, body) = (results.clone(), op.region(0)?.clone());
            module.functions.push(Func { name, body, results });
            Ok(())
        }
        _ => Err(op.error(ErrorKind::InvalidArgument, "stands where a function is needed")),
    }
}

impl Reader<'_, '_> {
    fn define(&mut self, bytes: &Bytes<'_>) -> Result<ValueId> {
        let id = ValueId(self.n_values);
        let Some(place) = self.values.known.get_mut(self.values.next) else {
            return Err(bytes.error("has a region with more values than it says"));
        };
        *place = Some(id);
        self.values.next += 1;
        self.n_values += 1;
        Ok(id)
    }

    fn value(&self, bytes: &Bytes<'_>, index: usize) -> Result<ValueId> {
        let found = self.values.known.get(index).copied().flatten();
        found.ok_or_else(|| bytes.error(format_args!("uses value {index} before it is there")))
    }

    /// A block: its operations; its arguments go to `arguments`.
    fn block(
        &mut self,
        bytes: &mut Bytes<'_>,
        arguments: &mut Vec<(ValueId, Ty)>,
    ) -> Result<Vec<Op>> {
        let (n_ops, has_arguments) = bytes.flagged()?;
        if has_arguments {
            for _ in 0..bytes.count()? {
                let (ty, has_location) =
                    if self.version >= 4 { bytes.flagged()? } else { (bytes.index()?, true) };
                if has_location {
                    bytes.index()?;
                }
                let ty = self.tables.ty(ty, 0)?;
                arguments.push((self.define(bytes)?, ty));
            }
            if self.version >= 3 && bytes.byte()? != 0 {
                use_orders(bytes, arguments.len())?;
            }
        }
        (0..n_ops).map(|_| self.op(bytes)).collect()
    }

    fn op(&mut self, bytes: &mut Bytes<'_>) -> Result<Op> {
        let place = bytes.place();
        let full_name = self.tables.op_name(bytes.index()?)?.to_owned();
        let mask = bytes.byte()?;
        bytes.index()?; // the location
        let mut op = Op {
            name: canonical(&full_name),
            operands: Vec::new(),
            results: Vec::new(),
            attributes: Vec::new(),
            regions: Vec::new(),
            place,
        };
        if mask & has::ATTRIBUTES != 0
            && let Attr::Dict(entries) = self.tables.attribute(bytes.index()?, 0)?
        {
            op.attributes = entries;
        }
        if mask & has::PROPERTIES != 0 {
            self.properties(bytes, &full_name, &mut op)?;
        }
        if mask & has::RESULTS != 0 {
            for _ in 0..bytes.count()? {
                let ty = self.tables.ty(bytes.index()?, 0)?;
                op.results.push((self.define(bytes)?, ty));
            }
        }
        if mask & has::OPERANDS != 0 {
            for _ in 0..bytes.count()? {
                let index = bytes.index()?;
                op.operands.push(self.value(bytes, index)?);
            }
        }
        if mask & has::SUCCESSORS != 0 {
            return Err(bytes.error("has a branch between blocks; StableHLO has none"));
        }
        if mask & has::USE_ORDERS != 0 {
            use_orders(bytes, op.results.len())?;
        }
        if mask & has::REGIONS != 0 {
            self.regions(bytes, &mut op)?;
        }
        Ok(op)
    }

    /// The attributes that belong to an operation, by the order of their names.
    fn properties(&mut self, bytes: &mut Bytes<'_>, name: &str, op: &mut Op) -> Result<()> {
        let index = bytes.index()?;
        let mut entry = *super::lookup(&self.tables.properties, index, "property")?;
        // A module's name and visibility say nothing about what it computes.
        let Some(name) = name.strip_prefix("vhlo.") else { return Ok(()) };
        for property in properties::names(name) {
            let value = self.tables.attribute(entry.index()?, 0)?;
            op.attributes.push((property.to_owned(), value));
        }
        if !entry.is_empty() {
            let place = bytes.place();
            let text = format!("{place}: unsupported op {} with unknown properties", op.name);
            return Err(Error::new(ErrorKind::Unimplemented, text));
        }
        Ok(())
    }

    fn regions(&mut self, bytes: &mut Bytes<'_>, op: &mut Op) -> Result<()> {
        let (n, is_isolated) = bytes.flagged()?;
        if self.depth == MAX_DEPTH {
            return Err(bytes.error(format_args!("nests regions deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        let mut section = None;
        if is_isolated && self.version >= 2 {
            let (number, contents) = bytes.section()?;
            if number != 4 {
                return Err(bytes.error(format_args!("has section {number} in place of a region")));
            }
            section = Some(contents);
        }
        // What is isolated counts its values anew.
        let outer = is_isolated.then(|| std::mem::take(&mut self.values));
        for _ in 0..n {
            let region = self.region(section.as_mut().unwrap_or(bytes))?;
            op.regions.push(Arc::new(region));
        }
        self.values = outer.unwrap_or_else(|| std::mem::take(&mut self.values));
        self.depth -= 1;
        Ok(())
    }

    /// A region of at most one block; its values are forgotten after it.
    fn region(&mut self, bytes: &mut Bytes<'_>) -> Result<Region> {
        let n_blocks = bytes.index()?;
        if n_blocks == 0 {
            return Ok(Region::default());
        }
        if n_blocks > 1 {
            return Err(bytes.error("has a region of several blocks; StableHLO has one"));
        }
        // Each value takes bytes of its own somewhere in the file.
        let n_values = bytes.index()?.min(self.tables.n_bytes);
        let (outside, next) = (self.values.known.len(), self.values.next);
        self.values.known.resize(outside + n_values, None);
        self.values.next = outside;
        let mut arguments = Vec::new();
        let ops = self.block(bytes, &mut arguments)?;
        self.values.known.truncate(outside);
        self.values.next = next;
        Ok(Region { arguments, ops })
    }
}

/// The order of uses of each value, which says nothing about what is computed.
fn use_orders(bytes: &mut Bytes<'_>, n_values: usize) -> Result<()> {
    let n = if n_values > 1 { bytes.count()? } else { 1 };
    for _ in 0..n {
        if n_values > 1 {
            bytes.index()?;
        }
        let (m, _) = bytes.flagged()?;
        for _ in 0..m {
            bytes.index()?;
        }
    }
    Ok(())
}

/// `vhlo.add_v1` is `stablehlo.add`.
fn canonical(name: &str) -> String {
    let Some(versioned) = name.strip_prefix("vhlo.") else { return name.to_owned() };
    let base = versioned.rsplit_once("_v").map_or(versioned, |(base, _)| base);
    match base {
        "func" => "func.func".to_owned(),
        "call" => "func.call".to_owned(),
        "return" => "stablehlo.return".to_owned(),
        base => format!("stablehlo.{base}"),
    }
}
