//! Tokens: JWTs that name a session. Algorithm, issuer and audience are pinned; nothing else in a token is believed.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use pbsweb_shared::api::sessions::Session;
use pbsweb_shared::ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::config::SessionConfig;
use crate::secret::MasterKey;

const ALGORITHM: Algorithm = Algorithm::HS256;
const ISSUER: &str = "pbsweb";
const AUDIENCE: &str = "pbsweb-api";

/// Signs tokens and reads them.
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
    lifetime: Duration,
}

/// What a good token says. Whether the session is alive is for the database to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedSession {
    /// Whose the session is said to be.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

impl Tokens {
    /// Tokens signed with a key of this server's master key: all replicas read each other's.
    #[must_use]
    pub fn new(master_key: &MasterKey, config: &SessionConfig) -> Self {
        let key = master_key.derive("session tokens");
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 0;
        Self {
            signing: EncodingKey::from_secret(key.as_slice()),
            reading: DecodingKey::from_secret(key.as_slice()),
            validation,
            lifetime: config.lifetime,
        }
    }

    /// How long a sign-in lasts.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The token of a session.
    ///
    /// # Errors
    /// When the claims cannot be written; they always can.
    pub fn sign(&self, user: UserId, session: &Session) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session.id,
            iat: session.created_at.timestamp(),
            exp: session.expires_at.timestamp(),
        };
        jsonwebtoken::encode(&Header::new(ALGORITHM), &claims, &self.signing)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// When it is not one of ours, or its time is over.
    pub fn read(&self, token: &str) -> Result<NamedSession, jsonwebtoken::errors::Error> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.reading, &self.validation)?.claims;
        Ok(NamedSession { user: claims.sub, session: claims.sid })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use chrono::{TimeDelta, Utc};
    use pbsweb_shared::api::sessions::SessionKind;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::config::Config;

    fn tokens(master_key: &MasterKey) -> Tokens {
        Tokens::new(master_key, &Config::default().sessions)
    }

    fn session(expires_in: TimeDelta) -> Session {
        Session {
            id: SessionId::from_uuid(Uuid::from_u128(2)),
            kind: SessionKind::SignIn,
            name: None,
            created_at: Utc::now(),
            expires_at: Utc::now() + expires_in,
            last_used_at: Utc::now(),
            user_agent: String::new(),
            address: String::new(),
            is_current: true,
        }
    }

    fn user() -> UserId {
        UserId::from_uuid(Uuid::from_u128(1))
    }

    fn claims() -> Value {
        let now = Utc::now().timestamp();
        json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": user(), "sid": session(TimeDelta::zero()).id,
                "iat": now, "exp": now + 60 })
    }

    fn sign(algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).unwrap()
    }

    #[test]
    fn a_token_names_its_session_until_its_end() {
        let tokens = tokens(&MasterKey::generate().unwrap());
        let token = tokens.sign(user(), &session(TimeDelta::minutes(1))).unwrap();
        let named = tokens.read(&token).unwrap();
        assert_eq!((named.user, named.session), (user(), session(TimeDelta::zero()).id));
        let over = tokens.sign(user(), &session(TimeDelta::seconds(-1))).unwrap();
        assert!(tokens.read(&over).is_err());
    }

    #[test]
    fn another_key_algorithm_issuer_or_audience_is_refused() {
        let master_key = MasterKey::generate().unwrap();
        let tokens = tokens(&master_key);
        let key = master_key.derive("session tokens");
        assert!(tokens.read(&sign(Algorithm::HS256, key.as_slice(), &claims())).is_ok());
        assert!(tokens.read(&sign(Algorithm::HS256, b"another key", &claims())).is_err());
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert!(tokens.read(&sign(algorithm, key.as_slice(), &claims())).is_err(), "{algorithm:?}");
        }
        for (claim, value) in [
            ("iss", json!("elsewhere")),
            ("aud", json!("another-api")),
            ("exp", json!(1)),
            ("exp", json!("soon")),
            ("exp", Value::Null),
            ("iss", Value::Null),
            ("aud", Value::Null),
            ("sub", json!("ada")),
            ("sid", Value::Null),
        ] {
            let mut claims = claims();
            claims[claim] = value.clone();
            assert!(
                tokens.read(&sign(Algorithm::HS256, key.as_slice(), &claims)).is_err(),
                "{claim}: {value}"
            );
            claims.as_object_mut().unwrap().remove(claim);
            assert!(tokens.read(&sign(Algorithm::HS256, key.as_slice(), &claims)).is_err(), "no {claim}");
        }
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        let tokens = tokens(&MasterKey::generate().unwrap());
        let token = tokens.sign(user(), &session(TimeDelta::minutes(1))).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        let payload = signed.split_once('.').unwrap().1;
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        for forged in [format!("{header}.{payload}."), format!("{signed}."), signed.to_owned(), String::new()]
        {
            assert!(tokens.read(&forged).is_err(), "{forged}");
        }
    }
}
