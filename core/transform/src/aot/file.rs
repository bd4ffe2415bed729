//! Compiled programs in files: the executable format.
//!
//! A file holds the program in the [portable format](crate::portable), which arguments are donated, and the machine code
//! with all that it depends on: version of the library and of its code generator, processor and features, settings, and
//! the kernel program itself. Loading lowers the program again, which is quick, compares, and takes the code as it is.
//! Another version, another processor or a damaged file is an error that says so; there is no compatibility but this
//! one. Loading a file means running what is in it: it has to come from where programs are trusted.
//!
//! ```text
//! magic     8 bytes, 89 'JAXRX' 0D 0A
//! version   4 bytes
//! program   length (8 bytes), portable format
//! donated   length (8 bytes), one byte for each input, constants included
//! code      length (8 bytes), of the back end; none where the program is evaluated and not compiled
//! checksum  8 bytes: FNV-1a of all before
//! ```

use jaxrs_data::{Result, bail, checksum};

use crate::{Executable, Scope, portable};

const MAGIC: &[u8; 8] = b"\x89JAXRX\r\n";
const VERSION: u32 = 1;

impl Executable {
    /// The executable's file, for this version of the library and this kind of processor.
    pub fn save(&self, scope: &Scope) -> Result<Vec<u8>> {
        let program = portable::save(&self.name, &self.program, scope)?;
        // The code is made for what will be read, whose variables may have other numbers.
        let (_, read) = portable::load(&program)?;
        let code = scope.frame.shared.dispatch.code(&read.jaxpr, &self.donated)?;
        let donated: Vec<u8> = self.donated.iter().map(|&donated| donated.into()).collect();
        let mut file = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
        for part in [program, donated, code] {
            file.extend((part.len() as u64).to_le_bytes());
            file.extend(part);
        }
        let sum = checksum(&file);
        file.extend(sum.to_le_bytes());
        Ok(file)
    }

    /// Reads a file that [`save`](Executable::save) wrote.
    pub fn load(file: &[u8], scope: &Scope) -> Result<Executable> {
        let [program, donated, code] = parts(file)?;
        let (name, program) = portable::load(program)?;
        let donated: Vec<bool> = donated.iter().map(|&donated| donated == 1).collect();
        if donated.len() != program.jaxpr.invars.len() {
            bail!(
                InvalidArgument,
                "a saved executable is damaged: it donates what it does not take"
            );
        }
        let dispatch = &scope.frame.shared.dispatch;
        let compiled = dispatch.with_code(&program.jaxpr, &donated, code)?;
        Ok(Executable { name: name.into(), program, donated, compiled })
    }
}

/// Program, donated inputs and code.
fn parts(file: &[u8]) -> Result<[&[u8]; 3]> {
    let Some((version, _)) =
        file.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<4>())
    else {
        bail!(InvalidArgument, "the bytes are no saved executable: they do not begin as one");
    };
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        bail!(
            Incompatible,
            "a saved executable has format {version}, but this library reads {VERSION}; compile the program again"
        );
    }
    let Some((content, sum)) = file.split_last_chunk::<8>() else {
        bail!(InvalidArgument, "a saved executable is damaged: it ends within its header");
    };
    if checksum(content).to_le_bytes() != *sum {
        bail!(InvalidArgument, "a saved executable is damaged: its checksum differs");
    }
    let mut rest = &content[MAGIC.len() + 4..];
    let mut parts = [&[][..]; 3];
    for part in &mut parts {
        let taken = rest.split_first_chunk::<8>().and_then(|(len, after)| {
            after.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)
        });
        let Some((found, after)) = taken else {
            bail!(InvalidArgument, "a saved executable is damaged: a part is missing");
        };
        (*part, rest) = (found, after);
    }
    Ok(parts)
}
