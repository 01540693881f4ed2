//! The resources a job asks for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::place::is_resource_name;
use super::{MemorySize, ValueError, digits, through_text};

/// One term of `-l select=`: so many chunks with these resources each.
///
/// ```
/// use pbsweb_shared::script::values::ResourceChunk;
/// let chunk: ResourceChunk = "2:ncpus=4:mem=8gb:host=n1".parse().unwrap();
/// assert_eq!((chunk.count, chunk.ncpus), (2, Some(4)));
/// assert_eq!(chunk.to_string(), "2:ncpus=4:mem=8gb:host=n1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceChunk {
    /// How many of them.
    pub count: u32,
    /// Processors in each.
    pub ncpus: Option<u32>,
    /// MPI processes in each.
    pub mpiprocs: Option<u32>,
    /// OpenMP threads in each process.
    pub ompthreads: Option<u32>,
    /// Memory in each.
    pub mem: Option<MemorySize>,
    /// GPUs in each.
    pub ngpus: Option<u32>,
    /// Other resources, in the order given.
    pub other: OtherResources,
}

impl Default for ResourceChunk {
    fn default() -> Self {
        Self {
            count: 1,
            ncpus: None,
            mpiprocs: None,
            ompthreads: None,
            mem: None,
            ngpus: None,
            other: OtherResources::default(),
        }
    }
}

/// Resources that have no field of their own, as `name=value` joined by colons; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct OtherResources(Vec<(String, String)>);

impl OtherResources {
    /// Names and values, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromStr for OtherResources {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(':').map(read_resource).collect::<Result<_, _>>().map(Self)
    }
}

/// A value may hold what can stand in a select statement without quotes: no blanks, quotes, or the separators `: + ,`.
fn read_resource(text: &str) -> Result<(String, String), ValueError> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| ValueError::syntax("must be name=value, joined by ':'"))?;
    if !is_resource_name(name) {
        return Err(ValueError::syntax(
            "has a name that is not a resource's: a letter, then letters, digits, '_' and '-'",
        ));
    }
    if value.is_empty()
        || value.chars().any(|c| c.is_whitespace() || c.is_control() || "\"'\\:+,&".contains(c))
    {
        return Err(ValueError::syntax(
            "has a value that is empty or holds blanks, quotes, or one of \\ : + , &",
        ));
    }
    if name == "walltime" {
        return Err(ValueError::syntax(
            "holds walltime, which belongs to the whole job; PBS refuses it in a chunk",
        ));
    }
    Ok((name.to_owned(), value.to_owned()))
}

impl fmt::Display for OtherResources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

/// A number of things: 0 to 2^31 - 1.
pub(crate) fn read_count(text: &str) -> Result<u32, ValueError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ValueError::syntax("must be a whole number"));
    }
    digits::<u32>(text)
        .filter(|count| *count <= i32::MAX.unsigned_abs())
        .ok_or_else(|| ValueError::range("must be below 2147483648"))
}

impl FromStr for ResourceChunk {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut chunk = Self::default();
        let mut other = Vec::new();
        for (index, part) in text.split(':').enumerate() {
            if index == 0 && !part.contains('=') {
                chunk.count = read_count(part)?;
                if chunk.count == 0 {
                    return Err(ValueError::range("must have a count of 1 or more"));
                }
                continue;
            }
            let (name, value) = read_resource(part)?;
            let slot = match name.as_str() {
                "ncpus" => &mut chunk.ncpus,
                "mpiprocs" => &mut chunk.mpiprocs,
                "ompthreads" => &mut chunk.ompthreads,
                "ngpus" => &mut chunk.ngpus,
                "mem" => {
                    let size = value.parse()?;
                    if chunk.mem.replace(size).is_some() {
                        return Err(twice("mem"));
                    }
                    continue;
                }
                _ => {
                    other.push((name, value));
                    continue;
                }
            };
            if slot.replace(read_count(&value)?).is_some() {
                return Err(twice(&name));
            }
        }
        chunk.other = OtherResources(other);
        Ok(chunk)
    }
}

fn twice(name: &str) -> ValueError {
    ValueError::syntax(format!("names {name} twice"))
}

