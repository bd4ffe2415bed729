//! Convolutions whose left operand has gaps, as gradients of strided ones have them: most products are with
//! zeros. Along an axis with gaps of `d − 1`, every `d`-th element of the result is the convolution of the
//! operand without gaps with every `d`-th tap of the kernel; the `d` of them are put between one another.
//! (Gaps are not multiplied then: an infinite weight over one gives no NaN.)

use std::sync::Arc;

use jaxrs_data::{SmallVec, Type};
use jaxrs_ir::prims::{Binary, ConvGeneralDilated, Pad, Slice};
use jaxrs_ir::{Atom, Jaxpr, Prim, Primitive};

use super::rewrite::{Rebuilt, map_bodies};

/// Below this many products one kernel is faster than several.
const LARGE: usize = 1 << 16;

/// Takes gaps out of large convolutions.
pub(crate) fn undilate(jaxpr: Jaxpr) -> Jaxpr {
    rebuild(&jaxpr)
}

fn rebuild(jaxpr: &Jaxpr) -> Jaxpr {
    let (mut new, mut names) = Rebuilt::new(jaxpr);
    for eqn in &jaxpr.eqns {
        let mut eqn = eqn.clone();
        map_bodies(&mut eqn.prim, &mut rebuild);
        match &eqn.prim {
            Prim::ConvGeneralDilated(conv)
                if is_large(jaxpr, conv, &eqn.inputs, eqn.outputs[0]) =>
            {
                let inputs = names.all(&eqn.inputs);
                let mut writer = Writer { new: &mut new, name_stack: eqn.name_stack.clone() };
                let (lhs, rhs) = (inputs[0].clone(), inputs[1].clone());
                let result = writer.convolution(conv, lhs, rhs);
                names.set(eqn.outputs[0], result);
            }
            _ => new.keep(jaxpr, &eqn, &mut names),
        }
    }
    new.finish(jaxpr, &names)
}

fn is_large(
    jaxpr: &Jaxpr,
    conv: &ConvGeneralDilated,
    inputs: &[Atom],
    out: jaxrs_ir::VarId,
) -> bool {
    let (lhs, rhs, out) = (jaxpr.atom_type(&inputs[0]), jaxpr.atom_type(&inputs[1]), &jaxpr[out]);
    let features = rhs.shape[conv.dimension_numbers.rhs_spec[0]].max(1);
    let n_products = out.shape.numel().saturating_mul(rhs.shape.numel() / features);
    out.dtype.is_inexact() && lhs.shape.numel() > 0 && n_products >= LARGE
}

/// One of the convolutions that make up one with gaps along an axis.
struct Phase {
    /// Which elements of the result it gives: from this one on each `d`-th.
    first: usize,
    /// How many.
    count: usize,
    /// The first tap of the kernel that meets elements, and the distance to the next one.
    tap: usize,
    tap_stride: usize,
    conv: ConvGeneralDilated,
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The convolutions along spatial axis `k`, where elements of the left operand of this size, taps and
/// elements of the result lie.
fn phases(conv: &ConvGeneralDilated, k: usize, [size, taps, out]: [usize; 3]) -> Vec<Phase> {
    let (d, gap, low) = (conv.lhs_dilation[k], conv.rhs_dilation[k] as i64, conv.padding[k].0);
    let tap_stride = d / gcd(d, conv.rhs_dilation[k]);
    let phase = |first: usize| {
        let place = |tap: usize| first as i64 + tap as i64 * gap - low;
        let tap = (0..taps.min(d)).find(|&tap| place(tap).rem_euclid(d as i64) == 0)?;
        let count = out.checked_sub(first)?.div_ceil(d);
        let n_taps = (taps - tap).div_ceil(tap_stride) as i64;
        let dilation = tap_stride * gap as usize / d;
        let low = -(place(tap) / d as i64);
        let extent = (n_taps - 1) * dilation as i64 + 1;
        let high = count as i64 - 1 + extent - size as i64 - low;
        let mut conv = conv.clone();
        conv.lhs_dilation[k] = 1;
        conv.rhs_dilation[k] = dilation;
        conv.padding[k] = (low, high);
        (count > 0).then_some(Phase { first, count, tap, tap_stride, conv })
    };
    (0..d).filter_map(phase).collect()
}

struct Writer<'a> {
    new: &'a mut Rebuilt,
    name_stack: Option<Arc<str>>,
}

