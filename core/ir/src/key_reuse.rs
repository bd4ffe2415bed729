//! Which keys of random numbers an operation or a program uses up: JAX's `key_reuse_signatures`.
//!
//! A key is used up by drawing from it and by splitting it. Of an array of keys each one counts, where an operation takes
//! some of them; what moves keys gives the same ones under another name.

use std::sync::Arc;

use jaxrs_data::{Result, Type, bail};
use jaxrs_kernel::Compare as Comparison;

use crate::prims::{CallbackKind, Cond, Remark, Scan, ScatterKind, Slice, Unary, While};
use crate::{Atom, Eqn, Jaxpr, Prim, VarId};

/// Which keys of an array are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mask {
    /// All of them.
    All,
    /// Those where it is true, in row-major order; one at least.
    Some(Arc<[bool]>),
}

impl Mask {
    fn of(picked: Vec<bool>) -> Option<Mask> {
        match () {
            () if !picked.contains(&true) => None,
            () if !picked.contains(&false) => Some(Mask::All),
            () => Some(Mask::Some(picked.into())),
        }
    }

    /// Whether they have one in common. Arrays of different shapes count as wholes.
    pub fn meets(&self, other: &Mask) -> bool {
        match (self, other) {
            (Mask::Some(a), Mask::Some(b)) if a.len() == b.len() => {
                a.iter().zip(b.iter()).any(|(&a, &b)| a && b)
            }
            _ => true,
        }
    }

    /// Those of both.
    pub fn joined(&self, other: &Mask) -> Mask {
        match (self, other) {
            (Mask::Some(a), Mask::Some(b)) if a.len() == b.len() => {
                Mask::of(a.iter().zip(b.iter()).map(|(&a, &b)| a || b).collect())
                    .unwrap_or(Mask::All)
            }
            _ => Mask::All,
        }
    }
}

/// What an operation does with keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// The operands that it uses up.
    pub sinks: Vec<(usize, Mask)>,
    /// The results that are new keys.
    pub sources: Vec<usize>,
    /// The results that are an operand's keys: operand and result.
    pub forwards: Vec<(usize, usize)>,
}

impl KeyUse {
    fn new(sinks: &[usize], sources: &[usize]) -> KeyUse {
        let sinks = sinks.iter().map(|&k| (k, Mask::All)).collect();
        KeyUse { sinks, sources: sources.into(), forwards: Vec::new() }
    }

    fn forward() -> KeyUse {
        KeyUse { forwards: vec![(0, 0)], ..KeyUse::default() }
    }

    fn forward_each(n: usize) -> KeyUse {
        KeyUse { forwards: (0..n).map(|k| (k, k)).collect(), ..KeyUse::default() }
    }

    fn forward_and(sink: usize) -> KeyUse {
        KeyUse { sinks: vec![(sink, Mask::All)], ..KeyUse::forward() }
    }
}

fn is_key(ty: &Type) -> bool {
    ty.dtype.is_key()
}

