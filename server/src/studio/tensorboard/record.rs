//! TFRecord: length, checksum of the length, data, checksum of the data.

use std::io::{Result, Write};

pub fn write(file: &mut impl Write, data: &[u8]) -> Result<()> {
    let length = (data.len() as u64).to_le_bytes();
    file.write_all(&length)?;
    file.write_all(&masked_crc(&length).to_le_bytes())?;
    file.write_all(data)?;
    file.write_all(&masked_crc(data).to_le_bytes())
}

/// The checksum of a checksum is no good one, so TensorFlow turns it and adds a constant.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_bytes_that_tensorflow_writes() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"Greetings").unwrap();
        assert_eq!(bytes, b"\x09\x00\x00\x00\x00\x00\x00\x007\xf9q9Greetings\x07R\x00,");
        // The check value of CRC-32C in RFC 3720 is e3069283; masked, it is this.
        assert_eq!(masked_crc(b"123456789"), 0xc78a_b0e5);
    }
}
