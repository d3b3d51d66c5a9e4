//! The files that pages load: compiled in, so that the program is one file.

use std::sync::LazyLock;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::given::At;
use crate::problem::Problem;

struct File {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    tag: String,
}

static FILES: LazyLock<[File; 4]> = LazyLock::new(|| {
    [
        ("portal.css", "text/css; charset=utf-8", include_bytes!("../static/portal.css").as_slice()),
        ("portal.js", "text/javascript; charset=utf-8", include_bytes!("../static/portal.js")),
        ("htmx.min.js", "text/javascript; charset=utf-8", include_bytes!("../static/htmx.min.js")),
        ("icon.svg", "image/svg+xml", include_bytes!("../static/icon.svg")),
    ]
    .map(|(name, kind, content)| {
        let hash = Sha256::digest(content);
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        File { name, kind, content, tag: format!("\"{hash}\"") }
    })
});

/// A file, unless the browser has it.
pub(crate) async fn file(At(name): At<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let file = FILES.iter().find(|file| file.name == name).ok_or(Problem::NoPage)?;
    let about = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, &file.tag), (header::CONTENT_TYPE, file.kind)];
    let has = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    if has == Some(&file.tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    Ok((about, file.content).into_response())
}
