namespace OfflineRL.Datasets;

/// <summary>Fits normalisers on the episodes that are trained on, in one pass over the columns. The same columns give the same digits.</summary>
public static class Normalization
{
    // Rows a block: sums of a block are added to the totals, so that rounding does not grow with the dataset.
    const int BlockRows = 4096;

    /// <summary>The encoder of a dataset's observations.</summary>
    /// <param name="selections">The episodes that are trained on, of one dataset or several with the same spaces.</param>
    /// <param name="config">Checked by the caller.</param>
    /// <param name="frames">Frames that make one observation of the learner's.</param>
    /// <exception cref="UserErrorException">The observations are bytes or discrete and the config asks for more than their own encoding, or a number is not finite.</exception>
    public static ObservationEncoder FitObservations(IReadOnlyList<EpisodeSelection> selections, NormalizationConfig config, int frames = 1)
    {
        var columns = selections[0].Columns;
        var space = columns.Info.ObservationSpace;
        if (config.Observations == "none")
            return ObservationEncoder.Of(space, frames);
        if (columns.Observations is not { } observations || space is not BoxSpace)
            throw Throw.NormalizesFloatsOnly(columns.Info, config.Observations);
        var width = observations.Width;
        var (shift, scale) = (new float[width], new float[width]);
        var (low, high) = (new double[width], new double[width]);
        var (mean, squares) = config.Observations == "standardize" ? Moments(selections) : ([], []);
        if (config.Observations == "min_max")
            Bounds(selections, low, high);
        for (var d = 0; d < width; d++)
        {
            if (config.Observations == "standardize")
            {
                var deviation = Math.Sqrt(squares[d] / Steps(selections));
                (shift[d], scale[d]) = ((float)mean[d], (float)(1 / (deviation == 0 ? 1 : Math.Max(deviation, config.DeviationFloor))));
            }
            else
            {
                var half = (high[d] - low[d]) / 2;
                (shift[d], scale[d]) = ((float)(low[d] + half), (float)(half == 0 ? 1 : 1 / half));
            }

            // A range beyond float32 or below it leaves no digits to tell values apart.
            if (!float.IsFinite(shift[d]) || !float.IsFinite(scale[d]) || scale[d] == 0)
                throw Throw.CannotNormalize(columns.Info, d, shift[d], scale[d]);
        }

        return ObservationEncoder.Affine(space, frames, shift, scale);
    }

    /// <summary>What a dataset's rewards become.</summary>
    /// <param name="selections">The episodes that are trained on, of one dataset or several with the same spaces.</param>
    /// <param name="config">Checked by the caller.</param>
    /// <exception cref="UserErrorException">The range of the returns is asked for and all returns are equal.</exception>
    public static RewardTransform FitRewards(IReadOnlyList<EpisodeSelection> selections, NormalizationConfig config)
    {
        var clip = config.RewardClip == 0 ? double.PositiveInfinity : config.RewardClip;
        var (shift, scale) = config.Rewards switch
        {
            "standardize" => Standard(selections),
            "min_max" => MinMax(selections),
            "return_range" => (0, config.ReturnRange / ReturnRange(selections)),
            _ => (0, 1),
        };
        return new(shift, scale * config.RewardScale, clip);
    }

    /// <summary>Mean, deviation and range of the rewards as stored; null where there is none.</summary>
    /// <param name="selections">The episodes that are trained on.</param>
    public static Spread? RewardSpread(IReadOnlyList<EpisodeSelection> selections)
    {
        var spread = new SpreadAccumulator(1);
        ForEach(selections, (columns, first, rows) =>
        {
            foreach (var reward in columns.Rewards.Slice(first, rows))
                spread.Add(reward);
        });
        return spread.Result() is [var all] ? all : null;
    }

