//! Settings of this section.

crate::settings! {
    /// Settings of this section.
    pub struct Config {
        slope: f64 = 2.0, float(-10.0, 10.0), "Slope", "a",
            "The slope that the weight should learn.";
        learning_rate: f64 = 0.1, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "Step size of gradient descent. You can change it during training.";
        batch_size: u32 = 16, int(1, 256, log), "Batch size", "B",
            "Points per step.";
        steps: u32 = 100, int(1, 10_000, log), "Training steps", "",
            "Steps until training ends.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Seed of the random points. The same seed gives the same run on the same device.";
    }
    presets {
        "steep", "Steep", "A larger slope takes more steps." => { slope: "8" }
    }
    sweeps {
        "Loss over learning rate", "The final loss at several step sizes."
            => { sweep: "learning_rate:0.001,0.01,0.1,1", measure: "loss" }
    }
}
