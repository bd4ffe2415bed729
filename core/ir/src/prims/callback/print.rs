//! Text about values, while a program runs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type};

use super::batch::each;
use super::host;
use crate::format::Format;
use crate::lower::{Lowering, Steps};
use crate::prims::Primitive;
use crate::rules::program;
use crate::{Batched, Cx, Effect, Jvp, Param, ParamReader, Params, Tangent, Value};

/// Where text goes. The engine itself writes to no stream.
pub trait LogSink: Send + Sync {
    /// Takes a line of text. Level 0 is what programs print; 1 is an error, 2 a warning, 3 information.
    fn log(&self, level: u32, text: &str);
}

/// A sink as programs hold it; without one, text goes nowhere.
#[derive(Clone, Default)]
pub struct Sink(pub Option<Arc<dyn LogSink>>);

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

impl PartialEq for Sink {
    fn eq(&self, other: &Sink) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

impl Eq for Sink {}

impl Hash for Sink {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Prints its operands by a format, to the sink of a context.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DebugPrint {
    /// What is printed.
    pub format: Format,
    /// Whether lines keep the program's order.
    pub ordered: bool,
    /// Where lines go.
    pub sink: Sink,
}

impl DebugPrint {
    fn print(&self, values: &[Literal]) -> Result<()> {
        if let Some(sink) = &self.sink.0 {
            sink.log(0, &self.format.text(values)?);
        }
        Ok(())
    }
}

impl Primitive for DebugPrint {
    fn name(&self) -> &'static str {
        "debug_print"
    }

    fn params(&self) -> Params {
        vec![
            ("fmt", Param::Name(self.format.source().to_owned())),
            ("names", Param::Name(self.format.names().join(" "))),
            ("ordered", Param::Bool(self.ordered)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "debug_print").then(|| {
            let format = Format::read(&read)?;
            Ok(DebugPrint { format, ordered: read.bool("ordered")?, sink: Sink::default() })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        self.format.check(inputs)?;
        Ok(SmallVec::new())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        self.print(inputs)?;
        Ok(SmallVec::new())
    }

    fn effect(&self) -> Effect {
        if self.ordered { Effect::Ordered } else { Effect::Unordered }
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        cx.bind(&self.clone().into(), primals)?;
        Ok(Jvp { primals: SmallVec::new(), tangents: SmallVec::new() })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (inputs, flags) = program::batched_first(cx, inputs, axes)?;
        let outputs = each(cx, &self.clone().into(), size, &inputs, &flags)?;
        Ok(Batched { outputs, axes: SmallVec::new() })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let print = self.clone();
        host::steps(cx, "debug_print", self.format.source(), move |inputs, _| {
            let literal = |x: &super::HostInput<'_>| Literal::from_bytes(x.ty.clone(), x.bytes);
            print.print(&inputs.iter().map(literal).collect::<Result<Vec<_>>>()?)
        })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        Vec::new()
    }
}