/// What an operation does with keys. One that is not known to leave them alone uses up all that it takes, and gives none.
pub fn of_operation(prim: &Prim, inputs: &[Type]) -> Result<KeyUse> {
    let unknown = || {
        let keys = (0..inputs.len()).filter(|&k| is_key(&inputs[k]));
        KeyUse::new(&Vec::from_iter(keys), &[])
    };
    Ok(match prim {
        Prim::RandomBits(_) | Prim::RandomGamma(_) => KeyUse::new(&[0], &[]),
        Prim::RandomSplit(_) => KeyUse::new(&[0], &[0]),
        Prim::RandomClone(_)
        | Prim::RandomFoldIn(_)
        | Prim::RandomSeed(_)
        | Prim::RandomWrap(_) => KeyUse::new(&[], &[0]),
        Prim::RandomUnwrap(_) | Prim::DebugPrint(_) => KeyUse::default(),
        Prim::Compare(x) if matches!(x.0, Comparison::Eq | Comparison::Ne) => KeyUse::default(),
        Prim::Callback(x) if matches!(x.kind, CallbackKind::Debug { .. }) => KeyUse::default(),
        Prim::BroadcastInDim(_)
        | Prim::ConvertElementType(_)
        | Prim::Reshape(_)
        | Prim::Squeeze(_)
        | Prim::DynamicSlice(_)
        | Prim::Gather(_)
        | Prim::Unary(Unary::Copy) => KeyUse::forward(),
        Prim::DynamicUpdateSlice(_) => KeyUse::forward_and(1),
        Prim::Scatter(x) if x.kind == ScatterKind::Set => KeyUse::forward_and(2),
        Prim::Annotate(x) => match x.remark {
            Remark::DevicePut => KeyUse::forward_each(inputs.len()),
            Remark::LayoutConstraint | Remark::ShardingConstraint | Remark::Reshard => {
                KeyUse::forward()
            }
            _ => unknown(),
        },
        Prim::Slice(slice) if inputs.first().is_some_and(is_key) => of_slice(slice, &inputs[0]),
        Prim::Concatenate(_) if inputs.len() == 1 => KeyUse::forward(),
        Prim::Concatenate(_) => KeyUse::new(&Vec::from_iter(0..inputs.len()), &[0]),
        Prim::Call(call) => of_program(&call.jaxpr)?,
        // What is differentiated uses no key that it did not use before.
        Prim::Checkpoint(x) if x.differentiated => KeyUse::default(),
        Prim::Checkpoint(x) => of_program(&x.jaxpr)?,
        Prim::Cond(cond) => of_branches(cond)?,
        Prim::Scan(scan) => of_scan(scan)?,
        Prim::While(repeated) => of_loop(repeated)?,
        _ => unknown(),
    })
}

fn of_slice(slice: &Slice, operand: &Type) -> KeyUse {
    let shape = &operand.shape;
    let picked = (0..shape.numel()).map(|position| {
        let axes = slice.start_indices.iter().zip(&slice.limit_indices).zip(&slice.strides);
        shape.unravel(position).iter().zip(axes).all(|(&i, ((&start, &limit), &stride))| {
            (start..limit).contains(&i) && (i - start).is_multiple_of(stride)
        })
    });
    let sinks = Mask::of(picked.collect()).map(|mask| (0, mask)).into_iter().collect();
    KeyUse { sinks, sources: vec![0], forwards: Vec::new() }
}

/// What any branch uses up is used up; what all give is given.
fn of_branches(cond: &Cond) -> Result<KeyUse> {
    let uses: Vec<KeyUse> = cond.branches.iter().map(|x| of_program(x)).collect::<Result<_>>()?;
    let mut all = KeyUse::default();
    for (k, mask) in uses.iter().flat_map(|x| &x.sinks) {
        // The index comes first.
        match all.sinks.iter_mut().find(|(other, _)| *other == k + 1) {
            Some((_, joined)) => *joined = joined.joined(mask),
            None => all.sinks.push((k + 1, mask.clone())),
        }
    }
    for source in uses.iter().flat_map(|x| &x.sources) {
        if !all.sources.contains(source) {
            all.sources.push(*source);
        }
    }
    if let Some((first, rest)) = uses.split_first() {
        let common = |pair: &&(usize, usize)| rest.iter().all(|x| x.forwards.contains(pair));
        let shifted = |&(from, to): &(usize, usize)| (from + 1, to);
        all.forwards = first.forwards.iter().filter(common).map(shifted).collect();
    }
    Ok(all)
}

fn of_scan(scan: &Scan) -> Result<KeyUse> {
    let body = of_program(&scan.jaxpr)?;
    let carried = |k: &usize| (scan.num_consts..scan.num_consts + scan.num_carry).contains(k);
    if body.sinks.iter().any(|(k, _)| *k < scan.num_consts) {
        bail!(
            Check,
            "scan body function leads to key reuse when repeatedly executed, because key constants are \
             repeatedly consumed"
        );
    }
    let is_new = |k: usize| body.sources.contains(&(k - scan.num_consts));
    if body.sinks.iter().any(|(k, _)| carried(k) && !is_new(*k)) {
        bail!(
            Check,
            "scan body function leads to key reuse when repeatedly executed, because consumed inputs \
             don't match sourced outputs"
        );
    }
    Ok(body)
}

