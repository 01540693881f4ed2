//! Uploads by `XMLHttpRequest`, since `fetch` cannot say how much has left.

use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, ProgressEvent, XmlHttpRequest};

use super::http::{BASE, PAGE_HEADER, SignIns, error_of};
use super::{Answer, ClientError, json};

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct UploadProgress {
    /// Bytes that have left the browser.
    pub(crate) n_sent: u64,
    /// Bytes in all.
    pub(crate) n_total: u64,
}

impl UploadProgress {
    /// From 0 to 100.
    pub(crate) const fn percent(self) -> u64 {
        match self.n_sent.saturating_mul(100).checked_div(self.n_total) {
            Some(percent) => percent,
            None => 0,
        }
    }

    /// All has left; the host is still unpacking.
    pub(crate) const fn is_sent(self) -> bool {
        self.n_total > 0 && self.n_sent >= self.n_total
    }
}

/// Stops an upload from elsewhere.
#[derive(Clone)]
pub(crate) struct UploadAbort(Rc<XmlHttpRequest>);

impl UploadAbort {
    /// Stops it. An upload that has ended already is left as it is.
    pub(crate) fn abort(&self) {
        // An error here means that there is nothing left to stop.
        let _ = self.0.abort();
    }
}

/// An upload on its way.
pub(crate) struct Upload {
    xhr: Rc<XmlHttpRequest>,
    ended: Promise,
    sign_ins: SignIns,
    _on_progress: Closure<dyn FnMut(ProgressEvent)>,
}

impl Upload {
    /// Begins to send `form` to `path`.
    pub(super) fn start(
        path: &str,
        form: &FormData,
        mut on_progress: impl FnMut(UploadProgress) + 'static,
    ) -> Answer<Self> {
        let xhr = Rc::new(XmlHttpRequest::new().map_err(browser)?);
        xhr.open("POST", &format!("{BASE}{path}")).map_err(browser)?;
        xhr.set_request_header(PAGE_HEADER.0, PAGE_HEADER.1).map_err(browser)?;
        xhr.set_request_header("Accept", "application/json").map_err(browser)?;
        let on_progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
            on_progress(UploadProgress { n_sent: event.loaded() as u64, n_total: event.total() as u64 });
        });
        if let Ok(upload) = xhr.upload() {
            upload.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
        }
        // `loadend` comes after success, failure and abortion alike; which it was is read from the request.
        let ended =
            Promise::new(&mut |resolve: Function, _reject: Function| xhr.set_onloadend(Some(&resolve)));
        xhr.send_with_opt_form_data(Some(form)).map_err(browser)?;
        Ok(Self { xhr, ended, sign_ins: SignIns::so_far(), _on_progress: on_progress })
    }

    /// Stops this upload from elsewhere.
    pub(crate) fn abort_handle(&self) -> UploadAbort {
        UploadAbort(Rc::clone(&self.xhr))
    }

    /// Waits for the server's answer.
    pub(crate) async fn finish<T: serde::de::DeserializeOwned>(self) -> Answer<T> {
        let ended = JsFuture::from(self.ended.clone()).await.map_err(browser)?;
        let ended: ProgressEvent = ended.unchecked_into();
        let status = self.xhr.status().unwrap_or(0);
        if status == 0 {
            // No status: cut off by the user, or by the network. An aborted request has lost its state, too.
            return Err(if self.xhr.ready_state() == 0 && ended.loaded() == 0.0 {
                ClientError::Aborted
            } else {
                ClientError::Offline
            });
        }
        let body = self.xhr.response_text().ok().flatten().unwrap_or_default();
        if (200..300).contains(&status) {
            json::read(&body).map_err(|_| ClientError::Unreadable { status })
        } else {
            Err(error_of(status, &body, self.sign_ins))
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.xhr.ready_state() != XmlHttpRequest::DONE {
            let _ = self.xhr.abort();
        }
    }
}

fn browser(error: JsValue) -> ClientError {
    ClientError::Browser(
        error.as_string().unwrap_or_else(|| "the browser could not send the file".to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_part_of_the_whole() {
        assert_eq!(UploadProgress::default().percent(), 0);
        let half = UploadProgress { n_sent: 5, n_total: 10 };
        assert_eq!((half.percent(), half.is_sent()), (50, false));
        assert!(UploadProgress { n_sent: 10, n_total: 10 }.is_sent());
    }
}
