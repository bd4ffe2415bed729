//! Programs as pictures: graphs in the language of Graphviz, which draws them.

use std::collections::HashMap;
use std::fmt::Write;

use crate::{Atom, Eqn, Jaxpr, Param, VarId};

impl Jaxpr {
    /// The program as a graph in the DOT language: boxes are inputs and results, ellipses operations, and edges
    /// carry values, whose types they name. A program inside of an operation is a cluster of its own beside it.
    pub fn to_dot(&self, name: &str) -> String {
        let mut graph = Graph { text: String::new(), n_nodes: 0 };
        graph.line(0, format_args!("digraph {} {{", quoted(name)));
        graph.line(1, format_args!("node [fontname=\"monospace\" fontsize=10];"));
        graph.line(1, format_args!("edge [fontname=\"monospace\" fontsize=8];"));
        graph.program(self, 1);
        graph.line(0, format_args!("}}"));
        graph.text
    }
}

struct Graph {
    text: String,
    n_nodes: usize,
}

impl Graph {
    fn line(&mut self, depth: usize, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{}{text}", "  ".repeat(depth));
    }

    fn node(&mut self, depth: usize, shape: &str, label: &str) -> usize {
        let number = self.n_nodes;
        self.n_nodes += 1;
        self.line(depth, format_args!("n{number} [shape={shape} label={}];", quoted(label)));
        number
    }

    /// Draws a program, and gives its first node.
    fn program(&mut self, jaxpr: &Jaxpr, depth: usize) -> usize {
        let first = self.n_nodes;
        let mut makers: HashMap<VarId, usize> = HashMap::new();
        for (k, &var) in jaxpr.invars.iter().enumerate() {
            let what = if k < jaxpr.n_consts { "const" } else { "in" };
            let number = if k < jaxpr.n_consts { k } else { k - jaxpr.n_consts };
            let label = format!("{what} {number}: {}", jaxpr[var]);
            makers.insert(var, self.node(depth, "box", &label));
        }
        for eqn in &jaxpr.eqns {
            self.equation(jaxpr, eqn, depth, &mut makers);
        }
        for (k, atom) in jaxpr.outputs.iter().enumerate() {
            let label = format!("out {k}: {}", jaxpr.atom_type(atom));
            let node = self.node(depth, "box", &label);
            self.edge(jaxpr, atom, node, depth, &makers);
        }
        first
    }

    fn equation(
        &mut self,
        jaxpr: &Jaxpr,
        eqn: &Eqn,
        depth: usize,
        makers: &mut HashMap<VarId, usize>,
    ) {
        let mut label = eqn.prim.name().to_owned();
        let mut programs = Vec::new();
        for (key, value) in eqn.prim.params() {
            match value {
                Param::Jaxpr(inner) => programs.push((key.to_owned(), inner)),
                Param::Jaxprs(inner) => programs.extend(
                    inner.into_iter().enumerate().map(|(k, inner)| (format!("{key} {k}"), inner)),
                ),
                value => label += &format!("\n{key}={value}"),
            }
        }
        if let Some(names) = &eqn.name_stack {
            label += &format!("\n# {names}");
        }
        let node = self.node(depth, "ellipse", &label);
        for atom in &eqn.inputs {
            self.edge(jaxpr, atom, node, depth, makers);
        }
        makers.extend(eqn.outputs.iter().map(|&var| (var, node)));
        for (key, inner) in programs {
            let cluster = self.n_nodes;
            self.line(depth, format_args!("subgraph cluster_{cluster} {{"));
            self.line(depth + 1, format_args!("label={};", quoted(&key)));
            let first = self.program(&inner, depth + 1);
            self.line(depth, format_args!("}}"));
            if self.n_nodes > first {
                self.line(
                    depth,
                    format_args!("n{node} -> n{first} [style=dashed arrowhead=none];"),
                );
            }
        }
    }

    fn edge(
        &mut self,
        jaxpr: &Jaxpr,
        atom: &Atom,
        to: usize,
        depth: usize,
        makers: &HashMap<VarId, usize>,
    ) {
        match atom {
            Atom::Var(var) => {
                let (Some(from), label) = (makers.get(var), jaxpr[*var].to_string()) else {
                    return;
                };
                self.line(depth, format_args!("n{from} -> n{to} [label={}];", quoted(&label)));
            }
            Atom::Literal(literal) => {
                let from = self.node(depth, "plaintext", &literal.to_string());
                self.line(depth, format_args!("n{from} -> n{to};"));
            }
        }
    }
}

/// A text as DOT has it, with lines centred.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use crate::Jaxpr;

    #[test]
    fn operations_and_programs_inside_of_them_are_nodes() {
        let source = "{ lambda a:f32[2]; b:f32[2]. let
            c:f32[2] = mul a 2.0:f32[]
            d:f32[2] = jit[name=g jaxpr={ lambda ; e:f32[2]. let f:f32[2] = sin e in (f,) }] c
          in (d,) }";
        let program: Jaxpr = source.parse().unwrap();
        expect_test::expect![[r#"
            digraph "f \"x\"" {
              node [fontname="monospace" fontsize=10];
              edge [fontname="monospace" fontsize=8];
              n0 [shape=box label="const 0: f32[2]"];
              n1 [shape=box label="in 0: f32[2]"];
              n2 [shape=ellipse label="mul"];
              n0 -> n2 [label="f32[2]"];
              n3 [shape=plaintext label="2.0:f32[]"];
              n3 -> n2;
              n4 [shape=ellipse label="jit\nname=g"];
              n2 -> n4 [label="f32[2]"];
              subgraph cluster_5 {
                label="jaxpr";
                n5 [shape=box label="in 0: f32[2]"];
                n6 [shape=ellipse label="sin"];
                n5 -> n6 [label="f32[2]"];
                n7 [shape=box label="out 0: f32[2]"];
                n6 -> n7 [label="f32[2]"];
              }
              n4 -> n5 [style=dashed arrowhead=none];
              n8 [shape=box label="out 0: f32[2]"];
              n4 -> n8 [label="f32[2]"];
            }
        "#]]
        .assert_eq(&program.to_dot("f \"x\""));
    }
}
