//! NVIDIA's processors, as LLVM knows them.

use jaxrs_data::{Result, bail};

/// A kind of graphics processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    /// Its name in PTX.
    pub(super) name: &'static str,
    /// The first version of PTX that knows it: drivers refuse code of a version newer than themselves.
    pub(super) features: &'static str,
}

/// Those that LLVM 19 makes code for. Newer ones run the code of older ones.
const KNOWN: [Processor; 9] = [
    Processor { name: "sm_70", features: "+ptx60" },
    Processor { name: "sm_72", features: "+ptx61" },
    Processor { name: "sm_75", features: "+ptx63" },
    Processor { name: "sm_80", features: "+ptx70" },
    Processor { name: "sm_86", features: "+ptx71" },
    Processor { name: "sm_87", features: "+ptx74" },
    Processor { name: "sm_89", features: "+ptx78" },
    Processor { name: "sm_90", features: "+ptx78" },
    Processor { name: "sm_90a", features: "+ptx80" },
];

impl Processor {
    /// The names of all, oldest first.
    pub const NAMES: [&'static str; KNOWN.len()] = names();

    /// The processor of a name: `sm_80`.
    pub fn named(name: &str) -> Result<Processor> {
        let found = KNOWN.iter().find(|processor| processor.name == name);
        let Some(&processor) = found else {
            bail!(
                InvalidArgument,
                "there is code for {}, got {name}; newer processors run what is made for older ones",
                Processor::NAMES.join(", ")
            );
        };
        Ok(processor)
    }
}

const fn names() -> [&'static str; KNOWN.len()] {
    let mut names = [""; KNOWN.len()];
    let mut k = 0;
    while k < KNOWN.len() {
        names[k] = KNOWN[k].name;
        k += 1;
    }
    names
}

impl Default for Processor {
    /// What the code of all later ones builds on.
    fn default() -> Processor {
        KNOWN[3]
    }
}
