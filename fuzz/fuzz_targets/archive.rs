//! The user's CIFAR-10 file: an archive, packed or not, or one of the files in it. The content decides.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::core::files::FileKind;
use nn_lab::data::visitor_files::unpack;

fuzz_target!(|bytes: &[u8]| {
    for name in ["cifar-10-binary.tar.gz", "data_batch_1.bin"] {
        let _ = unpack(FileKind::Cifar10, name, bytes.to_vec());
    }
});
