namespace OfflineRL.Datasets;

/// <summary>Up to 2,048 stored steps; columns are numbered as in <see cref="TrajectorySchema.StepColumns"/>.</summary>
sealed class StepsChunk(DuckDbChunk chunk, string path, long firstRow, long firstRowOfFile) : IDisposable
{
    public int Rows => chunk.Rows;

    public string Path => path;

    /// <summary>Row of the first step within the dataset.</summary>
    public long FirstRow => firstRow;

    /// <summary>Row of the first step within its file.</summary>
    public long FirstRowOfFile => firstRowOfFile;

    public DuckDbVector this[int column] => chunk[column];

    /// <summary>A column of numbers that has no nulls.</summary>
    public ReadOnlySpan<T> Numbers<T>(int column, string name)
        where T : unmanaged
    {
        DuckDbVector vector = chunk[column];
        RequireNoNulls(vector, name);
        return vector.Values<T>();
    }

    /// <summary>A column of lists of one length that has no nulls, as the flat values.</summary>
    public ReadOnlySpan<T> Lists<T>(int column, string name, int width, ref T[] scratch)
        where T : unmanaged
    {
        RequireNoNulls(chunk[column], name);
        return PresentLists(column, name, width, ref scratch);
    }

    /// <summary>The values of those lists that are not null, one behind the other: in place where DuckDB holds them so, else copied to the scratch.</summary>
    public ReadOnlySpan<T> PresentLists<T>(int column, string name, int width, ref T[] scratch)
        where T : unmanaged
    {
        return PresentLists(chunk[column], name, width, ref scratch);
    }

    /// <summary>As <see cref="PresentLists{T}(int, string, int, ref T[])"/>, of lists of <paramref name="outer"/> lists of <paramref name="inner"/> values.</summary>
    public ReadOnlySpan<T> PresentNestedLists<T>(int column, string name, int outer, int inner, ref T[] scratch)
        where T : unmanaged
    {
        DuckDbVector vector = chunk[column];
        ReadOnlySpan<DuckDbList> lists = vector.Lists;
        ulong next = 0;
        for (int row = 0; row < lists.Length; row++)
        {
            if (vector.IsNull(row))
            {
                continue;
            }

            // DuckDB's readers lay a column's lists one behind the other; an order of its own would need a copy.
            if (lists[row].Length != (ulong)outer || lists[row].Offset != next)
            {
                throw Fault(row, name, $"has {lists[row].Length} lists from {lists[row].Offset}, expected {outer} from {next}");
            }

            next += (ulong)outer;
        }

        DuckDbVector child = vector.Child;
        RequireNoNulls(child, name);
        return next == (ulong)child.Rows
            ? PresentLists(child, name, inner, ref scratch)
            : throw Fault(0, name, $"has {child.Rows} lists behind the rows' {next}");
    }

    ReadOnlySpan<T> PresentLists<T>(DuckDbVector vector, string name, int width, ref T[] scratch)
        where T : unmanaged
    {
        ReadOnlySpan<DuckDbList> lists = vector.Lists;
        ReadOnlySpan<T> values = vector.Child.Values<T>();
        RequireNoNulls(vector.Child, name);
        bool inPlace = true;
        int present = 0;
        ulong start = 0;
        for (int row = 0; row < lists.Length; row++)
        {
            if (vector.IsNull(row))
            {
                continue;
            }

            if (lists[row].Length != (ulong)width)
            {
                throw Fault(row, name, $"has {lists[row].Length} values, expected {width}");
            }

            start = present == 0 ? lists[row].Offset : start;
            inPlace &= lists[row].Offset == start + ((ulong)present * (ulong)width);
            present++;
        }

        int length = present * width;
        if (inPlace)
        {
            return values.Slice((int)start, length);
        }

        if (scratch.Length < length)
        {
            scratch = new T[length];
        }

        int at = 0;
        for (int row = 0; row < lists.Length; row++)
        {
            if (!vector.IsNull(row))
            {
                values.Slice((int)lists[row].Offset, width).CopyTo(scratch.AsSpan(at));
                at += width;
            }
        }

        return scratch.AsSpan(0, length);
    }

    /// <summary>A row's bytes, which must be of the given length.</summary>
    public ReadOnlySpan<byte> Blob(int column, string name, int row, int length)
    {
        DuckDbVector vector = chunk[column];
        ReadOnlySpan<byte> bytes = vector.IsNull(row) ? throw Fault(row, name, "is null") : vector.Bytes(row);
        return bytes.Length == length ? bytes : throw Fault(row, name, $"has {bytes.Length} bytes, expected {length}");
    }

    /// <summary>Which rows of a column are not null: 1 or 0.</summary>
    public void Present(int column, Span<byte> flags)
    {
        DuckDbVector vector = chunk[column];
        if (!vector.AnyNull)
        {
            flags.Fill(1);
            return;
        }

        for (int row = 0; row < flags.Length; row++)
        {
            flags[row] = vector.IsNull(row) ? (byte)0 : (byte)1;
        }
    }

    public UserErrorException Fault(int row, string name, string found) =>
        new($"'{path}', row {firstRowOfFile + row}, column {name}: {found}.");

    public void Dispose() => chunk.Dispose();

    void RequireNoNulls(DuckDbVector vector, string name)
    {
        if (vector.AnyNull)
        {
            throw new UserErrorException($"'{path}', column {name}: found null in the rows from {firstRowOfFile}, where none may be.");
        }
    }
}
