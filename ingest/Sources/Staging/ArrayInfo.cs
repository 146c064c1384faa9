namespace OfflineRL.Ingest;

/// <summary>What the elements of an array are.</summary>
enum ArrayKind
{
    Boolean,

    /// <summary>Unsigned bytes.</summary>
    Bytes,

    /// <summary>Other integers, which fit 64 bits.</summary>
    Integer,

    /// <summary>float32 and narrower.</summary>
    Single,

    Double,

    Text,
}

/// <summary>An array of a source file, known without its data having been read.</summary>
/// <param name="Name">As in the file, with slashes for groups.</param>
/// <param name="Kind">Of its elements.</param>
/// <param name="Shape">Sizes; none: one number.</param>
sealed record ArrayInfo(string Name, ArrayKind Kind, IReadOnlyList<long> Shape)
{
    /// <summary>The first size; 1 for a lone number.</summary>
    public long Rows => Shape.Count == 0 ? 1 : Shape[0];

    /// <summary>Elements a row, of at most 2^63 - 1.</summary>
    public long Width => Shape.Skip(1).Aggregate(1L, (product, size) => size == 0 ? 0 : product > long.MaxValue / size ? long.MaxValue : product * size);

    public override string ToString() => $"{Name} ({string.Join(", ", Shape)})";
}

/// <summary>An array that is read forward, some rows at a time.</summary>
abstract class ArrayReader(ArrayInfo info) : IDisposable
{
    public ArrayInfo Info { get; } = info;

    /// <summary>Fills whole rows with numbers, converted exactly or refused; float64 may round to float32.</summary>
    public abstract void Read<T>(Span<T> values)
        where T : unmanaged;

    /// <summary>The next texts, one a row.</summary>
    public abstract void ReadTexts(Span<string> values);

    /// <summary>Goes on behind rows that are not wanted.</summary>
    public abstract void Skip(long rows);

    public abstract void Dispose();
}

/// <summary>A file, or a folder of files, of named arrays.</summary>
interface IArrayFile : IDisposable
{
    /// <summary>For messages.</summary>
    string Path { get; }

    IReadOnlyList<ArrayInfo> Arrays { get; }

    /// <summary>Arrays that are not read, such as pickled objects, with the reason as a message.</summary>
    IReadOnlyDictionary<string, string> Refused { get; }

    ArrayReader Open(string name);
}
