//! The scan of an LSTM on the CPU.

use super::LstmScan;
use crate::flex::{as_slice, contiguous, tensor};
use crate::matrix::{Recurrent, at_last_position};
use crate::vector::{lanes, sigmoid, tanh};
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
            for (row, a) in a.chunks_exact_mut(d_gates).enumerate() {
                let at = row * d_h..(row + 1) * d_h;
                let c_before = &before.map_or(&zeros[..], |before| &c_before[before..])[at.clone()];
                cells(quarters_mut(a, d_h), c_before, &mut c_now[at.clone()], &mut h_now[at]);
            }
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
        for t in (0..seq_len).rev() {
            let (start, end) = (t * step, (t + 1) * step);
            let before = start.checked_sub(step);
            let cells_before = before.map_or(&zeros[..], |before| &cells[before..start]);
            let (d_h_earlier, d_h_now) = d_hidden.split_at_mut(start);
            let (d_c_earlier, d_c_now) = d_cell.split_at_mut(start);
            let delta = &mut deltas[4 * start..4 * end];
            for row in 0..batch {
                let at = row * d_h..(row + 1) * d_h;
                let [i, f, g, o] = quarters(&gates[4 * (start + at.start)..4 * (start + at.end)], d_h);
                let (c, c_before) = (&cells[start + at.start..start + at.end], &cells_before[at.clone()]);
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

fn quarters_mut(row: &mut [f32], d_h: usize) -> [&mut [f32]; 4] {
    let (i_f, g_o) = row.split_at_mut(2 * d_h);
    let ((i, f), (g, o)) = (i_f.split_at_mut(d_h), g_o.split_at_mut(d_h));
    [i, f, g, o]
}

/// Cells computed at once. With two vectors, the processor has more independent work.
const LANES: usize = 8;

/// Applies the activations of a row's gates, and writes its cells and hidden states.
fn cells(gates: [&mut [f32]; 4], c_before: &[f32], c: &mut [f32], h: &mut [f32]) {
    let [i, f, g, o] = gates.map(|gate| gate.as_chunks_mut::<LANES>());
    let (before, c, h) = (c_before.as_chunks(), c.as_chunks_mut(), h.as_chunks_mut());
    let whole = i.0.iter_mut().zip(f.0).zip(g.0.iter_mut().zip(o.0));
    for (((gates_i_f, gates_g_o), before), (c, h)) in whole.zip(before.0).zip(c.0.iter_mut().zip(h.0)) {
        update([gates_i_f.0, gates_i_f.1, gates_g_o.0, gates_g_o.1], before, c, h);
    }
    let rest = i.1.iter_mut().zip(f.1).zip(g.1.iter_mut().zip(o.1));
    for (((gates_i_f, gates_g_o), before), (c, h)) in rest.zip(before.1).zip(c.1.iter_mut().zip(h.1)) {
        let gates = [gates_i_f.0, gates_i_f.1, gates_g_o.0, gates_g_o.1].map(from_mut);
        update::<1>(gates, &[*before], from_mut(c), from_mut(h));
    }
}

#[inline(always)]
fn update<const N: usize>(
    [i, f, g, o]: [&mut [f32; N]; 4],
    before: &[f32; N],
    c: &mut [f32; N],
    h: &mut [f32; N],
) {
    (*i, *f, *g, *o) = (
        lanes(|at| sigmoid(i[at])),
        lanes(|at| sigmoid(f[at])),
        lanes(|at| tanh(g[at])),
        lanes(|at| sigmoid(o[at])),
    );
    *c = lanes(|at| i[at] * g[at] + f[at] * before[at]);
    *h = lanes(|at| o[at] * tanh(c[at]));
}

/// Adds the gradients of a row's cells to those from later positions, and writes those of its gates before the
/// activations. The inputs are the cells, the cells before, and the gradients of the hidden states.
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
    [c, before, d_h]: [[f32; N]; 3],
    d_c: &mut [f32; N],
) -> [[f32; N]; 4] {
    let squashed = lanes::<N>(|at| tanh(c[at]));
    let d: [f32; N] = lanes(|at| d_c[at] + d_h[at] * o[at] * (1.0 - squashed[at] * squashed[at]));
    *d_c = d;
    [
        lanes(|at| d[at] * g[at] * i[at] * (1.0 - i[at])),
        lanes(|at| d[at] * before[at] * f[at] * (1.0 - f[at])),
        lanes(|at| d[at] * i[at] * (1.0 - g[at] * g[at])),
        lanes(|at| d_h[at] * squashed[at] * o[at] * (1.0 - o[at])),
    ]
}
