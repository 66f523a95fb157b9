//! Asking the program to end: Ctrl-C, the system, or a terminal that is closed. The first asks to stop,
//! a second Ctrl-C ends the program at once.

use std::io::Write;

use crate::{Error, Result};

/// Exit code of a program that was ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Returns once a person or the system asks the program to end, or its terminal is closed.
pub async fn asked_to_end() {
    tokio::select! { () = told_to_end() => {}, () = hung_up() => {} }
}

/// Ends the program when told again. A terminal that is closed may say so twice.
pub async fn end_when_asked_again() {
    told_to_end().await;
    std::process::exit(INTERRUPTED);
}

/// Calls `stop` at the first Ctrl-C, on a thread of its own, which listens once this returns.
pub fn on_ctrl_c(stop: impl FnOnce() + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Other(format!("Ctrl-C cannot be heard: {error}")))?;
    let (listens, listening) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = asked_to_end() => {}
                // Looked at second: by then the first has told the system what it waits for.
                () = told(listens) => {}
            }
            stop();
            say("stopping after this step; Ctrl-C again ends at once");
            end_when_asked_again().await;
        });
    });
    // Fails where it was asked to end at once.
    let _ = listening.recv();
    Ok(())
}

/// Says that somebody listens, and never returns.
async fn told(listens: std::sync::mpsc::Sender<()>) {
    let _ = listens.send(());
    std::future::pending::<()>().await;
}

/// A line in the terminal, if that is still there: `eprintln!` would panic where it is not.
pub fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

#[cfg(unix)]
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let ctrl_c = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = ctrl_c => {}, _ = terminate.recv() => {} }
        }
        // Without that signal there is still Ctrl-C.
        Err(_) => drop(ctrl_c.await),
    }
}

#[cfg(not(unix))]
async fn told_to_end() {
    drop(tokio::signal::ctrl_c().await);
}

/// Returns once the terminal is closed; never where the program was started not to mind (`nohup`).
#[cfg(unix)]
async fn hung_up() {
    use tokio::signal::unix::{SignalKind, signal};
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let (false, Ok(mut hangup)) = (ignores_hangup(&status), signal(SignalKind::hangup())) {
        hangup.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}

#[cfg(not(unix))]
async fn hung_up() {
    std::future::pending::<()>().await;
}

/// Whether SIGHUP, the first signal, is among those that a process with this `status` of Linux ignores.
#[cfg(unix)]
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn a_program_under_nohup_does_not_mind_a_closed_terminal() {
        let status = |mask: &str| format!("SigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert!(ignores_hangup(&status("0000000000001001")));
        assert!(!ignores_hangup(&status("0000000000001000")));
        assert!(!ignores_hangup(""));
    }
}
