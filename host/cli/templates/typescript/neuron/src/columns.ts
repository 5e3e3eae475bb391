// A column of texts as it crosses from HAL9: all texts in one, and where each ends, in bytes of UTF-8.

/** The texts of a column. */
export function rows({ text, ends }: { text: string; ends: readonly number[] }): string[] {
  let [at, bytes] = [0, 0];
  return ends.map((end) => {
    const start = at;
    while (bytes < end) {
      const point = text.codePointAt(at) ?? 0;
      at += point > 0xffff ? 2 : 1;
      bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }
    return text.slice(start, at);
  });
}
