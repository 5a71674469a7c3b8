//! The settings of section 2.

use super::{Dataset, N_CHOICES};
use crate::core::data_set::DataId;
use crate::data::dataset::{PictureShape, SetInfo};

crate::choices! {
    /// The quantity in which both networks are equal.
    #[derive(Default)]
    pub enum Compare {
        #[default]
        Size = "size", "same width";
        Budget = "budget", "same number of parameters";
    }
}

crate::settings! {
    /// Settings of section 2.
    pub struct Config {
        size: u32 = 7, int(1, 32) live, "Input size", "H",
            "Height and width of the input, in pixels.";
        kernel: u32 = 3, int(1, 11) live, "Kernel size", "K",
            "Height and width of the kernel, in weights.";
        stride: u32 = 2, int(1, 8) live, "Stride", "S",
            "Pixels from one kernel position to the next.";
        padding: u32 = 1, int(0, 8) live, "Padding", "P",
            "Zeros laid around the input, in pixels on each side.";
        dilation: u32 = 1, int(1, 6) live, "Dilation", "D",
            "Distance between neighboring weights of the kernel, in input pixels. With 1 they are on adjacent pixels.";
        c_in: u32 = 64, int(1, 256, log) live, "Channels in", "C_in",
            "Channels that the two blocks take.";
        c_out: u32 = 128, int(1, 256, log) live, "Channels out", "C_out",
            "Channels that the two blocks give.";
        block_kernel: u32 = 3, int(1, 11) live, "Kernel size", "K",
            "Kernel of the two blocks that are counted.";
        dataset: Dataset = Dataset::FashionMnist, choice, "Data set", "",
            "Fashion-MNIST: images of ten kinds of clothes, 28 × 28 pixels in 64 shades of gray, padded to 32 × 32. CIFAR-10: color photographs, 32 × 32, which you add yourself. Your own pictures: what you add in the chapter “Your pictures”.";
        data: String = String::new(), text(DataId::check_pictures, "the name of a set of pictures, such as `c3s32k4-9f86d081884c7d65`"), "Your pictures", "",
            "The set of your own pictures, by its shape and the hash of its content. The chapter “Your pictures” sets it.";
        n_train: u32 = 4000, int(20, 50_000, log), "Training images", "n",
            "The first images of the training set. This page’s Fashion-MNIST has 10,000 of the original 60,000; a larger number uses all of them. Every epoch shuffles the images and drops those that do not fill a batch.";
        n_test: u32 = 1000, int(20, 10_000, log), "Test images", "",
            "The first images of the test set. This page’s Fashion-MNIST has 2,000 of the original 10,000; a larger number uses all of them. Test accuracy is measured after every epoch.";
        crop: bool = false, switch, "Random crop", "",
            "Data augmentation: shifts each training image at random by up to 4 pixels, differently in every epoch.";
        flip: bool = false, switch, "Random flip", "",
            "Data augmentation: mirrors each training image left to right with probability 1/2, drawn anew in every epoch.";
        width: u32 = 8, int(1, 32, log), "Width", "w",
            "Channels after the first block; the five blocks have w, 2w, 4w, 8w and 8w.";
        learning_rate: f64 = 0.003, float(1e-5, 1.0, log) live, "Learning rate", "η",
            "Step size of Adam (Kingma and Ba 2015). You can change it during training.";
        batch_size: u32 = 32, int(1, 256, log), "Batch size", "B",
            "Images in one step; both networks see the same ones.";
        shards: u32 = 1, list(1, 2, 4, 8), "Shards of a batch", "",
            "Parts of each batch that different cores may compute. Their gradients are added in a fixed order, so that a run gives the same numbers on any number of cores. Another number of shards changes the rounding only.";
        epochs: u32 = 10, int(1, 100, log), "Epochs", "",
            "Passes over the training images.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the initial weights, the order of batches, crops and flips, and which of your own pictures are held out. The same seed gives the same run on the same device.";
        image: u32 = 1, int(1, N_CHOICES as u32) live, "Test image", "",
            "Which of the test images goes through the networks in the figures of the feature maps.";
        compare: Compare = Compare::Size, choice, "Compare at", "",
            "Same width: every block of both networks has as many channels, so the separable one has fewer parameters. Same number of parameters: the separable network gets the width at which its parameter count is closest to the standard one’s.";
        rf_layers: u32 = 4, int(1, 6) live, "Convolutions", "L",
            "Number of convolutions on top of each other in the chapter on receptive fields.";
        rf_kernel: u32 = 3, list(1, 3, 5, 7) live, "Kernel size", "K",
            "Height and width of their kernels.";
        rf_stride: u32 = 1, int(1, 3) live, "Stride", "S",
            "Pixels from one position of these kernels to the next.";
        rf_dilation: u32 = 1, int(1, 4) live, "Dilation", "D",
            "Distance between neighboring weights of these kernels, in pixels of their input.";
        rf_pool: bool = false, switch live, "2 × 2 pooling after each", "",
            "Adds pooling over windows of 2 × 2 pixels with stride 2 after each of these convolutions, as in the two networks of this section.";
        pool_size: u32 = 2, int(2, 4) live, "Window", "K",
            "Height and width of the pooling window, in pixels.";
        pool_stride: u32 = 2, int(1, 4) live, "Stride", "S",
            "Pixels from one pooling window to the next.";
    }
    presets {
        "quick", "A first look",
            "1,000 images and three epochs: a short run that ends well above chance level."
            => { n_train: "1000", epochs: "3", n_test: "500" }
        "wide", "Wider networks",
            "With three times as many channels, the standard CNN needs almost nine times as many multiply-accumulates. Compare the time per step with the default width."
            => { width: "24", n_train: "1000", epochs: "5", n_test: "500" }
        "augmented", "Crop and flip",
            "Few images and many epochs, but each image is slightly different every time. Compare the training loss with a run without augmentation."
            => { n_train: "1000", epochs: "30", n_test: "500", crop: "true", flip: "true" }
    }
    sweeps {
        "Time over width", "Milliseconds per step of both networks. See from which width on fewer multiply-accumulates save time."
            => { sweep: "width:2,4,8,16", measure: "ms_per_step"; n_train: "400", n_test: "100", epochs: "1" }
    }
}

impl Config {
    /// Returns the sizes of the data set on which networks depend.
    pub fn picture_shape(&self) -> PictureShape {
        self.dataset.shape(&self.data)
    }

    /// Returns true if this is the data set of the settings.
    pub fn is_data(&self, info: &SetInfo) -> bool {
        info.is_of(self.dataset, &self.data)
    }
}
