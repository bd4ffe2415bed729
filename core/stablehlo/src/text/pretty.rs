//! The pretty forms of operations.
//!
//! Most are operands, words, `key = attribute` pairs and an attribute dictionary in some order, then types; what
//! the keys are called in the generic form stands in a table.

use jaxrs_data::Result;

use super::{Parser, Parts, attributes, types};
use crate::tree::{Attr, Op, Place, Region, Ty, ValueId};

/// `(operation, key, attribute)`; `*` is any operation.
const KEYS: &[(&str, &str, &str)] = &[
    ("stablehlo.broadcast_in_dim", "dims", "broadcast_dimensions"),
    ("stablehlo.transpose", "dims", "permutation"),
    ("stablehlo.reverse", "dims", "dimensions"),
    ("stablehlo.concatenate", "dim", "dimension"),
    ("stablehlo.get_dimension_size", "dim", "dimension"),
    ("stablehlo.iota", "dim", "iota_dimension"),
    ("stablehlo.dynamic_iota", "dim", "iota_dimension"),
    ("stablehlo.dynamic_broadcast_in_dim", "dims", "broadcast_dimensions"),
    ("stablehlo.set_dimension_size", "dim", "dimension"),
    ("stablehlo.pad", "low", "edge_padding_low"),
    ("stablehlo.pad", "high", "edge_padding_high"),
    ("stablehlo.pad", "interior", "interior_padding"),
    ("stablehlo.fft", "type", "fft_type"),
    ("stablehlo.fft", "length", "fft_length"),
    ("stablehlo.dynamic_slice", "sizes", "slice_sizes"),
    ("stablehlo.rng_bit_generator", "algorithm", "rng_algorithm"),
    ("stablehlo.rng", "distribution", "rng_distribution"),
    ("*", "precision", "precision_config"),
];

/// What a bare word, a text or a symbol is, by its position.
const WORDS: &[(&str, &[&str])] = &[
    ("stablehlo.compare", &["comparison_direction", "compare_type"]),
    ("stablehlo.custom_call", &["call_target_name"]),
    ("stablehlo.composite", &["name"]),
    ("func.call", &["callee"]),
];

