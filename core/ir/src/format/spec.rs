//! How one value is written.

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};

use super::{push, write_array};

/// What follows the colon of a place: `[<>][width][.digits][d, e, f or g]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Spec {
    is_left: bool,
    width: usize,
    digits: Option<usize>,
    kind: Option<char>,
}

/// No field is wider than this.
const MAX_WIDTH: usize = 1000;

impl Spec {
    pub(super) fn new(source: &str) -> Result<Spec> {
        let Some(spec) = parse(source) else {
            bail!(
                InvalidArgument,
                "the format of a value is [<>][width][.digits][d, e, f or g], got {source:?}"
            );
        };
        Ok(spec)
    }

    /// Whether a value of this type can be written so.
    pub(super) fn check(&self, ty: &Type) -> Result<()> {
        if (self.kind.is_some() || self.digits.is_some()) && ty.rank() > 0 {
            bail!(Shape, "writes a scalar, got {ty}");
        }
        let is_whole = ty.dtype.is_integer() || ty.dtype.is_bool();
        if self.kind == Some('d') && !is_whole {
            bail!(Dtype, "writes an integer, got {ty}");
        }
        if self.kind.is_some_and(|kind| kind != 'd') && ty.dtype.is_complex() {
            bail!(Dtype, "writes a real number, got {ty}");
        }
        Ok(())
    }

    pub(super) fn write(&self, value: &Literal, text: &mut String) {
        let mut field = String::new();
        match self.kind {
            None if self.digits.is_none() => write_array(value, &mut field),
            kind => self.write_number(value.get(0), kind.unwrap_or('g'), &mut field),
        }
        let missing = self.width.saturating_sub(field.chars().count());
        let padding = " ".repeat(missing);
        match self.is_left {
            true => text.extend([field, padding]),
            false => text.extend([padding, field]),
        }
    }

    fn write_number(&self, value: Scalar, kind: char, text: &mut String) {
        let digits = self.digits.unwrap_or(6);
        let number = value.as_f64();
        match kind {
            'd' => push(text, format_args!("{}", value.as_i64())),
            _ if !number.is_finite() => write_float(number, &format!("{number:e}"), text),
            'f' => push(text, format_args!("{number:.digits$}")),
            'e' => write_scientific(&format!("{number:.digits$e}"), text),
            _ => write_general(number, digits.max(1), text),
        }
    }
}

fn parse(source: &str) -> Option<Spec> {
    let is_left = source.starts_with('<');
    let rest = source.strip_prefix(['<', '>']).unwrap_or(source);
    let kind = rest.chars().last().filter(|c| !c.is_ascii_digit() && *c != '.');
    let rest = if kind.is_some() { &rest[..rest.len() - 1] } else { rest };
    if kind.is_some_and(|kind| !"defg".contains(kind)) {
        return None;
    }
    let (width, digits) = match rest.split_once('.') {
        Some((width, digits)) => (width, Some(digits.parse().ok()?)),
        None => (rest, None),
    };
    let width = if width.is_empty() { 0 } else { width.parse().ok()? };
    let fits = width <= MAX_WIDTH && digits.unwrap_or(0) <= MAX_WIDTH;
    fits.then_some(Spec { is_left, width, digits, kind })
}

/// A scalar as Python prints it: floats as doubles, narrow ones with six digits.
pub(super) fn write_scalar(value: Scalar, dtype: DType, text: &mut String) {
    match value {
        Scalar::Bool(v) => text.push_str(if v { "True" } else { "False" }),
        Scalar::Int(v) => push(text, format_args!("{v}")),
        Scalar::Uint(v) => push(text, format_args!("{v}")),
        Scalar::Key(words) => push(text, format_args!("{words:#x}")),
        Scalar::Float(v) if v.is_finite() && (dtype == DType::BF16 || dtype.is_narrow_float()) => {
            write_general(v, 6, text);
        }
        Scalar::Float(v) => write_float(v, &format!("{v:e}"), text),
        Scalar::Complex(re, im) => write_complex(re, im, text),
    }
}

/// As Python has it: `(1-2j)`, and `2j` without a real part.
fn write_complex(re: f64, im: f64, text: &mut String) {
    let part = |v: f64| {
        let mut text = String::new();
        write_float(v, &format!("{v:e}"), &mut text);
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    if re == 0.0 && re.is_sign_positive() {
        return push(text, format_args!("{}j", part(im)));
    }
    let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
    push(text, format_args!("({}{sign}{}j)", part(re), part(im)));
}

/// The fewest digits that give the number back in its type, and the power of ten of the first.
pub(super) fn shortest(x: f64, dtype: DType) -> (String, i32) {
    let text = match dtype {
        DType::F64 => format!("{x:e}"),
        DType::F32 => format!("{:e}", x as f32),
        _ => {
            let is_same = |text: &String| {
                text.parse().is_ok_and(|y| Scalar::Float(y).cast(dtype).as_f64() == x)
            };
            let tried = (0..17).map(|n| format!("{x:.n$e}"));
            tried.into_iter().find(is_same).unwrap_or_else(|| format!("{x:e}"))
        }
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.chars().filter(char::is_ascii_digit).collect(), exponent.parse().unwrap_or(0))
}

/// A number from its shortest digits, `1.25e-7`: with an exponent below 1e-4 and from 1e16 on.
fn write_float(value: f64, shortest: &str, text: &mut String) {
    if value.is_nan() {
        return text.push_str("nan");
    }
    if value.is_infinite() {
        return text.push_str(if value > 0.0 { "inf" } else { "-inf" });
    }
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        return write_scientific(shortest, text);
    }
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent + 1;
    let zeros = |n: i32| "0".repeat(n.max(0) as usize);
    let padded = format!("{}{digits}{}", zeros(1 - point), zeros(point - digits.len() as i32));
    let point = point.max(1) as usize;
    let (whole, part) = padded.split_at(point);
    push(text, format_args!("{sign}{whole}.{}", if part.is_empty() { "0" } else { part }));
}

/// Two digits of exponent at least, and its sign: `1.5e+20`.
fn write_scientific(text: &str, out: &mut String) {
    let Some((mantissa, exponent)) = text.split_once('e') else { return };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    push(out, format_args!("{mantissa}e{sign}{:02}", exponent.abs()));
}

/// As C's `%g`: this many digits that count, without zeros at the end.
pub(super) fn write_general(number: f64, digits: usize, text: &mut String) {
    let scientific = format!("{number:.*e}", digits - 1);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let without_zeros = |number: &str| match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number.to_owned(),
    };
    if exponent < -4 || exponent >= digits as i32 {
        let (mantissa, _) = scientific.split_once('e').unwrap_or((&scientific, ""));
        write_scientific(&format!("{}e{exponent}", without_zeros(mantissa)), text);
    } else {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        text.push_str(&without_zeros(&format!("{number:.decimals$}")));
    }
}
