using System.Buffers.Binary;

namespace OfflineRL.Datasets;

/// <summary>Collects bits, the lowest of a byte first, as Parquet writes booleans plain.</summary>
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

    /// <summary>The bits so far; the last byte is filled up with zeros.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            var open = Count % 64 > 0 ? 1 : 0;
            if (_length + (8 * open) > _bytes.Length)
                Array.Resize(ref _bytes, _bytes.Length * 2);
            if (open > 0)
                BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), _open);
            return _bytes.AsSpan(0, (Count + 7) / 8);
        }
    }

    void Spill()
    {
        if (_length + 8 > _bytes.Length)
            Array.Resize(ref _bytes, _bytes.Length * 2);
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), _open);
        _length += 8;
        (_open, _openBits) = (0, 0);
    }
}
