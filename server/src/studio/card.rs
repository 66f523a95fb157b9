//! The memory of an NVIDIA card, as its driver's own tool tells it.

use std::process::Command;

/// Bytes of a card's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardMemory {
    /// What no program holds.
    pub free: u64,
    pub total: u64,
}

impl CardMemory {
    /// Nothing where the driver's `nvidia-smi` is not there; nor where it knows several cards, which it
    /// may number otherwise than CUDA does.
    pub fn now() -> Option<Self> {
        let asked = ["--query-gpu=memory.free,memory.total", "--format=csv,noheader,nounits"];
        let told = Command::new("nvidia-smi").args(asked).output().ok()?;
        told.status.success().then(|| read(&String::from_utf8_lossy(&told.stdout)))?
    }
}

/// Of the only line `free, total`, in MiB.
fn read(lines: &str) -> Option<CardMemory> {
    let mut lines = lines.lines().filter(|line| !line.trim().is_empty());
    let (free, total) = lines.next()?.split_once(',')?;
    let bytes = |text: &str| Some(text.trim().parse::<u64>().ok()? << 20);
    let memory = CardMemory { free: bytes(free)?, total: bytes(total)? };
    lines.next().is_none().then_some(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_card_tells_its_memory() {
        let card = CardMemory { free: 142_743 << 20, total: 143_771 << 20 };
        assert_eq!(read("142743, 143771\n"), Some(card));
        assert_eq!(read("142743, 143771\n24000, 24576\n"), None, "which of them is CUDA's first?");
        assert_eq!(read("[N/A], [N/A]\n"), None, "a card that shares the machine's memory");
        assert_eq!(read("No devices were found\n"), None);
        assert_eq!(read(""), None);
    }
}
