//! The image sets that sections learn from: which there are, and how they come to the worker.

use crate::data::classes;

#[cfg(feature = "compute")]
use crate::core::{LabError, files::CIFAR10_FOLDER};
#[cfg(feature = "compute")]
use crate::data::{cifar10, fashion_mnist, images::Images};
#[cfg(feature = "compute")]
use crate::run::{Experiment, RunContext};

/// Where those that came with the site lie.
pub const CIFAR10_SITE: &str = "data/cifar10/";

crate::choices! {
    /// Which images are learned.
    #[derive(Default)]
    pub enum Dataset {
        #[default]
        FashionMnist = "fashion-mnist", "Fashion-MNIST";
        Cifar10 = "cifar10", "CIFAR-10";
    }
}

impl Dataset {
    /// Color channels.
    pub const fn channels(self) -> u32 {
        match self {
            Self::FashionMnist => 1,
            Self::Cifar10 => 3,
        }
    }

    /// One name for each label.
    pub const fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::FashionMnist => &classes::FASHION_MNIST,
            Self::Cifar10 => &classes::CIFAR10,
        }
    }
}

/// The CIFAR-10 files at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cifar10Files {
    pub train: Vec<String>,
    pub test: Vec<String>,
}

impl Cifar10Files {
    /// Whether there is something to learn from and something to be tested on.
    pub fn is_complete(&self) -> bool {
        !self.train.is_empty() && !self.test.is_empty()
    }
}

#[cfg(feature = "compute")]
impl Cifar10Files {
    /// What the visitor gave, or else what came with the site, for each part.
    pub async fn find<E: Experiment>(ctx: &mut impl RunContext<E>) -> Result<Self, LabError> {
        let mut files = Self::default();
        for folder in [CIFAR10_FOLDER, CIFAR10_SITE] {
            let all = ctx.list_assets(folder).await?.into_iter().filter(|path| path.ends_with(".bin"));
            let (test, train) = all.partition::<Vec<_>, _>(|path| cifar10::is_test(path));
            if files.train.is_empty() {
                files.train = train;
            }
            if files.test.is_empty() {
                files.test = test;
            }
        }
        Ok(files)
    }

    /// The bytes of as many files as it takes to have `n` images.
    async fn fetch<E: Experiment>(
        paths: &[String],
        n: usize,
        ctx: &mut impl RunContext<E>,
    ) -> Result<Vec<std::rc::Rc<[u8]>>, LabError> {
        let mut files = Vec::new();
        let mut images = 0;
        for path in paths {
            if images >= n {
                break;
            }
            let bytes = ctx.asset(path).await?;
            images += bytes.len() / cifar10::RECORD;
            files.push(bytes);
        }
        Ok(files)
    }
}

/// At most so many images of each part of a data set; fewer where there are fewer.
#[cfg(feature = "compute")]
pub async fn load<E: Experiment>(
    dataset: Dataset,
    n_train: usize,
    n_test: usize,
    ctx: &mut impl RunContext<E>,
) -> Result<Images, LabError> {
    match dataset {
        Dataset::FashionMnist => {
            let bytes = ctx.asset(fashion_mnist::PATH).await?;
            Images::fashion_mnist(&bytes, n_train, n_test)
        }
        Dataset::Cifar10 => {
            let files = Cifar10Files::find(ctx).await?;
            if !files.is_complete() {
                let missing = match (files.train.is_empty(), files.test.is_empty()) {
                    (false, true) => "test images: add test_batch.bin",
                    (true, false) => "training images: add data_batch_1.bin",
                    _ => "images here yet: add its .bin files or its .tar.gz",
                };
                return Err(LabError::Data(format!("CIFAR-10 has no {missing} below the data set's menu.")));
            }
            let train = Cifar10Files::fetch(&files.train, n_train, ctx).await?;
            let test = Cifar10Files::fetch(&files.test, n_test, ctx).await?;
            Images::cifar10(
                &train.iter().map(|file| &**file).collect::<Vec<_>>(),
                &test.iter().map(|file| &**file).collect::<Vec<_>>(),
                n_train,
                n_test,
            )
        }
    }
}
