//! Reads JSON for serde, with as little as possible of it made anew for each type.

use std::fmt;

use super::number;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

/// Why a text is not what it was read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    pub(super) fn new(words: &str) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self(words.to_string())
    }
}

/// As deep as values may lie within each other: a text may come from anywhere.
const MOST_DEPTH: usize = 128;

/// A text, and how far it has been read.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Brackets that are open.
    depth: usize,
}

enum Number {
    Whole(u64),
    Negative(i64),
    Broken(f64),
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Only white space may be left.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end")),
        }
    }

    fn expected(&self, what: &str) -> Fault {
        Fault(format!("expected {what} at byte {}", self.at))
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.byte()
    }

    /// Goes on behind `sign`, if that is what comes.
    fn takes(&mut self, sign: u8) -> bool {
        let is_there = self.peek() == Some(sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn take(&mut self, sign: u8) -> Result<(), Fault> {
        if self.takes(sign) { Ok(()) } else { Err(self.expected(&format!("`{}`", sign as char))) }
    }

    /// Goes on behind an opening bracket.
    fn open(&mut self, bracket: u8) -> Result<(), Fault> {
        self.take(bracket)?;
        self.depth += 1;
        if self.depth > MOST_DEPTH { Err(self.expected("less depth")) } else { Ok(()) }
    }

    fn close(&mut self, bracket: u8) -> Result<(), Fault> {
        self.depth -= 1;
        self.take(bracket)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.peek();
        let is_there = self.text[self.at..].starts_with(word);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn null(&mut self) -> Result<(), Fault> {
        if self.takes_word("null") { Ok(()) } else { Err(self.expected("null")) }
    }

    fn boolean(&mut self) -> Result<bool, Fault> {
        match (self.takes_word("true"), self.takes_word("false")) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    fn number(&mut self) -> Result<Number, Fault> {
        self.peek();
        let rest = &self.text[self.at..];
        let is_part = |letter: char| matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E');
        let digits = &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())];
        let number = if let Ok(whole) = digits.parse() {
            Number::Whole(whole)
        } else if let Ok(negative) = digits.parse() {
            Number::Negative(negative)
        } else {
            Number::Broken(number(digits).ok_or_else(|| self.expected("a number"))?)
        };
        self.at += digits.len();
        Ok(number)
    }

    fn string(&mut self) -> Result<String, Fault> {
        if !self.takes(b'"') {
            return Err(self.expected("a text"));
        }
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(['"', '\\']).ok_or_else(|| self.expected("the end of a text"))?;
            string.push_str(&rest[..plain]);
            self.at += plain + 1;
            if rest.as_bytes()[plain] == b'"' {
                return Ok(string);
            }
            string.push(self.escaped()?);
        }
    }

    /// The letter that stands behind a backslash.
    fn escaped(&mut self) -> Result<char, Fault> {
        let sign = self.byte();
        self.at += 1;
        Ok(match sign {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(sign @ (b'"' | b'\\' | b'/')) => sign.into(),
            Some(b'u') => return self.unicode(),
            _ => return Err(self.expected("an escaped letter")),
        })
    }

    /// The letter of `XXXX`, or of `XXXX\uXXXX` where it takes two.
    fn unicode(&mut self) -> Result<char, Fault> {
        let mut units = vec![self.unit()?];
        if (0xd800..0xdc00).contains(&units[0]) && self.takes_word("\\u") {
            units.push(self.unit()?);
        }
        let letter = char::decode_utf16(units).next().and_then(Result::ok);
        letter.ok_or_else(|| self.expected("the other half of a letter"))
    }

    fn unit(&mut self) -> Result<u16, Fault> {
        let digits = self.text.get(self.at..self.at + 4);
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or_else(|| Fault::new("expected four hexadecimal digits"))
    }

    /// Whether another item comes before `end`; goes on behind the comma.
    fn goes_on(&mut self, is_first: &mut bool, end: u8) -> Result<bool, Fault> {
        if self.peek() == Some(end) {
            return Ok(false);
        }
        if !std::mem::replace(is_first, false) {
            self.take(b',')?;
        }
        Ok(true)
    }

    /// The name of a field, and the colon behind it.
    fn key(&mut self) -> Result<StringDeserializer<Fault>, Fault> {
        let key = self.string()?;
        self.take(b':')?;
        Ok(key.into_deserializer())
    }

    /// Passes over a value.
    fn skip(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.skip_items(b'{', b'}'),
            Some(b'[') => self.skip_items(b'[', b']'),
            Some(b'n') => self.null(),
            Some(b't' | b'f') => self.boolean().map(drop),
            _ => self.number().map(drop),
        }
    }

    fn skip_items(&mut self, begin: u8, end: u8) -> Result<(), Fault> {
        self.open(begin)?;
        let mut is_first = true;
        while self.goes_on(&mut is_first, end)? {
            if end == b'}' {
                self.key()?;
            }
            self.skip()?;
        }
        self.close(end)
    }
}

/// Methods that hand a visitor what one of the above reads.
macro_rules! reads {
    ($($method:ident by $read:ident to $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.$read()?)
        }
    )*};
}

/// Methods for numbers: the type of a number is its visitor's business.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.number()? {
                Number::Whole(number) => visitor.visit_u64(number),
                Number::Negative(number) => visitor.visit_i64(number),
                Number::Broken(number) => visitor.visit_f64(number),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = Fault;

    reads! {
        deserialize_bool by boolean to visit_bool;
        deserialize_char by string to visit_string;
        deserialize_str by string to visit_string;
        deserialize_string by string to visit_string;
        deserialize_identifier by string to visit_string;
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    serde::forward_to_deserialize_any! { bytes byte_buf }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'"') => self.deserialize_string(visitor),
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(b'n') => self.deserialize_unit(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            _ => self.deserialize_f64(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.takes_word("null") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.null()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.open(b'[')?;
        let value = visitor.visit_seq(Items { reader: self, is_first: true })?;
        self.close(b']')?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.open(b'{')?;
        let value = visitor.visit_map(Items { reader: self, is_first: true })?;
        self.close(b'}')?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if self.peek() == Some(b'"') {
            let name: StringDeserializer<Fault> = self.string()?.into_deserializer();
            return visitor.visit_enum(name);
        }
        self.open(b'{')?;
        let value = visitor.visit_enum(Variant(self))?;
        self.close(b'}')?;
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.skip()?;
        visitor.visit_unit()
    }
}

/// What stands between brackets.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    is_first: bool,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        match self.reader.goes_on(&mut self.is_first, b']')? {
            true => seed.deserialize(&mut *self.reader).map(Some),
            false => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Items<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        match self.reader.goes_on(&mut self.is_first, b'}')? {
            true => seed.deserialize(self.reader.key()?).map(Some),
            false => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant that holds something: its name is the only key of an object.
struct Variant<'r, 'a>(&'r mut Reader<'a>);

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let name = self.0.key()?;
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        self.0.null()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.0.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.0.deserialize_map(visitor)
    }
}
