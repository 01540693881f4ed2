//! Where a job is submitted to.

use super::{ValueError, text_value};

text_value! {
    /// A queue (`-q`), perhaps at another server: `workq`, `long@pbs2` or `@pbs2` (that server's default queue).
    ///
    /// ```
    /// use pbsweb_shared::script::values::QueueName;
    /// let queue: QueueName = "long@pbs2.site:15001".parse().unwrap();
    /// assert_eq!((queue.queue(), queue.server()), ("long", Some("pbs2.site:15001")));
    /// ```
    QueueName, |text| {
        let (queue, server) = text.split_once('@').map_or((text, None), |(queue, server)| (queue, Some(server)));
        let is_word = |text: &str, more: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
        let server_is_good = server.is_none_or(|server| !server.is_empty() && is_word(server, b".-:_"));
        if (queue.is_empty() && server.is_none()) || !is_word(queue, b"_-.") || queue.starts_with('-') || !server_is_good {
            return Err(ValueError::syntax(
                "must be a queue's name of letters, digits, '_', '-' and '.', perhaps followed by '@' and a server",
            ));
        }
        if text.len() > 200 {
            return Err(ValueError::range("is too long for a queue's name"));
        }
        Ok(())
    }
}

impl QueueName {
    /// The queue without its server; empty for `@server`.
    #[must_use]
    pub fn queue(&self) -> &str {
        self.0.split_once('@').map_or(self.0.as_str(), |(queue, _)| queue)
    }

    /// The server, if another one than the host's own is named.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, server)| server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn queues_with_and_without_server() {
        check_good::<QueueName>(&["workq", "R12", "a.b_c-d", "q@s.x:1", "@s"].map(|name| (name, name)));
        check_bad::<QueueName>(
            &["", "@", "a b", "q@", "a@b@c", "-q", "q;ls", "q\n", "ü"].map(|t| (t, "syntax")),
        );
    }
}
