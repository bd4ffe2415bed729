//! Loads and stores: contiguous lanes move as vectors, the rest gathers and scatters.

use jaxrs_data::DType;
use jaxrs_kernel::BufferId;

use crate::body::Body;
use crate::casts;
use crate::ir::{IntCmp, Ty, V};
use crate::lanes::Val;

impl Body<'_, '_> {
    fn address(&self, buffer: BufferId, position: V) -> V {
        let ir = self.ir;
        let element = ir.memory(self.program[buffer].dtype);
        // Where 32 bits are enough, gathers take half the registers.
        let narrow = ir.width_of(position) > 1 && self.program[buffer].len <= i32::MAX as usize;
        let position =
            if narrow { ir.trunc(position, ir.like(position, ir.int(32))) } else { position };
        ir.element(element, self.buffers[&buffer], position)
    }

    fn align(&self, buffer: BufferId) -> u32 {
        self.program[buffer].dtype.size_bytes() as u32
    }

    /// From the form in memory to the one in registers.
    pub(crate) fn registers_of(&self, dtype: DType, v: V) -> V {
        if dtype != DType::Bool {
            return v;
        }
        self.ir.icmp(IntCmp::LLVMIntNE, v, self.ir.zero(self.ir.type_of(v)))
    }

    fn memory_of(&self, dtype: DType, v: V) -> V {
        if dtype != DType::Bool { v } else { self.ir.zext(v, self.ir.like(v, self.ir.int(8))) }
    }

    /// The lanes that both an instruction and the surroundings let work; none if all do.
    fn lane_mask(&self, mask: Option<Val>) -> Option<V> {
        match (mask.map(|mask| self.in_lanes(mask)), self.mask) {
            (Some(a), Some(b)) => Some(self.ir.and(a, b)),
            (mask, scope) => mask.or(scope),
        }
    }

    /// Reads elements, zero where the mask is false.
    pub(crate) fn load(&self, buffer: BufferId, position: Val, mask: Option<Val>) -> Val {
        let ir = self.ir;
        let (dtype, len) = (self.program[buffer].dtype, self.program[buffer].len);
        if len == 0 {
            return Val::Uniform(ir.zero(ir.register(dtype)));
        }
        match (position, mask) {
            (Val::Uniform(p), None) => Val::Uniform(self.load_one(buffer, p, None)),
            (Val::Uniform(p), Some(Val::Uniform(m))) => {
                Val::Uniform(self.load_one(buffer, p, Some(m)))
            }
            (Val::Uniform(p), Some(mask)) => {
                let lanes = self.in_lanes(mask);
                let any = self.any(self.lane_mask(Some(mask)).unwrap_or(lanes));
                let v = ir.splat(self.load_one(buffer, p, Some(any)), self.width);
                Val::Varying(casts::select(ir, lanes, v, ir.zero(ir.type_of(v))))
            }
            (Val::Affine { base, stride: 1, .. }, mask) => {
                Val::Varying(self.load_row(buffer, base, self.lane_mask(mask)))
            }
            (Val::Affine { base, stride: -1, .. }, mask) => {
                let first = ir.sub(base, ir.i64(i64::from(self.width) - 1));
                let mask = self.lane_mask(mask).map(|mask| self.reversed(mask));
                Val::Varying(self.reversed(self.load_row(buffer, first, mask)))
            }
            (Val::Affine { base, stride: stride @ 2..=4, .. }, None)
                if self.moves_whole(buffer) =>
            {
                Val::Varying(self.load_strided(buffer, base, stride as u32))
            }
            (position, mask) => Val::Varying(self.gather(buffer, position, mask)),
        }
    }

    /// Whether all lanes work, on elements that vectors hold as they are.
    fn moves_whole(&self, buffer: BufferId) -> bool {
        let bits = self.program[buffer].dtype.bits();
        self.mask.is_none() && self.width > 1 && matches!(bits, 32 | 64)
    }

