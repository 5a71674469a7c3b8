//! Data sets of the user: reading their files, and the data file that experiments read.
//! [`data_set`](crate::core::data_set) describes its format.

pub mod lines;
pub mod pictures;
pub mod table;
pub mod texts;

use crate::core::LabError;
use crate::core::data_set::card::MAGIC;
use crate::core::data_set::{Card, Content, DataId};
use crate::data::assets::Assets;
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// The parts of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct DataFile {
    /// The card.
    pub card: Card,
    /// The content.
    pub content: Vec<u8>,
}

impl DataFile {
    /// Returns a data set with this content, whose name follows from it.
    ///
    /// # Errors
    ///
    /// Fails if the content has no shape that the lab reads, such as too many classes. The readers check this before, each in
    /// its own words.
    pub fn new(
        title: &str,
        source: &str,
        structure: Content,
        count: u32,
        content: Vec<u8>,
        remarks: Vec<String>,
    ) -> Result<Self, LabError> {
        let shape = structure.shape().ok_or_else(|| {
            LabError::Data(
                "This data set has more classes, features or characters than the lab takes.".to_owned(),
            )
        })?;
        let id = DataId { shape, hash: hash(&structure, count, &content) };
        let card = Card {
            id: id.to_string(),
            title: title.to_owned(),
            source: source.to_owned(),
            license: String::new(),
            count,
            content: structure,
            remarks,
        };
        Ok(Self { card, content })
    }

    /// Returns the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.card.head();
        bytes.extend_from_slice(&self.content);
        bytes
    }
}

