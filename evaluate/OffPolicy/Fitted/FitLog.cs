namespace OfflineRL.Evaluate;

/// <summary>
/// Logged episodes as fits read them. N steps and E episodes make N + E points: what was observed before each step, row by
/// row, and then what was observed after the last step of each episode.
/// </summary>
/// <remarks>Arrays are kept, not copied. Either <see cref="States"/> or <see cref="Observations"/> is set, and either <see cref="Actions"/> or <see cref="ContinuousActions"/>.</remarks>
sealed record FitLog
{
    /// <summary>Of <see cref="Next"/>: the episode ended here, and nothing can be earned after it.</summary>
    public const int Ended = -1;

    /// <summary>Of <see cref="Next"/>: the episode was cut here and nobody knows what came next; no value can be learned from the step.</summary>
    public const int Unknown = -2;

    /// <summary>[E + 1]; episode i has rows FirstRow[i] .. FirstRow[i + 1] - 1.</summary>
    public required int[] FirstRow { get; init; }

    /// <summary>[N].</summary>
    public required double[] Rewards { get; init; }

    /// <summary>[E]: whether the episode ended in a terminal state; else it was cut.</summary>
    public required bool[] Terminated { get; init; }

    /// <summary>[E]: whether the point after the last step is known, and what the policy does there.</summary>
    public required bool[] FinalKnown { get; init; }

    /// <summary>[E], <see cref="OfflineRL.Datasets.EpisodeFold.Hash"/> of the episode's key.</summary>
    public required long[] EpisodeHash { get; init; }

    /// <summary>In [0, 1].</summary>
    public required double Discount { get; init; }

    /// <summary>True: the value to the end of the logged episode, cuts included. False: on to termination, or for ever.</summary>
    public required bool IsFinite { get; init; }

    /// <summary>S; 0 where observations are numbers.</summary>
    public int StateCount { get; init; }

    /// <summary>[N + E]: states from 0 to S - 1.</summary>
    public int[]? States { get; init; }

    /// <summary>D: numbers of an observation; 0 where it is a state.</summary>
    public int ObservationSize { get; init; }

    /// <summary>[N + E, D].</summary>
    public float[]? Observations { get; init; }

    /// <summary>A: how many actions there are, or how many numbers an action has.</summary>
    public required int ActionCount { get; init; }

    /// <summary>[N]: actions from 0 to A - 1.</summary>
    public int[]? Actions { get; init; }

    /// <summary>[N + E, A]: pi_e(a | point), 0 where the log masks an action; empty where actions are continuous.</summary>
    public double[] Probabilities { get; init; } = [];

    /// <summary>[N, A].</summary>
    public float[]? ContinuousActions { get; init; }

    /// <summary>K: how many actions of the evaluation policy stand for its distribution at a point, where actions are continuous.</summary>
    public int Draws { get; init; }

    /// <summary>[N + E, K, A]: actions of the evaluation policy.</summary>
    public float[] DrawnActions { get; init; } = [];

    /// <summary>E.</summary>
    public int Episodes => FirstRow.Length - 1;

    /// <summary>N.</summary>
    public int Steps => Rewards.Length;

    /// <summary>N + E.</summary>
    public int Points => Steps + Episodes;

    /// <summary>T: the steps of the longest episode.</summary>
    public int MaxLength => Range.MaxLength;

    public int Length(int episode) => FirstRow[episode + 1] - FirstRow[episode];

    /// <summary>pi_e at a point: [A].</summary>
    public ReadOnlySpan<double> Policy(int point) => Probabilities.AsSpan(point * ActionCount, ActionCount);

    /// <summary>The point from which the return goes on after a step; <see cref="Ended"/> or <see cref="Unknown"/> where there is none.</summary>
    /// <param name="episode">Of the step.</param>
    /// <param name="row">Of the step.</param>
    public int Next(int episode, int row) =>
        row + 1 < FirstRow[episode + 1] ? row + 1
        : Terminated[episode] || IsFinite ? Ended
        : FinalKnown[episode] ? Steps + episode
        : Unknown;

    /// <summary>What any value of the step's kind lies between, by the log's least and greatest reward: what a fit gives beyond is cut to it.</summary>
    /// <param name="step">From 0 in the episode; 0 where values do not depend on it.</param>
    public (double Low, double High) ValueBounds(int step)
    {
        // An episode may end after any number of steps, so both sums reach down to one reward.
        var steps = IsFinite || Discount == 1 ? MaxLength - (IsFinite ? step : 0) : int.MaxValue;
        var sum = Discount == 1 ? steps : (1 - (steps == int.MaxValue ? 0 : Math.Pow(Discount, steps))) / (1 - Discount);
        var (_, _, low, high, _) = Range;
        return (Math.Min(low, low * sum), Math.Max(high, high * sum));
    }

    // Found once for the arrays it is of, which a copy of the record may replace.
    (double[] Rewards, int[] FirstRow, double Low, double High, int MaxLength) Range
    {
        get
        {
            if (_range.Rewards != Rewards || _range.FirstRow != FirstRow)
                _range = (Rewards, FirstRow, Rewards.Min(), Rewards.Max(), Enumerable.Range(0, Episodes).Max(Length));
            return _range;
        }
    }

    (double[] Rewards, int[] FirstRow, double Low, double High, int MaxLength) _range;
}
