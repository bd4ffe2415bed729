//! Programs with inputs, as text too.

use std::fmt;
use std::fmt::Write as _;

use jaxrs_data::{DTypeKind, Literal, Scalar, Type};
use jaxrs_ir::Jaxpr;

/// A program with inputs to run it on.
#[derive(Clone, Debug)]
pub struct Case {
    /// The program.
    pub jaxpr: Jaxpr,
    /// Its inputs.
    pub inputs: Vec<Literal>,
    /// Which inputs must keep their values, as those that a program is promised to be in bounds.
    pub fixed: Vec<bool>,
    /// Whether the program is smooth around its inputs, so that differences tell derivatives.
    pub smooth: bool,
}

const INPUTS: &str = "inputs:";
const SMOOTH: &str = "smooth inputs:";
const FIXED: &str = "fixed";

/// The program, then a line for each input with its elements.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.jaxpr, if self.smooth { SMOOTH } else { INPUTS })?;
        for (input, fixed) in self.inputs.iter().zip(&self.fixed) {
            let mut line = if *fixed { format!("{FIXED} ") } else { String::new() };
            for element in input.iter() {
                write!(line, "{} ", element.to_text(input.ty().dtype))?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Case {
    type Err = String;

    /// Lines that begin with `#` are remarks.
    fn from_str(text: &str) -> Result<Case, String> {
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let middle = lines.iter().position(|line| [INPUTS, SMOOTH].contains(line));
        let middle = middle.ok_or("there are no inputs")?;
        let jaxpr: Jaxpr =
            lines[..middle].join("\n").parse().map_err(|err: jaxrs_data::Error| err.to_string())?;
        let (mut inputs, mut fixed) = (Vec::new(), Vec::new());
        for (k, ty) in jaxpr.in_types().enumerate() {
            let line = lines.get(middle + 1 + k).ok_or(format!("there is no input {k}"))?;
            let values = line.strip_prefix(FIXED);
            inputs.push(literal(values.unwrap_or(line), ty)?);
            fixed.push(values.is_some());
        }
        Ok(Case { jaxpr, inputs, fixed, smooth: lines[middle] == SMOOTH })
    }
}

fn literal(line: &str, ty: &Type) -> Result<Literal, String> {
    let element = |word| scalar(word, ty.dtype.kind()).ok_or(format!("{word} is no {}", ty.dtype));
    let elements: Vec<Scalar> = line.split_whitespace().map(element).collect::<Result<_, _>>()?;
    match elements.len() == ty.numel() {
        true => Ok(Literal::from_scalars(ty.clone(), &elements)),
        false => Err(format!("{ty} needs {} elements, got {}", ty.numel(), elements.len())),
    }
}

fn scalar(word: &str, kind: DTypeKind) -> Option<Scalar> {
    Some(match kind {
        DTypeKind::Bool => Scalar::Bool(word == "true" || word == "True"),
        DTypeKind::Signed => Scalar::Int(word.parse().ok()?),
        DTypeKind::Unsigned => Scalar::Uint(word.parse().ok()?),
        DTypeKind::Float => Scalar::Float(word.parse().ok()?),
        DTypeKind::Complex => {
            let (re, im) = jaxrs_data::complex_parts(word)?;
            Scalar::Complex(re.parse().ok()?, im.parse().ok()?)
        }
        DTypeKind::Key => Scalar::Key(u128::from_str_radix(word.strip_prefix("0x")?, 16).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_read_back_as_they_are() {
        let text = "{ lambda ; a:f32[3] b:c64[] c:i4[2] d:key<fry>[1] e:bool[0]. let  in (a,) }
smooth inputs:
1.5 nan -inf
fixed (0.5-0.0j)
-8 7
0x12
\n";
        let case: Case = text.parse().unwrap();
        assert_eq!(case.fixed, [false, true, false, false, false]);
        assert_eq!(case.to_string(), text);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |text: &str| text.parse::<Case>().unwrap_err();
        let program = "{ lambda ; a:f32[3]. let  in (a,) }";
        assert_eq!(error(program), "there are no inputs");
        assert_eq!(error(&format!("{program}\ninputs:\n1 2")), "f32[3] needs 3 elements, got 2");
        assert_eq!(error(&format!("{program}\ninputs:\n1 2 x")), "x is no f32");
    }
}
