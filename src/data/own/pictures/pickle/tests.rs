//! Pickles of CIFAR-10, as each version of Python stores them.

use crate::data::own::pictures::pickle::*;

/// Returns a batch as Python 2 stores it, which is how the files of the data set are stored.
pub(crate) fn batch(labels: &[u8], pixels: &[u8]) -> Vec<u8> {
    let ints: Vec<u8> = labels.iter().flat_map(|label| [b'K', *label]).collect();
    [
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x05batchq\x03U\x06labelsq\x04]q\x05(".as_slice(),
        &ints,
        b"eU\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\0\x85U\x01b\x87Rq\x09(K\x01M",
        &(labels.len() as u16).to_le_bytes(),
        b"M\x00\x0c\x86cnumpy\ndtype\nq\x0aU\x02u1K\0K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T",
        &(pixels.len() as u32).to_le_bytes(),
        pixels,
        b"tbU\x09filenamesq\x0c]q\x0d(U\x05a.pngq\x0eU\x05b.pngq\x0feu.",
    ]
    .concat()
}

fn pixels(n: usize) -> Vec<u8> {
    (0..n * 3072).map(|i| (i % 251) as u8).collect()
}

/// The same batch in the other protocols, as Python 3 writes it, with `content` as an instruction for the pixels.
fn newer(protocol: u8, key: &dyn Fn(&str) -> Vec<u8>, content: &[u8]) -> Vec<u8> {
    let array = if protocol == 5 {
        let dtype = b"\x94\x8c\x05numpy\x94\x8c\x05dtype\x94\x93\x94\x8c\x02u1\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0t\x94b";
        let shape = b"K\x02M\x00\x0c\x86\x94\x8c\x01C\x94t\x94R\x94";
        [b"\x8c\x13numpy._core.numeric\x94\x8c\x0b_frombuffer\x94\x93\x94(".as_slice(), content, dtype, shape]
            .concat()
    } else {
        let start = b"cnumpy._core.multiarray\n_reconstruct\nq\x06cnumpy\nndarray\nq\x07K\x00\x85q\x08C\x01bq\x09\x87q\x0aRq\x0b(K\x01K\x02M\x00\x0c\x86";
        let dtype = b"cnumpy\ndtype\nX\x02\0\0\0u1\x89\x88\x87R(K\x03X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89";
        [start.as_slice(), dtype, content, b"tb"].concat()
    };
    let head: &[u8] = if protocol < 4 { &[] } else { b"\x95\xd9\x18\0\0\0\0\0\0" };
    [&[0x80, protocol], head, b"}(", &key("labels"), b"](K\x03K\x09e", &key("data"), &array, b"u."].concat()
}

#[test]
fn batches_of_all_protocols_are_read() {
    let expected = Some(Contents::Batch(pixels(2), vec![3, 9]));
    assert_eq!(read(&batch(&[3, 9], &pixels(2))), expected);
    let bytes = |key: &str| [b"C", &[key.len() as u8][..], key.as_bytes()].concat();
    let text = |key: &str| [b"\x8c", &[key.len() as u8][..], key.as_bytes()].concat();
    let len = 6144u64.to_le_bytes();
    let plain = [b"B", &len[..4], &pixels(2)].concat();
    assert_eq!(read(&newer(3, &bytes, &plain)), expected);
    assert_eq!(read(&newer(4, &text, &plain)), expected);
    assert_eq!(read(&newer(5, &text, &[b"\x96", &len[..], &pixels(2)].concat())), expected);
    // Protocol 2 of Python 3 stores bytes as a text.
    let encoded: String = pixels(2).iter().map(|&byte| char::from(byte)).collect();
    let encode = |bytes: &[u8]| {
        let len = (bytes.len() as u32).to_le_bytes();
        [b"c_codecs\nencode\nX", &len[..], bytes, b"X\x06\0\0\0latin1\x86R"].concat()
    };
    let key = |key: &str| encode(key.as_bytes());
    assert_eq!(read(&newer(2, &key, &encode(encoded.as_bytes()))), expected);
}

#[test]
fn other_pickles_are_recognized() {
    assert_eq!(
        read(
            b"\x80\x02}(U\x0blabel_names](U\x03cate"
                .iter()
                .chain(b"u.")
                .copied()
                .collect::<Vec<_>>()
                .as_slice()
        ),
        Some(Contents::Names)
    );
    assert_eq!(read(b"\x80\x02}(U\x0bfine_labels]u."), Some(Contents::Cifar100));
    assert_eq!(read(b"\x80\x02]."), Some(Contents::Other));
    assert_eq!(read(b"\x80\x02}."), Some(Contents::Other));
    assert_eq!(read(&batch(&[1, 2, 3], &pixels(2))), None, "as many labels as pictures");
    // An object of a class is refused, whatever the class would do.
    assert_eq!(read(b"\x80\x02cos\nsystem\nU\x04echo\x85R."), None);
}

#[test]
fn damaged_pickles_do_no_harm() {
    let valid = batch(&[3, 9], &pixels(2));
    for len in (0..400).chain(valid.len() - 100..valid.len()) {
        assert_eq!(read(&valid[..len]), None, "{len}");
    }
    for at in (0..400).chain(valid.len() - 100..valid.len()) {
        for value in [0, b'.', b'(', b'e', b'u', b's', b'R', b'b', b't', b'h', 0x85, 0xff] {
            let mut bytes = valid.clone();
            bytes[at] = value;
            let _ = read(&bytes);
        }
    }
    // Values that contain each other, deep nesting, more values than are read, and a text that is encoded again and again.
    assert_eq!(read(b"\x80\x02]q\x01h\x01a."), Some(Contents::Other));
    let deep = |code: &[u8], n: usize| [b"\x80\x02]", code.repeat(n).as_slice(), b"."].concat();
    assert_eq!(read(&deep(b"\x85", 300_000)), Some(Contents::Other));
    assert_eq!(read(&deep(b"]", 2_000_000)), None);
    assert_eq!(read(&deep(b"(", 2_000_000)), None);
    let text =
        [b"\x80\x02c_codecs\nencode\nq\x01X\x10\x27\0\0".as_slice(), &[b'a'; 10_000], b"U\0\x86q\x02R"]
            .concat();
    assert!(read(&[text.as_slice(), b"."].concat()).is_some());
    assert_eq!(read(&[text.as_slice(), &b"h\x01h\x02R".repeat(1000), b"."].concat()), None);
    assert_eq!(read(b"\x80\x02X\xff\xff\xff\xff."), None);
    assert_eq!(read(b"\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\xff."), None);
}
