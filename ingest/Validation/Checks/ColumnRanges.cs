namespace OfflineRL.Ingest;

/// <summary>The smallest and the largest value of each column of a stream.</summary>
sealed class ColumnRanges(int width)
{
    readonly float[] _min = Filled(width, float.PositiveInfinity);
    readonly float[] _max = Filled(width, float.NegativeInfinity);

    public long Rows { get; private set; }

    /// <param name="values">[T, D], finite.</param>
    public void Add(ReadOnlySpan<float> values)
    {
        Fold(values, _min, _max);
        Rows += values.Length / Math.Max(1, width);
    }

    public float Min(int column) => _min[column];

    public float Max(int column) => _max[column];

    /// <summary>Columns with one value in all of at least two rows.</summary>
    public IEnumerable<int> Constant => Rows < 2 ? [] : Enumerable.Range(0, width).Where(d => _min[d] == _max[d]);

    /// <summary>Widens ranges by the rows of [T, D].</summary>
    public static void Fold(ReadOnlySpan<float> values, Span<float> min, Span<float> max)
    {
        for (var start = 0; start < values.Length; start += min.Length)
        {
            var row = values.Slice(start, min.Length);
            for (var d = 0; d < row.Length; d++)
            {
                if (row[d] < min[d])
                    min[d] = row[d];
                if (row[d] > max[d])
                    max[d] = row[d];
            }
        }
    }

    static float[] Filled(int width, float value)
    {
        var array = new float[width];
        array.AsSpan().Fill(value);
        return array;
    }
}
