//! Special functions: each an algorithm over [numbers](number), which values and kernels share.

mod bessel;
mod beta;
mod expn;
mod gamma;
mod hypergeometric;
mod noted;
mod number;
mod slope;
mod zeta;

use std::cell::RefCell;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ValueId};

use self::number::{Emitted, Number, Precision};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Param, Tangent, Value, ops};

macro_rules! special {
    ($($(#[$doc:meta])* $variant:ident = $name:literal ($n:literal),)*) => {
        /// A special function of one, two or three operands of one float type, element by element. It is
        /// computed in double precision, up to the precision of the operands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Special { $($(#[$doc])* $variant,)* }

        impl Special {
            /// All of them.
            pub const ALL: &[Special] = &[$(Special::$variant,)*];

            fn row(self) -> (&'static str, usize) {
                match self { $(Special::$variant => ($name, $n),)* }
            }
        }
    };
}

special! {
    /// e^−|x| I₀(x), I₀ the modified Bessel function.
    BesselI0e = "bessel_i0e" (1),
    /// e^−|x| I₁(x), I₁ the modified Bessel function.
    BesselI1e = "bessel_i1e" (1),
    /// Hurwitz' zeta function: Σ (q + k)^−x.
    Zeta = "zeta" (2),
    /// The m-th derivative of digamma, for whole m.
    Polygamma = "polygamma" (2),
    /// The regularized lower incomplete gamma function of a and x.
    Igamma = "igamma" (2),
    /// The regularized upper incomplete gamma function of a and x.
    Igammac = "igammac" (2),
    /// The derivative of the regularized lower incomplete gamma function by a.
    IgammaGradA = "igamma_grad_a" (2),
    /// The derivative by a of a sample x of the gamma distribution with shape a.
    RandomGammaGrad = "random_gamma_grad" (2),
    /// The exponential integral of order n: ∫ e^(−xt)/tⁿ dt from 1 on. JAX has a function in its place.
    Expn = "expn" (2),
    /// Kummer's function ₁F₁(a; b; x). JAX has functions in the place of this and its derivatives.
    Hyp1f1 = "hyp1f1" (3),
    /// Its derivative by a, for small x.
    Hyp1f1GradA = "hyp1f1_grad_a" (3),
    /// Its derivative by b, for small x.
    Hyp1f1GradB = "hyp1f1_grad_b" (3),
    /// The regularized incomplete beta function of a, b and x.
    RegularizedIncompleteBeta = "regularized_incomplete_beta" (3),
}

impl Special {
    /// Whether differences tell derivatives by all operands; the orders of polygamma and expn stay fixed.
    #[cfg(any(test, feature = "testing"))]
    fn is_smooth(self) -> bool {
        use Special::*;
        let is_rough =
            matches!(self, Zeta | IgammaGradA | RandomGammaGrad | Hyp1f1GradA | Hyp1f1GradB);
        !is_rough && !matches!(self, Polygamma | Expn)
    }

    /// The value, up to a precision.
    fn compute<N: Number>(self, x: &[N], precision: &Precision) -> N {
        match self {
            Special::BesselI0e => bessel::i0e(x[0], precision),
            Special::BesselI1e => bessel::i1e(x[0], precision),
            Special::Zeta => zeta::zeta(x[0], x[1], precision),
            Special::Polygamma => zeta::polygamma(x[0], x[1], precision),
            Special::Igamma => gamma::igamma(x[0], x[1], precision),
            Special::Igammac => gamma::igammac(x[0], x[1], precision),
            Special::IgammaGradA => gamma::igamma_grad_a(x[0], x[1], precision),
            Special::Expn => expn::expn(x[0], x[1], precision),
            Special::Hyp1f1 => hypergeometric::hyp1f1(x[0], x[1], x[2], precision),
            Special::Hyp1f1GradA => hypergeometric::grad_a(x[0], x[1], x[2], precision),
            Special::Hyp1f1GradB => hypergeometric::grad_b(x[0], x[1], x[2], precision),
            Special::RandomGammaGrad => gamma::random_gamma_grad(x[0], x[1], precision),
            Special::RegularizedIncompleteBeta => {
                beta::regularized_incomplete_beta(x[0], x[1], x[2], precision)
            }
        }
    }

    /// Kernel code: operands and result are of a type that kernels compute in.
    fn code(self, b: &mut BodyBuilder, args: &[ValueId], precision: &Precision) -> ValueId {
        let dtype = b.dtype(args[0]);
        let wide: SmallVec<[ValueId; 3]> = args.iter().map(|&x| b.cast(x, DType::F64)).collect();
        let value = {
            let body = RefCell::new(&mut *b);
            let numbers: SmallVec<[Emitted<'_, '_>; 3]> =
                wide.iter().map(|&id| Emitted::new(id, &body)).collect();
            self.compute(&numbers, precision).id()
        };
        b.cast(value, dtype)
    }
}

impl Primitive for Special {
    fn name(&self) -> &'static str {
        self.row().0
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Special>> {
        Special::ALL.iter().find(|function| function.name() == name).copied().map(Ok)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let (name, n) = self.row();
        nary::arity(name, inputs, n)?;
        let dtype = nary::same_dtype(name, inputs)?;
        if !dtype.is_float() {
            let operands: Vec<String> = inputs.iter().map(Type::to_string).collect();
            bail!(Dtype, "{name} needs floats, got {}", operands.join(" and "));
        }
        let weak = inputs.iter().all(|ty| ty.weak);
        Ok(smallvec![Type { dtype, weak, shape: nary::shape(name, inputs)? }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types: Vec<Type> = inputs.iter().map(|lit| lit.ty().clone()).collect();
        let out = self.output_types(&types)?.swap_remove(0);
        let precision = Precision::of(out.dtype);
        Ok(smallvec![nary::evaluate(&out, inputs, |x| {
            let x: SmallVec<[f64; 3]> = x.iter().map(|x| x.as_f64()).collect();
            Scalar::Float(self.compute(&x, &precision)).rounded(out.dtype)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        if matches!(self, Special::Hyp1f1GradA | Special::Hyp1f1GradB | Special::RandomGammaGrad) {
            return noted::jvp(*self, cx, primals, tangents);
        }
        let y = ops::bind1(cx, *self, primals)?;
        let mut sum = Tangent::Zero(y.ty().clone());
        for (k, tangent) in tangents.iter().enumerate() {
            let Tangent::Value(tangent) = tangent else { continue };
            let term = slope::term(*self, cx, k, primals, &y, tangent)?;
            // The tangent of a scalar beside an array counts for each element.
            let term = ops::broadcast_in_dim(cx, &term, y.shape(), [])?;
            sum = sum.add(cx, &Tangent::Value(term))?;
        }
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![sum] })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        nary::batch(&(*self).into(), cx, size, inputs, axes)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let precision = Precision::of(cx.output_type(0).dtype);
        nary::element_with(cx, self.name(), self.row().1, index, |b, args| {
            self.code(b, args, &precision)
        })
    }

    fn cost(&self) -> u32 {
        match self {
            Special::BesselI0e | Special::BesselI1e => 200,
            Special::Zeta | Special::Polygamma => 600,
            _ => 1000,
        }
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample;
        let mut samples = Vec::new();
        for &function in Special::ALL {
            let n = function.row().1;
            let domain = if n == 3 { (0.3, 0.8) } else { (0.6, 3.5) };
            let smooth = function.is_smooth();
            let class = Class::Accumulated;
            samples.extend(sample::elementwise(
                function,
                n,
                DType::is_float,
                domain,
                class,
                smooth,
            ));
            for dtype in DType::ALL.into_iter().filter(|dtype| dtype.is_narrow_float()) {
                let inputs = (0..n).map(|_| sample::between(dtype, &[3], domain)).collect();
                samples.push(sample::Sample {
                    prim: function.into(),
                    inputs,
                    class,
                    smooth: false,
                });
            }
        }
        samples.extend(slope::samples());
        samples
    }
}
