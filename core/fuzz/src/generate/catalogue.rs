//! What steps are made of: the samples of all primitives.

use std::collections::BTreeMap;

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, Type};
use jaxrs_ir::Prim;
use jaxrs_ir::prims::{Conj, IndexMode, Sample, Unary, sample};

use super::matrices::takes_apart;
use crate::random::Random;

/// Samples with more elements are left out.
const LARGEST: usize = 400;

/// An application of a primitive.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) prim: Prim,
    pub(crate) inputs: Vec<Literal>,
}

/// Applications by primitive, so that each primitive is as likely as the others.
#[derive(Debug)]
pub(crate) struct Catalogue {
    entries: Vec<Vec<Entry>>,
    dtypes: Vec<DType>,
    is_smooth: bool,
}

impl Catalogue {
    /// All samples.
    pub(crate) fn all() -> Catalogue {
        let mut dtypes = sample::DTYPES.to_vec();
        // The usual ones are the more likely ones.
        let usual = [DType::F32, DType::F64, DType::I32, DType::C64, DType::BF16, DType::Bool];
        (0..6).for_each(|_| dtypes.extend(usual));
        Catalogue::of(Prim::samples(), dtypes, false)
    }

    /// The smooth samples, in double precision, in which differences tell derivatives.
    pub(crate) fn smooth() -> Catalogue {
        let samples = Prim::samples().iter().filter_map(in_doubles).collect();
        Catalogue::of(samples, vec![DType::F64, DType::F64, DType::F64, DType::C128], true)
    }

    fn of(samples: Vec<Sample>, dtypes: Vec<DType>, is_smooth: bool) -> Catalogue {
        let mut by_name: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
        for Sample { prim, inputs, .. } in samples {
            let n_elements: usize = inputs.iter().map(Literal::len).sum();
            if n_elements <= LARGEST && is_usable(&prim, &inputs) {
                by_name.entry(prim.name()).or_default().push(Entry { prim, inputs });
            }
        }
        Catalogue { entries: by_name.into_values().collect(), dtypes, is_smooth }
    }

    pub(crate) fn pick(&self, random: &mut Random) -> &Entry {
        let entries = random.of(&self.entries);
        random.of(entries)
    }

    pub(crate) fn dtypes(&self) -> &[DType] {
        &self.dtypes
    }

    pub(crate) fn is_smooth(&self) -> bool {
        self.is_smooth
    }
}

/// Programs with rules that are known by their names only cannot be transformed, the bits of NaN are no one's
/// business, and the generator of the process gives other numbers each time.
fn is_usable(prim: &Prim, inputs: &[Literal]) -> bool {
    let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
    let has_named_rule =
        matches!(prim, Prim::CustomJvp(_) | Prim::CustomVjp(_) | Prim::CustomVmap(_));
    !shows_bits(prim, &types) && !has_named_rule && !matches!(prim, Prim::RngUniform(_))
}

/// Whether results are of each bit of inexact operands, and of the sign of NaN.
pub(super) fn shows_bits(prim: &Prim, inputs: &[Type]) -> bool {
    matches!(prim, Prim::BitcastConvertType(_) | Prim::CompareTotal(_))
        && inputs.iter().any(|ty| ty.dtype.is_inexact())
}

/// Whether operands that are not continuous mean something by their values: indices that are promised to be
/// in bounds or distinct, and how often loops run.
pub(crate) fn keeps_operands(prim: &Prim) -> bool {
    match prim {
        Prim::Gather(gather) => gather.mode == IndexMode::PromiseInBounds,
        Prim::Scatter(scatter) => {
            scatter.mode == IndexMode::PromiseInBounds || scatter.unique_indices
        }
        Prim::While(_) => true,
        _ => false,
    }
}

/// On and across their cuts JAX's derivatives of complex inverses are those of other branches.
/// Factors of singular matrices and of those with equal eigenvalues have none, and made-up ones may be such.
/// And products of sparse arrays read and write other elements where indices are none, which made-up ones may be.
pub(crate) fn has_other_derivatives(prim: &Prim, inputs: &[Type]) -> bool {
    use Unary::{Acos, Acosh, Asin, Asinh, Atan, Atanh};
    let is_inverse = |op: &Unary| [Acos, Acosh, Asin, Asinh, Atan, Atanh].contains(op);
    let is_sparse = ["bcoo_", "bcsr_", "coo_", "csr_", "todense", "spsolve"]
        .iter()
        .any(|x| prim.name().starts_with(x));
    is_sparse
        || takes_apart(prim)
        || matches!(prim, Prim::Unary(op) if is_inverse(op)) && inputs[0].dtype.is_complex()
}

fn double(dtype: DType) -> DType {
    match dtype {
        DType::F32 => DType::F64,
        DType::C64 => DType::C128,
        other => other,
    }
}

fn is_double(ty: &Type) -> bool {
    matches!(ty.dtype, DType::F64 | DType::C128)
}

/// The sample in double precision, if it has derivatives there.
fn in_doubles(sample: &Sample) -> Option<Sample> {
    let convert = |input: &Literal| {
        let ty = input.ty().with_dtype(double(input.ty().dtype));
        Literal::from_fn(ty, |k| input.get(k))
    };
    let prim = match &sample.prim {
        Prim::Conj(conj) => Conj { input_dtype: double(conj.input_dtype) }.into(),
        other => other.clone(),
    };
    let inputs: Vec<Literal> = sample.inputs.iter().map(convert).collect();
    let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
    let outputs = prim.output_types(&types).ok()?;
    let is_wide = |ty: &Type| is_double(ty) || !ty.dtype.is_inexact();
    let is_usable = sample.smooth
        && types.iter().any(is_double)
        && outputs.iter().any(is_double)
        && types.iter().chain(&outputs).all(is_wide);
    is_usable.then_some(Sample { prim, inputs, class: Class::Accumulated, smooth: true })
}
