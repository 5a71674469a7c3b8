//! Reads the Python pickles of CIFAR-10: dictionaries of NumPy arrays, lists and texts, as every protocol from 2 to 5 stores
//! them. Nothing else is read, and nothing is executed.

use std::collections::HashMap;

/// The maximum number of values in a pickle.
const MAX_VALUES: usize = 1_000_000;

/// A value on the stack. Objects are in a list instead of in each other, so that a pickle which nests a million lists needs no
/// more stack than another one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    None,
    Int(i64),
    /// Bytes of the file, or a text: from and to.
    Bytes(usize, usize),
    /// An object by its number.
    Object(usize),
    /// Anything else.
    Other,
}

#[derive(Debug, PartialEq)]
enum Object {
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// Bytes that are stored as a text in which each character is a byte.
    Owned(Vec<u8>),
    /// A function or class: the last part of its name.
    Global(Function),
    /// An array, with its content once it is known.
    Array(Option<Numbers>),
    /// The type of the numbers in an array.
    Type(Value),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    /// `_reconstruct` of NumPy.
    Reconstruct,
    /// `_frombuffer` of NumPy.
    FromBuffer,
    /// `dtype` of NumPy.
    Dtype,
    /// `_codecs.encode`.
    Encode,
    Other,
}

/// The content of an array: the shape, the type, and the bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Numbers {
    shape: Value,
    element: Value,
    content: Value,
}

/// The content of a pickle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// A batch of CIFAR-10: pixels `[n, 3072]`, and labels `[n]`.
    Batch(Vec<u8>, Vec<i64>),
    /// The names of the classes.
    Names,
    /// A batch of CIFAR-100, or the names of its classes.
    Cifar100,
    /// Something else.
    Other,
}

/// Reads a pickle. Returns `None` if it is damaged, or uses what the pickles of CIFAR-10 do not.
pub fn read(bytes: &[u8]) -> Option<Contents> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        objects: Vec::new(),
        owned: 0,
    };
    let top = machine.run()?;
    machine.contents(top)
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// The heights of the stack at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    objects: Vec<Object>,
    /// The number of bytes in the texts that were encoded.
    owned: usize,
}

