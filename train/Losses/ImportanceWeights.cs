using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Importance weights of whole episodes that lie one behind the other, and what tells how far they can be trusted. Everything
/// is a logarithm in float64 until <see cref="Of"/>, since products over hundreds of steps leave every float's range; constants for the gradient.
/// </summary>
/// <remarks>It cannot check that the logged probabilities are those of the policy that acted: with estimated ones the weights are estimates too.</remarks>
public static class ImportanceWeights
{
    // Beyond it a ratio is 0 or infinite for every purpose, but stays a number: 0 times infinity would spoil the episodes beside it.
    const double LargestLog = 1e4;

    // Half of float32's range, so that a weight times a return is a number still.
    const double LargestWeightLog = 44;

    /// <summary>log pi(a_t|s_t) - log b(a_t|s_t).</summary>
    /// <param name="logProbabilities">[N] float: of the action taken, by the policy that learns.</param>
    /// <param name="behaviorLogProbabilities">[N] float: of the same action, as logged.</param>
    /// <returns>[N] float64, within +-10,000.</returns>
    public static Tensor LogRatios(Tensor logProbabilities, Tensor behaviorLogProbabilities)
    {
        var shapes = new Shapes();
        shapes.Require(logProbabilities, "N");
        shapes.Require(behaviorLogProbabilities, "N");
        return logProbabilities.detach().to(ScalarType.Float64).sub(behaviorLogProbabilities).clamp_(-LargestLog, LargestLog);
    }

    /// <summary>Ratios or products no larger than a limit: of each ratio, truncation; of products, clipping. Ionides 2008, "Truncated importance sampling".</summary>
    /// <param name="logs">[*] float64.</param>
    /// <param name="limit">Positive; infinity for none.</param>
    /// <returns>[*]; biased towards the behavior, the less the higher the limit.</returns>
    public static Tensor Limited(Tensor logs, double limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return double.IsInfinity(limit) ? logs : logs.clamp_max(Math.Log(limit));
    }

    /// <summary>Per-decision weights: the product of the ratios of steps 0 to t. Precup, Sutton, Singh 2000, "Eligibility traces for off-policy policy evaluation", section 3.</summary>
    /// <param name="logRatios">[N] float64.</param>
    /// <param name="stepIndex">[N] int64: t, from 0 in each episode.</param>
    /// <param name="longest">Rows of the longest episode; 0: not known.</param>
    /// <returns>[N] float64: logarithms.</returns>
    public static Tensor PerDecision(Tensor logRatios, Tensor stepIndex, int longest = 0)
    {
        var shapes = new Shapes();
        shapes.Require(logRatios, "N", ScalarType.Float64);
        shapes.Require(stepIndex, "N", ScalarType.Int64);
        return Recurrences.Forward(logRatios, stepIndex.ne(0).to(ScalarType.Float64), longest);
    }

    /// <summary>Trajectory weights: the product of all ratios of an episode.</summary>
    /// <param name="perDecision">[N] float64: from <see cref="PerDecision"/>.</param>
    /// <param name="lastRows">[E] int64: each episode's last row.</param>
    /// <returns>[E] float64: logarithms.</returns>
    public static Tensor Trajectory(Tensor perDecision, Tensor lastRows)
    {
        var shapes = new Shapes();
        shapes.Require(perDecision, "N", ScalarType.Float64);
        shapes.Require(lastRows, "E", ScalarType.Int64);
        return perDecision.index_select(0, lastRows);
    }

    /// <summary>Self-normalized weights: divided by their mean over the episodes, so that they sum to E. Biased, consistent, and bounded by E.</summary>
    /// <param name="trajectory">[E] float64: from <see cref="Trajectory"/>.</param>
    /// <returns>[E] float64: logarithms.</returns>
    public static Tensor Normalized(Tensor trajectory)
    {
        var shapes = new Shapes();
        shapes.Require(trajectory, "E", ScalarType.Float64);
        return trajectory.sub(trajectory.logsumexp(0)).add_(Math.Log(trajectory.size(0)));
    }

