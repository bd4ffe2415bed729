//! Emitting kernels.

use jaxrs_data::{Result, SmallVec};
use jaxrs_kernel::{Kernel, Lanes, LoopKind, Step};

use super::graph::{Operand, Var, View};
use super::pull::{Index, Local, Puller};
use super::schedule::Cluster;
use super::{Lowerer, StepList, finish};

impl Lowerer<'_> {
    /// Appends a kernel that computes variables of one shape and stores them.
    pub(crate) fn emit_roots(
        &mut self,
        roots: &[(Operand, View)],
        steps: &mut StepList,
    ) -> Result<()> {
        let shape = self.graph.ty(&roots[0].0).shape.clone();
        if shape.numel() == 0 {
            return Ok(());
        }
        let mut puller = Puller::new(&self.graph, &shape);
        for (operand, dest) in roots {
            if let Operand::Var(var) = operand
                && self.graph.info(*var).stored.as_ref() == Some(dest)
            {
                puller.locals.insert(*var, Local::Computed);
            }
        }
        let point = puller.point.clone();
        let operands: Vec<Operand> = roots.iter().map(|(operand, _)| operand.clone()).collect();
        puller.pull_chain(&operands, &point)?;
        for (operand, dest) in roots {
            let value = puller.pull(operand, &point)?;
            puller.store(dest, &shape, &point, value, None);
        }
        let kernel = self.unfinished(puller, &operands, &shape);
        steps.push(Step::Kernel(finish::finish(kernel, None, self.target)));
        Ok(())
    }

    /// The kernel of one stored variable alone, not yet finished, and what it reads.
    pub(crate) fn root_kernel(&self, root: Var) -> Result<(Kernel, Vec<(Var, usize)>)> {
        let shape = self.graph.info(root).ty.shape.clone();
        let mut puller = Puller::new(&self.graph, &shape);
        puller.locals.insert(root, Local::Computed);
        let (operand, point) = (Operand::Var(root), puller.point.clone());
        puller.pull_chain(std::slice::from_ref(&operand), &point)?;
        let value = puller.pull_var(root, &point)?;
        puller.store(&self.stored(root)?, &shape, &point, value, None);
        let reads = std::mem::take(&mut puller.reads);
        Ok((self.unfinished(puller, &[operand], &shape), reads))
    }

    /// Appends the kernel of a cluster.
    pub(crate) fn emit_cluster(&mut self, cluster: Cluster, steps: &mut StepList) -> Result<()> {
        let kernel = match cluster.alone {
            Some(kernel) => kernel,
            None => self.cluster_kernel(&cluster)?,
        };
        steps.push(Step::Kernel(finish::finish(kernel, None, self.target)));
        Ok(())
    }

    fn cluster_kernel(&self, cluster: &Cluster) -> Result<Kernel> {
        let shape = |var: Var| &self.graph.info(var).ty.shape;
        let domain = shape(cluster.roots[0])[..cluster.rank].to_vec();
        let mut puller = Puller::new(&self.graph, &domain);
        let (points, rows): (Vec<Var>, Vec<Var>) =
            cluster.roots.iter().partition(|&&var| shape(var).rank() == cluster.rank);
        for &var in &points {
            puller.locals.insert(var, Local::Computed);
        }
        for &var in &rows {
            puller.locals.insert(var, Local::Row { view: self.stored(var)?, done: false });
        }
        let point = puller.point.clone();
        for &var in &points {
            puller.pull_chain(&[Operand::Var(var)], &point)?;
            let value = puller.pull_var(var, &point)?;
            if !cluster.internal.contains(&var) {
                puller.store(&self.stored(var)?, shape(var), &point, value, None);
            }
        }
        self.compute_rows(&mut puller, &rows)?;
        let operands: Vec<Operand> = cluster.roots.iter().map(|&v| Operand::Var(v)).collect();
        Ok(self.unfinished(puller, &operands, &domain))
    }

    /// Computes the rows that no loop has computed on the way, those of one shape together.
    fn compute_rows(&self, puller: &mut Puller<'_>, rows: &[Var]) -> Result<()> {
        let n_lanes = puller.point.len();
        let row = |var: Var| &self.graph.info(var).ty.shape[n_lanes..];
        let mut left: Vec<Var> = rows.to_vec();
        while let Some(&first) = left.first() {
            let (now, later): (Vec<Var>, Vec<Var>) =
                left.iter().partition(|&&var| row(var) == row(first));
            left = later;
            let now: Vec<Var> = now.into_iter().filter(|&var| !puller.is_row_stored(var)).collect();
            if !now.is_empty() {
                let mut index = puller.point.clone();
                self.row_loops(puller, &now, row(first), &mut index)?;
            }
        }
        Ok(())
    }

    fn row_loops(
        &self,
        puller: &mut Puller<'_>,
        vars: &[Var],
        sizes: &[usize],
        index: &mut Index,
    ) -> Result<()> {
        let [size, inner @ ..] = sizes else {
            let operands: Vec<Operand> = vars.iter().map(|&var| Operand::Var(var)).collect();
            puller.pull_chain(&operands, index)?;
            for &var in vars {
                let value = puller.pull_var(var, index)?;
                if !puller.is_row_stored(var) {
                    let shape = &self.graph.info(var).ty.shape;
                    puller.store(&self.stored(var)?, shape, index, value, None);
                }
            }
            return Ok(());
        };
        puller.looped(LoopKind::Map, *size, &[], &mut |puller, i, _| {
            index.push(i);
            let done = self.row_loops(puller, vars, inner, index);
            index.pop();
            done.map(|()| SmallVec::new())
        })?;
        Ok(())
    }

    fn unfinished(&self, puller: Puller<'_>, roots: &[Operand], domain: &[usize]) -> Kernel {
        let (values, body) = puller.body.finish();
        Kernel {
            name: self.kernel_name(roots),
            domain: domain.to_vec(),
            lanes: Lanes::Domain,
            grain: 0,
            values,
            body,
        }
    }

    /// What a kernel is called: the last operation of each result.
    pub(crate) fn kernel_name(&self, roots: &[Operand]) -> String {
        let name = |operand: &Operand| match operand {
            Operand::Var(var) => match self.graph.info(*var).eqn {
                Some((eqn, _)) => self.graph.eqns[eqn].prim.name(),
                None => "copy",
            },
            Operand::Literal(_) => "fill",
        };
        let mut names: Vec<&str> = roots.iter().map(name).collect();
        names.dedup();
        names.truncate(4);
        names.join("+")
    }
}
