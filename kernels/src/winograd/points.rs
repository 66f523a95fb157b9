//! The transforms of F(4, 3), along one side of a tile: four results of a window of three from six
//! numbers, by six products.
//!
//! A polynomial is known by its values at 0, ±1/√2, ±√2 and ∞. With these points, unlike the usual
//! 0, ±1, ±2, ∞, no transform magnifies what it reads much, and the result is as exact as that of
//! the direct way (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
//! Convolution for Deep Neural Networks", 2020).

use crate::simd::Simd;

const A: f32 = std::f32::consts::FRAC_1_SQRT_2;
const B: f32 = std::f32::consts::SQRT_2;

/// From N numbers to M. Not a closure: that would be compiled without the instruction set of its caller.
pub(super) trait Transform<const N: usize, const M: usize> {
    /// # Safety
    /// The instruction set of `V` must be there.
    unsafe fn of<V: Simd>(numbers: [V; N]) -> [V; M];
}

/// Six numbers of the image: what Lavin and Gray call Bᵀ.
pub(super) struct Image;

impl Transform<6, 6> for Image {
    #[inline(always)]
    unsafe fn of<V: Simd>(d: [V; 6]) -> [V; 6] {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let (even_a, odd_a) =
                (V::splat(-2.0).mul_add(d[2], d[4]), V::splat(-2.0).mul_add(d[1], d[3]));
            let (even_b, odd_b) =
                (V::splat(-0.5).mul_add(d[2], d[4]), V::splat(-0.5).mul_add(d[1], d[3]));
            [
                V::splat(-2.5).mul_add(d[2], d[0].add(d[4])),
                V::splat(A).mul_add(odd_a, even_a),
                V::splat(-A).mul_add(odd_a, even_a),
                V::splat(B).mul_add(odd_b, even_b),
                V::splat(-B).mul_add(odd_b, even_b),
                V::splat(-2.5).mul_add(d[3], d[1].add(d[5])),
            ]
        }
    }
}

/// Three numbers of the kernel: G.
pub(super) struct Kernel;

impl Kernel {
    /// The roots of squares of its rows: at each point, no value is larger than this times that of the three
    /// numbers.
    pub const NORMS: [f32; 6] = [1.0, 0.881_918, 0.881_918, 0.440_959, 0.440_959, 1.0];
}

impl Transform<3, 6> for Kernel {
    #[inline(always)]
    unsafe fn of<V: Simd>(w: [V; 3]) -> [V; 6] {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            // The values at a point over the product of its distances from the others.
            let even_a = V::splat(-1.0 / 3.0).mul_add(w[2], V::splat(-2.0 / 3.0).mul(w[0]));
            let even_b = V::splat(1.0 / 3.0).mul_add(w[2], V::splat(1.0 / 6.0).mul(w[0]));
            let odd_a = V::splat(-2.0 / 3.0 * A);
            let odd_b = V::splat(1.0 / 6.0 * B);
            [
                w[0],
                odd_a.mul_add(w[1], even_a),
                V::splat(2.0 / 3.0 * A).mul_add(w[1], even_a),
                odd_b.mul_add(w[1], even_b),
                V::splat(-1.0 / 6.0 * B).mul_add(w[1], even_b),
                w[2],
            ]
        }
    }
}

/// Four results from six products: Aᵀ.
pub(super) struct Result;

impl Transform<6, 4> for Result {
    #[inline(always)]
    unsafe fn of<V: Simd>(m: [V; 6]) -> [V; 4] {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let (even_a, odd_a) = (m[1].add(m[2]), m[1].sub(m[2]));
            let (even_b, odd_b) = (m[3].add(m[4]), m[3].sub(m[4]));
            [
                m[0].add(even_a).add(even_b),
                V::splat(B).mul_add(odd_b, V::splat(A).mul(odd_a)),
                V::splat(B * B).mul_add(even_b, V::splat(A * A).mul(even_a)),
                V::splat(B * B * B).mul_add(odd_b, V::splat(A * A * A).mul_add(odd_a, m[5])),
            ]
        }
    }
}

/// The gradient of four results, seen from the six products: A.
pub(super) struct ResultGradient;

impl Transform<4, 6> for ResultGradient {
    #[inline(always)]
    unsafe fn of<V: Simd>(y: [V; 4]) -> [V; 6] {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let even_a = V::splat(A * A).mul_add(y[2], y[0]);
            let odd_a = V::splat(A * A * A).mul_add(y[3], V::splat(A).mul(y[1]));
            let even_b = V::splat(B * B).mul_add(y[2], y[0]);
            let odd_b = V::splat(B * B * B).mul_add(y[3], V::splat(B).mul(y[1]));
            [y[0], even_a.add(odd_a), even_a.sub(odd_a), even_b.add(odd_b), even_b.sub(odd_b), y[3]]
        }
    }
}

/// The gradient of three numbers of the kernel from that of their six values: Gᵀ.
pub(super) struct KernelGradient;

impl Transform<6, 3> for KernelGradient {
    #[inline(always)]
    unsafe fn of<V: Simd>(u: [V; 6]) -> [V; 3] {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let (even_a, odd_a) = (u[1].add(u[2]), u[1].sub(u[2]));
            let (even_b, odd_b) = (u[3].add(u[4]), u[3].sub(u[4]));
            [
                V::splat(1.0 / 6.0).mul_add(even_b, V::splat(-2.0 / 3.0).mul_add(even_a, u[0])),
                V::splat(1.0 / 6.0 * B).mul_add(odd_b, V::splat(-2.0 / 3.0 * A).mul(odd_a)),
                V::splat(1.0 / 3.0).mul_add(even_b, V::splat(-1.0 / 3.0).mul_add(even_a, u[5])),
            ]
        }
    }
}
