//! The visitor's own data: choosing files, a preview before they are used, the card of a data set, and the list of those in
//! this browser.

mod camera;
mod card;
mod contents;
mod files;
mod gallery;
mod importer;
mod lines;
mod link;
mod parts;
mod pictures;
mod stored;
mod table;
mod texts;

pub use crate::panel::own_data::importer::ImportProps;
pub use crate::panel::own_data::lines::LineImport;
pub use crate::panel::own_data::pictures::PictureImport;
pub use crate::panel::own_data::table::TableImport;
pub use crate::panel::own_data::texts::TextImport;
