//! Images: a picture in RGBA is made half as wide and half as high, bilinearly. It knows raw pixels and no file formats.

use resize::px::RGBA;
use resize::{Pixel, Resizer, Type};

use crate::Kernel;
use crate::random::Random;

type Pixels = Vec<RGBA<u8>>;

/// Halves an image with so many pixels in a row, and as many rows.
pub struct Resize {
    from: Pixels,
    to: Pixels,
    /// None for an image that is too small to be halved.
    resizer: Option<Resizer<resize::formats::Rgba<u8, u8>>>,
}

impl Kernel for Resize {
    const NAME: &'static str = "resize";
    const MOST: usize = 2 << 10;

    fn new(size: usize) -> Self {
        let mut random = Random::new(6);
        let from = (0..size * size).map(|at| pixel(at % size, at / size, &mut random)).collect();
        let half = size.div_ceil(2);
        let resizer = Resizer::new(size, size, half, half, Pixel::RGBA8, Type::Triangle).ok();
        Self { from, to: vec![RGBA::new(0, 0, 0, 0); half * half], resizer }
    }

    fn run(&mut self) -> u64 {
        let resized = self.resizer.as_mut().is_some_and(|resizer| resizer.resize(&self.from, &mut self.to).is_ok());
        let word = |pixel: &RGBA<u8>| u64::from(u32::from_le_bytes([pixel.r, pixel.g, pixel.b, pixel.a]));
        self.to.iter().fold(u64::from(resized), |sum, pixel| sum.rotate_left(5) ^ word(pixel))
    }
}

/// A slope of colours with some noise.
fn pixel(x: usize, y: usize, random: &mut Random) -> RGBA<u8> {
    let noise = random.below(32) as u8;
    RGBA::new((x as u8).wrapping_add(noise), (y as u8).wrapping_sub(noise), ((x + y) / 2) as u8, 255 - noise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_one_colour_keeps_it() {
        let mut resize = Resize::new(8);
        resize.from.fill(RGBA::new(10, 20, 30, 255));
        assert_ne!(resize.run(), 0);
        assert!(resize.to.iter().all(|pixel| *pixel == RGBA::new(10, 20, 30, 255)), "{:?}", resize.to);
        assert_eq!(resize.to.len(), 16);
    }
}
