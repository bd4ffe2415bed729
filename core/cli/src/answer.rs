//! What commands answer with: text for people, or JSON for programs.

use jaxrs_data::{Error, ErrorKind};

use crate::json::Json;

/// An answer, in both forms.
pub(crate) struct Answer {
    /// For people; it ends with the end of a line, or is empty.
    pub(crate) text: String,
    /// For programs.
    pub(crate) json: Json,
}

impl Answer {
    /// Text that has no other form.
    pub(crate) fn text(text: String) -> Answer {
        Answer { json: Json::Object(vec![("text", text.as_str().into())]), text }
    }

    /// Files that were written, of which nothing is said to people.
    pub(crate) fn files(files: Vec<Json>) -> Answer {
        Answer { text: String::new(), json: Json::Object(vec![("files", Json::List(files))]) }
    }
}

/// What an error says, without line breaks.
pub(crate) fn one_line(error: &Error) -> String {
    error.message().replace('\n', " ")
}

/// An error, with its place in the text of a program where it has one.
pub(crate) fn error(error: &Error) -> Json {
    let mut fields = vec![("kind", kind(error.kind()).into()), ("message", error.message().into())];
    if let Some((line, column)) = place(error.message()) {
        fields.extend([("line", line.into()), ("column", column.into())]);
    }
    Json::Object(vec![("error", Json::Object(fields))])
}

/// `invalid_argument` of `InvalidArgument`.
fn kind(kind: ErrorKind) -> String {
    let mut out = String::new();
    for c in format!("{kind:?}").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Line and column of `…line 2, column 5: …`, as readers of programs say them.
fn place(message: &str) -> Option<(usize, usize)> {
    let (_, rest) = message.split_once("line ")?;
    let (line, rest) = rest.split_once(", column ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((line.parse().ok()?, rest[..end].parse().ok()?))
}
