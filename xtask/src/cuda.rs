//! Checking the CUDA half on a machine that has the toolkit; a GPU is not needed for that.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::shell::{cargo, find, run, say};

const HOW: &str = "\
no CUDA toolkit here: there is no `nvcc` in PATH, in $CUDA_HOME/bin or in /usr/local/cuda/bin.
Install NVIDIA's toolkit 12 or 13, or put its parts together from PyPI:
  pip install nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 \\
      nvidia-cuda-cccl nvidia-cuda-runtime nvidia-cublas nvidia-curand nvidia-cuda-nvrtc
and point CUDA_HOME at a folder with `bin`, `include`, `nvvm` and `lib64` linked to those in
site-packages/nvidia/cu13. Without a GPU also set CUDA_COMPUTE_CAP, for example to 90.";

/// `cargo check` of the server with the `cuda` feature; candle compiles its kernels for that.
pub fn check() -> Result<()> {
    let Some(nvcc) = nvcc() else { bail!("{HOW}") };
    let mut check = cargo();
    check.args(["check", "--package", "server", "--features", "cuda"]);
    check.env("NVCC", &nvcc).env("PATH", path_with(&nvcc));
    if let Some(toolkit) = nvcc.parent().and_then(Path::parent) {
        check.env("CUDA_HOME", toolkit);
    }
    if env::var_os("CUDA_COMPUTE_CAP").is_none() && find("nvidia-smi").is_none() {
        say("no GPU here: the kernels are compiled for compute capability 9.0");
        check.env("CUDA_COMPUTE_CAP", "90");
    }
    run(&mut check)
}

fn nvcc() -> Option<PathBuf> {
    let toolkits = [env::var_os("CUDA_HOME"), Some("/usr/local/cuda".into())];
    let in_toolkit = |toolkit| PathBuf::from(toolkit).join("bin/nvcc");
    find("nvcc")
        .or_else(|| toolkits.into_iter().flatten().map(in_toolkit).find(|nvcc| nvcc.is_file()))
}

fn path_with(nvcc: &Path) -> std::ffi::OsString {
    let own = nvcc.parent().map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(own.into_iter().chain(env::split_paths(&path))).unwrap_or(path)
}
