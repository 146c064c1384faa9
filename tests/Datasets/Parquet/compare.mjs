// Compares what independent readers find in a Parquet file with what is expected of it.
//   node compare.mjs FOLDER READER FILE EXPECTED
// FOLDER holds node_modules, READER is hyparquet or parquet-wasm, EXPECTED is JSON: { column: [value, ...] }. Numbers of 64 bits
// are texts there, and so are numbers that JSON has not; bytes are base64. Prints the number of values that are equal.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'

const [folder, reader, file, expectedFile] = process.argv.slice(2)
const require = createRequire(pathToFileURL(resolve(folder, 'package.json')))
const load = name => import(pathToFileURL(resolve(folder, 'node_modules', name)))
const expected = JSON.parse(readFileSync(expectedFile, 'utf8'))
const columns = await { hyparquet, 'parquet-wasm': parquetWasm }[reader](readFileSync(file))
let equal = 0

for (const [name, values] of Object.entries(expected)) {
  if (columns[name]?.length !== values.length) fail(name, 'rows', columns[name]?.length, values.length)
  values.forEach((value, row) => compare(name, row, normal(columns[name][row]), value))
}
const unexpected = Object.keys(columns).filter(name => !(name in expected))
if (unexpected.length > 0) fail(unexpected[0], 'columns', 'found', 'none')
console.log(equal)

async function hyparquet (bytes) {
  const { parquetReadObjects } = await load('hyparquet/src/index.js')
  const { compressors } = await load('hyparquet-compressors/src/index.js')
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const rows = await parquetReadObjects({ file: buffer, compressors, utf8: false, parsers: { timestampFromMicroseconds: micros => micros } })
  return Object.fromEntries(Object.keys(expected).map(name => [name, rows.map(row => row[name])]))
}

async function parquetWasm (bytes) {
  const { readParquet } = require('parquet-wasm/node')
  const { tableFromIPC, DataType } = require('apache-arrow')
  const table = tableFromIPC(readParquet(new Uint8Array(bytes)).intoIPCStream())
  return Object.fromEntries(table.schema.fields.map((field, i) => {
    const values = [...table.getChildAt(i)]
    // Arrow's JavaScript gives times as fractions of milliseconds.
    return [field.name, DataType.isTimestamp(field.type) ? values.map(t => t === null ? null : BigInt(Math.round(t * 1000))) : values]
  }))
}

function normal (value) {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'object') return [...value].map(normal)
  return value
}

function compare (name, row, found, value) {
  if (!Array.isArray(value)) {
    // Object.is tells the zeros apart.
    if (!Object.is(found, value)) fail(name, row, found, value)
    equal++
    return
  }
  if (!Array.isArray(found) || found.length !== value.length) fail(name, row, found, value)
  value.forEach((element, i) => compare(name, row, found[i], element))
}

function fail (name, row, found, value) {
  console.error(`${reader}, ${name}, row ${row}: found ${JSON.stringify(found)}, expected ${JSON.stringify(value)}`)
  process.exit(1)
}
