//! The names of classes, in the order of their numbers. The page needs them too, so there is nothing else in here.

/// The classes of Fashion-MNIST.
pub const FASHION_MNIST: [&str; 10] =
    ["T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"];

/// The classes of CIFAR-10.
pub const CIFAR10: [&str; 10] =
    ["Airplane", "Automobile", "Bird", "Cat", "Deer", "Dog", "Frog", "Horse", "Ship", "Truck"];