impl fmt::Display for ResourceChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count)?;
        let counts = [("ncpus", self.ncpus), ("mpiprocs", self.mpiprocs), ("ompthreads", self.ompthreads)];
        for (name, count) in counts.into_iter().filter_map(|(name, count)| count.map(|count| (name, count))) {
            write!(f, ":{name}={count}")?;
        }
        if let Some(mem) = self.mem {
            write!(f, ":mem={mem}")?;
        }
        if let Some(ngpus) = self.ngpus {
            write!(f, ":ngpus={ngpus}")?;
        }
        self.other.iter().try_for_each(|(name, value)| write!(f, ":{name}={value}"))
    }
}

/// All the chunks of a job (`-l select=`), joined by `+`.
///
/// ```
/// use pbsweb_shared::script::values::Select;
/// let select: Select = "1:ncpus=1+4:ncpus=8:mem=2gb".parse().unwrap();
/// assert_eq!((select.nodect(), select.ncpus(), select.mem_bytes()), (5, 33, Some(8 << 30)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Select(Vec<ResourceChunk>);

impl Select {
    /// The chunks; `None` if there are none.
    #[must_use]
    pub fn new(chunks: Vec<ResourceChunk>) -> Option<Self> {
        if chunks.is_empty() { None } else { Some(Self(chunks)) }
    }

    /// The chunks in order, at least one.
    #[must_use]
    pub fn chunks(&self) -> &[ResourceChunk] {
        &self.0
    }

    /// How many chunks in all: what PBS calls `nodect`.
    #[must_use]
    pub fn nodect(&self) -> u64 {
        self.0.iter().map(|chunk| u64::from(chunk.count)).sum()
    }

    /// Processors in all; a chunk that does not say counts one, as PBS does.
    #[must_use]
    pub fn ncpus(&self) -> u64 {
        self.total(|chunk| u64::from(chunk.ncpus.unwrap_or(1)))
    }

    /// MPI processes in all, of the chunks that say.
    #[must_use]
    pub fn mpiprocs(&self) -> u64 {
        self.total(|chunk| u64::from(chunk.mpiprocs.unwrap_or(0)))
    }

    /// GPUs in all.
    #[must_use]
    pub fn ngpus(&self) -> u64 {
        self.total(|chunk| u64::from(chunk.ngpus.unwrap_or(0)))
    }

    /// Memory in all, in bytes, if any chunk says.
    #[must_use]
    pub fn mem_bytes(&self) -> Option<u64> {
        self.0
            .iter()
            .any(|chunk| chunk.mem.is_some())
            .then(|| self.total(|chunk| chunk.mem.map_or(0, MemorySize::bytes)))
    }

    fn total(&self, of: impl Fn(&ResourceChunk) -> u64) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, chunk| sum.saturating_add(of(chunk).saturating_mul(u64::from(chunk.count))))
    }
}

impl FromStr for Select {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split('+').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, chunk) in self.0.iter().enumerate() {
            write!(f, "{}{chunk}", if index == 0 { "" } else { "+" })?;
        }
        Ok(())
    }
}

through_text!(ResourceChunk, Select);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn select_statements_as_pbs_reads_them() {
        check_good::<Select>(&[
            ("1", "1"),
            ("ncpus=2", "1:ncpus=2"),
            ("2:mem=4GB:ncpus=8", "2:ncpus=8:mem=4gb"),
            (
                "1:ncpus=1:host=n1:scratch=true+3:mpiprocs=4:ompthreads=2:ngpus=1",
                "1:ncpus=1:host=n1:scratch=true+3:mpiprocs=4:ompthreads=2:ngpus=1",
            ),
        ]);
        // Recorded as refused: no value, a word, a negative number, an unknown unit, walltime.
        check_bad::<Select>(
            &[
                "",
                "1:ncpus",
                "abc",
                "1:ncpus=-1",
                "1:mem=1zb",
                "1:walltime=01:00:00",
                "1+",
                "1:",
                "1:ncpus=1:ncpus=2",
                "1:a=b c",
                "1:a=\"x\"",
                "1\n",
            ]
            .map(|t| (t, "syntax")),
        );
        check_bad::<Select>(&["0:ncpus=1", "1:ncpus=2147483648", "1:mem=99999pb"].map(|t| (t, "range")));
    }

    #[test]
    fn totals_do_not_overflow() {
        let select: Select = "2147483647:mem=16383pb:ncpus=2147483647".parse().unwrap();
        assert_eq!(select.mem_bytes(), Some(u64::MAX));
        assert_eq!(select.ncpus(), 2_147_483_647u64.pow(2));
        assert_eq!("3+2:ncpus=2".parse::<Select>().unwrap().ncpus(), 7);
    }
}
