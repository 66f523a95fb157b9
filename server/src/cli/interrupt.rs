//! Ctrl-C: the first asks to stop, the second ends the program at once.

use crate::{Error, Result};

/// Exit code of a program that was ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Returns once a person or the system asks the program to end.
pub async fn asked_to_end() {
    let ctrl_c = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! { _ = ctrl_c => {}, _ = terminate.recv() => {} }
            }
            // Without that signal there is still Ctrl-C.
            Err(_) => drop(ctrl_c.await),
        }
    }
    #[cfg(not(unix))]
    drop(ctrl_c.await);
}

/// Ends the program when asked again.
pub async fn end_when_asked_again() {
    asked_to_end().await;
    std::process::exit(INTERRUPTED);
}

/// Calls `stop` at the first Ctrl-C, on a thread of its own.
pub fn on_ctrl_c(stop: impl FnOnce() + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Other(format!("Ctrl-C cannot be heard: {error}")))?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            asked_to_end().await;
            eprintln!("stopping after this step; Ctrl-C again ends at once");
            stop();
            end_when_asked_again().await;
        });
    });
    Ok(())
}
