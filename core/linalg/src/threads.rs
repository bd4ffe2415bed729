//! Who shares the work.

use std::sync::Mutex;

/// Runs a task for each number below one, in any order, on any threads, and returns when all are done.
pub type ParallelFor<'a> = dyn Fn(usize, &(dyn Fn(usize) + Sync)) + Sync + 'a;

/// Threads of the caller's. What is computed does not depend on how many there are: work is cut by its size
/// alone.
#[derive(Clone, Copy)]
pub struct Threads<'a>(&'a ParallelFor<'a>);

/// The caller's own thread.
pub const ALONE: Threads<'static> = Threads(&|n, task| (0..n).for_each(task));

impl<'a> Threads<'a> {
    /// Threads that share loops.
    pub fn new(run: &'a ParallelFor<'a>) -> Threads<'a> {
        Threads(run)
    }

    /// Does something with each of several things.
    pub fn each<I: Send>(self, items: Vec<I>, run: impl Fn(I) + Sync) {
        if items.len() < 2 {
            return items.into_iter().for_each(run);
        }
        let items: Vec<Mutex<Option<I>>> = items.into_iter().map(|x| Mutex::new(Some(x))).collect();
        (self.0)(items.len(), &|i| {
            let item = items.get(i).and_then(|item| item.lock().ok()?.take());
            item.into_iter().for_each(&run);
        });
    }
}
