// Frames of the protocol (External/PROTOCOL.md) over standard input and output, read and written synchronously: a request
// is answered before the next one comes, so an event loop would only add its delay.

import fs from 'node:fs';
import { headerBytes } from './batch.mjs';

export const version = 1;
export const type = { hello: 1, ready: 2, reset: 3, started: 4, step: 5, stepped: 6, render: 7, frame: 8, close: 9, error: 15 };

const nap = new Int32Array(new SharedArrayBuffer(4));

// A descriptor that somebody has made non-blocking answers EAGAIN.
function again(act) {
  for (;;) {
    try {
      return act();
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(nap, 0, 0, 1);
    }
  }
}

/** Reads frames from standard input. */
export class Requests {
  #buffer = Buffer.from(new ArrayBuffer(1 << 16));
  #begin = 0;
  #end = 0;

  /** Makes room for frames of a payload of this many bytes, so that none is copied later. */
  reserve(bytes) {
    const wanted = headerBytes + bytes;
    if (this.#buffer.length >= wanted) return;
    const larger = Buffer.from(new ArrayBuffer(wanted));
    this.#buffer.copy(larger, 0, this.#begin, this.#end);
    this.#buffer = larger;
    this.#end -= this.#begin;
    this.#begin = 0;
  }

  /** The next frame, valid until the next call; null at the end of the input. */
  next() {
    if (!this.#fill(headerBytes)) return null;
    const at = this.#begin, buffer = this.#buffer;
    if (buffer[at] !== 0x4f || buffer[at + 1] !== 0x52) throw new Error('Standard input does not carry frames of the protocol; start this server from offlinerl.');
    if (buffer[at + 2] !== version) throw new Error(`This server speaks version ${version} of the protocol; the host sent version ${buffer[at + 2]}. Use the server that came with it.`);
    const kind = buffer[at + 3], length = buffer.readUInt32LE(at + 4);
    if (!this.#fill(headerBytes + length)) return null;
    const payload = this.#begin + headerBytes;
    this.#begin += headerBytes + length;
    return { kind, buffer: this.#buffer, at: payload, length };
  }

  #fill(bytes) {
    if (this.#begin === this.#end) this.#begin = this.#end = 0;
    if (this.#begin > 0 && this.#begin + bytes > this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#begin, this.#end);
      this.#end -= this.#begin;
      this.#begin = 0;
    }
    this.reserve(bytes - headerBytes);
    while (this.#end - this.#begin < bytes) {
      const count = again(() => fs.readSync(0, this.#buffer, this.#end, this.#buffer.length - this.#end, null));
      if (count === 0) return false;
      this.#end += count;
    }
    return true;
  }
}

/** Writes all bytes to standard output. */
export function send(bytes) {
  for (let from = 0; from < bytes.length;) from += again(() => fs.writeSync(1, bytes, from, bytes.length - from));
}

/** Writes a frame's header. */
export function header(bytes, kind, length) {
  bytes[0] = 0x4f;
  bytes[1] = 0x52;
  bytes[2] = version;
  bytes[3] = kind;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(4, length, true);
}

/** Sends a frame of text. */
export function sendText(kind, text) {
  const payload = Buffer.from(text, 'utf8');
  const bytes = new Uint8Array(headerBytes + payload.length);
  header(bytes, kind, payload.length);
  bytes.set(payload, headerBytes);
  send(bytes);
}
