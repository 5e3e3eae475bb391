// A column of texts as it crosses to and from HAL9: all texts in one, and where each ends, in bytes of UTF-8.

interface TextColumn {
  text: string;
  ends: number[];
}

/** The texts of a column. */
export function rows({ text, ends }: TextColumn): string[] {
  let [at, bytes] = [0, 0];
  return ends.map((end) => {
    const start = at;
    while (bytes < end) {
      const point = text.codePointAt(at) ?? 0;
      at += point > 0xffff ? 2 : 1;
      bytes += width(point);
    }
    return text.slice(start, at);
  });
}

/** A column of texts. */
export function column(texts: readonly string[]): TextColumn {
  let end = 0;
  const ends = texts.map((text) => {
    for (const character of text) end += width(character.codePointAt(0) ?? 0);
    return end;
  });
  return { text: texts.join(""), ends };
}

/** The bytes of a code point. */
function width(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}
