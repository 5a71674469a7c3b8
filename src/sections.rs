//! The one registry. Modules, navigation, the worker's dispatch, addresses and the registry-wide tests follow from
//! these lines: a new section is a folder below `src/sections` and a line here.

/// Hands the list of sections to a macro: one line each, `module, Experiment, Panel, "Title", "what it is about";`.
///
/// The list is tokens, so that the worker can expand it without the panels and the page without burn.
#[macro_export]
macro_rules! for_each_section {
    ($callback:ident) => {
        $callback! {
            mlp, Mlp, MlpPanel, "MLP", "Depth, width and non-linearity";
            cnn, Cnn, CnnPanel, "CNN", "Convolutions, and depthwise separable ones";
            resnet, ResNet, ResNetPanel, "ResNet", "Shortcuts, depth and gradients";
            rnn, Rnn, RnnPanel, "RNN and LSTM", "Memory over 200 steps";
            attention, Attention, AttentionPanel, "Attention", "Scores, weights, heads and the scale";
            transformer, Transformer, TransformerPanel, "Transformer", "A mini GPT that learns Shakespeare";
        }
    };
}

/// What the page shows of a section before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name in addresses.
    pub slug: &'static str,
    /// Its name in the navigation.
    pub title: &'static str,
    /// What it is about, in a few words.
    pub subtitle: &'static str,
}

macro_rules! sections {
    ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
        $(pub mod $module;)*

        /// All sections, in the order of the course.
        pub const SECTIONS: &[Section] = &[$(Section {
            slug: <$module::$experiment as $crate::run::Experiment>::SLUG,
            title: $title,
            subtitle: $subtitle,
        }),*];
    };
}
for_each_section!(sections);
