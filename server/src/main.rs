//! The `darkroom` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    engine::kernels::keep_memory();
    engine::kernels::use_one_pool();
    server::cli::main()
}
