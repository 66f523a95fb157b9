//! Darkroom's own REST API.

use app::api::{JobState, Studio};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{Answer, Setup, Site, multipart, png, wait};

async fn ask(site: &Site, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let request = Request::builder()
        .method(method.to_uppercase().as_str())
        .uri(format!("/api/v1{path}"))
        .header(header::HOST, "localhost:7860")
        .header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    site.ask(request.body(body).unwrap()).await
}

#[tokio::test]
async fn every_described_path_is_there() {
    let setup = Setup::idle();
    let site = setup.site();
    let document = ask(&site, "get", "/openapi.json", None).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 14, "{paths:?}");
    let methods = paths.iter().flat_map(|(path, operations)| {
        operations.as_object().unwrap().keys().map(move |method| (path.as_str(), method.as_str()))
    });
    // The stream of events does not end by itself.
    for (path, method) in methods.filter(|(path, _)| *path != "/events") {
        let real = path.replace("{name}", "nobody").replace("{job}", "99").replace("{image}", "99");
        let answer = ask(&site, method, &real, None).await;
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert!(!answer.text().contains("nothing here"), "{method} {path}: {}", answer.text());
    }
    let unknown = ask(&site, "get", "/nowhere", None).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.json()["error"].as_str().unwrap().contains("openapi.json"));
}

/// Every schema in `part`, and those within them.
fn schemas<'a>(part: &'a Value, found: &mut Vec<&'a Value>) {
    let fields = part.as_object().into_iter().flatten().filter(|(name, _)| *name != "example");
    for (name, field) in fields {
        match (name.as_str(), field.as_object()) {
            ("schema" | "items", _) => found.push(field),
            ("properties", Some(fields)) => found.extend(fields.values()),
            _ => {}
        }
        schemas(field, found);
    }
    for item in part.as_array().into_iter().flatten() {
        schemas(item, found);
    }
}

#[tokio::test]
async fn every_schema_has_types_of_json_schema() {
    const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];
    let setup = Setup::idle();
    let document = ask(&setup.site(), "get", "/openapi.json", None).await.json();
    let mut all = Vec::new();
    schemas(&document["paths"], &mut all);
    assert!(all.len() > 100, "{}", all.len());
    for schema in all {
        let kinds = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.clone(),
            kind => kind.cloned().into_iter().collect(),
        };
        let is_known = |kind: &Value| kind.as_str().is_some_and(|kind| TYPES.contains(&kind));
        assert!(kinds.iter().all(is_known), "{schema}");
    }
    let datasets = &document["paths"]["/datasets"]["get"]["responses"]["200"]["content"];
    let of_one = &datasets["application/json"]["schema"]["items"]["properties"];
    assert_eq!(of_one["undo"]["type"], json!(["string", "null"]));
}

/// Whether `value` is as `schema` says.
fn fits(schema: &Value, value: &Value) -> bool {
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    kinds.iter().any(|kind| match kind.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => {
            value.as_array().is_some_and(|all| all.iter().all(|one| fits(&schema["items"], one)))
        }
        Some("object") => value.as_object().is_some_and(|fields| {
            fields.iter().all(|(name, field)| fits(&schema["properties"][name], field))
        }),
        // Nothing is said of it.
        _ => schema.is_object(),
    })
}