    /// <summary>
    /// Self-normalized per-decision weights: those of step t divided by their mean over the episodes, ended ones with their last weight, so that
    /// all E sum to E at every step. Thomas 2015, "Safe reinforcement learning", section 3: consistent weighted per-decision importance sampling.
    /// </summary>
    /// <param name="perDecision">[N] float64: from <see cref="PerDecision"/>.</param>
    /// <param name="stepIndex">[N] int64.</param>
    /// <param name="lastRows">[E] int64.</param>
    /// <param name="longest">Rows of the longest episode.</param>
    /// <returns>[N] float64: logarithms.</returns>
    public static Tensor NormalizedPerDecision(Tensor perDecision, Tensor stepIndex, Tensor lastRows, int longest)
    {
        var shapes = new Shapes();
        shapes.Require(perDecision, "N", ScalarType.Float64);
        shapes.Require(stepIndex, "N", ScalarType.Int64);
        shapes.Require(lastRows, "E", ScalarType.Int64);
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, 1);
        var sums = perDecision.is_cpu() ? StepSums(perDecision, lastRows, longest) : StepSumsDense(perDecision, stepIndex, lastRows, longest);
        return perDecision.sub(sums.index_select(0, stepIndex)).add_(Math.Log(lastRows.size(0)));
    }

    /// <summary>The weights themselves, at most e^44.</summary>
    /// <param name="logs">[*] float64.</param>
    /// <returns>[*] float32, not negative.</returns>
    public static Tensor Of(Tensor logs) => logs.clamp_max(LargestWeightLog).exp().to(ScalarType.Float32);

    /// <summary>Kish's effective sample size: (sum w)^2 / sum w^2, from 1 to K. Kong 1992, "A note on importance sampling using standardized weights".</summary>
    /// <param name="logs">[K] float64.</param>
    /// <returns>A scalar, float64.</returns>
    public static Tensor EffectiveSampleSize(Tensor logs)
    {
        var shapes = new Shapes();
        shapes.Require(logs, "K", ScalarType.Float64);
        return logs.logsumexp(0).mul(2).sub(logs.mul(2).logsumexp(0)).exp();
    }

    /// <summary>The share of ratios or products that <see cref="Limited"/> lowers.</summary>
    /// <param name="logs">[*] float64: before it.</param>
    /// <param name="limit">Positive.</param>
    /// <returns>A scalar, float64, in [0, 1].</returns>
    public static Tensor ShareAbove(Tensor logs, double limit) => logs.gt(Math.Log(limit)).to(ScalarType.Float64).mean();

    /// <summary>
    /// An estimate of KL(b, pi), the mean over logged steps of ratio - 1 - log ratio: unbiased where b has pi's support, and never negative, as
    /// the mean of -log ratio may be.
    /// </summary>
    /// <param name="logRatios">[N] float64.</param>
    /// <returns>A scalar, float64.</returns>
    public static Tensor KlFromBehavior(Tensor logRatios) => logRatios.clamp_max(LargestWeightLog).expm1().sub(logRatios).mean();

    // log sum over episodes of the weight at step t. [L].
    static Tensor StepSums(Tensor perDecision, Tensor lastRows, int longest)
    {
        using var scope = NewDisposeScope();
        var logs = MemoryMarshal.Cast<byte, double>(perDecision.contiguous().bytes);
        var lasts = MemoryMarshal.Cast<byte, long>(lastRows.contiguous().bytes);
        // Index t of ended: those whose last step was t - 1.
        var (alive, ended) = (new LogSums(longest), new LogSums(longest + 1));
        var row = 0;
        foreach (var last in lasts)
        {
            var first = row;
            for (; row <= last; row++)
                alive.Look(row - first, logs[row]);
            ended.Look(row - first, logs[(int)last]);
        }

        row = 0;
        foreach (var last in lasts)
        {
            var first = row;
            for (; row <= last; row++)
                alive.Add(row - first, logs[row]);
            ended.Add(row - first, logs[(int)last]);
        }

        var sums = new double[longest];
        var before = double.NegativeInfinity;
        for (var t = 0; t < longest; t++)
        {
            before = LogAdd(before, ended.Log(t));
            sums[t] = LogAdd(before, alive.Log(t));
        }

        return tensor(sums).MoveToOuterDisposeScope();
    }

    /// <summary>The same from an [E, L] table, for devices where rows are not walked through.</summary>
    internal static Tensor StepSumsDense(Tensor perDecision, Tensor stepIndex, Tensor lastRows, int longest)
    {
        using var scope = NewDisposeScope();
        var firstRows = lastRows.sub(stepIndex.index_select(0, lastRows)).unsqueeze(-1);
        var rows = firstRows.add(arange(longest, dtype: ScalarType.Int64, device: perDecision.device)).minimum(lastRows.unsqueeze(-1));
        return perDecision.index_select(0, rows.reshape(-1)).reshape(rows.shape).logsumexp(0).MoveToOuterDisposeScope();
    }

    static double LogAdd(double a, double b)
    {
        var (low, high) = a < b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }

    // Logarithms of sums of exponentials, many of them: all are looked at before any is added, so that none overflows.
    sealed class LogSums
    {
        readonly double[] _largest, _sums;

        public LogSums(int count)
        {
            (_largest, _sums) = (new double[count], new double[count]);
            Array.Fill(_largest, double.NegativeInfinity);
        }

        public void Look(int i, double log) => _largest[i] = Math.Max(_largest[i], log);

        public void Add(int i, double log) => _sums[i] += Math.Exp(log - _largest[i]);

        public double Log(int i) => _largest[i] + Math.Log(_sums[i]);
    }
}
