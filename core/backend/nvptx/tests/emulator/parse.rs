//! PTX text to instructions.

use std::collections::HashMap;

/// What instructions compute with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Bits,
    Signed,
    Unsigned,
    Float,
    /// Two halves in 32 bits.
    Halves,
}

/// A type: `s32`, `f64`, `pred` (one bit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ty {
    pub(crate) class: Class,
    pub(crate) bits: u32,
}

impl Ty {
    fn parse(word: &str) -> Option<Ty> {
        if word == "pred" {
            return Some(Ty { class: Class::Bits, bits: 1 });
        }
        if word == "f16x2" {
            return Some(Ty { class: Class::Halves, bits: 32 });
        }
        let class = match word.chars().next()? {
            'b' => Class::Bits,
            's' => Class::Signed,
            'u' => Class::Unsigned,
            'f' => Class::Float,
            _ => return None,
        };
        Some(Ty { class, bits: word[1..].parse().ok()? })
    }
}

/// An operand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Register(usize),
    /// The bits of a number that is written in place.
    Number(u64),
    /// `%tid.x` and the like.
    Special(String),
    /// `[base+offset]`.
    Memory(Box<Operand>, i64),
    /// `{a, b}`.
    Vector(Vec<Operand>),
    /// A label, a function, a parameter.
    Name(String),
}

/// An instruction.
#[derive(Clone, Debug)]
pub(crate) struct Inst {
    /// A register, and the value with which the instruction is done.
    pub(crate) guard: Option<(usize, bool)>,
    /// `setp` of `setp.lt.f32`.
    pub(crate) name: String,
    /// `lt` of `setp.lt.f32`.
    pub(crate) words: Vec<String>,
    /// `f32` of `setp.lt.f32`.
    pub(crate) types: Vec<Ty>,
    pub(crate) operands: Vec<Operand>,
    pub(crate) text: String,
}

/// An entry function.
#[derive(Debug, Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) code: Vec<Inst>,
    pub(crate) labels: HashMap<String, usize>,
    pub(crate) n_registers: usize,
}

/// The entry functions of a module, by name.
pub(crate) fn functions(text: &str) -> HashMap<String, Function> {
    let mut functions = HashMap::new();
    for part in text.split(".visible .entry ").skip(1) {
        let name = part.split('(').next().unwrap_or("").to_owned();
        let start = part.find("\n{\n").expect("a function has a body");
        let end = part.find("\n}\n").expect("a body ends");
        let mut parser = Parser::new(&name);
        parser.body(&part[start + 3..end]);
        functions.insert(name, parser.function);
    }
    functions
}

struct Parser {
    function: Function,
    registers: HashMap<String, usize>,
}

impl Parser {
    fn new(name: &str) -> Parser {
        let function = Function { name: name.to_owned(), ..Function::default() };
        Parser { function, registers: HashMap::new() }
    }

    /// Statements end with `;`, labels with `:`; braces around statements say nothing.
    fn body(&mut self, text: &str) {
        let mut statement = String::new();
        for line in text.lines() {
            for c in line.split("//").next().unwrap_or("").chars() {
                match c {
                    ';' => self.statement(&std::mem::take(&mut statement)),
                    ':' => {
                        let label = std::mem::take(&mut statement).trim().to_owned();
                        self.function.labels.insert(label, self.function.code.len());
                    }
                    '{' | '}' if statement.trim().is_empty() => {}
                    c => statement.push(c),
                }
            }
            statement.push(' ');
        }
    }

    fn statement(&mut self, text: &str) {
        let text = text.trim();
        if let Some(declared) = text.strip_prefix(".reg ") {
            if let Some(name) = declared.split_whitespace().nth(1) {
                self.register(name);
            }
            return;
        }
        if text.is_empty() || text.starts_with('.') {
            return;
        }
        let (guard, rest) = match text.strip_prefix('@') {
            None => (None, text),
            Some(rest) => {
                let (register, rest) = rest.split_once(char::is_whitespace).expect("a guard");
                let holds = !register.starts_with('!');
                (Some((self.register(register.trim_start_matches('!')), holds)), rest.trim())
            }
        };
        let (op, operands) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let mut words = op.split('.').map(str::to_owned);
        let name = words.next().unwrap_or_default();
        let (mut others, mut types) = (Vec::new(), Vec::new());
        for word in words {
            match Ty::parse(&word) {
                Some(ty) => types.push(ty),
                None => others.push(word),
            }
        }
        let operands = split(operands).into_iter().map(|operand| self.operand(operand)).collect();
        let text = text.to_owned();
        self.function.code.push(Inst { guard, name, words: others, types, operands, text });
    }

    fn register(&mut self, name: &str) -> usize {
        let next = self.registers.len();
        self.function.n_registers = self.function.n_registers.max(next + 1);
        *self.registers.entry(name.to_owned()).or_insert(next)
    }

    fn operand(&mut self, text: &str) -> Operand {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.trim_end_matches(']');
            let (base, offset) = inner.split_once('+').unwrap_or((inner, "0"));
            return Operand::Memory(
                Box::new(self.operand(base)),
                offset.parse().expect("an offset"),
            );
        }
        if text.starts_with('{') || text.starts_with('(') {
            let inner = &text[1..text.len() - 1];
            return Operand::Vector(split(inner).into_iter().map(|x| self.operand(x)).collect());
        }
        if text.contains("tid") || text.contains("ctaid") {
            return Operand::Special(text.to_owned());
        }
        if text.starts_with('%') || self.registers.contains_key(text) {
            return Operand::Register(self.register(text));
        }
        number(text).map_or_else(|| Operand::Name(text.to_owned()), Operand::Number)
    }
}

fn number(text: &str) -> Option<u64> {
    for (prefix, radix) in [("0f", 16), ("0d", 16), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix).ok();
        }
    }
    let signed = text.parse::<i64>().map(|x| x as u64);
    signed.or_else(|_| text.parse::<u64>()).ok()
}

/// What stands between commas, those inside brackets aside.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}
