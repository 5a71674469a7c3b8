//! Linker arguments in addition to the flags of the profile.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("wasm32") {
        return;
    }
    // The names of functions are kept for `scripts/small.sh`, which orders functions by name and then removes the names.
    for worker in ["worker-cpu", "worker-gpu"] {
        println!("cargo:rustc-link-arg-bin={worker}=--keep-section=name");
    }
}
