namespace OfflineRL.Datasets;

/// <summary>Histograms of each dimension of a vector, and how often it lies at its bounds; fed with rows as DuckDB gives them.</summary>
sealed class VectorHistograms
{
    readonly double[] _low, _high;
    readonly float[] _scale, _offset;
    readonly long[] _counts, _atLow, _atHigh;
    readonly int _width;

    /// <param name="spreads">Ranges of the dimensions.</param>
    /// <param name="most">Dimensions that are looked at.</param>
    /// <param name="space">The bounds; null: the ranges.</param>
    public VectorHistograms(IReadOnlyList<Spread> spreads, int most, BoxSpace? space = null)
    {
        Dimensions = Math.Min(spreads.Count, most);
        _width = spreads.Count;
        (_low, _high) = ([.. spreads.Select(s => s.Min)], [.. spreads.Select(s => s.Max)]);
        _scale = [.. spreads.Select(s => s.Max > s.Min ? (float)(CardQuery.Bins / (s.Max - s.Min)) : 0)];
        _offset = [.. spreads.Select(s => (float)s.Min)];
        _counts = new long[Dimensions * CardQuery.Bins];
        (_atLow, _atHigh) = (new long[Dimensions], new long[Dimensions]);
        Low = [.. spreads.Select((s, i) => space is null || double.IsInfinity(space.Low[i]) ? s.Min : space.Low[i])];
        High = [.. spreads.Select((s, i) => space is null || double.IsInfinity(space.High[i]) ? s.Max : space.High[i])];
    }

    public int Dimensions { get; }

    public long Rows { get; private set; }

    double[] Low { get; }

    double[] High { get; }

    public void Add(DuckDbVector column, bool bounds)
    {
        var lists = column.Lists;
        ReadOnlySpan<float> values = column.Child.Values<float>();
        for (var row = 0; row < lists.Length; row++)
        {
            if ((int)lists[row].Length != _width)
                continue;
            var vector = values.Slice((int)lists[row].Offset, _width);
            for (var i = 0; i < Dimensions; i++)
                _counts[(i * CardQuery.Bins) + Math.Clamp((int)((vector[i] - _offset[i]) * _scale[i]), 0, CardQuery.Bins - 1)]++;
            if (bounds)
                AddBounds(vector);
        }

        Rows += lists.Length;
    }

    public Histogram Result(int dimension) =>
        new(_low[dimension], _high[dimension], _counts.AsSpan(dimension * CardQuery.Bins, CardQuery.Bins).ToArray());

    public double AtLow(int dimension) => _atLow[dimension] / (double)Math.Max(1, Rows);

    public double AtHigh(int dimension) => _atHigh[dimension] / (double)Math.Max(1, Rows);

    void AddBounds(ReadOnlySpan<float> vector)
    {
        for (var i = 0; i < Dimensions; i++)
        {
            // Bounds are doubles and actions float32: what rounding took away is at the bound still.
            var near = 1e-6 * (High[i] - Low[i]);
            if (vector[i] <= Low[i] + near)
                _atLow[i]++;
            if (vector[i] >= High[i] - near)
                _atHigh[i]++;
        }
    }
}
