//! Elements of arrays, all as wide as the widest, as NumPy writes them (`numpy/_core/arrayprint.py`).

use jaxrs_data::{DType, Scalar};

use super::spec::{shortest, write_general};

/// Digits behind the point at most.
const DIGITS: usize = 8;

/// How the elements of an array are written.
pub(super) enum Column {
    /// Each as it is by itself.
    Words,
    /// To the right, so wide.
    Whole(usize),
    Float(Floats),
    Complex(Floats, Floats),
}

impl Column {
    pub(super) fn new(elements: &[Scalar], dtype: DType) -> Column {
        let parts = || elements.iter().map(|x| x.as_complex());
        match dtype {
            DType::F16 | DType::F32 | DType::F64 => {
                Column::Float(Floats::new(parts().map(|x| x.0).collect(), dtype, false))
            }
            DType::C64 | DType::C128 => {
                let dtype = dtype.real_part();
                let real = Floats::new(parts().map(|x| x.0).collect(), dtype, false);
                Column::Complex(real, Floats::new(parts().map(|x| x.1).collect(), dtype, true))
            }
            // Types that NumPy has from elsewhere know nothing of columns.
            DType::I2 | DType::I4 | DType::U2 | DType::U4 => Column::Words,
            _ if dtype.is_integer() || dtype.is_bool() => {
                Column::Whole(elements.iter().map(|&x| word(x).len()).max().unwrap_or(0))
            }
            _ => Column::Words,
        }
    }

    pub(super) fn text(&self, element: Scalar) -> String {
        match self {
            Column::Words => word(element),
            Column::Whole(width) => format!("{:>width$}", word(element)),
            Column::Float(column) => column.text(element.as_f64()),
            Column::Complex(real, imag) => {
                let (re, im) = element.as_complex();
                let im = imag.text(im);
                let digits = im.trim_end();
                format!("{}{digits}j{}", real.text(re), &im[digits.len()..])
            }
        }
    }
}

/// An element by itself, narrow floats with six digits.
fn word(element: Scalar) -> String {
    match element {
        Scalar::Bool(x) => if x { "True" } else { "False" }.to_owned(),
        Scalar::Int(x) => x.to_string(),
        Scalar::Uint(x) => x.to_string(),
        Scalar::Key(words) => format!("{words:#x}"),
        x if !x.as_f64().is_finite() => not_finite(x.as_f64(), false),
        x => {
            let mut text = String::new();
            write_general(x.as_f64(), 6, &mut text);
            text
        }
    }
}

fn not_finite(x: f64, plus: bool) -> String {
    let sign = if x < 0.0 {
        "-"
    } else if plus {
        "+"
    } else {
        ""
    };
    format!("{sign}{}", if x.is_nan() { "nan" } else { "inf" })
}

/// Real numbers with their points below one another, all with an exponent or none.
pub(super) struct Floats {
    dtype: DType,
    /// Whether positive numbers have a sign, too.
    plus: bool,
    /// Digits of the longest exponent, if there are exponents.
    exponent: Option<usize>,
    /// Characters before the point.
    left: usize,
    /// Digits behind the point.
    right: usize,
}

/// Sign, digits before the point and behind it, and the exponent.
struct Parts {
    whole: String,
    fraction: String,
    exponent: i32,
}

impl Floats {
    fn new(elements: Vec<f64>, dtype: DType, plus: bool) -> Floats {
        let finite: Vec<f64> = elements.iter().copied().filter(|x| x.is_finite()).collect();
        let is_scientific = needs_exponents(&finite, dtype);
        let mut column = Floats { dtype, plus, exponent: None, left: 0, right: 0 };
        let parts: Vec<Parts> = finite.iter().map(|&x| column.parts(x, is_scientific)).collect();
        let widest = |of: fn(&Parts) -> usize| parts.iter().map(of).max().unwrap_or(0);
        column.left = widest(|x| x.whole.len());
        column.right = widest(|x| x.fraction.len());
        if is_scientific {
            column.exponent = Some(widest(|x| exponent_digits(x.exponent)));
        }
        if finite.len() < elements.len() {
            let n_behind = column.exponent.map_or(0, |n| n + 2) + column.right + 1;
            let signed = plus || elements.contains(&f64::NEG_INFINITY);
            let widest = 3 + usize::from(signed);
            column.left = column.left.max(widest.saturating_sub(n_behind));
        }
        column
    }

    fn parts(&self, x: f64, is_scientific: bool) -> Parts {
        let sign = if x.is_sign_negative() {
            "-"
        } else if self.plus {
            "+"
        } else {
            ""
        };
        let parts = match is_scientific {
            true => scientific(x.abs(), self.dtype),
            false => positional(x.abs(), self.dtype),
        };
        Parts { whole: format!("{sign}{}", parts.whole), ..parts }
    }

    fn text(&self, x: f64) -> String {
        let (left, right) = (self.left, self.right);
        if !x.is_finite() {
            let width = left + right + 1 + self.exponent.map_or(0, |n| n + 2);
            return format!("{:>width$}", not_finite(x, self.plus));
        }
        let Parts { whole, fraction, exponent } = self.parts(x, self.exponent.is_some());
        let Some(n) = self.exponent else { return format!("{whole:>left$}.{fraction:<right$}") };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{whole:>left$}.{fraction:0<right$}e{sign}{:0n$}", exponent.unsigned_abs())
    }
}

fn exponent_digits(exponent: i32) -> usize {
    exponent.unsigned_abs().to_string().len().max(2)
}

/// Where numbers are large, small, or of many sizes.
fn needs_exponents(finite: &[f64], dtype: DType) -> bool {
    let sizes = || finite.iter().map(|x| x.abs()).filter(|&x| x != 0.0);
    let (Some(most), Some(least)) = (sizes().reduce(f64::max), sizes().reduce(f64::min)) else {
        return false;
    };
    let digits = match dtype {
        DType::F16 => 3,
        DType::F32 => 6,
        _ => 8,
    };
    let rounded = |x: f64| Scalar::Float(x).cast(dtype).as_f64();
    most >= 10f64.powi(digits) || least < rounded(0.0001) || rounded(most / least) > 1000.0
}

fn positional(x: f64, dtype: DType) -> Parts {
    let (digits, exponent) = shortest(x, dtype);
    let n_behind = digits.len() as i32 - 1 - exponent;
    let text = format!("{x:.*}", n_behind.clamp(0, DIGITS as i32) as usize);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    // Large numbers have zeros behind the digits that tell them from their neighbours.
    let whole = match n_behind < 0 {
        true => format!("{digits}{}", "0".repeat(n_behind.unsigned_abs() as usize)),
        false => whole.to_owned(),
    };
    Parts { whole, fraction: fraction.trim_end_matches('0').to_owned(), exponent: 0 }
}

fn scientific(x: f64, dtype: DType) -> Parts {
    let (mut digits, mut exponent) = shortest(x, dtype);
    if digits.len() > DIGITS + 1 {
        let text = format!("{x:.DIGITS$e}");
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        digits = mantissa.chars().filter(char::is_ascii_digit).collect();
        exponent = power.parse().unwrap_or(0);
    }
    let fraction = digits[1..].trim_end_matches('0').to_owned();
    Parts { whole: digits[..1].to_owned(), fraction, exponent }
}
