//! Values in the query of an address.

/// `text` as a value of a query.
pub fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_a_query_is_made_of_is_escaped() {
        assert_eq!(escape("Ahorn & Birke=1/2?#+%"), "Ahorn%20%26%20Birke%3D1/2%3F%23%2B%25");
        assert_eq!(escape("ä~"), "%C3%A4~");
    }
}
