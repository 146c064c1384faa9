using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What a decoded column is stored as.</summary>
enum StagedKind
{
    Boolean,
    Integer,
    Single,
    Double,

    /// <summary>Unsigned bytes of an image, in one BLOB a row.</summary>
    Blob,

    /// <summary>Microseconds since 1970 UTC.</summary>
    Time,

    Text,
}

/// <summary>A column that a source is decoded into.</summary>
/// <param name="Name">As in the source.</param>
/// <param name="Kind">Of its elements.</param>
/// <param name="Width">Elements of a row's list, or bytes of its BLOB; 0: a single value.</param>
/// <param name="Shape">Sizes of a row, where it has some.</param>
sealed record StagedColumn(string Name, StagedKind Kind, int Width, IReadOnlyList<int> Shape)
{
    /// <summary>Numbers a row above which a source is not believed: a frame of 2,000 by 2,000 in colour is smaller.</summary>
    const long MostWidth = 1 << 24;

    public string Type => Element + (Width > 0 && Kind != StagedKind.Blob ? "[]" : "");

    /// <summary>About what a row takes in memory.</summary>
    public long RowBytes => Math.Max(1, Width) * (Kind switch { StagedKind.Boolean or StagedKind.Blob => 1L, StagedKind.Single => 4L, StagedKind.Text => 64L, _ => 8L });

    string Element => Kind switch
    {
        StagedKind.Boolean => "BOOLEAN",
        StagedKind.Integer => "BIGINT",
        StagedKind.Single => "FLOAT",
        StagedKind.Double => "DOUBLE",
        StagedKind.Blob => "BLOB",
        StagedKind.Time => "TIMESTAMP WITH TIME ZONE",
        _ => "VARCHAR",
    };

    /// <summary>
    /// The column of an array. Rows of one number are single values. Unsigned bytes are images where a row has more than one
    /// dimension, or is an observation; else they are numbers.
    /// </summary>
    /// <exception cref="UserErrorException">Its rows are empty, or wider than is believed.</exception>
    public static StagedColumn Of(ArrayInfo array, string path)
    {
        var width = array.Width;
        if (width is < 1 or > MostWidth)
            throw Throw.ArrayWidth(path, array, MostWidth);
        var shape = array.Shape.Skip(1).Select(s => (int)s).ToList();
        if (array.Kind == ArrayKind.Bytes && width > 1 && (shape.Count > 1 || ArrayNames.IsObservation(array.Name)))
            return new StagedColumn(array.Name, StagedKind.Blob, (int)width, shape);
        var kind = array.Kind switch
        {
            ArrayKind.Boolean => StagedKind.Boolean,
            ArrayKind.Bytes or ArrayKind.Integer => StagedKind.Integer,
            ArrayKind.Single => StagedKind.Single,
            ArrayKind.Double => StagedKind.Double,
            _ => StagedKind.Text,
        };
        return width == 1 ? new StagedColumn(array.Name, kind, 0, []) : new StagedColumn(array.Name, kind, (int)width, shape);
    }

    public bool Equals(StagedColumn? other) =>
        other is not null && Name == other.Name && Kind == other.Kind && Width == other.Width && Shape.SequenceEqual(other.Shape);

    public override int GetHashCode() => HashCode.Combine(Name, Kind, Width);

    public override string ToString() => $"{Name}: {Type}{(Shape.Count > 0 ? $" ({string.Join(", ", Shape)})" : "")}";
}
