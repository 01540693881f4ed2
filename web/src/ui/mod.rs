//! The building blocks of pages: buttons, fields, tables, dialogs, badges, messages. They know nothing of jobs or hosts.
//!
//! Each block has one class, named like its file, and takes its states from attributes; its style is in `styles/`.

pub(crate) mod action;
pub(crate) mod announcer;
pub(crate) mod badge;
pub(crate) mod bind;
pub(crate) mod button;
pub(crate) mod code_block;
pub(crate) mod dialog;
pub(crate) mod effect;
pub(crate) mod empty_state;
pub(crate) mod field;
pub(crate) mod format;
pub(crate) mod icon;
pub(crate) mod load;
pub(crate) mod menu;
pub(crate) mod outcome;
pub(crate) mod page_header;
pub(crate) mod panel;
pub(crate) mod problem_box;
pub(crate) mod progress;
pub(crate) mod resource;
pub(crate) mod rows;
pub(crate) mod show;
pub(crate) mod table;
pub(crate) mod tabs;
pub(crate) mod text_dialog;
pub(crate) mod time;
pub(crate) mod typed;

pub(crate) use action::Action;
pub(crate) use announcer::Announcer;
pub(crate) use badge::{Badge, Tone};
pub(crate) use bind::Bind;
pub(crate) use button::{Button, ButtonKind, LinkButton};
pub(crate) use code_block::CodeBlock;
pub(crate) use dialog::{ConfirmDialog, Dialog};
pub(crate) use effect::{depend_on, effect};
pub(crate) use empty_state::EmptyState;
pub(crate) use field::{Checkbox, Choice, RadioGroup, SelectField, TextArea, TextField};
pub(crate) use icon::{Icon, Shape};
pub(crate) use load::Load;
pub(crate) use menu::{Menu, MenuItem};
pub(crate) use outcome::{action_error, field_error, first_error, focus_first_error};
pub(crate) use page_header::PageHeader;
pub(crate) use panel::{Fact, Facts, Panel};
pub(crate) use problem_box::{NotAllowed, ProblemBox};
pub(crate) use progress::{Progress, Spinner};
pub(crate) use resource::LocalResource;
pub(crate) use rows::For;
pub(crate) use show::Show;
pub(crate) use table::Table;
pub(crate) use tabs::{Tab, Tabs};
pub(crate) use text_dialog::TextDialog;
pub(crate) use time::Time;
pub(crate) use typed::Typed;
