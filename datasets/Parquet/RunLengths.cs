using System.Buffers;
using System.Numerics;

namespace OfflineRL.Datasets;

/// <summary>
/// Small numbers in Parquet's hybrid of runs: long repetitions as one number and a count, what is between them packed into bits, eight numbers
/// at a time. Levels and a dictionary's indices are written so. https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE
/// </summary>
sealed class RunLengths
{
    const int GroupValues = 8;

    readonly ArrayBufferWriter<byte> _output = new(64), _packed = new(64);
    int _width, _leastRun, _run, _runLength, _openBits, _packedValues;
    ulong _open;

    /// <summary>Numbers so far.</summary>
    public int Count { get; private set; }

    /// <summary>Empties it.</summary>
    /// <param name="most">The largest number to come.</param>
    public void Begin(int most)
    {
        _width = BitsOf(most);
        // A run breaks the packed ones in two: it must save more than their headers cost.
        _leastRun = GroupValues * (1 + (4 / _width));
        _output.ResetWrittenCount();
        _packed.ResetWrittenCount();
        (_run, _runLength, _open, _openBits, _packedValues, Count) = (0, 0, 0, 0, 0, 0);
    }

    public void Add(int value, int times = 1)
    {
        Count += times;
        if (value == _run)
        {
            _runLength += times;
            return;
        }

        EndRun();
        (_run, _runLength) = (value, times);
    }

    /// <summary>The same numbers over and over, such as the levels of rows that are alike. Eight times any number of them are whole groups, which are packed once and copied.</summary>
    public void Repeat(ReadOnlySpan<byte> numbers, int times)
    {
        EndRun();
        _runLength = 0;
        if (_packedValues % GroupValues == 0 && times >= 2 * GroupValues)
        {
            WriteOpen();
            var start = _packed.WrittenCount;
            for (var i = 0; i < GroupValues; i++)
            {
                foreach (var number in numbers)
                    Pack(number, 1);
            }

            WriteOpen();
            var (groups, more) = (_packed.WrittenCount - start, (times / GroupValues) - 1);
            var room = _packed.GetSpan(groups * more);
            for (var i = 0; i < more; i++)
                _packed.WrittenSpan.Slice(start, groups).CopyTo(room[(i * groups)..]);
            _packed.Advance(groups * more);
            _packedValues += more * GroupValues * numbers.Length;
            Count += (more + 1) * GroupValues * numbers.Length;
            times %= GroupValues;
        }

        for (; times > 0; times--)
        {
            foreach (var number in numbers)
                Add(number);
        }
    }

    /// <summary>Writes the numbers as levels: their length in bytes in front.</summary>
    public void WriteLevels(ArrayBufferWriter<byte> output)
    {
        var bytes = Finish();
        ParquetBits.Int32(output, bytes.Length);
        output.Write(bytes);
    }

    /// <summary>Writes the numbers as a dictionary's indices: their width in front.</summary>
    public void WriteIndices(ArrayBufferWriter<byte> output)
    {
        output.Write([(byte)_width]);
        output.Write(Finish());
    }

    /// <summary>Bits of numbers up to this one, at least 1: readers need not know of a width of 0.</summary>
    public static int BitsOf(int most) => Math.Max(1, 32 - BitOperations.LeadingZeroCount((uint)most));

    ReadOnlySpan<byte> Finish()
    {
        EndRun();
        while (_packedValues % GroupValues != 0)
            Pack(0, 1);
        EndPacked();
        return _output.WrittenSpan;
    }

    void EndRun()
    {
        if (_runLength < _leastRun)
        {
            Pack(_run, _runLength);
            return;
        }

        // A run begins where eight packed numbers are whole.
        var missing = (GroupValues - (_packedValues % GroupValues)) % GroupValues;
        Pack(_run, missing);
        EndPacked();
        ParquetBits.Varint(_output, (ulong)(_runLength - missing) << 1);
        for (var bits = 0; bits < _width; bits += 8)
            _output.Write([(byte)(_run >> bits)]);
    }

    void Pack(int value, int times)
    {
        _packedValues += times;
        for (; times > 0; times--)
        {
            _open |= (ulong)(uint)value << _openBits;
            _openBits += _width;
            if (_openBits >= 32)
            {
                ParquetBits.Int32(_packed, (int)_open);
                _open >>= 32;
                _openBits -= 32;
            }
        }
    }

    void EndPacked()
    {
        if (_packedValues == 0)
            return;
        WriteOpen();
        ParquetBits.Varint(_output, ((ulong)(_packedValues / GroupValues) << 1) | 1);
        _output.Write(_packed.WrittenSpan);
        _packed.ResetWrittenCount();
        _packedValues = 0;
    }

    /// <summary>At the end of a group: its bits are whole bytes.</summary>
    void WriteOpen()
    {
        for (; _openBits > 0; _openBits -= 8, _open >>= 8)
            _packed.Write([(byte)_open]);
    }
}
