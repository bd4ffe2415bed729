//! `jaxrs-fuzz [--seconds N] [--seed S] [--threads T] [--show] [FILE...]`: looks for programs that break a
//! law, or replays files; shows their kernel programs if so wished. `cargo xtask fuzz` builds and runs it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command for people")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jaxrs_fuzz::{Case, Finding, Search, Tally};

/// How often there is a line of progress.
const PROGRESS: Duration = Duration::from_secs(20);

struct Options {
    seconds: u64,
    seed: u64,
    threads: usize,
    show: bool,
    files: Vec<String>,
}

fn options() -> Result<Options, String> {
    let mut options = Options { seconds: 60, seed: 0, threads: 1, show: false, files: Vec::new() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || {
            let value = args.next().ok_or(format!("{arg} needs a number"))?;
            value.parse::<u64>().map_err(|_| format!("{arg} needs a number, got {value}"))
        };
        match arg.as_str() {
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()?,
            "--threads" => options.threads = number()?.max(1) as usize,
            "--show" => options.show = true,
            _ if arg.starts_with('-') => return Err(format!("there is no option {arg}")),
            _ => options.files.push(arg),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    // Panics are findings; they are shown with their program.
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let result = options().and_then(|options| match options.files.is_empty() {
        true => search(&options),
        false => replay(&options),
    });
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(n) => {
            eprintln!("{n} findings");
            ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn replay(options: &Options) -> Result<usize, String> {
    let search = Search::new().map_err(|err| err.to_string())?;
    let mut n_broken = 0;
    for file in &options.files {
        let text = std::fs::read_to_string(file).map_err(|err| format!("{file}: {err}"))?;
        let case: Case = text.parse().map_err(|err| format!("{file}: {err}"))?;
        if options.show {
            println!("{}", search.bench().kernels(&case).map_err(|err| err.to_string())?);
        }
        for finding in search.findings(0, &case) {
            n_broken += 1;
            println!("{file}:\n{finding}");
        }
    }
    Ok(n_broken)
}

struct Shared {
    next: AtomicU64,
    is_over: AtomicBool,
    tally: Mutex<Tally>,
    findings: Mutex<Vec<Finding>>,
}

fn search(options: &Options) -> Result<usize, String> {
    let shared = Shared {
        next: AtomicU64::new(options.seed),
        is_over: AtomicBool::new(false),
        tally: Mutex::default(),
        findings: Mutex::default(),
    };
    let folder = std::path::Path::new("target/fuzz");
    std::fs::create_dir_all(folder).map_err(|err| err.to_string())?;
    let start = Instant::now();
    let limit = Duration::from_secs(options.seconds);
    std::thread::scope(|threads| {
        for k in 0..options.threads {
            let shared = &shared;
            let work = move || work(k, shared, folder);
            // Programs nest, and so do what transforms and evaluates them.
            let _ = std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(threads, work);
        }
        let mut shown = Instant::now();
        while start.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(200).min(limit));
            if shown.elapsed() >= PROGRESS {
                shown = Instant::now();
                report(&shared, start);
            }
        }
        shared.is_over.store(true, Ordering::Relaxed);
    });
    report(&shared, start);
    let tally = shared.tally.into_inner().map_err(|err| err.to_string())?;
    for (why, n) in &tally.refused {
        println!("refused {n} times: {why}");
    }
    Ok(shared.findings.into_inner().map_err(|err| err.to_string())?.len())
}

fn report(shared: &Shared, start: Instant) {
    let (Ok(tally), Ok(findings)) = (shared.tally.lock(), shared.findings.lock()) else { return };
    let held: Vec<String> = tally.held.iter().map(|(law, n)| format!("{law} {n}")).collect();
    println!(
        "{:5} s: {} programs of {} equations, {} findings; {}",
        start.elapsed().as_secs(),
        tally.programs,
        tally.equations,
        findings.len(),
        held.join(", ")
    );
}

fn work(thread: usize, shared: &Shared, folder: &std::path::Path) {
    let search = match Search::new() {
        Ok(search) => search,
        Err(err) => return eprintln!("{err}"),
    };
    let mut tally = Tally::default();
    while !shared.is_over.load(Ordering::Relaxed) {
        let seed = shared.next.fetch_add(1, Ordering::Relaxed);
        // Should machine code end the process, this tells by which program.
        let current = folder.join(format!("current-{thread}.txt"));
        let _ = std::fs::write(current, format!("# seed {seed}\n{}", search.program(seed)));
        let finding = search.try_seed(seed, &mut tally);
        if let Ok(mut sum) = shared.tally.lock() {
            merge(&mut sum, std::mem::take(&mut tally));
        }
        if let Some(finding) = finding {
            println!("\n{finding}");
            let _ = std::fs::write(folder.join(format!("{seed}.txt")), finding.to_string());
            if let Ok(mut findings) = shared.findings.lock() {
                findings.push(finding);
            }
        }
    }
}

fn merge(sum: &mut Tally, more: Tally) {
    sum.programs += more.programs;
    sum.equations += more.equations;
    for (law, n) in more.held {
        *sum.held.entry(law).or_default() += n;
    }
    for (why, n) in more.refused {
        *sum.refused.entry(why).or_default() += n;
    }
}
