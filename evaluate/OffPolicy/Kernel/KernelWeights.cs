using MathNet.Numerics.Distributions;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// Weights of a deterministic policy over continuous actions: K_h(a - pi(s)) / p_b(a | s) (Kallus and Zhou 2018, "Policy evaluation
/// and optimization with continuous treatments").
/// </summary>
/// <remarks>
/// K is a Gaussian product kernel, restricted to the box of actions and normalised there: the weights are exact ratios for the
/// policy that draws from this kernel around pi(s). What is left is the bias between the two policies, which falls with h^2,
/// while the variance rises with h^-A a step. h is a share of each dimension's standard deviation in the log.
/// </remarks>
sealed class KernelWeights
{
    const int ChunkRows = 8192;
    readonly OpeLog _log;
    readonly BoxSpace _space;
    readonly float[] _intended;
    readonly double[] _spread;

    KernelWeights(OpeLog log, BoxSpace space, float[] intended, double[] spread) =>
        (_log, _space, _intended, _spread) = (log, space, intended, spread);

    /// <summary>Tried where none is given, from the least biased on.</summary>
    public static IReadOnlyList<double> Bandwidths { get; } = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1];

    /// <summary>Asks the policy for its actions on every row of the log.</summary>
    public static KernelWeights Of(OpeLog log, IActingPolicy policy, CancellationToken cancellation = default)
    {
        var space = (BoxSpace)log.Columns.Info.ActionSpace;
        var width = space.FlatSize;
        var intended = new float[log.Episodes.Steps * width];
        var (sums, squares) = (new double[width], new double[width]);
        foreach (var (row, first, count) in log.Rows.Chunks(ChunkRows))
        {
            cancellation.ThrowIfCancellationRequested();
            policy.Act(row, count, intended.AsSpan(first * width, count * width));
            var taken = log.Columns.ContinuousActions!.Slice(row, count);
            for (var i = 0; i < taken.Length; i++)
            {
                sums[i % width] += taken[i];
                squares[i % width] += (double)taken[i] * taken[i];
            }
        }

        var n = log.Episodes.Steps;
        var spread = sums.Select((sum, d) => Math.Sqrt(Math.Max(0, (squares[d] / n) - (sum / n * (sum / n))))).ToArray();
        return spread.All(s => s > 0) ? new(log, space, intended, spread) : throw EvaluateThrow.ActionsDoNotVary(log.Columns.Info.Dataset);
    }

    /// <summary>The log's episodes, weighted with one bandwidth.</summary>
    /// <param name="bandwidth">In standard deviations of the logged actions, above 0.</param>
    public LoggedEpisodes Episodes(double bandwidth)
    {
        var width = _spread.Length;
        var logKernels = new double[_log.Episodes.Steps];
        foreach (var (row, first, count) in _log.Rows.Chunks(ChunkRows))
        {
            var taken = _log.Columns.ContinuousActions!.Slice(row, count);
            for (var i = 0; i < taken.Length; i++)
            {
                var (d, intended) = (i % width, _intended[(first * width) + i]);
                logKernels[first + (i / width)] += LogKernel(taken[i], intended, bandwidth * _spread[d], _space.Low[d], _space.High[d]);
            }
        }

        return LoggedEpisodes.Create(_log.Rows.FirstRow, _log.Rows.Rewards, logKernels, _log.Rows.BehaviorLogProbabilities);
    }

    /// <summary>The log density at <paramref name="action"/> of a Gaussian around <paramref name="center"/>, restricted to [low, high].</summary>
    internal static double LogKernel(double action, double center, double deviation, double low, double high)
    {
        var mass = Normal.CDF(center, deviation, high) - Normal.CDF(center, deviation, low);
        return Normal.PDFLn(center, deviation, action) - Math.Log(Math.Max(mass, 1e-300));
    }
}
