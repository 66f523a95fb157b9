//! Compiling the page to WebAssembly. Rust's library for that target is not part of every toolchain;
//! here are the ways to come by it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{cargo, command, find, read, run, say};
use crate::{apt, workspace};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "rust-web-src", "cargo-web", "lld"];
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

/// A toolchain that can compile for the browser.
enum Toolchain {
    /// The active one holds the compiled library.
    Active,
    /// Debian's Rust carries the library's source; cargo compiles it along.
    Debian { linker: PathBuf },
}

/// Compiles `app` as the browser half and returns the module.
pub fn compile() -> Result<PathBuf> {
    let folder = workspace::target().join("front");
    run(toolchain()?
        .cargo()
        .args(["--package", "app", "--lib", "--no-default-features", "--features", "hydrate"])
        .args(["--profile", "wasm-release", "--target", TARGET, "--target-dir"])
        .arg(&folder)
        // Splitting reads from the relocations which function needs which.
        .args(["--", "-Clink-args=--emit-relocs"]))?;
    Ok(folder.join(TARGET).join("wasm-release").join("app.wasm"))
}

impl Toolchain {
    /// `cargo rustc` with what this toolchain needs.
    fn cargo(&self) -> Command {
        match self {
            Toolchain::Active => {
                let mut build = cargo();
                build.arg("rustc");
                build
            }
            Toolchain::Debian { linker } => debian_cargo(linker),
        }
    }
}

fn debian_cargo(linker: &Path) -> Command {
    let mut build = command(DEBIAN_CARGO);
    // What the calling cargo set for its own toolchain must not reach this one.
    for name in ["CARGO", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTDOC"] {
        build.env_remove(name);
    }
    build
        .env("RUSTC", DEBIAN_RUSTC)
        // Building the library along is still called unstable; it is all that this is needed for.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        .args(["rustc", "-Zbuild-std=std,panic_abort"]);
    build
}

fn toolchain() -> Result<Toolchain> {
    if active_has_target() || add_target() {
        return Ok(Toolchain::Active);
    }
    if !Path::new(DEBIAN_LIBRARY).exists() && apt::is_here() {
        apt::install(
            &DEBIAN_PACKAGES,
            "(Rust with the library's source, because rustup cannot add the browser's target)",
        )?;
    }
    if Path::new(DEBIAN_LIBRARY).exists() {
        if let Some(linker) = linker() {
            say("building Rust's library for the browser along, from Debian's source of it");
            return Ok(Toolchain::Debian { linker });
        }
        bail!("no linker for WebAssembly: install `lld`");
    }
    bail!(
        "this toolchain cannot compile for the browser. Install the target {TARGET} for it: \
         `rustup target add {TARGET}`; Fedora: `dnf install rust-std-static-{TARGET}`; \
         Debian: `apt-get install {}`",
        DEBIAN_PACKAGES.join(" ")
    )
}

fn rustc() -> Command {
    command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn active_has_target() -> bool {
    let library = read(rustc().args(["--print", "target-libdir", "--target", TARGET]));
    library.is_ok_and(|folder| Path::new(&folder).is_dir())
}

fn add_target() -> bool {
    if find("rustup").is_none() {
        return false;
    }
    say(format_args!("the page compiles for {TARGET}, which is missing: rustup target add"));
    let mut add = command("rustup");
    add.args(["target", "add", TARGET]);
    run(&mut add).is_ok() && active_has_target()
}

/// The toolchain's own linker where there is one: it is the newest.
fn linker() -> Option<PathBuf> {
    let of_toolchain = || {
        let libraries = PathBuf::from(read(rustc().args(["--print", "target-libdir"])).ok()?);
        Some(libraries.parent()?.join("bin/rust-lld")).filter(|path| path.is_file())
    };
    of_toolchain().or_else(|| find("rust-lld")).or_else(|| find("wasm-ld"))
}
