//! The description of this API in OpenAPI 3.1, and its routes in the same table. Schemas are read off
//! example values of the types that are sent, so they cannot say anything else than the program does.

use axum::Json;
use axum::routing::{MethodRouter, delete, get, post, put};
use serde_json::{Map, Value, json};

use super::examples::{self, Example};
use super::{evaluations, generations, library, trainings};
use crate::web::{Web, events};

/// One method of one path.
pub struct Endpoint {
    method: &'static str,
    /// Below `/api/v1`; what stands in braces is a parameter.
    pub path: &'static str,
    /// What answers it.
    pub route: fn() -> MethodRouter<Web>,
    what: &'static str,
    /// An example of the body, for those that have one.
    body: Option<fn() -> Example>,
    /// An example of the query.
    query: Option<fn() -> Example>,
    status: u16,
    /// An example of the answer, for those that have one.
    answer: Option<fn() -> Example>,
}

const fn endpoint(
    method: &'static str,
    path: &'static str,
    route: fn() -> MethodRouter<Web>,
    what: &'static str,
) -> Endpoint {
    Endpoint { method, path, route, what, body: None, query: None, status: 204, answer: None }
}

impl Endpoint {
    const fn answers(self, answer: fn() -> Example) -> Self {
        Self { status: 200, answer: Some(answer), ..self }
    }

    const fn streams(self) -> Self {
        Self { status: 200, ..self }
    }

    const fn takes(self, body: fn() -> Example) -> Self {
        Self { body: Some(body), ..self }
    }

    const fn asked_with(self, query: fn() -> Example) -> Self {
        Self { query: Some(query), ..self }
    }

    const fn accepts(self) -> Self {
        Self { status: 202, answer: Some(examples::accepted), ..self }
    }
}

/// Every endpoint; the body of a file to upload is told apart.
pub const ENDPOINTS: &[Endpoint] = &[
    endpoint(
        "get",
        "/status",
        || get(library::status),
        "The device, the queue, and what is going on",
    )
    .answers(examples::status),
    endpoint(
        "get",
        "/events",
        || get(events::listen),
        "Live events (text/event-stream), a JSON object in each `data`",
    )
    .streams(),
    endpoint("get", "/models", || get(library::models), "Models to draw with")
        .answers(examples::models),
    endpoint(
        "delete",
        "/models/{name}",
        || delete(library::delete_model),
        "Removes a run with all its checkpoints",
    ),
    endpoint("get", "/datasets", || get(library::datasets), "Data sets to learn from")
        .answers(examples::datasets),
    endpoint("get", "/gallery", || get(library::gallery), "What was drawn, the newest first")
        .asked_with(examples::gallery_query)
        .answers(examples::gallery),
    endpoint(
        "get",
        "/gallery/deleted",
        || get(library::deleted),
        "What was deleted within a day and can be brought back",
    )
    .answers(examples::deleted),
    endpoint(
        "delete",
        "/gallery/{image}",
        || delete(library::delete_image),
        "Takes a picture out of the gallery, for good after a day",
    ),
    endpoint(
        "post",
        "/gallery/{image}/restore",
        || post(library::restore_image),
        "Brings a deleted picture back",
    ),
    endpoint("put", "/gallery/{image}/star", || put(library::star), "Stars a picture"),
    endpoint("delete", "/gallery/{image}/star", || delete(library::unstar), "Takes its star off"),
    endpoint(
        "post",
        "/generations",
        || post(generations::begin),
        "Draws; the answer comes at once, the pictures by and by",
    )
    .takes(examples::generation)
    .accepts(),
    endpoint(
        "get",
        "/generations/{job}",
        || get(generations::tell),
        "How a generation stands, and its pictures",
    )
    .answers(examples::generate_view),
    endpoint(
        "post",
        "/jobs/{job}/interrupt",
        || post(generations::interrupt),
        "Ends a job; what is done is kept",
    ),
    endpoint(
        "post",
        "/jobs/{job}/skip",
        || post(generations::skip),
        "Leaves out the batch that is drawn now",
    ),
    endpoint(
        "get",
        "/evaluations",
        || get(evaluations::list),
        "How good models were found, the newest first",
    )
    .asked_with(examples::evaluations_query)
    .answers(examples::evaluations),
    endpoint(
        "post",
        "/evaluations",
        || post(evaluations::begin),
        "Draws pictures and compares them with images, in numbers",
    )
    .takes(examples::evaluation)
    .accepts(),
    endpoint(
        "get",
        "/evaluations/{job}",
        || get(evaluations::tell),
        "How an evaluation stands, and its figures",
    )
    .answers(examples::evaluation_view),
    endpoint("get", "/trainings", || get(trainings::list), "All runs, the newest first")
        .answers(examples::jobs),
    endpoint(
        "post",
        "/trainings",
        || post(trainings::begin),
        "Trains; settings by section over those of `preset`",
    )
    .takes(examples::training)
    .accepts(),
    endpoint("get", "/trainings/{job}", || get(trainings::tell), "How a run stands")
        .answers(examples::train_view),
    endpoint(
        "post",
        "/trainings/{job}/resume",
        || post(trainings::resume),
        "A run that was stopped goes on",
    )
    .accepts(),
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
        let query = self.query.map(|query| query().schema());
        let asked = query.as_ref().and_then(|query| query["properties"].as_object());
        let asked = asked.into_iter().flatten();
        let asked = asked.map(|(name, schema)| parameter(name, "query", false, schema));
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

fn content(example: &Example) -> Value {
    json!({ "application/json": { "schema": example.schema(), "example": example.value } })
}
