//! Cuts the page's module into a base and the parts that pages load when they are opened.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wasm_split_cli_support::{Options, transform};

use crate::arrange;

/// Writes the base of `module` to `base`, and into `pkg` a folder with the parts and the script that
/// loads them. The folder's name changes with the module: parts fit no other base.
pub fn split(module: &Path, base: &Path, pkg: &Path, name: &str) -> Result<()> {
    let module = fs::read(module)?;
    let folder = format!("parts-{:016x}", hash(&module));
    fs::create_dir_all(pkg.join(&folder))?;
    let script = format!("./{folder}/load.js");
    let main_script = format!("../{name}.js");
    let mut options = Options::new(&module);
    options.output_dir = pkg;
    options.main_out_path = base;
    options.link_name = &script;
    options.main_module = &main_script;
    let parts = transform(options)
        .map_err(|error| anyhow!("cannot split the page's module: {error:?}"))?
        .split_modules;
    for part in parts {
        let file = part.file_name().context("a part has a name")?;
        fs::write(pkg.join(&folder).join(file), compact(&part)?)?;
        fs::remove_file(&part)?;
    }
    Ok(())
}

/// The module without names, and with numbers as short as they can be: a linker leaves room in them.
fn compact(module: &Path) -> Result<Vec<u8>> {
    let mut config = walrus::ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    arrange::arrange(&config.parse_file(module)?.emit_wasm())
}

fn hash(module: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    module.hash(&mut hasher);
    hasher.finish()
}
