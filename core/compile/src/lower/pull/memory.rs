//! Where elements lie in memory.

use jaxrs_data::Type;
use jaxrs_kernel::{ScalarOp, ValueId};

use super::Puller;
use crate::lower::graph::{Lead, View};

impl Puller<'_> {
    /// The counter of a loop, as it selects.
    pub(crate) fn lead(&mut self, lead: Lead) -> ValueId {
        let counter = self.body.index_var(lead.var);
        match lead.reversed {
            None => counter,
            Some(trips) => {
                let last = self.body.index(trips as i64 - 1);
                self.body.op(ScalarOp::Sub, &[last, counter])
            }
        }
    }

    /// The position of an element in the buffer of a view.
    pub(crate) fn position(&mut self, view: &View, shape: &[usize], index: &[ValueId]) -> ValueId {
        let mut position = self.ravel(shape, index);
        for &lead in &view.leads {
            let (counter, stride) = (self.lead(lead), self.body.index(lead.stride as i64));
            let offset = self.body.mul(counter, stride);
            position = self.body.add(position, offset);
        }
        position
    }

    /// The row-major position, by Horner's rule, so that leading axes that always go together can be
    /// recognised and joined.
    pub(crate) fn ravel(&mut self, shape: &[usize], index: &[ValueId]) -> ValueId {
        let mut position = self.body.index(0);
        for (&dim, &i) in shape.iter().zip(index) {
            let dim = self.body.index(dim as i64);
            let scaled = self.body.mul(position, dim);
            position = self.body.add(scaled, i);
        }
        position
    }

    pub(super) fn load(&mut self, view: &View, ty: &Type, index: &[ValueId]) -> ValueId {
        let position = self.position(view, &ty.shape, index);
        let value = self.body.load(view.buffer, ty.dtype, position, self.mask);
        if let Some(mask) = self.mask {
            self.masked.insert(value, mask);
        }
        value
    }

    /// Stores an element, unless a mask excludes it.
    pub(crate) fn store(
        &mut self,
        view: &View,
        shape: &[usize],
        index: &[ValueId],
        value: ValueId,
        mask: Option<ValueId>,
    ) {
        let position = self.position(view, shape, index);
        self.body.store(view.buffer, position, value, mask);
    }
}
