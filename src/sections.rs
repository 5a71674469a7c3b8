//! The registry of sections. Modules, navigation, the worker's dispatch, addresses and the tests of all
//! sections follow from this list: a new section is a folder in `src/sections` and a line here.

/// Passes the list of sections to a macro, one line per section: `module, Experiment, Panel, "Title",
/// "subtitle";`.
///
/// The list consists of tokens, so that the worker can expand it without the panels, and the page without
/// burn.
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

/// The name of a section, as the navigation shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name in addresses.
    pub slug: &'static str,
    /// The name in the navigation.
    pub title: &'static str,
    /// The topics, in a few words.
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
