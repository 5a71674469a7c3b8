//! The scan of an LSTM on the CPU.

use super::LstmScan;
use crate::flex::{as_slice, contiguous, tensor};
use crate::matrix::{Recurrent, at_last_position};
use crate::vector::{apply, lanes, sigmoid, tanh};
use burn::backend::{Flex, TensorMetadata};
use burn_flex::FlexTensor;
use std::array::{from_fn, from_mut};

impl LstmScan for Flex {
    fn lstm_forward(projected: FlexTensor, recurrent: FlexTensor) -> (FlexTensor, FlexTensor, FlexTensor) {
        let [seq_len, batch, d_gates] = projected.shape().dims();
        let d_h = d_gates / 4;
        let (projected, recurrent) = (contiguous(projected), contiguous(recurrent));
        let mut weight = Recurrent::new(as_slice(&recurrent), [batch, d_h, d_gates]);
        let mut gates = as_slice(&projected).to_vec();
        let step = batch * d_h;
        let mut cell = vec![0.0; seq_len * step];
        let mut hidden = vec![0.0; seq_len * step];
        let zeros = vec![0.0; step];
        for t in 0..seq_len {
            let (h_before, h_now) = hidden.split_at_mut(t * step);
            let (c_before, c_now) = cell.split_at_mut(t * step);
            let a = &mut gates[4 * t * step..4 * (t + 1) * step];
            let before = c_before.len().checked_sub(step);
            weight.add(a, h_before);
            let (c_now, h_now) = (&mut c_now[..step], &mut h_now[..step]);
            let c_before = before.map_or(&zeros[..], |before| &c_before[before..]);
            update([d_h, d_gates], a, c_before, c_now, h_now);
        }
        (
            tensor(gates, [seq_len, batch, d_gates]),
            tensor(cell, [seq_len, batch, d_h]),
            tensor(hidden, [seq_len, batch, d_h]),
        )
    }

    fn lstm_backward(
        gates: FlexTensor,
        cell: FlexTensor,
        recurrent: FlexTensor,
        d_last: FlexTensor,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let [seq_len, batch, d_gates] = gates.shape().dims();
        let d_h = d_gates / 4;
        let [gates, cell, recurrent, d_last] = [gates, cell, recurrent, d_last].map(contiguous);
        let (gates, cells) = (as_slice(&gates), as_slice(&cell));
        let mut weight = Recurrent::transposed(as_slice(&recurrent), [batch, d_h, d_gates]);
        let step = batch * d_h;
        let mut deltas = vec![0.0; 4 * seq_len * step];
        let mut d_hidden = at_last_position(as_slice(&d_last), seq_len);
        let mut d_cell = vec![0.0; seq_len * step];
        let zeros = vec![0.0; step];
        let mut squashed = vec![0.0; step];
        for t in (0..seq_len).rev() {
            let (start, end) = (t * step, (t + 1) * step);
            let before = start.checked_sub(step);
            let cells_before = before.map_or(&zeros[..], |before| &cells[before..start]);
            let (d_h_earlier, d_h_now) = d_hidden.split_at_mut(start);
            let (d_c_earlier, d_c_now) = d_cell.split_at_mut(start);
            let delta = &mut deltas[4 * start..4 * end];
            squashed.copy_from_slice(&cells[start..end]);
            apply(&mut squashed, tanh);
            for row in 0..batch {
                let at = row * d_h..(row + 1) * d_h;
                let [i, f, g, o] = quarters(&gates[4 * (start + at.start)..4 * (start + at.end)], d_h);
                let (c, c_before) = (&squashed[at.clone()], &cells_before[at.clone()]);
                let (d_h_row, d_c) = (&d_h_now[at.clone()], &mut d_c_now[at.clone()]);
                let delta = &mut delta[4 * at.start..4 * at.end];
                cell_gradients([i, f, g, o], [c, c_before, d_h_row], d_c, quarters_mut(delta, d_h));
                if let Some(before) = before {
                    let earlier = &mut d_c_earlier[before + at.start..before + at.end];
                    for ((earlier, d), f) in earlier.iter_mut().zip(&*d_c).zip(f) {
                        *earlier = d * f;
                    }
                }
            }
            weight.add_gradient(d_h_earlier, delta);
        }
        (
            tensor(deltas, [seq_len, batch, d_gates]),
            tensor(d_hidden, [seq_len, batch, d_h]),
            tensor(d_cell, [seq_len, batch, d_h]),
        )
    }
}

