using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>Arrays that together are one field of an episode: one array, or the parts of a nested space side by side.</summary>
static class EpisodeParts
{
    /// <summary>The parts of a field in the order of its space: names in ordinal order, <c>_index_N</c> by number.</summary>
    public static List<ArrayInfo> Order(IEnumerable<ArrayInfo> parts) =>
        [.. parts.OrderBy(p => string.Join('/', p.Name.Split('/').Select(Padded)), StringComparer.Ordinal)];

    /// <summary>The column of the parts; several are flattened to numbers side by side.</summary>
    /// <exception cref="UserErrorException">Among several parts is an image or a text.</exception>
    public static StagedColumn Column(string path, string name, IReadOnlyList<ArrayInfo> parts)
    {
        if (parts.Count == 1)
            return StagedColumn.Of(parts[0] with { Name = name }, path);
        long width = 0;
        var kind = StagedKind.Single;
        foreach (var part in parts)
        {
            if (part.Kind == ArrayKind.Text || (part.Kind == ArrayKind.Bytes && part.Shape.Count > 2))
                throw Throw.MixedSpaces(path, part);
            width += part.Width;
            kind = part.Kind is ArrayKind.Double or ArrayKind.Integer ? StagedKind.Double : kind;
        }

        var sized = new ArrayInfo(name, ArrayKind.Double, [parts[0].Rows, width]);
        return StagedColumn.Of(sized, path) with { Kind = kind, Shape = [] };
    }

    /// <summary>A feed of the parts, from one of their rows on.</summary>
    public static ColumnFeed Feed(Hdf5File file, StagedColumn column, IReadOnlyList<ArrayInfo> parts, long skip = 0, long subtract = 0, bool nanIsNull = false)
    {
        var readers = new List<ArrayReader>();
        try
        {
            foreach (var part in parts)
            {
                readers.Add(file.Open(part.Name));
                readers[^1].Skip(skip);
            }

            return new ArrayFeed(column, readers, subtract, nanIsNull);
        }
        catch
        {
            readers.ForEach(r => r.Dispose());
            throw;
        }
    }

    static string Padded(string name) =>
        name.StartsWith("_index_", StringComparison.Ordinal) && int.TryParse(name.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? string.Create(CultureInfo.InvariantCulture, $"_index_{index:D9}")
            : name;
}
