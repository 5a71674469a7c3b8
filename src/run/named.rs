//! The parameters of a network under the names of [`Code`], and back.

use crate::core::LabError;
use crate::data::safetensors::NamedTensor;
use crate::run::code::Code;
use crate::run::training::read_all;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// A parameter, or something of its shape.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name outside the lab.
    pub name: String,
    /// Its shape here.
    pub shape: Vec<usize>,
    /// True if it is stored transposed outside the lab.
    pub transposed: bool,
    /// The elements, flattened, on the device.
    tensor: Tensor<1>,
}

impl Named {
    /// Returns the shape outside the lab.
    pub fn outer_shape(&self) -> Vec<usize> {
        let mut shape = self.shape.clone();
        if self.transposed {
            shape.reverse();
        }
        shape
    }

    /// Returns elements in the layout of the lab in that of the outside.
    fn outward(&self, values: Vec<f32>) -> Vec<f32> {
        if self.transposed { transposed(&values, self.shape.last().copied().unwrap_or(1)) } else { values }
    }

    /// Returns elements in the layout of the outside in that of the lab.
    pub fn inward(&self, values: &[f32]) -> Vec<f32> {
        if self.transposed {
            transposed(values, self.shape.first().copied().unwrap_or(1))
        } else {
            values.to_vec()
        }
    }
}

/// Returns the transpose of a row-major matrix with `columns` columns, row-major.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let columns = columns.max(1);
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

/// Returns all parameters and running statistics, in the module's order.
pub fn parameters<M: Module>(net: &M, code: &'static Code) -> Vec<Named> {
    // burn updates running statistics one step late; `valid` settles them.
    visit(&net.valid(), code, None)
}

/// Returns the gradients of the parameters that have one, in the module's order.
pub fn gradients<M: Module>(net: &M, grads: &GradientsParams, code: &'static Code) -> Vec<Named> {
    visit(net, code, Some(grads))
}

fn visit<M: Module>(net: &M, code: &'static Code, grads: Option<&GradientsParams>) -> Vec<Named> {
    let mut namer = Namer { code, grads, path: Vec::new(), found: Vec::new() };
    net.visit(&mut namer);
    namer.found
}

struct Namer<'a> {
    code: &'static Code,
    grads: Option<&'a GradientsParams>,
    /// The enclosing fields: their names, and the types that contain them.
    path: Vec<(String, String)>,
    found: Vec<Named>,
}

impl ModuleVisitor for Namer<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push((name.to_owned(), container_type.to_owned()));
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.grads {
            Some(grads) => grads.get::<D>(param.id),
            None => Some(param.val()),
        };
        let Some(tensor) = tensor else { return };
        let fields = self.path.iter().filter(|(_, container)| !container.starts_with("Enum:"));
        let names: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
        let layer = self.path.last().map_or("", |(_, container)| container.as_str());
        let (name, transposed) = self.code.name(&names, layer);
        let shape = tensor.dims().to_vec();
        let n = tensor.shape().num_elements();
        self.found.push(Named { name, shape, transposed: transposed && D == 2, tensor: tensor.reshape([n]) });
    }
}

/// Reads tensors from the device, and returns them as they are outside the lab, with `prefix` before their names.
///
/// # Errors
///
/// If the device is lost.
pub async fn read(named: Vec<Named>, prefix: &str) -> Result<Vec<NamedTensor>, LabError> {
    let values = read_all(named.iter().map(|one| one.tensor.clone()).collect()).await?;
    let mut rest = values.as_slice();
    let tensors = named.iter().map(|one| {
        let (own, after) = rest.split_at(one.shape.iter().product::<usize>().min(rest.len()));
        rest = after;
        NamedTensor {
            name: format!("{prefix}{}", one.name),
            shape: one.outer_shape(),
            values: one.outward(own.to_vec()),
        }
    });
    Ok(tensors.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_transposed_and_back() {
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let columns = transposed(&rows, 3);
        assert_eq!(columns, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(transposed(&columns, 2), rows);
    }
}