impl Writer<'_> {
    fn ty(&self, atom: &Atom) -> Type {
        self.new.jaxpr.atom_type(atom).clone()
    }

    fn push(&mut self, prim: impl Into<Prim>, inputs: SmallVec<[Atom; 4]>) -> Atom {
        let prim: Prim = prim.into();
        let types: Vec<Type> = inputs.iter().map(|atom| self.ty(atom)).collect();
        let types = prim.output_types(&types).expect("a pass writes equations that fit");
        Atom::Var(self.new.push(prim, inputs, types, self.name_stack.clone())[0])
    }

    fn convolution(&mut self, conv: &ConvGeneralDilated, lhs: Atom, rhs: Atom) -> Atom {
        let (lhs_ty, rhs_ty) = (self.ty(&lhs), self.ty(&rhs));
        let has_gaps = |k: &usize| conv.lhs_dilation[*k] > 1 && conv.window_strides[*k] == 1;
        let Some(k) = (0..conv.lhs_dilation.len()).find(has_gaps) else {
            return self.push(conv.clone(), SmallVec::from_iter([lhs, rhs]));
        };
        let numbers = &conv.dimension_numbers;
        let (along, out_axis) = (numbers.rhs_spec[k + 2], numbers.out_spec[k + 2]);
        let types = [lhs_ty.clone(), rhs_ty.clone()];
        let out = conv.output_types(&types).expect("the program was checked")[0].clone();
        let sizes =
            [lhs_ty.shape[numbers.lhs_spec[k + 2]], rhs_ty.shape[along], out.shape[out_axis]];
        let mut sum: Option<Atom> = None;
        for phase in phases(conv, k, sizes) {
            let kernel = self.taps(&rhs, along, &phase);
            let part = self.convolution(&phase.conv, lhs.clone(), kernel);
            let spread = self.between(part, out_axis, sizes[2], &phase, conv.lhs_dilation[k]);
            sum = Some(match sum {
                None => spread,
                Some(sum) => self.push(Binary::Add, SmallVec::from_iter([sum, spread])),
            });
        }
        // Without taps or results there is nothing to take apart.
        sum.unwrap_or_else(|| self.push(conv.clone(), SmallVec::from_iter([lhs, rhs])))
    }

    /// The kernel's taps of one phase.
    fn taps(&mut self, rhs: &Atom, axis: usize, phase: &Phase) -> Atom {
        let shape = self.ty(rhs).shape;
        let mut slice = Slice {
            start_indices: SmallVec::from_elem(0, shape.rank()),
            limit_indices: shape.iter().copied().collect(),
            strides: SmallVec::from_elem(1, shape.rank()),
        };
        slice.start_indices[axis] = phase.tap;
        slice.strides[axis] = phase.tap_stride;
        self.push(slice, SmallVec::from_iter([rhs.clone()]))
    }

    /// The elements of one phase at their places in the result, zeros between them.
    fn between(&mut self, part: Atom, axis: usize, size: usize, phase: &Phase, d: usize) -> Atom {
        let ty = self.ty(&part);
        let end = phase.first + (phase.count - 1) * d + 1;
        let mut padding_config = SmallVec::from_elem((0, 0, 0), ty.rank());
        padding_config[axis] = (phase.first as i64, size as i64 - end as i64, d as i64 - 1);
        let zero = jaxrs_data::Literal::scalar(ty.dtype, jaxrs_data::Scalar::zero(ty.dtype));
        self.push(Pad { padding_config }, SmallVec::from_iter([part, Atom::Literal(zero)]))
    }
}
