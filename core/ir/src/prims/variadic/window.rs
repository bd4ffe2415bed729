//! Reductions of windows by programs.

use std::sync::Arc;

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, smallvec};

use super::{batch_one_by_one, check_operands, combine, fold, gathered, scalar_at, tangent};
use crate::lower::{Lowering, Steps};
use crate::prims::{Primitive, RunProgram};
use crate::rules::sliding::Window;
use crate::rules::{axes, program};
use crate::{Batched, Cx, Jaxpr, Jvp, Param, ParamReader, Params, Tangent, Value};

/// `reduce_window(operands…, inits…)`: for each window the combination of its elements, beginning with the
/// initial values, by a program `(results so far…, elements…) → results…` of scalars. Taps in padding or
/// gaps are left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VariadicReduceWindow {
    /// How elements are combined.
    pub jaxpr: Arc<Jaxpr>,
    /// The windows.
    pub window: Window,
}

/// The reducer with inputs `(results…, tangents…, elements…, tangents…)`, from one with tangents last.
fn side_by_side(dual: &Jaxpr, n: usize, n_tangents: usize) -> Arc<Jaxpr> {
    let mut program = dual.clone();
    let (primals, tangents) = dual.invars.split_at(2 * n);
    let side = |k: usize| {
        let (from, tangents_from) = (k * n, k * n_tangents);
        [&primals[from..][..n], &tangents[tangents_from..][..n_tangents]].concat()
    };
    program.invars = [side(0), side(1)].concat();
    Arc::new(program)
}

impl Primitive for VariadicReduceWindow {
    fn name(&self) -> &'static str {
        "reduce_window"
    }

    fn params(&self) -> Params {
        let mut params = self.window.params();
        params.insert(1, ("jaxpr", Param::Jaxpr(self.jaxpr.clone())));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "reduce_window").then(|| {
            Ok(VariadicReduceWindow { jaxpr: read.jaxpr("jaxpr")?, window: Window::read(&read)? })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let n = check_operands(self.name(), &self.jaxpr, inputs)?;
        let shape = self.window.checked_shape(self.name(), &inputs[0])?;
        for x in &inputs[..n] {
            axes::check_addressable(self.name(), &shape, x.dtype)?;
        }
        Ok(inputs[..n].iter().map(|x| x.with_shape(shape.clone()).with_weak(false)).collect())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        self.evaluate_with(inputs, &mut crate::evaluate::evaluate)
    }

    fn evaluate_with(
        &self,
        inputs: &[Literal],
        run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        let types: Vec<Type> = inputs.iter().map(|x| x.ty().clone()).collect();
        let out = self.output_types(&types)?;
        let (xs, inits) = inputs.split_at(out.len());
        let taps = Shape::new(&self.window.dimensions);
        let mut elements: Vec<Vec<Literal>> = Vec::with_capacity(out[0].numel());
        for position in 0..out[0].numel() {
            let at = out[0].shape.unravel(position);
            let mut results = inits.to_vec();
            for tap in 0..taps.numel() {
                let source = self.window.source(&types[0].shape, &at, &taps.unravel(tap));
                let Some(source) = source else { continue };
                let parts = xs.iter().map(|x| scalar_at(x, &source));
                results = combine(&self.jaxpr, &results, parts, run)?;
            }
            elements.push(results);
        }
        Ok(gathered(&out, &elements))
    }

    /// Windows of results and tangents together.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let n = primals.len() / 2;
        tangent::check_inits(self.name(), &tangents[n..])?;
        let (dual, has) = tangent::dual(cx, &self.jaxpr, &primals[..n])?;
        let moving = program::instantiated(cx, &tangents[..n], &has)?;
        let still: Vec<Tangent> =
            primals[n..].iter().map(|init| Tangent::Zero(init.ty().clone())).collect();
        let still = program::instantiated(cx, &still, &has)?;
        let jaxpr = side_by_side(&dual, n, moving.len());
        let inputs = [&primals[..n], &moving, &primals[n..], &still].concat();
        let both = VariadicReduceWindow { jaxpr, window: self.window.clone() };
        let mut outputs = cx.bind(&both.into(), &inputs)?;
        let found: Vec<Value> = outputs.drain(n..).collect();
        let tangents = program::spread(&outputs, found, &has);
        Ok(Jvp { primals: outputs, tangents })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let n = inputs.len() / 2;
        if axes[n..].iter().any(Option::is_some) {
            return batch_one_by_one(cx, &self.clone().into(), size, inputs, axes);
        }
        let mut operands: Vec<Value> = Vec::with_capacity(inputs.len());
        for (x, &axis) in inputs[..n].iter().zip(axes) {
            operands.push(axes::to_front(cx, size, x, axis)?);
        }
        operands.extend_from_slice(&inputs[n..]);
        let window = self.window.with_examples(0);
        let batched = VariadicReduceWindow { jaxpr: self.jaxpr.clone(), window };
        let outputs = cx.bind(&batched.into(), &operands)?;
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok(Batched { outputs, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let shape = cx.input_type(0).shape.clone();
        let window = &self.window;
        fold::push(cx, self.name(), &self.jaxpr, &window.dimensions, &|b, point, tap| {
            window.place(b, &shape, point, tap)
        })
    }

    fn cost(&self) -> u32 {
        self.jaxpr.eqns.len() as u32
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::windows()
    }
}
