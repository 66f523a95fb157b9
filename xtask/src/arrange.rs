//! Arranges the functions of a module so that it is small when it is compressed: those that are alike
//! stand beside each other, and those that are the same become one.

use std::collections::BTreeMap;
use std::convert::Infallible;

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, FunctionSectionReader, Parser, Payload, TypeRef,
};

/// The same module, arranged.
pub fn arrange(module: &[u8]) -> Result<Vec<u8>> {
    let mut arrangement = Arrangement::of(module)?;
    let mut arranged = Module::new();
    arrangement
        .parse_core_module(&mut arranged, Parser::new(0), module)
        .map_err(|error| anyhow!("cannot arrange the page's module: {error}"))?;
    let arranged = arranged.finish();
    // Functions that call others which became one may be the same now.
    if arrangement.folds { arrange(&arranged) } else { Ok(arranged) }
}

/// Where the functions of a module go.
struct Arrangement {
    /// The new number of each function, the imported ones included.
    numbers: Vec<u32>,
    /// Those that are left, by their place among the functions that the module defines.
    order: Vec<usize>,
    /// Whether some became one.
    folds: bool,
}

impl Arrangement {
    fn of(module: &[u8]) -> Result<Self> {
        let mut imported = 0;
        let (mut types, mut bodies) = (Vec::new(), Vec::new());
        for part in Parser::new(0).parse_all(module) {
            match part? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(functions) => {
                    types = functions.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
                _ => {}
            }
        }
        Ok(Self::by_body(imported, &types, &bodies))
    }

    /// Sorted by their bodies: beginnings that are alike say most of what a packer can use.
    fn by_body(imported: u32, types: &[u32], bodies: &[&[u8]]) -> Self {
        let mut alike: BTreeMap<(&[u8], u32), Vec<usize>> = BTreeMap::new();
        for (place, (body, kind)) in bodies.iter().zip(types).enumerate() {
            alike.entry((body, *kind)).or_default().push(place);
        }
        let first = imported as usize;
        let mut numbers: Vec<u32> = (0..imported).collect();
        numbers.resize(first + bodies.len(), 0);
        for (number, places) in (imported..).zip(alike.values()) {
            for place in places {
                numbers[first + place] = number;
            }
        }
        let order: Vec<usize> = alike.values().map(|places| places[0]).collect();
        let folds = order.len() < bodies.len();
        Self { numbers, order, folds }
    }
}

impl Reencode for Arrangement {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.numbers[function as usize])
    }

    /// Names and the like are of no use to a browser.
    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        arranged: &mut FunctionSection,
        functions: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let types = functions.into_iter().collect::<Result<Vec<u32>, _>>()?;
        for place in &self.order {
            arranged.function(types[*place]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        arranged: &mut CodeSection,
        code: CodeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let bodies = code.into_iter().collect::<Result<Vec<_>, _>>()?;
        for place in self.order.clone() {
            self.parse_function_body(arranged, bodies[place].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function,
        ImportSection, RefType, TableSection, TableType, TypeSection, ValType,
    };

    use super::*;

    /// A module with one imported function, the constants that its functions give, and a caller of each.
    fn module(constants: &[i32]) -> Vec<u8> {
        let count = constants.len() as u32;
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        let mut imports = ImportSection::new();
        imports.import("page", "outside", EntityType::Function(0));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for constant in constants {
            functions.function(0);
            let mut body = Function::new([]);
            body.instructions().i32_const(*constant).end();
            code.function(&body);
        }
        let mut exports = ExportSection::new();
        for (callee, constant) in (1..=count).zip(constants) {
            functions.function(0);
            let mut body = Function::new([]);
            body.instructions().call(callee).call(0).i32_add().end();
            code.function(&body);
            exports.export(&format!("{constant}-{callee}"), ExportKind::Func, count + callee);
        }
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum: u64::from(count),
            maximum: None,
            table64: false,
            shared: false,
        });
        let mut elements = ElementSection::new();
        let all: Vec<u32> = (1..=count).collect();
        elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(all.into()));
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&tables);
        module.section(&exports).section(&elements).section(&code);
        module.finish()
    }

    /// What each exported function calls, by the constant it was exported for.
    fn constants_by_export(module: &[u8]) -> Vec<(String, i32)> {
        use wasmparser::Operator::{Call, I32Const};
        let (mut exports, mut bodies) = (Vec::new(), Vec::new());
        for part in Parser::new(0).parse_all(module) {
            match part.unwrap() {
                Payload::ExportSection(section) => exports = section.into_iter().collect(),
                Payload::CodeSectionEntry(body) => bodies.push(body),
                _ => {}
            }
        }
        let first = |number: u32| {
            bodies[number as usize - 1].get_operators_reader().unwrap().read().unwrap()
        };
        let given = |export: wasmparser::Export| match first(export.index) {
            Call { function_index } => match first(function_index) {
                I32Const { value } => (export.name.split('-').next().unwrap().into(), value),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        exports.into_iter().map(|export| given(export.unwrap())).collect()
    }

    #[test]
    fn what_is_exported_does_the_same_as_before() {
        let arranged = arrange(&module(&[3, 1, 2, 3, 1])).unwrap();
        wasmparser::Validator::new().validate_all(&arranged).unwrap();
        let given = constants_by_export(&arranged);
        assert_eq!(given.len(), 5);
        for (name, constant) in given {
            assert_eq!(name, constant.to_string());
        }
    }

    #[test]
    fn functions_that_are_the_same_become_one_and_so_do_their_callers() {
        let count = |module: &[u8]| Arrangement::of(module).unwrap().order.len();
        assert_eq!(count(&arrange(&module(&[3, 1, 2, 3, 1])).unwrap()), 6);
    }
}
