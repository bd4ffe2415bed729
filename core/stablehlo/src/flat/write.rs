//! Writing: a table, then what it refers to, so that all references lead forwards.

/// A field of a table.
#[derive(Clone)]
pub(crate) enum Field {
    /// A number of one byte.
    U8(u8),
    /// A number of two bytes.
    U16(u16),
    /// A number of four bytes.
    U32(u32),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Numbers of two bytes.
    U16s(Vec<u16>),
    /// Numbers of four bytes.
    U32s(Vec<u32>),
    /// A table.
    Table(Fields),
    /// Tables.
    Tables(Vec<Fields>),
    /// Texts.
    Texts(Vec<String>),
}

/// The fields of a table, by their numbers.
pub(crate) type Fields = Vec<(usize, Field)>;

impl Field {
    /// The size in the table: references have four bytes.
    fn size(&self) -> usize {
        match self {
            Field::U8(_) => 1,
            Field::U16(_) => 2,
            _ => 4,
        }
    }
}

/// The file whose root has these fields.
pub(crate) fn file(fields: &Fields) -> Vec<u8> {
    let mut out = vec![0; 4];
    let root = table(&mut out, fields);
    refer(&mut out, 0, root);
    out
}

fn align(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

fn refer(out: &mut [u8], from: usize, to: usize) {
    out[from..from + 4].copy_from_slice(&((to - from) as u32).to_le_bytes());
}

/// Appends a table and what it refers to, and says where it begins.
fn table(out: &mut Vec<u8>, fields: &Fields) -> usize {
    // The largest first: then each is aligned to its size.
    let mut order: Vec<&(usize, Field)> = fields.iter().collect();
    order.sort_by_key(|(_, field)| std::cmp::Reverse(field.size()));
    let n = fields.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    let mut places = vec![0_u16; n];
    let mut size = 4;
    for (number, field) in &order {
        places[*number] = size as u16;
        size += field.size();
    }
    align(out);
    let list = out.len();
    for number in [(4 + 2 * n) as u16, size as u16].into_iter().chain(places.iter().copied()) {
        out.extend(number.to_le_bytes());
    }
    align(out);
    let at = out.len();
    out.extend(((at - list) as u32).to_le_bytes());
    for (_, field) in &order {
        match field {
            Field::U8(x) => out.push(*x),
            Field::U16(x) => out.extend(x.to_le_bytes()),
            Field::U32(x) => out.extend(x.to_le_bytes()),
            _ => out.extend([0; 4]),
        }
    }
    for (number, field) in &order {
        if let Some(target) = referred(out, field) {
            refer(out, at + usize::from(places[*number]), target);
        }
    }
    at
}

/// Appends what a field refers to, and says where that begins.
fn referred(out: &mut Vec<u8>, field: &Field) -> Option<usize> {
    match field {
        Field::U8(_) | Field::U16(_) | Field::U32(_) => None,
        Field::Text(text) => Some(self::text(out, text)),
        Field::Bytes(bytes) => Some(list(out, bytes.len(), bytes.iter().copied())),
        Field::U16s(x) => Some(list(out, x.len(), x.iter().flat_map(|x| x.to_le_bytes()))),
        Field::U32s(x) => Some(list(out, x.len(), x.iter().flat_map(|x| x.to_le_bytes()))),
        Field::Table(fields) => Some(table(out, fields)),
        Field::Tables(tables) => Some(references(out, tables, table)),
        Field::Texts(texts) => Some(references(out, texts, |out, text| self::text(out, text))),
    }
}

fn list(out: &mut Vec<u8>, n: usize, bytes: impl IntoIterator<Item = u8>) -> usize {
    align(out);
    let at = out.len();
    out.extend((n as u32).to_le_bytes());
    out.extend(bytes);
    at
}

/// Text ends with a 0 that its length does not count.
fn text(out: &mut Vec<u8>, text: &str) -> usize {
    let at = list(out, text.len(), text.bytes());
    out.push(0);
    at
}

fn references<T>(
    out: &mut Vec<u8>,
    items: &[T],
    mut write: impl FnMut(&mut Vec<u8>, &T) -> usize,
) -> usize {
    let at = list(out, items.len(), std::iter::repeat_n(0, 4 * items.len()));
    for (k, item) in items.iter().enumerate() {
        let target = write(out, item);
        refer(out, at + 4 + 4 * k, target);
    }
    at
}
