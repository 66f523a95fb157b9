//! Bounds on pickles. candle's reader walks into what is nested by recursion and copies what is
//! remembered, so that a few bytes could take all stack or all memory; here they are counted first.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use candle_core::pickle::TensorInfo;
use candle_core::{Result, bail};

/// Objects within objects; a dictionary of tensors has five.
const MAX_DEPTH: u32 = 64;
/// Objects, copies counted: a dictionary of tensors has some sixty for each.
const MAX_OBJECTS: u64 = 4_000_000;
/// Bytes of a pickle.
const MAX_BYTES: u64 = 64 << 20;
/// How many times its file a checkpoint may unpack to: weights hardly shrink when they are packed.
const MAX_GROWTH: u64 = 4;

/// The bytes of the pickle that `source` stands before, to its end, if it is within bounds.
pub fn bounded(source: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut walk =
        Walk { source, bytes: Vec::new(), stack: Vec::new(), memo: HashMap::new(), made: 0 };
    while !walk.step()? {}
    Ok(walk.bytes)
}

/// Whether tensors are no larger than the `length` bytes of their file can hold.
pub fn check_sizes<'a>(infos: impl Iterator<Item = &'a TensorInfo>, length: u64) -> Result<()> {
    let bytes = |info: &TensorInfo| {
        let dims = info.layout.dims().iter().map(|&dim| dim as u64);
        dims.fold(info.dtype.size_in_bytes() as u64, u64::saturating_mul)
    };
    let total = infos.map(bytes).fold(0, u64::saturating_add);
    if total > length.saturating_mul(MAX_GROWTH) {
        bail!("its tensors would take {total} bytes, far more than the file has")
    }
    Ok(())
}

/// How deep an object is nested, and how many it is made of.
#[derive(Clone, Copy)]
struct Size {
    depth: u32,
    objects: u64,
}

const LEAF: Size = Size { depth: 1, objects: 1 };

impl Size {
    /// Of an object that holds `parts`.
    fn around(parts: &[Size]) -> Self {
        let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0);
        Self { depth: depth + 1, objects: 1 + parts.iter().map(|part| part.objects).sum::<u64>() }
    }
}

/// A pickle's machine with sizes in place of objects.
struct Walk<'a, R> {
    source: &'a mut R,
    /// What was read.
    bytes: Vec<u8>,
    /// None is a mark.
    stack: Vec<Option<Size>>,
    memo: HashMap<u32, Size>,
    made: u64,
}

