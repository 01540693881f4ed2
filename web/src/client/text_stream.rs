//! Text that arrives piece by piece: output of builds and jobs, followed while it is written.

use gloo_net::http::Response;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, TextDecodeOptions, TextDecoder};

use super::http::{AbortGuard, open};
use super::{Answer, ClientError};

/// An open answer. Dropping it closes the connection.
pub(crate) struct TextStream {
    reader: Option<ReadableStreamDefaultReader>,
    decoder: TextDecoder,
    n_bytes: u64,
    n_total_bytes: Option<u64>,
    _guard: AbortGuard,
}

impl TextStream {
    /// Opens what is at `path`, query included.
    pub(super) async fn open(path: &str) -> Answer<Self> {
        let guard = AbortGuard::new();
        let response = open(path, &guard).await?;
        let n_total_bytes = response.headers().get("x-total-bytes").and_then(|value| value.parse().ok());
        // Bytes that are no UTF-8 become U+FFFD; a program may print anything.
        let decoder = TextDecoder::new().map_err(browser)?;
        Ok(Self { reader: reader_of(&response)?, decoder, n_bytes: 0, n_total_bytes, _guard: guard })
    }

    /// The next piece, or nothing when the text has ended. A piece may be empty.
    pub(crate) async fn next(&mut self) -> Answer<Option<String>> {
        let Some(reader) = &self.reader else { return Ok(None) };
        let result = JsFuture::from(reader.read()).await.map_err(|error| {
            let is_abort = Reflect::get(&error, &JsValue::from_str("name"))
                .is_ok_and(|name| name.as_string().as_deref() == Some("AbortError"));
            if is_abort { ClientError::Aborted } else { ClientError::Offline }
        })?;
        let is_done = Reflect::get(&result, &JsValue::from_str("done")).is_ok_and(|done| done.is_truthy());
        if is_done {
            self.reader = None;
            return Ok(None);
        }
        let chunk = Reflect::get(&result, &JsValue::from_str("value")).map_err(browser)?;
        let chunk: Uint8Array = chunk.dyn_into().map_err(browser)?;
        self.n_bytes = self.n_bytes.saturating_add(u64::from(chunk.length()));
        let options = TextDecodeOptions::new();
        options.set_stream(true);
        self.decoder.decode_with_buffer_source_and_options(&chunk, &options).map(Some).map_err(browser)
    }

    /// Bytes that have arrived: the offset from where to go on, relative to where this one began.
    pub(crate) const fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Bytes there were in all when the answer began, if the server said so.
    pub(crate) const fn n_total_bytes(&self) -> Option<u64> {
        self.n_total_bytes
    }
}

fn reader_of(response: &Response) -> Answer<Option<ReadableStreamDefaultReader>> {
    let Some(body) = response.body() else { return Ok(None) };
    body.get_reader()
        .dyn_into()
        .map(Some)
        .map_err(|_| ClientError::Browser("the browser cannot read streams".to_owned()))
}

fn browser(error: impl Into<JsValue>) -> ClientError {
    let error: JsValue = error.into();
    ClientError::Browser(
        error.as_string().unwrap_or_else(|| "the browser could not read the answer".to_owned()),
    )
}
