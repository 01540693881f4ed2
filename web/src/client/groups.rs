//! Groups, and what is shared with them.

use gloo_net::http::Method;
use pbsweb_shared::api::groups::{Group, GroupPut, MemberPut, Shareable};
use pbsweb_shared::ids::GroupId;
use pbsweb_shared::page::Page;

use super::{Done, Reply, http, percent_encode};

/// One's own, by name.
pub(crate) fn list_groups() -> Reply<Page<Group>> {
    http::get("/groups")
}

/// Makes one.
pub(crate) fn create_group(group: &GroupPut) -> Done {
    http::send(Method::POST, "/groups", group, None)
}

/// Gives one another name.
pub(crate) fn update_group(id: GroupId, group: &GroupPut) -> Done {
    http::send(Method::PATCH, &format!("/groups/{id}"), group, None)
}

/// Deletes one.
pub(crate) fn delete_group(id: GroupId) -> Done {
    http::delete(&format!("/groups/{id}"))
}

fn member(group: GroupId, user_name: &str) -> String {
    format!("/groups/{group}/members/{}", percent_encode(user_name))
}

/// Puts somebody in, or changes the role.
pub(crate) fn put_member(group: GroupId, user_name: &str, put: MemberPut) -> Done {
    http::send(Method::PUT, &member(group, user_name), &put, None)
}

/// Takes somebody out.
pub(crate) fn delete_member(group: GroupId, user_name: &str) -> Done {
    http::delete(&member(group, user_name))
}

fn path(thing: Shareable) -> String {
    match thing {
        Shareable::Script(id) => format!("/scripts/{id}"),
        Shareable::Application(id) => format!("/applications/{id}"),
    }
}

/// A thing, for those who only want to know with whom it is shared.
pub(crate) fn get_shared<T>(thing: Shareable) -> Reply<T> {
    http::get(&path(thing))
}

/// Shares a thing with a group, or no longer.
pub(crate) fn share(thing: Shareable, group: GroupId, is_shared: bool) -> Done {
    let path = format!("{}/groups/{group}", path(thing));
    if is_shared { http::send(Method::PUT, &path, &(), None) } else { http::delete(&path) }
}
