//! `target/site`: all that the browser loads. The release server carries it inside.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::fingerprint::{self, Note};
use crate::shell::say;
use crate::{arrange, glue, pack, split, style, wasm, workspace};

/// The name that the page's `HydrationScripts` ask for.
const NAME: &str = "darkroom";

/// Whatever the site is made from.
pub const INPUTS: &[&str] = &[
    "app",
    "engine/Cargo.toml",
    "engine/src/lib.rs",
    "engine/src/config.rs",
    "engine/src/config",
    "style",
    "public",
    "xtask/src",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
];

/// Builds the site unless it stands there already, made from the same files.
pub fn build() -> Result<()> {
    let _lock = workspace::lock()?;
    let fingerprint = fingerprint::of(INPUTS)?;
    let note = Note::new("site");
    if note.says(&fingerprint) && script().is_file() {
        return Ok(());
    }
    say("building the page: WebAssembly, styles, static files");
    assemble(&wasm::compile()?)?;
    note.write(&fingerprint)
}

fn script() -> PathBuf {
    workspace::site().join("pkg").join(NAME).with_extension("js")
}

/// Makes the new site beside the old one and swaps them, so that a running server sees one or the other.
fn assemble(module: &Path) -> Result<()> {
    let next = workspace::target().join("site.next");
    remove(&next)?;
    let pkg = next.join("pkg");
    fs::create_dir_all(&pkg)?;
    let base = next.join("base.wasm");
    split::split(module, &base, &pkg, NAME)?;
    bind(&base, &pkg)?;
    fs::remove_file(&base)?;
    let css = style::bundle(&workspace::root().join("style/main.css"))?;
    fs::write(pkg.join(NAME).with_extension("css"), style::compact(&css))?;
    copy(&workspace::root().join("public"), &next)?;
    pack::pack(&next)?;

    let old = workspace::target().join("site.old");
    remove(&old)?;
    if workspace::site().exists() {
        fs::rename(workspace::site(), &old)?;
    }
    fs::rename(&next, workspace::site()).context("cannot put the new site in place")?;
    remove(&old)
}

/// Writes the module and its glue script as `darkroom.wasm` and `darkroom.js`.
fn bind(module: &Path, pkg: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(module)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        // The parts of the module use what the linker exports.
        .keep_lld_exports(true)
        .remove_producers_section(true)
        .generate(pkg)
        .context("wasm-bindgen could not read the page's module")?;
    let wasm = pkg.join(NAME).with_extension("wasm");
    let bound = pkg.join(format!("{NAME}_bg.wasm"));
    let script = pkg.join(NAME).with_extension("js");
    let (module, text) = glue::shorten(&fs::read(&bound)?, &fs::read_to_string(&script)?)?;
    fs::write(&wasm, arrange::arrange(&module)?)?;
    fs::write(&script, text)?;
    fs::remove_file(&bound)?;
    say(format_args!("the page's module has {} KB", fs::metadata(&wasm)?.len() / 1000));
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut files = Vec::new();
    fingerprint::collect(from, &mut files)?;
    for file in files {
        let copy = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().expect("a file has a folder"))?;
        fs::copy(&file, copy).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
