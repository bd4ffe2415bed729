//! Zip archives (PKWARE's APPNOTE 6.3), as far as `.npz` files go: stored and deflated files, with sizes beyond 32 bits
//! when read.

use jaxrs_data::{Result, bail};

use super::inflate;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
const END_64: &[u8; 4] = b"PK\x06\x06";
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// The version of the format that is needed to read a stored file.
const VERSION: u16 = 20;

/// Whether bytes are an archive; an empty one has nothing but its end.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL) || bytes.starts_with(END)
}

/// CRC-32 of IEEE 802.3, as zip archives have it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        let mut crc = crc ^ u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
        crc
    };
    !bytes.iter().fold(!0, step)
}

/// A number of `N` bytes at a position.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<u64> {
    match bytes.get(at..).and_then(|rest| rest.get(..N)) {
        Some(bytes) => Ok(bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte))),
        None => bail!(InvalidArgument, "is a damaged zip archive: it ends within its directory"),
    }
}

fn slice(bytes: &[u8], at: u64, len: u64) -> Result<&[u8]> {
    let range = usize::try_from(at).ok().zip(usize::try_from(len).ok());
    let slice = range.and_then(|(at, len)| bytes.get(at..)?.get(..len));
    match slice {
        Some(slice) => Ok(slice),
        None => bail!(InvalidArgument, "is a damaged zip archive: {len} bytes at {at} are missing"),
    }
}

/// Where the directory begins, and how many files it has.
fn directory(bytes: &[u8]) -> Result<(u64, u64)> {
    // A remark of up to 64 KiB may follow the end of the directory.
    let Some(end) = bytes.windows(4).rposition(|window| window == END) else {
        bail!(InvalidArgument, "is a damaged zip archive: it has no directory");
    };
    number::<2>(bytes, end + 20)?;
    let (count, at) = (number::<2>(bytes, end + 10)?, number::<4>(bytes, end + 16)?);
    if count != 0xffff && at != 0xffff_ffff {
        return Ok((at, count));
    }
    let Some(end) = bytes[..end].windows(4).rposition(|window| window == END_64) else {
        bail!(InvalidArgument, "is a damaged zip archive: its directory of 64 bits is missing");
    };
    Ok((number::<8>(bytes, end + 48)?, number::<8>(bytes, end + 32)?))
}

/// The files of an archive, in the order of its directory.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let (at, count) = directory(bytes)?;
    let mut at = usize::try_from(at).unwrap_or(usize::MAX);
    let mut files = Vec::new();
    for _ in 0..count {
        if bytes.get(at..).and_then(|rest| rest.get(..4)) != Some(CENTRAL) {
            bail!(InvalidArgument, "is a damaged zip archive: its directory breaks off");
        }
        let [name_len, extra_len, remark_len] =
            [28, 30, 32].map(|offset| number::<2>(bytes, at + offset));
        let (name_len, extra_len, remark_len) = (name_len?, extra_len?, remark_len?);
        let name = slice(bytes, at as u64 + 46, name_len)?;
        let extra = slice(bytes, at as u64 + 46 + name_len, extra_len)?;
        let name = String::from_utf8_lossy(name).into_owned();
        files.push((name.clone(), file(bytes, at, extra, &name)?));
        at += 46 + (name_len + extra_len + remark_len) as usize;
    }
    Ok(files)
}

/// The content of a file, whose entry in the directory is at a position.
fn file(bytes: &[u8], at: usize, extra: &[u8], name: &str) -> Result<Vec<u8>> {
    let method = number::<2>(bytes, at + 10)? as u16;
    let crc = number::<4>(bytes, at + 16)? as u32;
    let [packed, size, start] = sizes(bytes, at, extra)?;
    if number::<2>(bytes, at + 8)? & 1 == 1 {
        bail!(Unimplemented, "has a file {name} that is encrypted");
    }
    let local = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    let before = 30 + number::<2>(bytes, local + 26)? + number::<2>(bytes, local + 28)?;
    let packed = slice(bytes, start + before, packed)?;
    let content = match method {
        STORED => packed.to_vec(),
        DEFLATED => inflate::inflate(packed, usize::try_from(size).unwrap_or(usize::MAX))?,
        _ => bail!(Unimplemented, "has a file {name} that is compressed by method {method}"),
    };
    if content.len() as u64 != size || crc32(&content) != crc {
        bail!(InvalidArgument, "has a damaged file {name}: its checksum differs");
    }
    Ok(content)
}

/// Packed size, size and start of a file; those of 64 bits stand in an extra field, in another order.
fn sizes(bytes: &[u8], at: usize, extra: &[u8]) -> Result<[u64; 3]> {
    let mut sizes =
        [number::<4>(bytes, at + 20)?, number::<4>(bytes, at + 24)?, number::<4>(bytes, at + 42)?];
    let mut rest = extra;
    while let (Ok(tag), Ok(len)) = (number::<2>(rest, 0), number::<2>(rest, 2)) {
        let mut field = slice(rest, 4, len)?;
        if tag == 1 {
            for k in [1, 0, 2] {
                if sizes[k] == 0xffff_ffff {
                    sizes[k] = number::<8>(field, 0)?;
                    field = &field[8..];
                }
            }
        }
        rest = &rest[4 + len as usize..];
    }
    Ok(sizes)
}

/// The archive of some files, all stored.
pub(super) fn write(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let (Ok(len), Ok(start)) = (u32::try_from(content.len()), u32::try_from(out.len())) else {
            bail!(Unimplemented, "zip archives of more than 4 GiB are not written");
        };
        let mut common = Vec::new();
        // Needed version, no flags, the method, and the first day that the format knows.
        for word in [VERSION, 0, STORED, 0, 1 << 5 | 1] {
            common.extend(word.to_le_bytes());
        }
        for word in [crc32(content), len, len] {
            common.extend(word.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        out.extend(LOCAL);
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(content);
        directory.extend(CENTRAL);
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (Ok(len), Ok(start)) = (u32::try_from(directory.len()), u32::try_from(out.len())) else {
        bail!(Unimplemented, "zip archives of more than 4 GiB are not written");
    };
    let count = (files.len() as u16).to_le_bytes();
    out.extend(directory);
    out.extend(END);
    out.extend([0; 4]);
    out.extend(count);
    out.extend(count);
    out.extend(len.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test panics")]

    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_is_written_is_read() {
        let files = vec![("a.npy".to_owned(), vec![1, 2, 3]), ("b".to_owned(), Vec::new())];
        let archive = write(&files).unwrap();
        assert!(is_zip(&archive));
        assert_eq!(read(&archive).unwrap(), files);
        assert_eq!(read(&write(&[]).unwrap()).unwrap(), []);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let archive = write(&[("a".to_owned(), vec![7; 40])]).unwrap();
        for len in 0..archive.len() {
            assert!(read(&archive[..len]).is_err(), "{len} bytes");
        }
        for at in 0..archive.len() {
            for value in 0..=u8::MAX {
                let mut damaged = archive.clone();
                damaged[at] = value;
                let _ = read(&damaged);
            }
        }
    }
}
