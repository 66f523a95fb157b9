//! TensorFlow's `Event` messages, in the wire format of Protocol Buffers.
//!
//! The numbers of the fields are those of `event.proto` and `summary.proto`.

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn head(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    fn int(mut self, field: u64, value: u64) -> Self {
        self.head(field, VARINT);
        self.varint(value);
        self
    }

    fn float(mut self, field: u64, value: f32) -> Self {
        self.head(field, FIXED32);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn double(mut self, field: u64, value: f64) -> Self {
        self.head(field, FIXED64);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.head(field, BYTES);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    fn message(self, field: u64, inner: &Message) -> Self {
        self.bytes(field, &inner.0)
    }
}

/// `Event` with `wall_time` and `step`.
fn event(time: f64, step: u64) -> Message {
    let event = Message::default().double(1, time);
    if step == 0 { event } else { event.int(2, step) }
}

/// The first event of every file.
pub fn version(time: f64) -> Vec<u8> {
    event(time, 0).bytes(3, b"brain.Event:2").0
}

/// Says that the run begins at `step`: what other files hold from there on no longer counts.
pub fn session_start(time: f64, step: u64) -> Vec<u8> {
    const START: u64 = 1;
    event(time, step).message(7, &Message::default().int(1, START)).0
}

/// Numbers by name.
pub fn scalars<'a>(
    time: f64,
    step: u64,
    values: impl IntoIterator<Item = (&'a str, f32)>,
) -> Vec<u8> {
    let summary = values.into_iter().fold(Message::default(), |summary, (name, value)| {
        summary.message(1, &Message::default().bytes(1, name.as_bytes()).float(2, value))
    });
    event(time, step).message(5, &summary).0
}

/// A PNG of `size` (width, height).
pub fn image(time: f64, step: u64, name: &str, (width, height): (u32, u32), png: &[u8]) -> Vec<u8> {
    const RGB: u64 = 3;
    let image = Message::default()
        .int(1, u64::from(height))
        .int(2, u64::from(width))
        .int(3, RGB)
        .bytes(4, png);
    let value = Message::default().bytes(1, name.as_bytes()).message(4, &image);
    event(time, step).message(5, &Message::default().message(1, &value)).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_bytes_that_protobuf_writes() {
        let time = [9, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f];
        let version = [&time[..], b"\x1a\x0dbrain.Event:2"].concat();
        assert_eq!(super::version(1.5), version);
        // step 300, summary { value { tag "loss", simple_value 0.5 } }
        let scalar =
            [&time[..], b"\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f"].concat();
        assert_eq!(scalars(1.5, 300, [("loss", 0.5)]), scalar);
        let start = [&time[..], b"\x10\x05\x3a\x02\x08\x01"].concat();
        assert_eq!(session_start(1.5, 5), start);
        let image_bytes = [
            &time[..],
            b"\x10\x05\x2a\x12\x0a\x10\x0a\x01s\x22\x0b\x08\x02\x10\x03\x18\x03\x22\x03png",
        ];
        assert_eq!(image(1.5, 5, "s", (3, 2), b"png"), image_bytes.concat());
    }
}
