//! Threads.

use std::collections::HashMap;

use jaxrs_kernel::math;

use super::arithmetic::{compare, compute, float, masked, rounded, signed};
use super::convert::convert;
use super::memory::Memory;
use super::parse::{Class, Function, Inst, Operand};

/// More instructions than any thread of a test needs.
const MOST: usize = 50_000_000;

/// Runs all threads of a launch.
pub(crate) fn launch(
    function: &Function,
    [blocks, threads]: [u64; 2],
    args: &[u64],
    memory: &mut Memory,
) -> Result<(), String> {
    for block in 0..blocks {
        for number in 0..threads {
            let mut thread = Thread {
                function,
                memory: &mut *memory,
                place: [block, threads, number],
                registers: vec![None; function.n_registers],
                params: HashMap::new(),
            };
            for (k, &arg) in args.iter().enumerate() {
                thread.params.insert(format!("{}_param_{k}", function.name), arg);
            }
            thread.run()?;
        }
    }
    Ok(())
}

struct Thread<'f> {
    function: &'f Function,
    memory: &'f mut Memory,
    /// `%ctaid.x`, `%ntid.x`, `%tid.x`.
    place: [u64; 3],
    registers: Vec<Option<u64>>,
    params: HashMap<String, u64>,
}

impl Thread<'_> {
    fn run(&mut self) -> Result<(), String> {
        let (function, mut at) = (self.function, 0);
        for _ in 0..MOST {
            let inst = &function.code[at];
            at += 1;
            if let Some((register, holds)) = inst.guard
                && (self.read(&Operand::Register(register))? == 1) != holds
            {
                continue;
            }
            match (inst.name.as_str(), inst.operands.first()) {
                ("ret", _) => return Ok(()),
                ("bra", Some(Operand::Name(label))) => at = function.labels[label],
                _ => self
                    .step(inst)
                    .map_err(|err| format!("{}: {}: {err}", function.name, inst.text))?,
            }
        }
        Err(format!("{} does not end", function.name))
    }

    fn step(&mut self, inst: &Inst) -> Result<(), String> {
        let operand = |k: usize| &inst.operands[k];
        match inst.name.as_str() {
            "mov" => self.mov(inst),
            "ld" if inst.words[0] == "param" => {
                let v = self.params.get(&name(operand(1))?).copied();
                self.write(operand(0), v.ok_or("there is no such parameter")?)
            }
            "ld" => self.load(inst),
            "st" if inst.words[0] == "param" => {
                let v = self.read(operand(1))?;
                self.params.insert(name(operand(0))?, v);
                Ok(())
            }
            "st" => self.store(inst),
            "call" => self.call(inst),
            "selp" => {
                let chosen = if self.read(operand(3))? == 1 { 1 } else { 2 };
                let v = self.read(operand(chosen))?;
                self.write(operand(0), v)
            }
            "setp" => {
                let (a, b) = (self.read(operand(1))?, self.read(operand(2))?);
                let holds = compare(&inst.words[0], inst.types[0], a, b);
                self.write(operand(0), holds.ok_or("unknown comparison")?.into())
            }
            "cvt" => {
                let v = convert(inst, self.read(operand(1))?);
                self.write(operand(0), v.ok_or("unknown conversion")?)
            }
            _ => {
                let x: Vec<u64> =
                    inst.operands[1..].iter().map(|x| self.read(x)).collect::<Result<_, _>>()?;
                self.write(operand(0), compute(inst, &x).ok_or("unknown instruction")?)
            }
        }
    }

    fn read(&self, operand: &Operand) -> Result<u64, String> {
        match operand {
            Operand::Register(k) => {
                self.registers[*k].ok_or("a register is read before it is written".into())
            }
            Operand::Number(bits) => Ok(*bits),
            Operand::Special(special) => match special.as_str() {
                "%ctaid.x" => Ok(self.place[0]),
                "%ntid.x" => Ok(self.place[1]),
                "%tid.x" => Ok(self.place[2]),
                other => Err(format!("unknown register {other}")),
            },
            Operand::Memory(base, offset) => Ok(self.read(base)?.wrapping_add(*offset as u64)),
            other => Err(format!("{other:?} has no value")),
        }
    }

    fn write(&mut self, operand: &Operand, v: u64) -> Result<(), String> {
        let Operand::Register(k) = operand else {
            return Err(format!("{operand:?} is no register"));
        };
        self.registers[*k] = Some(v);
        Ok(())
    }

    /// A copy; the bits of several registers in one, or of one in several.
    fn mov(&mut self, inst: &Inst) -> Result<(), String> {
        let bits = inst.types[0].bits;
        let v = match &inst.operands[1] {
            Operand::Vector(parts) => {
                let each = bits / parts.len() as u32;
                let mut whole = 0;
                for (k, part) in parts.iter().enumerate() {
                    // Parts that nobody looks at may be anything.
                    let part = self.read(part).unwrap_or(0xdead_beef_dead_beef);
                    whole |= masked(part, each) << (each * k as u32);
                }
                whole
            }
            // Predicates are written as numbers, all bits set.
            other if bits == 1 => self.read(other)? & 1,
            other => self.read(other)?,
        };
        let Operand::Vector(parts) = &inst.operands[0] else {
            return self.write(&inst.operands[0], v);
        };
        let each = bits / parts.len() as u32;
        for (k, part) in parts.iter().enumerate() {
            self.write(part, masked(v >> (each * k as u32), each))?;
        }
        Ok(())
    }

    fn load(&mut self, inst: &Inst) -> Result<(), String> {
        let address = self.read(&inst.operands[1])?;
        let ty = inst.types[0];
        let parts = elements(&inst.operands[0]);
        let each = ty.bits as usize / 8;
        let bytes = self.memory.access(address, each * parts.len())?.to_vec();
        for (part, bytes) in parts.iter().zip(bytes.chunks(each)) {
            let v = bytes.iter().rev().fold(0, |v, &byte| v << 8 | u64::from(byte));
            let v = if ty.class == Class::Signed { signed(v, ty.bits) as u64 } else { v };
            self.write(part, v)?;
        }
        Ok(())
    }

    fn store(&mut self, inst: &Inst) -> Result<(), String> {
        let address = self.read(&inst.operands[0])?;
        let each = inst.types[0].bits as usize / 8;
        let parts = elements(&inst.operands[1]);
        let values = parts.iter().map(|x| self.read(x)).collect::<Result<Vec<u64>, _>>()?;
        let bytes = self.memory.access(address, each * parts.len())?;
        for (to, v) in bytes.chunks_mut(each).zip(values) {
            to.copy_from_slice(&v.to_le_bytes()[..each]);
        }
        Ok(())
    }

    /// Calls a function of libdevice.
    fn call(&mut self, inst: &Inst) -> Result<(), String> {
        let [Operand::Vector(result), Operand::Name(function), Operand::Vector(args)] =
            &inst.operands[..]
        else {
            return Err("a call of one result".into());
        };
        let function = function.strip_prefix("__nv_").ok_or("a function of libdevice")?;
        let single = function.ends_with('f') && function != "erf";
        let bits = if single { 32 } else { 64 };
        let mut x = Vec::new();
        for arg in args {
            let arg = self.params.get(&name(arg)?).copied().ok_or("there is no such parameter")?;
            x.push(float(arg, bits));
        }
        let v = libdevice(function.strip_suffix('f').filter(|_| single).unwrap_or(function), &x);
        let v = v.ok_or("unknown function")?;
        self.params.insert(name(&result[0])?, rounded(v, bits));
        Ok(())
    }
}

fn libdevice(function: &str, x: &[f64]) -> Option<f64> {
    Some(match function {
        "sin" => x[0].sin(),
        "cos" => x[0].cos(),
        "tan" => x[0].tan(),
        "erf" => math::erf(x[0]),
        "erfc" => math::erfc(x[0]),
        "erfinv" => math::erf_inv(x[0]),
        "lgamma" => math::lgamma(x[0]),
        "fmod" => x[0] % x[1],
        "pow" => x[0].powf(x[1]),
        _ => return None,
    })
}

/// The name of a parameter, as an operand or as an address.
fn name(operand: &Operand) -> Result<String, String> {
    match operand {
        Operand::Name(name) => Ok(name.clone()),
        Operand::Memory(base, 0) => name(base),
        other => Err(format!("{other:?} is no parameter")),
    }
}

fn elements(operand: &Operand) -> Vec<Operand> {
    match operand {
        Operand::Vector(parts) => parts.clone(),
        one => vec![one.clone()],
    }
}
