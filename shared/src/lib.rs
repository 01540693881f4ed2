//! The words both sides of PBSWeb speak, natively and in the browser.
//!
//! What is here: identifiers and names, the typed job script, the states of a job and what may be done in them,
//! hosts and their snapshots as the API shows them, events, problems, and the bodies of requests and answers.
//!
//! What is deliberately absent: input and output, clocks, randomness, and anything that knows a database, a
//! network or a browser. Time comes in as an argument. The same functions check a form in the browser and a
//! request at the server.

pub mod api;
pub mod event;
pub mod host;
pub mod ids;
pub mod job;
pub mod names;
pub mod node;
pub mod page;
pub mod problem;
pub mod script;
pub mod steering;
pub mod waiting;
pub mod words;
