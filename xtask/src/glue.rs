//! The names by which the page's module asks its glue script for functions of the browser. Those of
//! wasm-bindgen are long and end in a hash, which no compression makes small.

use anyhow::{Context, Result};

/// Gives them short names in both.
pub fn shorten(module: &[u8], script: &str) -> Result<(Vec<u8>, String)> {
    let mut config = walrus::ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(module).context("cannot read the page's module")?;
    let mut script = script.to_owned();
    for (number, import) in module.imports.iter_mut().enumerate() {
        // What is not a key of the script alone is known by its name elsewhere.
        if import.name.starts_with("__w") && script.matches(&import.name).count() == 1 {
            let short = format!("w{number}");
            script = script.replacen(&import.name, &short, 1);
            import.name = short;
        }
    }
    Ok((module.emit_wasm(), script))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(names: &[&str]) -> Vec<u8> {
        let mut module = walrus::Module::default();
        let kind = module.types.add(&[], &[]);
        for name in names {
            module.add_import_func("./page_bg.js", name, kind);
        }
        module.emit_wasm()
    }

    fn names(module: &[u8]) -> Vec<String> {
        let module = walrus::Module::from_buffer(module).unwrap();
        module.imports.iter().map(|import| import.name.clone()).collect()
    }

    #[test]
    fn module_and_script_agree_on_the_short_names() {
        let script = "return { __wbg_log_0123: function() {}, __wbg_then_4567: function() {} };";
        let (module, script) =
            shorten(&module(&["__wbg_log_0123", "__wbg_then_4567"]), script).unwrap();
        assert_eq!(names(&module), ["w0", "w1"]);
        assert_eq!(script, "return { w0: function() {}, w1: function() {} };");
    }

    #[test]
    fn a_name_that_others_use_stays() {
        let script = "import.__wbg_both; export { __wbg_both };";
        let (module, shortened) = shorten(&module(&["__wbg_both", "load"]), script).unwrap();
        assert_eq!(names(&module), ["__wbg_both", "load"]);
        assert_eq!(shortened, script);
    }
}