    /// Every second, third or fourth element, picked from vectors that hold all of them: no more is read than lies
    /// between the first and the last one.
    fn load_strided(&self, buffer: BufferId, first: V, stride: u32) -> V {
        let (ir, width) = (self.ir, self.width);
        let last = (width - 1) * stride;
        let start = |part: u32| (part * width).min(last + 1 - width);
        let part = |part: u32| {
            let position = ir.add(first, ir.i64(start(part).into()));
            self.load_lanes(buffer, position, width)
        };
        // Lanes before those of a part are as they were picked before.
        let picked = (1..stride).fold(part(0), |picked, next| {
            let from = |lane: u32| match (lane * stride).checked_sub(next * width) {
                Some(_) => width + lane * stride - start(next),
                None if next == 1 => lane * stride,
                None => lane,
            };
            // Those of later parts are picked later.
            let lanes: Vec<u32> = (0..width).map(|lane| from(lane).min(2 * width - 1)).collect();
            ir.shuffle(picked, part(next), &lanes)
        });
        self.registers_of(self.program[buffer].dtype, picked)
    }

    fn reversed(&self, v: V) -> V {
        let lanes: Vec<u32> = (0..self.width).rev().collect();
        self.ir.shuffle(v, v, &lanes)
    }

    /// One element; with a mask from a position that is always in range.
    fn load_one(&self, buffer: BufferId, position: V, mask: Option<V>) -> V {
        let ir = self.ir;
        let dtype = self.program[buffer].dtype;
        let position = mask.map_or(position, |mask| ir.select(mask, position, ir.i64(0)));
        let address = self.address(buffer, position);
        let v = self.registers_of(dtype, ir.load(ir.memory(dtype), address, self.align(buffer)));
        mask.map_or(v, |mask| ir.select(mask, v, ir.zero(ir.type_of(v))))
    }

    /// Some elements as they are in memory, one after another.
    pub(crate) fn load_lanes(&self, buffer: BufferId, first: V, n: u32) -> V {
        let ir = self.ir;
        let ty = ir.lanes(ir.memory(self.program[buffer].dtype), n);
        ir.load(ty, self.address(buffer, first), self.align(buffer))
    }

    fn load_row(&self, buffer: BufferId, first: V, mask: Option<V>) -> V {
        let ir = self.ir;
        let dtype = self.program[buffer].dtype;
        let (address, ty) = (self.address(buffer, first), self.lanes_of(ir.memory(dtype)));
        let align = self.align(buffer);
        let v = match mask {
            None => ir.load(ty, address, align),
            Some(mask) => {
                let (lanes, mask) = self.in_words(ty, mask);
                let args = [address, ir.i32(align.into()), mask, ir.zero(lanes)];
                let v = ir.intrinsic("llvm.masked.load", &[lanes, ir.ptr()], &args);
                if lanes == ty { v } else { ir.bitcast(v, ty) }
            }
        };
        self.registers_of(dtype, v)
    }

    /// How lanes move under a mask: elements of 16 bytes, for which processors have no masks, as two words.
    fn in_words(&self, ty: Ty, mask: V) -> (Ty, V) {
        let ir = self.ir;
        if ty != self.lanes_of(ir.int(128)) || self.width == 1 {
            return (ty, mask);
        }
        (ir.lanes(ir.int(64), 2 * self.width), casts::twice(ir, mask))
    }

    /// The addresses of the lower and the upper words of elements of 16 bytes.
    fn word_addresses(&self, buffer: BufferId, position: Val) -> [V; 2] {
        let ir = self.ir;
        let position = self.in_lanes(position);
        let first = ir.shl(position, ir.const_int(ir.type_of(position), 1));
        [0, 1].map(|k| {
            let word = ir.or(first, ir.const_int(ir.type_of(position), k));
            ir.element(ir.int(64), self.buffers[&buffer], word)
        })
    }

