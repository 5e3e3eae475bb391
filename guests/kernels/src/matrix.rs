//! Floats: the product of two square matrices, whose inner loop compilers vectorise. It knows no blocking and no library of
//! linear algebra, as those have code of their own for each processor.

use crate::Kernel;
use crate::random::Random;

/// Multiplies two matrices with so many rows.
pub struct Multiply {
    size: usize,
    left: Vec<f32>,
    right: Vec<f32>,
    product: Vec<f32>,
}

impl Kernel for Multiply {
    const NAME: &'static str = "multiply";
    const MOST: usize = 1 << 10;

    fn new(size: usize) -> Self {
        let mut random = Random::new(2);
        let mut matrix = || (0..size * size).map(|_| random.unit() - 0.5).collect::<Vec<_>>();
        Self { size, left: matrix(), right: matrix(), product: vec![0.0; size * size] }
    }

    fn run(&mut self) -> u64 {
        self.product.fill(0.0);
        let rows = self.left.chunks_exact(self.size).zip(self.product.chunks_exact_mut(self.size));
        for (left, product) in rows {
            // Row by row, and not a dot product each: floats may not be added in another order.
            for (&factor, right) in left.iter().zip(self.right.chunks_exact(self.size)) {
                for (sum, &value) in product.iter_mut().zip(right) {
                    *sum += factor * value;
                }
            }
        }
        self.product.iter().fold(1, |sum, &value| sum.rotate_left(5) ^ u64::from(value.to_bits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_that_of_rows_and_columns() {
        let (left, right) = (vec![1.0, 2.0, 3.0, 4.0], vec![5.0, 6.0, 7.0, 8.0]);
        let mut multiply = Multiply { size: 2, left, right, product: vec![9.0; 4] };
        multiply.run();
        assert_eq!(multiply.product, [19.0, 22.0, 43.0, 50.0]);
    }
}
