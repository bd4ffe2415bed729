//! Fewer residuals: what only moves elements is done again, not kept.
//!
//! A loop that rolls its carry, say, would keep each rolled copy for the backward pass. Moving elements
//! is free where the compiler reads them through index arithmetic, and memory traffic is what such loops
//! cost; so the linear program gets the array that was moved, and moves it again. JAX keeps the copies.

use jaxrs_data::SmallVec;
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, Residual, VarId};
use rustc_hash::FxHashMap;

/// A program and its linear part, as in [`jaxrs_ir::LinearizedJaxpr`].
pub(crate) struct Split {
    pub(crate) primal: Jaxpr,
    pub(crate) linear: Jaxpr,
    pub(crate) residuals: Vec<Residual>,
}

/// Whether an equation only moves, repeats or drops elements of one array.
fn is_move(eqn: &Eqn) -> bool {
    matches!(
        eqn.prim,
        Prim::BroadcastInDim(_)
            | Prim::Reshape(_)
            | Prim::Squeeze(_)
            | Prim::Transpose(_)
            | Prim::Rev(_)
            | Prim::Slice(_)
            | Prim::Pad(_)
            | Prim::Concatenate(_)
    )
}

/// The equations that move elements, by the variable that they define.
struct Moves<'a> {
    primal: &'a Jaxpr,
    by_output: FxHashMap<VarId, &'a Eqn>,
}

impl<'a> Moves<'a> {
    fn of(primal: &'a Jaxpr) -> Moves<'a> {
        let moves = primal.eqns.iter().filter(|eqn| is_move(eqn));
        Moves { primal, by_output: moves.map(|eqn| (eqn.outputs[0], eqn)).collect() }
    }

    /// The one variable that this one is a moved copy of; itself, if there is no such.
    fn root(&self, var: VarId) -> VarId {
        let Some(eqn) = self.by_output.get(&var) else { return var };
        let mut roots: SmallVec<[VarId; 2]> = SmallVec::new();
        for input in &eqn.inputs {
            if let Atom::Var(input) = input {
                let root = self.root(*input);
                if !roots.contains(&root) {
                    roots.push(root);
                }
            }
        }
        if roots.len() == 1 { roots[0] } else { var }
    }

    fn bytes(&self, var: VarId) -> usize {
        self.primal[var].size_bytes()
    }
}

/// Replaces residuals that are moved copies of an array by that array, where this keeps fewer bytes.
pub(crate) fn move_again(split: Split) -> Split {
    let Split { primal, linear, residuals } = &split;
    let saved = primal.outputs.len() - residuals.iter().filter(|r| is_saved(r)).count();
    let source = |residual: &Residual| match *residual {
        Residual::Input(k) => Some(primal.invars[k]),
        Residual::Saved(k) => match primal.outputs[saved + k] {
            Atom::Var(var) => Some(var),
            Atom::Literal(_) => None,
        },
    };
    let sources: Vec<Option<VarId>> = residuals.iter().map(source).collect();
    let moves = Moves::of(primal);
    let roots = worthwhile(&moves, &sources);
    if roots.iter().all(Option::is_none) {
        return split;
    }
    let mut again = Again::new(&moves, linear, sources.len());
    for (k, (source, root)) in sources.iter().zip(&roots).enumerate() {
        if root.is_none() {
            again.keep(k, *source);
        }
    }
    for (k, (source, root)) in sources.iter().zip(&roots).enumerate() {
        if let (Some(var), Some(root)) = (source, root) {
            again.replace(k, *var, *root);
        }
    }
    again.finish(primal, saved, residuals)
}

fn is_saved(residual: &Residual) -> bool {
    matches!(residual, Residual::Saved(_))
}

/// For each residual the array to keep instead of it.
fn worthwhile(moves: &Moves<'_>, sources: &[Option<VarId>]) -> Vec<Option<VarId>> {
    let roots: Vec<Option<VarId>> =
        sources.iter().map(|var| var.map(|var| moves.root(var))).collect();
    let moved = |k: usize| roots[k].filter(|&root| Some(root) != sources[k]);
    let saves = |root: VarId| {
        let is_kept = sources.contains(&Some(root));
        let copies = (0..sources.len()).filter(|&k| moved(k) == Some(root));
        let copied: usize = copies.filter_map(|k| sources[k]).map(|var| moves.bytes(var)).sum();
        is_kept || copied > moves.bytes(root)
    };
    (0..sources.len()).map(|k| moved(k).filter(|&root| saves(root))).collect()
}

/// The linear program that moves again.
struct Again<'a> {
    moves: &'a Moves<'a>,
    linear: &'a Jaxpr,
    program: Jaxpr,
    /// The linear program's own inputs, residuals first.
    n_residuals: usize,
    /// Variables of the primal program, in the linear one.
    known: FxHashMap<VarId, VarId>,
    /// Residuals that stay, by number, and arrays that are kept in addition.
    kept: Vec<usize>,
    added: Vec<VarId>,
    moved: Vec<Eqn>,
    /// Residuals that are gone, and what stands for them.
    replaced: FxHashMap<VarId, VarId>,
}

