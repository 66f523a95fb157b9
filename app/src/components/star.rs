//! Marking a picture that one wants to find again.

use leptos::task::spawn_local;

use super::form_fault::FormFault;
use crate::api::{self, ImageId};

/// Stars `image` or takes its star away. `mark` shows it at once, and as it was if the server refuses.
pub fn star(image: ImageId, starred: bool, fault: FormFault, mark: impl Fn(bool) + 'static) {
    mark(starred);
    spawn_local(async move {
        if let Err(error) = api::star(image, starred).await {
            mark(!starred);
            fault.set(error);
        }
    });
}
