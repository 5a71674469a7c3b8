//! Files for programs outside the lab.

use crate::core::LabError;
use crate::data::safetensors::{self, File, WeightFileError};
use crate::protocol::{FileAnswer, FileRequest, SavedArm};
use crate::run::set_up::{compare, set_up};
use crate::run::weights::{self, Opened};
use crate::run::{RunContext, Train};
use crate::worker::frame_sender::FrameSender;
use crate::worker::job::decode;
use burn::tensor::Device;
use std::rc::Rc;

/// Answers the request with which an arm was started.
pub(super) async fn answer<E: Train>(
    config: E::Config,
    arm: usize,
    device: &Device,
    ctx: &mut FrameSender<E>,
) -> Result<(), LabError> {
    let Some(request) = ctx.request() else { return Ok(()) };
    let answer = match decode(&request)? {
        FileRequest::SetUp => written(&set_up(&config, device, ctx).await?)?,
        FileRequest::Weights => written(&weights::weights(&config, arm, device, ctx).await?)?,
        FileRequest::Open(bytes) => {
            let Opened { checkpoint, remarks } = weights::open(&config, arm, &bytes, device, ctx).await?;
            let checkpoint = postcard::to_stdvec(&checkpoint)
                .map_err(|error| LabError::Data(format!("The weights cannot be kept ({error}).")))?;
            let record = E::save_arm(&E::Record::default(), arm);
            FileAnswer::Opened { saved: Rc::new(SavedArm { step: 0, checkpoint, record }), remarks }
        }
        FileRequest::Compare(bytes) => {
            let theirs = safetensors::read(&bytes).map_err(refused)?;
            FileAnswer::Compared(compare(&theirs.tensors, &set_up(&config, device, ctx).await?.tensors))
        }
    };
    ctx.send_answer(&answer);
    Ok(())
}

fn written(file: &File) -> Result<FileAnswer, LabError> {
    Ok(FileAnswer::Written(safetensors::write(file).map_err(refused)?))
}

fn refused(error: WeightFileError) -> LabError {
    LabError::Data(error.to_string())
}
