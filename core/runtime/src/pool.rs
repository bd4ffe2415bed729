//! The thread pool: one loop at a time, its iterations handed out in chunks to whoever is free.

mod host;
mod signals;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::{FloatMode, fork_generation};

pub use host::HostParallelFor;

use host::host_run;
use signals::BlockedSignals;

/// A range of iterations.
type Task<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// How often a thread looks for work before it sleeps: some ten microseconds.
const SPINS: u32 = 2000;
/// As much as main threads usually have: compilers run on these threads too.
const STACK_BYTES: usize = 8 << 20;
/// Chunks for each thread, so that a thread that is held up does not hold up the others.
const CHUNKS_PER_THREAD: usize = 4;

/// Threads that share the iterations of loops. They start with the first loop that is large enough, and
/// block all signals. Loops from several host threads at once are safe: who finds the pool busy, as
/// loops inside loops do, works alone.
pub struct Pool {
    host: Option<HostParallelFor>,
    threads: AtomicUsize,
    team: Mutex<Option<Team>>,
    busy: AtomicBool,
    work: Arc<Work>,
}

struct Team {
    workers: Vec<JoinHandle<()>>,
    generation: u64,
}

/// What the threads share. `epoch` is odd while a loop is open; workers announce themselves in `inside`
/// *before* they look at it again, and the caller closes the loop before it waits for `inside` to become
/// zero, so no worker reads `job` after the caller has returned.
#[derive(Default)]
struct Work {
    epoch: Padded<AtomicU32>,
    next: Padded<AtomicUsize>,
    inside: Padded<AtomicUsize>,
    sleepers: Padded<AtomicUsize>,
    stop: AtomicBool,
    job: Mutex<Option<Job>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

#[derive(Default)]
#[repr(align(64))]
struct Padded<T>(T);

#[derive(Clone, Copy)]
struct Job {
    task: *const Task<'static>,
    n: usize,
    chunk: usize,
    float_mode: u32,
}

// SAFETY: the task may be called from several threads, and the caller keeps it alive while the loop is
// open.
unsafe impl Send for Job {}

impl Pool {
    /// A pool of a number of threads, the caller's included; 0 stands for one per processor.
    pub fn new(threads: usize) -> Arc<Pool> {
        Pool::build(threads, None)
    }

    /// A pool that starts no threads and gives loops to the host.
    pub fn with_host(host: HostParallelFor) -> Arc<Pool> {
        Pool::build(host.threads, Some(host))
    }

    fn build(threads: usize, host: Option<HostParallelFor>) -> Arc<Pool> {
        fork_generation();
        Arc::new(Pool {
            host,
            threads: AtomicUsize::new(or_processors(threads)),
            team: Mutex::new(None),
            busy: AtomicBool::new(false),
            work: Arc::default(),
        })
    }

    /// The number of threads, the caller's included.
    pub fn threads(&self) -> usize {
        self.threads.load(SeqCst)
    }

    /// Changes the number of threads; 0 stands for one per processor. Waits for a loop that is running.
    pub fn set_threads(&self, threads: usize) {
        while self.busy.swap(true, SeqCst) {
            std::thread::yield_now();
        }
        self.disband();
        self.threads.store(or_processors(threads), SeqCst);
        self.busy.store(false, SeqCst);
    }

    /// Calls `task` on ranges that cover `0..n`, each of at least `grain` iterations but the last; on
    /// several threads where there are enough.
    pub fn parallel_for(&self, n: usize, grain: usize, task: &Task<'_>) {
        self.run(n, grain, CHUNKS_PER_THREAD, task);
    }

    /// The same, with one equal range for each thread: for loops whose iterations cost the same and
    /// that pay for each range.
    pub fn parallel_for_even(&self, n: usize, grain: usize, task: &Task<'_>) {
        self.run(n, grain, 1, task);
    }

    /// Calls `task` for each number below `n`, each of which is worth a thread's while.
    pub fn for_each(&self, n: usize, task: &(dyn Fn(usize) + Sync)) {
        self.run(n, 1, usize::MAX, &|begin, end| (begin..end).for_each(task));
    }

    fn run(&self, n: usize, grain: usize, chunks: usize, task: &Task<'_>) {
        let threads = self.threads.load(SeqCst);
        let chunk = n.div_ceil(threads.saturating_mul(chunks)).max(grain).max(1);
        if n <= chunk || threads == 1 {
            if n > 0 {
                task(0, n);
            }
            return;
        }
        if let Some(host) = self.host {
            return host_run(host, n, chunk, task);
        }
        if self.busy.swap(true, SeqCst) {
            return task(0, n);
        }
        let _release = Release(&self.busy);
        if self.start(threads) { self.work.lead(n, chunk, task) } else { task(0, n) }
    }

