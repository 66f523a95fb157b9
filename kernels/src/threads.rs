//! One pool of threads, not two that fight.

/// Keeps candle from its own pool for element-wise operations: its threads spin while they wait,
/// which takes the cores from ours. Measured on two busy cores, training was a third faster without.
///
/// Call it first thing in `main`, before any thread is started.
pub fn use_one_pool() {
    const VARIABLE: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(VARIABLE).is_none() {
        // SAFETY: no other thread runs yet, so none reads the environment meanwhile.
        unsafe { std::env::set_var(VARIABLE, "1") }
    }
}
