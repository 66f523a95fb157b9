//! Makes sure that the folder of the browser half exists, and rebuilds when it or a model changes.

use std::path::Path;

fn main() {
    let site = Path::new("../target/site");
    if !site.exists() {
        // A build without the browser half must still work: tests and the command line need none.
        std::fs::create_dir_all(site).expect("target/site can be made");
    }
    println!("cargo:rerun-if-changed=../target/site");
    println!("cargo:rerun-if-changed=models");
}
