//! The choice of an image data set, and how it is loaded.

use crate::data::classes;

#[cfg(feature = "files")]
use crate::core::{LabError, files::CIFAR10_FOLDER};
#[cfg(feature = "files")]
use crate::data::{assets::Assets, cifar10, fashion_mnist, images::Images};

/// The folder of CIFAR-10 files that are part of the site.
pub const CIFAR10_SITE: &str = "data/cifar10/";

crate::choices! {
    /// An image data set.
    #[derive(Default)]
    pub enum Dataset {
        #[default]
        FashionMnist = "fashion-mnist", "Fashion-MNIST";
        Cifar10 = "cifar10", "CIFAR-10";
    }
}

impl Dataset {
    /// The number of color channels.
    pub const fn channels(self) -> u32 {
        match self {
            Self::FashionMnist => 1,
            Self::Cifar10 => 3,
        }
    }

    /// The name of each class.
    pub const fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::FashionMnist => &classes::FASHION_MNIST,
            Self::Cifar10 => &classes::CIFAR10,
        }
    }

    /// Loads at most `n_train` training and `n_test` test images.
    ///
    /// # Errors
    ///
    /// If a file is missing, cannot be fetched or is invalid.
    #[cfg(feature = "files")]
    pub async fn load(
        self,
        n_train: usize,
        n_test: usize,
        assets: &mut impl Assets,
    ) -> Result<Images, LabError> {
        match self {
            Self::FashionMnist => {
                let bytes = assets.asset(fashion_mnist::PATH).await?;
                Images::fashion_mnist(&bytes, n_train, n_test)
            }
            Self::Cifar10 => {
                let files = Cifar10Files::find(assets).await?;
                if !files.is_complete() {
                    let missing = match (files.train.is_empty(), files.test.is_empty()) {
                        (false, true) => "test images: add test_batch.bin",
                        (true, false) => "training images: add data_batch_1.bin",
                        _ => "images here yet: add its .bin files or its .tar.gz",
                    };
                    return Err(LabError::Data(format!(
                        "CIFAR-10 has no {missing} below the data set's menu."
                    )));
                }
                let train = Cifar10Files::fetch(&files.train, n_train, assets).await?;
                let test = Cifar10Files::fetch(&files.test, n_test, assets).await?;
                Images::cifar10(
                    &train.iter().map(|file| &**file).collect::<Vec<_>>(),
                    &test.iter().map(|file| &**file).collect::<Vec<_>>(),
                    n_train,
                    n_test,
                )
            }
        }
    }
}

/// The paths of the available CIFAR-10 files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cifar10Files {
    /// The files with training images.
    pub train: Vec<String>,
    /// The files with test images.
    pub test: Vec<String>,
}

impl Cifar10Files {
    /// Returns true if there are training and test images.
    pub fn is_complete(&self) -> bool {
        !self.train.is_empty() && !self.test.is_empty()
    }
}

#[cfg(feature = "files")]
impl Cifar10Files {
    /// Finds the files of each part: the user's files, or else the site's.
    ///
    /// # Errors
    ///
    /// If the list of files cannot be read.
    pub async fn find(assets: &mut impl Assets) -> Result<Self, LabError> {
        let mut files = Self::default();
        for folder in [CIFAR10_FOLDER, CIFAR10_SITE] {
            let all = assets.list_assets(folder).await?.into_iter().filter(|path| path.ends_with(".bin"));
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

    /// Fetches as many files as hold `n` images.
    async fn fetch(
        paths: &[String],
        n: usize,
        assets: &mut impl Assets,
    ) -> Result<Vec<std::rc::Rc<[u8]>>, LabError> {
        let mut files = Vec::new();
        let mut images = 0;
        for path in paths {
            if images >= n {
                break;
            }
            let bytes = assets.asset(path).await?;
            images += bytes.len() / cifar10::RECORD;
            files.push(bytes);
        }
        Ok(files)
    }
}
