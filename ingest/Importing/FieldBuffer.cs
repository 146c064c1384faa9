using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>One field of one chunk of rows, copied out of DuckDB's vectors a column at a time and laid out row by row.</summary>
/// <param name="field">What it holds.</param>
/// <param name="single">Whether numbers are wanted as float32.</param>
/// <param name="rounded">Whether float64 numbers are float32 at the source.</param>
sealed class FieldBuffer(ImportField field, bool single, bool rounded)
{
    readonly int _width = Math.Max(1, field.Width);
    float[] _singles = [];
    double[] _numbers = [];
    int[] _offsets = [];
    int[] _lengths = [];
    bool[] _nulls = [];
    long[] _times = [];
    byte[] _bytes = [];
    bool _anyNull;

    /// <summary>Whether every row that is there has the field's width: rows that are null hold NaN.</summary>
    public bool Even { get; private set; } = true;

    public bool IsNull(int row) => _anyNull && _nulls[row];

    public bool AnyNull(int first, int count) => _anyNull && _nulls.AsSpan(first, count).Contains(true);

    /// <summary>NaN where there is none.</summary>
    public double Number(int row) => IsNull(row) ? double.NaN : _numbers[row];

    /// <summary>Empty where there are none; NaN for elements that are null, infinite for texts that are no numbers.</summary>
    public ReadOnlySpan<double> Numbers(int row) => IsNull(row) ? [] : Even ? NumberRows(row, 1) : _numbers.AsSpan(_offsets[row], _lengths[row]);

    /// <summary>As <see cref="Numbers"/>.</summary>
    public ReadOnlySpan<float> Singles(int row) => IsNull(row) ? [] : Even ? SingleRows(row, 1) : _singles.AsSpan(_offsets[row], _lengths[row]);

    /// <summary>Rows one behind the other, where they are even.</summary>
    public ReadOnlySpan<double> NumberRows(int first, int count) => _numbers.AsSpan(first * _width, count * _width);

    /// <summary>As <see cref="NumberRows"/>.</summary>
    public ReadOnlySpan<float> SingleRows(int first, int count) => _singles.AsSpan(first * _width, count * _width);

    /// <summary>Images one behind the other, where they are even.</summary>
    public ReadOnlySpan<byte> ByteRows(int first, int count) => _bytes.AsSpan(first * _width, count * _width);

    public long Time(int row) => _times[row];

    public ReadOnlySpan<long> TimeRows(int first, int count) => _times.AsSpan(first, count);

    public string? Text(int row) => IsNull(row) ? null : Encoding.UTF8.GetString(Bytes(row));

    /// <summary>Texts of several rows; equal ones behind one another are one string.</summary>
    public void Texts(int first, Span<string?> texts)
    {
        for (var i = 0; i < texts.Length; i++)
            texts[i] = i > 0 && SameText(first + i - 1, first + i) ? texts[i - 1] : Text(first + i);
    }

    /// <summary>Whether two rows have the same text, or both none.</summary>
    public bool SameText(int row, int other) => IsNull(row) || IsNull(other) ? IsNull(row) && IsNull(other) : Bytes(row).SequenceEqual(Bytes(other));

    /// <summary>Whether all these rows have a text.</summary>
    public bool AreAll(int first, int count, string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        for (var row = first; row < first + count; row++)
        {
            if (IsNull(row) || !Bytes(row).SequenceEqual(utf8))
                return false;
        }

        return true;
    }

    /// <summary>The first row from <paramref name="row"/> on whose text is not that row's; <paramref name="end"/>: there is none.</summary>
    public int EndOfSame(int row, int end)
    {
        var next = row + 1;
        while (next < end && SameText(row, next))
            next++;
        return next;
    }

    public void Load(DuckDbChunk chunk)
    {
        var rows = chunk.Rows;
        Even = true;
        _anyNull = false;
        switch (field.Kind)
        {
            case FieldKind.Number:
                Grow(ref _numbers, rows);
                Column(chunk[field.First], _numbers, 0);
                Nulls(chunk[field.First]);
                break;
            case FieldKind.Numbers when field.IsList:
                if (single)
                    Lists(chunk[field.First], ref _singles);
                else
                    Lists(chunk[field.First], ref _numbers);
                break;
            case FieldKind.Numbers:
                for (var i = 0; i < field.Width; i++)
                {
                    if (single)
                        Column(chunk[field.First + i], Grow(ref _singles, rows * _width), i);
                    else
                        Column(chunk[field.First + i], Grow(ref _numbers, rows * _width), i);
                }

                break;
            case FieldKind.Bytes:
                LoadBytes(chunk[field.First]);
                Even = AreEven(rows);
                break;
            case FieldKind.Time:
                chunk[field.First].Values<long>().CopyTo(Grow(ref _times, rows));
                Nulls(chunk[field.First]);
                break;
            default:
                LoadBytes(chunk[field.First]);
                break;
        }

        if (rounded)
        {
            foreach (ref var number in _numbers.AsSpan(0, Math.Min(_numbers.Length, Even ? rows * _width : int.MaxValue)))
                number = (float)number;
        }
    }

