using OfflineRL.Datasets;

namespace OfflineRL.Train.WorldModels;

/// <summary>Sizes of a <see cref="MixtureMemory"/>.</summary>
public sealed record MemoryConfig : IValidatable
{
    /// <summary>U: units of the LSTM. The default value is 64.</summary>
    public int Units { get; init; } = 64;

    /// <summary>K: normal distributions that are mixed for each number of a code. The default value is 5.</summary>
    public int Components { get; init; } = 5;

    /// <summary>Widths of the hidden layers before reward and continuation; empty: linear. The default value is 64.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [64];

    public IEnumerable<string> Validate()
    {
        if (Units is < 1 or > 8_192)
            yield return $"units is {Units}; expected 1 to 8192.";
        if (Components is < 1 or > 1_024)
            yield return $"components is {Components}; expected 1 to 1024.";
        if (Hidden.Any(width => width is < 1 or > 65_536))
            yield return $"hidden is [{string.Join(", ", Hidden)}]; expected widths from 1 to 65536.";
    }
}
