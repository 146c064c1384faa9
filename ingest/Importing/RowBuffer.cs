namespace OfflineRL.Ingest;

/// <summary>A column that grows by whole runs of values and keeps its array when it is emptied.</summary>
sealed class RowBuffer<T>
{
    T[] _items = [];

    public int Count { get; private set; }

    public Span<T> Span => _items.AsSpan(0, Count);

    public Memory<T> Memory(int first, int count) => _items.AsMemory(first, count);

    /// <summary>Room for more values behind the others, to be filled by the caller.</summary>
    public Span<T> Extend(int count)
    {
        var first = Count;
        Count = checked(first + count);
        if (Count > _items.Length)
            Array.Resize(ref _items, Math.Max(Count, _items.Length * 2));
        return _items.AsSpan(first, count);
    }

    public void Add(T value) => Extend(1)[0] = value;

    public void Add(ReadOnlySpan<T> values) => values.CopyTo(Extend(values.Length));

    /// <summary>Takes back what was added last.</summary>
    public void Truncate(int count) => Count = Math.Min(Count, count);
}