/// Returns true if the bytes are a data file, such as one that was saved in another browser.
pub fn is_data_file(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Opens a data file that the user brings.
///
/// # Errors
///
/// Fails if it is damaged: if its content does not have the size, the labels or the hash that its card tells.
pub fn open_data_file(name: &str, bytes: &[u8]) -> Result<DataFile, LabError> {
    let damaged =
        |what: &str| LabError::Data(format!("{name} is a data file of this lab, and {what}. Save it again."));
    let (card, start) = Card::read(bytes).ok_or_else(|| damaged("its card cannot be read"))?;
    let content = bytes.get(start..).unwrap_or_default();
    let (n, classes) = (card.count as usize, card.content.classes().len());
    let (labels, expected) = match &card.content {
        Content::Table { features, .. } => {
            let values = n.saturating_mul(features.len() * 4);
            let labels = (classes > 0).then(|| content.get(values..));
            (labels, values.saturating_add(if classes > 0 { n } else { n * 4 }))
        }
        Content::Pictures { channels, side, .. } => {
            let size = (channels * side * side) as usize;
            (Some(content.get(..n)), n.saturating_mul(1 + size))
        }
        Content::Lines { seq_len, .. } => (Some(content.get(..n)), n.saturating_mul(1 + *seq_len as usize)),
        Content::Text { .. } => (None, content.len()),
    };
    if content.len() != expected {
        return Err(damaged(&format!("should have {expected} bytes of content and has {}", content.len())));
    }
    let is_class = |label: &u8| usize::from(*label) < classes;
    if !labels.is_none_or(|labels| labels.is_some_and(|labels| labels.iter().all(is_class))) {
        return Err(damaged("has labels that name no class"));
    }
    if matches!(card.content, Content::Text { .. }) && std::str::from_utf8(content).is_err() {
        return Err(damaged("its text is not UTF-8"));
    }
    if card.data_id().map(|id| id.hash) != Some(hash(&card.content, card.count, content)) {
        return Err(damaged("its content is not the one that its name tells"));
    }
    Ok(DataFile { card, content: content.to_vec() })
}

/// Returns the hash of a content and of the names in it.
fn hash(structure: &Content, count: u32, content: &[u8]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(count.to_le_bytes());
    for name in structure.names() {
        // The length comes first, so that "a", "bc" and "ab", "c" differ.
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    if let Content::Lines { characters, .. } = structure {
        hasher.update(characters.iter().collect::<String>().as_bytes());
    }
    if let Content::Pictures { n_test, .. } = structure {
        hasher.update(n_test.unwrap_or(u32::MAX).to_le_bytes());
    }
    hasher.update(content);
    let digest: [u8; 32] = hasher.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Returns the card of a data file, and its content.
///
/// # Errors
///
/// Fails if the bytes are not a data file.
pub fn read(bytes: &[u8]) -> Result<(Card, &[u8]), LabError> {
    let damaged =
        || LabError::Data("The stored data set is damaged. Remove it and open its files again.".to_owned());
    let (card, start) = Card::read(bytes).ok_or_else(damaged)?;
    Ok((card, bytes.get(start..).unwrap_or_default()))
}

/// Loads the data file that a setting names. `what` is a singular noun, such as "table".
///
/// # Errors
///
/// [`LabError::NoData`] if the setting is empty, and [`LabError::Data`] if this browser does not have the data.
pub async fn load(name: &str, what: &str, assets: &mut impl Assets) -> Result<Rc<[u8]>, LabError> {
    let Ok(id) = name.parse::<DataId>() else {
        return Err(LabError::NoData(format!(
            "There is no {what} yet: add one in the chapter about your own data."
        )));
    };
    let stored = assets.list_assets(&id.path()).await?;
    if !stored.contains(&id.path()) {
        return Err(LabError::Data(format!(
            "This run needs the data set {id}, which is not in this browser. Open the same files in the chapter about your own data; other data have another name."
        )));
    }
    assets.asset(&id.path()).await
}

/// Returns how many of `n` samples are held out: a fifth, at least one.
pub fn held_out(n: usize) -> usize {
    (n / 5).max(1).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use crate::core::data_set::{Card, Content};
    use crate::data::own::*;

    fn table(target: &str, content: &[u8]) -> DataFile {
        let structure = Content::Table {
            features: vec!["a".to_owned(), "b".to_owned()],
            target: target.to_owned(),
            classes: vec!["no".to_owned(), "yes".to_owned()],
        };
        DataFile::new("Title", "file.csv", structure, 1, content.to_vec(), Vec::new()).expect("a shape")
    }

    #[test]
    fn a_data_file_can_be_read_again() {
        let file = table("c", &[1, 2, 3]);
        let bytes = file.to_bytes();
        assert_eq!(read(&bytes), Ok((file.card.clone(), &[1, 2, 3][..])));
        assert!(file.card.id.starts_with("f2k2-"), "{}", file.card.id);
        assert!(read(&bytes[..40]).is_err());
        assert!(read(b"a text").is_err());
    }

    #[test]
    fn a_saved_data_file_is_checked() {
        let good = table("c", &[0, 0, 0, 0, 0, 0, 128, 63, 1]);
        let bytes = good.to_bytes();
        assert_eq!(open_data_file("a.nnlab", &bytes), Ok(good.clone()));
        let words = |bytes: &[u8]| open_data_file("a.nnlab", bytes).map_err(|error| error.to_string());
        let changed = |at: usize, to: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = to;
            words(&bytes).expect_err("it was changed")
        };
        assert!(changed(bytes.len() - 1, 2).contains("labels that name no class"));
        assert!(changed(bytes.len() - 1, 0).contains("not the one that its name tells"));
        assert!(words(&bytes[..bytes.len() - 1]).expect_err("cut").contains("should have 9 bytes"));
        for end in 0..bytes.len() {
            assert!(words(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn the_name_depends_on_content_and_names_but_not_on_the_title() {
        let file = table("c", &[1, 2, 3]);
        assert_ne!(table("c", &[1, 2, 4]).card.id, file.card.id);
        assert_ne!(table("d", &[1, 2, 3]).card.id, file.card.id);
        let renamed = Card { title: "Other".to_owned(), license: "CC0".to_owned(), ..file.card.clone() };
        let bytes = [renamed.head(), file.content].concat();
        assert_eq!(read(&bytes).map(|(card, _)| card.id), Ok(file.card.id));
    }
}
