//! Programs in whichever file they come: text, portable artifacts, files of `jax.export`.

use std::sync::Arc;

use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{Function, Scope};

use crate::exported::{Aval, DisabledCheck, Element, Exported, is_exported, read_exported};
use crate::import::{check_arguments, run};
use crate::text::types::array;
use crate::tree::{Module, Ty};

/// The platform that programs run on here.
const PLATFORM: &str = "cpu";

/// A program that was read.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name: the module's is `main`.
    pub name: String,
    /// What a file of `jax.export` says besides its module, which it holds no more.
    pub exported: Option<Arc<Exported>>,
    module: Arc<Module>,
    arguments: Vec<Ty>,
    /// What `@main` takes before the arguments.
    first: Vec<Literal>,
    /// The arguments that `@main` takes.
    kept: Vec<usize>,
}

impl Program {
    /// Reads a program in whichever form it is.
    pub fn read(data: &[u8]) -> Result<Program> {
        if is_exported(data) {
            return Program::of_exported(read_exported(data)?);
        }
        let module = Arc::new(crate::read(data)?);
        let arguments = types(&module)?;
        let kept = (0..arguments.len()).collect();
        let name = "main".to_owned();
        Ok(Program { name, exported: None, module, arguments, first: Vec::new(), kept })
    }

    fn of_exported(mut exported: Exported) -> Result<Program> {
        check(&exported)?;
        let module = Arc::new(crate::read(&std::mem::take(&mut exported.module))?);
        let types = types(&module)?;
        let kept = exported.module_kept_var_idx.clone();
        let Some(n_first) = types.len().checked_sub(kept.len()) else {
            let (n, kept) = (types.len(), kept.len());
            bail!(InvalidArgument, "@main takes {n} arrays, but the exported file keeps {kept}");
        };
        let mut arguments = exported.in_avals.iter().map(argument).collect::<Result<Vec<_>>>()?;
        for (&k, ty) in kept.iter().zip(&types[n_first..]) {
            arguments[k] = ty.clone();
        }
        let first = platform(&exported, &types[..n_first])?;
        let name = exported.name.clone();
        let exported = Some(Arc::new(exported));
        Ok(Program { name, exported, module, arguments, first, kept })
    }

    /// What arguments it takes.
    pub fn arguments(&self) -> &[Ty] {
        &self.arguments
    }

    /// The types of the elements of its arguments.
    pub fn dtypes(&self) -> Vec<DType> {
        self.arguments.iter().filter_map(Ty::dtype).collect()
    }

    /// The types of its arguments. Where they depend on the caller the error says which ones do.
    pub fn types(&self) -> Result<Vec<Type>> {
        let mut unknown = Vec::new();
        let mut known = Vec::new();
        for (k, ty) in self.arguments.iter().enumerate() {
            match ty {
                Ty::Tensor(ty) => known.push(ty.clone()),
                other => unknown.push(format!("argument {k} is {other}")),
            }
        }
        if unknown.is_empty() {
            return Ok(known);
        }
        let text = format!(
            "{} takes arrays of any size, and needs shapes before it is a program: {}",
            self.name,
            unknown.join(", ")
        );
        Err(Error::new(ErrorKind::Unimplemented, text))
    }

    /// The types of its arguments where these are their shapes.
    pub fn types_at(&self, shapes: &[Vec<usize>]) -> Result<Vec<Type>> {
        let (needed, got) = (self.arguments.len(), shapes.len());
        if needed != got {
            bail!(InvalidArgument, "{} takes {needed} arguments, got {got} shapes", self.name);
        }
        let typed = |(dtype, shape): (DType, &Vec<usize>)| Type::new(dtype, shape.as_slice());
        let types: Vec<Type> = self.dtypes().into_iter().zip(shapes).map(typed).collect();
        check_arguments(&self.name, &self.arguments, types.iter())?;
        Ok(types)
    }

    /// The program as a function, for arguments of any sizes that it admits.
    pub fn function(&self) -> Function {
        let program = self.clone();
        Function::new(self.name.as_str(), move |scope: &Scope, inputs: &[Value]| {
            check_arguments(&program.name, &program.arguments, inputs.iter().map(Value::ty))?;
            let first = program.first.iter().map(|literal| Value::literal(literal.clone()));
            let kept = program.kept.iter().map(|&k| inputs[k].clone());
            run(&program.module, "main", scope, &first.chain(kept).collect::<Vec<_>>())
        })
    }
}

/// The types of what `@main` takes.
fn types(module: &Module) -> Result<Vec<Ty>> {
    let main = module.function("main")?;
    let array = |(k, ty): (usize, &Ty)| match ty.dtype() {
        Some(_) => Ok(ty.clone()),
        None => {
            let text = format_args!("@main takes arrays only, but its argument {k} is {ty}");
            Err(Error::new(ErrorKind::Unimplemented, text))
        }
    };
    main.body.arguments.iter().map(|(_, ty)| ty).enumerate().map(array).collect()
}

/// An argument that the module may not have.
fn argument(aval: &Aval) -> Result<Ty> {
    let mut dims: Vec<Option<i64>> = aval.shape.iter().map(|dim| dim.parse().ok()).collect();
    let dtype = match aval.dtype {
        Element::Of(dtype) => dtype,
        Element::Float0 => DType::Bool,
        Element::Key(words) => {
            dims.push(Some(words as i64));
            DType::U32
        }
    };
    array(dtype, &dims)
}

/// That the program runs here.
fn check(exported: &Exported) -> Result<()> {
    let (name, platforms) = (&exported.name, &exported.platforms);
    let anywhere = exported.disabled_checks.contains(&DisabledCheck::Platform);
    if !anywhere && !platforms.iter().any(|platform| platform == PLATFORM) {
        let platforms = platforms.join(", ");
        bail!(Unimplemented, "{name} was exported for {platforms}, and not for {PLATFORM}");
    }
    if exported.nr_devices != 1 {
        bail!(Unimplemented, "{name} was exported for {} devices", exported.nr_devices);
    }
    if !exported.ordered_effects.is_empty() {
        let effects = exported.ordered_effects.join(", ");
        bail!(Unimplemented, "{name} has effects whose order counts: {effects}");
    }
    Ok(())
}

/// The number of the platform among those that a program was lowered for, where it asks for it.
fn platform(exported: &Exported, first: &[Ty]) -> Result<Vec<Literal>> {
    let number = exported.platforms.iter().position(|platform| platform == PLATFORM).unwrap_or(0);
    match first {
        [] => Ok(Vec::new()),
        [Ty::Tensor(ty)] if ty.rank() == 0 && ty.dtype.is_integer() => {
            Ok(vec![Literal::full(ty.clone(), Scalar::Int(number as i64))])
        }
        other => {
            let n = other.len();
            bail!(InvalidArgument, "@main takes {n} values before those that are kept")
        }
    }
}
