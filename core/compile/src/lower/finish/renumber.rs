//! Numbering values in the order of their definition, so that equal kernels are equal data.

use jaxrs_kernel::{Block, Carried, Inst, Kernel, ValueId};

/// Renumbers all values; numbers of removed ones are used again.
pub(crate) fn renumber(kernel: &mut Kernel) {
    let mut names = Names { new: vec![None; kernel.values.len()], n_values: 0 };
    names.block(&mut kernel.body);
    let mut values = vec![jaxrs_data::DType::Bool; names.n_values as usize];
    for (old, new) in names.new.iter().enumerate() {
        if let Some(new) = new {
            values[new.0 as usize] = kernel.values[old];
        }
    }
    kernel.values = values;
}

struct Names {
    new: Vec<Option<ValueId>>,
    n_values: u32,
}

impl Names {
    fn define(&mut self, value: &mut ValueId) {
        let new = ValueId(self.n_values);
        self.n_values += 1;
        self.new[value.0 as usize] = Some(new);
        *value = new;
    }

    fn rename(&self, value: &mut ValueId) {
        if let Some(new) = self.new[value.0 as usize] {
            *value = new;
        }
    }

    fn block(&mut self, block: &mut Block) {
        for inst in &mut block.insts {
            self.inst(inst);
        }
        block.yields.iter_mut().for_each(|value| self.rename(value));
    }

    fn inst(&mut self, inst: &mut Inst) {
        match inst {
            Inst::Const { out, .. } | Inst::Point { out, .. } | Inst::Index { out, .. } => {
                self.define(out);
            }
            Inst::Op { out, args, .. } => {
                args.iter_mut().for_each(|arg| self.rename(arg));
                self.define(out);
            }
            Inst::Load { out, position, mask, .. } => {
                self.rename(position);
                mask.iter_mut().for_each(|mask| self.rename(mask));
                self.define(out);
            }
            Inst::Store { position, value, mask, .. } => {
                self.rename(position);
                self.rename(value);
                mask.iter_mut().for_each(|mask| self.rename(mask));
            }
            Inst::Loop(l) => {
                self.enter(&mut l.carried);
                self.define(&mut l.index);
                self.block(&mut l.body);
                l.carried.iter_mut().for_each(|c| self.define(&mut c.result));
            }
            Inst::While(w) => {
                self.enter(&mut w.carried);
                self.block(&mut w.condition);
                self.block(&mut w.body);
                w.carried.iter_mut().for_each(|c| self.define(&mut c.result));
            }
        }
    }

    fn enter(&mut self, carried: &mut [Carried]) {
        carried.iter_mut().for_each(|c| self.rename(&mut c.init));
        carried.iter_mut().for_each(|c| self.define(&mut c.param));
    }
}
