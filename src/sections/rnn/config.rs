//! The settings of section 4.

use crate::core::data_set::{DataId, Shape};

crate::choices! {
    /// The task.
    pub enum TaskChoice {
        Recall = "recall", "Recall the first token";
        Lines = "lines", "Your own lines";
    }
}

crate::choices! {
    /// The tokens of the noise between the first token and the end.
    pub enum Alphabet {
        /// Tokens that name no class.
        Separate = "separate", "tokens of its own";
        /// The tokens that name the classes.
        Shared = "shared", "the class tokens";
    }
}

crate::choices! {
    /// The initial biases of the LSTM's forget gates.
    pub enum ForgetBias {
        Chrono = "chrono", "chrono: ln U(1, T − 1)";
        One = "one", "1";
        Zero = "zero", "0";
    }
}

crate::settings! {
    /// Settings of section 4.
    pub struct Config {
        seq_len: u32 = 200, int(10, 400, log), "Sequence length", "T",
            "Tokens in a sequence. Only the first one matters; the network must carry it past all the others.";
        n_classes: u32 = 2, int(2, 8), "Classes", "K",
            "Tokens that can occur at the first position, one for each class.";
        alphabet: Alphabet = Alphabet::Separate, choice, "Noise", "",
            "Whether the noise has tokens of its own. If it uses the class tokens, the network must also learn that only the first one counts.";
        n_distractors: u32 = 8, int(1, 16), "Noise tokens", "",
            "Different tokens in the noise, where it has tokens of its own.";
        d_hidden: u32 = 32, int(4, 128, log), "Hidden size", "d_h",
            "Numbers in the hidden state of each network; the LSTM's cell has as many.";
        forget_bias: ForgetBias = ForgetBias::Chrono, choice, "Forget-gate bias", "b_f",
            "How long the untrained LSTM remembers. A bias of 0 keeps half the cell at each step, 1 keeps 73%. Chrono changes two biases (Tallec and Ollivier 2018): it samples b_f for memories of every length up to T, and sets the input gate’s b_i = −b_f.";
        spectral_radius: f64 = 0.58, float(0.1, 2.0), "Spectral radius", "ρ",
            "Largest absolute eigenvalue of the RNN's initial recurrent weights. Without the tanh, a gradient would shrink or grow by about ρ per step over many steps back. The usual start, U(±1/√d_h), gives about 0.6; in wide networks it is 1/√3 = 0.58.";
        learning_rate: f64 = 0.003, float(1e-5, 0.3, log) live, "Learning rate", "η",
            "Adam's step size. It may be changed while the networks train.";
        clip: f64 = 1.0, float(0.01, 100.0, log) live, "Clipping", "",
            "Maximum gradient norm over all weights; longer gradients are scaled down to it (Pascanu et al. 2013).";
        batch_size: u32 = 32, int(1, 128, log), "Batch size", "B",
            "Sequences per step; both networks see the same ones.";
        shards: u32 = 1, list(1, 2, 4, 8), "Shards of a batch", "",
            "Parts of each batch that different cores may compute. Their gradients are added in a fixed order, so that a run gives the same numbers on any number of cores. Another number of shards changes the rounding only.";
        steps: u32 = 400, int(1, 10_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the sequences and the initial weights. The same seed gives the same run on the same device.";
        task: TaskChoice = TaskChoice::Recall, choice, "Task", "",
            "The first of many random tokens is to be recalled, or lines of your own are to be classified. Lines set the sequence length, the classes and the tokens.";
        data: String = String::new(), text(DataId::check_lines, "the name of a set of lines"), "Your own lines", "",
            "The lines with labels that the networks classify. They stay on this device.";
    }
    presets {
        "rnn-fails", "RNN fails, LSTM learns",
            "200 steps of noise, and the usual initial weights: the RNN’s gradient vanishes long before the first token. The LSTM’s cells are made to last (chrono)."
            => {}
        "rnn-learns-too", "RNN that starts well",
            "The same RNN, its recurrent weights scaled to a spectral radius of 1.1. Nothing else is changed, and with most seeds it learns the task: the initialization matters, not only the architecture. The project’s findings have the results per seed."
            => { spectral_radius: "1.1" }
        "zero-forget-bias", "LSTM with zero forget bias",
            "The same LSTM, but its gates start by forgetting half of the cell at each step. Over 200 steps its gradient vanishes like the RNN’s."
            => { forget_bias: "zero" }
        "short-sequence", "Short sequence, both learn",
            "Twelve tokens: short enough for the RNN's gradient to reach the first one."
            => { seq_len: "12", forget_bias: "one" }
        "shared-alphabet", "Noise that looks like labels",
            "The noise uses the class tokens. A cell that adds up every token now loses the first one among them, and the task is much harder."
            => { alphabet: "shared" }
    }
    sweeps {
        "Recall over sequence length", "The longest sequence that each network recalls the first token of, with three seeds."
            => { sweep: "seq_len:10,20,40,80", measure: "accuracy", seeds: "3"; steps: "150" }
        "Recall over spectral radius", "How does the RNN’s accuracy depend on the scale of its initial matrix? The usual start is near 0.58."
            => { sweep: "spectral_radius:0.4,0.7,0.9,1,1.1,1.3", measure: "accuracy", seeds: "3"; seq_len: "40", steps: "150" }
    }
}

/// The maximum number of steps of a run whose gradients are measured, evenly spaced.
const MAX_MEASURED: u32 = 100;

impl Config {
    /// Returns the number of steps between measurements of the gradients; the first is at step 1.
    pub fn measured_every(&self) -> u32 {
        self.steps.div_ceil(MAX_MEASURED).max(1)
    }

    /// Returns the number of tokens in the alphabet, which is the width of the one-hot input.
    pub fn d_in(&self) -> u32 {
        match (self.task, self.alphabet) {
            (TaskChoice::Lines, _) => self.lines().characters,
            (TaskChoice::Recall, Alphabet::Separate) => self.n_classes + self.n_distractors,
            (TaskChoice::Recall, Alphabet::Shared) => self.n_classes,
        }
    }

    /// Returns the number of tokens in a sequence.
    pub fn length(&self) -> u32 {
        match self.task {
            TaskChoice::Recall => self.seq_len,
            TaskChoice::Lines => self.lines().seq_len,
        }
    }

    /// Returns the number of classes.
    pub fn classes(&self) -> u32 {
        match self.task {
            TaskChoice::Recall => self.n_classes,
            TaskChoice::Lines => self.lines().classes,
        }
    }

    /// Returns the shape of the user's lines, or one of usual size if there are none yet.
    fn lines(&self) -> LineShape {
        match self.data.parse().map(|id: DataId| id.shape) {
            Ok(Shape::Lines { seq_len, characters, classes }) => LineShape { seq_len, characters, classes },
            _ => LineShape { seq_len: 60, characters: 40, classes: 2 },
        }
    }
}

/// The shape of the user's lines.
struct LineShape {
    seq_len: u32,
    characters: u32,
    classes: u32,
}
