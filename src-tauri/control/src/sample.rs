//! The sample API: a backend to try everything against, offline. `gatepost demo` runs it, and so does the first-run
//! walk.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use http::{HeaderMap, Method, StatusCode, Uri};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::{Stream, StreamExt};

/// Where the sample API listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 9000;
/// Largest body that `/echo` and `POST /posts` take, in bytes.
const MAX_BODY: usize = 1 << 20;
/// Longest that `/slow` waits.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Its routes.
pub fn router() -> Router {
    Router::new()
        .route("/", get(index))
        .route("/posts", get(list_posts).post(new_post))
        .route("/posts/{id}", get(one_post).put(new_post).patch(new_post).delete(gone_post))
        .route("/users", get(list_users))
        .route("/users/{id}", get(one_user))
        .route("/echo", any(echo))
        .route("/echo/{*rest}", any(echo))
        .route("/slow", get(slow))
        .route("/status/{code}", any(status))
        .route("/bytes/{count}", get(bytes))
        .route("/sse", get(events))
        .route("/ws", get(socket))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// Serves it on 127.0.0.1 until `stop` resolves.
pub async fn serve(
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router()).with_graceful_shutdown(stop).await
}

/// The sample API as part of the program: started and stopped from the console.
#[derive(Default)]
pub struct Sample(Mutex<Option<Running>>);

struct Running {
    address: SocketAddr,
    /// Dropping it stops the server.
    _stop: oneshot::Sender<()>,
}

impl Sample {
    /// Where it runs, when it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.lock().as_ref().map(|running| running.address)
    }

    /// Starts it on port 9000, or on a free port when that is taken. Running already, it stays as it is.
    pub async fn start(&self) -> std::io::Result<SocketAddr> {
        if let Some(address) = self.address() {
            return Ok(address);
        }
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, DEFAULT_PORT)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
        };
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let stopped = async move {
                // Sent or dropped: either way the server stops.
                let _ = stopped.await;
            };
            if let Err(error) = serve(listener, stopped).await {
                tracing::warn!(%error, "the sample API ended");
            }
        });
        *self.0.lock() = Some(Running { address, _stop: stop });
        Ok(address)
    }

    /// Stops it.
    pub fn stop(&self) {
        self.0.lock().take();
    }
}

fn posts() -> Vec<Value> {
    parse(include_str!("../../../assets/sample/posts.json"))
}

fn users() -> Vec<Value> {
    parse(include_str!("../../../assets/sample/users.json"))
}

fn parse(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_default()
}

async fn index() -> Json<Value> {
    Json(json!({
        "name": "Gatepost sample API",
        "try": ["/posts", "/posts/1", "/users", "/echo", "/slow?ms=500", "/status/503", "/bytes/1024", "/sse", "/ws"]
    }))
}

async fn list_posts(Query(filter): Query<BTreeMap<String, String>>) -> Json<Vec<Value>> {
    let mut posts = posts();
    if let Some(user) = filter.get("user_id") {
        posts.retain(|post| post["user_id"].as_u64() == user.parse().ok());
    }
    Json(posts)
}

async fn one_post(Path(id): Path<u64>) -> Response {
    one_of(posts(), id)
}

async fn list_users() -> Json<Vec<Value>> {
    Json(users())
}

async fn one_user(Path(id): Path<u64>) -> Response {
    one_of(users(), id)
}

fn one_of(all: Vec<Value>, id: u64) -> Response {
    match all.into_iter().find(|one| one["id"] == id) {
        Some(one) => Json(one).into_response(),
        None => {
            (StatusCode::NOT_FOUND, Json(json!({"error": "There is none with this number"}))).into_response()
        }
    }
}

/// Answers as a backend that stores would; nothing is stored, so every run of a test finds the same data.
async fn new_post(method: Method, id: Option<Path<u64>>, Json(mut post): Json<Value>) -> Response {
    let Some(members) = post.as_object_mut() else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "A post is a JSON object"}))).into_response();
    };
    let id = id.map_or(posts().len() as u64 + 1, |Path(id)| id);
    members.insert("id".into(), id.into());
    let status = if method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
    (status, Json(post)).into_response()
}

async fn gone_post(Path(_): Path<u64>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// What arrived, as JSON: to see what the gateway made of a request.
async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Json<Value> {
    let headers: Vec<[String; 2]> = headers
        .iter()
        .map(|(name, value)| [name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()])
        .collect();
    Json(json!({
        "method": method.as_str(), "path": uri.path(), "query": uri.query(), "headers": headers,
        "body": String::from_utf8_lossy(&body), "body_bytes": body.len()
    }))
}

#[derive(Deserialize)]
struct Wait {
    #[serde(default = "one_second")]
    ms: u64,
}

fn one_second() -> u64 {
    1_000
}

async fn slow(Query(wait): Query<Wait>) -> Json<Value> {
    let waited = Duration::from_millis(wait.ms).min(MAX_WAIT);
    tokio::time::sleep(waited).await;
    Json(json!({"waited_ms": waited.as_millis() as u64}))
}

async fn status(Path(code): Path<u16>) -> Response {
    match StatusCode::from_u16(code).ok().filter(|code| code.as_u16() >= 200) {
        Some(code) if matches!(code.as_u16(), 204 | 304) => code.into_response(),
        Some(code) => (code, Json(json!({"status": code.as_u16()}))).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "A status is 200 to 999"}))).into_response(),
    }
}

async fn bytes(Path(count): Path<usize>) -> Response {
    const MOST: usize = 100 << 20;
    const PIECE: usize = 64 << 10;
    let count = count.min(MOST);
    let pieces =
        (0..count).step_by(PIECE).map(move |at| Ok::<_, std::io::Error>(vec![b'x'; PIECE.min(count - at)]));
    let mut response = Response::new(Body::from_stream(tokio_stream::iter(pieces)));
    response.headers_mut().insert(http::header::CONTENT_LENGTH, count.into());
    response
}

/// Ten events, ten a second.
async fn events() -> Sse<impl Stream<Item = Result<Event, std::convert::Infallible>>> {
    let ticks = tokio_stream::iter(1..=10u32).throttle(Duration::from_millis(100));
    Sse::new(ticks.map(|n| Ok(Event::default().id(n.to_string()).data(format!("{{\"tick\":{n}}}")))))
}

/// Sends back what it receives.
async fn socket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MAX_BODY).on_upgrade(|mut socket: WebSocket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn get(path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).expect("valid");
        let response = router().oneshot(request).await.expect("infallible");
        let status = response.status();
        let body = response.into_body().collect().await.expect("whole").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    #[tokio::test]
    async fn has_posts_users_and_statuses() {
        assert_eq!(get("/posts").await.1.as_array().map(Vec::len), Some(10));
        assert_eq!(get("/posts/1").await.1["id"], 1);
        assert_eq!(get("/posts/99").await.0, StatusCode::NOT_FOUND);
        assert_eq!(get("/users").await.1.as_array().map(Vec::len), Some(5));
        assert_eq!(get("/status/418").await.0, StatusCode::IM_A_TEAPOT);
        assert_eq!(get("/echo/a?b=c").await.1["query"], "b=c");
    }
}