    /// <summary>A row's text or image as bytes; empty where there is none.</summary>
    public ReadOnlySpan<byte> Bytes(int row) => _bytes.AsSpan(_offsets[row], _lengths[row]);

    void Nulls(in DuckDbVector vector)
    {
        _anyNull = vector.AnyNull;
        if (!_anyNull)
            return;
        Grow(ref _nulls, vector.Rows);
        for (var row = 0; row < vector.Rows; row++)
            _nulls[row] = vector.IsNull(row);
    }

    /// <summary>One flat column into its place of every row.</summary>
    void Column(in DuckDbVector vector, float[] to, int at)
    {
        if (vector.Type == DuckDbType.Float)
        {
            var from = vector.Values<float>();
            for (int row = 0, place = at; row < from.Length; row++, place += _width)
                to[place] = from[row];
        }
        else
        {
            var from = vector.Values<double>();
            for (int row = 0, place = at; row < from.Length; row++, place += _width)
                to[place] = (float)from[row];
        }

        if (!vector.AnyNull)
            return;
        for (var row = 0; row < vector.Rows; row++)
        {
            if (vector.IsNull(row))
                to[(row * _width) + at] = float.NaN;
        }
    }

    void Column(in DuckDbVector vector, double[] to, int at)
    {
        if (vector.Type == DuckDbType.Float)
        {
            var from = vector.Values<float>();
            for (int row = 0, place = at; row < from.Length; row++, place += _width)
                to[place] = from[row];
        }
        else
        {
            var from = vector.Values<double>();
            for (int row = 0, place = at; row < from.Length; row++, place += _width)
                to[place] = from[row];
        }

        if (!vector.AnyNull)
            return;
        for (var row = 0; row < vector.Rows; row++)
        {
            if (vector.IsNull(row))
                to[(row * _width) + at] = double.NaN;
        }
    }

    void Lists<T>(in DuckDbVector vector, ref T[] values)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        Nulls(vector);
        var child = vector.Child;
        var lists = vector.Lists;
        var (straight, even, next) = (!_anyNull, true, lists.Length > 0 ? lists[0].Offset : 0);
        for (var row = 0; row < lists.Length; row++)
        {
            if (IsNull(row))
                continue;
            even &= lists[row].Length == (ulong)_width;
            straight &= lists[row].Offset == next;
            next = lists[row].Offset + lists[row].Length;
        }

        Even = even;
        if (even && straight)
        {
            Copy(child, checked((int)(lists.Length > 0 ? lists[0].Offset : 0)), Grow(ref values, lists.Length * _width).AsSpan(0, lists.Length * _width));
            return;
        }

        Grow(ref _offsets, lists.Length);
        Grow(ref _lengths, lists.Length);
        var at = 0;
        for (var row = 0; row < lists.Length; row++)
        {
            var length = IsNull(row) ? even ? _width : 0 : checked((int)lists[row].Length);
            var to = Grow(ref values, at + length).AsSpan(at, length);
            if (IsNull(row))
                to.Fill(T.NaN);
            else
                Copy(child, checked((int)lists[row].Offset), to);
            (_offsets[row], _lengths[row]) = (at, length);
            at += length;
        }
    }

    static void Copy<T>(in DuckDbVector child, int first, Span<T> to)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float) == (child.Type == DuckDbType.Float))
        {
            child.Values<T>().Slice(first, to.Length).CopyTo(to);
        }
        else if (child.Type == DuckDbType.Float)
        {
            var from = child.Values<float>().Slice(first, to.Length);
            for (var i = 0; i < to.Length; i++)
                to[i] = T.CreateTruncating(from[i]);
        }
        else
        {
            var from = child.Values<double>().Slice(first, to.Length);
            for (var i = 0; i < to.Length; i++)
                to[i] = T.CreateTruncating(from[i]);
        }

        if (!child.AnyNull)
            return;
        for (var i = 0; i < to.Length; i++)
        {
            if (child.IsNull(first + i))
                to[i] = T.NaN;
        }
    }

    bool AreEven(int rows)
    {
        for (var row = 0; row < rows; row++)
        {
            if (_lengths[row] != _width)
                return false;
        }

        return true;
    }

    void LoadBytes(in DuckDbVector vector)
    {
        Nulls(vector);
        Grow(ref _offsets, vector.Rows);
        Grow(ref _lengths, vector.Rows);
        var at = 0;
        for (var row = 0; row < vector.Rows; row++)
        {
            var text = IsNull(row) ? [] : vector.Bytes(row);
            text.CopyTo(Grow(ref _bytes, at + text.Length).AsSpan(at));
            (_offsets[row], _lengths[row]) = (at, text.Length);
            at += text.Length;
        }
    }

    static T[] Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            Array.Resize(ref array, Math.Max(length, array.Length * 2));
        return array;
    }
}
