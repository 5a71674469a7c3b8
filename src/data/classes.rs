//! The names of classes, in the order of their labels. The page needs them too, so this file has nothing
//! else.

/// The classes of Fashion-MNIST.
pub const FASHION_MNIST: [&str; 10] =
    ["T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"];

/// The classes of CIFAR-10.
pub const CIFAR10: [&str; 10] =
    ["Airplane", "Automobile", "Bird", "Cat", "Deer", "Dog", "Frog", "Horse", "Ship", "Truck"];

/// Returns the names as owned texts, such as those of the user's own classes.
pub fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
