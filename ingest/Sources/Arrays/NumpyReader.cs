using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Rows of a NumPy array, as they lie in the file.</summary>
class NumpyReader(ArrayInfo info, NpzRows rows) : ArrayReader(info)
{
    /// <summary>Arrays in Fortran order, whose rows do not lie together, are read whole up to this size.</summary>
    public const long MostWhole = 1L << 30;

    byte[] _skipped = [];

    public static ArrayInfo Describe(string name, NpzEntry entry) => new(name, KindOf(entry.Type), entry.Shape);

    /// <exception cref="UserErrorException">The array is damaged, or too large to be turned from Fortran order.</exception>
    public static ArrayReader Of(NpzFile file, ArrayInfo info, string name)
    {
        var entry = file[name];
        if (!entry.FortranOrder || entry.Shape.Count < 2)
            return new NumpyReader(info, file.ReadRows(name));
        if (entry.Count > MostWhole / entry.Type.Size)
            throw Throw.FortranTooLarge(file.Path, info, MostWhole);
        return info.Kind switch
        {
            ArrayKind.Boolean => new MemoryReader<bool>(info, file.ReadBooleans(name)),
            ArrayKind.Bytes => new MemoryReader<byte>(info, file.ReadBytes(name)),
            ArrayKind.Integer => new MemoryReader<long>(info, file.ReadInt64s(name)),
            ArrayKind.Single => new MemoryReader<float>(info, file.ReadSingles(name)),
            ArrayKind.Double => new MemoryReader<double>(info, file.ReadDoubles(name)),
            _ => throw Throw.TextMatrix(file.Path, info),
        };
    }

    public override void Read<T>(Span<T> values)
    {
        if (values.IsEmpty)
            return;
        var read = rows.Read(values);
        if (read * Info.Width != values.Length)
            throw new InvalidOperationException($"{read} rows of {Info} were read; expected {values.Length} numbers.");
    }

    public override void ReadTexts(Span<string> values)
    {
        if (Info.Shape.Count > 1 && Info.Width > 1)
            throw Throw.TextMatrix("", Info);
        foreach (ref var value in values)
            value = rows.ReadText();
    }

    public override void Skip(long count)
    {
        if (count == 0)
            return;
        if (_skipped.Length == 0)
            _skipped = new byte[Info.Width * sizeof(double)];
        for (; count > 0; count--)
            Read<double>(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(_skipped.AsSpan()));
    }

    public override void Dispose()
    {
        rows.Dispose();
        GC.SuppressFinalize(this);
    }

    static ArrayKind KindOf(NpyType type) => type.Kind switch
    {
        NpyKind.Boolean => ArrayKind.Boolean,
        NpyKind.Unsigned when type.Size == 1 => ArrayKind.Bytes,
        NpyKind.Signed or NpyKind.Unsigned => ArrayKind.Integer,
        NpyKind.Float => type.Size == 8 ? ArrayKind.Double : ArrayKind.Single,
        _ => ArrayKind.Text,
    };
}

/// <summary>Rows of an array that is in memory.</summary>
sealed class MemoryReader<TItem>(ArrayInfo info, TItem[] items) : ArrayReader(info)
    where TItem : unmanaged
{
    int _at;

    public override void Read<T>(Span<T> values)
    {
        var source = items.AsSpan(_at, values.Length);
        if (typeof(T) == typeof(TItem))
            System.Runtime.InteropServices.MemoryMarshal.Cast<TItem, T>(source).CopyTo(values);
        else
            Widen(source, values);
        _at += values.Length;
    }

    public override void ReadTexts(Span<string> values) => throw new NotSupportedException();

    public override void Skip(long rows) => _at += (int)(rows * Info.Width);

    public override void Dispose()
    {
    }

    // Bytes that are numbers, not an image, are staged as integers.
    static void Widen<T>(ReadOnlySpan<TItem> source, Span<T> values)
        where T : unmanaged
    {
        if (typeof(TItem) != typeof(byte) || typeof(T) != typeof(long))
            throw new NotSupportedException($"{typeof(TItem).Name} is not read as {typeof(T).Name}.");
        var bytes = System.Runtime.InteropServices.MemoryMarshal.Cast<TItem, byte>(source);
        var wide = System.Runtime.InteropServices.MemoryMarshal.Cast<T, long>(values);
        for (var i = 0; i < bytes.Length; i++)
            wide[i] = bytes[i];
    }
}