impl Parser<'_> {
    /// What follows the name of an operation.
    pub(super) fn pretty(&mut self, name: &str, place: Place) -> Result<Op> {
        let name = match name {
            "call" => "func.call",
            "return" => "func.return",
            name => name,
        };
        let parts = match name {
            "stablehlo.while" => self.while_loop()?,
            "stablehlo.reduce" => self.reduce()?,
            "stablehlo.constant" => self.constant()?,
            _ => self.ordinary(name)?,
        };
        Ok(self.finish(name.to_owned(), parts, place))
    }

    fn ordinary(&mut self, name: &str) -> Result<Parts> {
        let mut parts = Parts::default();
        let mut words = 0;
        loop {
            if self.c.eat(",") || self.c.eat("(") || self.c.eat(")") {
                continue;
            }
            match self.c.peek() {
                Some(b'%') => parts.operands.push(self.names.operand(&mut self.c)?),
                Some(b'{') => parts.attributes.extend(attributes::dict(&mut self.c)?),
                Some(b'[') => self.brackets(name, &mut parts)?,
                // Where an array lies.
                Some(b'<') if name.starts_with("sdy.") => drop(self.c.balanced()?),
                Some(b':') => {
                    self.c.expect(":")?;
                    parts.types = self.types_of(name)?;
                    return Ok(parts);
                }
                // A return of nothing has no types.
                Some(b'}') if name.ends_with("return") => return Ok(parts),
                _ if self.c.is_key() => self.keyed(name, &mut parts)?,
                _ => {
                    let attribute = attributes::read(&mut self.c)?;
                    parts.attributes.push((self.word_name(name, words)?, attribute));
                    words += 1;
                }
            }
        }
    }

    fn word_name(&mut self, op: &str, position: usize) -> Result<String> {
        let names = WORDS.iter().find(|(name, _)| *name == op).and_then(|(_, n)| n.get(position));
        match names {
            Some(name) => Ok((*name).to_owned()),
            None => Err(self.c.needs(format_args!("operands, attributes or types of {op}"))),
        }
    }

    /// `[0:6, 1:4:2]` of a slice, or `[1]` of an element of a tuple.
    fn brackets(&mut self, name: &str, parts: &mut Parts) -> Result<()> {
        if name != "stablehlo.slice" {
            let attribute = attributes::read(&mut self.c)?;
            parts.attributes.push(("index".to_owned(), attribute));
            return Ok(());
        }
        let ranges = self.c.list("[", "]", |c| {
            let start = c.number()?;
            c.expect(":")?;
            let limit = c.number()?;
            let stride = if c.eat(":") { c.number()? } else { "1" };
            let range = [start, limit, stride].map(|text| text.parse::<i128>().ok());
            let [Some(start), Some(limit), Some(stride)] = range else {
                return Err(c.error("has a malformed range"));
            };
            Ok([start, limit, stride])
        })?;
        for (k, name) in ["start_indices", "limit_indices", "strides"].into_iter().enumerate() {
            let numbers = ranges.iter().map(|range| Attr::Int(range[k])).collect();
            parts.attributes.push((name.to_owned(), Attr::List(numbers)));
        }
        Ok(())
    }

    fn keyed(&mut self, op: &str, parts: &mut Parts) -> Result<()> {
        let key = self.c.word()?.to_owned();
        self.c.expect("=")?;
        if key == "dim_numbers" {
            parts.attributes.extend(attributes::convolution(&mut self.c)?);
            return Ok(());
        }
        if key == "window" {
            return self.window(parts);
        }
        let value = attributes::read_untyped(&mut self.c)?;
        if self.c.eat("x") {
            let other = attributes::read(&mut self.c)?;
            let base = key.trim_end_matches("_dims");
            for (side, value) in [("lhs", value), ("rhs", other)] {
                parts.attributes.push((format!("{side}_{base}_dimensions"), value));
            }
            return Ok(());
        }
        if let ("stablehlo.reduce_precision", Attr::Word(format)) = (op, &value) {
            return self.format(format, parts);
        }
        let name = KEYS.iter().find(|(of, from, _)| (*of == op || *of == "*") && *from == key);
        parts.attributes.push((name.map_or(key, |(_, _, to)| (*to).to_owned()), value));
        Ok(())
    }

    /// `{stride = [1], pad = [[0, 0]], lhs_dilate = [1], rhs_dilate = [1], reverse = [false]}`
    fn window(&mut self, parts: &mut Parts) -> Result<()> {
        for (key, value) in attributes::dict(&mut self.c)? {
            let name = match key.as_str() {
                "stride" => "window_strides",
                "pad" => "padding",
                "lhs_dilate" => "lhs_dilation",
                "rhs_dilate" => "rhs_dilation",
                "reverse" => "window_reversal",
                _ => return Err(self.c.error(format_args!("has a window with unknown {key}"))),
            };
            parts.attributes.push((name.to_owned(), value));
        }
        Ok(())
    }

    /// `e8m23`
    fn format(&mut self, format: &str, parts: &mut Parts) -> Result<()> {
        let bits = format.strip_prefix('e').and_then(|rest| rest.split_once('m'));
        let bits = bits.and_then(|(e, m)| Some((e.parse().ok()?, m.parse().ok()?)));
        let Some((exponent, mantissa)) = bits else {
            return Err(self.c.error(format_args!("needs a format like e8m23, got {format}")));
        };
        parts.attributes.push(("exponent_bits".to_owned(), Attr::Int(exponent)));
        parts.attributes.push(("mantissa_bits".to_owned(), Attr::Int(mantissa)));
        Ok(())
    }

    /// The types of the results, from what stands after the colon: the results of a function type, or the types of
    /// operands and results that are alike, of which the last one is the result's.
    fn types_of(&mut self, name: &str) -> Result<Vec<Ty>> {
        let first = types::read(&mut self.c)?;
        // `tensor<3xf32> -> tensor<3xf32>` has no parentheses around one operand.
        let mut listed = match first {
            Ty::Function(_, results) => return Ok(results),
            first => vec![first],
        };
        while self.c.eat(",") {
            listed.push(types::read(&mut self.c)?);
        }
        if self.c.eat("->") {
            return types::results(&mut self.c);
        }
        match name {
            _ if name.ends_with("return") => Ok(Vec::new()),
            "stablehlo.optimization_barrier" => Ok(listed),
            _ => Ok(listed.pop().into_iter().collect()),
        }
    }

    /// `{…} dense<…> : type`
    fn constant(&mut self) -> Result<Parts> {
        let mut parts = Parts::default();
        if self.c.peek() == Some(b'{') {
            parts.attributes = attributes::dict(&mut self.c)?;
        }
        let value = attributes::read(&mut self.c)?;
        let Attr::Dense(literal) = &value else { return Err(self.c.needs("dense elements")) };
        parts.types.push(Ty::Tensor(literal.ty().clone()));
        parts.attributes.push(("value".to_owned(), value));
        Ok(parts)
    }

    /// `(%a = %0, …) : types attributes {…} cond { … } do { … }`
    fn while_loop(&mut self) -> Result<Parts> {
        let mut parts = Parts::default();
        let names = &self.names;
        let mut carried = Vec::new();
        parts.operands = self.c.list("(", ")", |c| {
            c.expect("%")?;
            carried.push(c.suffix()?);
            c.expect("=")?;
            names.operand(c)
        })?;
        if self.c.eat(":") {
            parts.types = self.type_list()?;
        }
        if self.c.eat("attributes") {
            parts.attributes = attributes::dict(&mut self.c)?;
        }
        if parts.types.len() != carried.len() {
            return Err(self.c.error("needs a type for each value that a loop carries"));
        }
        for keyword in ["cond", "do"] {
            self.c.expect(keyword)?;
            self.names.enter();
            let arguments = self.carried(&carried, &parts.types);
            let ops = self.block()?;
            self.names.leave();
            parts.regions.push(Region { arguments, ops }.into());
        }
        Ok(parts)
    }

    fn carried(&mut self, names: &[String], types: &[Ty]) -> Vec<(ValueId, Ty)> {
        let define =
            |(name, ty): (&String, &Ty)| (self.names.define(name.clone(), 1)[0], ty.clone());
        names.iter().zip(types).map(define).collect()
    }

    fn type_list(&mut self) -> Result<Vec<Ty>> {
        let mut listed = vec![types::read(&mut self.c)?];
        while self.c.eat(",") {
            listed.push(types::read(&mut self.c)?);
        }
        Ok(listed)
    }

    /// `(%x init: %c), (%y init: %d) applies stablehlo.add across dimensions = [0] : type`, or with
    /// `reducer(%a: type, %b: type) (%c: type, %d: type) { … }` at the end in place of `applies`.
    fn reduce(&mut self) -> Result<Parts> {
        let mut parts = Parts::default();
        let mut inits = Vec::new();
        loop {
            self.c.expect("(")?;
            parts.operands.push(self.names.operand(&mut self.c)?);
            self.c.expect("init")?;
            self.c.expect(":")?;
            inits.push(self.names.operand(&mut self.c)?);
            self.c.expect(")")?;
            if !self.c.eat(",") {
                break;
            }
        }
        parts.operands.append(&mut inits);
        let place = self.c.place();
        let applied = if self.c.eat("applies") { Some(self.c.word()?.to_owned()) } else { None };
        self.c.expect("across")?;
        self.c.expect("dimensions")?;
        self.c.expect("=")?;
        let dimensions = attributes::read(&mut self.c)?;
        parts.attributes.push(("dimensions".to_owned(), dimensions));
        if self.c.peek() == Some(b'{') {
            parts.attributes.extend(attributes::dict(&mut self.c)?);
        }
        self.c.expect(":")?;
        parts.types = self.types_of("stablehlo.reduce")?;
        let region = match applied {
            Some(name) => self.applied(&name, &parts.types, place)?,
            None => self.reducer()?,
        };
        parts.regions.push(region.into());
        Ok(parts)
    }

    /// The region that applies one operation.
    fn applied(&mut self, name: &str, types: &[Ty], place: Place) -> Result<Region> {
        let [ty] = types else {
            return Err(self.c.error("applies one operation to several results"));
        };
        let Some(dtype) = ty.dtype() else {
            return Err(self.c.error("applies an operation to something that is no array"));
        };
        let scalar = Ty::Tensor(jaxrs_data::Type::scalar(dtype));
        let [a, b, out] = std::array::from_fn(|_| self.names.unnamed());
        let op = |name: &str, operands, results| Op {
            name: name.to_owned(),
            operands,
            results,
            attributes: Vec::new(),
            regions: Vec::new(),
            place,
        };
        let apply = op(name, vec![a, b], vec![(out, scalar.clone())]);
        let give = op("stablehlo.return", vec![out], Vec::new());
        Ok(Region { arguments: vec![(a, scalar.clone()), (b, scalar)], ops: vec![apply, give] })
    }

    /// `reducer(%a: type, %b: type) (%c: type, %d: type) { … }`: pairs of result so far and element.
    fn reducer(&mut self) -> Result<Region> {
        self.c.expect("reducer")?;
        self.names.enter();
        let mut pairs = Vec::new();
        while self.c.peek() == Some(b'(') {
            pairs.push(self.arguments("(", ")")?);
        }
        if pairs.iter().any(|pair| pair.len() != 2) {
            return Err(self.c.error("needs pairs of arguments of a reducer"));
        }
        // All results so far come first, then all elements.
        let side = |k: usize| pairs.iter().map(move |pair| pair[k].clone());
        let arguments = side(0).chain(side(1)).collect();
        let ops = self.block()?;
        self.names.leave();
        Ok(Region { arguments, ops })
    }
}
