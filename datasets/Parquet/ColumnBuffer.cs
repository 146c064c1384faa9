using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>One column's rows of a row group that is being filled: the values as Parquet writes them plain, and which rows have none.</summary>
/// <param name="column">What it holds.</param>
/// <param name="width">Values of a list; of a list of lists those of an inner one.</param>
/// <param name="lists">Inner lists of a row where the column has lists of lists.</param>
sealed class ColumnBuffer(ParquetColumn column, int width = 1, int lists = 1)
{
    const int LongRow = 64;

    readonly ArrayBufferWriter<byte> _plain = new(1024);
    readonly BitBuffer _bits = new();
    readonly List<(bool Present, int Rows)> _runs = [];

    public ParquetColumn Column => column;

    public int Rows { get; private set; }

    /// <summary>Rows that are null.</summary>
    public int Nulls { get; private set; }

    /// <summary>The values that are there.</summary>
    public ReadOnlySpan<byte> Plain => column.Type == ParquetType.Boolean ? _bits.Bytes : _plain.WrittenSpan;

    /// <summary>Parquet's number of values: one for a row that is null.</summary>
    public int Values => checked(((Rows - Nulls) * width * lists) + Nulls);

    public void Clear()
    {
        _plain.ResetWrittenCount();
        _bits.Clear();
        _runs.Clear();
        (Rows, Nulls) = (0, 0);
    }

    // Parquet's plain numbers are little-endian, as those of every processor that .NET and DuckDB run on.
    public void Add<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        _plain.Write(MemoryMarshal.AsBytes(values));
        AddRows(true, values.Length / (width * lists));
    }

    public void Add(ReadOnlySpan<bool> values)
    {
        foreach (var value in values)
            _bits.Add(value);
        AddRows(true, values.Length / width);
    }

    public void Repeat<T>(T value, int rows)
        where T : unmanaged
    {
        Extend<T>(rows).Fill(value);
    }

    public void Repeat(bool value, int rows)
    {
        _bits.Add(value, rows);
        AddRows(true, rows);
    }

    /// <summary>Room for the values of more rows, to be filled by the caller.</summary>
    public Span<T> Extend<T>(int rows)
        where T : unmanaged
    {
        var bytes = checked(rows * width * lists * column.ValueBytes);
        var span = MemoryMarshal.Cast<byte, T>(_plain.GetSpan(bytes)[..bytes]);
        _plain.Advance(bytes);
        AddRows(true, rows);
        return span;
    }

    public void AddNulls(int rows) => AddRows(false, rows);

    /// <summary>Single numbers; NaN is null.</summary>
    public void AddNumbers(ReadOnlySpan<double> values)
    {
        while (!values.IsEmpty)
        {
            var present = values.IndexOfAnyExcept(double.NaN);
            var missing = present < 0 ? values.Length : present;
            if (missing > 0)
                AddNulls(missing);
            values = values[missing..];
            var next = values.IndexOf(double.NaN);
            var count = next < 0 ? values.Length : next;
            if (count > 0)
                Add(values[..count]);
            values = values[count..];
        }
    }

    public void AddTexts(ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (text is null)
            {
                AddNulls(1);
                continue;
            }

            var span = _plain.GetSpan(checked(4 + Encoding.UTF8.GetMaxByteCount(text.Length)));
            var bytes = Encoding.UTF8.GetBytes(text, span[4..]);
            BinaryPrimitives.WriteInt32LittleEndian(span, bytes);
            _plain.Advance(4 + bytes);
            AddRows(true, 1);
        }
    }

    /// <summary>Writes the levels in front of a page's values: where rows begin, and which are null.</summary>
    public void WriteLevels(ArrayBufferWriter<byte> output, RunLengths levels)
    {
        if (column.Depth > 0)
        {
            levels.Begin(column.Depth);
            foreach (var (present, rows) in _runs)
                AddRepetitions(levels, present, rows);
            levels.WriteLevels(output);
        }

        if (column.MostDefinition == 0)
            return;
        levels.Begin(column.MostDefinition);
        foreach (var (present, rows) in _runs)
            levels.Add(present ? column.MostDefinition : 0, present ? rows * width * lists : rows);
        levels.WriteLevels(output);
    }

    void AddRepetitions(RunLengths levels, bool present, int rows)
    {
        if (!present)
        {
            levels.Add(0, rows);
            return;
        }

        // Rows of many values are long runs.
        if (width * lists > LongRow)
        {
            for (var row = 0; row < rows; row++)
            {
                for (var list = 0; list < lists; list++)
                {
                    levels.Add(list == 0 ? 0 : 1);
                    levels.Add(column.Depth, width - 1);
                }
            }

            return;
        }

        Span<byte> one = stackalloc byte[width * lists];
        one.Fill((byte)column.Depth);
        for (var list = 0; list < lists; list++)
            one[list * width] = (byte)(list == 0 ? 0 : 1);
        levels.Repeat(one, rows);
    }

    void AddRows(bool present, int rows)
    {
        Rows += rows;
        Nulls += present ? 0 : rows;
        if (_runs.Count > 0 && _runs[^1].Present == present)
            _runs[^1] = (present, _runs[^1].Rows + rows);
        else
            _runs.Add((present, rows));
    }
}
