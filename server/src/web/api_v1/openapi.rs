//! The description of this API in OpenAPI 3.1. Schemas are read off example values of the types that
//! are sent, so they cannot say anything else than the program does.

use axum::Json;
use serde_json::{Map, Value, json};

use super::examples;

/// One method of one path.
pub struct Endpoint {
    pub method: &'static str,
    /// Below `/api/v1`; what stands in braces is a parameter.
    pub path: &'static str,
    what: &'static str,
    /// An example of the body, for those that have one.
    body: Option<fn() -> Value>,
    /// An example of the query.
    query: Option<fn() -> Value>,
    status: u16,
    /// An example of the answer, for those that have one.
    answer: Option<fn() -> Value>,
}

const fn endpoint(method: &'static str, path: &'static str, what: &'static str) -> Endpoint {
    Endpoint { method, path, what, body: None, query: None, status: 204, answer: None }
}

impl Endpoint {
    const fn answers(self, answer: fn() -> Value) -> Self {
        Self { status: 200, answer: Some(answer), ..self }
    }

    const fn streams(self) -> Self {
        Self { status: 200, ..self }
    }

    const fn takes(self, body: fn() -> Value) -> Self {
        Self { body: Some(body), ..self }
    }

    const fn asked_with(self, query: fn() -> Value) -> Self {
        Self { query: Some(query), ..self }
    }

    const fn accepts(self) -> Self {
        Self { status: 202, answer: Some(examples::accepted), ..self }
    }
}

/// Every endpoint; the body of a file to upload is told apart.
pub const ENDPOINTS: &[Endpoint] = &[
    endpoint("get", "/status", "The device, the queue, and what is going on")
        .answers(examples::status),
    endpoint("get", "/events", "Live events (text/event-stream), a JSON object in each `data`")
        .streams(),
    endpoint("get", "/models", "Models to draw with").answers(examples::models),
    endpoint("delete", "/models/{name}", "Removes a run with all its checkpoints"),
    endpoint("get", "/datasets", "Data sets to learn from").answers(examples::datasets),
    endpoint("get", "/gallery", "What was drawn, the newest first")
        .asked_with(examples::gallery_query)
        .answers(examples::gallery),
    endpoint("get", "/gallery/deleted", "What was deleted within a day and can be brought back")
        .answers(examples::deleted),
    endpoint(
        "delete",
        "/gallery/{image}",
        "Takes a picture out of the gallery, for good after a day",
    ),
    endpoint("post", "/gallery/{image}/restore", "Brings a deleted picture back"),
    endpoint("put", "/gallery/{image}/star", "Stars a picture"),
    endpoint("delete", "/gallery/{image}/star", "Takes its star off"),
    endpoint("post", "/generations", "Draws; the answer comes at once, the pictures by and by")
        .takes(examples::generation)
        .accepts(),
    endpoint("get", "/generations/{job}", "How a generation stands, and its pictures")
        .answers(examples::generate_view),
    endpoint("post", "/jobs/{job}/interrupt", "Ends a job; what is done is kept"),
    endpoint("post", "/jobs/{job}/skip", "Leaves out the batch that is drawn now"),
    endpoint("get", "/evaluations", "How good models were found, the newest first")
        .asked_with(examples::evaluations_query)
        .answers(examples::evaluations),
    endpoint("post", "/evaluations", "Draws pictures and compares them with images, in numbers")
        .takes(examples::evaluation)
        .accepts(),
    endpoint("get", "/evaluations/{job}", "How an evaluation stands, and its figures")
        .answers(examples::evaluation_view),
    endpoint("get", "/trainings", "All runs, the newest first").answers(examples::jobs),
    endpoint("post", "/trainings", "Trains; settings by section over those of `preset`")
        .takes(examples::training)
        .accepts(),
    endpoint("get", "/trainings/{job}", "How a run stands").answers(examples::train_view),
    endpoint("post", "/trainings/{job}/resume", "A run that was stopped goes on").accepts(),
];

/// `GET /api/v1/openapi.json`
pub async fn document() -> Json<Value> {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = endpoint.operation();
    }
    paths.insert("/inputs".into(), json!({ "post": upload() }));
    Json(json!({
        "openapi": "3.1.0",
        "info": { "title": "Darkroom", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": "/api/v1" }],
        "components": { "securitySchemes": { "password": { "type": "http", "scheme": "basic" } } },
        "security": [{}, { "password": [] }],
        "paths": paths,
    }))
}

impl Endpoint {
    fn operation(&self) -> Value {
        let mut operation = json!({
            "summary": self.what,
            "parameters": self.parameters(),
            "responses": {
                self.status.to_string(): self.response(),
                "4XX": { "description": "What is wrong", "content": content(&examples::fault()) },
            },
        });
        if let Some(body) = self.body {
            operation["requestBody"] = json!({ "required": true, "content": content(&body()) });
        }
        operation
    }

    fn response(&self) -> Value {
        match self.answer {
            Some(answer) => json!({ "description": self.what, "content": content(&answer()) }),
            None => json!({ "description": "Done" }),
        }
    }

    fn parameters(&self) -> Vec<Value> {
        let within = self.path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            let kind = if name == "name" { "string" } else { "integer" };
            Some(parameter(name, "path", true, &json!({ "type": kind })))
        });
        let query = self.query.map(|query| query()).unwrap_or_default();
        let asked = query.as_object().into_iter().flatten();
        let asked = asked.map(|(name, value)| parameter(name, "query", false, &schema(value)));
        within.chain(asked).collect()
    }
}

fn parameter(name: &str, place: &str, required: bool, schema: &Value) -> Value {
    json!({ "name": name, "in": place, "required": required, "schema": schema })
}

fn upload() -> Value {
    let file = json!({ "type": "string", "format": "binary" });
    let form = json!({ "type": "object", "properties": { "file": file }, "required": ["file"] });
    json!({
        "summary": "Gives an image, to be named by `init_image` or `mask` of a generation",
        "requestBody": {
            "required": true, "content": { "multipart/form-data": { "schema": form } },
        },
        "responses": {
            "200": { "description": "The image", "content": content(&examples::input()) },
            "4XX": { "description": "What is wrong" },
        },
    })
}

fn content(example: &Value) -> Value {
    json!({ "application/json": { "schema": schema(example), "example": example } })
}

/// What values like `example` look like.
fn schema(example: &Value) -> Value {
    match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(_) => json!({ "type": "string" }),
        Value::Array(items) => {
            json!({ "type": "array", "items": items.first().map_or(json!({}), schema) })
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), schema(value)));
            json!({ "type": "object", "properties": fields.collect::<Map<_, _>>() })
        }
    }
}
