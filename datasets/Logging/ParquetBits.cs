using System.Buffers;
using System.Buffers.Binary;

namespace OfflineRL.Datasets;

/// <summary>Numbers and single bits as Parquet writes them: https://github.com/apache/parquet-format/blob/master/Encodings.md</summary>
static class ParquetBits
{
    public static void Varint(ArrayBufferWriter<byte> output, ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }

    public static void Int32(ArrayBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(4), value);
        output.Advance(4);
    }
}

/// <summary>Collects bits, the lowest of a byte first, and writes them once: as levels (one bit-packed run with its length in front), or as booleans.</summary>
sealed class BitBuffer
{
    byte[] _bytes = new byte[1024];
    ulong _open;
    int _openBits, _length;

    public int Count { get; private set; }

    public void Clear() => (_open, _openBits, _length, Count) = (0, 0, 0, 0);

    public void Add(bool bit)
    {
        _open |= (bit ? 1UL : 0UL) << _openBits;
        Count++;
        if (++_openBits == 64)
            Spill();
    }

    /// <summary>The same bit several times.</summary>
    public void Add(bool bit, int times)
    {
        while (times > 0)
        {
            var now = Math.Min(times, 64 - _openBits);
            if (bit)
                _open |= (now == 64 ? ulong.MaxValue : (1UL << now) - 1) << _openBits;
            _openBits += now;
            Count += now;
            times -= now;
            if (_openBits == 64)
                Spill();
        }
    }

    public void WriteLevels(ArrayBufferWriter<byte> output)
    {
        var groups = (Count + 7) / 8;
        var header = VarintLength(((uint)groups << 1) | 1);
        ParquetBits.Int32(output, header + groups);
        ParquetBits.Varint(output, ((ulong)groups << 1) | 1);
        WriteBooleans(output);
    }

    public void WriteBooleans(ArrayBufferWriter<byte> output)
    {
        Spill();
        output.Write(_bytes.AsSpan(0, (Count + 7) / 8));
    }

    static int VarintLength(uint value) => value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;

    void Spill()
    {
        if (_length + 8 > _bytes.Length)
            Array.Resize(ref _bytes, _bytes.Length * 2);
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), _open);
        _length += 8;
        (_open, _openBits) = (0, 0);
    }
}
