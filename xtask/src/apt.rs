//! Packages of Debian and its kin.

use anyhow::{Result, bail};

use crate::shell::{command, find, line, run, say};

/// Whether packages can be installed that way here.
pub fn is_here() -> bool {
    find("apt-get").is_some() && find("dpkg").is_some()
}

/// Installs what is missing of `packages`; `why` completes "installing ... ".
pub fn install(packages: &[&str], why: &str) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut install = privileged()?;
    install.args(["install", "-y", "--no-install-recommends"]).args(&missing);
    say(format_args!("installing {} {why}: {}", missing.join(" "), line(&install)));
    if run(&mut install).is_ok() {
        return Ok(());
    }
    // The lists may be old or absent, as in a fresh container.
    run(privileged()?.arg("update"))?;
    run(&mut install)
}

fn is_installed(package: &str) -> bool {
    let mut query = command("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    query.output().is_ok_and(|output| output.stdout == b"installed")
}

fn privileged() -> Result<std::process::Command> {
    let is_root = command("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if is_root {
        let mut apt = command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        return Ok(apt);
    }
    if find("sudo").is_none() {
        bail!("apt-get needs root, and there is no sudo");
    }
    let mut sudo = command("sudo");
    sudo.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Ok(sudo)
}
