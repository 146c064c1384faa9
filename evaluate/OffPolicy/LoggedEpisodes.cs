namespace OfflineRL.Evaluate;

/// <summary>
/// Logged episodes as columns, with the importance ratios of an evaluation policy: all that the estimators need.
/// </summary>
/// <remarks>
/// Rows of one episode are adjacent and in order. Ratios stay in log space until a weight is formed, so that a long
/// episode neither overflows nor loses its small factors.
/// </remarks>
public sealed class LoggedEpisodes
{
    readonly int[] _firstRow;
    readonly double[] _rewards;
    readonly double[] _logWeights;

    LoggedEpisodes(int[] firstRow, double[] rewards, double[] logWeights, int zeroRatioSteps)
    {
        (_firstRow, _rewards, _logWeights) = (firstRow, rewards, logWeights);
        ZeroRatioSteps = zeroRatioSteps;
        for (var i = 0; i < Count; i++)
            MaxLength = Math.Max(MaxLength, Length(i));
    }

    /// <summary>n, the number of episodes.</summary>
    public int Count => _firstRow.Length - 1;

    public int Steps => _rewards.Length;

    /// <summary>The longest episode's number of steps.</summary>
    public int MaxLength { get; }

    /// <summary>Steps whose logged action the evaluation policy never takes: from there on the episode weighs nothing.</summary>
    public int ZeroRatioSteps { get; }

    /// <summary>[E + 1]; episode i has rows FirstRow[i] .. FirstRow[i + 1] - 1.</summary>
    public ReadOnlySpan<int> FirstRow => _firstRow;

    /// <summary>As <see cref="FirstRow"/>, shared and not to be changed.</summary>
    internal int[] FirstRows => _firstRow;

    /// <summary>Made once, by <see cref="StepTerms"/>.</summary>
    internal StepWeights StepWeights => field ??= StepWeights.Of(this);

    /// <summary>[N].</summary>
    public ReadOnlySpan<double> Rewards => _rewards;

    /// <summary>[N], log rho_t: the sum of the log ratios of the episode up to and with this step; never NaN or +infinity.</summary>
    public ReadOnlySpan<double> LogWeights => _logWeights;

    public int Length(int episode) => _firstRow[episode + 1] - _firstRow[episode];

    /// <summary>Log rho_T, the whole episode's log weight.</summary>
    public double FinalLogWeight(int episode) => _logWeights[_firstRow[episode + 1] - 1];

    /// <summary>G = sum_t discount^t r_t of one episode.</summary>
    public double Return(int episode, double discount)
    {
        var (sum, factor) = (0.0, 1.0);
        for (var row = _firstRow[episode]; row < _firstRow[episode + 1]; row++, factor *= discount)
            sum += factor * _rewards[row];
        return sum;
    }

    /// <summary>Takes the columns and accumulates the log ratios.</summary>
    /// <param name="firstRow">[E + 1], rising, from 0 to N; kept, not copied.</param>
    /// <param name="rewards">[N], finite; kept, not copied.</param>
    /// <param name="evaluationLogProbabilities">[N], log pi_e(a_t | s_t); -infinity where the evaluation policy never takes the logged action.</param>
    /// <param name="behaviorLogProbabilities">[N], log pi_b(a_t | s_t), finite: what was logged was possible.</param>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">A number is impossible; the message names episode and step.</exception>
    public static LoggedEpisodes Create(
        int[] firstRow,
        double[] rewards,
        ReadOnlySpan<double> evaluationLogProbabilities,
        ReadOnlySpan<double> behaviorLogProbabilities)
    {
        if (firstRow.Length < 2 || firstRow[0] != 0 || firstRow[^1] != rewards.Length)
            throw EvaluateThrow.EpisodeOffsets(firstRow.Length, rewards.Length);
        if (evaluationLogProbabilities.Length != rewards.Length || behaviorLogProbabilities.Length != rewards.Length)
            throw EvaluateThrow.ColumnLengths(rewards.Length, evaluationLogProbabilities.Length, behaviorLogProbabilities.Length);

        var logWeights = new double[rewards.Length];
        var zero = 0;
        for (var i = 0; i + 1 < firstRow.Length; i++)
        {
            if (firstRow[i + 1] <= firstRow[i])
                throw EvaluateThrow.EmptyEpisode(i);
            var sum = 0.0;
            for (var row = firstRow[i]; row < firstRow[i + 1]; row++)
            {
                var (evaluation, behavior) = (evaluationLogProbabilities[row], behaviorLogProbabilities[row]);
                if (!double.IsFinite(behavior))
                    throw EvaluateThrow.BehaviorLogProbability(behavior, i, row - firstRow[i]);
                if (double.IsNaN(evaluation) || double.IsPositiveInfinity(evaluation))
                    throw EvaluateThrow.EvaluationLogProbability(evaluation, i, row - firstRow[i]);
                if (!double.IsFinite(rewards[row]))
                    throw EvaluateThrow.Reward(rewards[row], i, row - firstRow[i]);
                if (double.IsNegativeInfinity(evaluation))
                    zero++;
                sum += evaluation - behavior;
                logWeights[row] = sum;
            }
        }

        return new LoggedEpisodes(firstRow, rewards, logWeights, zero);
    }
}
