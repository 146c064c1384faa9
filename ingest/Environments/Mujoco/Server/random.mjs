// The random numbers of one instance: xoshiro128** (Blackman and Vigna, 2018) over four 32-bit words, in integer arithmetic
// that every processor does alike. The state lies in an array of the caller's, so that threads share it and nothing is made a draw.

const mask = (1n << 64n) - 1n;

/**
 * Starts a stream: the four words are the low and high halves of two outputs of SplitMix64.
 * @param {Uint32Array} words holds the state
 * @param {number} at index of its first word
 * @param {bigint} seed 64 bits
 */
export function seedStream(words, at, seed) {
  let state = seed & mask;
  for (let half = 0; half < 2; half++) {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    z ^= z >> 31n;
    words[at + 2 * half] = Number(z & 0xffffffffn);
    words[at + 2 * half + 1] = Number(z >> 32n);
  }
}

/** The next 32 bits. */
export function nextWord(words, at) {
  const s0 = words[at], s1 = words[at + 1], s2 = words[at + 2] ^ s0, s3 = words[at + 3] ^ s1;
  const product = Math.imul(s1, 5);
  words[at + 1] = s1 ^ s2;
  words[at] = s0 ^ s3;
  words[at + 2] = s2 ^ (s1 << 9);
  words[at + 3] = (s3 << 11) | (s3 >>> 21);
  return Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
}

/** Uniform in [0, 1), a multiple of 2^-53: two words, the first one above. */
export function nextUniform(words, at) {
  const high = nextWord(words, at) >>> 5, low = nextWord(words, at) >>> 6;
  return (high * 67108864 + low) / 9007199254740992;
}

/** Standard normal, by Marsaglia's polar method; the second number of a pair is not kept, so that the state is four words. */
export function nextNormal(words, at) {
  for (;;) {
    const u = 2 * nextUniform(words, at) - 1, v = 2 * nextUniform(words, at) - 1, square = u * u + v * v;
    if (square < 1 && square > 0) return u * Math.sqrt((-2 * Math.log(square)) / square);
  }
}
