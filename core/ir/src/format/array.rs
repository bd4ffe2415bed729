//! Arrays as NumPy's `str` writes them: `[1. 2.5]`, rows under one another, long ones with `...`.

use jaxrs_data::{Literal, Scalar};

use super::column::Column;
use super::spec;

/// Longer lines are broken.
const WIDTH: usize = 75;

/// Of arrays with more elements only those at the ends of each axis are shown.
const MOST_SHOWN: usize = 1000;

/// So many at each end.
const AT_ENDS: usize = 3;

/// An array as people read it: `3.0`, `[1. 2.]`, `[[1 2]\n [3 4]]`.
pub(crate) fn write_array(value: &Literal, text: &mut String) {
    if value.ty().rank() == 0 {
        return spec::write_scalar(value.get(0), value.ty().dtype, text);
    }
    if value.is_empty() {
        return text.push_str("[]");
    }
    let is_long = value.len() > MOST_SHOWN;
    let mut elements = Vec::new();
    gather(value, is_long, 0, 0, &mut elements);
    let column = Column::new(&elements, value.ty().dtype);
    text.push_str(&Layout { value, is_long, column }.nest(0, 0));
}

/// The positions along an axis that are shown; none for what is left out between them.
fn shown(size: usize, is_long: bool) -> Vec<Option<usize>> {
    if !is_long || size <= 2 * AT_ENDS {
        return (0..size).map(Some).collect();
    }
    let ends = |range: std::ops::Range<usize>| range.map(Some);
    ends(0..AT_ENDS).chain([None]).chain(ends(size - AT_ENDS..size)).collect()
}

/// How far apart neighbours along an axis are.
fn step(value: &Literal, axis: usize) -> usize {
    value.ty().shape[axis + 1..].iter().product()
}

/// The elements that are shown.
fn gather(value: &Literal, is_long: bool, axis: usize, start: usize, into: &mut Vec<Scalar>) {
    let Some(&size) = value.ty().shape.get(axis) else { return into.push(value.get(start)) };
    for i in shown(size, is_long).into_iter().flatten() {
        gather(value, is_long, axis + 1, start + i * step(value, axis), into);
    }
}

struct Layout<'a> {
    value: &'a Literal,
    is_long: bool,
    column: Column,
}

impl Layout<'_> {
    /// What lies below a position, in brackets. Lines after the first one are indented by the brackets around.
    fn nest(&self, axis: usize, start: usize) -> String {
        let shape = &self.value.ty().shape;
        let indent = " ".repeat(axis + 1);
        let at = |i: usize| start + i * step(self.value, axis);
        let shown = shown(shape[axis], self.is_long);
        let inside = if axis + 1 == shape.rank() {
            let word = |i: Option<usize>| match i {
                Some(i) => self.column.text(self.value.get(at(i))),
                None => "...".to_owned(),
            };
            filled(shown.into_iter().map(word), &indent, WIDTH - 1 - axis.min(WIDTH - 1))
        } else {
            let part = |i: Option<usize>| match i {
                Some(i) => self.nest(axis + 1, at(i)),
                None => "...".to_owned(),
            };
            let parts: Vec<String> = shown.into_iter().map(part).collect();
            parts.join(&format!("{}{indent}", "\n".repeat(shape.rank() - axis - 1)))
        };
        format!("[{inside}]")
    }
}

/// Words in lines of at most so many characters, those after the first one with an indent.
fn filled(words: impl Iterator<Item = String>, indent: &str, width: usize) -> String {
    let (mut text, mut line) = (String::new(), indent.to_owned());
    for (k, word) in words.enumerate() {
        if k > 0 {
            line.push(' ');
        }
        if line.len() > indent.len() && line.len() + word.len() > width {
            text.push_str(line.trim_end());
            text.push('\n');
            line = indent.to_owned();
        }
        line.push_str(&word);
    }
    text.push_str(&line);
    text.split_off(indent.len())
}
