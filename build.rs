//! What the linker is told beside the profile's flags.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("wasm32") {
        return;
    }
    // Names of functions stay for `scripts/small.sh`, which puts them in order and then takes them away.
    for worker in ["worker-cpu", "worker-gpu"] {
        println!("cargo:rustc-link-arg-bin={worker}=--keep-section=name");
    }
}
