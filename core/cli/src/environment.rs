//! `jaxrs env`: versions and the machine.

use jaxrs_data::Result;

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::engine;
use crate::json::Json;

/// A line each, or a field each.
pub(crate) fn command(arguments: &Arguments) -> Result<Answer> {
    arguments.none()?;
    let machine = engine::machine()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let version = env!("CARGO_PKG_VERSION");
    let features: Vec<&str> = machine.features.split(',').collect();
    let text = format!(
        "jaxrs {version}\nllvm {}\nprocessor {}\nfeatures {}\nthreads {threads}\nvectors {} bytes\n",
        machine.llvm,
        machine.processor,
        features.join(" "),
        machine.vector_bytes
    );
    let json = Json::Object(vec![
        ("jaxrs", version.into()),
        ("llvm", machine.llvm.as_str().into()),
        ("processor", machine.processor.as_str().into()),
        ("features", Json::List(features.into_iter().map(Json::from).collect())),
        ("threads", threads.into()),
        ("vector_bytes", machine.vector_bytes.into()),
        ("devices", Json::List(vec!["cpu".into()])),
    ]);
    Ok(Answer { text, json })
}