impl Machine<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let part = self.bytes.get(self.at..)?.first_chunk::<N>().copied()?;
        self.at += N;
        Some(part)
    }

    fn span(&mut self, len: u64) -> Option<Value> {
        let (start, len) = (self.at, usize::try_from(len).ok()?);
        let end = start.checked_add(len).filter(|end| *end <= self.bytes.len())?;
        self.at = end;
        Some(Value::Bytes(start, end))
    }

    fn line(&mut self) -> Option<&[u8]> {
        let rest = self.bytes.get(self.at..)?;
        let len = rest.iter().position(|byte| *byte == b'\n')?;
        self.at += len + 1;
        rest.get(..len)
    }

    fn add(&mut self, object: Object) -> Value {
        self.objects.push(object);
        Value::Object(self.objects.len() - 1)
    }

    /// Takes the values above the last mark.
    fn above_mark(&mut self) -> Option<Vec<Value>> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len())?;
        Some(self.stack.split_off(mark))
    }

    /// Takes a value, which must be above the last mark.
    fn pop(&mut self) -> Option<Value> {
        let is_free = self.marks.last().is_none_or(|mark| *mark < self.stack.len());
        if is_free { self.stack.pop() } else { None }
    }

    fn tuple(&mut self, len: usize) -> Option<Value> {
        let mut values = Vec::with_capacity(len);
        for _ in 0..len {
            values.push(self.pop()?);
        }
        values.reverse();
        Some(self.add(Object::Tuple(values)))
    }

    fn data(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::Bytes(from, to) => self.bytes.get(from..to),
            Value::Object(at) => match self.objects.get(at)? {
                Object::Owned(bytes) => Some(bytes),
                _ => None,
            },
            _ => None,
        }
    }

    fn object(&self, value: Value) -> Option<&Object> {
        match value {
            Value::Object(at) => self.objects.get(at),
            _ => None,
        }
    }

    fn items(&self, value: Value) -> Option<&[Value]> {
        match self.object(value)? {
            Object::List(items) | Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Adds values to the object on top of the stack: to a list, or in pairs to a dictionary.
    fn extend(&mut self, values: Vec<Value>) -> Option<()> {
        let &Value::Object(at) = self.stack.last()? else { return None };
        match self.objects.get_mut(at)? {
            Object::List(items) => items.extend(values),
            Object::Dict(items) => {
                let (pairs, rest) = values.as_chunks::<2>();
                items.extend(pairs.iter().map(|&[key, value]| (key, value)));
                return rest.is_empty().then_some(());
            }
            _ => return None,
        }
        Some(())
    }

    fn run(&mut self) -> Option<Value> {
        loop {
            let [code] = self.take()?;
            let value = match code {
                b'.' => return self.pop(),
                // The protocol, and the length of a frame.
                0x80 => {
                    self.take::<1>()?;
                    continue;
                }
                0x95 => {
                    self.take::<8>()?;
                    continue;
                }
                b'(' => {
                    self.marks.push(self.stack.len());
                    if self.marks.len() > MAX_VALUES {
                        return None;
                    }
                    continue;
                }
                b'q' | b'r' | 0x94 => {
                    let number = match code {
                        b'q' => u32::from(self.take::<1>()?[0]),
                        b'r' => u32::from_le_bytes(self.take()?),
                        _ => u32::try_from(self.memo.len()).ok()?,
                    };
                    self.memo.insert(number, *self.stack.last()?);
                    continue;
                }
                b'a' => {
                    let value = self.pop()?;
                    self.extend(vec![value])?;
                    continue;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.extend(vec![key, value])?;
                    continue;
                }
                b'e' | b'u' => {
                    let values = self.above_mark()?;
                    self.extend(values)?;
                    continue;
                }
                b'b' => {
                    let state = self.pop()?;
                    self.build(state)?;
                    continue;
                }
                _ => self.value(code)?,
            };
            self.stack.push(value);
            if self.stack.len() + self.objects.len() > MAX_VALUES {
                return None;
            }
        }
    }

    /// Returns the value that an instruction puts on the stack.
    fn value(&mut self, code: u8) -> Option<Value> {
        Some(match code {
            b'N' => Value::None,
            0x88 | 0x89 => Value::Int(i64::from(code == 0x88)),
            b'K' => Value::Int(i64::from(self.take::<1>()?[0])),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.take()?))),
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.take()?))),
            // A long integer, of which only short ones occur.
            0x8a => {
                let [len] = self.take()?;
                let span = self.span(u64::from(len))?;
                let mut wide = [0u8; 8];
                let digits = self.data(span)?;
                let is_small = digits.len() < 8 && digits.last().is_none_or(|last| *last < 128);
                wide.iter_mut().zip(digits).for_each(|(to, from)| *to = *from);
                if is_small { Value::Int(i64::from_le_bytes(wide)) } else { Value::Other }
            }
            b'G' => {
                self.take::<8>()?;
                Value::Other
            }
            b'U' | b'C' | 0x8c => {
                let [len] = self.take()?;
                self.span(u64::from(len))?
            }
            b'T' | b'X' | b'B' => {
                let len = u32::from_le_bytes(self.take()?);
                self.span(u64::from(len))?
            }
            0x8d | 0x8e | 0x96 => {
                let len = u64::from_le_bytes(self.take()?);
                self.span(len)?
            }
            b'}' => self.add(Object::Dict(Vec::new())),
            b']' => self.add(Object::List(Vec::new())),
            b')' => self.tuple(0)?,
            0x85..=0x87 => self.tuple(usize::from(code - 0x84))?,
            b't' => {
                let values = self.above_mark()?;
                self.add(Object::Tuple(values))
            }
            b'h' => {
                let [number] = self.take()?;
                *self.memo.get(&u32::from(number))?
            }
            b'j' => {
                let number = u32::from_le_bytes(self.take()?);
                *self.memo.get(&number)?
            }
            b'c' => {
                self.line()?;
                let function = function(self.line()?);
                self.add(Object::Global(function))
            }
            0x93 => {
                let (name, _) = (self.pop()?, self.pop()?);
                let function = function(self.data(name)?);
                self.add(Object::Global(function))
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.call(function, arguments)?
            }
            _ => return None,
        })
    }

    fn call(&mut self, function: Value, arguments: Value) -> Option<Value> {
        let Object::Global(function) = *self.object(function)? else { return None };
        let arguments = self.items(arguments)?;
        let object = match (function, *arguments.first()?) {
            (Function::Reconstruct, _) => Object::Array(None),
            (Function::FromBuffer, content) => {
                let &[_, element, shape, ..] = arguments else { return None };
                Object::Array(Some(Numbers { shape, element, content }))
            }
            (Function::Dtype, name) => Object::Type(name),
            (Function::Encode, text) => {
                let text = std::str::from_utf8(self.data(text)?).ok()?;
                // Each text is encoded once, so together they are not longer than the file.
                let owned = Some(self.owned + text.len()).filter(|owned| *owned <= self.bytes.len())?;
                let encoded =
                    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>()?;
                self.owned = owned;
                Object::Owned(encoded)
            }
            (Function::Other, _) => return None,
        };
        Some(self.add(object))
    }

    /// Sets the state of the object on top of the stack. That of an array is the version, the shape, the type, whether the
    /// order is Fortran's, and the bytes.
    fn build(&mut self, state: Value) -> Option<()> {
        let numbers = match self.items(state) {
            // Fortran's order would need another reader, and no file of CIFAR-10 has it.
            Some(&[_, shape, element, Value::Int(0), content]) => Some(Numbers { shape, element, content }),
            _ => None,
        };
        let &Value::Object(at) = self.stack.last()? else { return None };
        match self.objects.get_mut(at)? {
            Object::Array(array) => *array = Some(numbers?),
            // The byte order, which does not matter for bytes.
            Object::Type(_) => {}
            _ => return None,
        }
        Some(())
    }

    fn contents(&self, top: Value) -> Option<Contents> {
        let Object::Dict(items) = self.object(top)? else { return Some(Contents::Other) };
        let get = |name: &[u8]| {
            items.iter().find(|(key, _)| self.data(*key) == Some(name)).map(|(_, value)| *value)
        };
        if get(b"fine_labels").or(get(b"fine_label_names")).is_some() {
            return Some(Contents::Cifar100);
        }
        let Some((data, labels)) = get(b"data").zip(get(b"labels")) else {
            return Some(if get(b"label_names").is_some() { Contents::Names } else { Contents::Other });
        };
        let int = |value: &Value| if let Value::Int(int) = value { Some(*int) } else { None };
        let labels: Vec<i64> = self.items(labels)?.iter().map(int).collect::<Option<_>>()?;
        let Object::Array(Some(Numbers { shape, element, content })) = self.object(data)? else {
            return None;
        };
        let Object::Type(element) = self.object(*element)? else { return None };
        let shape: Vec<i64> = self.items(*shape)?.iter().map(int).collect::<Option<_>>()?;
        let pixels = self.data(*content)?;
        let is_batch = shape.first() == i64::try_from(labels.len()).ok().as_ref()
            && shape.iter().skip(1).product::<i64>() == 3072
            && labels.len().checked_mul(3072) == Some(pixels.len())
            && self.data(*element).is_some_and(|name| name.ends_with(b"u1"));
        is_batch.then(|| Contents::Batch(pixels.to_vec(), labels))
    }
}

fn function(name: &[u8]) -> Function {
    match name {
        b"_reconstruct" => Function::Reconstruct,
        b"_frombuffer" => Function::FromBuffer,
        b"dtype" => Function::Dtype,
        b"encode" => Function::Encode,
        _ => Function::Other,
    }
}

#[cfg(test)]
pub(crate) mod tests;
