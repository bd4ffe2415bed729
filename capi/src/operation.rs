//! Running an operation of the table: what the generated functions share.

use jaxrs_api::table::{self, Attr, Op, Results};
use jaxrs_data::{DType, Error, Result, SmallVec};
use jaxrs_ir::{Outputs, Value};

use crate::args::{Handles, In, Place, Shared, Text};
use crate::array::{self, ArrayBody, ArrayHandle};
use crate::attrs::AttrsBody;
use crate::gate::{Status, gate};
use crate::handle::Handle;
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// The table's row of a name; a name that is not there does not compile.
pub(crate) const fn op(name: &str) -> &'static Op {
    match table::find(name) {
        Some(op) => op,
        #[expect(clippy::panic, reason = "evaluated by the compiler alone")]
        None => panic!("there is no such operation"),
    }
}

/// A call of an operation, its operands so far.
pub(crate) struct Call<'a> {
    op: &'static Op,
    scope: &'a Handle<ScopeBody>,
    operands: SmallVec<[Value; 4]>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(op: &'static Op, s: &Shared<ScopeBody>) -> Result<Call<'a>> {
        Ok(Call { op, scope: s.get("s")?, operands: SmallVec::new() })
    }

    /// Adds an operand.
    pub(crate) fn operand(&mut self, array: &In<ArrayBody>, name: &str) -> Result<()> {
        let array = array.get(name)?;
        self.scope.engine().check_same(array.engine(), name)?;
        self.operands.push(array.value().clone());
        Ok(())
    }

    /// Adds a list of operands.
    pub(crate) fn operands(
        &mut self,
        arrays: &Handles<ArrayBody>,
        n: usize,
        name: &'static str,
    ) -> Result<()> {
        for array in arrays.get(n, name)? {
            let array = array?;
            self.scope.engine().check_same(array.engine(), name)?;
            self.operands.push(array.value().clone());
        }
        Ok(())
    }

    fn run(&self, attrs: &[Attr<'_>]) -> Result<Outputs> {
        (self.op.run)(self.scope.scope()?, &self.operands, attrs)
    }

    /// Runs an operation with one result.
    pub(crate) fn one(&self, attrs: &[Attr<'_>], out: &Place<'_, *mut ArrayHandle>) -> Result<()> {
        debug_assert_eq!(self.op.results, Results::One, "{}", self.op.name);
        let Some(value) = self.run(attrs)?.into_iter().next() else {
            return Err(Error::internal(format_args!("{} gives no result", self.op.name)));
        };
        out.set(ArrayBody::handle(value, self.scope.engine()).into_raw());
        Ok(())
    }

    /// Runs an operation with a list of results.
    pub(crate) fn list(&self, attrs: &[Attr<'_>], r: &Handle<ResultsBody>) -> Result<()> {
        r.extend(self.run(attrs)?, self.scope.engine());
        Ok(())
    }
}

/// Reads the attribute of an axis.
pub(crate) fn axis_of(value: i64) -> Attr<'static> {
    Attr::Axis((value != table::AXIS_NONE).then_some(value))
}

/// Reads the attribute of an element type: 0 stands for the default.
pub(crate) fn dtype_of(value: array::Dtype, name: &str) -> Result<Attr<'static>> {
    let dtype: Option<DType> = if value == 0 { None } else { Some(array::dtype(value, name)?) };
    Ok(Attr::DType(dtype))
}

/// Reads an attribute that is a word; NULL or no text stands for the default.
pub(crate) fn word_of<'a>(
    text: &Text,
    len: usize,
    name: &str,
    default: Option<&'static str>,
) -> Result<Attr<'a>> {
    match (text.get(len, name)?, default) {
        ("", Some(default)) => Ok(Attr::Str(default)),
        (text, _) => Ok(Attr::Str(text)),
    }
}

/// Runs an operation by name; its results are appended to `r`.
///
/// `op` is a name of the operation table, `attrs` (NULL for none) its attributes; those that are not set have
/// their defaults. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_apply(
    s: Shared<ScopeBody>,
    op: Text,
    op_len: usize,
    args: Handles<ArrayBody>,
    n: usize,
    attrs: In<AttrsBody>,
    r: Shared<ResultsBody>,
) -> Status {
    gate(|| {
        let (s, r) = (s.get("s")?, r.get("r")?);
        let op = op.required(op_len, "op")?;
        let inputs = crate::function::values(s.engine(), &args, n, "args")?;
        let outputs = match attrs.is_null() {
            true => table::apply(s.scope()?, op, &inputs, &[])?,
            false => {
                attrs.get("attrs")?.with(|attrs| table::apply(s.scope()?, op, &inputs, attrs))?
            }
        };
        r.extend(outputs, s.engine());
        Ok(())
    })
}
