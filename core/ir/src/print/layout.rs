//! Laying text out in lines of limited width (Wadler, "A prettier printer", 2003; strict, after Lindig).

/// Text with choices of where to break it.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    /// Text without line breaks.
    Text(String),
    /// The text, or a line break where the enclosing group is broken.
    Line(&'static str),
    /// A line break wherever it stands.
    Break,
    /// Parts one after another.
    Concat(Vec<Doc>),
    /// Broken lines inside are indented further.
    Nest(usize, Box<Doc>),
    /// Stands on one line if it fits, else breaks all its own [`Doc::Line`]s.
    Group(Box<Doc>),
}

pub(super) fn text(text: impl Into<String>) -> Doc {
    Doc::Text(text.into())
}

pub(super) fn line(flat: &'static str) -> Doc {
    Doc::Line(flat)
}

pub(super) fn line_break() -> Doc {
    Doc::Break
}

pub(super) fn concat(parts: impl Into<Vec<Doc>>) -> Doc {
    Doc::Concat(parts.into())
}

pub(super) fn nest(indent: usize, doc: Doc) -> Doc {
    Doc::Nest(indent, Box::new(doc))
}

pub(super) fn group(doc: Doc) -> Doc {
    Doc::Group(Box::new(doc))
}

/// A part that is still to be written.
#[derive(Clone, Copy)]
struct Task<'a> {
    indent: usize,
    flat: bool,
    doc: &'a Doc,
}

/// The text in lines of at most `width` columns, as far as there are places to break them.
pub(super) fn render(doc: &Doc, width: usize) -> String {
    let (mut out, mut column) = (String::new(), 0);
    let mut tasks = vec![Task { indent: 0, flat: false, doc }];
    while let Some(task) = tasks.pop() {
        match task.doc {
            Doc::Text(text) => {
                out.push_str(text);
                column += text.chars().count();
            }
            Doc::Line(flat) if task.flat => {
                out.push_str(flat);
                column += flat.len();
            }
            Doc::Line(_) | Doc::Break => {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', task.indent));
                column = task.indent;
            }
            Doc::Group(inner) => {
                let flat = task.flat || fits(inner, width.saturating_sub(column));
                tasks.push(Task { flat, doc: inner, ..task });
            }
            Doc::Concat(_) | Doc::Nest(..) => open(task, &mut tasks),
        }
    }
    out
}

/// Pushes the parts of a document that has no text of its own.
fn open<'a>(task: Task<'a>, tasks: &mut Vec<Task<'a>>) {
    match task.doc {
        Doc::Concat(parts) => tasks.extend(parts.iter().rev().map(|doc| Task { doc, ..task })),
        Doc::Nest(more, doc) => tasks.push(Task { indent: task.indent + more, doc, ..task }),
        Doc::Group(doc) => tasks.push(Task { doc, ..task }),
        Doc::Text(_) | Doc::Line(_) | Doc::Break => {}
    }
}

/// Whether a document on one line takes at most `width` columns.
fn fits(doc: &Doc, width: usize) -> bool {
    let mut left = width;
    let mut tasks = vec![Task { indent: 0, flat: true, doc }];
    while let Some(task) = tasks.pop() {
        let columns = match task.doc {
            Doc::Text(text) => text.chars().count(),
            Doc::Line(flat) => flat.len(),
            Doc::Break => return false,
            Doc::Concat(_) | Doc::Nest(..) | Doc::Group(_) => 0,
        };
        match left.checked_sub(columns) {
            Some(rest) => left = rest,
            None => return false,
        }
        open(task, &mut tasks);
    }
    true
}