    /// Starts the threads unless they run; false in a forked child, where they don't exist.
    fn start(&self, threads: usize) -> bool {
        let mut team = self.team.lock();
        if let Some(team) = &*team {
            return team.generation == fork_generation();
        }
        let _signals = BlockedSignals::new();
        self.work.stop.store(false, SeqCst);
        let spawn = |i: usize| {
            let work = self.work.clone();
            let name = format!("jaxrs-{i}");
            std::thread::Builder::new()
                .name(name)
                .stack_size(STACK_BYTES)
                .spawn(move || work.follow())
                .ok()
        };
        let workers = (1..threads).filter_map(spawn).collect();
        *team = Some(Team { workers, generation: fork_generation() });
        true
    }

    fn disband(&self) {
        let Some(team) = self.team.lock().take() else { return };
        if team.generation != fork_generation() {
            // The threads stayed in the parent process.
            return std::mem::forget(team);
        }
        self.work.stop.store(true, SeqCst);
        self.work.epoch.0.fetch_add(2, SeqCst);
        self.work.wake(u32::MAX as usize);
        // A worker's panic was handed to the caller of its loop; there is nothing more to learn.
        team.workers.into_iter().for_each(|worker| drop(worker.join()));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.disband();
    }
}

struct Release<'a>(&'a AtomicBool);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

fn or_processors(threads: usize) -> usize {
    match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    }
}

impl Work {
    /// Opens a loop, works on it, and waits for those who help.
    fn lead(&self, n: usize, chunk: usize, task: &Task<'_>) {
        // SAFETY: only the lifetime changes; the loop is closed, and everybody out, before this returns.
        let task = unsafe { std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task) };
        let job = Job { task, n, chunk, float_mode: FloatMode::current() };
        *self.job.lock() = Some(job);
        self.next.0.store(0, SeqCst);
        self.epoch.0.fetch_add(1, SeqCst);
        if self.sleepers.0.load(SeqCst) > 0 {
            self.wake(n.div_ceil(chunk) - 1);
        }
        self.take_part(job);
        self.epoch.0.fetch_add(1, SeqCst);
        while self.inside.0.load(SeqCst) > 0 {
            std::hint::spin_loop();
        }
        *self.job.lock() = None;
        if let Some(panic) = self.panic.lock().take() {
            resume_unwind(panic);
        }
    }

    /// Runs chunks until there are none left.
    fn take_part(&self, job: Job) {
        loop {
            let begin = self.next.0.fetch_add(job.chunk, SeqCst);
            if begin >= job.n {
                return;
            }
            let end = (begin + job.chunk).min(job.n);
            // SAFETY: the loop is open, so its task is alive.
            let task = unsafe { &*job.task };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| task(begin, end))) {
                *self.panic.lock() = Some(panic);
                self.next.0.store(job.n, SeqCst);
            }
        }
    }

    /// A worker's life.
    fn follow(&self) {
        let mut seen = self.epoch.0.load(SeqCst) & !1;
        while !self.stop.load(SeqCst) {
            let epoch = self.wait_for_change(seen);
            seen = epoch;
            if epoch & 1 == 0 {
                continue;
            }
            self.inside.0.fetch_add(1, SeqCst);
            if self.epoch.0.load(SeqCst) == epoch {
                let job = *self.job.lock();
                if let Some(job) = job {
                    let _mode = FloatMode::set(job.float_mode);
                    self.take_part(job);
                }
            }
            self.inside.0.fetch_sub(1, SeqCst);
        }
    }

    fn wait_for_change(&self, seen: u32) -> u32 {
        for _ in 0..SPINS {
            let epoch = self.epoch.0.load(SeqCst);
            if epoch != seen {
                return epoch;
            }
            std::hint::spin_loop();
        }
        self.sleepers.0.fetch_add(1, SeqCst);
        loop {
            let epoch = self.epoch.0.load(SeqCst);
            if epoch != seen {
                self.sleepers.0.fetch_sub(1, SeqCst);
                return epoch;
            }
            futex(&self.epoch.0, libc::FUTEX_WAIT, seen);
        }
    }

    fn wake(&self, threads: usize) {
        futex(&self.epoch.0, libc::FUTEX_WAKE, threads.min(i32::MAX as usize) as u32);
    }
}

fn futex(word: &AtomicU32, operation: i32, value: u32) {
    let operation = operation | libc::FUTEX_PRIVATE_FLAG;
    let no_timeout = std::ptr::null::<libc::timespec>();
    // SAFETY: the word is live; without a timeout the call takes these arguments. A spurious or failed
    // wait is checked by the caller's loop.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, no_timeout) };
}

#[cfg(test)]
mod tests;
