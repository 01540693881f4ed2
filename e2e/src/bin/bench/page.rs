//! What the page's first load weighs: index.html and all that it names, as the server sends them to a browser that takes brotli.

use std::collections::BTreeSet;

use anyhow::Context as _;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

use crate::report::{ratio, say};
use crate::stand::Stand;

/// Prints the files and their sum.
pub(crate) async fn measure(stand: &Stand) -> anyhow::Result<()> {
    say("\nThe page's first load, as sent (brotli)                                   bytes");
    let (index, text) = fetch(stand, "/", false).await?;
    if index == 0 {
        return Ok(());
    }
    let mut sum = fetch(stand, "/", true).await?.0;
    tell("/", sum);
    for path in named_files(&text) {
        let (n_bytes, _) = fetch(stand, &path, true).await.with_context(|| format!("cannot load {path}"))?;
        tell(&path, n_bytes);
        sum += n_bytes;
    }
    tell("in all", sum);
    #[expect(clippy::cast_precision_loss, reason = "some hundred kilobytes")]
    let kilobytes = sum as f64 / 1000.0;
    ratio("in all, in KB", kilobytes, "≤ 350");
    Ok(())
}

fn tell(path: &str, n_bytes: usize) {
    say(&format!("  {path:<66} {n_bytes:>8}"));
}

/// The bytes that travel, and the text when it was not asked for compressed.
async fn fetch(stand: &Stand, path: &str, is_compressed: bool) -> anyhow::Result<(usize, String)> {
    let encoding = if is_compressed { "br" } else { "identity" };
    let response = stand.user.page(path).header(ACCEPT_ENCODING, encoding).send().await?;
    if !response.status().is_success() {
        say(&format!("  not measured: {path} answers {}", response.status()));
        return Ok((0, String::new()));
    }
    let is_plain = response.headers().get(CONTENT_ENCODING).is_none();
    let body = response.bytes().await?;
    if is_compressed && is_plain && body.len() > 1000 {
        say(&format!("  ({path} came without compression)"));
    }
    Ok((body.len(), String::from_utf8_lossy(&body).into_owned()))
}

/// Every file that the page names in `href` or `src`, quoted or not.
fn named_files(html: &str) -> BTreeSet<String> {
    let values = ["href=", "src="].into_iter().flat_map(|name| html.split(name).skip(1));
    let paths = values.filter_map(|rest| {
        let rest = rest.trim_start_matches(['"', '\'']);
        let end = rest.find(['"', '\'', ' ', '>'])?;
        rest.get(..end)
    });
    paths.filter(|path| path.starts_with('/') && path.len() > 1).map(ToOwned::to_owned).collect()
}
