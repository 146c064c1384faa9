using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>The distinct values of a column in the order in which they come, and for each value its place among them; gives up where there are many.</summary>
sealed class ValueDictionary
{
    const int Most = 4096, SlotBits = 14;

    readonly int[] _slots = new int[1 << SlotBits];
    readonly ulong[] _numbers = new ulong[Most];
    readonly int[] _starts = new int[Most + 1];
    readonly RunLengths _indices = new();

    /// <summary>The distinct values, plain.</summary>
    public ArrayBufferWriter<byte> Plain { get; } = new(1024);

    /// <summary>The places, as a page holds them.</summary>
    public ArrayBufferWriter<byte> Indices { get; } = new(1024);

    public int Count { get; private set; }

    /// <summary>Whether it is worth a page of its own: false leaves it in no state.</summary>
    /// <param name="type">Of the values.</param>
    /// <param name="plain">The values as Parquet writes them plain.</param>
    public bool TryBuild(ParquetType type, ReadOnlySpan<byte> plain)
    {
        Array.Clear(_slots);
        Plain.ResetWrittenCount();
        Indices.ResetWrittenCount();
        Count = 0;
        // How wide an index is, is known when all values were seen: they are written again then.
        var places = ArrayPool<ushort>.Shared.Rent(plain.Length / 4);
        try
        {
            var values = type switch
            {
                ParquetType.Int32 or ParquetType.Float => Numbers(MemoryMarshal.Cast<byte, uint>(plain), places),
                ParquetType.Int64 or ParquetType.Double => Numbers(MemoryMarshal.Cast<byte, ulong>(plain), places),
                _ => Texts(plain, places),
            };
            if (values == 0)
                return false;
            _indices.Begin(Count - 1);
            foreach (var place in places.AsSpan(0, values))
                _indices.Add(place);
            _indices.WriteIndices(Indices);
            return Plain.WrittenCount + Indices.WrittenCount < plain.Length / 10 * 9;
        }
        finally
        {
            ArrayPool<ushort>.Shared.Return(places);
        }
    }

    int Numbers<T>(ReadOnlySpan<T> values, ushort[] places)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < values.Length; i++)
        {
            var value = values[i];
            if (i > 0 && value == values[i - 1])
            {
                places[i] = places[i - 1];
                continue;
            }

            var number = ulong.CreateTruncating(value);
            var slot = SlotOf(number);
            while (_slots[slot] > 0 && _numbers[_slots[slot] - 1] != number)
                slot = (slot + 1) % _slots.Length;
            if (_slots[slot] == 0)
            {
                if (Count == Most)
                    return 0;
                _numbers[Count] = number;
                _slots[slot] = ++Count;
                Plain.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
            }

            places[i] = (ushort)(_slots[slot] - 1);
        }

        return values.Length;
    }

    int Texts(ReadOnlySpan<byte> plain, ushort[] places)
    {
        var values = 0;
        for (var at = 0; at < plain.Length;)
        {
            var text = plain.Slice(at, 4 + BinaryPrimitives.ReadInt32LittleEndian(plain[at..]));
            at += text.Length;
            var slot = SlotOf(ParquetBits.Checksum(text));
            while (_slots[slot] > 0 && !TextAt(_slots[slot] - 1).SequenceEqual(text))
                slot = (slot + 1) % _slots.Length;
            if (_slots[slot] == 0)
            {
                // Long texts that never repeat are given up before they fill a dictionary.
                if (Count == Most || (Plain.WrittenCount > 1 << 20 && Plain.WrittenCount > at / 2))
                    return 0;
                Plain.Write(text);
                _slots[slot] = ++Count;
                _starts[Count] = Plain.WrittenCount;
            }

            places[values++] = (ushort)(_slots[slot] - 1);
        }

        return values;
    }

    ReadOnlySpan<byte> TextAt(int place) => Plain.WrittenSpan[_starts[place].._starts[place + 1]];

    static int SlotOf(ulong number) => (int)((number * 0x9E3779B97F4A7C15) >> (64 - SlotBits));
}
