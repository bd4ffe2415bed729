//! Fourier transforms along the last axes.

mod definition;
mod transpose;

use std::fmt;

use jaxrs_data::{DType, Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_fft::{Kind, Plan};
use jaxrs_kernel::{HostCall, HostRoutine, LibraryCall, Step};

use crate::lower::{Lowering, Steps};
use crate::prims::Primitive;
use crate::rules::axes::{self, AxisList};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// The complex type with parts of a float type.
fn complex_of(real: DType) -> DType {
    if real == DType::F32 { DType::C64 } else { DType::C128 }
}

/// What a transform goes from and to; JAX's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FftType {
    /// Complex to complex, forward.
    Fft = 0,
    /// Complex to complex, inverse.
    Ifft = 1,
    /// Real to complex, forward: the first half of the spectrum.
    Rfft = 2,
    /// Complex to real, inverse.
    Irfft = 3,
}

impl FftType {
    const ALL: [FftType; 4] = [FftType::Fft, FftType::Ifft, FftType::Rfft, FftType::Irfft];

    /// The word for it: `fft`, `ifft`, `rfft` or `irfft`.
    pub fn name(self) -> &'static str {
        match self {
            FftType::Fft => "fft",
            FftType::Ifft => "ifft",
            FftType::Rfft => "rfft",
            FftType::Irfft => "irfft",
        }
    }

    /// Reads a word, also in capitals.
    pub fn from_name(name: &str) -> Result<FftType> {
        let known = |kind: &FftType| kind.name().eq_ignore_ascii_case(name);
        match FftType::ALL.into_iter().find(known) {
            Some(kind) => Ok(kind),
            None => {
                bail!(InvalidArgument, "fft takes fft_type fft, ifft, rfft or irfft, got {name:?}")
            }
        }
    }

    fn kind(self) -> Kind {
        match self {
            FftType::Fft => Kind::Fft,
            FftType::Ifft => Kind::Ifft,
            FftType::Rfft => Kind::Rfft,
            FftType::Irfft => Kind::Irfft,
        }
    }
}

/// A Fourier transform along one, two or three last axes: of `c64`, `c128`, or, by their type, `f32` and `f64`.
/// Inverse transforms divide by the number of elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fft {
    /// What it goes from and to.
    pub fft_type: FftType,
    /// The sizes of the transformed axes; of the real array, where there is one.
    pub fft_lengths: AxisList,
}

impl Fft {
    /// The sizes of the operand's last axes.
    fn operand_sizes(&self) -> AxisList {
        match self.fft_type {
            FftType::Irfft => self.half_sizes(),
            _ => self.fft_lengths.clone(),
        }
    }

    fn half_sizes(&self) -> AxisList {
        let mut sizes = self.fft_lengths.clone();
        if let Some(last) = sizes.last_mut() {
            *last = *last / 2 + 1;
        }
        sizes
    }

    fn check(&self, x: &Type) -> Result<()> {
        let (name, lengths) = (self.fft_type.name(), &self.fft_lengths);
        let takes_real = self.fft_type == FftType::Rfft;
        let fits = if takes_real { [DType::F32, DType::F64] } else { [DType::C64, DType::C128] };
        if !fits.contains(&x.dtype) {
            bail!(Dtype, "{name} needs {} or {}, got {x}", fits[0], fits[1]);
        }
        if !(1..=3).contains(&lengths.len()) {
            bail!(InvalidArgument, "{name} takes 1 to 3 lengths, got {lengths:?}");
        }
        if takes_real && lengths.last() == Some(&0) {
            bail!(InvalidArgument, "rfft needs a last length of at least 1, got {lengths:?}");
        }
        let sizes = self.operand_sizes();
        if !x.shape.ends_with(&sizes) {
            bail!(Shape, "{name} of lengths {lengths:?} needs last sizes {sizes:?}, got {x}");
        }
        Ok(())
    }

    fn out_type(&self, x: &Type) -> Type {
        let n_outer = x.rank() - self.fft_lengths.len();
        let (dtype, sizes) = match self.fft_type {
            FftType::Fft | FftType::Ifft => (x.dtype, self.fft_lengths.clone()),
            FftType::Rfft => (complex_of(x.dtype), self.half_sizes()),
            FftType::Irfft => (x.dtype.real_part(), self.fft_lengths.clone()),
        };
        let shape: Shape = x.shape[..n_outer].iter().chain(&sizes).copied().collect();
        Type { dtype, weak: x.weak, shape }
    }
}