impl<'a> Again<'a> {
    fn new(moves: &'a Moves<'a>, linear: &'a Jaxpr, n_residuals: usize) -> Again<'a> {
        let program = Jaxpr { eqns: Vec::new(), ..linear.clone() };
        Again {
            moves,
            linear,
            program,
            n_residuals,
            known: FxHashMap::default(),
            kept: Vec::new(),
            added: Vec::new(),
            moved: Vec::new(),
            replaced: FxHashMap::default(),
        }
    }

    fn keep(&mut self, k: usize, source: Option<VarId>) {
        self.kept.push(k);
        if let Some(var) = source {
            self.known.insert(var, self.linear.invars[k]);
        }
    }

    /// Defines residual `k` by moving `root`.
    fn replace(&mut self, k: usize, var: VarId, root: VarId) {
        if !self.known.contains_key(&root) {
            self.added.push(root);
            let input = self.program.fresh_var(self.moves.primal[root].clone());
            self.known.insert(root, input);
        }
        let value = self.value(var);
        self.replaced.insert(self.linear.invars[k], value);
    }

    /// An operand of the linear program as it reads now.
    fn renamed(&self, atom: &Atom) -> Atom {
        match atom {
            Atom::Var(var) => Atom::Var(self.replaced.get(var).copied().unwrap_or(*var)),
            Atom::Literal(_) => atom.clone(),
        }
    }

    fn value(&mut self, var: VarId) -> VarId {
        if let Some(&known) = self.known.get(&var) {
            return known;
        }
        let eqn = self.moves.by_output[&var];
        let inputs = eqn.inputs.iter().map(|input| match input {
            Atom::Var(input) => Atom::Var(self.value(*input)),
            literal @ Atom::Literal(_) => literal.clone(),
        });
        let inputs = inputs.collect();
        let out = self.program.fresh_var(self.moves.primal[var].clone());
        self.moved.push(Eqn { inputs, outputs: SmallVec::from_slice(&[out]), ..eqn.clone() });
        self.known.insert(var, out);
        out
    }

    fn finish(mut self, primal: &Jaxpr, saved: usize, residuals: &[Residual]) -> Split {
        let mut primal_again =
            Jaxpr { outputs: primal.outputs[..saved].to_vec(), ..primal.clone() };
        let mut new_residuals = Vec::new();
        let mut keep = |var: Atom, input: Option<usize>| {
            new_residuals.push(match input {
                Some(k) => Residual::Input(k),
                None => {
                    primal_again.outputs.push(var);
                    Residual::Saved(primal_again.outputs.len() - 1 - saved)
                }
            });
        };
        let mut invars: Vec<VarId> = Vec::new();
        for &k in &self.kept {
            match residuals[k] {
                Residual::Input(input) => keep(Atom::Var(primal.invars[input]), Some(input)),
                Residual::Saved(n) => keep(primal.outputs[saved + n].clone(), None),
            }
            invars.push(self.linear.invars[k]);
        }
        for &root in &self.added {
            keep(Atom::Var(root), primal.invars.iter().position(|&var| var == root));
            invars.push(self.known[&root]);
        }
        invars.extend(&self.linear.invars[self.n_residuals..]);
        self.program.invars = invars;
        let eqns = self.linear.eqns.iter().map(|eqn| {
            let inputs = eqn.inputs.iter().map(|atom| self.renamed(atom)).collect();
            Eqn { inputs, ..eqn.clone() }
        });
        let outputs = self.linear.outputs.iter().map(|atom| self.renamed(atom)).collect();
        self.program.eqns = self.moved.iter().cloned().chain(eqns).collect();
        self.program.outputs = outputs;
        Split { primal: primal_again, linear: self.program, residuals: new_residuals }
    }
}
