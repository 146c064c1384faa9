namespace OfflineRL.Datasets;

/// <summary>A memory-mapped <c>.npy</c> array of <see cref="Rows"/> rows of <see cref="Width"/> numbers; it may hold more than 2^31 of them.</summary>
public sealed class NpyColumn<T>
    where T : unmanaged
{
    public long Rows { get; }

    /// <summary>Numbers a row.</summary>
    public int Width { get; }

    /// <summary>The first number; valid until the owner is disposed.</summary>
    public unsafe T* Pointer { get; }

    /// <summary>Rows as one span of rows * Width numbers.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the column, or more numbers than a span holds.</exception>
    public ReadOnlySpan<T> Slice(long firstRow, int rows) => throw new NotSupportedException();

    /// <summary>One row.</summary>
    public ReadOnlySpan<T> this[long row] => Slice(row, 1);
}
