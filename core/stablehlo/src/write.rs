//! Modules as portable artifacts: VHLO in MLIR's bytecode, which the reader in [`bytecode`](crate::bytecode) describes.

mod attributes;
mod bytes;
mod tables;

use jaxrs_data::{Error, Result};
use rustc_hash::FxHashMap;

use crate::bytecode::MAGIC;
use crate::tree::{Attr, Func, Module, Op, Region, Ty, ValueId};
use bytes::Bytes;
use tables::Tables;

/// The version of StableHLO that is written: old enough for readers of the last years, which take newer ones only.
const PRODUCER: &str = "StableHLO_v1.9.0";

/// The version of MLIR's bytecode.
const BYTECODE: u64 = 6;

/// What comes with an operation, as bits of a mask.
mod has {
    pub(super) const RESULTS: u8 = 0x02;
    pub(super) const OPERANDS: u8 = 0x04;
    pub(super) const REGIONS: u8 = 0x10;
    pub(super) const PROPERTIES: u8 = 0x40;
}

/// The bytes of a module.
pub fn write(module: &Module) -> Result<Vec<u8>> {
    let mut writer = Writer { tables: Tables::default(), values: FxHashMap::default() };
    let ir = writer.module(module)?;
    let mut file = Bytes::default();
    file.raw(MAGIC);
    file.varint(BYTECODE);
    file.raw(PRODUCER.as_bytes());
    file.byte(0);
    writer.tables.sections(&mut file, &ir);
    Ok(file.into_bytes())
}

struct Writer {
    tables: Tables,
    /// The number of each value in the functions' regions around the place.
    values: FxHashMap<ValueId, usize>,
}

impl Writer {
    /// A block with one operation, the module, whose region stands in a section of its own.
    fn module(&mut self, module: &Module) -> Result<Bytes> {
        // Operations are numbered dialect by dialect.
        self.tables.op_name("builtin.module");
        let mut functions = Bytes::default();
        functions.varint(1); // blocks
        functions.varint(0); // values
        functions.flagged(module.functions.len(), false);
        for func in &module.functions {
            self.func(&mut functions, func)?;
        }
        let mut out = Bytes::default();
        out.flagged(1, false);
        self.head(&mut out, "builtin.module", has::REGIONS);
        out.flagged(1, true);
        out.section(4, &functions);
        Ok(out)
    }

    /// Name, mask and location.
    fn head(&mut self, out: &mut Bytes, name: &str, mask: u8) {
        out.varint(self.tables.op_name(name) as u64);
        out.byte(mask);
        out.varint(self.tables.unknown_location() as u64);
    }

    fn func(&mut self, out: &mut Bytes, func: &Func) -> Result<()> {
        let inputs: Vec<Ty> = func.body.arguments.iter().map(|(_, ty)| ty.clone()).collect();
        let visibility = if func.name == "main" { "public" } else { "private" };
        let mut properties = Bytes::default();
        for attribute in [
            self.tables.array(&[]),
            self.tables.type_attribute(&Ty::Function(inputs, func.results.clone()))?,
            self.tables.array(&[]),
            self.tables.text(&func.name),
            self.tables.text(visibility),
        ] {
            properties.varint(attribute as u64);
        }
        let properties = self.tables.properties(properties);
        self.head(out, "vhlo.func_v1", has::PROPERTIES | has::REGIONS);
        out.varint(properties as u64);
        out.flagged(1, true);
        self.values.clear();
        let mut body = Bytes::default();
        self.region(&mut body, &func.body, 0)?;
        out.section(4, &body);
        Ok(())
    }

    /// A region of one block; `outside` values are there already.
    fn region(&mut self, out: &mut Bytes, region: &Region, outside: usize) -> Result<()> {
        let results = region.ops.iter().map(|op| op.results.len()).sum::<usize>();
        let n_values = region.arguments.len() + results;
        out.varint(1);
        out.varint(n_values as u64);
        out.flagged(region.ops.len(), !region.arguments.is_empty());
        let mut next = outside;
        if !region.arguments.is_empty() {
            out.varint(region.arguments.len() as u64);
            for (id, ty) in &region.arguments {
                out.flagged(self.tables.ty(ty)?, false);
                self.values.insert(*id, next);
                next += 1;
            }
            out.byte(0); // no orders of uses
        }
        for op in &region.ops {
            self.op(out, op, &mut next, outside + n_values)?;
        }
        Ok(())
    }

    fn op(&mut self, out: &mut Bytes, op: &Op, next: &mut usize, inside: usize) -> Result<()> {
        let name = tables::versioned(&op.name)?;
        let properties = attributes::properties(&mut self.tables, op, &name)?;
        let mut mask = 0;
        for (flag, is_there) in [
            (has::RESULTS, !op.results.is_empty()),
            (has::OPERANDS, !op.operands.is_empty()),
            (has::REGIONS, !op.regions.is_empty()),
            (has::PROPERTIES, properties.is_some()),
        ] {
            mask |= if is_there { flag } else { 0 };
        }
        self.head(out, &format!("vhlo.{name}"), mask);
        if let Some(properties) = properties {
            out.varint(properties as u64);
        }
        if !op.results.is_empty() {
            out.varint(op.results.len() as u64);
            for (id, ty) in &op.results {
                out.varint(self.tables.ty(ty)? as u64);
                self.values.insert(*id, *next);
                *next += 1;
            }
        }
        if !op.operands.is_empty() {
            out.varint(op.operands.len() as u64);
            for id in &op.operands {
                let Some(number) = self.values.get(id) else {
                    return Err(Error::internal(format_args!(
                        "{} uses a value that is not there",
                        op.name
                    )));
                };
                out.varint(*number as u64);
            }
        }
        if !op.regions.is_empty() {
            out.flagged(op.regions.len(), false);
            op.regions.iter().try_for_each(|region| self.region(out, region, inside))?;
        }
        Ok(())
    }
}

/// An attribute that is written where an operation has none of its name.
fn default(tables: &mut Tables, name: &str) -> Option<usize> {
    Some(match name {
        "called_computations" | "output_operand_aliases" => tables.array(&[]),
        "has_side_effect" => tables.flag(false),
        "accumulation_type"
        | "allow_imprecise_accumulation"
        | "lhs_component_count"
        | "lhs_precision_type"
        | "num_primitive_operations"
        | "rhs_component_count"
        | "rhs_precision_type" => tables.no_type(),
        "result_accuracy" => tables.default_accuracy(),
        _ => return None,
    })
}

/// The value of an attribute for errors.
fn unwritable(op: &Op, name: &str, value: &Attr) -> Error {
    Error::internal(format_args!("{} cannot be written with {name} = {value:?}", op.name))
}