    static (double Shift, double Scale) Standard(IReadOnlyList<EpisodeSelection> selections)
    {
        var steps = Steps(selections);
        var pivot = selections[0].Columns.Rewards[FirstRow(selections[0])][0];
        double sum = 0, squares = 0;
        ForEach(selections, (columns, first, rows) =>
        {
            double blockSum = 0, blockSquares = 0;
            foreach (var reward in columns.Rewards.Slice(first, rows))
            {
                var x = reward - pivot;
                (blockSum, blockSquares) = (blockSum + x, blockSquares + (x * x));
            }

            (sum, squares) = (sum + blockSum, squares + blockSquares);
        });
        var mean = sum / steps;
        var deviation = Math.Sqrt(Math.Max(0, (squares / steps) - (mean * mean)));
        return (pivot + mean, deviation == 0 ? 1 : 1 / deviation);
    }

    static (double Shift, double Scale) MinMax(IReadOnlyList<EpisodeSelection> selections)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        ForEach(selections, (columns, first, rows) =>
        {
            foreach (var reward in columns.Rewards.Slice(first, rows))
                (low, high) = (Math.Min(low, reward), Math.Max(high, reward));
        });
        var half = (high - low) / 2;
        return (low + half, half == 0 ? 1 : 1 / half);
    }

    static double ReturnRange(IReadOnlyList<EpisodeSelection> selections)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (var selection in selections)
        {
            foreach (var value in selection.Returns)
                (low, high) = (Math.Min(low, value), Math.Max(high, value));
        }

        return high > low ? high - low : throw Throw.NoReturnRange(selections, low);
    }

    // Mean and sum of squared distances to it of every number: two passes, the second around the mean.
    static (double[] Mean, double[] Squares) Moments(IReadOnlyList<EpisodeSelection> selections)
    {
        var observations = selections[0].Columns.Observations!;
        var (width, steps) = (observations.Width, Steps(selections));
        var mean = new double[width];
        var pivot = observations[FirstRow(selections[0])].ToArray().Select(x => (double)x).ToArray();
        Accumulate(selections, pivot, squared: false, mean);
        for (var d = 0; d < width; d++)
            mean[d] = pivot[d] + (mean[d] / steps);
        var squares = new double[width];
        Accumulate(selections, mean, squared: true, squares);
        return (mean, squares);
    }

    static void Accumulate(IReadOnlyList<EpisodeSelection> selections, double[] around, bool squared, double[] totals)
    {
        var block = new double[around.Length];
        ForEach(selections, (columns, first, rows) =>
        {
            Array.Clear(block);
            var values = columns.Observations!.Slice(first, rows);
            for (var at = 0; at < values.Length; at += block.Length)
            {
                var row = values.Slice(at, block.Length);
                for (var d = 0; d < row.Length; d++)
                {
                    var x = row[d] - around[d];
                    block[d] += squared ? x * x : x;
                }
            }

            for (var d = 0; d < block.Length; d++)
                totals[d] += block[d];
        });
    }

    static void Bounds(IReadOnlyList<EpisodeSelection> selections, double[] low, double[] high)
    {
        Array.Fill(low, double.PositiveInfinity);
        Array.Fill(high, double.NegativeInfinity);
        ForEach(selections, (columns, first, rows) =>
        {
            var values = columns.Observations!.Slice(first, rows);
            for (var at = 0; at < values.Length; at += low.Length)
            {
                for (var d = 0; d < low.Length; d++)
                    (low[d], high[d]) = (Math.Min(low[d], values[at + d]), Math.Max(high[d], values[at + d]));
            }
        });
    }

    static long Steps(IReadOnlyList<EpisodeSelection> selections) => selections.Sum(selection => selection.Steps);

    static long FirstRow(EpisodeSelection selection) => selection.Columns.EpisodeFirstRow[selection.Episodes[0]][0];

    // Blocks of rows, within an episode each.
    static void ForEach(IReadOnlyList<EpisodeSelection> selections, Action<TrainingColumns, long, int> visit)
    {
        foreach (var selection in selections)
        {
            foreach (var episode in selection.Episodes)
            {
                var rows = selection.Columns.EpisodeFirstRow.Slice(episode, 2);
                for (var first = rows[0]; first < rows[1]; first += BlockRows)
                {
                    var count = (int)Math.Min(BlockRows, rows[1] - first);
                    selection.Columns.Observations?.Expect(first, count);
                    visit(selection.Columns, first, count);
                }
            }
        }
    }
}
