//! Where tensors live: the processor or an NVIDIA GPU.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;

use crate::config::ConfigError;
use crate::{Error, Result};

/// What was asked for with `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU if this build and this machine have one, else the processor.
    #[default]
    Auto,
    Cpu,
    /// The GPU of this number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = ConfigError;

    fn from_str(text: &str) -> std::result::Result<Self, ConfigError> {
        let fault = || {
            ConfigError::one(
                "device",
                format!("`{text}` will not do; give auto, cpu, cuda or cuda:N"),
            )
        };
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let number = text.strip_prefix("cuda:").ok_or_else(fault)?;
                number.parse().map(Self::Cuda).map_err(|_| fault())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// A device ready for use.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    pub device: Device,
    /// For people: `cpu · 2 threads`, `cuda:0`.
    pub label: String,
    /// Why `auto` took the processor.
    pub note: Option<String>,
}

/// Opens the device. `auto` never fails; a GPU asked for by name does, with the reason.
pub fn open(choice: DeviceChoice) -> Result<OpenDevice> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu(None)),
        DeviceChoice::Cuda(number) => cuda(number).map_err(Error::Device),
        DeviceChoice::Auto => Ok(cuda(0).unwrap_or_else(|why| cpu(Some(why)))),
    }
}

fn cpu(note: Option<String>) -> OpenDevice {
    let threads = rayon::current_num_threads();
    let plural = if threads == 1 { "" } else { "s" };
    OpenDevice { device: Device::Cpu, label: format!("cpu · {threads} thread{plural}"), note }
}

fn cuda(number: usize) -> std::result::Result<OpenDevice, String> {
    if !cfg!(feature = "cuda") {
        return Err("this build has no GPU support; build with `--features cuda` for it".into());
    }
    match Device::new_cuda(number) {
        Ok(device) => Ok(OpenDevice { device, label: format!("cuda:{number}"), note: None }),
        Err(error) => Err(format!("cuda:{number} cannot be opened: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_and_show_the_same() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        let message = "gpu".parse::<DeviceChoice>().unwrap_err().to_string();
        assert!(message.contains("auto, cpu, cuda or cuda:N"), "{message}");
    }
}
