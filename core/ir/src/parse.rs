//! Reading printed programs back.
//!
//! Reading what [`print`](crate::print) wrote gives the same program, with its variables numbered in the
//! order of their definition. The text may come from anywhere: every fault in it is an error that names
//! line and column. Types are taken as they are written; [`check`](crate::check) holds them against the
//! equations.

mod lex;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use jaxrs_data::{
    DType, Error, ErrorKind, Literal, Result, Scalar, Shape, SmallVec, Type, complex_parts,
};

use crate::{Atom, Eqn, Jaxpr, Param, Prim, VarId};
use lex::Token;

/// Deeper nesting than any real program has; reading it must not exhaust the stack.
const MAX_DEPTH: usize = 100;

/// Words that stand for values, so that no variable is called so.
const VALUE_WORDS: [&str; 7] = ["true", "false", "True", "False", "nan", "inf", "None"];
const KEYWORDS: [&str; 3] = ["lambda", "let", "in"];

/// Whether a word means nothing else, so that a variable or a name may be called so.
pub(crate) fn is_free_name(word: &str) -> bool {
    !VALUE_WORDS.contains(&word) && !KEYWORDS.contains(&word) && DType::from_name(word).is_none()
}

impl FromStr for Jaxpr {
    type Err = Error;
    fn from_str(source: &str) -> Result<Jaxpr> {
        let mut parser = Parser { source, tokens: lex::tokens(source)?, next: 0, depth: 0 };
        let jaxpr = parser.jaxpr()?;
        match parser.peek() {
            Token::End => Ok(jaxpr),
            _ => Err(parser.expected("the end of the text")),
        }
    }
}

