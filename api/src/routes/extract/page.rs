//! Which page of a list is asked for.

use serde::{Deserialize, Serialize};

use crate::routes::problem::ApiProblem;
use crate::store::page::PageRequest;

/// Which page of a list is asked for.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct PageQuery {
    /// Items on a page, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// The `next_page_token` of the page before.
    pub page_token: Option<String>,
}

impl PageQuery {
    /// The place in a list; `list` names the list and its filters.
    ///
    /// # Errors
    /// When the token is not one of this list.
    pub fn read<P: Serialize + for<'de> Deserialize<'de>>(
        &self,
        list: &str,
    ) -> Result<PageRequest<P>, ApiProblem> {
        Ok(PageRequest::read(self.limit, self.page_token.as_deref(), list)?)
    }
}
