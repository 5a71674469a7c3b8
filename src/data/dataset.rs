//! The choice of an image data set, and how it is loaded.

use crate::core::data_set::{DataId, Shape};
use crate::data::classes;
use serde::{Deserialize, Serialize};

#[cfg(feature = "files")]
use crate::core::{LabError, files::CIFAR10_FOLDER};
#[cfg(feature = "files")]
use crate::data::{assets::Assets, cifar10, fashion_mnist, images::Images, own};

/// The folder of CIFAR-10 files that are part of the site.
pub const CIFAR10_SITE: &str = "data/cifar10/";

crate::choices! {
    /// An image data set.
    #[derive(Default)]
    pub enum Dataset {
        #[default]
        FashionMnist = "fashion-mnist", "Fashion-MNIST";
        Cifar10 = "cifar10", "CIFAR-10";
        Own = "own", "Your own pictures";
    }
}

/// The sizes of a data set on which networks depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureShape {
    /// The number of color channels.
    pub channels: u32,
    /// The number of classes.
    pub n_classes: u32,
}

impl PictureShape {
    /// Returns the accuracy of a guess if all classes are equally frequent.
    pub fn uniform(self) -> f64 {
        1.0 / f64::from(self.n_classes.max(1))
    }

    /// Returns the cross-entropy of equal probabilities, in nats.
    pub fn uniform_loss(self) -> f64 {
        f64::from(self.n_classes.max(1)).ln()
    }
}

impl Dataset {
    /// Returns the sizes of the data set. `data` is the name of the user's own pictures; as long as there are none, they count
    /// as color pictures of two classes.
    pub fn shape(self, data: &str) -> PictureShape {
        let own = || match data.parse::<DataId>().ok()?.shape {
            Shape::Pictures { channels, classes, .. } => Some(PictureShape { channels, n_classes: classes }),
            _ => None,
        };
        match self {
            Self::FashionMnist => PictureShape { channels: 1, n_classes: 10 },
            Self::Cifar10 => PictureShape { channels: 3, n_classes: 10 },
            Self::Own => own().unwrap_or(PictureShape { channels: 3, n_classes: 2 }),
        }
    }

    /// Returns the names of the classes; none for the user's own pictures, whose names come with them.
    const fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::FashionMnist => &classes::FASHION_MNIST,
            Self::Cifar10 => &classes::CIFAR10,
            Self::Own => &[],
        }
    }

    /// Returns true if gray pictures are stored as light on dark, so that they are shown inverted.
    pub const fn is_light_on_dark(self) -> bool {
        matches!(self, Self::FashionMnist)
    }

    /// Returns a name for each class: that of the loaded data set, of the built-in one, or its number.
    pub fn names(self, data: &str, loaded: Option<&SetInfo>) -> Vec<String> {
        if let Some(info) = loaded.filter(|info| info.is_of(self, data)) {
            return info.class_names.clone();
        }
        match self.class_names() {
            [] => (1..=self.shape(data).n_classes).map(|class| format!("class {class}")).collect(),
            names => classes::owned(names),
        }
    }
}

/// A loaded data set, apart from its pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SetInfo {
    /// The data set.
    pub dataset: Dataset,
    /// The name of the user's own pictures; empty for the others.
    pub data: String,
    /// The names of the classes.
    pub class_names: Vec<String>,
    /// The number of training pictures and of held-out pictures of each class.
    pub counts: Vec<[u32; 2]>,
}

impl SetInfo {
    /// Returns true if this is the data set of some settings.
    pub fn is_of(&self, dataset: Dataset, data: &str) -> bool {
        self.dataset == dataset && (dataset != Dataset::Own || self.data == data)
    }

    /// Returns the share of the most frequent class among the held-out pictures: the accuracy of always giving this answer.
    pub fn largest_share(&self) -> Option<f64> {
        let largest = self.counts.iter().map(|[_, test]| *test).max()?;
        let all: u32 = self.counts.iter().map(|[_, test]| *test).sum();
        (all > 0).then(|| f64::from(largest) / f64::from(all))
    }
}

#[cfg(feature = "files")]
impl SetInfo {
    /// Describes loaded pictures.
    pub fn of(dataset: Dataset, data: &str, images: &Images) -> Self {
        let mut counts = vec![[0; 2]; images.train.class_names.len()];
        for (part, set) in [&images.train, &images.test].into_iter().enumerate() {
            for &label in &set.labels {
                if let Some(count) = counts.get_mut(usize::from(label)).and_then(|of| of.get_mut(part)) {
                    *count += 1;
                }
            }
        }
        let data = if dataset == Dataset::Own { data.to_owned() } else { String::new() };
        Self { dataset, data, class_names: images.train.class_names.clone(), counts }
    }
}

#[cfg(feature = "files")]
impl Dataset {
    /// Loads at most `n_train` training and `n_test` test images. `data` is the name of the user's own pictures, which the seed
    /// splits.
    ///
    /// # Errors
    ///
    /// If a file is missing, cannot be fetched or is invalid.
    pub async fn load(
        self,
        data: &str,
        seed: u32,
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
                        (false, true) => "test images: add test_batch.bin or test_batch",
                        (true, false) => "training images: add data_batch_1.bin or data_batch_1",
                        _ => {
                            "images here yet: add its .tar.gz, or its files, such as data_batch_1.bin and test_batch.bin"
                        }
                    };
                    return Err(LabError::NoData(format!(
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
            Self::Own => {
                let bytes = own::load(data, "picture data set", assets).await?;
                let (_, Images { train, test, .. }) = own::pictures::open(&bytes, seed.into())?;
                let found = PictureShape {
                    channels: train.channels as u32,
                    n_classes: train.class_names.len() as u32,
                };
                if found != self.shape(data) || train.is_empty() || test.is_empty() {
                    return Err(LabError::Data(
                        "The stored pictures are not those that their name says. Remove them and add their files again."
                            .to_owned(),
                    ));
                }
                Ok(Images::new(train.first(n_train.max(1)), test.first(n_test.max(1))))
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
