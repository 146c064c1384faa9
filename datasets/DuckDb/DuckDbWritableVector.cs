using System.Text;

namespace OfflineRL.Datasets;

/// <summary>One column of a chunk that is being filled.</summary>
public readonly unsafe ref struct DuckDbWritableVector
{
    readonly nint _vector;
    readonly DuckDbColumnType _type;

    internal DuckDbWritableVector(nint vector, DuckDbColumnType type)
    {
        _vector = vector;
        _type = type;
    }

    public DuckDbType Type => _type.Id;

    /// <summary>The values in place; <paramref name="count"/> of them.</summary>
    public Span<T> Values<T>(int count)
        where T : unmanaged => new(NativeMethods.VectorData(_vector), count);

    public void SetNulls(int firstRow, int count)
    {
        NativeMethods.EnsureValidityWritable(_vector);
        ulong* validity = NativeMethods.VectorValidity(_vector);
        for (int row = firstRow; row < firstRow + count; row++)
        {
            validity[row >> 6] &= ~(1UL << (row & 63));
        }

        if (Type == DuckDbType.List)
        {
            // What an earlier chunk left there must not be followed.
            new Span<DuckDbList>((DuckDbList*)NativeMethods.VectorData(_vector) + firstRow, count).Clear();
        }
    }

    public void SetText(int row, string? text)
    {
        if (text is null)
        {
            SetNulls(row, 1);
        }
        else
        {
            SetBytes(row, Encoding.UTF8.GetBytes(text));
        }
    }

    public void SetBytes(int row, ReadOnlySpan<byte> bytes)
    {
        byte none = 0;
        fixed (byte* pointer = bytes)
        {
            NativeMethods.AssignBytes(_vector, (ulong)row, pointer == null ? &none : pointer, (ulong)bytes.Length);
        }
    }

    /// <summary>Writes <paramref name="values"/> as lists of <paramref name="width"/> values for the rows from <paramref name="firstRow"/>, behind the lists already there.</summary>
    public void AppendLists<T>(int firstRow, int width, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ulong offset = NativeMethods.ListSize(_vector);
        ulong size = offset + (ulong)values.Length;
        if (NativeMethods.ReserveList(_vector, size) != 0 || NativeMethods.SetListSize(_vector, size) != 0)
        {
            throw new DuckDbException($"DuckDB cannot reserve a list of {size} values.");
        }

        values.CopyTo(new Span<T>((T*)NativeMethods.VectorData(NativeMethods.ListChild(_vector)) + offset, values.Length));
        SetLists(_vector, firstRow, offset, width, values.Length / width);
    }

    /// <summary>As <see cref="AppendLists"/>, for lists of <paramref name="outer"/> lists of <paramref name="inner"/> values.</summary>
    public void AppendNestedLists<T>(int firstRow, int outer, int inner, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ulong offset = NativeMethods.ListSize(_vector);
        int lists = values.Length / inner;
        ulong size = offset + (ulong)lists;
        if (NativeMethods.ReserveList(_vector, size) != 0 || NativeMethods.SetListSize(_vector, size) != 0)
        {
            throw new DuckDbException($"DuckDB cannot reserve {size} lists.");
        }

        new DuckDbWritableVector(NativeMethods.ListChild(_vector), _type.Child!).AppendLists(checked((int)offset), inner, values);
        SetLists(_vector, firstRow, offset, outer, lists / outer);
    }

    static void SetLists(nint vector, int firstRow, ulong offset, int width, int rows)
    {
        Span<DuckDbList> lists = new((DuckDbList*)NativeMethods.VectorData(vector) + firstRow, rows);
        for (int i = 0; i < rows; i++)
        {
            lists[i] = new(offset + (ulong)(i * (long)width), (ulong)width);
        }
    }
}
