//! `kernels FOLDER PROCESSOR...`: writes the kernels of all samples as PTX, a file for each primitive and processor, for
//! NVIDIA's assembler to judge.

use std::path::PathBuf;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{Result, bail};
use jaxrs_ir::prims::Sample;
use jaxrs_nvptx::{Processor, ptx};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let Some(folder) = args.next().map(PathBuf::from) else {
        bail!(InvalidArgument, "kernels needs a folder");
    };
    let processors: Vec<String> = args.collect();
    for (name, samples) in Sample::compiled() {
        let program = compile(&Sample::program(&samples)?, &CompileOptions::default())?;
        for processor in &processors {
            let text = ptx(&program, Processor::named(processor)?)?;
            let path = folder.join(format!("{name}.{processor}.ptx"));
            if let Err(err) = std::fs::write(&path, text) {
                bail!(InvalidArgument, "cannot write {}: {err}", path.display());
            }
        }
    }
    Ok(())
}
