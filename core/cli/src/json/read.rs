//! JSON, as it is read: for the headers of files.

use super::Json;

/// Deeper nesting than any header has; reading it must not exhaust the stack.
const MAX_DEPTH: usize = 32;

/// The value that a text is; nothing where it is none.
pub(crate) fn parse(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    reader.space();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, mark: &str) -> bool {
        self.space();
        let after = self.rest.strip_prefix(mark);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth == MAX_DEPTH {
            return None;
        }
        if self.take("{") {
            let field = |reader: &mut Self| {
                reader.space();
                let name = reader.text()?;
                reader.take(":").then_some(())?;
                Some((name, reader.value(depth + 1)?))
            };
            return self.items("}", field).map(Json::Map);
        }
        if self.take("[") {
            return self.items("]", |reader| reader.value(depth + 1)).map(Json::List);
        }
        match self.rest.chars().next()? {
            '"' => self.text().map(Json::Text),
            'n' => self.take("null").then_some(Json::Number(f64::NAN)),
            't' => self.take("true").then_some(Json::Integer(1)),
            'f' => self.take("false").then_some(Json::Integer(0)),
            _ => self.number(),
        }
    }

    fn items<T>(&mut self, end: &str, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        if self.take(end) {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(end) {
                return Some(items);
            }
            self.take(",").then_some(())?;
        }
    }

    fn number(&mut self) -> Option<Json> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let len = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(len);
        self.rest = rest;
        let integer = number.parse().ok().map(Json::Integer);
        integer.or_else(|| number.parse().ok().map(Json::Number))
    }

    fn text(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let mut chars = self.rest.chars();
            let c = chars.next()?;
            self.rest = chars.as_str();
            match c {
                '"' => return Some(text),
                '\\' => text.push(self.escaped()?),
                c => text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let high = self.unit()?;
                if !(0xd800..0xdc00).contains(&high) {
                    return char::from_u32(high);
                }
                self.rest = self.rest.strip_prefix("\\u")?;
                let low = self.unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                return char::from_u32(0x10000 + ((high - 0xd800) << 10) + low);
            }
            c => c,
        })
    }

    /// Four digits of base 16.
    fn unit(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = r#"{"a": [1, -2.5, "\"x\\\n\u0001é"], "b": {}}"#;
        assert_eq!(parse(text).map(|json| json.to_string()).as_deref(), Some(text));
        assert_eq!(parse(r#" "\ud83d\ude00\t" "#), Some(Json::Text("😀\t".into())));
    }

    #[test]
    fn what_is_no_json_is_nothing() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "[1,]", "{\"a\" 1}", "\"", "\"\\ud800\"", "1 2", "nul", &deep] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
