//! Which compressed form a browser takes (`Accept-Encoding`, RFC 9110 section 12.5.3).

/// A compressed form that a file may be kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Smallest.
    Brotli,
    /// Understood by everything.
    Gzip,
}

impl Encoding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// Ends an entity tag.
    pub(super) const fn tag_suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
        }
    }

    /// Named with a weight above zero, or covered by `*` without being named.
    pub(super) fn is_accepted(self, header: &str) -> bool {
        let weight = |wanted: &str| {
            header.split(',').find_map(|item| {
                let (name, rest) = item.split_once(';').unwrap_or((item, ""));
                if !name.trim().eq_ignore_ascii_case(wanted) {
                    return None;
                }
                let weight = rest.split(';').find_map(|part| part.trim().strip_prefix("q="));
                Some(
                    weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0)),
                )
            })
        };
        weight(self.name()).or_else(|| weight("*")).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_the_standard_says() {
        for (header, brotli, gzip) in [
            ("", false, false),
            ("gzip, deflate, br, zstd", true, true),
            ("gzip;q=1.0, br;q=0", false, true),
            ("BR ; q=0.5", true, false),
            ("*", true, true),
            ("*;q=0, gzip", false, true),
            ("identity", false, false),
            ("br;q=nonsense", false, false),
            ("brotli, gzipped", false, false),
        ] {
            assert_eq!(Encoding::Brotli.is_accepted(header), brotli, "{header:?}");
            assert_eq!(Encoding::Gzip.is_accepted(header), gzip, "{header:?}");
        }
    }
}