impl<R: BufRead> Walk<'_, R> {
    /// One instruction; whether it was the last.
    fn step(&mut self) -> Result<bool> {
        match self.byte()? {
            b'.' => return Ok(true),
            0x80 => self.skip(1)?,
            b'c' => {
                self.line()?;
                self.line()?;
                self.push(LEAF)?;
            }
            b'K' => self.literal(1)?,
            b'M' => self.literal(2)?,
            b'J' => self.literal(4)?,
            b'G' => self.literal(8)?,
            b'X' => {
                let length = self.number()?;
                self.literal(length.into())?;
            }
            0x8a => {
                let length = self.byte()?;
                self.literal(length.into())?;
            }
            // candle takes `d` to begin a dictionary too.
            b'N' | 0x88 | 0x89 | b')' | b']' | b'}' | b'd' => self.push(LEAF)?,
            b'(' => self.stack.push(None),
            b't' => {
                let parts = self.pop_to_mark()?;
                self.push(Size::around(&parts))?;
            }
            0x85 | b'Q' => self.wrap(1)?,
            0x86 | b'R' | b'b' | 0x81 => self.wrap(2)?,
            0x87 => self.wrap(3)?,
            b'a' => self.put_into(1)?,
            b's' => self.put_into(2)?,
            b'e' | b'u' => {
                let parts = self.pop_to_mark()?;
                self.grow(&parts)?;
            }
            b'h' => {
                let place = self.byte()?;
                self.recall(place.into())?;
            }
            b'j' => {
                let place = self.number()?;
                self.recall(place)?;
            }
            b'q' => {
                let place = self.byte()?;
                self.remember(place.into())?;
            }
            b'r' => {
                let place = self.number()?;
                self.remember(place)?;
            }
            other => bail!("unknown instruction {other:#x} in its pickle"),
        }
        Ok(false)
    }

    fn skip(&mut self, length: u64) -> Result<()> {
        if length > MAX_BYTES - (self.bytes.len() as u64).min(MAX_BYTES) {
            bail!("its pickle is longer than {MAX_BYTES} bytes")
        }
        let read = self.source.by_ref().take(length).read_to_end(&mut self.bytes)?;
        if (read as u64) < length {
            bail!("its pickle is cut short")
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8> {
        self.skip(1)?;
        Ok(self.bytes[self.bytes.len() - 1])
    }

    fn number(&mut self) -> Result<u32> {
        self.skip(4)?;
        let bytes = self.bytes.last_chunk().expect("four were read");
        Ok(u32::from_le_bytes(*bytes))
    }

    fn line(&mut self) -> Result<()> {
        while self.byte()? != b'\n' {}
        Ok(())
    }

    fn literal(&mut self, length: u64) -> Result<()> {
        self.skip(length)?;
        self.push(LEAF)
    }

    fn push(&mut self, size: Size) -> Result<()> {
        self.check(size)?;
        self.stack.push(Some(size));
        Ok(())
    }

    fn check(&mut self, size: Size) -> Result<()> {
        self.made = self.made.saturating_add(size.objects);
        if size.depth > MAX_DEPTH || self.made > MAX_OBJECTS {
            bail!("its pickle is nested deeper, or holds more, than a dictionary of tensors would")
        }
        Ok(())
    }

    fn pop(&mut self) -> Result<Size> {
        match self.stack.pop() {
            Some(size) => Ok(size.unwrap_or(LEAF)),
            None => bail!("its pickle takes what is not there"),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Size>> {
        let Some(mark) = self.stack.iter().rposition(Option::is_none) else {
            bail!("its pickle has no mark")
        };
        let parts = self.stack.drain(mark..).flatten().collect();
        Ok(parts)
    }

    /// The last `count` objects become one that holds them.
    fn wrap(&mut self, count: usize) -> Result<()> {
        let parts = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
        self.push(Size::around(&parts))
    }

    /// The last `count` objects go into the one before them.
    fn put_into(&mut self, count: usize) -> Result<()> {
        let parts = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
        self.grow(&parts)
    }

    fn grow(&mut self, parts: &[Size]) -> Result<()> {
        let holder = self.pop()?;
        let around = Size::around(parts);
        let depth = holder.depth.max(around.depth);
        let grown = Size { depth, objects: holder.objects + around.objects };
        // What it holds was counted when it was made.
        self.check(Size { objects: 0, ..grown })?;
        self.stack.push(Some(grown));
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<()> {
        match self.memo.get(&place) {
            Some(size) => self.push(*size),
            None => bail!("its pickle remembers nothing at {place}"),
        }
    }

    fn remember(&mut self, place: u32) -> Result<()> {
        let size = self.pop()?;
        self.check(size)?;
        self.memo.insert(place, size);
        self.stack.push(Some(size));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pickle: &[u8]) -> String {
        bounded(&mut &*pickle).unwrap_err().to_string()
    }

    #[test]
    fn a_pickle_is_taken_to_its_end() {
        // {"a": (1, 2)}, and what follows.
        let pickle = b"\x80\x02}q\x00X\x01\x00\x00\x00aK\x01K\x02\x86q\x01s.rest";
        assert_eq!(bounded(&mut &pickle[..]).unwrap(), pickle[..pickle.len() - 4]);
    }

    #[test]
    fn nested_tuples_are_refused_however_many_there_are() {
        let mut pickle = vec![0x85; 3_000_000];
        pickle[0] = b'N';
        pickle.push(b'.');
        assert!(told(&pickle).contains("nested deeper"));
    }

    #[test]
    fn what_doubles_by_its_memory_is_refused() {
        let mut pickle = b"N".to_vec();
        for _ in 0..40 {
            pickle.extend(b"q\x00h\x00\x86");
        }
        pickle.push(b'.');
        assert!(told(&pickle).contains("holds more"));
    }

    #[test]
    fn broken_pickles_are_told() {
        for (pickle, reason) in [
            (&b"X\xff\xff\xff\xff"[..], "longer"),
            (b"K", "cut short"),
            (b"\x85.", "not there"),
            (b"Nt.", "no mark"),
            (b"h\x07.", "nothing at 7"),
            (b"\x00.", "unknown instruction 0x0"),
        ] {
            assert!(told(pickle).contains(reason), "{pickle:?}");
        }
    }
}