    fn gather(&self, buffer: BufferId, position: Val, mask: Option<Val>) -> V {
        let ir = self.ir;
        let dtype = self.program[buffer].dtype;
        let mask = self.lane_mask(mask).unwrap_or_else(|| self.all_lanes());
        if dtype.bits() == 128 {
            let ty = self.lanes_of(ir.int(64));
            let [low, high] = self.word_addresses(buffer, position).map(|addresses| {
                let args = [addresses, ir.i32(8), mask, ir.zero(ty)];
                ir.intrinsic("llvm.masked.gather", &[ty, ir.type_of(addresses)], &args)
            });
            return casts::join(ir, DType::U64, low, high);
        }
        let addresses = self.address(buffer, self.in_lanes(position));
        let (ty, align) = (self.lanes_of(ir.memory(dtype)), ir.i32(self.align(buffer).into()));
        let args = [addresses, align, mask, ir.zero(ty)];
        let v = ir.intrinsic("llvm.masked.gather", &[ty, ir.type_of(addresses)], &args);
        self.registers_of(dtype, v)
    }

    fn all_lanes(&self) -> V {
        self.ir.const_int(self.lanes_of(self.ir.int(1)), -1)
    }

    /// Writes elements where the mask is true.
    pub(crate) fn store(&self, buffer: BufferId, position: Val, value: Val, mask: Option<Val>) {
        if self.program[buffer].len == 0 {
            return;
        }
        match (position, value, mask) {
            (Val::Uniform(p), Val::Uniform(v), None) => self.store_one(buffer, p, v, None),
            (Val::Uniform(p), Val::Uniform(v), Some(Val::Uniform(m))) => {
                self.store_one(buffer, p, v, Some(m));
            }
            (Val::Affine { base, stride: 1, .. }, value, mask) => {
                self.store_row(buffer, base, self.in_lanes(value), self.lane_mask(mask));
            }
            (position, value, mask) => self.scatter(buffer, position, self.in_lanes(value), mask),
        }
    }

    fn store_one(&self, buffer: BufferId, position: V, v: V, mask: Option<V>) {
        let ir = self.ir;
        let after = mask.map(|mask| {
            let (then, after) = (ir.block(self.function), ir.block(self.function));
            ir.cond_br(mask, then, after);
            ir.go_to(then);
            after
        });
        let v = self.memory_of(self.program[buffer].dtype, v);
        ir.store(v, self.address(buffer, position), self.align(buffer));
        if let Some(after) = after {
            ir.br(after);
            ir.go_to(after);
        }
    }

    fn store_row(&self, buffer: BufferId, first: V, v: V, mask: Option<V>) {
        let ir = self.ir;
        let v = self.memory_of(self.program[buffer].dtype, v);
        let (address, align) = (self.address(buffer, first), self.align(buffer));
        match mask {
            None if self.streamed.contains(&buffer) => {
                let store = ir.store(v, address, 64);
                ir.set_nontemporal(store);
            }
            None => {
                ir.store(v, address, align);
            }
            Some(mask) => {
                let (lanes, mask) = self.in_words(ir.type_of(v), mask);
                let v = if lanes == ir.type_of(v) { v } else { ir.bitcast(v, lanes) };
                let args = [v, address, ir.i32(align.into()), mask];
                ir.intrinsic("llvm.masked.store", &[lanes, ir.ptr()], &args);
            }
        }
    }

    fn scatter(&self, buffer: BufferId, position: Val, v: V, mask: Option<Val>) {
        let ir = self.ir;
        let v = self.memory_of(self.program[buffer].dtype, v);
        let mask = self.lane_mask(mask).unwrap_or_else(|| self.all_lanes());
        if self.program[buffer].dtype.bits() == 128 {
            for (k, addresses) in self.word_addresses(buffer, position).into_iter().enumerate() {
                let word = casts::half(ir, k as u32, v);
                let args = [word, addresses, ir.i32(8), mask];
                let types = [ir.type_of(word), ir.type_of(addresses)];
                ir.intrinsic("llvm.masked.scatter", &types, &args);
            }
            return;
        }
        let addresses = self.address(buffer, self.in_lanes(position));
        let args = [v, addresses, ir.i32(self.align(buffer).into()), mask];
        ir.intrinsic("llvm.masked.scatter", &[ir.type_of(v), ir.type_of(addresses)], &args);
    }
}
