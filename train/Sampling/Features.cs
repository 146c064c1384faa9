using OfflineRL.Datasets;

namespace OfflineRL.Train.Sampling;

/// <summary>How an observation becomes the numbers that a network reads: a box as it is, a discrete one as one-hot.</summary>
static class Features
{
    /// <summary>Numbers a row that the network reads.</summary>
    public static int Size(Space space) => space is DiscreteSpace discrete ? discrete.Count : space.FlatSize;

    /// <summary>Writes one row.</summary>
    /// <param name="space">The observation space.</param>
    /// <param name="observation">[FlatSize of the space].</param>
    /// <param name="features">[<see cref="Size"/>].</param>
    public static void Encode(Space space, ReadOnlySpan<float> observation, Span<float> features)
    {
        if (space is not DiscreteSpace discrete)
        {
            observation.CopyTo(features);
            return;
        }

        var index = (int)observation[0];
        if ((uint)index >= (uint)discrete.Count)
            Throw.User($"A discrete observation is {observation[0]}; the space has 0 to {discrete.Count - 1}. Check the dataset with 'offlinerl datasets check'.");
        features.Clear();
        features[index] = 1;
    }
}