fn of_loop(repeated: &While) -> Result<KeyUse> {
    let (cond, mut body) = (of_program(&repeated.cond_jaxpr)?, of_program(&repeated.body_jaxpr)?);
    let parts = [("cond", &cond, repeated.cond_nconsts), ("body", &body, repeated.body_nconsts)];
    for (name, uses, n_consts) in parts {
        let is_new = |k: usize| k >= n_consts && body.sources.contains(&(k - n_consts));
        if !uses.sinks.iter().all(|(k, _)| is_new(*k)) {
            bail!(Check, "while_loop {name} function leads to key reuse when repeatedly executed");
        }
    }
    let same = |k: usize| k + repeated.body_nconsts - repeated.cond_nconsts;
    if cond.sinks.iter().any(|(k, _)| body.sinks.iter().any(|(other, _)| *other == same(*k))) {
        bail!(Check, "key reuse: while_loop cond and body functions both use the same key");
    }
    // The constants of the condition come first.
    body.sinks.iter_mut().for_each(|(k, _)| *k += repeated.cond_nconsts);
    body.forwards.iter_mut().for_each(|(k, _)| *k += repeated.cond_nconsts);
    Ok(body)
}

/// What a program does with keys; an error where it uses one twice.
pub fn of_program(jaxpr: &Jaxpr) -> Result<KeyUse> {
    let mut state =
        State { jaxpr, used: vec![None; jaxpr.types.len()], same: vec![None; jaxpr.types.len()] };
    for eqn in &jaxpr.eqns {
        state.step(eqn)?;
    }
    Ok(state.summary())
}

/// What is known of the variables of a program.
struct State<'a> {
    jaxpr: &'a Jaxpr,
    /// Which keys of a variable are used up.
    used: Vec<Option<Mask>>,
    /// The variable whose keys these are.
    same: Vec<Option<VarId>>,
}

impl State<'_> {
    /// The variable whose keys a variable has, if it has any.
    fn origin(&self, mut var: VarId) -> Option<VarId> {
        while let Some(other) = self.same[var.0 as usize] {
            var = other;
        }
        is_key(&self.jaxpr[var]).then_some(var)
    }

    fn step(&mut self, eqn: &Eqn) -> Result<()> {
        let inputs: Vec<Type> =
            eqn.inputs.iter().map(|atom| self.jaxpr.atom_type(atom).clone()).collect();
        let uses = of_operation(&eqn.prim, &inputs)?;
        for &(from, to) in &uses.forwards {
            if let Atom::Var(var) = eqn.inputs[from] {
                self.same[eqn.outputs[to].0 as usize] = Some(var);
            }
        }
        for (k, mask) in &uses.sinks {
            self.sink(eqn, *k, mask)?;
        }
        for (k, &var) in eqn.outputs.iter().enumerate() {
            if self.same[var.0 as usize].is_none() && !uses.sources.contains(&k) {
                self.used[var.0 as usize] = Some(Mask::All);
            }
        }
        Ok(())
    }

    fn sink(&mut self, eqn: &Eqn, k: usize, mask: &Mask) -> Result<()> {
        let Atom::Var(var) = eqn.inputs[k] else { return Ok(()) };
        let Some(var) = self.origin(var) else { return Ok(()) };
        let used = &mut self.used[var.0 as usize];
        match used {
            Some(before) if before.meets(mask) => {
                let names = eqn.name_stack.as_ref().map(|names| format!(", in {names}"));
                bail!(
                    Check,
                    "key reuse: in {}, argument {k} is already consumed{}",
                    eqn.prim.name(),
                    names.unwrap_or_default()
                )
            }
            Some(before) => *before = before.joined(mask),
            None => *used = Some(mask.clone()),
        }
        Ok(())
    }

    fn summary(&self) -> KeyUse {
        let inputs = &self.jaxpr.invars;
        let used = |&(_, var): &(usize, &VarId)| is_key(&self.jaxpr[*var]);
        let sinks = inputs.iter().enumerate().filter(used);
        let sinks = sinks.filter_map(|(k, var)| Some((k, self.used[var.0 as usize].clone()?)));
        let mut uses = KeyUse { sinks: sinks.collect(), ..KeyUse::default() };
        for (to, atom) in self.jaxpr.outputs.iter().enumerate() {
            let Atom::Var(var) = atom else { continue };
            let Some(origin) = self.origin(*var) else { continue };
            match inputs.iter().position(|&input| input == origin) {
                Some(from) => uses.forwards.push((from, to)),
                None if self.used[var.0 as usize].is_none() => uses.sources.push(to),
                None => {}
            }
        }
        uses
    }
}
