//! Images within JSON: base64, alone or as a data URL.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::error::{Answer, ApiFault};

/// Clients write the padding or leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of the file. 422 at `field` for what is no base64, and for an address: nothing is
/// fetched from elsewhere.
pub fn decoded(encoded: &str, field: &str) -> Answer<Vec<u8>> {
    if encoded.starts_with("http://") || encoded.starts_with("https://") {
        let words = "addresses are not opened; send the file itself in base64";
        return Err(ApiFault::field(field, words));
    }
    let data = match encoded.strip_prefix("data:") {
        Some(url) => url.split_once(";base64,").map_or("", |(_, data)| data),
        None => encoded,
    };
    let data: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(data).map_err(|error| ApiFault::field(field, format!("no base64: {error}")))
}
