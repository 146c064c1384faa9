using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>
/// Cross-fitting: with <c>bc.folds</c> a run's seeds are models of folds. Seed k learns from the episodes outside fold k, and is
/// the one that may judge those inside it.
/// </summary>
static class Folds
{
    /// <summary>How many; 0: none.</summary>
    public static int Count(TrainConfig config) => config.Algorithm == "bc" ? config.Bc.Folds : 0;

    /// <summary>What a seed learns from; null: the whole part.</summary>
    public static EpisodeFold? LearnedFrom(TrainConfig config, ulong seed) => Count(config) == 0 ? null : new(Count(config), (int)seed, Inside: false);

    /// <summary>What a seed does not learn from; null: no fold.</summary>
    public static EpisodeFold? HeldOut(TrainConfig config, ulong seed) => Count(config) == 0 ? null : new(Count(config), (int)seed, Inside: true);

    /// <summary>The config with a seed for each fold, where the user asked for folds and left the seeds alone.</summary>
    /// <exception cref="UserErrorException">A seed is the number of no fold.</exception>
    public static TrainConfig Resolve(TrainConfig config)
    {
        var folds = Count(config);
        if (folds == 0)
            return config;
        if (config.Seeds is ["0"])
            return config with { Seeds = [string.Create(CultureInfo.InvariantCulture, $"0..{folds - 1}")] };
        if (SeedList.Parse(config.Seeds).Where(seed => seed >= (ulong)folds).ToList() is { Count: > 0 } others)
            Throw.User($"seeds has {others[0]}; with bc.folds={folds} seed k is the model that leaves out fold k, so expected 0 to {folds - 1}, or no seeds for all of them.");
        return config;
    }
}
