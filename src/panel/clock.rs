//! The time of the browser's clock.

use crate::saved_runs::Timestamp;

/// Returns the time now.
pub fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as i64)
}
