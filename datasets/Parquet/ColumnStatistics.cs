using System.Numerics;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Smallest and largest values, by which readers skip row groups.</summary>
static class ColumnStatistics
{
    /// <summary>Of single values; lists and texts have the number of nulls alone.</summary>
    public static ParquetStatistics Of(ColumnBuffer column) => column.Column switch
    {
        { Depth: > 0 } => new ParquetStatistics(column.Nulls, [], []),
        { Type: ParquetType.Int32 } => Of<int>(column),
        { Type: ParquetType.Int64 } => Of<long>(column),
        { Type: ParquetType.Float } => Of<float>(column),
        { Type: ParquetType.Double } => Of<double>(column),
        _ => new ParquetStatistics(column.Nulls, [], []),
    };

    static ParquetStatistics Of<T>(ColumnBuffer column)
        where T : unmanaged, INumber<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(column.Plain);
        if (values.IsEmpty)
            return new ParquetStatistics(column.Nulls, [], []);
        var (least, most) = (values[0], values[0]);
        foreach (var value in values)
        {
            least = T.Min(least, value);
            most = T.Max(most, value);
        }

        // Readers may not tell the zeros apart: both lie within. The minimum of numbers with NaN among them is NaN, and says nothing.
        if (T.IsZero(least))
            least = -T.Abs(least);
        if (T.IsZero(most))
            most = T.Abs(most);
        return T.IsNaN(least) ? new ParquetStatistics(column.Nulls, [], []) : new ParquetStatistics(column.Nulls, Bytes(least), Bytes(most));
    }

    static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