#[tokio::test]
async fn answers_are_as_they_are_described() {
    let setup = Setup::idle();
    let site = setup.site();
    let document = ask(&site, "get", "/openapi.json", None).await.json();
    let described = |path: &str, method: &str| {
        let answers = &document["paths"][path][method]["responses"];
        answers["200"]["content"]["application/json"]["schema"].clone()
    };
    let run = setup.studio.train(setup.tiny("waits", 4)).await.unwrap();
    let body = json!({ "model": "digits" });
    let drawing = ask(&site, "post", "/generations", Some(&body)).await.json()["job"].clone();
    let measure = ask(&site, "post", "/evaluations", Some(&body)).await.json()["job"].clone();
    // Jobs that wait have none of what may be null.
    for (path, number) in [
        ("/status", json!(0)),
        ("/models", json!(0)),
        ("/datasets", json!(0)),
        ("/gallery", json!(0)),
        ("/evaluations", json!(0)),
        ("/trainings", json!(0)),
        ("/generations/{job}", drawing),
        ("/trainings/{job}", json!(run)),
        ("/evaluations/{job}", measure),
    ] {
        let real = path.replace("{job}", &number.to_string());
        let answer = ask(&site, "get", &real, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert!(fits(&described(path, "get"), &answer.json()), "{path}: {}", answer.text());
    }
    let generation = described("/generations/{job}", "get");
    for (field, kind) in [
        ("grid_url", json!(["string", "null"])),
        ("preview_url", json!(["string", "null"])),
        ("step", json!("integer")),
    ] {
        assert_eq!(generation["properties"][field]["type"], kind, "{field}");
    }
    let point = &described("/trainings/{job}", "get")["properties"]["curve"]["items"]["properties"];
    assert_eq!(point["buckets"]["items"]["type"], json!(["number", "null"]));
}

#[tokio::test]
async fn whatever_is_wrong_is_told_in_one_form() {
    let setup = Setup::idle();
    let site = setup.site();
    for (method, path, status, word) in [
        ("get", "/generations/abc", 400, "abc"),
        ("get", "/gallery?offset=-1", 400, "offset"),
        ("get", "/evaluations/1.5", 400, "1.5"),
        ("post", "/jobs/99999/skip", 404, "99999"),
        ("post", "/jobs/99999/interrupt", 404, "99999"),
        ("delete", "/status", 405, "openapi.json"),
        ("get", "/nowhere", 404, "openapi.json"),
    ] {
        let answer = ask(&site, method, path, None).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let told = answer.json();
        assert!(told["fields"].is_array(), "{method} {path}: {told}");
        assert!(told["error"].as_str().unwrap().contains(word), "{method} {path}: {told}");
    }
}

#[tokio::test]
async fn schemas_say_what_settings_are() {
    let setup = Setup::idle();
    let document = ask(&setup.site(), "get", "/openapi.json", None).await.json();
    let body = &document["paths"]["/generations"]["post"]["requestBody"]["content"];
    let settings = &body["application/json"]["schema"]["properties"];
    for (field, kind) in
        [("steps", "integer"), ("eta", "number"), ("tiling", "boolean"), ("sampler", "string")]
    {
        assert_eq!(settings[field]["type"], kind, "{field}");
    }
    assert_eq!(settings.as_object().unwrap().len(), engine::config::GenerateSettings::KEYS.len());
}

#[tokio::test]
async fn a_program_draws_and_looks_through_the_gallery() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let upload = site.upload("/api/v1/inputs", "*/*", multipart(&[], ("a.png", &png(5)))).await;
    let body = json!({
        "model": "painter", "steps": 4, "batch_size": 2, "seed": 7,
        "init_image": upload.json()["name"], "denoising_strength": 0.5,
    });
    let begun = ask(&site, "post", "/generations", Some(&body)).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    let job = begun.json()["job"].as_i64().unwrap();
    assert_eq!(begun.header(header::LOCATION), format!("/api/v1/generations/{job}"));
    let path = format!("/generations/{job}");
    let told = async || ask(&site, "get", &path, None).await.json();
    wait(async || told().await["job"]["state"] == json!(JobState::Done)).await;
    assert_eq!(told().await["images"].as_array().unwrap().len(), 2);

    let image = told().await["images"][0]["id"].as_i64().unwrap();
    let star = format!("/gallery/{image}/star");
    assert_eq!(ask(&site, "put", &star, None).await.status, StatusCode::NO_CONTENT);
    let starred = ask(&site, "get", "/gallery?starred=true", None).await.json();
    assert_eq!(
        (&starred["total"], &starred["images"][0]["image"]["id"]),
        (&json!(1), &json!(image))
    );
    ask(&site, "delete", &format!("/gallery/{image}"), None).await;
    assert_eq!(ask(&site, "get", "/gallery", None).await.json()["total"], 1);
    let deleted = ask(&site, "get", "/gallery/deleted", None).await.json();
    assert_eq!((&deleted["total"], &deleted["images"][0]["id"]), (&json!(1), &json!(image)));
    let restore =
        async |image| ask(&site, "post", &format!("/gallery/{image}/restore"), None).await.status;
    assert_eq!(restore(image).await, StatusCode::NO_CONTENT);
    assert_eq!(ask(&site, "get", "/gallery", None).await.json()["total"], 2);
    assert_eq!(restore(99_999).await, StatusCode::NOT_FOUND);
    let interrupt = format!("/jobs/{job}/interrupt");
    assert_eq!(ask(&site, "post", &interrupt, None).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_program_trains() {
    let setup = Setup::working();
    let site = setup.site();
    let config = serde_json::to_value(setup.tiny("taught", 4)).unwrap();
    let begun = ask(&site, "post", "/trainings", Some(&config)).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    let job = begun.json()["job"].as_i64().unwrap();
    setup.training_over(job).await;
    let told = ask(&site, "get", &format!("/trainings/{job}"), None).await.json();
    assert_eq!((&told["job"]["state"], &told["figures"]["step"]), (&json!("Done"), &json!(4)));
    let again = ask(&site, "post", &format!("/trainings/{job}/resume"), None).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text());
    let removed = ask(&site, "delete", "/models/taught", None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let models = ask(&site, "get", "/models", None).await.json();
    assert!(models.as_array().unwrap().iter().all(|model| model["name"] != "taught"));
}

#[tokio::test]
async fn a_program_measures_a_model() {
    let setup = Setup::working();
    setup.trained("measured").await;
    let site = setup.site();
    let body = json!({ "model": "measured", "count": 8, "steps": 2, "sampler": "DDIM" });
    let begun = ask(&site, "post", "/evaluations", Some(&body)).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    let path = format!("/evaluations/{}", begun.json()["job"]);
    assert_eq!(begun.header(header::LOCATION), format!("/api/v1{path}"));
    let told = async || ask(&site, "get", &path, None).await.json();
    wait(async || told().await["job"]["state"] == json!(JobState::Done)).await;
    assert_eq!(told().await["figures"]["judge"], "measured");
    let all = async |model: &str| {
        ask(&site, "get", &format!("/evaluations?model={model}"), None).await.json()
    };
    assert_eq!(all("measured").await.as_array().unwrap().len(), 1);
    assert!(all("digits").await.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_told_by_field() {
    let setup = Setup::idle();
    let site = setup.site();
    for (path, body, field) in [
        ("/generations", json!({ "model": "nobody" }), "model"),
        ("/generations", json!({ "steps": 0 }), "steps"),
        ("/generations", json!({ "stepz": 1 }), "stepz"),
        ("/trainings", json!({ "train_params": { "lr": 5 } }), "train_params.lr"),
        ("/evaluations", json!({ "model": "digits", "count": 3 }), "count"),
        ("/evaluations", json!({ "model": "digits", "featurez": "" }), "featurez"),
        ("/evaluations", json!({ "model": "digits", "features": "/nowhere" }), "features"),
    ] {
        let answer = ask(&site, "post", path, Some(&body)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
        let fields = answer.json()["fields"].clone();
        assert!(fields.as_array().unwrap().iter().any(|fault| fault["field"] == field), "{fields}");
    }
    let none = ask(&site, "post", "/generations", Some(&json!([1]))).await;
    assert!(none.status.is_client_error() && none.json()["error"].is_string());
}
