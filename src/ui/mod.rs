//! Controls, figures and readouts: what every panel is made of. Nothing here knows an experiment, only the
//! settings' table, the run's state and the shape of a check.
