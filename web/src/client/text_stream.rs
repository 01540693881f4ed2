//! Text that arrives piece by piece: output of builds and jobs, followed while it is written.

use gloo_net::http::Response;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, TextDecodeOptions, TextDecoder};

use super::http::{AbortGuard, open};
use super::{Answer, ClientError};

/// So many bytes tell whether a text is the one that was read before.
const KNOWN_BYTES: u32 = 64;

/// An open answer. Dropping it closes the connection.
pub(crate) struct TextStream {
    reader: Option<ReadableStreamDefaultReader>,
    decoder: TextDecoder,
    n_bytes: u64,
    n_total_bytes: Option<u64>,
    /// What was read, but not given out yet.
    rest: Option<Uint8Array>,
    last: Vec<u8>,
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
        let (rest, last) = (None, Vec::new());
        Ok(Self {
            reader: reader_of(&response)?,
            decoder,
            n_bytes: 0,
            n_total_bytes,
            rest,
            last,
            _guard: guard,
        })
    }

    /// Takes from the beginning what is known of what comes before; tells whether that is there.
    pub(crate) async fn goes_on_after(&mut self, known: &[u8]) -> Answer<bool> {
        let Some(chunk) = self.chunk().await? else { return Ok(false) };
        let n_known = u32::try_from(known.len()).unwrap_or(u32::MAX);
        self.rest = Some(chunk.subarray(n_known, chunk.length()));
        self.last = known.to_vec();
        Ok(chunk.subarray(0, n_known).to_vec() == known)
    }

    async fn chunk(&mut self) -> Answer<Option<Uint8Array>> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }

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
        chunk.dyn_into().map(Some).map_err(browser)
    }

    /// The next piece, or nothing when the text has ended. A piece may be empty.
    pub(crate) async fn next(&mut self) -> Answer<Option<String>> {
        let Some(chunk) = self.chunk().await? else { return Ok(None) };
        let n = chunk.length();
        if n > 0 {
            self.last = chunk.subarray(n.saturating_sub(KNOWN_BYTES), n).to_vec();
        }
        self.n_bytes = self.n_bytes.saturating_add(u64::from(chunk.length()));
        let options = TextDecodeOptions::new();
        options.set_stream(true);
        self.decoder.decode_with_buffer_source_and_options(&chunk, &options).map(Some).map_err(browser)
    }

    /// The last bytes that have arrived: a text that goes on has them before what comes next.
    pub(crate) fn last(&self) -> &[u8] {
        &self.last
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
