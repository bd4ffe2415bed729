//! Loops on several threads.

use super::*;
use std::ffi::c_void;

/// Every iteration runs exactly once.
fn check(pool: &Pool, n: usize, grain: usize) {
    let counts: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
    pool.parallel_for(n, grain, &|begin, end| {
        for count in &counts[begin..end] {
            count.fetch_add(1, SeqCst);
        }
    });
    assert!(counts.iter().all(|count| count.load(SeqCst) == 1), "n {n} grain {grain}");
}

#[test]
fn every_iteration_runs_once_whatever_the_sizes() {
    let pool = Pool::new(4);
    for n in [0, 1, 2, 7, 100, 1000] {
        for grain in [0, 1, 3, 64, 5000] {
            check(&pool, n, grain);
        }
    }
}

#[test]
fn loops_from_many_threads_and_inside_loops_all_finish() {
    let pool = Pool::new(3);
    let total = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    pool.parallel_for(16, 1, &|begin, end| {
                        pool.parallel_for(end - begin, 1, &|b, e| {
                            total.fetch_add(e - b, SeqCst);
                        });
                    });
                }
            });
        }
    });
    assert_eq!(total.load(SeqCst), 4 * 500 * 16);
}

#[test]
fn the_number_of_threads_changes_between_loops() {
    let pool = Pool::new(2);
    for threads in [1, 4, 2, 3] {
        pool.set_threads(threads);
        assert_eq!(pool.threads(), threads);
        check(&pool, 100, 1);
    }
}

#[test]
fn a_panic_in_a_task_reaches_the_caller_and_leaves_the_pool_usable() {
    let pool = Pool::new(2);
    let result = catch_unwind(AssertUnwindSafe(|| {
        pool.parallel_for(10, 1, &|begin, _| assert_ne!(begin, 4, "four"));
    }));
    assert!(result.is_err());
    check(&pool, 50, 1);
}

#[test]
fn workers_have_the_float_mode_of_their_caller() {
    let pool = Pool::new(3);
    let _mode = FloatMode::flush_denormals();
    let mode = FloatMode::current();
    pool.parallel_for(200, 1, &|_, _| assert_eq!(FloatMode::current() & 0x8040, mode & 0x8040));
}

#[test]
fn a_host_that_brings_threads_gets_the_loops() {
    unsafe extern "C" fn run(
        userdata: *mut c_void,
        n: usize,
        task: unsafe extern "C" fn(*mut c_void, usize),
        argument: *mut c_void,
    ) {
        // SAFETY: the test passes a counter.
        unsafe { &*userdata.cast::<AtomicUsize>() }.fetch_add(n, SeqCst);
        for i in (0..n).rev() {
            // SAFETY: `i` is under `n`.
            unsafe { task(argument, i) };
        }
    }
    let calls = AtomicUsize::new(0);
    let userdata = (&raw const calls).cast_mut().cast();
    let pool = Pool::with_host(HostParallelFor { run, userdata, threads: 4 });
    check(&pool, 1000, 1);
    assert!(calls.load(SeqCst) > 1);
}
