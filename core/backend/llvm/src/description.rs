//! What machine code depends on, as text: versions, machine, settings, program. The key under which it is kept, and what
//! is compared before it is loaded.

use jaxrs_data::{Result, bail};
use jaxrs_kernel::Program;

use crate::{LlvmBackend, PASSES};

impl LlvmBackend {
    /// All that the machine code of a program depends on: a line each for versions, code generator, machine and
    /// settings, then the program.
    pub(crate) fn description(&self, program: &Program, count: usize) -> String {
        let (major, minor, patch) = inkwell::support::get_llvm_version();
        let [(_, cpu), (_, features)] = self.machines.attributes();
        format!(
            "jaxrs {} {}\nllvm {major}.{minor}.{patch} {PASSES}\n{cpu} {features}\nvectors {}, denormals {}, parts {count}\n\
             {program}",
            env!("CARGO_PKG_VERSION"),
            if cfg!(debug_assertions) { "debug" } else { "release" },
            self.target.vector_bytes,
            self.options.keep_denormals,
        )
    }

    /// That code of some description is what this back end would make, or as good.
    pub(crate) fn check(&self, made: &str, program: &Program, count: usize) -> Result<()> {
        let here = self.description(program, count);
        let [made, here] = [made, &here].map(|text| text.splitn(5, '\n').collect::<Vec<_>>());
        let [made, here] = [&made[..], &here[..]];
        let ([v1, l1, m1, s1, p1], [v2, l2, m2, s2, p2]) = (made, here) else {
            bail!(InvalidArgument, "compiled code does not say what it was made for");
        };
        if v1 != v2 || l1 != l2 {
            let [l1, l2] = [l1, l2].map(|line| line.split(" function").next().unwrap_or(line));
            bail!(
                Incompatible,
                "compiled code is of {v1} with {l1}, but this library is {v2} with {l2}"
            );
        }
        let (cpu, features) = m1.split_once(' ').unwrap_or((m1, ""));
        let lacking: Vec<&str> = features
            .split(',')
            .filter_map(|feature| feature.strip_prefix('+'))
            .filter(|feature| !self.machines.has(feature))
            .collect();
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            bail!(Incompatible, "compiled code was made for {cpu}; this processor lacks {lacking}");
        }
        if s1 != s2 {
            let here = m2.split(' ').next().unwrap_or(m2);
            bail!(
                Incompatible,
                "compiled code was made for {cpu} with {s1}; for {here} here it has {s2}"
            );
        }
        if p1 != p2 {
            bail!(Incompatible, "compiled code is of another program");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test panics")]

    use jaxrs_data::ErrorKind;
    use jaxrs_runtime::Pool;

    use super::*;
    use crate::LlvmOptions;

    #[track_caller]
    fn refused(change: impl FnOnce(&str) -> String, kind: ErrorKind, needed: &str) {
        let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default()).unwrap();
        let program = Program::default();
        let made = change(&backend.description(&program, 3));
        let error = backend.check(&made, &program, 3).unwrap_err();
        assert_eq!((error.kind(), error.message().contains(needed)), (kind, true), "{error}");
    }

    #[test]
    fn code_for_elsewhere_is_refused_with_what_is_the_matter() {
        use ErrorKind::Incompatible;
        let version = env!("CARGO_PKG_VERSION");
        refused(|made| made.replacen(version, "9.0.0", 1), Incompatible, "is of jaxrs 9.0.0");
        refused(|made| made.replacen("llvm ", "llvm 1", 1), Incompatible, "with llvm 1");
        let other = |made: &str| made.replacen('+', "+warp,+", 1);
        refused(other, Incompatible, "this processor lacks warp");
        let wide = |made: &str| made.replacen("vectors ", "vectors 1", 1);
        refused(wide, Incompatible, "with vectors 1");
        refused(|made| format!("{made}step"), Incompatible, "another program");
        refused(|_| "jaxrs".into(), ErrorKind::InvalidArgument, "does not say");
    }

    #[test]
    fn code_for_here_is_taken() {
        let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default()).unwrap();
        let program = Program::default();
        // Fewer features and another name are as good.
        let [(_, cpu), _] = backend.machines.attributes();
        let made = backend.description(&program, 1).replacen(&format!("\n{cpu} "), "\nold ", 1);
        backend.check(&made, &program, 1).unwrap();
    }
}
