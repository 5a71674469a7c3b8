//! Reads the visitor's files as data sets.

use crate::core::LabError;
use crate::core::data_set::card::MAGIC;
use crate::core::data_set::request::{LinesPreview, PicturesAnswer, TextsPreview};
use crate::core::data_set::table::{TableOptions, TablePreview};
use crate::core::data_set::{Content, DataAnswer, DataRequest};
use crate::data::own::{self, DataFile, lines, table, texts};
use crate::protocol::Event;
use crate::worker::data_job::{DataJob, bytes_of};
use crate::worker::messages::{self, Blob};
use crate::worker::pictures;
use std::rc::Rc;

/// Reads files and answers the page.
pub(super) async fn prepare(job: DataJob, request: DataRequest, names: Vec<String>, blobs: Vec<Blob>) {
    let answered = answer(&job, request, names, blobs).await;
    if job.is_cancelled() {
        return;
    }
    let stored = answered.and_then(|(answer, file)| {
        let blob = file.map(|file| Blob::of(&file.to_bytes())).transpose();
        let blob = blob.map_err(|_| {
            LabError::Data("The data set does not fit into the memory that the browser gives.".to_owned())
        })?;
        Ok((answer, blob))
    });
    match stored {
        Ok((answer, blob)) => {
            let blobs: Vec<Blob> = blob.into_iter().collect();
            messages::post_with(&Event::Prepared { run: job.run, answer: Rc::new(answer) }, &blobs);
        }
        Err(error) => job.fail(error),
    }
}

async fn answer(
    job: &DataJob,
    request: DataRequest,
    names: Vec<String>,
    mut blobs: Vec<Blob>,
) -> Result<(DataAnswer, Option<DataFile>), LabError> {
    let base = if blobs.len() > names.len() { Some(blobs.remove(0)) } else { None };
    let base = match base {
        Some(base) => Some(bytes_of("The data set", &base).await?),
        None => None,
    };
    let files: Vec<(String, Blob)> = names.into_iter().zip(blobs).collect();
    if let [(name, blob)] = files.as_slice()
        && let Some(answer) = saved(name, blob, &request).await?
    {
        return Ok(answer);
    }
    let card = |file: &Option<DataFile>| file.as_ref().map(|file| file.card.clone());
    Ok(match request {
        DataRequest::Table(options) => {
            let (name, bytes) = single(&files).await?;
            let (preview, file) = table::read(&name, &bytes, &options);
            (DataAnswer::Table(preview, card(&file)), file)
        }
        DataRequest::Lines(options) => {
            let (name, bytes) = single(&files).await?;
            let (preview, file) = lines::read(&name, &bytes, &options);
            (DataAnswer::Lines(preview, card(&file)), file)
        }
        DataRequest::Texts => {
            let mut read = Vec::new();
            for (at, (name, blob)) in files.iter().enumerate() {
                job.progress("files", at as u32, files.len() as u32);
                read.push((name.clone(), bytes_of(name, blob).await?));
            }
            let (preview, file) = texts::read(&read)?;
            (DataAnswer::Texts(preview, file.card.clone()), Some(file))
        }
        DataRequest::Pictures(options) => {
            let (answer, file) = pictures::read(&options, files, base, job).await?;
            (DataAnswer::Pictures(answer), file)
        }
        DataRequest::EditPictures(edit) => {
            let base = base.ok_or_else(|| {
                LabError::Data("The set of pictures is no longer in this browser.".to_owned())
            })?;
            let (answer, file) = pictures::edit(&edit, base)?;
            (DataAnswer::Pictures(answer), file)
        }
    })
}

/// Opens a data file that was saved in this or another browser. Returns `None` if the file is none.
async fn saved(
    name: &str,
    blob: &Blob,
    request: &DataRequest,
) -> Result<Option<(DataAnswer, Option<DataFile>)>, LabError> {
    let head = blob.part(0.0, MAGIC.len() as f64).read().await.unwrap_or_default();
    if !own::is_data_file(&head) {
        return Ok(None);
    }
    let file = own::open_data_file(name, &bytes_of(name, blob).await?)?;
    let (card, kind) = (file.card.clone(), file.card.content.shape().map(|shape| shape.kind()));
    let remarks = vec!["This is a data file of the lab, so it was taken as it is.".to_owned()];
    let answer = match (request, &card.content) {
        (DataRequest::Table(_), Content::Table { features, target, classes }) => {
            let (features, target) = (Some(features.clone()), Some(target.clone()));
            let options =
                TableOptions { features, target, regression: Some(classes.is_empty()), ..Default::default() };
            let (n_rows, n_used) = (card.count, card.count);
            let preview = TablePreview { options, n_rows, n_used, remarks, ..Default::default() };
            DataAnswer::Table(preview, Some(card))
        }
        (DataRequest::Pictures(_), Content::Pictures { .. }) => {
            DataAnswer::Pictures(PicturesAnswer { card: Some(card), ..Default::default() })
        }
        (DataRequest::Lines(_), Content::Lines { .. }) => {
            DataAnswer::Lines(LinesPreview { remarks, ..Default::default() }, Some(card))
        }
        (DataRequest::Texts, Content::Text { .. }) => DataAnswer::Texts(TextsPreview::default(), card),
        _ => {
            let word = kind.map_or("data set", |kind| kind.word());
            return Err(LabError::Data(format!("{name} is a {word}. Open it in a section that takes one.")));
        }
    };
    Ok(Some((answer, Some(file))))
}

async fn single(files: &[(String, Blob)]) -> Result<(String, Vec<u8>), LabError> {
    let (name, blob) = files.first().ok_or_else(|| LabError::Data("No file was chosen.".to_owned()))?;
    Ok((name.clone(), bytes_of(name, blob).await?))
}
