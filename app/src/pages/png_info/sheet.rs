//! What stands in a picture.

use leptos::prelude::*;

use super::copy::Copyable;
use crate::api::{InputImage, input_address};
use crate::components::send_to::form_address;

#[component]
pub fn Sheet(image: InputImage) -> impl IntoView {
    let InputImage { name, url, width, height, written_by, parameters, settings, .. } = image;
    let InputImage { texts, form, left_out, .. } = image;
    let has_settings = !parameters.is_empty();
    let to_generate = (!form.is_empty()).then(|| form_address(&form));
    let prompts = [("Prompt", "prompt"), ("Negative prompt", "negative_prompt")];
    let prompts = prompts.map(|(title, key)| {
        let text = form.iter().find(|(known, _)| known == key).map(|(_, text)| text.clone());
        text.map(|text| view! { <Passage title text /> }.into_any())
    });
    view! {
        <div class="sheet">
            <figure class="given">
                <a class="picture" href=url rel="external">
                    <img src=url.clone() width=width height=height alt="The picture that is looked into" />
                </a>
                <figcaption class="help">{format!("{width}×{height} pixels")}</figcaption>
            </figure>
            <div class="sheet-words">
                <p class="written-by">{author(&written_by, has_settings)}</p>
                <div class="actions">
                    {to_generate.map(|href| view! { <a class="button" href=href>"Send to Generate"</a> })}
                    <a class="button" href=input_address("img2img", &name)>"Send to img2img"</a>
                </div>
                <LeftOut left_out />
                {prompts}
                <Settings settings />
                {has_settings.then(|| view! { <Copyable text=parameters /> })}
                <Texts texts />
            </div>
        </div>
    }
    .into_any()
}

fn author(written_by: &str, has_settings: bool) -> String {
    match (has_settings, written_by) {
        (false, _) => "There are no settings in this picture. It may never have had any, or a program that saved it anew has left them out.".into(),
        (true, "") => "This picture tells how it was made.".into(),
        (true, program) => format!("Settings written by {program}."),
    }
}

/// What does not come along to Generate.
#[component]
fn LeftOut(left_out: Vec<String>) -> impl IntoView {
    (!left_out.is_empty()).then(|| {
        view! {
            <div class="passage">
                <h2>"Generate does not take"</h2>
                <ul>{left_out.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}</ul>
            </div>
        }
    })
}

#[component]
fn Passage(title: &'static str, text: String) -> impl IntoView {
    view! {
        <div class="passage">
            <h2>{title}</h2>
            <p class="parameters">{text}</p>
        </div>
    }
}

#[component]
fn Settings(settings: Vec<(String, String)>) -> impl IntoView {
    let row = |(name, value): (String, String)| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{value}</td>
            </tr>
        }
    };
    (!settings.is_empty()).then(|| {
        view! {
            <table class="facts" aria-label="Settings">
                <tbody>{settings.into_iter().map(row).collect_view()}</tbody>
            </table>
        }
    })
}

/// All that the file holds besides, as it stands there.
#[component]
fn Texts(texts: Vec<(String, String)>) -> impl IntoView {
    let count = texts.len();
    let text = |(keyword, text): (String, String)| {
        view! {
            <h2>{keyword}</h2>
            <p class="parameters">{text}</p>
        }
    };
    (count > 0).then(|| {
        view! {
            <details class="fold">
                <summary>{crate::words::plural(count as u64, "text")} " in the file"</summary>
                <div class="passage">{texts.into_iter().map(text).collect_view()}</div>
            </details>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::author;

    #[test]
    fn a_picture_without_settings_is_told_so() {
        assert!(author("", false).starts_with("There are no settings"));
        assert_eq!(author("ComfyUI", true), "Settings written by ComfyUI.");
    }
}
