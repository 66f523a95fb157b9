//! Cuts the page's module into a base and the parts that pages load when they are opened.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_split_cli_support::{Options, SplitWasm, transform};

use crate::arrange;
use crate::merge::{self, Bundle};

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
    let cut =
        transform(options).map_err(|error| anyhow!("cannot split the page's module: {error:?}"))?;
    let pieces = Pieces { from: pkg, to: pkg.join(&folder), needed: needed(&cut) };
    pieces.write()?;
    for file in &cut.split_modules {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// What the names of files begin with that several parts need.
const CHUNK: &str = "chunk_";

/// Parts that no page waits for.
const LATER: [&str; 2] = ["more", "run"];

/// What is left of a byte when it is packed.
const PACKED: f64 = 0.4;

/// The names of files with the parts that need them.
type Needed = BTreeMap<String, BTreeSet<String>>;

fn needed(cut: &SplitWasm) -> Needed {
    let mut needed = Needed::new();
    for (part, files) in &cut.prefetch_map {
        for file in files {
            needed.entry(file.clone()).or_default().insert(part.clone());
        }
    }
    needed
}

/// What the module was cut into: files in one folder, whose compact ones go to another.
struct Pieces<'a> {
    from: &'a Path,
    to: PathBuf,
    needed: Needed,
}

impl Pieces<'_> {
    fn write(&self) -> Result<()> {
        let mut gone = BTreeMap::new();
        for bundle in self.bundles()? {
            let (first, others) = bundle.files.split_first().context("a bundle has files")?;
            gone.extend(others.iter().map(|other| (other.clone(), first.clone())));
            let modules = bundle.files.iter().map(|name| self.read(name));
            self.put(first, &merge::merge(&modules.collect::<Result<Vec<_>>>()?)?)?;
        }
        for part in self.needed.keys().filter(|name| !name.starts_with(CHUNK)) {
            self.put(part, &self.read(part)?)?;
        }
        let script = self.to.join("load.js");
        Ok(fs::write(&script, merge::rename(&fs::read_to_string(&script)?, &gone))?)
    }

    /// The files of several parts, laid together where that is less to load.
    fn bundles(&self) -> Result<Vec<Bundle>> {
        let chunks = self.needed.iter().filter(|(name, _)| name.starts_with(CHUNK));
        let weighed = chunks.map(|(name, parts)| {
            let weight = compact(&self.read(name)?)?.len() as f64 * PACKED;
            Ok(Bundle::new(name, parts.clone(), weight))
        });
        Ok(merge::bundles(weighed.collect::<Result<_>>()?, &LATER))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        Ok(fs::read(self.from.join(name).with_extension("wasm"))?)
    }

    fn put(&self, name: &str, module: &[u8]) -> Result<()> {
        Ok(fs::write(self.to.join(name).with_extension("wasm"), compact(module)?)?)
    }
}

/// The module without names and without types and imports that it has from the whole, and with numbers
/// as short as they can be: a linker leaves room in them.
fn compact(module: &[u8]) -> Result<Vec<u8>> {
    let mut config = walrus::ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(module)?;
    walrus::passes::gc::run(&mut module);
    arrange::arrange(&module.emit_wasm())
}

fn hash(module: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    module.hash(&mut hasher);
    hasher.finish()
}
