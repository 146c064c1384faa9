namespace OfflineRL.Datasets;

/// <summary>Mean, deviation and range of several numbers at once, in one pass (Chan, Golub, LeVeque 1979: batches are merged by their means).</summary>
sealed class SpreadAccumulator(int width)
{
    readonly double[] _mean = new double[width];
    readonly double[] _squares = new double[width];
    readonly double[] _min = Enumerable.Repeat(double.PositiveInfinity, width).ToArray();
    readonly double[] _max = Enumerable.Repeat(double.NegativeInfinity, width).ToArray();
    readonly double[] _batchMean = new double[width];
    readonly double[] _batchSquares = new double[width];
    long _count;

    /// <param name="rows">[rows, width].</param>
    public void Add(ReadOnlySpan<float> rows)
    {
        int count = rows.Length / width;
        if (count == 0)
        {
            return;
        }

        Array.Clear(_batchMean);
        Array.Clear(_batchSquares);
        for (int at = 0; at < rows.Length; at += width)
        {
            ReadOnlySpan<float> row = rows.Slice(at, width);
            for (int i = 0; i < row.Length; i++)
            {
                double value = row[i];
                _batchMean[i] += value;
                _min[i] = Math.Min(_min[i], value);
                _max[i] = Math.Max(_max[i], value);
            }
        }

        for (int i = 0; i < width; i++)
        {
            _batchMean[i] /= count;
        }

        for (int at = 0; at < rows.Length; at += width)
        {
            ReadOnlySpan<float> row = rows.Slice(at, width);
            for (int i = 0; i < row.Length; i++)
            {
                double difference = row[i] - _batchMean[i];
                _batchSquares[i] += difference * difference;
            }
        }

        Merge(count);
    }

    /// <summary>One row of one number.</summary>
    public void Add(double value)
    {
        _batchMean[0] = value;
        _batchSquares[0] = 0;
        _min[0] = Math.Min(_min[0], value);
        _max[0] = Math.Max(_max[0], value);
        Merge(1);
    }

    public IReadOnlyList<Spread> Result() => _count == 0
        ? []
        : [.. Enumerable.Range(0, width).Select(i => new Spread(_mean[i], Math.Sqrt(_squares[i] / _count), _min[i], _max[i]))];

    void Merge(int count)
    {
        long total = _count + count;
        for (int i = 0; i < width; i++)
        {
            double difference = _batchMean[i] - _mean[i];
            _mean[i] += difference * count / total;
            _squares[i] += _batchSquares[i] + (difference * difference * _count * count / total);
        }

        _count = total;
    }
}
