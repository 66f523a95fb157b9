//! A kernel as an operation on tensors, for the tape and for candle's graph.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, Error, Layout, Result, Shape, Tensor, bail,
};

use super::stop::Wish;
use super::storage::numbers;
use super::tape;

/// What an operation reads: contiguous numbers and their shape.
#[derive(Clone, Copy)]
pub(super) struct Array<'a> {
    pub numbers: &'a [f32],
    pub dims: &'a [usize],
}

/// What the way back may look at: all that the operation said it needs.
pub(super) struct Known<'a, const N: usize> {
    pub inputs: Option<[&'a Tensor; N]>,
    pub result: Option<&'a Tensor>,
}

impl<'a, const N: usize> Known<'a, N> {
    pub fn inputs(&self) -> Result<[&'a Tensor; N]> {
        self.inputs.ok_or_else(|| Error::msg("the operation's inputs were not kept"))
    }

    pub fn result(&self) -> Result<&'a Tensor> {
        self.result.ok_or_else(|| Error::msg("the operation's result was not kept"))
    }
}

/// An operation on N contiguous f32 tensors on the CPU.
pub(super) trait Operation<const N: usize>: Send + Sync + 'static {
    const NAME: &'static str;
    /// What the way back needs, which is kept for it.
    const NEEDS_INPUTS: bool = true;
    const NEEDS_RESULT: bool = false;

    /// The result and its shape.
    fn forward(&self, inputs: [Array; N]) -> Result<(Vec<f32>, Shape)>;

    /// From the gradient of the result to those of the inputs; none for one that needs none.
    fn backward(&self, known: Known<N>, grad: &Tensor) -> Result<[Option<Tensor>; N]>;
}

/// The forward pass alone.
pub(super) fn run<const N: usize>(
    operation: &impl Operation<N>,
    inputs: [&Tensor; N],
) -> Result<(Vec<f32>, Shape)> {
    let guards = inputs.map(Tensor::storage_and_layout);
    let mut arrays = [Array { numbers: &[], dims: &[] }; N];
    for (array, (storage, layout)) in arrays.iter_mut().zip(&guards) {
        let candle_core::Storage::Cpu(storage) = &**storage else {
            bail!("a kernel takes tensors on the CPU")
        };
        *array = Array { numbers: numbers(storage, layout)?, dims: layout.dims() };
    }
    operation.forward(arrays)
}

/// An operation as candle's graph has it.
struct Candle<O>(O);

pub(super) fn apply1(operation: impl Operation<1>, x: &Tensor) -> Result<Tensor> {
    let x = &x.contiguous()?;
    Wish::of_this_thread().look();
    if tape::records() { tape::note(operation, [x]) } else { x.apply_op1(Candle(operation)) }
}

pub(super) fn apply2(operation: impl Operation<2>, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (a, b) = (&a.contiguous()?, &b.contiguous()?);
    Wish::of_this_thread().look();
    if tape::records() { tape::note(operation, [a, b]) } else { a.apply_op2(b, Candle(operation)) }
}

pub(super) fn apply3(
    operation: impl Operation<3>,
    a: &Tensor,
    b: &Tensor,
    c: &Tensor,
) -> Result<Tensor> {
    let (a, b, c) = (&a.contiguous()?, &b.contiguous()?, &c.contiguous()?);
    Wish::of_this_thread().look();
    if tape::records() {
        return tape::note(operation, [a, b, c]);
    }
    a.apply_op3(b, c, Candle(operation))
}

fn array<'a>(storage: &'a CpuStorage, layout: &'a Layout) -> Result<Array<'a>> {
    Ok(Array { numbers: numbers(storage, layout)?, dims: layout.dims() })
}

fn stored((numbers, shape): (Vec<f32>, Shape)) -> (CpuStorage, Shape) {
    (CpuStorage::F32(numbers), shape)
}

impl<O: Operation<1>> CustomOp1 for Candle<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.0.forward([array(x, layout)?]).map(stored)
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let known = Known { inputs: Some([x]), result: Some(y) };
        let [x] = self.0.backward(known, &grad.contiguous()?)?;
        Ok(x)
    }
}

impl<O: Operation<2>> CustomOp2 for Candle<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.0.forward([array(a, a_layout)?, array(b, b_layout)?]).map(stored)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let known = Known { inputs: Some([a, b]), result: Some(y) };
        self.0.backward(known, &grad.contiguous()?).map(Into::into)
    }
}

impl<O: Operation<3>> CustomOp3 for Candle<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        c: &CpuStorage,
        c_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = [array(a, a_layout)?, array(b, b_layout)?, array(c, c_layout)?];
        self.0.forward(inputs).map(stored)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let known = Known { inputs: Some([a, b, c]), result: Some(y) };
        self.0.backward(known, &grad.contiguous()?).map(Into::into)
    }
}
