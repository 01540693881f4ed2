//! Where a request came from.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;

use crate::config::{HttpConfig, Network, is_in};
use crate::services::sessions::Client;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Who asks, for the record and for the count of failed sign-ins.
pub fn client_of(request: &HttpRequest, http: &HttpConfig) -> Client {
    let user_agent =
        request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let address = origin_of(request, http).map(|(address, _)| address.to_string()).unwrap_or_default();
    Client::new(user_agent, address)
}

/// Whether the service's numbers may be read from where a request came from. One that was passed on by a proxy nobody trusts
/// may come from anywhere.
pub fn may_read_metrics(request: &HttpRequest, http: &HttpConfig) -> bool {
    origin_of(request, http).is_some_and(|(address, is_sure)| is_sure && is_in(&http.metrics_from, address))
}

/// The address a request came from, and whether nobody else says that it was passed on.
fn origin_of(request: &HttpRequest, http: &HttpConfig) -> Option<(IpAddr, bool)> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let headers = request.headers().get_all(FORWARDED_FOR);
    let said: Vec<&str> =
        headers.map(|value| value.to_str().unwrap_or("?")).flat_map(|text| text.split(',')).collect();
    Some(origin(peer, &said, &http.trusted_proxies))
}

/// Each proxy adds at the end whom it was asked by. From there on the addresses are believed as long as it is a trusted proxy
/// that said them: any client can write the beginning.
fn origin(peer: IpAddr, said: &[&str], trusted: &[Network]) -> (IpAddr, bool) {
    let mut address = peer;
    for (n_left, text) in said.iter().enumerate().rev() {
        if !is_in(trusted, address) {
            // A client's own words, if one of ours was asked by it; else a proxy that nobody trusts.
            return (address, n_left + 1 < said.len());
        }
        match text.trim().parse::<IpAddr>() {
            Ok(before) => address = before.to_canonical(),
            Err(_) => return (address, false),
        }
    }
    (address, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, said: &[&str], expected: (&str, bool)) {
        let trusted = ["10.0.0.0/8", "::1"].map(|text| text.parse().unwrap());
        let (address, is_sure) = origin(peer.parse().unwrap(), said, &trusted);
        assert_eq!((address.to_string().as_str(), is_sure), expected, "{peer} {said:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.1", &[], ("192.0.2.1", true));
        check("192.0.2.1", &["127.0.0.1"], ("192.0.2.1", false));
        check("10.0.0.1", &["192.0.2.7"], ("192.0.2.7", true));
        check("::1", &["192.0.2.7"], ("192.0.2.7", true));
        check("10.0.0.1", &["127.0.0.1", " 192.0.2.7"], ("192.0.2.7", true));
        check("10.0.0.1", &["192.0.2.7", "10.0.0.2"], ("192.0.2.7", true));
        check("10.0.0.1", &["::ffff:192.0.2.7"], ("192.0.2.7", true));
        check("10.0.0.1", &["nonsense"], ("10.0.0.1", false));
        check("10.0.0.1", &[], ("10.0.0.1", true));
    }
}
