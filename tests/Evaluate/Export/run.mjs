// Runs exported policies in ONNX Runtime and reads the files without it, by the wire format of protocol buffers and the public
// field numbers of ONNX alone.
// usage: node run.mjs PACKAGES FOLDER   cases.json in FOLDER: [{ model, inputs: { name: { type, dims, file } } }]
// Writes for each case and output a file MODEL.OUTPUT.bin, and results.json: [{ outputs: { name: { type, dims } }, file: {...} }]
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [packages, folder] = process.argv.slice(2)
const ort = createRequire(join(packages, 'package.json'))('onnxruntime-node')
const arrays = { float32: Float32Array, uint8: Uint8Array, int64: BigInt64Array, bool: Uint8Array }

// Fields of a message: number -> values, each a BigInt (varint), or bytes.
function fields(bytes) {
  const found = new Map()
  let at = 0
  const varint = () => {
    let [value, shift] = [0n, 0n]
    for (;;) {
      const byte = bytes[at++]
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asIntN(64, value)
      shift += 7n
    }
  }
  while (at < bytes.length) {
    const key = Number(varint())
    let value
    if ((key & 7) === 0) value = varint()
    else if ((key & 7) === 2) { const length = Number(varint()); value = bytes.subarray(at, at + length); at += length }
    else if ((key & 7) === 5) { value = bytes.subarray(at, at + 4); at += 4 }
    else throw new Error(`wire type ${key & 7} of field ${key >> 3}`)
    found.set(key >> 3, [...(found.get(key >> 3) ?? []), value])
  }
  if (at !== bytes.length) throw new Error('a message is cut off')
  return found
}

const text = (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
const all = (message, number) => message.get(number) ?? []
const one = (message, number) => all(message, number)[0]
const types = { 1: 'float32', 2: 'uint8', 7: 'int64', 9: 'bool' }

function value(bytes) {
  const info = fields(bytes)
  const tensor = fields(one(fields(one(info, 2)), 1))
  const dims = all(fields(one(tensor, 2)), 1).map((d) => fields(d)).map((d) => d.has(1) ? Number(one(d, 1)) : text(one(d, 2)))
  return [text(one(info, 1)), { type: types[Number(one(tensor, 1))], dims }]
}

function read(path) {
  const model = fields(readFileSync(path))
  const graph = fields(one(model, 7))
  const opset = fields(one(model, 8))
  return {
    irVersion: Number(one(model, 1)),
    producer: text(one(model, 2)),
    opset: Number(one(opset, 2)),
    metadata: Object.fromEntries(all(model, 14).map((m) => fields(m)).map((m) => [text(one(m, 1)), m.has(2) ? text(one(m, 2)) : ''])),
    inputs: Object.fromEntries(all(graph, 11).map(value)),
    outputs: Object.fromEntries(all(graph, 12).map(value)),
    operators: [...new Set(all(graph, 1).map((n) => text(one(fields(n), 4))))].sort(),
  }
}

const results = []
for (const test of JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'))) {
  const session = await ort.InferenceSession.create(join(folder, test.model), { intraOpNumThreads: 1, logSeverityLevel: 3 })
  const feeds = {}
  for (const [name, input] of Object.entries(test.inputs)) {
    const file = readFileSync(join(folder, input.file))
    const array = arrays[input.type]
    feeds[name] = new ort.Tensor(input.type, new array(file.buffer.slice(file.byteOffset, file.byteOffset + file.length)), input.dims)
  }
  const found = await session.run(feeds)
  const outputs = {}
  for (const [name, tensor] of Object.entries(found)) {
    outputs[name] = { type: tensor.type, dims: tensor.dims }
    writeFileSync(join(folder, `${test.model}.${name}.bin`), new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength))
  }
  results.push({ outputs, file: read(join(folder, test.model)) })
}
writeFileSync(join(folder, 'results.json'), JSON.stringify(results))
