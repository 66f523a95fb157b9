//! Memory that stays with the program.

/// Keeps the C library from giving large blocks back to the system as soon as they are free, only to
/// ask for them again in the next step: fresh pages must be cleared, which took a quarter of a
/// training step on two cores.
///
/// Call it first thing in `main`. Does nothing where the system's allocator is not glibc's.
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // One arena: others have a limit on the size of a block, above which they ask the system.
        // SAFETY: sets numbers of the allocator, before other threads use it.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::mallopt(libc::M_MMAP_MAX, 0);
            libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
            libc::mallopt(libc::M_TOP_PAD, 64 << 20);
        }
    }
}

/// Gives back what [`keep_memory`] kept: at the end of a run, so that an idle program is small.
pub fn release_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the allocator takes its own lock and touches only memory that nobody holds.
    unsafe {
        libc::malloc_trim(0);
    }
}
