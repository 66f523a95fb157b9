//! What was computed, so that gradients can find their way back through it.
//!
//! candle's own backward pass begins each gradient as zeros to which it then adds, on one thread, and
//! keeps all results until it is done. A [`Tape`] hands the first gradient on as it is, adds further
//! ones on all threads, keeps only what an operation's way back needs, and lets go of it as soon as it
//! has passed it.
//!
//! While a tape records, the result of an [`Operation`] is a leaf of candle's graph. So operations of
//! candle's own may stand anywhere between ours: their share of the way back is candle's.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use candle_core::{Device, Result, Tensor, TensorId, Var};

use super::add::plus;
use super::operation::{Known, Operation, run};

/// The gradients of some tensors, each with the tensor it is of.
type Found = Vec<(TensorId, Tensor)>;

type Back = Box<dyn FnOnce(&Tensor) -> Result<Found>>;

/// From the gradient of a result to those of what it was made from.
struct Entry {
    result: TensorId,
    back: Back,
}

/// All that was computed under [`record`], in order.
#[derive(Default)]
pub struct Tape {
    entries: Vec<Entry>,
    results: HashSet<TensorId>,
}

thread_local! {
    static RECORDER: RefCell<Option<Tape>> = const { RefCell::new(None) };
}

/// Puts the recorder back as it was, also where the work panics.
struct Outer(Option<Tape>);

impl Drop for Outer {
    fn drop(&mut self) {
        RECORDER.set(self.0.take());
    }
}

/// What `work` gives, and the tape of what it computed on this thread.
pub fn record<T>(work: impl FnOnce() -> T) -> (T, Tape) {
    let outer = Outer(RECORDER.replace(Some(Tape::default())));
    let value = work();
    let tape = RECORDER.take().unwrap_or_default();
    drop(outer);
    (value, tape)
}

/// Whether a tape records on this thread.
pub(super) fn records() -> bool {
    RECORDER.with_borrow(Option::is_some)
}

/// The result of `operation` on `inputs`, noted where a gradient will be asked for.
pub(super) fn note<const N: usize, O: Operation<N>>(
    operation: O,
    inputs: [&Tensor; N],
) -> Result<Tensor> {
    let (numbers, shape) = run(&operation, inputs)?;
    if !inputs.iter().any(|input| input.track_op()) {
        return Tensor::from_vec(numbers, shape, &Device::Cpu);
    }
    let result = Var::from_vec(numbers, shape, &Device::Cpu)?.into_inner();
    let (id, ids) = (result.id(), inputs.map(Tensor::id));
    let kept = O::NEEDS_INPUTS.then(|| inputs.map(Tensor::clone));
    let kept_result = O::NEEDS_RESULT.then(|| result.clone());
    RECORDER.with_borrow_mut(|tape| {
        let Some(tape) = tape else { return };
        inputs.iter().for_each(|input| tape.note_candle(input));
        let back = move |grad: &Tensor| {
            let inputs = kept.as_ref().map(<[Tensor; N]>::each_ref);
            let known = Known { inputs, result: kept_result.as_ref() };
            let found = ids.into_iter().zip(operation.backward(known, grad)?);
            Ok(found.filter_map(|(id, grad)| Some((id, grad?))).collect())
        };
        tape.push(id, Box::new(back));
    });
    Ok(result)
}

impl Tape {
    /// Whether nothing was computed that a gradient could go through.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn push(&mut self, result: TensorId, back: Back) {
        self.results.insert(result);
        self.entries.push(Entry { result, back });
    }

    /// Notes what candle itself made `tensor` from, once.
    fn note_candle(&mut self, tensor: &Tensor) {
        if tensor.is_variable() || !tensor.track_op() || self.results.contains(&tensor.id()) {
            return;
        }
        let end = tensor.clone();
        let back = move |grad: &Tensor| {
            let mut store = end.mul(grad)?.sum_all()?.backward()?;
            let nodes = end.sorted_nodes().into_iter();
            let leaves = nodes.filter(|node| node.is_variable());
            Ok(leaves.filter_map(|leaf| Some((leaf.id(), store.remove(leaf)?))).collect())
        };
        self.push(tensor.id(), Box::new(back));
    }

    /// The gradients of `result`, of any shape, summed, by all variables it was made from.
    ///
    /// Where nothing was recorded, as on a GPU, this is candle's own backward pass.
    pub fn backward(mut self, result: &Tensor) -> Result<Gradients> {
        self.note_candle(result);
        let mut grads = Gradients(HashMap::new());
        grads.add(result.id(), result.ones_like()?)?;
        while let Some(Entry { result, back }) = self.entries.pop() {
            // What did not enter the result has no gradient.
            let Some(grad) = grads.0.remove(&result) else { continue };
            for (id, grad) in back(&grad.contiguous()?)? {
                grads.add(id, grad)?;
            }
        }
        Ok(grads)
    }
}

/// Gradients by the tensor they are of.
#[derive(Debug, Default)]
pub struct Gradients(HashMap<TensorId, Tensor>);

impl Gradients {
    /// Takes out the gradient of `tensor`; none if nothing that was computed depends on it.
    pub fn remove(&mut self, tensor: &Tensor) -> Option<Tensor> {
        self.0.remove(&tensor.id())
    }

    fn add(&mut self, id: TensorId, grad: Tensor) -> Result<()> {
        let grad = match self.0.remove(&id) {
            Some(others) => plus(&others, &grad)?,
            None => grad,
        };
        self.0.insert(id, grad);
        Ok(())
    }
}
