//! Loads an ELF object into memory: sections are laid out one after the other, relocated, and made
//! executable. It needs no linker and keeps no global state.

use std::collections::HashMap;
use std::ptr::NonNull;

use jaxrs_data::{Error, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SectionKind};

const PAGE: usize = 4096;

/// Machine code in memory; unmapped on drop.
pub(crate) struct Code {
    start: NonNull<u8>,
    len: usize,
    entry: usize,
}

// SAFETY: the memory is read-only once loaded.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

fn fault(what: impl std::fmt::Display) -> Error {
    Error::internal(format_args!("cannot load compiled code: {what}"))
}

impl Code {
    /// Loads objects that may refer to each other's functions, and finds the entry function.
    pub(crate) fn load(objects: &[Vec<u8>], entry: &str) -> Result<Code> {
        let files = objects.iter().map(|bytes| object::File::parse(bytes.as_slice()));
        let files = files.collect::<std::result::Result<Vec<_>, _>>().map_err(fault)?;
        let mut layout = Layout::default();
        files.iter().for_each(|file| layout.add(file));
        let len = layout.len.next_multiple_of(PAGE).max(PAGE);
        let mut code = Code { start: map(len)?, len, entry: 0 };
        for (number, file) in files.iter().enumerate() {
            for section in file.sections().filter(is_loaded) {
                let Some(at) = layout.place(number, section.index()) else { continue };
                let data = section.data().map_err(fault)?;
                code.bytes_mut()[at..at + data.len()].copy_from_slice(data);
            }
        }
        for (number, file) in files.iter().enumerate() {
            code.relocate(number, file, &layout)?;
        }
        let Some(&start) = layout.functions.get(entry) else {
            return Err(fault(format_args!("no function {entry}")));
        };
        code.entry = start;
        code.protect()?;
        Ok(code)
    }

    /// How many bytes code and constants take.
    pub(crate) fn len_bytes(&self) -> usize {
        self.len
    }

    /// The address of the entry function.
    pub(crate) fn entry(&self) -> *const u8 {
        self.start.as_ptr().wrapping_add(self.entry)
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: `len` bytes are mapped from `start`, writable until `protect`, and ours alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    fn relocate(&mut self, number: usize, file: &object::File<'_>, layout: &Layout) -> Result<()> {
        for section in file.sections().filter(is_loaded) {
            let Some(section_at) = layout.place(number, section.index()) else { continue };
            for (offset, relocation) in section.relocations() {
                let RelocationTarget::Symbol(index) = relocation.target() else {
                    return Err(fault("a relocation against no symbol"));
                };
                let symbol = file.symbol_by_index(index).map_err(fault)?;
                let target = layout.address(number, &symbol)?;
                let at = section_at + offset as usize;
                self.apply(at, target, relocation.addend(), relocation.flags())?;
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        at: usize,
        target: usize,
        addend: i64,
        flags: object::RelocationFlags,
    ) -> Result<()> {
        let object::RelocationFlags::Elf { r_type } = flags else {
            return Err(fault("a relocation of another format"));
        };
        let start = self.start.as_ptr() as i64;
        let relative = target as i64 + addend - at as i64;
        match r_type {
            object::elf::R_X86_64_PC32 | object::elf::R_X86_64_PLT32 => {
                let Ok(relative) = i32::try_from(relative) else {
                    return Err(fault("code is too large"));
                };
                self.bytes_mut()[at..at + 4].copy_from_slice(&relative.to_ne_bytes());
            }
            object::elf::R_X86_64_64 => {
                let absolute = start + target as i64 + addend;
                self.bytes_mut()[at..at + 8].copy_from_slice(&absolute.to_ne_bytes());
            }
            object::elf::R_X86_64_PC64 => {
                self.bytes_mut()[at..at + 8].copy_from_slice(&relative.to_ne_bytes());
            }
            other => return Err(fault(format_args!("relocation type {other}"))),
        }
        Ok(())
    }

    fn protect(&mut self) -> Result<()> {
        let flags = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: the range is one that we mapped.
        let failed = unsafe { libc::mprotect(self.start.as_ptr().cast(), self.len, flags) } != 0;
        if failed {
            bail!(Compile, "the system does not allow memory to become executable");
        }
        Ok(())
    }
}

/// Where the sections of all objects go, and which functions they have.
#[derive(Default)]
struct Layout {
    places: Vec<HashMap<SectionIndex, usize>>,
    functions: HashMap<String, usize>,
    len: usize,
}

impl Layout {
    fn add(&mut self, file: &object::File<'_>) {
        let mut places = HashMap::new();
        for section in file.sections().filter(is_loaded) {
            self.len = self.len.next_multiple_of(section.align().max(1) as usize);
            places.insert(section.index(), self.len);
            self.len += section.size() as usize;
        }
        for symbol in file.symbols().filter(|symbol| symbol.is_global() && symbol.is_definition()) {
            let place = symbol.section_index().and_then(|index| places.get(&index));
            if let (Some(&place), Ok(name)) = (place, symbol.name()) {
                self.functions.insert(name.to_owned(), place + symbol.address() as usize);
            }
        }
        self.places.push(places);
    }

    fn place(&self, number: usize, section: SectionIndex) -> Option<usize> {
        self.places[number].get(&section).copied()
    }

    fn address(&self, number: usize, symbol: &object::Symbol<'_, '_>) -> Result<usize> {
        let own = symbol.section_index().and_then(|section| self.place(number, section));
        let name = symbol.name().unwrap_or("?");
        match own {
            Some(place) => Ok(place + symbol.address() as usize),
            None => self
                .functions
                .get(name)
                .copied()
                .ok_or_else(|| fault(format_args!("undefined symbol {name}"))),
        }
    }
}

fn is_loaded(section: &object::Section<'_, '_>) -> bool {
    let kind = section.kind();
    let is_data = matches!(
        kind,
        SectionKind::Text
            | SectionKind::Data
            | SectionKind::ReadOnlyData
            | SectionKind::ReadOnlyString
    );
    is_data && section.size() > 0 && section.name() != Ok(".eh_frame")
}

fn map(len: usize) -> Result<NonNull<u8>> {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new private mapping, wherever the system likes.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, -1, 0) };
    match NonNull::new(start.cast::<u8>()) {
        Some(start) if start.as_ptr().cast() != libc::MAP_FAILED => Ok(start),
        _ => bail!(OutOfMemory, "compiled code needs {len} bytes, which the system does not have"),
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: the range is one that we mapped, and nothing refers to it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
