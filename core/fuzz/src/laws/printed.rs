//! Programs are well formed, and text.

use jaxrs_ir::Jaxpr;

use super::Verdict;
use crate::Case;

pub(super) fn holds(case: &Case) -> Verdict {
    jaxrs_ir::check::check(&case.jaxpr)?;
    let text = case.jaxpr.to_string();
    let again: Jaxpr = match text.parse() {
        Ok(again) => again,
        Err(err) => return Ok(Some(format!("its text does not parse: {err}"))),
    };
    jaxrs_ir::check::check(&again)?;
    let second = again.to_string();
    Ok((second != text).then(|| format!("its text reads back as {second}")))
}
