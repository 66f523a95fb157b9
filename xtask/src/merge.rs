//! Lays small files of the page's module together. What some parts have in common and others have not is
//! a file for each such set of parts: with eight parts that are more than a hundred, and each costs a
//! request and its frame.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Result, anyhow, ensure};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, DataSection, ElementSection, FunctionSection, Module, RawSection, SectionId,
};
use wasmparser::{Parser, Payload};

/// Bytes that a file costs besides what is in it.
const FRAME: f64 = 300.0;

/// How much less a byte weighs in a part that no page waits for.
const LATER: f64 = 0.3;

/// Files that become one.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// Their names.
    pub files: Vec<String>,
    /// The parts that need any of them.
    parts: BTreeSet<String>,
    /// Packed bytes.
    weight: f64,
}

impl Bundle {
    /// The file `name`, which `parts` need, of `weight` packed bytes.
    pub fn new(name: &str, parts: BTreeSet<String>, weight: f64) -> Self {
        Self { files: vec![name.into()], parts, weight }
    }

    fn join(mut self, other: Self) -> Self {
        self.files.extend(other.files);
        self.parts.extend(other.parts);
        self.weight += other.weight;
        self
    }
}

/// Which files become one: as long as pages load less by it, those whose joining saves the most.
pub fn bundles(mut files: Vec<Bundle>, later: &[&str]) -> Vec<Bundle> {
    while let Some((one, other)) = best(&files, later) {
        let joined = files.remove(other);
        let first = files.remove(one);
        files.push(first.join(joined));
    }
    files
}

/// The pair, in order, whose joining saves the most.
fn best(files: &[Bundle], later: &[&str]) -> Option<(usize, usize)> {
    let pairs = (0..files.len()).flat_map(|one| (one + 1..files.len()).map(move |two| (one, two)));
    let priced = pairs.map(|(one, two)| (cost(&files[one], &files[two], later), (one, two)));
    let (cost, pair) = priced.min_by(|one, two| one.0.total_cmp(&two.0))?;
    (cost < 0.0).then_some(pair)
}

/// What pages load more, taken together, when the two are one file.
fn cost(one: &Bundle, other: &Bundle, later: &[&str]) -> f64 {
    let weigh = |part: &String| if later.contains(&part.as_str()) { LATER } else { 1.0 };
    let lacks = |a: &Bundle, b: &Bundle| a.parts.difference(&b.parts).map(weigh).sum::<f64>();
    let both: f64 = one.parts.intersection(&other.parts).map(weigh).sum();
    one.weight * lacks(other, one) + other.weight * lacks(one, other) - FRAME * both
}

/// One module that does what `modules` do. They must have been cut out of the same: then they have the
/// same types, import no function, and say themselves where their data and functions go.
pub fn merge(modules: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut merged = Merged::default();
    for module in modules {
        merged.add(module)?;
    }
    Ok(merged.finish())
}

