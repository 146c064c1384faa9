using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A log as one policy's evaluation sees it.</summary>
/// <param name="Columns">The whole dataset.</param>
/// <param name="Rows">Which of its episodes are used.</param>
/// <param name="Episodes">Those episodes with the policy's weights; all weights are 1 where <see cref="HasPropensities"/> is false.</param>
/// <param name="Discount">In [0, 1].</param>
/// <param name="Horizon">Which return is meant; never <see cref="ValueHorizon.Auto"/>.</param>
sealed record OpeLog(TrainingColumns Columns, LoggedRows Rows, LoggedEpisodes Episodes, double Discount, ValueHorizon Horizon)
{
    /// <summary>Whether the log knows with which probabilities its actions were drawn, and the policy has some too.</summary>
    public bool HasPropensities { get; init; } = true;
}
