//! An HTTP server on tokio's threads, as one writes it for Linux.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task;
use tokio::time;

/// Longest body that is taken or given, in bytes.
const LIMIT: usize = 32 << 20;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let routes = Router::new()
        .route("/", get(|| async { "hello from tokio\n" }))
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/bytes/{count}", get(bytes))
        .route("/sleep/{milliseconds}", get(sleep))
        .route("/sum/{count}", get(sum))
        .route("/file", post(file))
        .layer(DefaultBodyLimit::max(LIMIT));
    let listener = TcpListener::bind("0.0.0.0:8080").await?;
    println!("listening on {}", listener.local_addr()?);
    let mut terminate = signal(SignalKind::terminate())?;
    let end = async move {
        terminate.recv().await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(end).await
}

/// Gives so many bytes of a pattern.
async fn bytes(Path(count): Path<usize>) -> Result<Vec<u8>, StatusCode> {
    if count > LIMIT {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    Ok((0..=250).cycle().take(count).collect())
}

/// Answers after so many milliseconds, by a timer.
async fn sleep(Path(milliseconds): Path<u64>) -> &'static str {
    time::sleep(Duration::from_millis(milliseconds)).await;
    "awake\n"
}

/// Computes on a thread that may block.
async fn sum(Path(count): Path<u64>) -> Result<String, StatusCode> {
    let sum = task::spawn_blocking(move || (1..=count).fold(0_u64, u64::wrapping_add)).await;
    sum.map(|sum| format!("{sum}\n")).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Writes the body to a file, reads that, removes it, and gives what was read.
async fn file(body: Bytes) -> Result<Vec<u8>, (StatusCode, String)> {
    let wrong = |error: std::io::Error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    let path = format!("/tmp/tokio-{:p}", body.as_ptr());
    tokio::fs::write(&path, &body).await.map_err(wrong)?;
    let read = tokio::fs::read(&path).await.map_err(wrong)?;
    tokio::fs::remove_file(&path).await.map_err(wrong)?;
    Ok(read)
}