#[derive(Default)]
struct Merged {
    types: Vec<u8>,
    imports: Vec<u8>,
    functions: FunctionSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

/// Counts functions from behind those of the modules before.
struct Behind(u32);

impl Reencode for Behind {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Self::Error>> {
        Ok(self.0 + function)
    }
}

impl Merged {
    fn add(&mut self, module: &[u8]) -> Result<()> {
        let mut behind = Behind(self.functions.len());
        let failed = |error: Error<_>| anyhow!("cannot lay parts of the page together: {error}");
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(types) => {
                    let types = section(module, types.range());
                    ensure!(self.types.is_empty() || self.types == types, "other types");
                    self.types = types.to_vec();
                }
                Payload::ImportSection(imports) => {
                    let imports = section(module, imports.range());
                    // Some lack the one global, which is the first import.
                    if imports.len() > self.imports.len() {
                        self.imports = imports.to_vec();
                    }
                }
                Payload::FunctionSection(functions) => {
                    for kind in functions {
                        self.functions.function(kind?);
                    }
                }
                Payload::ExportSection(exports) => ensure!(exports.count() == 0, "it exports"),
                Payload::ElementSection(elements) => {
                    behind.parse_element_section(&mut self.elements, elements).map_err(failed)?;
                }
                Payload::CodeSectionEntry(body) => {
                    behind.parse_function_body(&mut self.code, body).map_err(failed)?;
                }
                Payload::DataSection(data) => {
                    behind.parse_data_section(&mut self.data, data).map_err(failed)?;
                }
                Payload::TableSection(_)
                | Payload::GlobalSection(_)
                | Payload::StartSection { .. } => {
                    return Err(anyhow!("a part has a table, a global or a start of its own"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(self) -> Vec<u8> {
        let mut module = Module::new();
        module.section(&RawSection { id: SectionId::Type.into(), data: &self.types });
        module.section(&RawSection { id: SectionId::Import.into(), data: &self.imports });
        module.section(&self.functions).section(&self.elements);
        module.section(&self.code).section(&self.data);
        module.finish()
    }
}

fn section(module: &[u8], range: Range<u64>) -> &[u8] {
    &module[range.start as usize..range.end as usize]
}

/// The script that loads parts, after the chunks of the keys of `gone` have become those that they name.
pub fn rename(script: &str, gone: &BTreeMap<String, String>) -> String {
    let mut kept = Vec::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        let defined = line.strip_prefix("const __").and_then(|line| line.split_once(' '));
        if defined.is_some_and(|(name, _)| gone.contains_key(name)) {
            // The words before it say which parts need it.
            kept.pop();
            lines.by_ref().find(|line| line.starts_with(", ["));
            continue;
        }
        kept.push(depend(line, gone));
    }
    kept.join("\n") + "\n"
}

/// A list of what must come before, with each of it once.
fn depend(line: &str, gone: &BTreeMap<String, String>) -> String {
    let Some((list, end)) = line.strip_prefix(", [").and_then(|line| line.split_once(']')) else {
        return line.to_owned();
    };
    let names = list.split(", ").filter_map(|name| name.strip_prefix("__"));
    let left: BTreeSet<String> =
        names.map(|name| format!("__{}", gone.get(name).map_or(name, String::as_str))).collect();
    format!(", [{}]{end}", left.into_iter().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        ConstExpr, Elements, EntityType, Function, ImportSection, MemoryType, RefType, TableType,
        TypeSection, ValType,
    };

    use super::*;

    /// A module with a constant, and a caller of it at `slot` of the table that all share.
    fn module(constant: i32, slot: i32) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        let mut imports = ImportSection::new();
        let table = TableType {
            element_type: RefType::FUNCREF,
            minimum: 9,
            maximum: None,
            table64: false,
            shared: false,
        };
        imports.import("page", "table", EntityType::Table(table));
        let memory = MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        imports.import("page", "memory", EntityType::Memory(memory));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        functions.function(0).function(0);
        let (mut made, mut caller) = (Function::new([]), Function::new([]));
        made.instructions().i32_const(constant).end();
        caller.instructions().call(0).end();
        code.function(&made).function(&caller);
        let mut elements = ElementSection::new();
        elements.active(None, &ConstExpr::i32_const(slot), Elements::Functions(vec![1].into()));
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(8 * slot), [constant as u8]);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&elements).section(&code).section(&data);
        module.finish()
    }

    #[test]
    fn merged_modules_call_their_own_functions_at_their_places() {
        let merged = merge(&[module(3, 5), module(4, 7)]).unwrap();
        wasmparser::Validator::new().validate_all(&merged).unwrap();
        let (mut bodies, mut slots) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(&merged) {
            match payload.unwrap() {
                Payload::CodeSectionEntry(body) => {
                    let read = body.get_operators_reader().unwrap().read().unwrap();
                    bodies.push(format!("{read:?}"));
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        let wasmparser::ElementItems::Functions(items) = element.unwrap().items
                        else {
                            panic!("functions were put into the table");
                        };
                        slots.extend(items.into_iter().map(Result::unwrap));
                    }
                }
                _ => {}
            }
        }
        assert_eq!(slots, [1, 3]);
        let calls = ["I32Const { value: 3 }", "Call { function_index: 0 }"];
        assert_eq!(bodies[..2], calls);
        assert_eq!(bodies[2..], ["I32Const { value: 4 }", "Call { function_index: 2 }"]);
    }

    #[test]
    fn small_files_are_laid_together_and_large_ones_only_where_all_who_load_one_need_both() {
        let file = |name, parts: &[&str], weight| {
            Bundle::new(name, parts.iter().map(|part| part.to_string()).collect(), weight)
        };
        let files = vec![
            file("small", &["train", "gallery"], 90.0),
            file("large", &["train", "gallery", "more"], 9000.0),
            file("other", &["train", "models"], 8000.0),
            file("tiny", &["train", "gallery", "models"], 50.0),
        ];
        let joined = bundles(files, &["more"]);
        let names: BTreeSet<Vec<&str>> =
            joined.iter().map(|bundle| bundle.files.iter().map(String::as_str).collect()).collect();
        let wanted = [vec!["small", "large"], vec!["other"], vec!["tiny"]];
        assert_eq!(names, BTreeSet::from(wanted), "models would load what is large for nothing");
    }

    #[test]
    fn the_script_knows_a_chunk_that_became_another_by_that_name() {
        let script = "/* a, b */\nconst __chunk_6 = makeLoad(() => {\n}\n, []);\n\
                      /* a */\nconst __chunk_7 = makeLoad(() => {\n}\n, []);\n\
                      export const load_a = wrap(makeLoad(() => {\n}\n, [__chunk_6, __chunk_7]));\n";
        let gone = BTreeMap::from([("chunk_7".to_owned(), "chunk_6".to_owned())]);
        let wanted = "/* a, b */\nconst __chunk_6 = makeLoad(() => {\n}\n, []);\n\
                      export const load_a = wrap(makeLoad(() => {\n}\n, [__chunk_6]));\n";
        assert_eq!(rename(script, &gone), wanted);
    }
}
