//! The names of classes, in the order of their labels. The page needs them too, so this file has nothing
//! else.

/// The classes of Fashion-MNIST.
pub const FASHION_MNIST: [&str; 10] =
    ["T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"];

/// The classes of CIFAR-10.
pub const CIFAR10: [&str; 10] =
    ["Airplane", "Automobile", "Bird", "Cat", "Deer", "Dog", "Frog", "Horse", "Ship", "Truck"];
