//! Objects kept on disk, so that other processes need not compile the same program again.
//!
//! A file holds the whole description of what was compiled (the program, the machine, the versions) beside the
//! objects, so that a name that stands for two of them does no harm; and a checksum, so that one that was cut
//! off or damaged is compiled and written anew. Files appear under their name whole, by renaming.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jaxrs_data::checksum;

/// What a file starts with; the number changes with the format.
const MAGIC: &[u8; 16] = b"jaxrs objects 1\n";

/// A folder of objects.
#[derive(Clone, Debug)]
pub(crate) struct ObjectCache {
    folder: PathBuf,
}

impl ObjectCache {
    pub(crate) fn new(folder: &Path) -> ObjectCache {
        ObjectCache { folder: folder.to_owned() }
    }

    fn path(&self, description: &str) -> PathBuf {
        self.folder.join(format!("{:016x}.jaxrs", checksum(description.as_bytes())))
    }

    /// The objects that were compiled for a description, if they are there and whole.
    pub(crate) fn get(&self, description: &str) -> Option<Vec<Vec<u8>>> {
        let bytes = std::fs::read(self.path(description)).ok()?;
        let (known, objects) = unpack(&bytes)?;
        (known == description).then_some(objects)
    }

    /// Keeps objects. That the disk is full or read-only only costs time later.
    pub(crate) fn put(&self, description: &str, objects: &[Vec<u8>]) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let bytes = pack(description, objects);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let draft = self.folder.join(format!("{}-{number}.draft", std::process::id()));
        let write = || {
            std::fs::create_dir_all(&self.folder)?;
            std::fs::write(&draft, &bytes)?;
            std::fs::rename(&draft, self.path(description))
        };
        if write().is_err() {
            // Half a draft is of no use; that it cannot be removed either is no matter.
            let _ = std::fs::remove_file(&draft);
        }
    }
}

/// A file: what was compiled, and the objects.
pub(crate) fn pack(description: &str, objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    for part in [description.as_bytes()].into_iter().chain(objects.iter().map(Vec::as_slice)) {
        file.extend((part.len() as u64).to_le_bytes());
        file.extend(part);
    }
    let sum = checksum(&file[MAGIC.len()..]);
    file.extend(sum.to_le_bytes());
    file
}

/// What was compiled, and the objects; nothing where the file is damaged.
pub(crate) fn unpack(file: &[u8]) -> Option<(&str, Vec<Vec<u8>>)> {
    let body = file.strip_prefix(MAGIC)?;
    let (body, sum) = body.split_at_checked(body.len().checked_sub(8)?)?;
    if checksum(body).to_le_bytes() != *sum {
        return None;
    }
    let mut rest = body;
    let description = std::str::from_utf8(take(&mut rest)?).ok()?;
    let mut objects = Vec::new();
    while !rest.is_empty() {
        objects.push(take(&mut rest)?.to_vec());
    }
    Some((description, objects))
}

/// The next part, with its length before it.
fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<8>()?;
    let (part, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    *rest = after;
    Some(part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test panics")]

    use super::*;

    /// A cache in a folder of its own, which is removed at the end.
    struct Folder(ObjectCache);

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("jaxrs-{name}-{}", std::process::id());
            Folder(ObjectCache::new(&std::env::temp_dir().join(name)))
        }

        fn file(&self, description: &str) -> PathBuf {
            self.0.path(description)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0.folder);
        }
    }

    #[test]
    fn what_was_put_is_there() {
        let folder = Folder::new("whole");
        let objects = vec![vec![1, 2, 3], vec![], vec![4; 1000]];
        assert_eq!(folder.0.get("program"), None);
        folder.0.put("program", &objects);
        assert_eq!(folder.0.get("program"), Some(objects.clone()));
        assert_eq!(folder.0.get("another"), None);
        // The file of one program under the name of another is not taken for it.
        std::fs::copy(folder.file("program"), folder.file("another")).unwrap();
        assert_eq!(folder.0.get("another"), None);
        assert_eq!(std::fs::read_dir(&folder.0.folder).unwrap().count(), 2);
    }

    #[test]
    fn damaged_files_count_as_missing_and_are_replaced() {
        let folder = Folder::new("damaged");
        let objects = vec![vec![7; 64]];
        folder.0.put("program", &objects);
        let path = folder.file("program");
        let whole = std::fs::read(&path).unwrap();
        for len in 0..whole.len() {
            std::fs::write(&path, &whole[..len]).unwrap();
            assert_eq!(folder.0.get("program"), None, "{len} bytes");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(folder.0.get("program"), None, "byte {at}");
        }
        folder.0.put("program", &objects);
        assert_eq!(folder.0.get("program"), Some(objects));
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_no_error() {
        let cache = ObjectCache::new(Path::new("/proc/no-such-folder"));
        cache.put("program", &[vec![1]]);
        assert_eq!(cache.get("program"), None);
    }
}
