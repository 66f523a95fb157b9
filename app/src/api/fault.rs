//! How an [`ApiError`] travels: as JSON to the page, within the address to a plain form.

use engine::config::ConfigError;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr, ServerFnUrlError};
use leptos_router::location::Url;
use leptos_router::params::ParamsMap;

use super::ApiError;

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => {
                ApiError::Internal("Darkroom does not answer. Is the program still running?".into())
            }
            ServerFnErrorErr::Args(reason) | ServerFnErrorErr::MissingArg(reason) => {
                ConfigError::one("form", reason).into()
            }
            // In the browser this would be an answer that cannot be read.
            ServerFnErrorErr::Deserialization(reason) if cfg!(feature = "ssr") => {
                ConfigError::one("form", reason).into()
            }
            other => ApiError::Internal(other.to_string()),
        }
    }
}

/// The error of the form posted to `/fn/{endpoint}` without JavaScript, if the address carries one.
pub fn form_fault(query: &ParamsMap, endpoint: &str) -> Option<ApiError> {
    let path = query.get_str("__path")?;
    let error = query.get_str("__err")?;
    (path.strip_prefix("/fn/") == Some(endpoint)).then(|| ServerFnUrlError::decode_err(error))
}

/// The first field at fault, if the address of a page carries the error of a form as [`form_fault`] reads
/// it.
pub fn field_at_fault(address: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let error = query.split('&').find_map(|pair| pair.strip_prefix("__err="))?;
    match ServerFnUrlError::decode_err(&Url::unescape(error)) {
        ApiError::Fields(error) => error.0.into_iter().next().map(|fault| fault.field),
        _ => None,
    }
}

impl ApiError {
    /// The message for `field`, if it is at fault.
    pub fn for_field(&self, field: &str) -> Option<&str> {
        match self {
            ApiError::Fields(error) => error.for_field(field),
            _ => None,
        }
    }

    /// What is left of it without what is said of `field`.
    pub fn without(self, field: &str) -> Option<Self> {
        match self {
            ApiError::Fields(mut error) => {
                error.0.retain(|fault| fault.field != field);
                (!error.0.is_empty()).then_some(ApiError::Fields(error))
            }
            other => Some(other),
        }
    }

    /// The messages whose field is not among `shown`, so that none is lost.
    pub fn beside(&self, shown: &[&str]) -> Vec<String> {
        match self {
            ApiError::Fields(error) => error
                .0
                .iter()
                .filter(|fault| !shown.contains(&fault.field.as_str()))
                .map(ToString::to_string)
                .collect(),
            other => vec![other.to_string()],
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::config::FieldError;

    use super::*;

    #[test]
    fn a_plain_form_finds_its_error_in_the_address() {
        let error = ApiError::Fields(ConfigError::one("steps", "0 is out of range"));
        let url = ServerFnUrlError::new("/fn/generate", error.clone())
            .to_url("http://localhost/?model=digits")
            .unwrap();
        let query: ParamsMap =
            url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        assert_eq!(form_fault(&query, "generate"), Some(error));
        assert_eq!(form_fault(&query, "train"), None);
    }

    #[test]
    fn what_is_said_of_one_field_goes_alone() {
        let faults = ["steps", "seed"].map(|field| FieldError::new(field, "will not do"));
        let error = ApiError::Fields(ConfigError(faults.to_vec()));
        let left = error.without("steps").unwrap();
        assert_eq!((left.for_field("steps"), left.for_field("seed")), (None, Some("will not do")));
        assert_eq!(left.without("seed"), None);
        let other = ApiError::Conflict("in use".into());
        assert_eq!(other.clone().without("steps"), Some(other));
    }

    #[test]
    fn messages_stand_at_their_field_or_beside_the_form() {
        let error = ApiError::Fields(ConfigError::one("steps", "too many"));
        assert_eq!(error.for_field("steps"), Some("too many"));
        assert!(error.beside(&["steps"]).is_empty());
        assert_eq!(error.beside(&["seed"]), ["steps: too many"]);
        assert_eq!(ApiError::Conflict("in use".into()).beside(&["steps"]), ["in use"]);
    }
}
