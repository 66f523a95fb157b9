//! One connection that carries many requests, as clients keep it.

use axum::http::StatusCode;
use server::web;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::Setup;

/// What a person's picture in base64 may have.
const BODY: usize = 700_000;

/// The head of an answer whose body is read too; an error when the connection is closed.
async fn answer(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    Ok(head)
}

async fn post(stream: &mut TcpStream, path: &str, more: &str) -> std::io::Result<()> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:7860\r\nContent-Type: application/json\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).await
}

async fn connect(setup: &Setup) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = web::app(setup.web());
    tokio::spawn(async move { axum::serve(listener, site).await });
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a_body_that_nobody_reads_leaves_the_connection_whole() {
    let setup = Setup::idle();
    let stream = &mut connect(&setup).await;
    let body = vec![b' '; BODY];
    let length = format!("Content-Length: {BODY}\r\n");
    for round in 0..20 {
        for (path, status) in [
            ("/sdapi/v1/interrogate", 501),
            ("/sdapi/v1/refresh-checkpoints", 200),
            ("/sdapi/v1/skip", 200),
            ("/sdapi/v1/interrupt", 200),
            ("/sdapi/v1/unload-checkpoint", 200),
            ("/sdapi/v1/train/embedding", 501),
            ("/sdapi/v1/nowhere", 404),
            ("/sdapi/v1/samplers", 405),
            ("/api/v1/nowhere", 404),
        ] {
            let asked = async {
                post(stream, path, &length).await?;
                stream.write_all(&body).await?;
                answer(stream).await
            };
            let head = asked.await.unwrap_or_else(|error| panic!("{path}, round {round}: {error}"));
            assert!(head.starts_with(&format!("http/1.1 {status}")), "{path}: {head}");
        }
    }
}

#[tokio::test]
async fn what_is_too_much_to_read_is_said_to_close_the_connection() {
    let setup = Setup::idle();
    for more in ["Content-Length: 99000000\r\n", "Content-Length: 9\r\nExpect: 100-continue\r\n"] {
        let stream = &mut connect(&setup).await;
        post(stream, "/sdapi/v1/interrogate", more).await.unwrap();
        let head = answer(stream).await.unwrap();
        let status = StatusCode::NOT_IMPLEMENTED.as_u16();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(head.contains("connection: close"), "{head}");
    }
}