/// Splits a row into its four gates.
fn quarters(row: &[f32], d_h: usize) -> [&[f32]; 4] {
    from_fn(|gate| &row[gate * d_h..(gate + 1) * d_h])
}

/// Splits a row into the input and forget gates, the candidates and the output gates.
fn three_parts(row: &mut [f32], d_h: usize) -> [&mut [f32]; 3] {
    let (i_f, g_o) = row.split_at_mut(2 * d_h);
    let (g, o) = g_o.split_at_mut(d_h);
    [i_f, g, o]
}

fn quarters_mut(row: &mut [f32], d_h: usize) -> [&mut [f32]; 4] {
    let (i_f, g_o) = row.split_at_mut(2 * d_h);
    let ((i, f), (g, o)) = (i_f.split_at_mut(d_h), g_o.split_at_mut(d_h));
    [i, f, g, o]
}

/// Applies the activations of a position's gates, and writes its cells and hidden states.
fn update([d_h, d_gates]: [usize; 2], gates: &mut [f32], c_before: &[f32], c: &mut [f32], h: &mut [f32]) {
    let rows = c.chunks_exact_mut(d_h.max(1)).zip(c_before.chunks_exact(d_h.max(1)));
    for (gates, (c, c_before)) in gates.chunks_exact_mut(d_gates.max(1)).zip(rows) {
        let [input_and_forget, g, o] = three_parts(gates, d_h);
        apply(input_and_forget, sigmoid);
        apply(g, tanh);
        apply(o, sigmoid);
        let (i, f) = input_and_forget.split_at(d_h);
        for ((c, before), ((i, f), g)) in c.iter_mut().zip(c_before).zip(i.iter().zip(f).zip(&*g)) {
            *c = i * g + f * before;
        }
    }
    h.copy_from_slice(c);
    apply(h, tanh);
    for (h, gates) in h.chunks_exact_mut(d_h.max(1)).zip(gates.chunks_exact(d_gates.max(1))) {
        h.iter_mut().zip(&gates[3 * d_h..]).for_each(|(h, o)| *h *= o);
    }
}

/// Cells whose gradients are computed at once.
const LANES: usize = 8;

/// Adds the gradients of a row's cells to those from later positions, and writes those of its gates before the
/// activations. The inputs are tanh of the cells, the cells before, and the gradients of the hidden states.
fn cell_gradients(gates: [&[f32]; 4], inputs: [&[f32]; 3], d_c: &mut [f32], deltas: [&mut [f32]; 4]) {
    let (gates, inputs) = (gates.map(<[f32]>::as_chunks::<LANES>), inputs.map(<[f32]>::as_chunks::<LANES>));
    let (whole, rest) = d_c.as_chunks_mut::<LANES>();
    let mut deltas = deltas.map(|delta| delta.as_chunks_mut::<LANES>());
    for (at, d_c) in whole.iter_mut().enumerate() {
        let found = gradient(gates.map(|gate| gate.0[at]), inputs.map(|input| input.0[at]), d_c);
        deltas.iter_mut().zip(found).for_each(|(delta, found)| delta.0[at] = found);
    }
    for (at, d_c) in rest.iter_mut().enumerate() {
        let (gates, inputs) = (gates.map(|gate| [gate.1[at]]), inputs.map(|input| [input.1[at]]));
        let found = gradient(gates, inputs, from_mut(d_c));
        deltas.iter_mut().zip(found).for_each(|(delta, [found])| delta.1[at] = found);
    }
}

#[inline(always)]
fn gradient<const N: usize>(
    [i, f, g, o]: [[f32; N]; 4],
    [squashed, before, d_h]: [[f32; N]; 3],
    d_c: &mut [f32; N],
) -> [[f32; N]; 4] {
    let d: [f32; N] = lanes(|at| d_c[at] + d_h[at] * o[at] * (1.0 - squashed[at] * squashed[at]));
    *d_c = d;
    [
        lanes(|at| d[at] * g[at] * i[at] * (1.0 - i[at])),
        lanes(|at| d[at] * before[at] * f[at] * (1.0 - f[at])),
        lanes(|at| d[at] * i[at] * (1.0 - g[at] * g[at])),
        lanes(|at| d_h[at] * squashed[at] * o[at] * (1.0 - o[at])),
    ]
}
