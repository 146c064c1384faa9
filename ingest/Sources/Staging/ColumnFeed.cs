using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Gives the values of one column, row after row.</summary>
abstract class ColumnFeed(StagedColumn column) : IDisposable
{
    public StagedColumn Column { get; } = column;

    /// <summary>Puts the next rows into a vector.</summary>
    public abstract void Fill(DuckDbWritableVector to, int at, int count);

    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>One value for all rows.</summary>
sealed class ConstantFeed(StagedColumn column, long number, string text = "") : ColumnFeed(column)
{
    public override void Fill(DuckDbWritableVector to, int at, int count)
    {
        if (Column.Kind == StagedKind.Integer)
        {
            to.Values<long>(DuckDbAppender.Capacity).Slice(at, count).Fill(number);
            return;
        }

        for (var i = at; i < at + count; i++)
            to.SetText(i, text);
    }
}

/// <summary>Values that are computed from a row's number.</summary>
sealed class ComputedFeed(StagedColumn column, Func<long, long> value) : ColumnFeed(column)
{
    long _row;

    public override void Fill(DuckDbWritableVector to, int at, int count)
    {
        for (var i = at; i < at + count; i++, _row++)
        {
            if (Column.Kind == StagedKind.Boolean)
                to.Values<bool>(DuckDbAppender.Capacity)[i] = value(_row) != 0;
            else
                to.Values<long>(DuckDbAppender.Capacity)[i] = value(_row);
        }
    }
}

/// <summary>Texts that are computed from a row's number; null: none.</summary>
sealed class TextFeed(StagedColumn column, Func<long, string?> value) : ColumnFeed(column)
{
    long _row;

    public override void Fill(DuckDbWritableVector to, int at, int count)
    {
        for (var i = at; i < at + count; i++, _row++)
            to.SetText(i, value(_row));
    }
}

/// <summary>Another feed's rows, but nothing at the last one.</summary>
sealed class UnknownLastFeed(ColumnFeed inner, long rows) : ColumnFeed(inner.Column)
{
    long _row;

    public override void Fill(DuckDbWritableVector to, int at, int count)
    {
        inner.Fill(to, at, count);
        _row += count;
        if (_row == rows)
            to.SetNulls(at + count - 1, 1);
    }

    public override void Dispose()
    {
        inner.Dispose();
        base.Dispose();
    }
}

/// <summary>An array's rows.</summary>
/// <param name="column">Of the array.</param>
/// <param name="readers">One, or several whose rows lie side by side in the column.</param>
/// <param name="subtract">From each integer, such as the first of a discrete space.</param>
/// <param name="nanIsNull">Whether a number that is none is nothing.</param>
sealed class ArrayFeed(StagedColumn column, IReadOnlyList<ArrayReader> readers, long subtract = 0, bool nanIsNull = false) : ColumnFeed(column)
{
    Array _buffer = Array.Empty<byte>();
    Array _part = Array.Empty<byte>();

    public override void Fill(DuckDbWritableVector to, int at, int count)
    {
        switch (Column.Kind)
        {
            case StagedKind.Boolean:
                Numbers<bool>(to, at, count);
                break;
            case StagedKind.Integer or StagedKind.Time:
                Numbers<long>(to, at, count);
                break;
            case StagedKind.Single:
                Numbers<float>(to, at, count);
                break;
            case StagedKind.Double:
                Numbers<double>(to, at, count);
                break;
            case StagedKind.Blob:
                var bytes = Read<byte>(count * Column.Width);
                for (var i = 0; i < count; i++)
                    to.SetBytes(at + i, bytes.Slice(i * Column.Width, Column.Width));
                break;
            default:
                var texts = new string[count];
                readers[0].ReadTexts(texts);
                for (var i = 0; i < count; i++)
                    to.SetText(at + i, texts[i]);
                break;
        }
    }

    public override void Dispose()
    {
        foreach (var reader in readers)
            reader.Dispose();
        base.Dispose();
    }

    void Numbers<T>(DuckDbWritableVector to, int at, int count)
        where T : unmanaged
    {
        var values = Read<T>(count * Math.Max(1, Column.Width));
        if (subtract != 0)
        {
            foreach (ref var value in System.Runtime.InteropServices.MemoryMarshal.Cast<T, long>(values))
                value -= subtract;
        }

        if (Column.Width > 0)
        {
            to.AppendLists<T>(at, Column.Width, values);
            return;
        }

        values.CopyTo(to.Values<T>(DuckDbAppender.Capacity)[at..]);
        for (var i = 0; nanIsNull && i < count; i++)
        {
            if (values[i] is double.NaN or float.NaN)
                to.SetNulls(at + i, 1);
        }
    }

    Span<T> Read<T>(int length)
        where T : unmanaged
    {
        var all = Room<T>(ref _buffer, length);
        if (readers.Count == 1)
        {
            readers[0].Read(all);
            return all;
        }

        var width = Column.Width;
        var rows = length / width;
        var offset = 0;
        foreach (var reader in readers)
        {
            var own = (int)reader.Info.Width;
            var part = Room<T>(ref _part, rows * own);
            reader.Read(part);
            for (var row = 0; row < rows; row++)
                part.Slice(row * own, own).CopyTo(all[((row * width) + offset)..]);
            offset += own;
        }

        return all;
    }

    static Span<T> Room<T>(ref Array array, int length)
        where T : unmanaged
    {
        if (array is not T[] typed || typed.Length < length)
            array = typed = GC.AllocateUninitializedArray<T>(length);
        return typed.AsSpan(0, length);
    }
}