/// An error at a position in the text.
#[cold]
fn error_at(source: &str, position: usize, message: &str) -> Error {
    let before = &source[..position];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Error::new(ErrorKind::InvalidArgument, format_args!("line {line}, column {column}: {message}"))
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

/// The variables of the jaxpr that is being read.
type Scope = HashMap<String, VarId>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    fn peek_at(&self, offset: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.next + offset).min(last)].0
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn error(&self, message: &str) -> Error {
        error_at(self.source, self.tokens[self.next].1, message)
    }

    fn expected(&self, needed: &str) -> Error {
        self.error(&format!("needs {needed}, got {}", self.peek().describe()))
    }

    fn take_mark(&mut self, mark: char) -> bool {
        let found = *self.peek() == Token::Mark(mark);
        if found {
            self.advance();
        }
        found
    }

    fn mark(&mut self, mark: char) -> Result<()> {
        if self.take_mark(mark) { Ok(()) } else { Err(self.expected(&mark.to_string())) }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found == word)
    }

    fn keyword(&mut self, word: &str) -> Result<()> {
        if !self.is_word(word) {
            return Err(self.expected(word));
        }
        self.advance();
        Ok(())
    }

    fn word(&mut self, needed: &str) -> Result<String> {
        match self.peek() {
            Token::Word(word) => {
                let word = word.clone();
                self.advance();
                Ok(word)
            }
            _ => Err(self.expected(needed)),
        }
    }

    fn number<T: FromStr>(&mut self, needed: &str) -> Result<T> {
        match self.peek() {
            Token::Number(text) => {
                let value = text.parse().map_err(|_| self.expected(needed))?;
                self.advance();
                Ok(value)
            }
            _ => Err(self.expected(needed)),
        }
    }

    /// `{ lambda consts ; inputs . let equations in (outputs) }`
    fn jaxpr(&mut self) -> Result<Jaxpr> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(&format!("programs nest more than {MAX_DEPTH} deep")));
        }
        self.depth += 1;
        let (mut jaxpr, mut scope) = (Jaxpr::default(), Scope::new());
        self.mark('{')?;
        self.keyword("lambda")?;
        let consts = self.binders(&mut jaxpr, &scope)?;
        jaxpr.n_consts = consts.len();
        jaxpr.invars.extend(define(consts, &mut scope));
        self.mark(';')?;
        let inputs = self.binders(&mut jaxpr, &scope)?;
        jaxpr.invars.extend(define(inputs, &mut scope));
        self.mark('.')?;
        self.keyword("let")?;
        while !self.is_word("in") {
            let eqn = self.equation(&mut jaxpr, &mut scope)?;
            jaxpr.eqns.push(eqn);
            while self.take_mark(';') {}
        }
        self.keyword("in")?;
        jaxpr.outputs = self.outputs(&scope)?;
        self.mark('}')?;
        self.depth -= 1;
        Ok(jaxpr)
    }

    fn outputs(&mut self, scope: &Scope) -> Result<Vec<Atom>> {
        let mut outputs = Vec::new();
        self.mark('(')?;
        while !self.take_mark(')') {
            let Some(atom) = self.atom(scope)? else { return Err(self.expected("a result")) };
            outputs.push(atom);
            if !self.take_mark(',') && *self.peek() != Token::Mark(')') {
                return Err(self.expected(", or )"));
            }
        }
        Ok(outputs)
    }

    /// `a:f32[3] b:~i32[]`
    fn binders(&mut self, jaxpr: &mut Jaxpr, scope: &Scope) -> Result<Vec<(String, VarId)>> {
        let mut vars: Vec<(String, VarId)> = Vec::new();
        while let (Token::Word(name), Token::Mark(':')) = (self.peek(), self.peek_at(1)) {
            let name = name.clone();
            if !is_free_name(&name) {
                return Err(self.error(&format!("{name} cannot be a variable")));
            }
            if scope.contains_key(&name) || vars.iter().any(|(known, _)| *known == name) {
                return Err(self.error(&format!("{name} is defined twice")));
            }
            self.advance();
            self.mark(':')?;
            vars.push((name, jaxpr.fresh_var(self.ty()?)));
        }
        Ok(vars)
    }

    /// `~f32[2,3]`
    fn ty(&mut self) -> Result<Type> {
        let weak = self.take_mark('~');
        let dtype = match self.peek() {
            Token::Word(word) => DType::from_name(word),
            _ => None,
        };
        let Some(dtype) = dtype else { return Err(self.expected("an element type")) };
        self.advance();
        self.mark('[')?;
        let mut dims = Vec::new();
        while *self.peek() != Token::Mark(']') {
            dims.push(self.number::<i64>("a size")?);
            if !self.take_mark(',') {
                break;
            }
        }
        let shape = Shape::from_user("a type", &dims, dtype.size_bytes())
            .map_err(|err| self.error(err.message()))?;
        self.mark(']')?;
        Ok(Type { dtype, weak, shape })
    }

    /// `b:f32[3] = name[param=value …] operands`
    fn equation(&mut self, jaxpr: &mut Jaxpr, scope: &mut Scope) -> Result<Eqn> {
        let outputs = self.binders(jaxpr, scope)?;
        if !outputs.is_empty() {
            self.mark('=')?;
        }
        let start = self.next;
        let name = self.word("an operation")?;
        let params = if *self.peek() == Token::Mark('[') { self.params()? } else { Vec::new() };
        let prim = Prim::from_params(&name, &params)
            .map_err(|err| error_at(self.source, self.tokens[start].1, err.message()))?;
        let mut inputs = SmallVec::new();
        while let Some(atom) = self.atom(scope)? {
            inputs.push(atom);
        }
        // Only now: an equation must not use what it defines.
        let outputs = define(outputs, scope).collect();
        Ok(Eqn { prim, inputs, outputs, name_stack: None })
    }

    /// A variable or a literal; `None` at anything else, as the next equation's first word is.
    fn atom(&mut self, scope: &Scope) -> Result<Option<Atom>> {
        match self.peek() {
            Token::Word(word) if VALUE_WORDS.contains(&word.as_str()) => {
                self.literal().map(Atom::Literal).map(Some)
            }
            Token::Number(_) | Token::Complex(_) => self.literal().map(Atom::Literal).map(Some),
            Token::Word(word) if KEYWORDS.contains(&word.as_str()) => Ok(None),
            Token::Word(word) if !matches!(self.peek_at(1), Token::Mark(':' | '[')) => {
                let Some(&var) = scope.get(word) else {
                    // The next equation, where it has neither results nor parameters.
                    if Prim::from_params(word, &[]).is_ok() {
                        return Ok(None);
                    }
                    return Err(self.error(&format!("{word} is not defined here")));
                };
                self.advance();
                Ok(Some(Atom::Var(var)))
            }
            _ => Ok(None),
        }
    }

    /// `2.0:f32[]`
    fn literal(&mut self) -> Result<Literal> {
        let start = self.next;
        let token = self.advance();
        self.mark(':')?;
        let ty = self.ty()?;
        let error = |message: String| error_at(self.source, self.tokens[start].1, &message);
        if ty.rank() != 0 {
            return Err(error(format!("a literal needs a type without axes, got {ty}")));
        }
        let Some(value) = scalar(&token, ty.dtype) else {
            return Err(error(format!("{} is not a value of {}", token.describe(), ty.dtype)));
        };
        Ok(Literal::full(ty, value))
    }

    /// `[key=value key=value]`
    fn params(&mut self) -> Result<Vec<(String, Param)>> {
        let mut params: Vec<(String, Param)> = Vec::new();
        self.mark('[')?;
        while !self.take_mark(']') {
            let key = self.word("the name of a parameter or ]")?;
            if params.iter().any(|(known, _)| *known == key) {
                return Err(self.error(&format!("parameter {key} is given twice")));
            }
            self.mark('=')?;
            params.push((key, self.param()?));
        }
        Ok(params)
    }

    fn param(&mut self) -> Result<Param> {
        match self.peek().clone() {
            Token::Mark('{') => self.jaxpr().map(Arc::new).map(Param::Jaxpr),
            Token::Mark('(') => self.tuple(),
            Token::Number(_) => self.number("a whole number").map(Param::Int),
            Token::Quoted(name) => {
                self.advance();
                Ok(Param::Name(name))
            }
            Token::Word(word) => {
                self.advance();
                Ok(word_param(word))
            }
            _ => Err(self.expected("a value")),
        }
    }

    fn tuple(&mut self) -> Result<Param> {
        match self.peek_at(1) {
            Token::Mark('{') => {
                self.mark('(')?;
                let mut jaxprs = Vec::new();
                while !self.take_mark(')') {
                    jaxprs.push(Arc::new(self.jaxpr()?));
                }
                Ok(Param::Jaxprs(jaxprs))
            }
            Token::Mark('(') => self.items(Parser::ints).map(Param::IntLists),
            _ => self.ints().map(Param::Ints),
        }
    }

    fn ints(&mut self) -> Result<Vec<i64>> {
        self.items(|parser| parser.number("a whole number"))
    }

    /// `(item, item)`, `(item,)` or `()`
    fn items<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.mark('(')?;
        while !self.take_mark(')') {
            items.push(item(self)?);
            if !self.take_mark(',') && *self.peek() != Token::Mark(')') {
                return Err(self.expected(", or )"));
            }
        }
        Ok(items)
    }
}

