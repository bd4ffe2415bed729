//! Reading and writing the memory of buffers.

use jaxrs_data::{Error, Result, SmallVec};

use super::lane::Lane;

/// Memory that a program runs on.
pub enum Region<'a> {
    /// Memory that is only read.
    Read(&'a [u8]),
    /// Memory that is read and written.
    Write(&'a mut [u8]),
}

impl Region<'_> {
    /// The bytes.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Region::Read(bytes) => bytes,
            Region::Write(bytes) => bytes,
        }
    }
}

/// Where a buffer lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) region: usize,
    pub(super) start: usize,
    pub(super) len_bytes: usize,
    pub(super) elem_bytes: usize,
}

/// All regions of one run.
pub(super) struct Memory<'a> {
    pub(super) regions: SmallVec<[Region<'a>; 8]>,
}

impl Memory<'_> {
    /// The bytes of a buffer.
    #[inline]
    pub(super) fn read(&self, slot: Slot) -> &[u8] {
        &self.regions[slot.region].bytes()[slot.start..][..slot.len_bytes]
    }

    /// The bytes of a buffer, to write to; none where its memory is only read.
    #[inline]
    pub(super) fn write(&mut self, slot: Slot) -> Option<&mut [u8]> {
        match &mut self.regions[slot.region] {
            Region::Read(_) => None,
            Region::Write(bytes) => Some(&mut bytes[slot.start..][..slot.len_bytes]),
        }
    }

    /// Copies one buffer to another.
    pub(super) fn copy(&mut self, from: Slot, to: Slot) -> Result<()> {
        let len = from.len_bytes.min(to.len_bytes);
        if from.region == to.region {
            if let Region::Write(bytes) = &mut self.regions[to.region] {
                bytes.copy_within(from.start..from.start + len, to.start);
                return Ok(());
            }
        } else if let Ok([Region::Write(to_bytes), source]) =
            self.regions.get_disjoint_mut([to.region, from.region])
        {
            to_bytes[to.start..][..len].copy_from_slice(&source.bytes()[from.start..][..len]);
            return Ok(());
        }
        Err(Error::internal("a step writes memory that is only read"))
    }
}

/// Which elements the lanes of an access touch. Masks and positions are register offsets.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// `start + lane · step`.
    Steps { start: i64, step: i64, mask: Option<usize> },
    /// Where the register says.
    At { reg: usize, mask: Option<usize> },
}

/// Reads elements into lanes; the error is the first position that is out of range.
pub(super) fn load(
    bytes: &[u8],
    out: &mut [u8],
    size: usize,
    place: Place,
    regs: &[u8],
) -> Result<(), i64> {
    match size {
        1 => load_sized::<1>(bytes, out, place, regs),
        2 => load_sized::<2>(bytes, out, place, regs),
        4 => load_sized::<4>(bytes, out, place, regs),
        8 => load_sized::<8>(bytes, out, place, regs),
        _ => load_sized::<16>(bytes, out, place, regs),
    }
}

/// Writes lanes to elements; the error is the first position that is out of range.
pub(super) fn store(
    bytes: &mut [u8],
    values: &[u8],
    size: usize,
    place: Place,
    regs: &[u8],
) -> Result<(), i64> {
    match size {
        1 => store_sized::<1>(bytes, values, place, regs),
        2 => store_sized::<2>(bytes, values, place, regs),
        4 => store_sized::<4>(bytes, values, place, regs),
        8 => store_sized::<8>(bytes, values, place, regs),
        _ => store_sized::<16>(bytes, values, place, regs),
    }
}

/// The range of elements, where all lanes take part and elements lie side by side.
fn side_by_side(place: Place, n: usize, len: usize) -> Option<Result<std::ops::Range<usize>, i64>> {
    let Place::Steps { start, step, mask: None } = place else { return None };
    if step != 1 && n != 1 {
        return None;
    }
    let first = usize::try_from(start).ok().filter(|&first| first + n <= len);
    Some(
        first
            .map(|first| first..first + n)
            .ok_or_else(|| if start < 0 { start } else { start.max(len as i64) }),
    )
}

fn load_sized<const S: usize>(
    bytes: &[u8],
    out: &mut [u8],
    place: Place,
    regs: &[u8],
) -> Result<(), i64> {
    let (elements, lanes) = (bytes.as_chunks::<S>().0, out.as_chunks_mut::<S>().0);
    if let Some(range) = side_by_side(place, lanes.len(), elements.len()) {
        lanes.copy_from_slice(&elements[range?]);
        return Ok(());
    }
    for_lanes(place, regs, lanes.len(), |lane, position, on| {
        lanes[lane] = match usize::try_from(position).ok().and_then(|at| elements.get(at)) {
            Some(element) if on => *element,
            _ if !on => [0; S],
            _ => return Err(position),
        };
        Ok(())
    })
}

fn store_sized<const S: usize>(
    bytes: &mut [u8],
    values: &[u8],
    place: Place,
    regs: &[u8],
) -> Result<(), i64> {
    let (elements, lanes) = (bytes.as_chunks_mut::<S>().0, values.as_chunks::<S>().0);
    if let Some(range) = side_by_side(place, lanes.len(), elements.len()) {
        elements[range?].copy_from_slice(lanes);
        return Ok(());
    }
    for_lanes(place, regs, lanes.len(), |lane, position, on| {
        if on {
            let at = usize::try_from(position).ok();
            *at.and_then(|at| elements.get_mut(at)).ok_or(position)? = lanes[lane];
        }
        Ok(())
    })
}

/// Calls a function with each lane's number, its position, and whether it takes part.
#[inline(always)]
fn for_lanes(
    place: Place,
    regs: &[u8],
    n: usize,
    mut f: impl FnMut(usize, i64, bool) -> Result<(), i64>,
) -> Result<(), i64> {
    let on = |mask: Option<usize>, lane: usize| mask.is_none_or(|at| regs[at + lane] != 0);
    match place {
        Place::Steps { start, step, mask } => (0..n).try_for_each(|lane| {
            f(lane, start.wrapping_add(step.wrapping_mul(lane as i64)), on(mask, lane))
        }),
        Place::At { reg, mask } => {
            let positions = &i64::lanes(&regs[reg..])[..n];
            (0..n).try_for_each(|lane| f(lane, i64::read(positions[lane]), on(mask, lane)))
        }
    }
}
