//! The page's requests to read files, and a worker's answers. The files travel next to a request, and the new data file next to the
//! answer.

use crate::core::data_set::card::Card;
use crate::core::data_set::table::{TableOptions, TablePreview};
use serde::{Deserialize, Serialize};

/// Files to be read, or a change of a data set. The names of the files are their paths in the dropped folder, so that
/// `cats/1.jpg` is a picture of the class `cats`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DataRequest {
    /// Read a table from one file.
    Table(TableOptions),
    /// Read pictures.
    Pictures(PictureOptions),
    /// Change a set of pictures.
    EditPictures(PictureEdit),
    /// Read lines with labels from one file.
    Lines(LineOptions),
    /// Read texts and put them one after another.
    Texts,
}

/// The options for reading pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureOptions {
    /// 1 for gray, 3 for red, green and blue.
    pub channels: u32,
    /// Height and width in pixels: 28 or 32.
    pub side: u32,
    /// The [`DataId`](crate::core::data_set::DataId) of a set to which the pictures are added.
    pub add_to: Option<String>,
    /// The class of pictures without a folder, such as those of the camera.
    pub class: Option<String>,
}

/// A change of a set of pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureEdit {
    /// The [`DataId`](crate::core::data_set::DataId) of the set.
    pub id: String,
    /// The new names of the classes, in order. Two equal names merge the classes.
    pub classes: Vec<String>,
    /// The pictures to be removed.
    pub removed: Vec<u32>,
}

/// The options for reading lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineOptions {
    /// The maximum number of characters; longer lines keep their first ones. `None`: the longest line, at most 200.
    pub max_len: Option<u32>,
    /// The name of the column with the text, if the file has a header.
    pub text: Option<String>,
    /// The name of the column with the label.
    pub label: Option<String>,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DataAnswer {
    /// A table was read. The card is there if it can be used.
    Table(TablePreview, Option<Card>),
    /// Pictures were read.
    Pictures(PicturesAnswer),
    /// Lines were read. The card is there if they can be used.
    Lines(LinesPreview, Option<Card>),
    /// Texts were read.
    Texts(TextsPreview, Card),
}

/// The result of reading pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PicturesAnswer {
    /// The card of the set, if it can be used.
    pub card: Option<Card>,
    /// Names of files that were skipped, each with the reason as a sentence. At most 100; `skipped` counts all.
    pub problems: Vec<(String, String)>,
    /// The number of files that were skipped.
    pub skipped: u32,
    /// The reason why there is no set, as a sentence with advice.
    pub problem: Option<String>,
}

/// The result of reading lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LinesPreview {
    /// The options that were used.
    pub options: LineOptions,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The first lines, each with its label.
    pub rows: Vec<(String, String)>,
    /// The number of lines of each class.
    pub classes: Vec<(String, u32)>,
    /// The number of lines that were skipped.
    pub skipped: u32,
    /// The number of characters of the shortest line, of the median line and of the longest.
    pub lengths: [u32; 3],
    /// Sentences on what was skipped, replaced or assumed.
    pub remarks: Vec<String>,
    /// The reason why the lines cannot be used, as a sentence with advice.
    pub problem: Option<String>,
}

/// The result of reading texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TextsPreview {
    /// The files, each with its number of characters.
    pub files: Vec<(String, u32)>,
    /// The characters, each with its number, from the most frequent to the rarest.
    pub characters: Vec<(char, u32)>,
    /// The number of different characters that are too rare and are replaced, and how often they occur.
    pub rare: (u32, u32),
    /// The number of characters to train on, and the number held out at the end.
    pub split: (u32, u32),
    /// The first characters.
    pub start: String,
    /// Names of files that were skipped, each with the reason as a sentence.
    pub problems: Vec<(String, String)>,
}
