//! One text, or a list of texts: `to = "a"` or `to = ["a", "b"]`.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One text, or several. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Texts(Vec<String>);

impl Texts {
    /// Returns the texts, or nothing where there are none.
    pub(crate) fn new(texts: Vec<String>) -> Option<Self> {
        (!texts.is_empty()).then_some(Self(texts))
    }

    pub(crate) fn all(&self) -> &[String] {
        &self.0
    }
}

impl From<String> for Texts {
    fn from(text: String) -> Self {
        Self(vec![text])
    }
}

impl From<&str> for Texts {
    fn from(text: &str) -> Self {
        Self(vec![text.to_owned()])
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => serializer.serialize_str(one),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;

        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = Texts;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text, or a list of texts that is not empty")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
                Ok(text.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Texts::new(texts).ok_or_else(|| A::Error::invalid_length(0, &self))
            }
        }

        deserializer.deserialize_any(OneOrSeveral)
    }
}
