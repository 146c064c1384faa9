using OfflineRL.Datasets;
using OfflineRL.Train.Sampling;

namespace OfflineRL.Train;

/// <summary>
/// The smallest and largest discounted return that the data knows, from any of its steps on: what values are measured
/// against, and where the atoms of a distribution lie.
/// </summary>
/// <param name="Low">The smallest.</param>
/// <param name="High">The largest.</param>
/// <remarks>
/// Where an episode was cut by a time limit, its mean reward is taken to go on for ever (with discount 1: to stop), since that
/// is what a value at that place stands for.
/// </remarks>
public readonly record struct ReturnRange(double Low, double High)
{
    /// <summary>The larger size of the two; never 0.</summary>
    public double Scale => Math.Max(Math.Max(Math.Abs(Low), Math.Abs(High)), 1e-6);

    /// <summary>The range over all datasets of a replay, of rewards as its learner sees them.</summary>
    internal static ReturnRange Of(TrainingData data, ReplaySettings settings)
    {
        var rewards = Normalization.FitRewards(ReplaySources.Select(data, settings), settings.Normalization);
        ReturnRange[] ranges = [.. data.Sources.Select(source => Of(source.Columns, settings.Split, settings.Needs.Discount, rewards))];
        return new(ranges.Min(range => range.Low), ranges.Max(range => range.High));
    }

    /// <summary>Goes over the rewards of one part of the split, once.</summary>
    /// <param name="columns">The dataset.</param>
    /// <param name="split">Its part; one that has no episode gives 0 to 0.</param>
    /// <param name="discount">gamma, in [0, 1].</param>
    /// <param name="rewards">What rewards become first; null: nothing happens to them.</param>
    public static unsafe ReturnRange Of(TrainingColumns columns, string split, double discount, RewardTransform? rewards = null)
    {
        rewards ??= RewardTransform.Identity;
        var index = columns.Info.Splits.ToList().IndexOf(split);
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        for (var episode = 0; episode < columns.Episodes; episode++)
        {
            if (columns.EpisodeSplit.Pointer[episode] != index)
                continue;
            var (first, end) = (columns.EpisodeFirstRow.Pointer[episode], columns.EpisodeFirstRow.Pointer[episode + 1]);
            var value = 0.0;
            if (discount < 1 && columns.Terminated.Pointer[end - 1] == 0)
            {
                for (var row = first; row < end; row++)
                    value += rewards.Apply(columns.Rewards.Pointer[row]) / (end - first);
                value /= 1 - discount;
            }

            for (var row = end - 1; row >= first; row--)
            {
                value = rewards.Apply(columns.Rewards.Pointer[row]) + (discount * value);
                (low, high) = (Math.Min(low, value), Math.Max(high, value));
            }
        }

        return low <= high ? new ReturnRange(low, high) : default;
    }
}