/// Brings variables into scope.
fn define(vars: Vec<(String, VarId)>, scope: &mut Scope) -> impl Iterator<Item = VarId> {
    vars.into_iter().map(|(name, var)| {
        scope.insert(name, var);
        var
    })
}

fn word_param(word: String) -> Param {
    match word.as_str() {
        "true" | "True" => Param::Bool(true),
        "false" | "False" => Param::Bool(false),
        "None" => Param::None,
        _ => match DType::from_name(&word) {
            Some(dtype) => Param::DType(dtype),
            None => Param::Name(word),
        },
    }
}

/// The value that a literal's text stands for, if the element type holds it.
fn scalar(token: &Token, dtype: DType) -> Option<Scalar> {
    use jaxrs_data::DTypeKind::*;
    match (token, dtype.kind()) {
        (Token::Word(word), Bool) => match word.as_str() {
            "true" | "True" => Some(Scalar::Bool(true)),
            "false" | "False" => Some(Scalar::Bool(false)),
            _ => None,
        },
        (Token::Word(text) | Token::Number(text), Float) => real(text),
        (Token::Word(text) | Token::Number(text), Complex) => {
            Some(Scalar::Complex(real(text)?.as_f64(), 0.0))
        }
        (Token::Number(text), Signed) => text.parse().ok().map(Scalar::Int),
        (Token::Number(text), Unsigned) => text.parse().ok().map(Scalar::Uint),
        (Token::Number(text), Key) => {
            u128::from_str_radix(text.strip_prefix("0x")?, 16).ok().map(Scalar::Key)
        }
        (Token::Complex(text), Complex) => {
            let (re, im) = complex_parts(text)?;
            Some(Scalar::Complex(real(re)?.as_f64(), real(im)?.as_f64()))
        }
        _ => None,
    }
    .filter(|value| dtype.is_inexact() || value.rounded(dtype) == *value)
}

fn real(text: &str) -> Option<Scalar> {
    match text {
        "nan" | "-nan" => Some(Scalar::Float(f64::NAN)),
        "inf" => Some(Scalar::Float(f64::INFINITY)),
        "-inf" => Some(Scalar::Float(f64::NEG_INFINITY)),
        _ if text.ends_with(|c: char| c.is_ascii_digit()) => text.parse().ok().map(Scalar::Float),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
