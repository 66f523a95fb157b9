//! Files that a form takes along, picked or dropped, and how much of them has been sent.

use engine::config::name_fault;
use leptos::html;
use leptos::prelude::*;
use web_sys::FileList;

use super::drop_zone::DropZone;
use super::field::Fault;
use super::progress::ProgressBar;
use super::sending::Sent;
use super::show::Show;

/// The file input called `name`, and around it a place to drop files on.
#[component]
pub fn FileField(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    /// Endings of names, separated by commas.
    accept: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional)] multiple: bool,
    help: &'static str,
    #[prop(into)] fault: Signal<Option<String>>,
    /// Called with the name of a file that comes alone.
    #[prop(into)]
    on_file: Callback<String>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let told = move |files: &FileList| {
        if let (1, Some(file)) = (files.length(), files.get(0)) {
            on_file.run(file.name());
        }
    };
    let drop = move |files: FileList| {
        if let Some(input) = input.get_untracked() {
            input.set_files(Some(&files));
            told(&files);
        }
    };
    let change = move |_| {
        if let Some(files) = input.get_untracked().and_then(|input| input.files()) {
            told(&files);
        }
    };
    let help_id = format!("{id}-help");
    view! {
        <DropZone on_files=drop>
            <label for=id>{label}</label>
            <input
                id=id
                node_ref=input
                type="file"
                name=name
                accept=accept
                required=required
                multiple=multiple
                aria-describedby=help_id.clone()
                on:change=change
            />
            <p class="help" id=help_id>
                {help} " "
                <span class="needs-script">{if multiple { "Or drop them here." } else { "Or drop it here." }}</span>
            </p>
            <Fault id fault />
        </DropZone>
    }
    .into_any()
}

/// How far a form is on its way; `after` says what the server does once it has it all.
#[component]
pub fn SendingBar(sent: Sent, after: &'static str) -> impl IntoView {
    let fraction = Signal::derive(move || sent.get().unwrap_or(0.0));
    let words = move || match sent.get() {
        Some(sent) if sent < 1.0 => format!("{:.0} % sent", sent * 100.0),
        _ => after.into(),
    };
    view! {
        <Show when=move || sent.get().is_some()>
            <ProgressBar label="Upload progress" fraction running=true />
            <p class="figures" role="status">{words}</p>
        </Show>
    }
}

/// `My leaves.tar.gz` as `My-leaves`, given the `endings` that a file may have, longer ones first;
/// empty if no name can be made of it.
pub fn name_from(file: &str, endings: &str) -> String {
    let stem = endings.split(',').find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = stem.chars().map(|c| if fits(c) { c } else { '-' }).take(64).collect();
    let name = name.trim_matches(['-', '.']).to_string();
    if name_fault(&name).is_none() { name } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::name_from;

    #[test]
    fn a_file_name_gives_a_name_that_will_do() {
        for (file, name) in [
            ("leaves.zip", "leaves"),
            ("My leaves.tar.gz", "My-leaves"),
            (".hidden.zip", "hidden"),
            ("é.zip", ""),
            ("a.b.tgz", "a.b"),
        ] {
            assert_eq!(name_from(file, ".zip,.tar,.tar.gz,.tgz,.gz"), name, "{file}");
        }
    }
}
