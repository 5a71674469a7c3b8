//! The user's archives and arrays of pictures, and data files with pictures. The browser decodes pictures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::data::own::pictures::collection::Collection;
use nn_lab::data::own::pictures::format::{Kind, check_size, kind};
use nn_lab::data::own::pictures::gather::Gathered;
use nn_lab::data::own::pictures::{labeled, open};

fuzz_target!(|bytes: &[u8]| {
    let _ = open(bytes, 1);
    if let Kind::Picture(format) = kind(bytes) {
        let _ = check_size(format, bytes, bytes.len() as u64);
    }
    for (name, channels, side) in
        [("pictures.npz", 3, 32), ("train-images-idx3-ubyte.gz", 1, 28), ("data_batch_1", 1, 32)]
    {
        let mut gathered = Gathered::default();
        gathered.open(name, bytes.to_vec());
        let sources = gathered.labeled();
        let mut set = Collection::new(channels, side);
        labeled::add(&mut set, &sources);
        let _ = gathered.answer(None);
        if let Ok(file) = set.finish("Title", name) {
            open(&file.to_bytes(), 1).expect("a data file");
        }
    }
});
