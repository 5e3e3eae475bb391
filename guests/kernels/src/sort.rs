//! Sorting: branches and moves of integers. It knows the standard library's sort and no other.

use crate::Kernel;
use crate::random::Random;

/// Sorts so many 64-bit integers.
pub struct Sort {
    numbers: Vec<u64>,
    sorted: Vec<u64>,
}

impl Kernel for Sort {
    const NAME: &'static str = "sort";
    const MOST: usize = 1 << 20;

    fn new(size: usize) -> Self {
        let mut random = Random::new(3);
        Self { numbers: (0..size).map(|_| random.next()).collect(), sorted: Vec::with_capacity(size) }
    }

    fn run(&mut self) -> u64 {
        self.sorted.clone_from(&self.numbers);
        self.sorted.sort_unstable();
        self.sorted.iter().step_by(7).fold(1, |sum, &number| sum.rotate_left(5) ^ number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_gives_is_about_sorted_numbers() {
        let mut sort = Sort::new(1_000);
        sort.run();
        assert!(sort.sorted.is_sorted() && !sort.numbers.is_sorted());
    }
}