impl Primitive for Fft {
    fn name(&self) -> &'static str {
        "fft"
    }

    fn params(&self) -> Params {
        vec![
            ("fft_lengths", Param::sizes(&self.fft_lengths)),
            ("fft_type", Param::Int(self.fft_type as i64)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "fft").then(|| {
            let number = read.int("fft_type")?;
            match FftType::ALL.into_iter().find(|&kind| kind as i64 == number) {
                Some(fft_type) => Ok(Fft { fft_type, fft_lengths: read.sizes("fft_lengths")? }),
                None => Err(read.error(format_args!("needs fft_type 0 to 3, got {number}"))),
            }
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("fft", inputs, 1)?;
        self.check(&inputs[0])?;
        let out = self.out_type(&inputs[0]);
        axes::check_addressable("fft", &out.shape, out.dtype)?;
        Ok(smallvec![out])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = self.out_type(inputs[0].ty());
        if let Some(value) = definition::evaluate(self, &inputs[0], &out) {
            return Ok(smallvec![value]);
        }
        let mut bytes = vec![0; out.size_bytes()];
        Routine::new(self, out.dtype).run(&[inputs[0].bytes()], &mut [&mut bytes])?;
        Ok(smallvec![Literal::from_bytes(out, bytes)?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, self.clone(), primals)?;
        let tangent =
            tangents[0].map(y.ty(), |dx| ops::bind1(cx, self.clone(), std::slice::from_ref(dx)))?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        Ok(smallvec![cotangents[0].map(inputs[0].ty(), |ct| transpose::cotangent(
            self,
            cx,
            inputs[0].ty(),
            ct
        ))?])
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let x = axes::to_front(cx, size, &inputs[0], axes[0])?;
        Ok(Batched { outputs: cx.bind(&self.clone().into(), &[x])?, axes: smallvec![Some(0)] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let mut routine = Routine::new(self, cx.output_type(0).dtype);
        routine.origin = Some((self.clone(), cx.input_type(0).clone()));
        let (inputs, outputs) = (vec![cx.input(0)?], vec![cx.output(0)]);
        let call = HostCall { routine: std::sync::Arc::new(routine), inputs, outputs };
        cx.push(Step::Library(LibraryCall::Host(call)));
        Ok(())
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample::{exact, finite, hard};
        let fft = |fft_type, lengths: &[usize]| Fft { fft_type, fft_lengths: lengths.into() };
        let sample = |prim: Fft, x| crate::prims::Sample {
            class: Class::Accumulated,
            ..exact(prim, vec![x])
        };
        let mut samples = Vec::new();
        for dtype in [DType::C64, DType::C128] {
            for kind in [FftType::Fft, FftType::Ifft] {
                for (lengths, shape) in [
                    (&[4][..], &[2, 4][..]),
                    (&[5], &[5]),
                    (&[1], &[3, 1]),
                    (&[0], &[0]),
                    (&[3], &[0, 3]),
                    (&[2, 3], &[2, 3]),
                    (&[2, 1, 3], &[2, 2, 1, 3]),
                ] {
                    samples.push(sample(fft(kind, lengths), finite(dtype, shape)));
                }
                samples.push(crate::prims::Sample {
                    smooth: false,
                    ..sample(fft(kind, &[1]), hard(dtype, &[20, 1]))
                });
            }
        }
        for (real, complex) in [(DType::F32, DType::C64), (DType::F64, DType::C128)] {
            for (lengths, shape) in [
                (&[4][..], &[2, 4][..]),
                (&[5], &[5]),
                (&[1], &[3, 1]),
                (&[2], &[2]),
                (&[3], &[0, 3]),
                (&[3, 4], &[3, 4]),
                (&[2, 2, 3], &[2, 2, 2, 3]),
            ] {
                let mut half = shape.to_vec();
                half[shape.len() - 1] = shape[shape.len() - 1] / 2 + 1;
                samples.push(sample(fft(FftType::Rfft, lengths), finite(real, shape)));
                samples.push(sample(fft(FftType::Irfft, lengths), finite(complex, &half)));
            }
        }
        samples
    }
}

/// A program's transform, whose plan is made once.
struct Routine {
    text: String,
    plan: AnyPlan,
    /// The primitive and its operand's type.
    origin: Option<(Fft, Type)>,
}

enum AnyPlan {
    Single(Plan<f32>),
    Double(Plan<f64>),
}

impl Routine {
    fn new(fft: &Fft, dtype: DType) -> Routine {
        let text = format!("{} {:?}", fft.fft_type.name(), &fft.fft_lengths[..]);
        let plan = match dtype.real_part() {
            DType::F32 => AnyPlan::Single(Plan::new(fft.fft_type.kind(), &fft.fft_lengths)),
            _ => AnyPlan::Double(Plan::new(fft.fft_type.kind(), &fft.fft_lengths)),
        };
        Routine { text, plan, origin: None }
    }
}

impl fmt::Debug for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.params())
    }
}

impl HostRoutine for Routine {
    fn name(&self) -> &str {
        "fft"
    }

    fn params(&self) -> String {
        self.text.clone()
    }

    fn description(&self) -> Option<Vec<u8>> {
        let (fft, ty) = self.origin.clone()?;
        crate::routine::describe(fft.into(), &[ty]).ok()
    }

    fn run(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<()> {
        match &self.plan {
            AnyPlan::Single(plan) => plan.run(inputs[0], outputs[0]),
            AnyPlan::Double(plan) => plan.run(inputs[0], outputs[0]),
        }
        Ok(())
    }
}
